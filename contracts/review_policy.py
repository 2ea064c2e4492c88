"""Review policy: who is asked, how many must agree, and what becomes of a question that nobody answers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from .person import same_name

__all__ = ["ReviewPolicy", "Rung"]

Duration = Annotated[datetime.timedelta, Field(gt=datetime.timedelta(0), le=datetime.timedelta(days=3660))]
"""ISO 8601 (`PT4H`, `P2D`), or seconds; at most ten years."""

Name = Annotated[str, Field(pattern=r"\S")]


def _is_of_people(role: tuple[str, ...]) -> tuple[str, ...]:
    if not role:
        raise ValueError("at least one person in the role; name one, or take the role out")
    return role


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Rung(_Part):
    """A step of the ladder on which a question goes up."""

    after: Duration
    """Time since the question was first asked; where people disagree it goes up at once."""
    to: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Who is asked then as well: people, or roles."""


class ReviewPolicy(_Part):
    """Who is asked, how many must agree, and what becomes of a question that nobody answers."""

    reason_codes: tuple[str, ...] = ()
    """The reasons that may be given; empty for any."""
    reviewers: int = Field(default=1, ge=1, le=100)
    """How many different people must agree on the same value."""
    to: tuple[Name, ...] = ()
    """Who is asked first: people, or roles; empty for anybody."""
    roles: dict[Name, Annotated[tuple[Name, ...], AfterValidator(_is_of_people)]] = {}
    """The people of each role."""
    escalate: tuple[Rung, ...] = ()
    """Who is asked as well, and when; in the order of time. It takes the question from nobody."""
    deadline: Duration | None = None
    """Time since the question was first asked, after which it takes the default; without it, it waits."""
    default: Literal["leave", "reject"] = "leave"
    """What becomes of it then: never an approval.

    `leave`: the fields stay without a value, the effect is not executed, and the turn ends unsettled. `reject`: the
    same, as if a person had rejected it: what it was about is closed.
    """

    @model_validator(mode="after")
    def _check_ladder(self) -> Self:
        times = [rung.after for rung in self.escalate]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("`after` of each rung of `escalate` must be later than that of the one before")
        if times and self.deadline is not None and self.deadline <= times[-1]:
            raise ValueError("`deadline` must be later than `after` of the last rung of `escalate`")
        nested = sorted(name for people in self.roles.values() for name in people if name in self.roles)
        if nested:
            raise ValueError(f"`roles` hold people, and {nested[0]!r} is a role")
        if self.reviewers > self.most(self.to):
            may = self.most(self.to)
            raise ValueError(
                f"`reviewers` is {self.reviewers}, and {may} {'person' if may == 1 else 'people'} may answer"
            )
        return self

    def people(self, names: Iterable[str]) -> frozenset[str]:
        """The people behind names of people and roles, as `same_name` gives them."""
        return frozenset(same_name(person) for name in names for person in self.roles.get(name, (name,)))

    def most(self, to: Iterable[str]) -> int:
        """The most people that may answer a question that is put to these first; no bound where that is anybody."""
        first = self.people(to)
        return len(first.union(*(self.people(rung.to) for rung in self.escalate))) if first else 1_000_000_000
