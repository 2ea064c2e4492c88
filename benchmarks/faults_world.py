"""The seeded world that every design of `faults.py` is measured in: what each call of a model gives, takes and costs.

A draw belongs to `(seed, task, step, attempt, voter)` and to nothing else, so that no design and no order of calls
changes what another one meets. Wrong outputs of one step agree with each other with probability .3: each is the
step's common mistake with probability sqrt(.3), else one of its own.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "CARRIED",
    "LARGE",
    "LEVELS",
    "PROMPT",
    "RIGHT",
    "SMALL",
    "STEPS",
    "Call",
    "Model",
    "Outcome",
    "Rates",
    "World",
]

Outcome = Literal["right", "wrong", "outage", "rate_limit", "malformed", "crash"]
"""What one call of a model gives."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "first": (),
    "second": (),
    "extract": ("first", "second"),
    "reason": ("first", "second"),
    "check": ("first", "second"),
    "act": ("extract", "reason", "check"),
}
"""The steps of a task, each with the steps that it is carried in from: two retrievals, three side by side, the act."""
LEVELS = (("first", "second"), ("extract", "reason", "check"), ("act",))
"""The same, level by level."""
RIGHT = "right"
"""The right output of every step."""

PROMPT, CARRIED, ANSWER = 1.6, 1.2, 0.3
"""Kilotokens of a prompt of its own, of what is carried in, and of an answer."""
_IN, _OUT = 0.013, 0.052
_REFUSED = 120.0
_SIGMA, _SLOW, _THRICE = 0.22, 0.03, 3.0
_COMMON = math.sqrt(0.3)


@dataclass(frozen=True)
class Rates:
    """How often a call of the large model goes wrong, as probabilities."""

    outage: float = 0.012
    rate_limit: float = 0.014
    malformed: float = 0.018
    wrong: float = 0.014
    crash: float = 0.004
    burst: float = 0.25
    """How often the next attempt at a step meets the outage or the rate limit of the one before."""


@dataclass(frozen=True)
class Model:
    """A model beside the large one: what it takes of its price and time, and its own rates."""

    name: str
    price: float = 1.0
    time: float = 1.0
    malformed: float | None = None
    wrong: float | None = None

    def rates(self, world: World) -> tuple[tuple[Outcome, float], ...]:
        """The faults with their probabilities, those of the world's times its factor."""
        rates, times = world.rates, world.times
        return (
            ("outage", rates.outage * times),
            ("rate_limit", rates.rate_limit * times),
            ("malformed", (rates.malformed if self.malformed is None else self.malformed) * times),
            ("wrong", (rates.wrong if self.wrong is None else self.wrong) * times),
            ("crash", rates.crash * times),
        )


LARGE = Model("large")
SMALL = Model("small", price=0.15, time=0.5, malformed=0.03, wrong=0.04)


@dataclass(frozen=True)
class Call:
    """What one call gave."""

    outcome: Outcome
    """What came of it."""
    value: str
    """The output, or empty where there is none."""
    confidence: float
    """What the model reports of its own confidence, in [0, 1]; 0 where there is no output."""
    ms: float
    """How long it took, in milliseconds."""
    usd: float
    """What it cost, in US dollars."""


@dataclass(frozen=True)
class World:
    """One seed of the world: every draw of its tasks."""

    seed: int
    times: float = 1.0
    """Factor on every probability of a fault."""
    rates: Rates = Rates()

    def call(
        self,
        model: Model,
        task: int,
        step: str,
        *,
        attempt: int,
        voter: str,
        kilotokens: float,
        met: Outcome | None = None,
    ) -> Call:
        """One call of a model.

        Args:
            model: Which.
            task: Number of the task.
            step: The step of the task.
            attempt: Number of this voter's attempt at the step, from 1.
            voter: Who calls.
            kilotokens: Length of the prompt.
            met: The outage or the rate limit that the attempt before met at this step, if it met one.
        """
        draw = self.stream(task, step, attempt, voter)
        again, which, slow, common = (draw.random() for _ in range(4))
        factor = draw.lognormvariate(0, _SIGMA)
        outcome = _outcome(which, model.rates(self))
        if met is not None and again < self.rates.burst:
            outcome = met
        if outcome in ("outage", "rate_limit"):
            return Call(outcome, "", 0.0, _REFUSED, 0.0)
        ms = (205 + 96 * kilotokens) * model.time * factor * (_THRICE if slow < _SLOW else 1.0)
        usd = (_IN * kilotokens + _OUT * ANSWER) * model.price
        if outcome in ("malformed", "crash"):
            return Call(outcome, "", 0.0, ms, usd)
        if outcome == "right":
            return Call(outcome, RIGHT, draw.betavariate(8, 2), ms, usd)
        value = "mistake" if common < _COMMON else f"mistake of {voter} at attempt {attempt}"
        return Call(outcome, value, draw.betavariate(4, 3), ms, usd)

    def stream(self, task: int, step: str, attempt: int, voter: str) -> random.Random:
        """The stream of one call, or of whatever else belongs to these."""
        key = f"{self.seed}/{task}/{step}/{attempt}/{voter}".encode()
        return random.Random(int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()))


def _outcome(drawn: float, rates: tuple[tuple[Outcome, float], ...]) -> Outcome:
    for outcome, rate in rates:
        if drawn < rate:
            return outcome
        drawn -= rate
    return "right"
