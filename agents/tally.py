"""Tally: what the attempts of a run took that failed, until it ends."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ..contracts import Usage
from .taken import sum_of

__all__ = ["Tally"]

_MOST = 4_096
"""How many runs are remembered that have not ended; those of a run that was stopped never do."""


class Tally:
    """What the failed attempts of an agent's runs took. It serves several threads and event loops."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, list[Usage]] = OrderedDict()
        self._lock = Lock()

    def add(self, step: str, attempt: Usage) -> None:
        """Remember an attempt of the run that began from this step."""
        if not step:
            return  # outside of a graph there is no other attempt
        with self._lock:
            self._runs.setdefault(step, []).append(attempt)
            while len(self._runs) > _MOST:
                self._runs.popitem(last=False)

    def knows(self, step: str) -> bool:
        """Whether an attempt of the run is remembered."""
        return step in self._runs

    def take(self, step: str) -> Usage | None:
        """All that was remembered of the run, which has ended; None where that is nothing."""
        if not self._runs:
            return None
        with self._lock:
            attempts = self._runs.pop(step, None)
        return sum_of(attempts) if attempts else None
