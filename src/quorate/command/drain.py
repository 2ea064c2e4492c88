"""Drain: the wish to stop, passed on to every graph that is running."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import TYPE_CHECKING

from .exit_status import ExitStatus

if TYPE_CHECKING:
    from langgraph.runtime import RunControl

__all__ = ["Drain", "stopping_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Drain:
    """The wish to stop: each graph that is running ends with the step in hand, and none is begun."""

    def __init__(self) -> None:
        self.requested = False
        self._controls: set[RunControl] = set()

    @property
    def running(self) -> int:
        """How many graphs are running."""
        return len(self._controls)

    @contextmanager
    def control(self) -> Iterator[RunControl]:
        """The control to pass to one run of a graph."""
        from langgraph.runtime import RunControl

        control = RunControl()
        if self.requested:
            control.request_drain()
        self._controls.add(control)
        try:
            yield control
        finally:
            self._controls.discard(control)

    def request(self) -> None:
        """Stop."""
        self.requested = True
        for control in self._controls:
            control.request_drain()


@contextmanager
def stopping_on_signals(drain: Drain, *, on_first: Callable[[], None], on_second: Callable[[], None]) -> Iterator[None]:
    """Within it, the first Ctrl-C or SIGTERM requests the drain; the second ends the process at once.

    The checkpoints are durable at every step, so that nothing is lost by the second either.

    Args:
        drain: What to request.
        on_first: Called after the request; it tells the user.
        on_second: Called before the end; it leaves the terminal as it was.
    """
    loop = asyncio.get_running_loop()

    def stop(number: int, frame: FrameType | None) -> None:
        if drain.requested:
            on_second()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(ExitStatus.STOPPED)  # agents in threads cannot be cancelled, and an orderly end waits for them
        drain.request()
        loop.call_soon_threadsafe(on_first)

    # Not add_signal_handler: Windows has none, and the second signal must not wait until the loop is free.
    # Python lets only the main thread take signals.
    ours = _SIGNALS if current_thread() is main_thread() else ()
    before = {number: signal.signal(number, stop) for number in ours}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
