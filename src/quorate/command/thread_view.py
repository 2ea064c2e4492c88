"""Thread view: where a thread stands, read from its newest checkpoint without its graph."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from ..graphs import Turn

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple

    from ..contracts import BlobStore

__all__ = ["GRAPH", "INPUT", "TEAM", "OpenQuestion", "ThreadStatus", "ThreadView", "aread_view", "read_view"]

GRAPH, TEAM, INPUT = "quorate_graph", "quorate_team", "quorate_input"
"""Keys of the checkpoints' metadata: GRAPH as it was given, the team's name, and where the request stood."""

ThreadStatus = Literal["settled", "unsettled", "rejected", "halted", "waiting", "unfinished", "unreadable"]
"""Where a thread stands.

The first four: how its turn ended. `waiting`: for a person. `unfinished`: it was stopped, or is running now.
`unreadable`: its newest checkpoint is not one of quorate.
"""

_START, _BRANCH = "__start__", "branch:to:"
_INTERRUPT, _ERROR = "__interrupt__", "__error__"
_SPECIAL = {_INTERRUPT, _ERROR, "__resume__"}  # what a task writes before it has ended


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that waits for a person."""

    id: str
    """Id of the interrupt; the answer names it."""
    value: Any
    """What is asked: `quorate.contracts.Question`, or the payload of an agent's own graph."""

    @property
    def short(self) -> str:
        """The beginning of its id, as people read it and name it."""
        return self.id[:8]

    @property
    def is_ours(self) -> bool:
        """Whether it is quorate's question, and not that of a graph that works as an agent."""
        return isinstance(self.value, dict) and isinstance(self.value.get("quorate"), dict)

    @property
    def reason(self) -> str:
        """Why a person must look, in one line."""
        return str(self.value["quorate"]["reason"]) if self.is_ours else str(self.value)

    @property
    def proposed(self) -> Mapping[str, Any]:
        """Proposed values by field, or the arguments of the effect."""
        return dict(self.value["action_requests"][0]["args"]) if self.is_ours else {}

    @property
    def name(self) -> str:
        """Name of the action: `decide` for fields, else that of the effect."""
        return str(self.value["action_requests"][0]["name"]) if self.is_ours else ""

    @property
    def effect(self) -> str:
        """Name of the effect to approve; empty where fields are asked about."""
        return self.name if self.is_ours and "effect" in self.value["quorate"] else ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """The verdicts that are allowed."""
        return tuple(self.value["review_configs"][0]["allowed_decisions"]) if self.is_ours else ()

    @property
    def line(self) -> dict[str, Any]:
        """The question as plain data, for `--json`."""
        return {
            "id": self.id,
            "reason": self.reason,
            "effect": self.effect,
            "proposed": dict(self.proposed),
            "allowed": list(self.allowed),
        }


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
    def finished(self) -> bool:
        """Whether its turn has ended."""
        return self.status in ("settled", "unsettled", "rejected", "halted")

    @property
    def reason(self) -> str:
        """Why it stands so, in one line."""
        if self.questions:
            return self.questions[0].reason
        return self.turn.reason if self.finished else self.error or "stopped between two steps, or running now"

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
        found = saver.get_tuple(found.parent_config) if found.parent_config else None
    return None if found is None else _view(thread, found, blobs)


async def aread_view(
    saver: BaseCheckpointSaver[str], thread: str, *, blobs: BlobStore | None = None
) -> ThreadView | None:
    """The same, of the newest turn, from a saver that is awaited."""
    found = await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}})
    return None if found is None else _view(thread, found, blobs)


def _turn_of(found: CheckpointTuple) -> int:
    number = found.checkpoint["channel_values"].get("turn", 0)
    return number if isinstance(number, int) else 0


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
        turn = Turn.read(values, blobs)
    except (ValidationError, TypeError, AttributeError) as error:
        return ThreadView(
            turn=Turn.read({}), status="unreadable", error=f"not a thread of quorate: {str(error)[:200]}", **common
        )
    if "moves" not in values and not _open_steps(values):
        return ThreadView(turn=turn, status="unreadable", error="not a thread of quorate", **common)
    questions, raised = _pending(found.pending_writes or ())
    status = _status(values, turn, questions)
    return ThreadView(turn=turn, status=status, questions=questions, error=raised, **common)


def _status(values: Mapping[str, Any], turn: Turn, questions: tuple[OpenQuestion, ...]) -> ThreadStatus:
    if questions:
        return "waiting"
    match turn.status:
        case "waiting" | "running":
            return "unfinished"
        case ended:
            return "unfinished" if _open_steps(values) else ended


def _open_steps(values: Mapping[str, Any]) -> bool:
    return any(key == _START or key.startswith(_BRANCH) for key in values)


def _pending(writes: Iterable[tuple[str, str, Any]]) -> tuple[tuple[OpenQuestion, ...], str]:
    """The open questions, and the first error, of the tasks that have not ended."""
    by_task: dict[str, dict[str, Any]] = defaultdict(dict)
    for task, channel, value in writes:
        by_task[task][channel] = value
    unended = [task for task in by_task.values() if all(channel in _SPECIAL for channel in task)]
    questions = [OpenQuestion(str(each.id), each.value) for task in unended for each in task.get(_INTERRUPT, ())]
    errors = [str(task[_ERROR]) for task in unended if _ERROR in task]
    return tuple(questions), "" if questions or not errors else errors[0].splitlines()[0]
