"""Playback: what models and tools answered before, given again instead of asking them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

from ...contracts import Journal, JournalEntry, JournalError, canonical_json, digest
from ..run import Run
from .difference import differences
from .redaction import FIELD, Marked, Redaction
from .request import Request

__all__ = ["REFUSED", "Mode", "Playback", "Playing", "current_playback", "is_refused", "playback"]

Mode = Literal["strict", "lenient"]
"""What becomes of a request that was not recorded. `strict`: it is refused, and the graph stops with a JournalError.
`lenient`: the model or tool is asked, and its answer recorded."""

REFUSED = "playback_refused"
"""The reason code of what a strict playback refuses: the graph stops with it, and makes no fault of it."""

_NEAREST = 64
"""How many recorded requests are compared with one that is refused."""

Place = tuple[int, str, tuple[tuple[str, int], ...]]
"""Turn, agent and versions of what it read."""


@dataclass(frozen=True, slots=True)
class _Recording:
    """What is recorded of a thread."""

    runs: Mapping[Place, list[JournalEntry]]
    """Of each agent's runs on the same versions the last one, whose claims stand."""
    entries: tuple[JournalEntry, ...]
    """All entries."""


@dataclass(slots=True)
class Playback:
    """What models and tools answered before, given again.

    An agent's run is given the answers of the run that was recorded on the same thread, in the same turn, on the same
    versions of what it reads. Among equal requests of one run the nth gets the nth answer. Where there are several such
    runs, after an error, a crash, or because the thread was recorded again, the last one counts.
    """

    journal: Journal
    """Where the answers are."""
    mode: Mode = "strict"
    """What becomes of a request that was not recorded."""
    thread: str | None = None
    """The recorded thread; None for the one of the same id as that which runs."""
    answered: int = 0
    """How many requests were given their recorded answer."""
    called: int = 0
    """How many were made."""
    refusals: dict[str, JournalError] = field(default_factory=dict)
    """The first refusal of each thread."""
    _recordings: dict[str, _Recording] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def is_loaded(self, run: Run) -> bool:
        """Whether `playing` need not read the database."""
        return self._thread_of(run) in self._recordings

    def playing(self, run: Run) -> Playing:
        """The answers for one attempt of an agent."""
        thread = self._thread_of(run)
        recording = self._recordings.get(thread)
        if recording is None:
            recording = _recording_of(self.journal.entries(thread))
            with self._lock:
                recording = self._recordings.setdefault(thread, recording)
        own = recording.runs.get((run.turn, run.agent, tuple(sorted(run.basis.items()))), [])
        return Playing(self, run, own, recording.entries)

    def refuse(self, run: Run, error: JournalError) -> JournalError:
        """Remember that a request of a run was refused, so that no agent's code can hide it."""
        with self._lock:
            self.refusals.setdefault(run.thread, error)
        return error

    def count(self, *, answered: bool) -> None:
        """Count a request."""
        with self._lock:
            if answered:
                self.answered += 1
            else:
                self.called += 1

    def _thread_of(self, run: Run) -> str:
        return run.thread if self.thread is None else self.thread


class Playing:
    """The recorded answers for one attempt of an agent.

    Args:
        playback: The playback.
        run: The attempt.
        own: The entries of the recorded run.
        others: All entries of the thread, for the nearest one.
    """

    def __init__(
        self, playback: Playback, run: Run, own: Iterable[JournalEntry], others: Iterable[JournalEntry]
    ) -> None:
        self.playback, self._run = playback, run
        self._others = tuple(others)
        self._own = tuple(own)
        self._left: dict[tuple[str, str, str], list[JournalEntry]] = {}
        for entry in self._own:
            self._left.setdefault((entry.kind, entry.name, entry.digest), []).append(entry)
        self._redactors = tuple(dict.fromkeys(entry.redactor for entry in self._own))
        self._lock = Lock()

    def answer(self, request: Request, marked: Marked) -> JournalEntry | None:
        """The entry of the same request that comes next; None where there is none and it may be made.

        Raises:
            JournalError: There is none, and the playback is strict.
        """
        for redactor in self._redactors:
            data = Redaction(redactor, self.playback.journal.mark, marked)(request.data)
            with self._lock:
                left = self._left.get((request.kind, request.name, digest(data)))
                entry = left.pop(0) if left else None
            if entry is not None and self._may_be_given(entry, request):
                self.playback.count(answered=True)
                return entry
        if self.playback.mode == "strict":
            raise self.playback.refuse(self._run, self._refusal(request, marked))
        self.playback.count(answered=False)
        return None

    def _may_be_given(self, entry: JournalEntry, request: Request) -> bool:
        """Whether an answer can be given again; where not, a lenient playback makes the request.

        Raises:
            JournalError: It cannot, and the playback is strict.
        """
        incomplete = FIELD in canonical_json(entry.response)
        if self.playback.mode == "lenient":
            return not (entry.error or incomplete)
        if incomplete:
            raise self.playback.refuse(
                self._run,
                JournalError(
                    self._where(request),
                    got="an answer that was recorded without what a field marked as Redacted holds",
                    expected="a whole one",
                    fix="play it back with the mode lenient, which makes the request, or take the mark away and record "
                    "the thread again",
                    code=REFUSED,
                ),
            )
        return True

    def _where(self, request: Request) -> str:
        run = self._run
        return f"strict playback, thread {run.thread!r}, turn {run.turn}, agent {run.agent!r}, {request.shown}"

    def _refusal(self, request: Request, marked: Marked) -> JournalError:
        run = self._run
        where = self._where(request)
        nearest, found = self._nearest(request, marked)
        if nearest is None:
            return JournalError(
                where,
                got="a request, where none was recorded" + self._instead(),
                expected="one that was recorded",
                fix="record the thread again, or play it back with the mode lenient, which makes the request",
                code=REFUSED,
            )
        if not found:
            return JournalError(
                where,
                got="the same request once more than it was recorded",
                expected=f"{self._times(nearest)} of it",
                fix="let the agent ask as often as it did, or play back with the mode lenient, which makes the request",
                code=REFUSED,
            )
        path, recorded, got = found
        return JournalError(
            f"{where}, {path}",
            got=f"{got}, in a request that was not recorded",
            expected=f"{recorded}, as in the nearest one that was recorded ({_of(nearest, run)})",
            fix="undo the change, record the thread again, or play back with the mode lenient, which makes the request",
            code=REFUSED,
        )

    def _nearest(self, request: Request, marked: Marked) -> tuple[JournalEntry | None, tuple[str, str, str] | None]:
        """The recorded request with the fewest differences, and the first of them; those of this run come first."""
        mine = [each for each in self._others if each.agent == self._run.agent and each not in self._own]
        alike = [each for each in (*self._own, *mine) if each.kind == request.kind][:_NEAREST]
        best: tuple[int, JournalEntry, tuple[str, str, str] | None] | None = None
        cleaned: dict[str, object] = {}
        for entry in alike:
            if entry.redactor not in cleaned:
                cleaned[entry.redactor] = Redaction(entry.redactor, self.playback.journal.mark, marked)(request.data)
            found = list(differences(entry.request, cleaned[entry.redactor]))
            count = len(found) + (entry.name != request.name)
            if best is None or count < best[0]:
                first = (found[0].path, found[0].recorded, found[0].got) if found else None
                if first is None and entry.name != request.name:
                    first = ("name", repr(entry.name), repr(request.name))
                best = (count, entry, first)
        return (None, None) if best is None else (best[1], best[2])

    def _times(self, entry: JournalEntry) -> str:
        count = sum(each.digest == entry.digest for each in self._own)
        return "1 answer" if count == 1 else f"{count} answers"

    def _instead(self) -> str:
        agents = sorted({each.agent for each in self._others} - {self._run.agent})
        if not self._others:
            return ": the journal has no entry of this thread"
        return f": the thread's entries are of {', '.join(agents)}" if agents else ""


def _of(entry: JournalEntry, run: Run) -> str:
    """Which one a recorded request was."""
    when = f"asked at {entry.at[:19]}Z"
    return when if (entry.turn, dict(entry.basis)) == (run.turn, dict(run.basis)) else f"in turn {entry.turn}, {when}"


def _recording_of(entries: Iterable[JournalEntry]) -> _Recording:
    every = tuple(entries)
    found: dict[Place, dict[str, list[JournalEntry]]] = {}
    for entry in every:
        place = (entry.turn, entry.agent, tuple(sorted(entry.basis.items())))
        found.setdefault(place, {}).setdefault(entry.run, []).append(entry)
    return _Recording({place: _last(runs) for place, runs in found.items()}, every)


def _last(runs: Mapping[str, list[JournalEntry]]) -> list[JournalEntry]:
    """The entries of the last run, in the order of asking."""
    return sorted(runs[max(runs, key=lambda run: runs[run][0].at)], key=lambda entry: entry.order)


def is_refused(error: BaseException) -> bool:
    """Whether a strict playback has refused a request by that error."""
    return isinstance(error, JournalError) and error.code == REFUSED


_current: ContextVar[Playback | None] = ContextVar("quorate_playback", default=None)


def current_playback() -> Playback | None:
    """The playback that the caller is within, or None."""
    return _current.get()


@contextmanager
def playback(journal: Journal, mode: Mode = "strict", *, thread: str | None = None) -> Iterator[Playback]:
    """Within it teams take what models and tools answer from the journal.

    Run the team on the thread's id with another saver, such as LangGraph's InMemorySaver: the thread itself stays as
    it is. No effect is executed within it.

    Args:
        journal: Where the answers are: `database.journal`.
        mode: What becomes of a request that was not recorded: `strict` refuses it with a JournalError that names the
            first difference from the nearest one that was; `lenient` makes it, and records it.
        thread: The recorded thread; by default the one of the same id as that which runs.

    Raises:
        JournalError: `mode` is neither.
    """
    if mode not in ("strict", "lenient"):
        raise JournalError("playback", got=f"mode={mode!r}", expected="'strict' or 'lenient'", fix="correct the mode")
    playing = Playback(journal, mode, thread)
    token = _current.set(playing)
    try:
        yield playing
    finally:
        _current.reset(token)
