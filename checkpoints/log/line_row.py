"""LineRow: where a line stands, as it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ...contracts import DatabaseError
from ..sealing.seal import Sealer
from .line import Line, LineKey
from .refusals import Refused

__all__ = ["LineRow", "lines_of"]


class LineRow(NamedTuple):
    """A line as it is stored."""

    id: int
    """Its number."""
    name: str
    """The thread's id, or what the key makes of it."""
    sealed: bytes | None
    """The thread's id, sealed; None where the name is that."""
    namespace: str
    """The checkpoint namespace."""
    head: int | None
    """The newest checkpoint's place."""
    head_id: str | None
    """The newest checkpoint's id."""
    owner: int
    """The run that wrote last."""
    tip: bytes | None
    """Digest of the newest event."""
    events: int
    """How many events it had in all."""
    early: int
    """How many rows of writes it has that came before their checkpoint."""
    generation: int
    """Counts the times that events were taken out or rewritten."""

    def open(self, sealer: Sealer) -> Line:
        """The line, under the thread's id.

        Raises:
            DatabaseError: It is sealed with a key that is not there, or not sealed as the others are.
        """
        name = self.name.encode("utf-8", "surrogatepass")
        try:
            thread = sealer.open(name if self.sealed is None else self.sealed, name)
        except DatabaseError as error:
            where = f"line {self.id}, the id of its thread"
            raise DatabaseError(where, got=error.got, expected=error.expected, fix=error.fix) from error
        try:
            return Line(self.id, LineKey(thread.decode("utf-8", "surrogatepass"), self.namespace), *self[4:])
        except UnicodeDecodeError as error:
            raise DatabaseError(
                f"line {self.id}",
                got="a thread's id that is no text",
                expected="a row that quorate wrote",
                fix="find out what changed it, and go on from a backup",
            ) from error


def lines_of(rows: Iterable[LineRow], sealer: Sealer, refused: Refused | None) -> list[Line]:
    """Lines of their rows, those written last first: see `Reader.lines`."""
    found: list[Line] = []
    for row in rows:
        try:
            found.append(row.open(sealer))
        except DatabaseError as error:
            if refused is None:
                raise
            refused(error)
    return sorted(found, key=lambda line: line.head or 0, reverse=True)
