"""Loop: LangGraph's execution of a graph, told when it begins its work and when it has ended.

LangGraph tells a checkpointer what to read and to write, but not when a run has ended. Its loop object knows: the loop
reads its thread within `__enter__`, then calls `_first`, which is the first to write, and unwinds its exit stack
`stack` when it is left, for whatever reason, after all that it had still to write. So `calling_loop` looks a few
frames up for the loop that reads, and `watch` puts a step before its `_first` and one at the bottom of its stack.

Of these, `_first` and `stack` are no public names of LangGraph. Where they are missing, or a saver around this one
reads in another thread, no loop is found: runs are then known by what they write alone, and of two runs on a thread the
first to write goes on.
"""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import AsyncExitStack, ExitStack
from typing import Any

__all__ = ["calling_loop", "watch"]

_ENTERING = {"__enter__", "__aenter__"}
_FRAMES = 16
"""How far up the loop is looked for: savers that pass on to this one stand between."""
_SETTLE = 1.0
"""How long the end of a run waits at most, in seconds, until other processes know of it."""


def calling_loop() -> Any | None:
    """LangGraph's loop that is just reading its thread, further up on this stack; None where there is none."""
    frame = sys._getframe(1)
    for _ in range(_FRAMES):
        if frame.f_code.co_name in _ENTERING:
            loop = frame.f_locals.get("self")
            if isinstance(getattr(loop, "stack", None), (ExitStack, AsyncExitStack)) and hasattr(loop, "_first"):
                return loop
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None


def watch(loop: Any, begin: Callable[[], None], end: Callable[[bool], Future[None] | None]) -> object:
    """Call `begin` before the loop first writes, and `end` when it has ended or could not begin; `end` maybe twice.

    What `begin` raises keeps the loop from beginning. `end` is told whether the loop may have left writes behind that
    nobody waited for; the loop's end waits a little for what it gives. A loop that is gone without having been left, as
    one on an event loop that was closed, has ended too: keep what this gives to be told so.
    """
    first = loop._first

    def guarded(*args: Any, **options: Any) -> Any:
        del loop._first  # LangGraph's own, which this has hidden
        begun = False
        try:
            begin()
            begun = True
            return first(*args, **options)
        except BaseException:  # `__enter__` fails, so nothing will unwind the stack
            end(begun)
            raise

    def left(kind: type[BaseException] | None, *_: object) -> None:
        if (done := end(_cut(kind))) is not None:
            wait([done], _SETTLE)

    async def aleft(kind: type[BaseException] | None, *_: object) -> None:
        if (done := end(_cut(kind))) is not None:
            await asyncio.wait([asyncio.wrap_future(done)], timeout=_SETTLE)

    loop._first = guarded
    if isinstance(loop.stack, AsyncExitStack):
        loop.stack.push_async_exit(aleft)
    else:
        loop.stack.push(left)
    return weakref.ref(loop, lambda _: end(True))


def _cut(kind: type[BaseException] | None) -> bool:
    """Whether what ends a loop may have kept it from waiting for its writes: a cancellation, a signal."""
    return kind is not None and not issubclass(kind, Exception)
