"""Run: one execution of a graph, as the fence tells it from another."""

from __future__ import annotations

import secrets
import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from .line import LineKey

__all__ = ["Load", "Run", "Runs"]

_RUNTIME = "__pregel_runtime"
"""Where LangGraph keeps the runtime of a loop in a config: one object from its first load to its last write."""

_MOST = 4096
"""How many runs are remembered; of an older one only the parent of a checkpoint is compared."""
_SWEEP = 256
"""After how many new runs those that have ended are forgotten."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a run found when it read a line first."""

    head: str | None
    """Id of the newest checkpoint; None where there was none."""
    owner: int
    """The run that had written last."""
    addressed: bool
    """Whether it asked for another checkpoint than the newest: a replay, which forks."""


@dataclass(slots=True, eq=False)
class Run:
    """One execution of a graph."""

    token: int = field(default_factory=lambda: secrets.randbits(62) | 1)
    """Its number, random, never 0; told from those of other processes."""
    loads: dict[LineKey, Load] = field(default_factory=dict)
    """What it found in each line."""
    forked: set[LineKey] = field(default_factory=set)
    """The lines on which a replay has branched off already."""


class Runs:
    """The runs of this process, by the runtime object that LangGraph passes with every call of one loop."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: OrderedDict[int, tuple[Any, Run]] = OrderedDict()

    def of(self, config: Mapping[str, Any]) -> Run | None:
        """The run that a config belongs to, if it is that of a loop that has read something."""
        runtime = config["configurable"].get(_RUNTIME)
        known = None if runtime is None else self._known.get(id(runtime))
        return None if known is None else known[1]

    def loaded(self, config: Mapping[str, Any], key: LineKey, load: Load) -> None:
        """Remember what a loop found when it read a line; the first time counts."""
        runtime = config["configurable"].get(_RUNTIME)
        if runtime is None:
            return
        with self._lock:
            known = self._known.get(id(runtime))
            if known is None:
                # The runtime is kept alive, so that no other object gets its id while it is remembered.
                known = self._known[id(runtime)] = runtime, Run()
                if len(self._known) % _SWEEP == 0:
                    self._forget()
            known[1].loads.setdefault(key, load)

    def _forget(self) -> None:
        # References: our tuple's, the local name's, and the argument's. A runtime that nobody else holds has ended.
        for number, (runtime, _) in list(self._known.items()):
            if sys.getrefcount(runtime) <= 3:
                del self._known[number]
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
