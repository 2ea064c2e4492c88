"""Spent: what the turns of a thread have spent that are over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..contracts import Spend, Usage

__all__ = ["Spent", "spent_by"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a thread had spent when a turn was opened."""

    total: Spend = Spend()  # noqa: RUF009 (frozen)
    """All its turns together."""
    most: Mapping[str, Spend] = field(default_factory=dict)
    """The most of each unit that a run of each agent took."""

    def after(self, usage: Iterable[Usage]) -> Spent:
        """What it has spent with these runs."""
        runs = list(usage)
        most = dict(self.most)
        for each in runs:
            most[each.agent] = most.get(each.agent, Spend()).most(each.spent)
        return Spent(self.total + Spend.total(each.spent for each in runs), most)


def spent_by(usage: Iterable[Usage]) -> Mapping[str, Spend]:
    """What each agent spent in these runs."""
    spent: dict[str, Spend] = {}
    for each in usage:
        spent[each.agent] = spent.get(each.agent, Spend()) + each.spent
    return spent
