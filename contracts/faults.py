"""Faults: what is to go wrong, and how often, where a team is tried."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import PolicyError, ProfileError
from .policy_file import read_policy_file
from .record import canonical_json

__all__ = ["FaultRates", "Faults", "InjectedKind"]

InjectedKind = Literal[
    "death",
    "slow",
    "outage",
    "rate_limit",
    "partial",
    "conflicting",
    "malformed",
    "lost",
    "wrong",
    "duplicated",
]
"""What can be made to go wrong with a call of an agent, in the order in which it is.

`death`: the process is killed. `slow`: it takes `delay` seconds more. `outage`: it is not reached. `rate_limit`: it
answers 429 with Retry-After. `partial`: half of one input is missing. `conflicting`: one input says something else
than it does to the other agents. `malformed`: what it returns is no output. `lost`: its claims and effects never
arrive. `wrong`: its claims have other values, of the right type. `duplicated`: its claims arrive twice.
"""

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FaultRates(BaseModel):
    """How often each kind of fault happens to a call, as probabilities in [0, 1]."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    outage: Probability = 0.0
    """It is not reached: a `ConnectionError`."""
    rate_limit: Probability = 0.0
    """It is refused with the status 429 and a Retry-After of `retry_after` seconds."""
    malformed: Probability = 0.0
    """What it returns is cut off, and no output."""
    wrong: Probability = 0.0
    """Its claims have other values, of the field's type, with the same confidence and evidence."""
    slow: Probability = 0.0
    """It takes `delay` seconds more."""
    lost: Probability = 0.0
    """Its claims and effects never arrive."""
    duplicated: Probability = 0.0
    """Its claims arrive twice."""
    death: Probability = 0.0
    """The process is killed with SIGKILL before the call. Needs `deaths`."""
    partial: Probability = 0.0
    """Half of one of its inputs is missing: of a text, a list, a mapping."""
    conflicting: Probability = 0.0
    """One of its inputs says something else than it does to the other agents: another number, date, word."""


class Faults(FaultRates):
    """What is to go wrong, and how often: for all agents, and for some of them by name.

    Whether a fault happens to a call depends on the seed, the thread, the turn, the agent, the versions of the
    decisions that it reads and the attempt, and on nothing else: no order of calls and no clock changes it. A higher
    rate only adds faults.
    """

    seed: int = 0
    """Another seed, other calls."""
    delay: Seconds = 2.0
    """Seconds that a slow call takes more."""
    retry_after: Seconds = 1.0
    """Seconds that a rate limit asks to wait."""
    deaths: Path | None = None
    """The file in which each death is written down before it happens, so that what goes on afterwards gets past it; in
    a profile its path is relative to the profile."""
    agents: dict[str, FaultRates] = {}
    """Rates of single agents, by name; what an agent's entry leaves out is as for all."""

    @model_validator(mode="after")
    def _check_deaths(self) -> Self:
        if self.deaths is None and any(self.of(name).death for name in ("", *self.agents)):
            raise ValueError("beside `death` the key `deaths`, a file in which each is written down before it happens")
        return self

    def of(self, agent: str) -> FaultRates:
        """The rates for an agent: its own keys over those for all."""
        own = self.agents.get(agent)
        if own is None:
            return self
        shared = {name: getattr(self, name) for name in FaultRates.model_fields}
        return FaultRates(**{**shared, **{name: getattr(own, name) for name in own.model_fields_set}})

    def drawn(self, agent: str, place: Mapping[str, Any]) -> Iterator[InjectedKind]:
        """The faults that happen to a call, in the order of `InjectedKind`.

        Args:
            agent: Name of the agent.
            place: What tells the call from all others, as plain JSON data.
        """
        rates = self.of(agent)
        for kind in get_args(InjectedKind):
            rate = getattr(rates, kind)
            if rate and self.uniform(kind, agent, place) < rate:
                yield kind

    def uniform(self, kind: str, agent: str, place: Mapping[str, Any]) -> float:
        """The number in [0, 1) that decides; uniform over places."""
        text = canonical_json([self.seed, kind, agent, dict(place)])
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) / 2**64

    @classmethod
    def load(cls, path: str | Path) -> Faults:
        """The profile in a YAML file.

        Raises:
            ProfileError: The file cannot be read, or a key in it is wrong; the message names the file and the key.
        """
        try:
            data = read_policy_file(path)
        except PolicyError as error:
            raise ProfileError(error.where, got=error.got, expected=error.expected, fix=error.fix) from error
        faults = cls.parse(data, where=str(path))
        if faults.deaths is None:
            return faults
        return faults.model_copy(update={"deaths": Path(path).parent / faults.deaths})

    @classmethod
    def parse(cls, data: Any, where: str = "faults") -> Faults:
        """The profile in plain data, as `load` gives it.

        Raises:
            ProfileError: A key or a rate is wrong; the message names it.
        """
        if not isinstance(data, dict):
            raise ProfileError(
                where,
                got=type(data).__name__,
                expected="a mapping from faults to rates",
                fix="write `outage: 0.1`, say",
            )
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place, words = ".".join(str(part) for part in first["loc"]), first["msg"].removeprefix("Value error, ")
            known = ", ".join(FaultRates.model_fields if len(first["loc"]) > 1 else cls.model_fields)
            raise ProfileError(
                f"{where}: {place}" if place else where,
                got=repr(first["input"])[:80] if place else "`death` alone",
                expected=f"one of {known}" if first["type"] == "extra_forbidden" else words,
                fix="correct it" if place else "write `deaths: deaths.txt`, say",
            ) from error
