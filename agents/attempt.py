"""Attempt: what one call of an agent takes, from its beginning to its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from ..contracts import Spend, Usage
from .meter import Meter, metering
from .prices import Prices
from .said import sum_said
from .setting import Setting
from .taken import charged_of, taken_by

__all__ = ["Attempt"]

_NOTHING = Usage()


class Attempt:
    """Measures a call of an agent.

    Args:
        prices: What models cost.
        provider: Whose service the agent calls.
        before: What the agent said that it used, in answers that came to nothing; it may grow meanwhile.
    """

    def __init__(self, prices: Prices, provider: str, before: Sequence[Usage] = ()) -> None:
        self._prices, self._provider, self._before = prices, provider, before
        self._meter = Meter()
        self._started = _clock()

    def measured(self) -> Setting[Meter | None]:
        """Count what the models use that are called meanwhile."""
        return metering(self._meter)

    def taken(self, said: Usage = Usage()) -> Usage:  # noqa: B008 (frozen)
        """What it has taken so far.

        Args:
            said: What the agent says.
        """
        seconds = round(max(0.0, _clock() - self._started), 6)
        calls = self._meter.calls
        for each in self._before:
            said = sum_said(each, said)
        if not calls and said == _NOTHING:
            return Usage(usd=0.0, seconds=seconds)
        return replace(taken_by(calls, said, self._prices, self._provider), attempts=1, seconds=seconds)

    def charged(self, said: Usage = Usage()) -> Spend:  # noqa: B008 (frozen)
        """What of it is to be paid for: all but what a cache or a playback answered.

        Args:
            said: What the agent says.
        """
        return charged_of(self._meter.unpaid, self.taken(said), self._prices, self._provider)


def _clock() -> float:
    """The event loop's time where there is one, so that a virtual clock counts; else that of the process."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return time.monotonic()
