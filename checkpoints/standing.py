"""Standing: where a thread stands, by one of its checkpoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..contracts import Move, turn_status
from .open_question import OpenQuestion

__all__ = ["GRAPH", "INPUT", "TEAM", "TENANT", "Standing", "ThreadStatus", "is_of_team", "is_opening"]

GRAPH, TEAM, INPUT, TENANT = "quorate_graph", "quorate_team", "quorate_input", "quorate_tenant"
"""Keys of the checkpoints' metadata: GRAPH as it was given, the team's name, where the request stood, on whose account.
"""

ThreadStatus = Literal["settled", "unsettled", "rejected", "halted", "waiting", "unfinished", "other", "unreadable"]
"""Where a thread stands.

The first four: how its turn ended. `waiting`: for a person. `unfinished`: it was stopped, or is running now.
`other`: the graph that ran it is no team of quorate, and has ended. `unreadable`: it is damaged, or its records are of
another form.
"""

_START, _BRANCH = "__start__", "branch:to:"
_INTAKE = f"{_BRANCH}intake"
_INTERRUPT, _ERROR = "__interrupt__", "__error__"
_RECORDS = frozenset(("turn", "claims", "decisions", "moves"))  # channels that intake fills with each turn
_SPECIAL = {_INTERRUPT, _ERROR, "__resume__"}  # what a task writes before it has ended


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a thread stands, by one of its checkpoints."""

    status: ThreadStatus
    """Where it stands."""
    questions: tuple[OpenQuestion, ...] = ()
    """What waits for a person."""
    error: str = ""
    """What a step raised that has not succeeded since, or why the checkpoint cannot be read."""

    @classmethod
    def read(
        cls, channels: Collection[str], moves: Sequence[Move], writes: Iterable[tuple[str, str, Any]] = ()
    ) -> Standing:
        """Where a thread stands.

        Args:
            channels: The channels that have a value in the checkpoint.
            moves: The moves of its turn.
            writes: What tasks wrote on it: task, channel, value.
        """
        has_steps = any(channel == _START or channel.startswith(_BRANCH) for channel in channels)
        questions, error = _pending(writes)
        if questions:
            return cls("waiting", questions, error)
        if not has_steps and not is_of_team(channels):
            return cls("other", error="of a graph that is no team of quorate")
        match turn_status(moves):
            case "waiting" | "running":
                return cls("unfinished", error=error)
            case ended:
                return cls("unfinished" if has_steps else ended, error=error)

    @property
    def finished(self) -> bool:
        """Whether the turn has ended."""
        return self.status in ("settled", "unsettled", "rejected", "halted")

    def reason(self, moves: Sequence[Move]) -> str:
        """Why it stands so, in one line."""
        if self.questions:
            return self.questions[0].reason
        if self.finished:
            return moves[-1].reason if moves else ""
        return self.error or "stopped between two steps, or running now"


def is_of_team(channels: Collection[str]) -> bool:
    """Whether a checkpoint can be one of a team of quorate: it has a turn's records, or the first input has come in.

    Args:
        channels: The channels that have a value in the checkpoint.
    """
    found = _RECORDS.intersection(channels)
    return found == _RECORDS or (not found and is_opening(channels))


def is_opening(channels: Collection[str]) -> bool:
    """Whether a new turn's input waits at the entry, while the turn's channels are still those of the one before.

    Args:
        channels: The channels that have a value in the checkpoint.
    """
    return _START in channels or _INTAKE in channels


def _pending(writes: Iterable[tuple[str, str, Any]]) -> tuple[tuple[OpenQuestion, ...], str]:
    """The open questions, and the first error, of the tasks that have not ended."""
    by_task: dict[str, dict[str, Any]] = defaultdict(dict)
    for task, channel, value in writes:
        by_task[task][channel] = value
    unended = [task for task in by_task.values() if all(channel in _SPECIAL for channel in task)]
    questions = [OpenQuestion(str(each.id), each.value) for task in unended for each in task.get(_INTERRUPT, ())]
    errors = [str(task[_ERROR]) for task in unended if _ERROR in task]
    return tuple(questions), "" if questions or not errors else errors[0].splitlines()[0]
