"""Flip: the smallest change of claims that leads to another outcome, for any way to decide."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from ..contracts import Change, ChangeKind, Claim, Decision, Flip, canonical_json

__all__ = ["Judge", "find_flip"]

Judge = Callable[[Sequence[Claim]], Decision]
"""From the claims on one field to its decision: a pure function that no order of the claims changes."""

_MOST_TRIALS = 250
"""The most ballots that are judged in a search: some ten milliseconds."""

_PERCENT = tuple(number / 100 for number in range(101))


@dataclass(frozen=True, slots=True)
class _Edit:
    """One change, and what the agent claims with it."""

    change: Change
    claims: tuple[Claim, ...]


class _OutOfTrials(Exception):
    """The search has used up its trials."""


def find_flip(
    claims: Iterable[Claim],
    judge: Judge,
    key: Callable[[Any], str],
    *,
    silent: Iterable[str] = (),
    monotone: bool = False,
    trials: int = _MOST_TRIALS,
) -> Flip | None:
    """The smallest change of claims that leads to another outcome; None where none is found.

    The outcome is the value that is settled, or that none is. The size of a change is the number of agents that would
    have claimed otherwise: nothing, another of the claimed values alone, the same with more confidence, or, of the
    silent ones, one of the claimed values. Sizes are tried in order, so no smaller change of this kind is enough. Of
    one size, claims left out come first, then claims on another value with the agent's own confidence, then more
    confidence, then both, then claims added; and of these those for the leading value. A search that runs out of
    trials ends with all claims against the leading value left out, where that is enough; this is not `exact`.

    No order of the claims changes the result. It costs up to `trials` judgements, and a few more.

    Args:
        claims: The claims on one field.
        judge: How they are decided.
        key: From a value to the text that equal values share.
        silent: Agents that were asked and claimed nothing.
        monotone: Whether more support never hurts a value, and less support of another never either. Then
            whole sizes are ruled out quickly, and nothing else that so few agents could claim of the known values is
            enough.
        trials: The most judgements; at least 1.
    """
    search = _Search(tuple(claims), judge, key, monotone, trials)
    return search.smallest(silent)


@dataclass
class _Search:
    """One search; it counts what it has tried."""

    given: tuple[Claim, ...]
    judge: Judge
    key: Callable[[Any], str]
    monotone: bool
    left: int
    said: dict[str, tuple[Claim, ...]] = field(default_factory=dict)
    values: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ordered = sorted(self.given, key=lambda each: (each.agent, -each.confidence, canonical_json(each.value)))
        for claim in ordered:
            self.said[claim.agent] = (*self.said.get(claim.agent, ()), claim)
        self.standing = self.judge(ordered)
        self.outcome = self._outcome(self.standing)
        best = {each.key: each.value for each in self.standing.tally}
        other = {self.key(claim.value): claim.value for claim in ordered}
        self.values = [*best.items(), *sorted((name, value) for name, value in other.items() if name not in best)]

    def smallest(self, silent: Iterable[str]) -> Flip | None:
        if not self.values:
            return None
        every = [*self._drops(), *self._claims_other(), *self._raises(), *self._insists(), *self._adds(silent)]
        strongest = [*self._insists(every=True), *self._adds(silent)]
        try:
            for size in range(1, len({edit.change.agent for edit in every}) + 1):
                if self.monotone and self.outcome is None:
                    found = self._of_size(size, every, strongest)
                else:
                    found = self._first(every, size)
                if found is not None:
                    return self._flip(self._least(found), exact=True)
        except _OutOfTrials:
            return self._bound()
        return None

    def _of_size(self, size: int, every: Sequence[_Edit], strongest: Sequence[_Edit]) -> tuple[_Edit, ...] | None:
        """As `_first`, but where the strongest that so many agents can do for one value is not enough, that is all."""
        for name, _ in self.values:
            found = self._first([edit for edit in strongest if self.key(edit.change.value) == name], size)
            if found is not None:
                break
        else:
            return None
        try:
            return self._first(every, size) or found
        except _OutOfTrials:
            return found

    def _first(self, edits: Sequence[_Edit], size: int) -> tuple[_Edit, ...] | None:
        """The first of the combinations of that size, one edit for each agent, that leads to another outcome."""
        for chosen in combinations(edits, size):
            if len({edit.change.agent for edit in chosen}) < size:
                continue
            if self.left <= 0:
                raise _OutOfTrials
            self.left -= 1
            if self._flips(chosen):
                return chosen
        return None

    def _flips(self, chosen: Iterable[_Edit]) -> bool:
        return self._outcome(self.judge(self._ballot(chosen))) != self.outcome

    def _ballot(self, chosen: Iterable[_Edit]) -> list[Claim]:
        instead = {edit.change.agent: edit.claims for edit in chosen}
        return [claim for claims in {**self.said, **instead}.values() for claim in claims]

    def _outcome(self, decision: Decision) -> str | None:
        return self.key(decision.value) if decision.status == "settled" else None

    def _drops(self) -> Iterator[_Edit]:
        """Without those who are against the leading value first."""
        leading = self.values[0][0]
        for_it = [agent for agent, claims in self.said.items() if self.key(claims[0].value) == leading]
        for agent in sorted(self.said, key=lambda each: (each in for_it, each)):
            yield _Edit(Change(agent, "drop"), ())

    def _claims_other(self) -> Iterator[_Edit]:
        for name, value in self.values:
            for agent, claims in self.said.items():
                if self._names(agent) != {name}:
                    yield self._edit(agent, "change", value, claims[0].confidence)

    def _raises(self) -> Iterator[_Edit]:
        for name, value in self.values:
            for agent in self.said:
                if name in self._names(agent):
                    yield self._edit(agent, "raise", value, 1.0)

    def _insists(self, *, every: bool = False) -> Iterator[_Edit]:
        """The most that an agent can do for a value: claim it alone, with certainty; `every`: also where it does."""
        for name, value in self.values:
            for agent in self.said:
                alone = self._names(agent) == {name}
                if every or not alone:
                    yield self._edit(agent, "raise" if alone else "change", value, 1.0)

    def _adds(self, silent: Iterable[str]) -> Iterator[_Edit]:
        for _, value in self.values:
            for agent in sorted(set(silent) - self.said.keys()):
                yield self._edit(agent, "add", value, 1.0)

    def _names(self, agent: str) -> set[str]:
        return {self.key(claim.value) for claim in self.said[agent]}

    def _edit(self, agent: str, kind: ChangeKind, value: Any, confidence: float) -> _Edit:
        name, before = self.key(value), self.said.get(agent, ())
        own = [claim for claim in before if self.key(claim.value) == name]
        if kind == "raise":
            raised = (replace(c, confidence=max(c.confidence, confidence)) if c in own else c for c in before)
            return _Edit(Change(agent, kind, value, confidence), tuple(raised))
        blank = Claim(self.given[0].field, value, confidence, agent=agent)
        claim = replace(own[0], confidence=confidence) if own else blank
        return _Edit(Change(agent, kind, value, confidence), (claim,))

    def _least(self, chosen: tuple[_Edit, ...]) -> tuple[_Edit, ...]:
        """The same changes with the least confidence, in hundredths, that is still enough."""
        for at, edit in enumerate(chosen):
            if edit.change.confidence == 1 and edit.change.kind != "drop":
                weaker = self._weaker(chosen, at)
                enough = bisect_left(weaker, True, key=self._flips)
                if enough < len(weaker) and self._flips(weaker[enough]):
                    chosen = weaker[enough]
        return chosen

    def _weaker(self, chosen: tuple[_Edit, ...], at: int) -> list[tuple[_Edit, ...]]:
        """The same changes, with each confidence for one of them."""
        change = chosen[at].change
        edits = (self._edit(change.agent, change.kind, change.value, sure) for sure in _PERCENT)
        return [(*chosen[:at], edit, *chosen[at + 1 :]) for edit in edits]

    def _bound(self) -> Flip | None:
        """All who are against the leading value left out, where that is enough."""
        leading = self.values[0][0]
        chosen = tuple(edit for edit in self._drops() if leading not in self._names(edit.change.agent))
        return self._flip(chosen, exact=False) if self._flips(chosen) else None

    def _flip(self, chosen: tuple[_Edit, ...], *, exact: bool) -> Flip:
        decision = self.judge(self._ballot(chosen))
        value = decision.value if decision.status == "settled" else None
        changes = sorted((edit.change for edit in chosen), key=lambda change: change.agent)
        return Flip(tuple(changes), value, exact)
