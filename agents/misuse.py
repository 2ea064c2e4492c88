"""Misuse: the errors for agents that are run, or behave, in a way that a team has no place for."""

from __future__ import annotations

from ..contracts import AgentError, ContractError
from .agent import Agent

__all__ = ["cancelled", "handed_over", "needs_async"]


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
