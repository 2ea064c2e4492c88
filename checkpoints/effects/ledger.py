"""The rules that every ledger keeps, wherever its entries are stored."""

from __future__ import annotations

import json
from typing import Any

from ...contracts import Entry, LedgerError

__all__ = ["as_json", "check_abandon", "must_finish"]


def as_json(key: str, what: str, value: Any) -> str:
    """The JSON text of the arguments or of the result of an effect.

    ASCII only: a NUL or half of a surrogate pair, which Postgres does not store, stays an escape.

    Raises:
        LedgerError: The value is not plain JSON data.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(
            f"ledger, key {key}",
            got=f"{what}: {error}",
            expected="plain JSON data",
            fix="turn it into text, numbers, lists and dicts first",
        ) from error


def must_finish(key: str, entry: Entry | None, result: str) -> bool:
    """Whether `result`, as JSON text, is still to be recorded; False where the same one is recorded already.

    Raises:
        LedgerError: The key was never begun, or is done with another result.
    """
    if entry is None:
        raise LedgerError(
            f"ledger, key {key}",
            got="the end of an effect that was never begun, or was abandoned",
            expected="begin before finish",
            fix="find out who executed it; it may have happened twice",
        )
    if entry.status == "executing":
        return True
    if entry.result != json.loads(result):
        raise LedgerError(
            f"ledger, key {key}",
            got="a second, different result",
            expected="one result for one key",
            fix=f"compare it with the one that thread {entry.thread!r} recorded; it may have happened twice",
        )
    return False


def check_abandon(key: str, entry: Entry | None) -> None:
    """Check that a key may be released; one that nobody holds may.

    Raises:
        LedgerError: Its effect is done.
    """
    if entry is not None and entry.status == "done":
        raise LedgerError(
            f"ledger, key {key}",
            got="abandon, after the effect was done",
            expected="abandon while it is executing",
            fix="leave the entry; undo the effect by another one",
        )
