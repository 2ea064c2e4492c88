"""The graph target: a compiled team as the system that a suite tests."""

from __future__ import annotations

import uuid
from typing import Any

from langgraph.graph.state import CompiledStateGraph

from ..graphs import Supervisor, Turn
from .prediction import Prediction, Target

__all__ = ["graph_target", "prediction_of"]


def graph_target(graph: CompiledStateGraph[Any, Any, Any, Any], supervisor: Supervisor) -> Target:
    """The team as a target: each request is one turn, on a thread of its own, that nobody reviews.

    A turn that asks a person ends there, as `waiting`; so a graph without a checkpointer does. Effects are executed:
    the team needs a ledger and receivers that are made for testing.

    Args:
        graph: The compiled graph of the team.
        supervisor: The supervisor that it was compiled from; it reads the decisions.
    """

    async def target(request: dict[str, Any]) -> Prediction:
        thread = f"eval-{uuid.uuid4()}"
        values = await graph.ainvoke({"request": request}, {"configurable": {"thread_id": thread}})
        return prediction_of(supervisor.read(values))

    return target


def prediction_of(turn: Turn) -> Prediction:
    """What a turn predicts. One that ended settled has settled all its goals, those that may stay empty among them."""
    decided = {name: each for name, each in turn.decisions.items() if each.value is not None}
    settled = {name for name, each in decided.items() if each.status == "settled"}
    return Prediction(
        values={name: each.value for name, each in decided.items()},
        settled=frozenset(settled.union(turn.goals if turn.status == "settled" else ())),
        confidence={name: each.confidence for name, each in decided.items()},
        status=turn.status,
    )
