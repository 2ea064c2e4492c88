"""quorate: multi-agent coordination on LangGraph.

Declare agents by what they read and write; the graph is derived. Agents claim; the supervisor decides.
"""

TYPE_CHECKING = False  # as that of `typing`, which takes a while to import

if TYPE_CHECKING:
    from .agents import Agent, agent, as_agent, inject
    from .checkpoints import open_database
    from .contracts import (
        Canonical,
        Claim,
        Contract,
        Decision,
        Effect,
        Evidence,
        Fault,
        Faults,
        Items,
        Limits,
        Passage,
        Policy,
        QuorateError,
        Quote,
        Rule,
        StaleThreadError,
        Usage,
    )
    from .graphs import Drain, Supervisor, Turn

__all__ = [
    "Agent",
    "Canonical",
    "Claim",
    "Contract",
    "Decision",
    "Drain",
    "Effect",
    "Evidence",
    "Fault",
    "Faults",
    "Items",
    "Limits",
    "Passage",
    "Policy",
    "QuorateError",
    "Quote",
    "Rule",
    "StaleThreadError",
    "Supervisor",
    "Turn",
    "Usage",
    "agent",
    "as_agent",
    "inject",
    "open_database",
]

_FOLDERS = ("agents", "checkpoints", "contracts", "evals", "graphs")
_HOMES = {
    "Agent": "agents",
    "Drain": "graphs",
    "Supervisor": "graphs",
    "Turn": "graphs",
    "agent": "agents",
    "as_agent": "agents",
    "inject": "agents",
    "open_database": "checkpoints",
}
"""The folder of each name that is not in `contracts`."""

if not TYPE_CHECKING:  # a type checker would take any name for one of the package

    def __getattr__(name: str) -> object:
        # LangGraph takes a second to import, which `quorate --help` need not wait for.
        if name not in (*__all__, *_FOLDERS):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        if name in _FOLDERS:
            return import_module(f".{name}", __name__)
        found = globals()[name] = getattr(import_module(f".{_HOMES.get(name, 'contracts')}", __name__), name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, *_FOLDERS})
