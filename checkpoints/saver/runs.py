"""Runs: the runs of this process, by the runtime object that LangGraph passes with every call of one loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any

from ..fork_lock import ForkLock
from ..log.fence import occupied, over
from ..log.hold import Hold, Holds, number_of
from ..log.line import LineKey
from ..log.run import Load, Run
from ..sealing.seal import Sealer
from .loop import calling_loop, watch

__all__ = ["Runs"]

_RUNTIME = "__pregel_runtime"
"""Where LangGraph keeps the runtime of a loop in a config: one object from its first load to its last write."""

_OF_TASK = ":"
"""What LangGraph puts before the task's id in a namespace that a task's run alone has."""
_MOST = 4096
"""How many runs are remembered; of an older one only the parent of a checkpoint is compared."""
_SWEEP = 256
"""After how many new runs those whose end nothing has told are forgotten."""


class Runs:
    """The runs of this process, by the runtime object that LangGraph passes with every call of one loop.

    Args:
        holds: Which run is at work on which line, in all processes.
        sealer: What names threads.
    """

    def __init__(self, holds: Holds, sealer: Sealer) -> None:
        self._holds = holds
        self._sealer = sealer
        self._lock = ForkLock()
        self._known: dict[int, tuple[Any, Run]] = {}
        self._unsettled: set[LineKey] = set()

    def of(self, config: Mapping[str, Any]) -> Run | None:
        """The run that a config belongs to, if it is that of a loop that has read something.

        Raises:
            StaleThreadError: The run was broken off: another one may be at work by now.
        """
        runtime = config["configurable"].get(_RUNTIME)
        known = None if runtime is None else self._known.get(id(runtime))
        if known is None:
            return None
        if known[1].broken_off:
            raise over()
        return known[1]

    def reading(self, config: Mapping[str, Any], key: LineKey) -> None:
        """If a loop of LangGraph is about to read a line: let it begin only if no other is at work on the line.

        It counts as at work from its beginning until it is left, for whatever reason. A second one gets
        StaleThreadError before its first node runs, unless it asked for another checkpoint than the newest.
        """
        runtime = config["configurable"].get(_RUNTIME)
        if runtime is None or id(runtime) in self._known or (loop := calling_loop()) is None:
            return
        run = self._add(runtime)
        run.unsettled = partial(self._unsettled.add, key)
        run.event_loop = asyncio._get_running_loop()
        # By the name that a thread has in the database: in an encrypted one it tells nothing of the thread.
        number = number_of(self._sealer.names_of(key.thread)[0], key.namespace)
        # A namespace that names a task belongs to a run that holds the thread itself.
        run.hold = Hold(self._holds, number, run, shared=_OF_TASK not in key.namespace)
        run.watch = watch(loop, partial(self._begin, run, key), partial(self._end, run, id(runtime)))

    def prepare(self, config: Mapping[str, Any], key: LineKey) -> bool:
        """Ask, before a line is read, who is at work on it; whether all is written of the runs that have ended."""
        known = self._known.get(id(config["configurable"].get(_RUNTIME)))
        if known is not None and known[1].hold is not None:
            known[1].hold.prepare()
        if key not in self._unsettled:
            return True
        self._unsettled.discard(key)
        return False

    def loaded(self, config: Mapping[str, Any], key: LineKey, load: Load) -> None:
        """Remember what a loop found when it read a line; the first time counts."""
        runtime = config["configurable"].get(_RUNTIME)
        if runtime is not None:
            self._add(runtime).loads.setdefault(key, load)

    def close(self) -> None:
        """End all: what they still want to write cannot be written any more."""
        for _, run in self._known.copy().values():
            run.end()
        self._holds.close()

    def _begin(self, run: Run, key: LineKey) -> None:
        load = run.loads.get(key)
        where = None if run.hold is None or load is None else run.hold.take()
        if load is not None and where is not None and not load.addressed:
            raise occupied(key, load, where)

    def _end(self, run: Run, runtime: int, broken_off: bool) -> Future[None] | None:
        done = run.end(broken_off=broken_off)
        if broken_off:  # it stays known, so that what comes of it later can be refused
            return done
        # All that it had to write is written. Without a lock: the garbage collector may come by here.
        known = self._known.get(runtime)
        if known is not None and known[1] is run:
            del self._known[runtime]
        return done

    def _add(self, runtime: Any) -> Run:
        with self._lock:
            known = self._known.get(id(runtime))
            if known is None:
                # The runtime is kept alive, so that no other object gets its id while it is remembered.
                known = self._known[id(runtime)] = runtime, Run()
                if len(self._known) % _SWEEP == 0:
                    self._forget()
            return known[1]

    def _forget(self) -> None:
        # References: our tuple's, the local name's, and the argument's. A runtime that nobody else holds has ended.
        if len(self._unsettled) > _MOST:
            self._unsettled.clear()
        for number, (runtime, run) in self._known.copy().items():
            if run.watch is None and sys.getrefcount(runtime) <= 3:
                self._known.pop(number, None)
        while len(self._known) > _MOST:
            self._known.pop(next(iter(self._known)), None)
