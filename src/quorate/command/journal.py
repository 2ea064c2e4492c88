"""Journal: the commands `quorate journal list` and `quorate journal show`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..contracts import InputError, JournalEntry, dump
from .location import Location
from .printable import LONGEST_ID, id_of, line_of, local_time, printable
from .screen import console, heading, listing, unbroken

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..contracts import Journal

__all__ = ["list_threads", "show_entries"]

_NUMBERS = ("tokens in", "out", "US$", "seconds")
_DATED = 72
"""Columns of a terminal from which on there is room to say when."""


def list_threads(location: Location, *, as_json: bool) -> None:
    """Print the threads that have entries."""
    with location.open_to_read() as database:
        found = database.journal.threads()
    if as_json:
        for each in found:
            print(json.dumps(each._asdict()))  # noqa: T201 (the result)
        return
    if found:
        table = listing("thread", "entries", "from", "to")
        table.columns[1].justify = "right"
        for each in found:
            name = id_of(each.thread, LONGEST_ID)
            table.add_row(name, f"{each.entries:,}", local_time(each.first), local_time(each.last))
        unbroken(table)
        console().print(table)
    entries = sum(each.entries for each in found)
    said = f"{len(found)} thread{'s' * (len(found) != 1)} with {entries:,} entr{'y' if entries == 1 else 'ies'}"
    console().print(f"{said} in {location.shown}", soft_wrap=True)


def show_entries(location: Location, prefix: str, *, turn: int | None, full: bool, as_json: bool) -> None:
    """Print the entries of a thread.

    Raises:
        InputError: There is no such thread in the journal, or no such turn.
    """
    with location.open_to_read() as database:
        thread = _find(database.journal, prefix, location)
        entries = [each for each in database.journal.entries(thread) if turn is None or each.turn == turn]
    if not entries:
        raise InputError(
            f"thread {thread!r}",
            got=f"no entry of turn {turn}",
            expected="a turn in which something was asked",
            fix="leave --turn out for all",
        )
    if as_json:
        for each in entries:
            print(json.dumps(dump(each)))  # noqa: T201 (the result)
        return
    screen = console()
    screen.print(heading(id_of(thread)))
    screen.print(_table(entries, screen.width))
    if full:
        for number, each in enumerate(entries, 1):
            _show(screen, number, each)
    screen.print(_sum(entries), soft_wrap=True)


def _table(entries: Sequence[JournalEntry], width: int) -> Table:
    dated = width >= _DATED
    table = listing("", "turn", "agent", "asked", *_NUMBERS, *(["at"] if dated else []), "")
    for column in (0, 1, *range(4, 8)):
        table.columns[column].justify = "right"
    for column in table.columns:
        column.overflow = "fold"
    for number, each in enumerate(entries, 1):
        notes = [f"failed: {each.error}"] if each.error else []
        notes += [f"without {', '.join(each.redacted)}"] if each.redacted else []
        is_model = each.kind == "model"
        table.add_row(
            str(number),
            str(each.turn),
            line_of(each.agent, 24),
            line_of(each.name if is_model else f"{each.kind} {each.name}", 32),
            f"{each.input_tokens:,}" if is_model else "",
            f"{each.output_tokens:,}" if is_model else "",
            "" if each.usd is None else f"{each.usd:.4f}",
            f"{each.seconds:.2f}",
            *([local_time(each.at)] if dated else []),
            line_of("; ".join(notes), 60),
        )
    return table


def _show(screen: Console, number: int, entry: JournalEntry) -> None:
    screen.print()
    screen.print(heading(f"{number}  {entry.kind} {entry.name}  {entry.digest[:12]}"))
    for title, data in (("request", entry.request), ("answer", entry.response)):
        screen.print(f"{title}:", soft_wrap=True)
        screen.print(printable(json.dumps(data, indent=2, ensure_ascii=False)), soft_wrap=True, markup=False)
    screen.print()


def _sum(entries: Sequence[JournalEntry]) -> str:
    sent, received = sum(each.input_tokens for each in entries), sum(each.output_tokens for each in entries)
    costs = [each.usd for each in entries if each.usd is not None]
    cost = f", US$ {sum(costs):.4f}" if costs else ""
    count = f"{len(entries):,} entr{'y' if len(entries) == 1 else 'ies'}"
    return f"{count}: {sent:,} tokens in, {received:,} out{cost}, {sum(each.seconds for each in entries):.2f} seconds"


def _find(journal: Journal, prefix: str, location: Location) -> str:
    names = [each.thread for each in journal.threads()]
    found = [prefix] if prefix in names else sorted(name for name in names if name.startswith(prefix))
    if len(found) == 1:
        return found[0]
    raise InputError(
        f"thread {prefix!r}",
        got=f"{len(found)} threads in the journal that begin so",
        expected="the id of one thread, or as much of it as is unique",
        fix="give more of it" if found else f"look it up: {location.command('journal', 'list')}",
    )
