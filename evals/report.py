"""The report: a suite's result as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .metric import CASE_METRICS, FIELD_METRICS
from .result import SuiteResult

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["render"]

_MOST_FAILURES = 10


def render(result: SuiteResult) -> Table:
    """The metrics by field, those of the suite, the gates, and the first failed cases."""
    from rich.table import Table

    page = Table.grid(padding=(0, 0, 1, 0))
    page.add_column()
    page.add_row(_rows(("field", *FIELD_METRICS), _field_rows(result), title=result.suite))
    page.add_row(_rows(("metric", "value"), ((name, _number(result.metrics[name])) for name in CASE_METRICS)))
    if result.gates:
        page.add_row(_rows(("gate", "bound", "value", "result"), _gate_rows(result)))
    failed = [case for case in result.cases if case.error]
    if failed:
        shown = [(case.id, case.error) for case in failed[:_MOST_FAILURES]]
        more = [("…", f"{len(failed) - _MOST_FAILURES} more")] if len(failed) > _MOST_FAILURES else []
        page.add_row(_rows(("failed case", "error"), [*shown, *more]))
    return page


def _rows(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], title: str | None = None) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(*columns, title=escape(title) if title else None, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _field_rows(result: SuiteResult) -> Iterable[tuple[str, ...]]:
    fields = [name.removesuffix(".accuracy") for name in result.metrics if name.endswith(".accuracy")]
    for field in fields:
        yield field, *(_number(result.metrics[f"{field}.{metric}"]) for metric in FIELD_METRICS)


def _gate_rows(result: SuiteResult) -> Iterable[tuple[str, ...]]:
    for gate in result.gates:
        yield gate.gate.metric, str(gate.gate), _number(gate.value), "pass" if gate.passed else "FAIL"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
