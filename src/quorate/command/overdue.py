"""Overdue: the command `quorate review --overdue`."""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import QuorateError, ReviewError, StaleThreadError
from .exit_status import ExitStatus
from .failure import show_error
from .location import Location
from .printable import line_of
from .resumption import Resumption
from .screen import console
from .thread_team import team_of
from .thread_view import ThreadView
from .threads import waiting_views

if TYPE_CHECKING:
    from ..checkpoints import Database
    from ..graphs import Supervisor

__all__ = ["Overdue"]

_LAPSE: dict[str, Any] = {"decisions": [{"type": "lapse"}]}


@dataclass(frozen=True)
class Overdue:
    """One call of `quorate review --overdue`: it moves on the questions whose time is over, and approves nothing."""

    location: Location
    """The database."""
    graph: str | None = None
    """GRAPH; None for the one that each thread was run with."""
    as_json: bool = False
    """Whether stdout gets a JSON line for each thread, and nothing else."""
    _teams: dict[str, Supervisor] = field(default_factory=dict)

    def __call__(self) -> ExitStatus:
        """Move each on, print what came of it, and give the exit status: 1 where one could not be moved on."""
        with self.location.open(existing=True) as database:
            overdue = list(_overdue(waiting_views(database), datetime.datetime.now(datetime.UTC)))
            failed = [self._move(database, view, question) for view, question in overdue].count(False)
        if not self.as_json:
            count = f"{len(overdue)} question{'s' * (len(overdue) != 1)}" if overdue else "Nothing"
            console().print(f"{count} overdue in {self.location.shown}", soft_wrap=True)
        return ExitStatus.FAILED if failed else ExitStatus.SETTLED

    def _move(self, database: Database, view: ThreadView, question: OpenQuestion) -> bool:
        """Whether the thread could be moved on, or somebody has answered meanwhile."""
        graph = self.graph or view.graph
        try:
            with redirect_stdout(sys.stderr):  # what a graph's own code prints is not a result
                if graph not in self._teams:
                    self._teams[graph] = team_of(view, graph)
                resume = Resumption(database, self._teams[graph], graph, self.location.flag)
                after = asyncio.run(resume(view, question.id, _LAPSE))
        except (ReviewError, StaleThreadError):
            return True  # somebody answers it at this moment
        except QuorateError as error:
            show_error(error)
            return False
        if self.as_json:
            print(json.dumps(after.line))  # noqa: T201 (the result)
        else:
            waits = f"waits: {line_of(after.reason)}" if after.questions else f"{after.status}: {line_of(after.reason)}"
            console().print(f"{view.id} {waits}", soft_wrap=True)
        return True


def _overdue(found: Iterator[ThreadView], now: datetime.datetime) -> Iterator[tuple[ThreadView, OpenQuestion]]:
    for view in found:
        for question in view.questions:
            if question.deadline and datetime.datetime.fromisoformat(question.deadline) <= now:
                yield view, question
