"""Links: the chain of a line as it is found, with what the places where it breaks tell."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..log.digest import chain

__all__ = ["Break", "Links"]

_HASHES = 1_000_000
"""How many links are tried at most to find where an event belongs."""
_BREAKS = 1_000
"""How many breaks of a line are kept; of more their number is."""

Cause = Literal["changed", "copied", "inserted", "missing", "moved", "unproven", "unreadable"]
"""Why the chain breaks: see `Kind` of findings."""


@dataclass(slots=True)
class Break:
    """An event that does not follow from the one before it."""

    index: int
    """Its number in the line, from 0."""
    place: int
    """Its place in the log."""
    cause: Cause
    """Why, as far as it is known."""
    what: str
    """The same in words."""


class Links:
    """The chain of a line as it is found, row by row. It keeps 40 bytes of each.

    Args:
        origin: What the chain begins with.
        wanted: The number of an event, from 1, of which the digest is to be kept.
    """

    def __init__(self, origin: bytes, wanted: int | None = None) -> None:
        self._origin = origin
        self._wanted = wanted
        self._digests = bytearray()
        self._places = array("q")
        self._previous = origin
        self._instead: bytes | None = None
        self._open: list[tuple[Break, Sequence[bytes]]] = []
        self.events = 0
        """How many events there are, those that a row of pruned ones stands for included."""
        self.reached: bytes | None = None
        """The chain's digest at the event that was wanted."""
        self.unlisted = 0
        """How many breaks there are besides those that are kept."""

    def add(
        self, place: int, digest: bytes, contents: Sequence[bytes], because: tuple[Cause, str] | None = None
    ) -> bool:
        """Take the next row; whether it follows from the one before.

        Args:
            place: Its place.
            digest: The digest that is stored.
            contents: The content digests of the events that it stands for, made again; none where they cannot be.
            because: What is known already of why it may not follow.
        """
        index = len(self._places)
        if not isinstance(digest, bytes) or len(digest) != 32:
            digest = bytes(32)  # in SQLite it may be anything; this is no event's
        self._places.append(place)
        self._digests += digest
        self._count(digest, contents)
        expected = _after(self._previous, contents)
        instead, self._instead, self._previous = self._instead, None, digest
        if contents and expected == digest:
            return True
        if contents and instead is not None and _after(instead, contents) == digest:
            self._open[-1][0].what = "its digest is not the one that was stored"
            self._open[-1] = self._open[-1][0], ()
            return True
        if len(self._open) >= _BREAKS:
            self.unlisted += 1
            return False
        self._instead = expected if contents else None
        found = Break(index, place, *(because or ("changed", "its content is not what was stored")))
        self._open.append((found, () if because else contents))
        return False

    @property
    def tip(self) -> bytes | None:
        """The digest of the last event; None where there is none."""
        return bytes(self._digests[-32:]) or None

    def breaks(self, tip: bytes | None, events: int) -> Iterator[Break]:
        """What broke the chain, given what the line's row says of its last digest and of the number of its events."""
        belongs = {
            found.index: before
            for found, contents in self._open
            if contents and (before := self._before(found.index, contents)) is not None
        }
        foreign = self._foreign(belongs, tip) if self.events > events else set()
        missing = events - self.events + len(foreign)
        for found, contents in self._open:
            if found.index in foreign:
                continue
            if found.index in belongs:
                before = belongs[found.index]
                if before + 1 < found.index and foreign.issuperset(range(before + 1, found.index)):
                    continue  # it follows from the last one that is the line's own
                found.cause, found.what = "moved", self._belonging(before)
            elif contents and missing > 0:
                found.cause, found.what = "missing", _gone(missing)
            elif contents and found.index == 0:
                found.what += ", or the name of its thread or namespace is not"
            yield found
        for index in sorted(foreign):
            yield self._foreigner(index)

    def _count(self, digest: bytes, contents: Sequence[bytes]) -> None:
        """Count the events of a row, and keep the digest of the one that is wanted."""
        before = self.events
        self.events += max(len(contents), 1)
        if self._wanted is not None and before < self._wanted <= self.events:
            inside = self._wanted < self.events
            self.reached = _after(self._previous, contents[: self._wanted - before]) if inside else digest

    def _foreign(self, belongs: dict[int, int], tip: bytes | None) -> set[int]:
        """The events that are not the line's own: between two that follow from one another, or after its end."""
        foreign: set[int] = set()
        ends = self._at(tip)
        broken = {found.index for found, _ in self._open}
        for index, before in belongs.items():
            if before >= index:
                continue
            between = range(before + 1, index)
            if ends is not None and ends in between:
                # The line's end is before this one: it and what follows from it were added behind.
                last = next((other for other in range(index + 1, len(self._places)) if other in broken), None)
                foreign |= set(range(index, len(self._places) if last is None else last))
            elif not any(other in belongs for other in between):
                foreign |= set(between)
        if ends is not None and len(self._places) - ends <= _BREAKS:
            foreign |= {index for index in range(ends + 1, len(self._places)) if index not in belongs}
        return foreign

    def _foreigner(self, index: int) -> Break:
        original = self._at(self._digest(index), but=index)
        if original is None:
            return Break(index, self._places[index], "inserted", "quorate did not add it here")
        return Break(index, self._places[index], "copied", f"it is the event of place {self._places[original]} again")

    def _before(self, index: int, contents: Sequence[bytes]) -> int | None:
        """The number of the row that this one follows from; -1: it is the first; None: there is none."""
        digest = self._digest(index)
        if _after(self._origin, contents) == digest:
            return -1
        if len(self._places) * len(self._open) * len(contents) > _HASHES:
            return None
        others = (other for other in range(len(self._places)) if other not in (index, index - 1))
        return next((other for other in others if _after(self._digest(other), contents) == digest), None)

    def _belonging(self, before: int) -> str:
        return "it is the line's first event" if before < 0 else f"it belongs right after place {self._places[before]}"

    def _at(self, digest: bytes | None, but: int = -1) -> int | None:
        """The number of the event that has a digest."""
        start = 0
        while digest is not None and (found := self._digests.find(digest, start)) >= 0:
            if found % 32 == 0 and found // 32 != but:
                return found // 32
            start = found + 1
        return None

    def _digest(self, index: int) -> bytes:
        return bytes(self._digests[32 * index : 32 * index + 32])


def _after(digest: bytes, contents: Iterable[bytes]) -> bytes:
    """The chain's digest after events of these content digests."""
    for content in contents:
        digest = chain(digest, content)
    return digest


def _gone(count: int) -> str:
    rest = f"{count} events of the line are" if count > 1 else "one event of the line is"
    return f"what stood before it is gone, or its content is not what was stored: {rest} missing"
