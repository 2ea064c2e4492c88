"""Misuse: the errors for agents that are run, or behave, in a way that a team has no place for."""

from __future__ import annotations

from ..contracts import AgentError, ContractError
from .agent import Agent
from .output import Output

__all__ = ["cancelled", "check_words", "handed_over", "needs_async"]


def needs_async(agent: Agent) -> AgentError:
    """The error for a graph that was run with `invoke` although one of its agents can only be awaited."""
    return AgentError(
        f"agent {agent.name!r}",
        got="invoke or stream",
        expected="ainvoke or astream, because the agent is async or has a timeout",
        fix="await graph.ainvoke(...)",
    )


def handed_over(agent: Agent) -> ContractError:
    """The error for an agent that wants to say what runs next."""
    return ContractError(
        f"agent {agent.name!r}",
        got="a Command to the graph around it",
        expected="claims, because the supervisor decides what runs next",
        fix="let the agent return values, and take the hand-off tool away",
    )


def cancelled(agent: Agent) -> AgentError:
    """The error for an agent that is cancelled by nobody but itself."""
    return AgentError(
        f"agent {agent.name!r}",
        got="CancelledError from within the agent",
        expected="a result, or another error",
        fix="let the agent catch the cancellation of the tasks that it started",
    )


def check_words(agent: str, output: Output) -> None:
    """Check that no claim carries the word of a person; only a team has asked one.

    Raises:
        ContractError: One does.
    """
    forged = next((claim for claim in output.claims if claim.person), None)
    if forged is not None:
        raise ContractError(
            f"agent {agent!r}, claim on {forged.field!r}",
            got=f"the word of a person, {forged.person!r}",
            expected="that only from a team that asked one",
            fix="leave `person` out",
        )
