"""The smallest graph that runs guarded agents: all at once, from a state as the supervisor leaves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, cast

from langgraph.errors import NodeError
from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel
from typing_extensions import TypedDict

from quorate.agents import Agent, Guard
from quorate.contracts import Claim, Effect, Fault, Usage, fields_of, load

__all__ = ["GuardedGraph", "Ran"]


def _append(old: list[Any], new: list[Any]) -> list[Any]:
    return [*old, *new]


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {**old, **new}


class State(TypedDict, total=False):
    request: dict[str, Any]
    turn: int
    messages: list[Any]
    claims: Annotated[list[dict[str, Any]], _append]
    decisions: dict[str, dict[str, Any]]
    effects: Annotated[dict[str, dict[str, Any]], _merge]
    faults: Annotated[list[dict[str, Any]], _append]
    usage: Annotated[list[dict[str, Any]], _append]
    moves: list[dict[str, Any]]


class Ran:
    """What a run left in the state, typed: so it is known to load again."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.claims = load(list[Claim], values.get("claims") or [])
        self.effects = load(dict[str, Effect], values.get("effects") or {})
        self.faults = load(list[Fault], values.get("faults") or [])
        self.usage = load(list[Usage], values.get("usage") or [])

    @property
    def fault(self) -> Fault:
        """The only fault."""
        (fault,) = self.faults
        return fault

    @property
    def values(self) -> dict[str, Any]:
        """The claimed value by field; the last claim counts."""
        return {claim.field: claim.value for claim in self.claims}


class GuardedGraph:
    """Agents that run side by side, once, over fields of a request and an outcome."""

    def __init__(self, *agents: Agent, request: type[BaseModel], outcome: type[BaseModel], checkpointer: Any = None):
        builder = StateGraph(State)
        for agent in agents:
            guard = Guard(agent, fields_of(request), fields_of(outcome))
            builder.add_node(
                agent.name,
                cast(Any, guard),
                retry_policy=guard.retry_policy,
                timeout=guard.timeout,
                error_handler=cast(Any, _on_timeout(guard)) if guard.timeout is not None else None,
            )
            builder.add_edge(START, agent.name)
            builder.add_edge(agent.name, END)
        self.agents = agents
        self.graph = builder.compile(checkpointer=checkpointer)

    def run(self, config: Any = None, **given: Any) -> Ran:
        """Run them with `invoke`; `decisions`, `messages` and `basis` as keywords, the rest is the request."""
        return Ran(self.graph.invoke(self._state(**given), config))

    async def arun(self, config: Any = None, **given: Any) -> Ran:
        """Run them with `ainvoke`."""
        return Ran(await self.graph.ainvoke(self._state(**given), config))

    def stream(self, **given: Any) -> Iterator[tuple[str, Any]]:
        """Run them with `stream`, in the modes `updates` and `messages`."""
        yield from cast(Any, self.graph.stream(self._state(**given), stream_mode=["updates", "messages"]))

    def _state(
        self,
        decisions: Mapping[str, Any] | None = None,
        messages: list[Any] | None = None,
        basis: Mapping[str, int] | None = None,
        **request: Any,
    ) -> Any:
        return {
            "request": request,
            "turn": 1,
            "messages": messages or [],
            "decisions": {
                field: {"status": "settled", "value": value} if not isinstance(value, dict) else value
                for field, value in (decisions or {}).items()
            },
            "moves": [{"kind": "dispatch", "agents": {agent.name: dict(basis or {}) for agent in self.agents}}],
        }


def _on_timeout(guard: Guard) -> Any:
    def handle(state: State, error: NodeError) -> dict[str, Any]:
        return guard.on_timeout(state, error.error)

    return handle
