"""Stopping: signals that end the command, after the step in hand or at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from ..graphs import Drain
from .exit_status import ExitStatus

__all__ = ["stopping_on_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
