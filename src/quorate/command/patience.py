"""Patience: what is being done, on stderr, where it takes long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .printable import line_of
from .screen import errors

__all__ = ["EVERY", "patience"]

EVERY = 5.0
"""Seconds between two lines where stderr is no terminal."""


@contextmanager
def patience(clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str], None]]:
    """Give what is to be called with each thing that is begun: it is told, but of what is quick.

    On a terminal one line says what is being done, and is gone in the end; else there is a line every five seconds at
    most.

    Args:
        clock: The time in seconds, from any moment on.
    """
    screen = errors()
    if screen.is_terminal:
        with screen.status("") as status:
            yield lambda doing: status.update(line_of(doing, screen.width - 4))
        return
    last = clock()

    def tell(doing: str) -> None:
        nonlocal last
        if clock() - last >= EVERY:
            last = clock()
            screen.print(line_of(doing), soft_wrap=True)

    yield tell
