"""Source: one file of the inbox, read as items."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from ..contracts import InputError, canonical_json, check_plain
from .item import Item, Unreadable, thread_id

__all__ = ["LARGEST", "LINES", "read_lines", "read_source"]

LARGEST = 50_000_000
"""The most bytes of a file, or of one line of a JSONL file."""

LINES = (".jsonl", ".ndjson")
"""Suffixes of files with one JSON object a line."""

_OBJECT = "a JSON object with the fields of the request"


def read_source(path: Path, *, text_field: bool) -> Iterator[Item | Unreadable]:
    """The items of a file; after a bad line of a JSONL file the rest goes on.

    Args:
        path: The file.
        text_field: Whether the request has a field `text`, which a text file fills.

    Raises:
        InputError: The file as a whole holds no request: it is missing, empty, binary, too large, truncated.
    """
    where = _shown(path)
    if path.suffix.lower() in LINES:
        _check_file(path)
        with path.open("rb") as file:
            yield from read_lines(where, path.stem, iter(lambda: file.readline(LARGEST + 1), b""))
        return
    content = _content(path)
    if path.suffix.lower() == ".json":
        yield from _json_items(where, path.stem, content)
    elif text_field:
        yield Item(where, thread_id(path.stem, content), {"text": _decode(where, content)})
    else:
        raise InputError(
            where,
            got="a text file",
            expected=f"{_OBJECT}: the request of this graph has no field `text`",
            fix="write it as .json or .jsonl",
        )


def read_lines(where: str, stem: str, lines: Iterable[bytes]) -> Iterator[Item | Unreadable]:
    """The items of JSON lines; blank ones do not count. A line that is too large comes in several parts."""
    number, found, too_large = 0, False, False
    for line in lines:
        number += not too_large
        place = f"{where}:{number}"
        if not too_large and line.strip():
            found = True
            try:
                _check_size(place, len(line))
                request = _object(place, _parse(where, _decode(place, line), number))
                yield Item(place, thread_id(stem, line.strip(), number), request)
            except InputError as error:
                yield Unreadable(error)
        too_large = len(line) > LARGEST and not line.endswith(b"\n")
    if not found:
        yield Unreadable(_empty(where, "one JSON object a line"))


def _json_items(where: str, stem: str, content: bytes) -> Iterator[Item | Unreadable]:
    data = _parse(where, _decode(where, content))
    if not isinstance(data, list):
        yield Item(where, thread_id(stem, content), _object(where, data))
        return
    if not data:
        raise InputError(where, got="an empty list", expected=f"{_OBJECT}, or a list of them", fix="fill or remove it")
    for number, each in enumerate(data, 1):
        place = f"{where}, item {number}"
        try:
            request = _object(place, each)
            yield Item(place, thread_id(stem, canonical_json(each).encode(), number), request)
        except InputError as error:
            yield Unreadable(error)


def _content(path: Path) -> bytes:
    size = _check_file(path)
    _check_size(_shown(path), size)
    content = path.read_bytes()
    if not content.strip():
        raise _empty(_shown(path), "a request")
    return content


def _check_file(path: Path) -> int:
    """The size of the file, in bytes."""
    if path.is_file():
        return path.stat().st_size
    where, expected = _shown(path), "a file or a folder"
    if path.is_dir():
        raise InputError(where, got="a folder that cannot be listed", expected=expected, fix="check its permissions")
    if path.exists():
        fix = "pipe JSON lines to `quorate run GRAPH -`"
        raise InputError(where, got="something that is not a plain file", expected=expected, fix=fix)
    raise InputError(where, got="no such file", expected=expected, fix="correct the path")


def _shown(path: Path) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode()  # a name need not be UTF-8


def _check_size(where: str, size: int) -> None:
    if size > LARGEST:
        raise InputError(
            where,
            got=f"{size / 1e6:.1f} MB" if size > LARGEST + 1 else f"more than {LARGEST / 1e6:.0f} MB",
            expected=f"at most {LARGEST / 1e6:.0f} MB",
            fix="split it, or pass what is large by reference",
        )


_CONVERT = "convert it: iconv -f LATIN1 -t UTF-8, say; an image or a PDF has to be read into text first"


def _decode(where: str, content: bytes) -> str:
    at = content.find(b"\0")
    if at >= 0 and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(
            where, got=f"binary data (a NUL at byte {at})", expected="text in UTF-8", fix="convert it to text or JSON"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        byte, line = content[error.start], content.count(b"\n", 0, error.start) + 1
        raise InputError(
            where if content.count(b"\n") <= 1 else f"{where}:{line}",
            got=f"the byte 0x{byte:02x}, which is not UTF-8",
            expected="text in UTF-8",
            fix="convert it: iconv -f UTF-16 -t UTF-8 (it begins as UTF-16 does)" if wide else _CONVERT,
        ) from error


def _parse(where: str, text: str, line: int = 0) -> Any:
    """The JSON value; `line` is the line of the text in its file, where it is not the whole file."""
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(data, ensure_ascii=False).encode()
        check_plain(data)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
        raise InputError(
            f"{where}:{line or error.lineno}",
            got=f"{'truncated' if cut else 'invalid'} JSON: {error.msg}, column {error.colno}",
            expected=_OBJECT,
            fix="fetch the whole file again" if cut else "correct it",
        ) from error
    except UnicodeEncodeError as error:
        raise InputError(
            where, got="half of a surrogate pair (\\ud800)", expected="text in UTF-8", fix="correct the escape"
        ) from error
    except (ValueError, RecursionError) as error:
        got = "too deeply nested JSON" if isinstance(error, RecursionError) else f"invalid JSON: {error}"
        place = f"{where}:{line}" if line else where
        raise InputError(place, got=got, expected=_OBJECT, fix="correct it") from error
    return data


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _object(where: str, data: Any) -> dict[str, Any]:
    if isinstance(data, dict):
        return data
    kinds = {list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    got = kinds.get(type(data), "a number")
    raise InputError(where, got=got, expected=_OBJECT, fix="write an object")


def _empty(where: str, expected: str) -> InputError:
    return InputError(where, got="an empty file", expected=expected, fix="fill it, or remove it")
