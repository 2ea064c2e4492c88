"""Finding: one thing that an audit found wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "Kind"]

Kind = Literal[
    "changed", "copied", "cut", "deleted", "head", "inserted", "missing", "moved", "reference", "removed", "stray",
    "unproven", "unreadable",
]  # fmt: skip
"""What is wrong.

`changed`: its content, its digest, or the name of its line is not what was stored.
`copied`: it is another event again.
`cut`: the line ends before a head that was signed, or its events up to it are others.
`deleted`: a thread of the signed heads was deleted by quorate, says the database itself.
`head`: the line's own row does not agree with its events.
`inserted`: quorate did not add it here.
`missing`: an event that stood before it is gone, or the last ones of the line.
`moved`: it belongs to another place of its line.
`reference`: it refers to a row that it cannot refer to.
`removed`: a thread of the signed heads is gone.
`stray`: rows of a line that is not there.
`unproven`: it builds on an event that is wrong itself, and cannot be checked.
`unreadable`: it cannot be read.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an audit found wrong."""

    kind: Kind
    """What is wrong."""
    thread: str
    """The thread's id; of a line whose name cannot be read, `line` and its number."""
    namespace: str
    """The checkpoint namespace."""
    checkpoint: str | None
    """The checkpoint's id; of a task's writes, that of the checkpoint which it ran on; None where it is the line's."""
    task: str | None
    """The task, where its writes are meant."""
    place: int | None
    """The place in the log, as in the column `seq`."""
    what: str
    """What is wrong with it, in words."""

    def __str__(self) -> str:
        where = f"thread {self.thread!r}" + (f", namespace {self.namespace!r}" if self.namespace else "")
        if self.task is not None:
            where += f", writes of task {self.task}"
        if self.checkpoint is not None:
            where += f"{' on' if self.task is not None else ','} checkpoint {self.checkpoint}"
        place = "" if self.place is None else f" (place {self.place})"
        return f"{where}{place}: {self.kind}: {self.what}"
