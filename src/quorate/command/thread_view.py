"""Thread view: where a thread stands, read from its newest checkpoint without its graph."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..checkpoints.open_question import OpenQuestion
from ..checkpoints.standing import GRAPH, INPUT, TEAM, TENANT, Standing, ThreadStatus, is_of_team, is_opening
from ..contracts import Ask, Claim, Decision, first_problem, load
from ..graphs import Turn

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

    from ..contracts import BlobStore

__all__ = ["IN_PYTHON", "ThreadView", "aread_view", "read_view"]

_LONGEST_PROBLEM = 300

IN_PYTHON = "graph.invoke(Command(resume={id: …}), config) in Python, where the graph is that which asks"
"""How a question is answered that is not a team's."""


@dataclass(frozen=True, slots=True)
class ThreadView:
    """Where a thread stands."""

    id: str
    """The thread's id."""
    status: ThreadStatus
    """Where it stands."""
    turn: Turn
    """The state of its newest turn; the conversation is left out."""
    checkpoint: str = ""
    """Id of the checkpoint."""
    updated: str = ""
    """When the checkpoint was made, in ISO 8601 UTC."""
    questions: tuple[OpenQuestion, ...] = ()
    """What waits for a person."""
    error: str = ""
    """What a step raised that has not succeeded since, or why the checkpoint cannot be read."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """The checkpoint's metadata."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The checkpoint's values, as plain data."""

    @property
    def graph(self) -> str:
        """GRAPH, as it was given when the thread was run; empty where another program ran it."""
        return str(self.metadata.get(GRAPH, ""))

    @property
    def team(self) -> str:
        """Name of the team that worked on it; empty where another program ran it."""
        return str(self.metadata.get(TEAM, ""))

    @property
    def source(self) -> str:
        """Where its request stood; empty where another program ran it."""
        return str(self.metadata.get(INPUT, ""))

    @property
    def tenant(self) -> str:
        """On whose account it runs; empty for nobody's, or where another program ran it."""
        return str(self.metadata.get(TENANT, ""))

    @property
    def finished(self) -> bool:
        """Whether its turn has ended."""
        return self._standing.finished

    @property
    def reason(self) -> str:
        """Why it stands so, in one line."""
        return self._standing.reason(self.turn.moves)

    @property
    def _standing(self) -> Standing:
        return Standing(self.status, self.questions, self.error)

    @property
    def is_answerable(self) -> bool:
        """Whether `quorate review` takes an answer: to a team's question, and not to that of any other graph."""
        return bool(self.questions) and self.questions[0].is_ours

    def is_inner(self, question: OpenQuestion) -> bool:
        """Whether a team within the thread's team asks it: that team's records are not among the thread's."""
        return question.is_ours and not (self.turn.moves and isinstance(self.turn.moves[-1], Ask))

    def turn_of(self, question: OpenQuestion) -> Turn:
        """The turn that the question is about; of a team within the thread's as much of it as the question tells."""
        if not self.is_inner(question):
            return self.turn
        fields = question.value["quorate"].get("fields", {})
        decisions = load(dict[str, Decision], {name: each["decision"] for name, each in fields.items()})
        claims = load(tuple[Claim, ...], [claim for each in fields.values() for claim in each["claims"]])
        return replace(self.turn, decisions={**self.turn.decisions, **decisions}, claims=claims)

    def asks(self, question: str) -> bool:
        """Whether the question of this id is open."""
        return any(each.id == question for each in self.questions)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """What the ledger said of effects that another thread had executed before."""
        own = re.compile(rf"already done by {re.escape(self.id)}( \(turn \d+\))?")
        notes = (each.note for each in self.turn.effects.values() if each.status == "duplicate")
        return tuple(note for note in notes if not own.fullmatch(note))

    @property
    def line(self) -> dict[str, Any]:
        """The thread as plain data, for `--json`."""
        return {
            "thread": self.id,
            "status": self.status,
            "updated": self.updated,
            "turn": self.turn.number,
            "reason": self.reason,
            "graph": self.graph,
            "input": self.source,
            "values": self.turn.values,
            "waits": [each.line for each in self.questions],
        }


def read_view(
    saver: BaseCheckpointSaver[str], thread: str, *, turn: int | None = None, blobs: BlobStore | None = None
) -> ThreadView | None:
    """Where the thread stands, or stood at the end of an earlier turn; None where there is no such thread or turn.

    Args:
        saver: Where the thread is kept.
        thread: Its id.
        turn: Number of the turn; None for the newest.
        blobs: Where large fields of its request are, if they are to be looked at.
    """
    found = saver.get_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
    while found is not None and turn is not None and _turn_of(found) != turn:
        # Along the parents: the history also has branches that were left.
        found = _before(saver, found)
    return None if found is None else _view(thread, found, blobs)


async def aread_view(
    saver: BaseCheckpointSaver[str], thread: str, *, blobs: BlobStore | None = None
) -> ThreadView | None:
    """The same, of the newest turn, from a saver that is awaited."""
    found = await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
    return None if found is None else _view(thread, found, blobs)


def _before(saver: BaseCheckpointSaver[str], found: CheckpointTuple) -> CheckpointTuple | None:
    """The checkpoint before one; where that was pruned, the newest that is left before it."""
    if found.parent_config is None:
        return None
    thread = (found.config.get("configurable") or {})["thread_id"]
    left = saver.list({"configurable": {"thread_id": thread, "checkpoint_ns": ""}}, before=found.parent_config, limit=1)
    return saver.get_tuple(found.parent_config) or next(iter(left), None)


def _turn_of(found: CheckpointTuple) -> int | None:
    """Number of the turn whose records a checkpoint holds; None where the next turn's input has come in."""
    values = found.checkpoint["channel_values"]
    return None if is_opening(values) else values.get("turn", 0)


def _view(thread: str, found: CheckpointTuple, blobs: BlobStore | None) -> ThreadView:
    # `messages` is stored as deltas, which only the graph's channel puts together.
    values = {key: value for key, value in found.checkpoint["channel_values"].items() if key != "messages"}
    common: dict[str, Any] = {
        "id": thread,
        "checkpoint": str(found.checkpoint.get("id", "")),
        "updated": str(found.checkpoint.get("ts", "")),
        "metadata": dict(found.metadata),
        "values": values,
    }
    try:
        turn = Turn.read(values if is_of_team(values) else {}, blobs)
    except (ValidationError, TypeError, AttributeError) as error:
        problem = f"records of another form: {first_problem(error)}"[:_LONGEST_PROBLEM]
        return ThreadView(turn=Turn.read({}), status="unreadable", error=problem, **common)
    standing = Standing.read(values, turn.moves, found.pending_writes or ())
    return ThreadView(turn=turn, status=standing.status, questions=standing.questions, error=standing.error, **common)
