"""Outcome: what came of one item of the inbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .thread_view import ThreadView

if TYPE_CHECKING:
    from .item import Unreadable

__all__ = ["BUSY", "Outcome", "OutcomeStatus"]

BUSY = "another run may be at work on it; run again when it has ended"
"""What to do with a thread that another run holds."""

OutcomeStatus = Literal[
    "settled", "unsettled", "rejected", "halted", "waiting", "failed", "stopped", "repeated", "unfinished"
]
"""What came of an item.

`settled`, `unsettled`, `halted`, `waiting`: how its thread stands. `rejected`: it could not be read, or the graph's
entry refused it. `failed`: a step raised; the next run tries it again. `stopped`: by a signal; the next run goes on.
`repeated`: an earlier item of this run has the same thread. `unfinished`: another program may be running it.
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one item of the inbox."""

    where: str
    """Where the item stands."""
    status: OutcomeStatus
    """What came of it."""
    reason: str
    """Why, in one line."""
    fix: str = ""
    """What to do now, where something is wrong."""
    thread: str = ""
    """Id of its thread; empty where it could not be read."""
    ran: bool = False
    """Whether this run of the command worked on it."""
    view: ThreadView | None = None
    """Where its thread stands."""

    @classmethod
    def of_unreadable(cls, bad: Unreadable) -> Outcome:
        """The outcome of a place that holds no request."""
        error = bad.error
        return cls(bad.where, "rejected", f"{error.got}; expected {error.expected}", error.fix)

    @classmethod
    def of_view(cls, where: str, view: ThreadView, *, ran: bool) -> Outcome:
        """The outcome of a thread, as it stands."""
        raised = view.status in ("other", "unreadable") or (view.status == "unfinished" and bool(view.error))
        status: Any = "failed" if raised else view.status
        fix = ""
        if view.status == "rejected" and view.turn.faults:
            fix = view.turn.faults[0].fix
        elif view.status == "other":
            fix = "use another database: --db sqlite:///other.db"
        elif status == "failed":
            fix = "correct the cause and run again: the failed step is tried again"
        elif status == "unfinished":
            fix = BUSY
        return cls(where, status, view.reason, fix, view.id, ran, view)

    @property
    def values(self) -> Mapping[str, Any]:
        """The plain values of the settled fields."""
        return self.view.turn.values if self.view else {}

    @property
    def duplicates(self) -> tuple[str, ...]:
        """What the ledger said of effects that another thread had executed before."""
        return self.view.duplicates if self.view else ()

    @property
    def line(self) -> dict[str, Any]:
        """The outcome as plain data: a line of `--json`."""
        turn = self.view.turn if self.view else None
        return {
            "thread": self.thread or None,
            "input": self.where,
            "status": self.status,
            "reason": self.reason,
            "fix": self.fix,
            "ran": self.ran,
            "values": dict(self.values),
            "waits": [each.line for each in (self.view.questions if self.view else ())],
            "duplicates": list(self.duplicates),
            "faults": len(turn.faults) if turn else 0,
        }
