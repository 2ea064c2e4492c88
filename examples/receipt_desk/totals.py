"""Readers of the total: by label, from the payment, by arithmetic, by repetition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations

from .layout import Layout
from .money import Kind, Money, money_on
from .reading import Reader, Reading

__all__ = ["TOTAL_READERS"]

_LABELS: tuple[Kind, ...] = ("rounded", "final", "plain", "incl", "sub")
_CENT = Decimal("0.01")
_ROUNDING = Decimal("0.05")
"""Cash totals are rounded to this step, so two sums that differ by less may be the same."""


def total_after_label(page: Layout) -> Iterator[Reading]:
    """The amount after the label that most clearly says total, outside the table of tax rates."""
    money = [m for m in money_on(page) if m.value > 0]
    outside = [m for m in money if not m.summary] or money
    for rank, kind in enumerate(_LABELS):
        found = [m for m in outside if m.kind == kind and m.last] or [m for m in outside if m.kind == kind]
        if not found:
            continue
        best = found[-1]
        others = {m.value for m in outside if m.kind in _LABELS[rank:-1]} - {best.value}
        how = f"{kind}, {'alone' if not others else 'among others'}"
        yield Reading("total", best.value, how, (best.word,), f"after the label {best.label!r}")
        return


def total_from_change(page: Layout) -> Iterator[Reading]:
    """Cash received minus change given, where the page prints the result too."""
    money = money_on(page)
    values = {m.value for m in money if m.kind not in ("cash", "change")}
    for change in (m for m in money if m.kind == "change"):
        before = [m for m in money if m.line <= change.line and m.word != change.word and not m.summary]
        cash = [m for m in before if m.kind in ("cash", "card") and abs(m.value) >= abs(change.value) and m.value]
        if not cash:
            continue
        paid = cash[-1]
        value = abs(paid.value) - abs(change.value)
        if value > 0 and value in values:
            how = "nothing back" if not change.value else "cash back"
            yield Reading(
                "total", value, how, (paid.word, change.word), f"{abs(paid.value)} paid, {abs(change.value)} change"
            )
            return


def total_from_payment(page: Layout) -> Iterator[Reading]:
    """The amount that was paid by card or in exact cash, where the page prints it elsewhere too."""
    money = [m for m in money_on(page) if not m.summary]
    if any(m.kind == "change" and m.value for m in money):
        return
    for kind in ("card", "cash"):
        paid = [m for m in money if m.kind == kind and m.value]
        if paid:
            value = abs(paid[-1].value)
            if any(m.value == value for m in money if m.kind not in ("card", "cash")):
                yield Reading("total", value, kind, (paid[-1].word,), f"paid under {paid[-1].label!r}")
            return


def total_from_parts(page: Layout) -> Iterator[Reading]:
    """The sum before tax, plus tax, service and rounding, minus discount, where the page prints the result too."""
    money = [m for m in money_on(page) if not m.summary]
    printed = {m.value for m in money if m.kind in _LABELS or m.kind in ("none", "card", "cash")}
    for kind in ("excl", "sub", "incl", "plain"):
        bases = [m for m in money if m.kind == kind and m.value > 0]
        parts = [m for m in money if m.kind in ("tax", "service", "rounding", "discount") and m.value][:6]
        for base in bases:
            for size in range(min(3, len(parts)), 0, -1):
                for some in combinations(parts, size):
                    value = base.value + sum(_signed(m) for m in some)
                    if value > 0 and value != base.value and value in printed:
                        how = f"{kind} + {size}"
                        words = (base.word, *(m.word for m in some))
                        yield Reading("total", value, how, words, f"{base.value} with tax, rounding or discount")
                        return


def _signed(part: Money) -> Decimal:
    return -abs(part.value) if part.kind == "discount" else part.value


def total_of_items(page: Layout) -> Iterator[Reading]:
    """The sum of the last amounts of the lines above the first total, where the page prints it."""
    money = money_on(page)
    first = next((m.line for m in money if m.kind in _LABELS or m.kind == "excl"), None)
    if first is None:
        return
    items = [m for m in money if m.line < first and m.last and m.kind in ("other", "none", "tax", "discount")]
    value = sum((m.value for m in items), Decimal(0))
    if not items or value <= 0:
        return
    below = [m.value for m in money if m.line >= first]
    near = [v for v in below if abs(v - value) < _ROUNDING]
    if not near:
        return
    value = next((v for v in reversed(near) if v == _rounded(value)), near[-1])
    how = "one line" if len(items) == 1 else "several lines"
    yield Reading("total", value, how, tuple(m.word for m in items), f"sum of {len(items)} lines")


def total_in_tax_table(page: Layout) -> Iterator[Reading]:
    """Net amounts plus taxes of the table of tax rates, where the page prints their sum."""
    money = money_on(page)
    table: dict[int, list[Money]] = {}
    for m in money:
        if m.summary and m.kind not in ("plain", "incl", "final", "cash", "card", "change", "discount"):
            table.setdefault(m.line, []).append(m)
    rows = [row[-2:] for row in table.values() if len(row) >= 2]
    value = sum((m.value for row in rows for m in row), Decimal(0))
    outside = {m.value for m in money if not m.summary}
    if not rows or value <= 0:
        return
    rounded = _rounded(value)
    printed = next((v for v in (rounded, value) if v in outside), None)
    if printed is not None:
        how = "same" if value == rounded else "rounded" if printed == rounded else "exact"
        words = tuple(m.word for row in rows for m in row)
        yield Reading("total", printed, how, words, "net amounts plus taxes of the tax table")


def _rounded(value: Decimal) -> Decimal:
    return (value / _ROUNDING).quantize(Decimal(1)) * _ROUNDING.quantize(_CENT)


def total_most_printed(page: Layout) -> Iterator[Reading]:
    """The amount that is printed most often in the lower part of the page; of several, the largest."""
    passed = ("tax", "rounding", "discount", "change", "excl")
    money = [m for m in money_on(page) if m.value > 0 and m.kind not in passed]
    lower = [m for m in money if page.boxes[m.word][1] > 0.3 * page.height]
    counts = Counter(m.value for m in lower)
    if not counts:
        return
    most = max(counts.values())
    leaders = [v for v, n in counts.items() if n == most]
    value = max(leaders)
    words = tuple(m.word for m in lower if m.value == value)
    how = f"{min(most, 4)} times, {'alone' if len(leaders) == 1 else 'among others'}"
    yield Reading("total", value, how, words, f"printed {most} times")


TOTAL_READERS = tuple(
    Reader(read.__name__, ("total",), read)
    for read in (
        total_after_label,
        total_from_change,
        total_from_payment,
        total_from_parts,
        total_of_items,
        total_in_tax_table,
        total_most_printed,
    )
)
