"""ThreadFile: a thread as a file of JSON lines, written and read one line at a time.

The first line says what it is, and where the thread's lines stood in the database that it comes from. Then come the
blobs that it refers to, its events in their order, and a line that says that it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from ...contracts import BlobStore, InputError, blob_digest
from ..blobs.blob_digests import digests_in
from ..log.content import content_of
from ..log.line import Line
from ..log.replica import Replica
from ..log.store import Reader
from ..log.thread_record import ThreadRecord
from ..log.thread_records import thread_records
from ..sealing.seal import Sealer
from .msgpack_json import decoded, encoded
from .thread_json import line_of, record_of

__all__ = ["FORM", "ThreadFile", "thread_lines"]

FORM = 1
"""The version of the form that is written, and the newest that is read."""


def thread_lines(
    reader: Reader, sealer: Sealer, lines: list[Line], blobs: BlobStore, at: datetime
) -> Iterator[dict[str, Any]]:
    """A thread, line by line.

    Args:
        reader: Reads of one moment; it must stay open.
        sealer: What opens the rows.
        lines: The thread's lines: at least one.
        blobs: Where the blobs are that it refers to.
        at: When this is.
    """
    yield {
        "quorate_thread": FORM,
        "thread": lines[0].key.thread,
        "exported_at": at.astimezone(UTC).isoformat(),
        "lines": [
            {
                "namespace": line.key.namespace,
                "events": line.events,
                "tip": (line.tip or b"").hex(),
                "head": line.head_id,
            }
            for line in lines
        ],
    }
    for digest in sorted(_digests(reader, sealer, lines)):
        if blobs.has(digest):
            yield {"type": "blob", "digest": digest, "base64": encoded(blobs.get(digest))}
    count = 0
    for record in thread_records(reader, sealer, lines):
        yield line_of(record)
        count += 1
    yield {"type": "end", "events": count}


def _digests(reader: Reader, sealer: Sealer, lines: list[Line]) -> set[str]:
    found: set[str] = set()
    for line in lines:
        for row in reader.events(line.id):
            found |= digests_in(content_of(sealer, line, row, str(line.key)))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    """A line of the file."""

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name}, line {self.number}"

    def wrong(self, got: str) -> InputError:
        return InputError(
            str(self),
            got=got,
            expected="a file that `quorate export` wrote, whole",
            fix="export the thread again, or take the file as it was written",
        )


class ThreadFile:
    """A thread that comes from a file. Nothing of it is believed before it was looked at.

    Args:
        lines: The lines of the file; they are read when they are needed.
        name: How errors call the file.

    Raises:
        InputError: It is not such a file, or one of a newer quorate.
    """

    def __init__(self, lines: Iterable[str], name: str) -> None:
        self._lines = _parsed(lines, name)
        place, first = next(self._lines, (_Place(name, 1), {}))
        self._last = place
        form = first.get("quorate_thread")
        if isinstance(form, int) and form > FORM:
            raise InputError(
                str(place),
                got=f"a thread in form {form}, which a newer quorate wrote",
                expected=f"form {FORM}, which this quorate reads",
                fix="upgrade quorate: pip install --upgrade quorate",
            )
        if form != FORM or not isinstance(first.get("thread"), str):
            raise place.wrong("something that is not an exported thread")
        self.thread: str = first["thread"]
        """The thread's id, in the database that it comes from."""

    def blobs(self) -> Iterator[bytes]:
        """The blobs, which come first.

        Raises:
            InputError: One is not what its digest says.
        """
        for place, line in self._lines:
            self._last = place
            if line.get("type") != "blob":
                self._lines = chain([(place, line)], self._lines)
                return
            try:
                content = decoded(line.get("base64"))
            except ValueError as error:
                raise place.wrong(str(error)) from error
            if blob_digest(content) != line.get("digest"):
                raise place.wrong("a blob that is not what its digest says")
            yield content

    def records(self, replica: Replica) -> Iterator[ThreadRecord]:
        """The events; `replica` is where they are written, each before the next is asked for.

        Raises:
            InputError: A line tells of no event, or of one that cannot be there, or the end is missing.
        """
        for count, (place, line) in enumerate(self._lines):
            self._last = place
            if line.get("type") == "end":
                if line.get("events") != count:
                    raise place.wrong(f"{count} events, and an end that tells of {line.get('events')}")
                if next(self._lines, None) is not None:
                    raise place.wrong("lines after the end")
                return
            try:
                record = record_of(line, replica.value)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise place.wrong(f"a line that tells of no event: {error}") from error
            yield record
        raise self._last.wrong("a file that was cut off after this: its end is missing")


def _parsed(lines: Iterable[str], name: str) -> Iterator[tuple[_Place, Mapping[str, Any]]]:
    number = 0
    lines = iter(lines)
    while True:
        number += 1
        place = _Place(name, number)
        try:
            text = next(lines, None)
            if text is None:
                return
            if not text.strip():
                continue
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise place.wrong(f"a line that is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise place.wrong("a line that is no JSON object")
        yield place, found
