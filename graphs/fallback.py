"""Fallback: which agents take the place of another, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..agents import Agent
from ..contracts import BuildError, Policy
from .turn import Turn

__all__ = ["fallbacks_of", "has_failed"]


def has_failed(turn: Turn, agent: str, basis: Mapping[str, int] | None, policy: Policy) -> bool:
    """Whether the agent's place is free: its run on what it would read now ended in a fault.

    So it is too where there was no budget for the run, and the policy wants the cheaper agent then.

    Args:
        turn: The shared state.
        agent: Name of the agent.
        basis: The versions that it would read.
        policy: What happens where a budget does not suffice.
    """
    return any(
        fault.agent == agent
        and fault.basis == basis
        and fault.is_failure
        and (fault.kind != "budget" or policy.budgets.at_limit == "cheaper")
        for fault in turn.faults
    )


def fallbacks_of(agents: Mapping[str, Agent]) -> Mapping[str, Sequence[Agent]]:
    """For each agent those that take its place, one after the other.

    Args:
        agents: The agents by name.

    Raises:
        BuildError: A fallback is for an agent that there is not, for itself in the end, for one that has another, for
            one whose fields it does not write, or one of them acts.
    """
    next_of: dict[str, Agent] = {}
    for agent in agents.values():
        if agent.contract.instead_of:
            _check(agent, agents, next_of)
            next_of[agent.contract.instead_of] = agent
    lines: dict[str, Sequence[Agent]] = {}
    for name in sorted(next_of):
        line: list[Agent] = []
        while (after := next_of.get(line[-1].name if line else name)) is not None:
            line.append(after)
            if after.name == name:
                raise _error(
                    after,
                    f"a circle: {' -> '.join([name, *(each.name for each in line)])}",
                    "fallbacks that come to an end",
                    "let one of them take nobody's place",
                )
        lines[name] = tuple(line)
    return lines


def _check(agent: Agent, agents: Mapping[str, Agent], taken: Mapping[str, Agent]) -> None:
    name = agent.contract.instead_of
    if name not in agents:
        raise _error(agent, f"instead_of={name!r}", f"one of {_list(agents)}", "correct the name, or add the agent")
    replaced = agents[name]
    acting = next((each for each in (agent, replaced) if each.contract.capability == "action"), None)
    if acting is not None:
        raise _error(
            agent,
            f"instead_of={name!r}, where {acting.name!r} is an action agent",
            "fallbacks only for agents that do not act: what a failed one has done is not known",
            "let the action agent try more often, or propose another effect",
        )
    if name in taken:
        raise _error(
            agent,
            f"instead_of={name!r}, whose place {taken[name].name!r} takes too",
            "one after the other",
            f"write instead_of={taken[name].name!r} in one of them",
        )
    if agent.contract.writes != replaced.contract.writes:
        raise _error(
            agent,
            f"writes {_list(agent.contract.writes)}",
            f"what {name!r} writes: {_list(replaced.contract.writes)}",
            "make `writes` the same, or split the agents",
        )


def _error(agent: Agent, got: str, expected: str, fix: str) -> BuildError:
    return BuildError(f"agent {agent.name!r}", got=got, expected=expected, fix=fix)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
