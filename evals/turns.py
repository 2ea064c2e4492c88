"""Turns: every turn of every thread in a database, as far as it got."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..checkpoints.standing import is_of_team
from ..graphs import Turn

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

    from ..checkpoints import Database

__all__ = ["turns"]

_STRANGE = (ValidationError, TypeError, AttributeError)


def turns(database: Database) -> Iterator[tuple[str, Turn]]:
    """The id of each thread with each of its turns: threads newest first, the turns of each newest first.

    The conversation is left out. A turn whose checkpoints are pruned, and records of another form, are passed over.
    """
    with database.saver() as saver:
        for thread in database.threads():
            last: int | None = None
            for values in _steps(saver, thread.id):
                number = values.get("turn", 0)
                if number == last or not is_of_team(values):
                    continue
                last = number
                try:
                    turn = Turn.read(values)
                except _STRANGE:
                    continue
                if turn.number:
                    yield thread.id, turn


def _steps(saver: BaseCheckpointSaver[str], thread: str) -> Iterator[Mapping[str, Any]]:
    """The values of the checkpoints that led to the newest one, newest first, until no earlier turn can come."""
    found = saver.get_tuple(_config(thread))
    while found is not None:
        # `messages` is stored as deltas, which only the graph's channel puts together.
        values = {key: value for key, value in found.checkpoint["channel_values"].items() if key != "messages"}
        yield values
        # The first turn is the last to look at, and its newest checkpoint has all that it recorded.
        found = None if values.get("turn", 0) <= 1 else _before(saver, thread, found)


def _before(saver: BaseCheckpointSaver[str], thread: str, found: CheckpointTuple) -> CheckpointTuple | None:
    """The checkpoint before one; where that was pruned, the newest that is left before it."""
    if found.parent_config is None:
        return None
    left = saver.list(_config(thread), before=found.parent_config, limit=1)
    return saver.get_tuple(found.parent_config) or next(iter(left), None)


def _config(thread: str) -> Any:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
