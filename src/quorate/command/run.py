"""Run: the command `quorate run`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..graphs import Drain, Supervisor
from .exit_status import ExitStatus, exit_status
from .inbox import Inbox
from .injecting import Injecting, injecting
from .item import Item, Unreadable
from .journaling import Journaling
from .location import Location
from .outcome import Outcome
from .progress import progressing
from .report import show_report, summary
from .screen import console, errors
from .stopping import stopping_on_signals
from .team import find_team
from .work import Work

if TYPE_CHECKING:
    from ..agents.journal.playback import Mode

__all__ = ["Run"]

_LEAST_THREADS = 32


@dataclass
class Run:
    """One call of `quorate run`."""

    graph: str
    """GRAPH, as it was given."""
    inputs: Sequence[str]
    """INPUTS, as they were given."""
    location: Location
    """The database."""
    concurrency: int = 8
    """The most threads at a time; at least 1."""
    as_json: bool = False
    """Whether stdout gets one JSON object per thread, and nothing else."""
    retry: bool = False
    """Whether threads that ended unsettled, halted or rejected get a new turn."""
    faults: Path | None = None
    """The profile of the faults to inject."""
    record: bool = False
    """Whether what models and tools answer is recorded, also where the team has no journal of its own."""
    playback: Mode | None = None
    """Whether answers come from the journal, and what becomes of a request that is not in it."""
    tenant: str = ""
    """On whose account it runs; empty for nobody's."""
    _outcomes: list[Outcome] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _out: IO[str] = field(default_factory=lambda: sys.stdout)

    def __call__(self) -> ExitStatus:
        """Work off the inbox, print what came of it, and give the exit status."""
        # What a graph's own code prints is not a result.
        with redirect_stdout(sys.stderr), self.location.open(existing=self.playback is not None) as database:
            supervisor = find_team(self.graph)
            inbox = Inbox(self.inputs, text_field="text" in supervisor.roster.request)
            started = time.monotonic()
            journaling = Journaling(database, record=self.record, playback=self.playback)
            with injecting(self.faults, supervisor) as injected, journaling:
                left = asyncio.run(self._work(supervisor, inbox, journaling))
        seconds = time.monotonic() - started
        if not self._outcomes and not left:
            errors().print(f"Nothing was found in {', '.join(self.inputs)}: no file, no line.", soft_wrap=True)
        if not self.as_json:
            self._report(supervisor, left, seconds)
        if injected is not None:
            self._report_faults(injected)
        if not self.as_json:
            journaling.report(console(self._out))
        stopped = left or any(each.status == "stopped" for each in self._outcomes)
        if stopped:
            errors().print("Stopped. Run the same command again: it goes on where it stopped.")
            return ExitStatus.STOPPED
        return exit_status(each.status for each in self._outcomes)

    async def _work(self, supervisor: Supervisor, inbox: Inbox, journaling: Journaling) -> int:
        """Work off the inbox; gives how many items were not begun."""
        # Sync agents wait for their services in these threads; asyncio's own number is six on two cores.
        threads = ThreadPoolExecutor(max_workers=max(_LEAST_THREADS, 4 * self.concurrency))
        asyncio.get_running_loop().set_default_executor(threads)
        drain, items, total = Drain(), self._numbered(inbox), len(inbox)
        with progressing(self.graph, total, silent=self.as_json) as progress:

            def on_first() -> None:
                progress.note(f"Stopping after the step in hand ({drain.running} running); again to stop at once.")

            def done(outcome: Outcome) -> None:
                self._outcomes.append(outcome)
                progress.advance(outcome.thread or outcome.where, outcome.status)
                if self.as_json:
                    print(json.dumps(outcome.line), file=self._out, flush=True)

            async with journaling.asaver() as saver:
                with stopping_on_signals(drain, on_first=on_first, on_second=progress.restore):
                    work = Work(supervisor, self.graph, saver, drain, self.retry, self.tenant)
                    await work.run(items, self.concurrency, done)
            if next(items, None) is None:
                return 0
            return max(1, total - len(self._outcomes))

    def _numbered(self, inbox: Inbox) -> Iterator[Item | Unreadable]:
        for item in inbox:
            self._places.setdefault(item.where, len(self._places))
            yield item

    def _report_faults(self, injected: Injecting) -> None:
        """What was injected: beside the results, or on stderr where these are for a program."""
        injected.report(errors() if self.as_json else console(self._out))

    def _report(self, supervisor: Supervisor, left: int, seconds: float) -> None:
        screen = console(self._out)
        self._outcomes.sort(key=lambda each: self._places[each.where])
        show_report(screen, self._outcomes, supervisor.roster.outcome)
        line = summary(self._outcomes, left=left, seconds=seconds, database=self.location.shown)
        screen.print(line, soft_wrap=True)
        if self.playback is None and any(each.status == "waiting" for each in self._outcomes):
            screen.print(f"To answer what waits: {self.location.command('review')}", soft_wrap=True)
