"""Purse: what is left of the budgets of a step, while its agents run side by side."""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from ...contracts import Spend, Unit
from ..run import Run

__all__ = ["Purse", "Purses"]

_MOST = 1_024
"""How many steps are remembered."""
_ROUNDING = 1e-9

Amounts = Mapping[str, float]


class Purse:
    """What is left of each budget of one step: each attempt sets its share aside before it begins, and settles it.

    Args:
        left: What was left before anything was set aside, by scope and unit.
        held: What the supervisor set aside for the first attempt of each agent, by unit.
    """

    def __init__(self, left: Mapping[str, Amounts], held: Mapping[str, Amounts]) -> None:
        self._left = {scope: dict(amounts) for scope, amounts in left.items()}
        self._lock = Lock()
        self._begun = dict.fromkeys(held, False)
        for agent, amounts in held.items():
            self._add(agent, amounts, -1)

    def take(self, agent: str, amounts: Amounts, *, first: bool = False) -> tuple[str, str, float] | None:
        """Set the amounts aside. None where there is room; else scope, unit, and what is left, and nothing is done.

        For the first attempt they are set aside already; not when it is made again, by a run that was stopped.
        """
        with self._lock:
            if first and not self._begun.get(agent, True):
                self._begun[agent] = True
                return None
            for scope in self._scopes(agent):
                for unit, amount in amounts.items():
                    left = self._left[scope].get(unit)
                    if left is not None and amount > 0 and amount > left + _ROUNDING:
                        return scope, unit, left
            self._add(agent, amounts, -1)
        return None

    def settle(self, agent: str, amounts: Amounts, spent: Spend) -> None:
        """Put what an attempt took in the place of what was set aside for it."""
        units: tuple[Unit, ...] = ("tokens", "usd", "seconds", "steps")
        with self._lock:
            self._add(agent, amounts, 1)
            self._add(agent, {unit: spent.of(unit) for unit in units}, -1)

    def _scopes(self, agent: str) -> Iterable[str]:
        return [scope for scope in ("turn", "thread", f"agent:{agent}") if scope in self._left]

    def _add(self, agent: str, amounts: Amounts, sign: int) -> None:
        for scope in self._scopes(agent):
            left = self._left[scope]
            for unit, amount in amounts.items():
                if unit in left:
                    left[unit] += sign * amount


class Purses:
    """The purses of a team's steps, and which calls are under way. They serve several threads and event loops."""

    def __init__(self) -> None:
        self._purses: OrderedDict[str, Purse] = OrderedDict()
        self._calls: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def calling(self, key: str) -> Iterator[str]:
        """The key to reserve a call under: the given one, or one of its own where that call is made twice at once."""
        with self._lock:
            if key in self._calls:
                key = uuid.uuid4().hex
            self._calls.add(key)
        try:
            yield key
        finally:
            with self._lock:
                self._calls.discard(key)

    def of(self, run: Run) -> Purse:
        """The purse of the step that the run is part of."""
        with self._lock:
            purse = self._purses.get(run.step) if run.step else None
            if purse is None:
                purse = self._purses[run.step] = Purse(run.left, run.held)
                while len(self._purses) > _MOST:
                    self._purses.popitem(last=False)
            return purse
