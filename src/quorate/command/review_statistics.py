"""Review statistics: the command `quorate review --stats`."""

from __future__ import annotations

import dataclasses
import json

from ..evals.review_statistics import review_statistics
from .location import Location
from .printable import line_of
from .screen import console, listing

__all__ = ["show_statistics"]


def show_statistics(location: Location, *, as_json: bool) -> None:
    """Print how often people agree with what was proposed, and how long they take, by field and person."""
    with location.open_to_read() as database:
        found = review_statistics(database)
    if as_json:
        for each in found:
            print(json.dumps({**dataclasses.asdict(each), "agreement": each.agreement}))  # noqa: T201 (the result)
        return
    screen = console()
    table = listing("field", "reviewer", "answers", "agreed", "overridden", "median", "in bulk")
    for column in table.columns[2:]:
        column.justify = "right"
    for each in found:
        agreement = "" if each.agreement is None else f" {each.agreement:.0%}"
        counts = (str(each.answers), f"{each.agreed}{agreement}", str(each.overridden))
        table.add_row(line_of(each.field), line_of(each.reviewer), *counts, _time(each.median_seconds), str(each.bulk))
    if found:
        screen.print(table)
        screen.print()
    answers = sum(each.answers for each in found)
    screen.print(f"{answers} answer{'s' * (answers != 1)} in {location.shown}", soft_wrap=True)


def _time(seconds: float | None) -> str:
    """A time span for people: the largest unit that it has more than two of."""
    if seconds is None:
        return ""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
