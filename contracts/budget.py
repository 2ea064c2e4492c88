"""Budget: how much an agent, a turn, a thread and a tenant may spend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from .spend import UNITS, Spend, Unit

__all__ = ["AtLimit", "Budget", "Budgets", "Price", "TenantBudget", "shown", "shown_spend"]

AtLimit = Literal["cheaper", "finish", "review"]
"""What happens to what an agent would have decided that there is no budget for.

`cheaper`: the agent whose contract says `instead_of` runs in its place, else it is decided without it. `finish`: it is
decided without it, no person is asked about fields, and the turn ends with what is settled. `review`: a person decides
what it writes.
"""

_HOUR = timedelta(hours=1)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Budget(_Part):
    """The most that may be spent; None for no bound."""

    tokens: int | None = Field(default=None, ge=0)
    """Tokens, sent to models and received."""
    usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """US dollars."""
    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Seconds that agents run; of two side by side both count."""
    steps: int | None = Field(default=None, ge=0)
    """Attempts of agents."""

    @cached_property
    def limits(self) -> Mapping[Unit, float]:
        """The bounds that there are, by unit."""
        return {unit: bound for unit in UNITS if (bound := getattr(self, unit)) is not None}

    def left(self, spent: Spend) -> dict[Unit, float]:
        """What is left of each bound; below 0 after an overrun."""
        return {unit: round(bound - spent.of(unit), 9) for unit, bound in self.limits.items()}

    def over(self, spent: Spend) -> tuple[Unit, ...]:
        """The units of which more is spent than it allows."""
        return tuple(unit for unit, left in self.left(spent).items() if left < 0)


class TenantBudget(Budget):
    """The most that may be spent on one tenant's account, in all threads together."""

    period: timedelta | None = None
    """The time back over which it counts, such as `P1D`, to the full hour before; None: for ever. 1 hour or more."""

    @field_validator("period")
    @classmethod
    def _check_period(cls, period: timedelta | None) -> timedelta | None:
        if period is not None and period < _HOUR:
            raise ValueError("`period` must be an hour or more, such as PT1H, P1D or P30D")
        return period


class Price(_Part):
    """What a model's tokens cost, in US dollars for a million."""

    input: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that are sent."""
    output: float = Field(ge=0, allow_inf_nan=False)
    """Tokens that come back."""
    cached: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Tokens sent that the provider reads from its cache; None for as much as `input`."""
    cache_write: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Tokens sent that the provider writes to its cache; None for as much as `input`."""


class Budgets(_Part):
    """Who may spend how much, and what happens at the limit."""

    agents: dict[str, Budget] = {}
    """By agent: in one turn."""
    turn: Budget = Budget()
    """In one turn, all agents together."""
    thread: Budget = Budget()
    """In one thread, all its turns together."""
    tenant: TenantBudget = TenantBudget()
    """On the account of one tenant, all its threads together."""
    at_limit: AtLimit = "review"
    """What happens to what there is no budget for."""
    prices: dict[str, Price] = {}
    """What models cost, by name, before what genai-prices knows."""

    def __bool__(self) -> bool:
        """Whether anything is bounded."""
        return any(budget.limits for _, budget in self.scopes) or bool(self.tenant.limits)

    @property
    def scopes(self) -> Iterator[tuple[str, Budget]]:
        """The budgets that the state alone tells about, each with its scope: `turn`, `thread`, `agent:<name>`."""
        yield "turn", self.turn
        yield "thread", self.thread
        for name, budget in self.agents.items():
            yield f"agent:{name}", budget

    @property
    def in_usd(self) -> bool:
        """Whether anything is bounded in US dollars."""
        return any("usd" in budget.limits for budget in (self.turn, self.thread, self.tenant, *self.agents.values()))


def shown(unit: Unit, amount: float) -> str:
    """An amount of a unit, for people: `1,204 tokens`, `$0.0125`, `2.5 s`, `3 steps`."""
    match unit:
        case "usd":
            return f"${amount:,.2f}" if abs(amount) >= 1 or not amount else f"${amount:,.9f}".rstrip("0")
        case "seconds":
            return f"{amount:,.3f}".rstrip("0").rstrip(".") + " s"
        case _:
            return f"{amount:,.0f} {unit.removesuffix('s') if amount == 1 else unit}"


def shown_spend(spend: Spend) -> str:
    """A spend for people, tokens and dollars where there are any: `1,204 tokens, $0.0125, 2.5 s, 3 steps`."""
    units: list[Unit] = [unit for unit in UNITS if spend.of(unit) or unit in ("seconds", "steps")]
    return ", ".join(shown(unit, spend.of(unit)) for unit in units)
