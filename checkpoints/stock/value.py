"""StockValue: a value of a stock saver's row, as data in which no object is made."""

from __future__ import annotations

import json
from typing import Any

import ormsgpack

from ...contracts import DatabaseError
from ..log.request import Typed
from .json_rows import PACKING, json_value

__all__ = ["RefusedRow", "damaged", "stock_typed", "stock_value"]

_FIXES = {
    "pickle": "unpickling runs code that the row names, so that it is never done: leave the thread out by naming "
    "the others with --thread, or go on with it where it is",
    "msgpack+aes": "read the threads with their key and store them without one in a database that is removed "
    "afterwards, and import from there",
}


class RefusedRow(DatabaseError):
    """A stock saver's row that is not taken over; the others of its thread are not either."""


def stock_value(form: object, content: object, where: str) -> Any:
    """The value of a row as plain data; an object in it stays an `ormsgpack.Ext`, unopened.

    Args:
        form: The row's type: "msgpack", "json", "null", "bytes" or "bytearray".
        content: Its bytes; text is taken as UTF-8.
        where: How errors call the row.

    Raises:
        RefusedRow: The row is of another form, or damaged.
    """
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if data is None and form == "null":
        return None
    if not isinstance(data, bytes) or not isinstance(form, str):
        raise _refused(where, f"a value of the form {form!r} without bytes", "restore the row from a backup")
    match form:
        case "msgpack":
            return _unpacked(data, where)
        case "json":
            return _parsed(data, where)
        case "null":
            return None
        case "bytes":
            return data
        case "bytearray":
            return bytearray(data)
    raise _refused(where, f"a value of the form {form!r}", _FIXES.get(form, "find out who wrote it"))


def stock_typed(value: Any, where: str) -> Typed:
    """The value as quorate stores it.

    Raises:
        RefusedRow: MessagePack cannot hold it: an integer of more than 64 bits, lists more than about 250 deep.
    """
    match value:
        case None:
            return "null", b""
        case bytes():
            return "bytes", value
        case bytearray():
            return "bytearray", bytes(value)
    try:
        return "msgpack", ormsgpack.packb(value, option=PACKING)
    except (ValueError, TypeError) as error:
        raise damaged(where, error) from error


def _refused(where: str, got: str, fix: str) -> RefusedRow:
    """The error of a row that is not taken over."""
    return RefusedRow(where, got=got, expected="data, as LangGraph's savers store it: msgpack or json", fix=fix)


def damaged(where: str, error: object) -> RefusedRow:
    """The error of a row that cannot be read."""
    return _refused(where, f"a row that cannot be read: {error}", "restore the row from a backup")


def _unpacked(data: bytes, where: str) -> Any:
    try:
        return ormsgpack.unpackb(data, ext_hook=ormsgpack.Ext, option=ormsgpack.OPT_NON_STR_KEYS)
    except (ValueError, TypeError) as error:
        raise damaged(where, error) from error


def _parsed(data: bytes, where: str) -> Any:
    try:
        return json.loads(data, object_hook=json_value)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(where, error) from error
