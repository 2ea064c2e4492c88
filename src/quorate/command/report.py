"""Report: what came of a run, as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import Spend
from ..contracts.budget import shown_spend
from .outcome import Outcome, OutcomeStatus
from .printable import line_of, text_of
from .screen import heading, listing, status_text, unbroken

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["question_line", "show_report", "summary"]

_LONGEST = 60
"""The most characters of a value in a cell; the terminal's width may leave less."""

_LONGEST_PLACE = 40
"""The most characters of a file's name that stands beside its reason; a longer one stands above it."""

_BAD = ("unsettled", "halted", "failed", "unfinished")


def show_report(screen: Console, outcomes: Sequence[Outcome], fields: Iterable[str]) -> None:
    """Print what was settled, what waits for a person and why, what was rejected and why, and what went wrong.

    Args:
        screen: Where to print.
        outcomes: What came of the items, in the order of the inbox.
        fields: Names of the outcome's fields, in their order.
    """
    by_status: dict[str, list[Outcome]] = {}
    for each in outcomes:
        by_status.setdefault(each.status, []).append(each)
    if settled := by_status.get("settled"):
        _section(screen, "Settled", len(settled), _settled(settled, fields))
    if waiting := by_status.get("waiting"):
        _section(screen, "Waiting for a person", len(waiting), _waiting(waiting))
    if rejected := by_status.get("rejected"):
        _section(screen, "Rejected", len(rejected), _rejected(rejected))
    if bad := [each for status in _BAD for each in by_status.get(status, ())]:
        _section(screen, "Not settled", len(bad), _unsettled(bad))
    if repeated := by_status.get("repeated"):
        _section(screen, "Repeated inputs", len(repeated), _rejected(repeated))


def summary(outcomes: Sequence[Outcome], *, left: int, seconds: float, database: str) -> str:
    """The last line: how many of each, the faults and duplicates among them, and where it is all kept."""
    counts = Counter(each.status for each in outcomes)
    order: tuple[OutcomeStatus, ...] = (
        "settled",
        "waiting",
        "rejected",
        "unsettled",
        "halted",
        "failed",
        "unfinished",
        "stopped",
        "repeated",
    )
    parts = [f"{counts[status]} {status}" for status in order if counts[status]]
    if left:
        parts.append(f"{left} not begun")
    duplicates = sum(bool(each.duplicates) for each in outcomes)
    faults = sum(_faults(each) for each in outcomes)
    before = sum(not each.ran for each in outcomes if each.thread and each.status != "repeated")
    notes = [
        f"{duplicates} duplicate{'s' * (duplicates != 1)}" if duplicates else "",
        f"{faults} fault{'s' * (faults != 1)}" if faults else "",
        f"{before} from before" if before else "",
    ]
    spent = Spend.total(each.view.turn.spent for each in outcomes if each.view is not None and each.ran)
    notes.append(shown_spend(Spend(spent.tokens, spent.usd)).partition(", 0 s")[0] if spent.tokens or spent.usd else "")
    total = len(outcomes) + left
    line = f"{total} input{'s' * (total != 1)}: {', '.join(parts) or 'nothing to do'}"
    return "; ".join([line, *([", ".join(filter(None, notes))] if any(notes) else []), f"{seconds:.1f} s; {database}"])


def question_line(question: OpenQuestion) -> str:
    """What a question proposes: values by field, or an effect with its arguments."""
    proposed = ", ".join(f"{name}: {text_of(value, 40)}" for name, value in question.proposed.items())
    return line_of(f"{question.effect} ({proposed})" if question.effect else proposed, 120)


def _section(screen: Console, title: str, count: int, table: Table) -> None:
    screen.print(heading(f"{title} ({count})"))
    screen.print(table)
    screen.print()


def _settled(outcomes: Sequence[Outcome], fields: Iterable[str]) -> Table:
    names = [name for name in fields if _is_scalar([each.values.get(name) for each in outcomes])]
    notes = [_note(each) for each in outcomes]
    table = listing("thread", *names, *(["note"] if any(notes) else []))
    for name, column in zip(names, table.columns[1:], strict=False):
        if all(_is_number(each.values.get(name)) for each in outcomes):
            column.justify = "right"
    for each, note in zip(outcomes, notes, strict=True):
        cells = [each.thread, *(text_of(each.values.get(name), _LONGEST) for name in names)]
        table.add_row(*(_cut(cell) for cell in cells), *([_cut(note)] if any(notes) else []))
    return table


def _cut(cell: str) -> Text:
    from rich.text import Text

    # Said of the cell and not of the column: so rich takes the room from the widest columns first.
    return Text(cell, no_wrap=True, overflow="ellipsis")


def _note(outcome: Outcome) -> str:
    same = [f"duplicate of {each.removeprefix('already done by ')}" for each in outcome.duplicates]
    faults = _faults(outcome)
    return line_of("; ".join([*same, *([f"{faults} fault{'s' * (faults != 1)}"] if faults else [])]))


def _faults(outcome: Outcome) -> int:
    """How many agents or effects failed; a refused request is shown as rejected."""
    return sum(fault.kind != "request" for fault in outcome.view.turn.faults) if outcome.view else 0


def _waiting(outcomes: Sequence[Outcome]) -> Table:
    table = listing("thread", "proposed", "why")
    table.columns[1].overflow = "fold"
    for each in outcomes:
        for question in each.view.questions if each.view else ():
            table.add_row(each.thread, question_line(question), line_of(question.reason))
    unbroken(table)
    return table


def _rejected(outcomes: Sequence[Outcome]) -> Table:
    from rich.padding import Padding
    from rich.table import Table

    if all(len(each.where) <= _LONGEST_PLACE for each in outcomes):
        table = listing("input", "why")
        for each in outcomes:
            table.add_row(line_of(each.where), _why(each))
        unbroken(table)
        return table
    stacked = Table.grid()
    stacked.add_column(overflow="fold")
    for each in outcomes:
        stacked.add_row(line_of(each.where))
        stacked.add_row(Padding(_why(each), (0, 0, 0, 2)))
    return stacked


def _unsettled(outcomes: Sequence[Outcome]) -> Table:
    table = listing("thread", "status", "why")
    for each in outcomes:
        table.add_row(each.thread, status_text(each.status), _why(each))
    unbroken(table)
    return table


def _why(outcome: Outcome) -> Text:
    from rich.text import Text

    why = Text(line_of(outcome.reason), overflow="fold")
    return why.append(f"\nFix: {line_of(outcome.fix)}", style="dim") if outcome.fix else why


def _is_scalar(values: Sequence[Any]) -> bool:
    return any(value is not None for value in values) and not any(isinstance(value, dict | list) for value in values)


def _is_number(value: Any) -> bool:
    if value is None:
        return True
    try:
        Decimal(str(value))
    except InvalidOperation:
        return False
    return not isinstance(value, bool)
