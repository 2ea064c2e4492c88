"""Keep: which checkpoints of a line a prune leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ...contracts import InputError
from ..log.candidate import Candidate

__all__ = ["Keep", "Kept"]

Kept = Literal["none", "latest", "decided"] | int
"""What stays however old it is.

`none`: of a thread whose last turn has ended nothing, of any other its newest checkpoint.
`latest`: the newest checkpoint.
`decided`: that, and the last checkpoint of each turn that has ended.
A number: the newest so many.
"""

_LONGEST = timedelta(days=36500)
"""The oldest that anything is taken to be: before year 1 there are no dates."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Which checkpoints of a line a prune leaves. The newest one is always among them, but for `none`."""

    what: Kept = "latest"
    """What stays however old it is."""
    older_than: timedelta | None = None
    """Only what is older than this goes; None: of any age. What tells no time stays."""

    def __post_init__(self) -> None:
        number = self.what if isinstance(self.what, int) else 1
        if isinstance(self.what, bool) or number < 1 or self.what not in ("none", "latest", "decided", number):
            raise InputError(
                "keep",
                got=repr(self.what),
                expected="none, latest, decided, or how many of the newest checkpoints",
                fix="keep=10, say, for the newest ten",
            )
        if self.older_than is not None and not timedelta() <= self.older_than <= _LONGEST:
            raise InputError(
                "older_than",
                got=_age(self.older_than),
                expected=f"an age from 0 to {_age(_LONGEST)}",
                fix="older_than=timedelta(days=30), say",
            )

    def places(self, candidates: Sequence[Candidate], now: datetime) -> set[int]:
        """The places of those that stay, the newest always.

        Args:
            candidates: A line's checkpoints, the oldest first; at least one.
            now: When this is.
        """
        newest = len(candidates) - (self.what if isinstance(self.what, int) else 1)
        return {
            each.place
            for number, each in enumerate(candidates)
            if number >= newest or (self.what == "decided" and each.ended is not False) or not self.reaches(each, now)
        }

    def reaches(self, candidate: Candidate, now: datetime) -> bool:
        """Whether a checkpoint is old enough to go."""
        return self.older_than is None or (candidate.at is not None and candidate.at < now - self.older_than)

    def __str__(self) -> str:
        """The same in words."""
        kept = {
            "none": "nothing of a thread that has ended",
            "latest": "the newest checkpoint",
            "decided": "the last checkpoint of each ended turn",
        }.get(str(self.what), f"the newest {self.what} checkpoints")
        return f"keep {kept}" + (
            "" if self.older_than is None else f", and what is not older than {_age(self.older_than)}"
        )


def _age(age: timedelta) -> str:
    seconds = int(age.total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % length == 0:
            count = seconds // length
            return f"{count:,} {unit}{'s' * (count != 1)}"
    return str(age)
