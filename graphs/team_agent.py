"""Team agent: a compiled team as one agent of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langgraph.graph.state import CompiledStateGraph
from pydantic_core import to_jsonable_python

from ..agents import Agent
from ..agents.taken import sum_of
from ..contracts import AgentError, Claim, Contract, ContractError, Usage
from .turn import Turn

__all__ = ["team_agent"]


def team_agent(
    contract: Contract, team: str, graph: CompiledStateGraph[Any, Any, Any, Any], *, must_await: bool
) -> Agent:
    """An agent that runs the team on its request's fields, and claims what the team settled.

    Args:
        contract: What the team reads and writes.
        team: Name of the team.
        graph: The compiled team, without a checkpointer of its own.
        must_await: Whether an agent of the team can only be awaited.

    Raises:
        ContractError: The contract has a timeout. LangGraph's error handler, which a timeout needs, takes a wrong
            answer to a question for a failure; the agents inside may have timeouts of their own.
    """
    if contract.limits.timed:
        raise ContractError(
            f"team {team!r} as an agent",
            got=f"limits.timeout={contract.limits.timeout}, limits.idle_timeout={contract.limits.idle_timeout}",
            expected="no timeout, because a person may be asked inside",
            fix="give the agents inside a timeout",
        )

    def call(**inputs: Any) -> Iterator[Claim | Usage]:
        return _settled(graph.invoke({"request": to_jsonable_python(inputs)}), team)

    async def acall(**inputs: Any) -> Iterator[Claim | Usage]:
        return _settled(await graph.ainvoke({"request": to_jsonable_python(inputs)}), team)

    return Agent(contract, call=None if must_await else call, acall=acall, is_team=True)


def _settled(values: Mapping[str, Any], team: str) -> Iterator[Claim | Usage]:
    turn = Turn.read(values)
    if turn.status == "rejected":
        raise AgentError(
            f"team {team!r} as an agent",
            got=f"a request that it refuses: {turn.reason}",
            expected="a request of its own model",
            fix="make the types of the fields that it reads the same in both teams",
        )
    for each in turn.decisions.values():
        if each.status == "settled":
            person = each.by.removeprefix("person:") if each.by.startswith("person:") else ""
            yield Claim(each.field, each.value, each.confidence, reason=f"{team}: {each.reason}", person=person)
    yield sum_of(turn.usage)
