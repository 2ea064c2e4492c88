"""Column: how the arguments of a row are laid out as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...contracts import DatabaseError

__all__ = ["KEY", "OURS", "ROW", "SEQ", "Kind", "Layout", "as_row", "check_name", "from_row", "lay_out", "matches"]

Kind = Literal["text", "number", "json"]
"""What a column holds. `text` and `json` take every value, in that form; `number` takes numbers and booleans."""

KEY, SEQ, ROW = "key", "quorate_seq", "quorate_row"
"""The columns that every table has: the idempotency key, the order of arrival, the exact JSON of the arguments."""

OURS = frozenset({KEY, SEQ, ROW})

_LONGEST_NAME = 63  # bytes; Postgres cuts a longer one off, and two could become one


@dataclass(frozen=True, slots=True)
class Layout:
    """The arguments of one row by column, and what has to be done to the table first."""

    values: Mapping[str, Any]
    """The value of each column, ready to be stored."""
    new: Mapping[str, Kind]
    """Columns to add."""
    widened: tuple[str, ...]
    """Columns of numbers to turn into text."""


def check_name(name: str, where: str) -> None:
    """Check that a table or a column can be called so.

    Raises:
        DatabaseError: It cannot.
    """
    size = len(name.encode("utf-8", "replace"))
    if not 1 <= size <= _LONGEST_NAME or "\0" in name or not _encodable(name):
        raise DatabaseError(
            where,
            got=f"the name {name!r}",
            expected=f"1 to {_LONGEST_NAME} bytes of text without a NUL",
            fix="choose another name",
        )


def lay_out(known: Mapping[str, Kind], row: str, where: str) -> Layout:
    """The columns for a row, given as its exact JSON, in a table that has the `known` ones.

    Names that differ only in the case of ASCII letters are one column, as in SQLite. A column for an argument
    that is None is added when a row first has a value for it.

    Raises:
        DatabaseError: A name cannot be a column, is one of quorate's own, or is there twice.
    """
    names = {_fold(name): name for name in known}
    values: dict[str, Any] = {}
    new: dict[str, Kind] = {}
    widened: list[str] = []
    for argument, value in json.loads(row).items():
        check_name(argument, where)
        column = names.setdefault(_fold(argument), argument)
        if _fold(argument) in OURS or column in values:
            raise DatabaseError(
                where,
                got=f"an argument {argument!r}",
                expected=f"names apart from one another and from {', '.join(sorted(OURS))}, in any case",
                fix="rename the argument",
            )
        kind = known.get(column) or _kind_of(value)
        if kind == "number" and _kind_of(value) != "number" and value is not None:
            kind = "text"
            widened.append(column)
        if column not in known and value is not None:
            new[column] = kind
        values[column] = _stored(value, kind)
    added = {column: value for column, value in values.items() if column in known or column in new}
    return Layout(added, new, tuple(widened))


def matches(known: Mapping[str, Kind], where: Mapping[str, Any]) -> dict[str, Any] | None:
    """The stored value of each column that `where` names; None where no row can have these values."""
    names = {_fold(name): name for name in known}
    found: dict[str, Any] = {}
    for argument, value in where.items():
        column = names.get(_fold(argument))
        if column is None:
            if value is not None:
                return None
            continue
        kind = known[column]
        if kind == "number" and _kind_of(value) != "number" and value is not None:
            return None
        found[column] = _stored(value, kind)
    return found


def as_row(args: Mapping[str, Any], where: str) -> str:
    """The exact JSON of the arguments, in ASCII.

    Raises:
        DatabaseError: They are not plain JSON data.
    """
    try:
        return json.dumps(dict(args), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DatabaseError(
            where, got=str(error), expected="plain JSON data", fix="turn it into text, numbers, lists and dicts first"
        ) from error


def from_row(key: str, row: str) -> dict[str, Any]:
    """The row that is given back, from its key and its exact JSON."""
    return {KEY: key, **json.loads(row)}


def _kind_of(value: Any) -> Kind:
    match value:
        case bool() | float():
            return "number"
        case int():
            return "number" if -(2**63) <= value < 2**63 else "text"
        case dict() | list() | tuple():
            return "json"
        case _:
            return "text"


def _stored(value: Any, kind: Kind) -> Any:
    match kind, value:
        case _, None:
            return None
        case "number", bool():
            return int(value)
        case "number", _:
            return value
        case "text", str():
            return _printable(value)
        case _:
            return _printable(json.dumps(value, sort_keys=True, ensure_ascii=False))


def _printable(text: str) -> str:
    # Postgres stores neither a NUL nor half of a surrogate pair as text; the exact row keeps both.
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fold(name: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in name)
