"""Projection thread: the rows of one thread, made from its checkpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...contracts import Move, QuorateError, first_problem
from ..log.line import Line
from ..log.snapshot import Snapshot
from ..standing import GRAPH, INPUT, TEAM, Standing, is_of_team, is_opening
from .cell import name_of, seconds_between
from .path import PathReader, Stretch, time_of_step
from .reviews import reviews_of
from .rows import CHANNELS, Records, Rows, row_of, rows_of
from .tables import CHILDREN, REVIEWS, THREADS, TURNS
from .target import KnownTurn, Mark, ThreadChange

__all__ = ["mark_of", "project_thread"]

_STRANGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading records raises that another program has made."""

_LONGEST_REASON = 300


def mark_of(line: Line) -> Mark:
    """Up to where a line stands."""
    return Mark("" if line.tip is None else line.tip.hex(), line.generation)


def project_thread(path: PathReader, before: Mark | None, known: Mapping[str, KnownTurn], shown: str) -> ThreadChange:
    """What is to become of the rows of a thread. A thread that cannot be read has one row, which says so.

    Args:
        path: The thread's root line.
        before: Up to where it was projected.
        known: The turns that were projected, by their newest checkpoint; none where they do not hold any more.
        shown: How errors call the database.

    Raises:
        DatabaseError: The database itself cannot be read.
    """
    try:
        change = _Thread(path, before, known).change() if known else None
        if change is None:
            change = _Thread(path, before, {}).change()
        if change is not None:
            return change
        problem = "its turns are not in order"
    except QuorateError as error:
        if error.where == shown:
            raise
        problem = f"{error.where}: {error.got}"
    except _STRANGE as error:
        problem = _problem(error)
    # Without a digest it is read again by the next call: a key that was missing may be there then.
    row = {**_unknown(path.line), "status": "unreadable", "reason": problem[:_LONGEST_REASON], "digest": None}
    return ThreadChange(name_of(path.line.key.thread), before, rows={THREADS.name: [row_of(THREADS, row)]})


@dataclass(frozen=True, slots=True)
class _Turn:
    """A turn's rows."""

    number: int
    opened_at: str
    standing: Standing
    reason: str
    rows: Rows


class _Thread:
    """A thread, with what is known of it."""

    def __init__(self, path: PathReader, before: Mark | None, known: Mapping[str, KnownTurn]) -> None:
        self._path = path
        self._before = before
        self._known = known
        self._thread = name_of(path.line.key.thread)

    def change(self) -> ThreadChange | None:
        """What is to become of the rows; None where what is known does not fit."""
        newest = self._path.newest()
        if newest is None:
            return ThreadChange(self._thread, self._before)
        if not is_of_team(newest.held):
            standing = Standing.read(newest.held, (), self._path.writes(newest))
            return self._made(newest, standing, standing.reason(()), [], 0)
        rows, base = self._path.since(self._known)
        keep = 0 if base is None else self._known[base].turn
        turns = self._turns(self._path.stretches(rows))
        if turns and turns[0].number <= keep:
            return None
        if turns:
            return self._made(newest, turns[-1].standing, turns[-1].reason, turns, keep)
        standing = Standing.read(newest.held, (), self._path.writes(newest))
        return self._made(newest, standing, standing.reason(()), [], 0)

    def _made(self, newest: Snapshot, standing: Standing, reason: str, turns: list[_Turn], keep: int) -> ThreadChange:
        metadata = newest.sections["m"]
        earlier = [each for each in self._known.values() if each.turn <= keep]
        opened_at = min(earlier).opened_at if earlier else turns[0].opened_at if turns else None
        row = {
            **_unknown(self._path.line),
            "status": standing.status,
            "reason": reason,
            "turns": self._newest_turn(newest, standing, turns),
            "team": metadata.get(TEAM),
            "graph": metadata.get(GRAPH),
            "input": metadata.get(INPUT),
            "opened_at": opened_at,
            "updated_at": time_of_step(newest),
            "checkpoint": newest.id,
        }
        made: Rows = {THREADS.name: [row_of(THREADS, row)]}
        for table in CHILDREN:
            made[table.name] = [each for turn in turns for each in turn.rows.get(table.name, ())]
        return ThreadChange(self._thread, self._before, keep, made)

    @staticmethod
    def _newest_turn(newest: Snapshot, standing: Standing, turns: Sequence[_Turn]) -> int | None:
        if standing.status == "unreadable" or not is_of_team(newest.held):
            return None
        return turns[-1].number if turns else 0

    def _turns(self, stretches: Iterable[Stretch]) -> list[_Turn]:
        """The turns, in order. One that comes again was left when the thread branched off before it."""
        made: list[_Turn] = []
        waiting: Stretch | None = None
        for stretch in stretches:
            if waiting is not None and 0 < waiting.number < stretch.number:
                made.append(self._turn(waiting, is_newest=False))
            while made and made[-1].number >= stretch.number:
                made.pop()
            waiting = stretch
        if waiting is not None and waiting.number > 0:
            made.append(self._turn(waiting, is_newest=True))
        return made

    def _turn(self, stretch: Stretch, *, is_newest: bool) -> _Turn:
        row: dict[str, Any] = dict.fromkeys(TURNS.names) | {"thread": self._thread, "turn": stretch.number}
        row |= {"updated_at": time_of_step(stretch.last), "checkpoint": stretch.last.id}
        try:
            return self._readable(stretch, row, is_newest=is_newest)
        except _STRANGE as error:
            reason, opened_at = _problem(error), _opened_at(stretch, ())
            row |= {"status": "unreadable", "reason": reason, "opened_at": opened_at}
            rows = {TURNS.name: [row_of(TURNS, row)]}
            return _Turn(stretch.number, opened_at, Standing("unreadable"), reason, rows)

    def _readable(self, stretch: Stretch, row: dict[str, Any], *, is_newest: bool) -> _Turn:
        records = Records() if stretch.is_opening else Records.read(self._path.values(stretch.last, CHANNELS))
        standing = self._standing(stretch, records, is_newest=is_newest)
        asks = {each.id for each in standing.questions} if is_newest else None
        rows = rows_of(self._thread, stretch.number, records)
        rows[REVIEWS.name] = reviews_of(self._thread, stretch, records, self._path, asks=asks)
        reason = standing.reason(records.moves)
        opened_at = _opened_at(stretch, records.moves)
        values: dict[str, Any] = {"status": standing.status, "reason": reason, "opened_at": opened_at}
        if not is_newest and not standing.finished:
            values |= {"status": "left", "reason": "a newer turn was opened before it ended"}
        values |= {"request": records.request, "goals": records.goals, "outcome": records.outcome}
        if standing.finished and records.moves:
            ended_at = records.moves[-1].at
            values |= {"ended_at": ended_at, "seconds": seconds_between(opened_at, ended_at)}
        rows[TURNS.name] = [row_of(TURNS, row | values)]
        return _Turn(stretch.number, opened_at, standing, reason, rows)

    def _standing(self, stretch: Stretch, records: Records, *, is_newest: bool) -> Standing:
        writes = self._path.writes(stretch.last) if is_newest else ()
        return Standing.read(stretch.last.held, records.moves, writes)


def _opened_at(stretch: Stretch, moves: Sequence[Move]) -> str:
    """When a turn's input was stored; where that was pruned, when the supervisor made its first move."""
    first = stretch.steps[0]
    return time_of_step(first) if is_opening(first.held) or not moves else moves[0].at


def _unknown(line: Line) -> dict[str, Any]:
    """A row of `threads` with what the line tells alone."""
    mark = mark_of(line)
    row = dict.fromkeys(THREADS.names)
    return row | {"thread": name_of(line.key.thread), "digest": mark.digest, "generation": mark.generation}


def _problem(error: Exception) -> str:
    return f"records of another form: {first_problem(error)}"[:_LONGEST_REASON]
