"""Drain: the wish to stop, passed on to every graph that is running."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

from langgraph.runtime import RunControl

__all__ = ["Drain"]

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Drain:
    """The wish to stop: each graph that is running ends with the step in hand, and none is begun.

    A run that stops so raises LangGraph's `GraphDrained`. Its thread is unfinished, and goes on from its last
    checkpoint with `graph.invoke(None, config)`, in any process. Safe to use from several threads.

        drain = Drain()
        with drain.on_signals(), drain.control() as control:
            try:
                graph.invoke(given, config, durability="sync", control=control)
            except GraphDrained:
                sys.exit(75)  # come again
    """

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
        control = RunControl()
        self._controls.add(control)  # first: a signal may come between
        if self.requested:
            control.request_drain()
        try:
            yield control
        finally:
            self._controls.discard(control)

    def request(self) -> None:
        """Stop."""
        self.requested = True
        for control in tuple(self._controls):
            control.request_drain()

    @contextmanager
    def on_signals(self, *numbers: int) -> Iterator[None]:
        """Within it, the first SIGTERM or SIGINT requests the drain; the next one does what it did before.

        That is, as a rule, the end of the process in the middle of a step: what had not ended then runs again. Only
        the main thread can take signals; in another one nothing changes.

        Args:
            numbers: Other signals, in place of these two.
        """
        ours = (numbers or _SIGNALS) if current_thread() is main_thread() else ()
        before: dict[int, Any] = {}

        def stop(number: int, frame: FrameType | None) -> None:
            self.request()
            _restore(before)

        before.update({number: signal.signal(number, stop) for number in ours})
        try:
            yield
        finally:
            _restore(before)


def _restore(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        # None: it was not set by Python, and cannot be set again.
        signal.signal(number, signal.SIG_DFL if handler is None else handler)
