"""Projection reviews: what people were asked in a turn, and what they said."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...contracts import Answer, Ask, Decision, Edit, Reject, Respond, load
from ..log.codec import mask_of
from ..log.snapshot import Snapshot
from ..log.task_write import TaskWrite
from ..open_question import OpenQuestion
from .cell import seconds_between
from .path import PathReader, Stretch, time_of_step
from .rows import Records, Row, row_of
from .tables import REVIEWS

__all__ = ["reviews_of"]

_INTERRUPT, _RESUME = "__interrupt__", "__resume__"
_MASK = mask_of((_INTERRUPT, _RESUME))


def reviews_of(
    thread: str, stretch: Stretch, records: Records, path: PathReader, *, asks: Collection[str] | None
) -> list[Row]:
    """The rows of a turn in the table of reviews.

    Args:
        thread: The thread's id.
        stretch: The turn's checkpoints.
        records: The turn's records.
        path: Reads what tasks wrote on them.
        asks: Ids of the questions that are open; None where a newer turn was opened.
    """
    turn = _Reviewed(stretch.steps, records, path, asks)
    found = [*turn.corrections(), *turn.of_agents()]
    found += turn.of_supervisor(corrected={row["move"] for row in found if row["kind"] == "correction"})
    found.sort(key=lambda row: (row["move"], row["step"]))
    place = {"thread": thread, "turn": stretch.number}
    return [row_of(REVIEWS, {**_EMPTY, **row, **place, "number": number}) for number, row in enumerate(found, 1)]


_EMPTY = dict.fromkeys(REVIEWS.names)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that a step asked."""

    step: int
    """The step's place among the turn's."""
    move: int
    """Number of the newest move at that step."""
    question: OpenQuestion
    answer: Answer | None
    """What was said; None where nothing was, or the answer is within the agent's own graph."""


class _Reviewed:
    """A turn, with what people were asked in it."""

    def __init__(
        self, steps: Sequence[Snapshot], records: Records, path: PathReader, asks: Collection[str] | None
    ) -> None:
        self._steps = steps
        self._records = records
        self._path = path
        self._asks = asks
        self._asked = [each for run in _runs(steps) for each in self._questions(run)]

    def of_supervisor(self, corrected: Collection[int]) -> Iterator[dict[str, Any]]:
        """The questions that the supervisor asked."""
        asked = {each.move: each for each in self._asked}
        for number, move in enumerate(self._records.moves, 1):
            if not isinstance(move, Ask):
                continue
            found = asked.get(number)
            row: dict[str, Any] = {
                "kind": "effect" if move.effect else "fields",
                "status": self._status(number, found, corrected),
                "move": number,
                "step": -1 if found is None else found.step,
                "fields": None if move.effect else list(move.fields),
                "effect": move.effect,
                "reason": move.reason,
                "asked_at": move.at,
            }
            if found is not None:
                row |= {"question": found.question.id, "proposed": _proposed(found.question)}
                row |= {} if found.answer is None else self._answered(found, move.at)
            yield row

    def of_agents(self) -> Iterator[dict[str, Any]]:
        """The questions that were asked within agents."""
        for each in self._asked:
            if isinstance(self._records.moves[each.move - 1], Ask):
                continue
            asked_at = time_of_step(self._steps[each.step])
            is_last = each.step == len(self._steps) - 1
            status = "dropped" if is_last and self._asks is None else "answered"
            row: dict[str, Any] = {
                "kind": "agent",
                "status": "open" if each.question.id in (self._asks or ()) else status,
                "question": each.question.id,
                "move": each.move,
                "step": each.step,
                "reason": _reason(each.question),
                "proposed": _proposed(each.question),
                "asked_at": asked_at,
            }
            if row["status"] == "answered":
                row |= self._answered(each, asked_at)
            yield row

    def corrections(self) -> Iterator[dict[str, Any]]:
        """What people corrected unasked."""
        for number, (before, step) in enumerate(zip(self._steps, self._steps[1:], strict=False), 1):
            is_update = step.sections["m"].get("source") == "update" and step.parent == before.id
            if not is_update or step.held.get("decisions") == before.held.get("decisions"):
                continue
            old, new = self._decisions(before), self._decisions(step)
            changed = {name: each for name, each in new.items() if each.locked and each != old.get(name)}
            if not changed:
                continue
            first = next(iter(changed.values()))
            yield {
                "kind": "correction",
                "status": "answered",
                "move": self._moves(step),
                "step": number,
                "fields": list(changed),
                "reason": first.reason,
                "proposed": {name: old[name].value if name in old else None for name in changed},
                "verdict": "correct",
                "given": {name: each.value for name, each in changed.items()},
                "reviewer": first.reviewer,
                "reason_code": first.reason_code,
                "answered_at": time_of_step(step),
            }

    def _status(self, move: int, found: _Asked | None, corrected: Collection[int]) -> str:
        is_last = move == len(self._records.moves)
        if found is None:  # not asked yet, or its checkpoint was pruned
            if move in corrected or (is_last and self._asks is None):
                return "dropped"
            return "asking" if is_last else "answered"
        if found.question.id in (self._asks or ()):
            return "open"
        return "dropped" if found.answer is None else "answered"

    def _answered(self, asked: _Asked, asked_at: str) -> dict[str, Any]:
        """What was said, and when the step that took it had ended."""
        step, *after = self._steps[asked.step : asked.step + 2]
        # Where the step after it was pruned, the next one that is left tells nothing.
        answered_at = time_of_step(after[0]) if after and after[0].parent == step.id else ""
        row: dict[str, Any] = {"answered_at": answered_at, "seconds": seconds_between(asked_at, answered_at)}
        if asked.answer is not None:
            verdict = asked.answer.verdict
            row |= {
                "verdict": verdict.type,
                "given": dict(verdict.edited_action.args) if isinstance(verdict, Edit) else None,
                "message": verdict.message if isinstance(verdict, Reject | Respond) else None,
                "reviewer": asked.answer.reviewer,
                "reason_code": asked.answer.reason_code or verdict.type,
            }
        return row

    def _questions(self, run: range) -> Iterator[_Asked]:
        steps = self._steps[run.start : run.stop]
        written = self._path.writes_to(steps, _MASK)
        for number, step in zip(run, steps, strict=True):
            for asked in _interrupts(written.get(step.seq, ())):
                move = self._moves(step)
                if 0 < move <= len(self._records.moves):
                    yield _Asked(number, move, *asked)

    def _moves(self, step: Snapshot) -> int:
        return len(self._path.values(step, ("moves",)).get("moves") or ())

    def _decisions(self, step: Snapshot) -> Mapping[str, Decision]:
        return load(dict[str, Decision], self._path.values(step, ("decisions",)).get("decisions") or {})


def _runs(steps: Sequence[Snapshot]) -> Iterator[range]:
    """The places of steps that follow one another without a gap."""
    start = 0
    for number in range(1, len(steps)):
        if steps[number].parent != steps[number - 1].id:
            yield range(start, number)
            start = number
    yield range(start, len(steps))


def _interrupts(writes: Sequence[TaskWrite]) -> Iterator[tuple[OpenQuestion, Answer | None]]:
    """The questions in what tasks wrote on one checkpoint, each with its answer."""
    answers = {write.task: write.value for write in writes if write.channel == _RESUME}
    for write in writes:
        if write.channel == _INTERRUPT:
            for each in write.value:
                yield OpenQuestion(str(each.id), each.value), _answer(answers.get(write.task))


def _answer(resumed: Any) -> Answer | None:
    """The answer that a task was resumed with; None where there is none, or it is not one to a question of quorate."""
    try:
        return load(Answer, resumed[-1])
    except (ValueError, TypeError, LookupError):
        return None


def _proposed(question: OpenQuestion) -> Mapping[str, Any] | None:
    try:
        return question.proposed or None
    except (LookupError, TypeError, AttributeError, ValueError):
        return None


def _reason(question: OpenQuestion) -> str:
    try:
        return question.reason[:500]
    except (LookupError, TypeError):
        return ""
