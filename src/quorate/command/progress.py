"""Progress: how far the work is, on stderr."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from .printable import line_of
from .screen import COLORS, errors

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["Progress", "progressing"]

_LONGEST_TITLE = 24


class Progress(Protocol):
    """How far the work is."""

    def advance(self, name: str, status: str) -> None:
        """One more is done."""
        ...

    def note(self, text: str) -> None:
        """Something that the user must know now."""
        ...

    def restore(self) -> None:
        """Leave the terminal as it was, in a hurry."""
        ...


@contextmanager
def progressing(title: str, total: int, *, silent: bool) -> Iterator[Progress]:
    """A bar on a terminal, else a line for each; with `silent` notes only."""
    screen = errors()
    if silent or not screen.is_terminal:
        yield _Lines(screen, total, silent)
        return
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress
    from rich.table import Column

    counts = TextColumn("{task.fields[counts]}", table_column=Column(no_wrap=True, overflow="ellipsis"))
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        counts,
    )
    # What agents print appears above the bar.
    with RichProgress(*columns, console=screen) as bar:
        yield _Bar(screen, bar, bar.add_task(escape(line_of(title, _LONGEST_TITLE)), total=total, counts=""))


class _Lines:
    def __init__(self, screen: Console, total: int, silent: bool) -> None:
        self._screen, self._total, self._silent, self._done = screen, total, silent, 0

    def advance(self, name: str, status: str) -> None:
        self._done += 1
        if not self._silent:
            total = max(self._total, self._done)
            self._screen.print(f"[{self._done:>{len(str(total))}}/{total}] {line_of(name)}: {status}", soft_wrap=True)

    def note(self, text: str) -> None:
        self._screen.print(text, soft_wrap=True)

    def restore(self) -> None:
        pass


class _Bar:
    def __init__(self, screen: Console, bar: RichProgress, task: TaskID) -> None:
        self._screen, self._bar, self._task = screen, bar, task
        self._counts: Counter[str] = Counter()

    def advance(self, name: str, status: str) -> None:
        self._counts[status] += 1
        total = max(self._bar.tasks[0].total or 0, self._counts.total())
        counts = ", ".join(f"[{COLORS.get(each, 'default')}]{n} {each}[/]" for each, n in self._counts.most_common())
        self._bar.update(self._task, advance=1, total=total, counts=counts)

    def note(self, text: str) -> None:
        self._screen.print(text, soft_wrap=True)

    def restore(self) -> None:
        self._screen.show_cursor(True)
