"""Hearing: one question put to people until enough of them agree, as it stands now."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..contracts import Ask, Decision, Effect, Execute, Opinion, Policy, same_name
from .matter import asked_of_effect, asked_of_field
from .turn import Turn

__all__ = ["Ending", "Hearing", "hear_effect", "hear_field", "returned"]

Ending = Literal["", "deadline", "disagreement"]
"""How a question ends without an agreement.

`deadline`: the time of the policy is over. `disagreement`: all who may answer have, and too few of them agree. Empty:
it goes on.
"""

_ANSWERS = ("approve", "edit", "reject", "happened", "not_happened")
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Hearing:
    """One question put to people, as it stands now."""

    reviewers: int
    """How many different people must agree."""
    to: tuple[str, ...]
    """Who is asked: people, or roles of the policy; empty for anybody."""
    only: bool
    """Whether nobody but those in `to` may answer."""
    rung: int
    """How far up the ladder it is, from 0."""
    deadline: str
    """When it goes further up, or ends, in ISO 8601 UTC; empty for never."""
    opinions: tuple[Opinion, ...]
    """What people have said so far, oldest first; each person's once."""
    ended: Ending
    """How it ends without an agreement, if it does now."""
    first: tuple[str, ...] = ()
    """Who is asked first, by the policy or a rule, whoever the question was handed to since."""

    @property
    def terms(self) -> tuple[Any, ...]:
        """What must be the same in matters that are asked about in one question."""
        return self.reviewers, self.to, self.only, self.rung, self.deadline

    def disagree(self, matter: str) -> bool:
        """Whether two people want different things."""
        return len({each.keys[matter] for each in self.opinions}) > 1

    def said(self, matter: str) -> str:
        """What there is to say of it besides why it is asked, in one line; empty where that is nothing."""
        words = [f"{each.reviewer or 'a person'}: {_wanted(each, matter)}" for each in self.opinions]
        return "; ".join(
            [
                *([f"{self.reviewers} people must agree"] if self.reviewers > 1 else []),
                *words,
                *(["they disagree"] if self.disagree(matter) else []),
                *([f"gone up to {', '.join(self.to)}"] if self.rung else []),
            ]
        )


def hear_field(turn: Turn, decision: Decision, policy: Policy, now: datetime.datetime) -> Hearing:
    """How the question about a field stands. Pure.

    Args:
        turn: The shared state.
        decision: The field's decision, as it is asked about.
        policy: The rules.
        now: The time.
    """
    own = policy.of(decision.field).reviewers or policy.review.reviewers
    matter = _Matter(turn, decision.field, asked_of_field(decision), policy, now)
    return matter.hearing(max(own, decision.reviewers), decision.to or policy.review.to)


def hear_effect(turn: Turn, slot: str, effect: Effect, policy: Policy, now: datetime.datetime) -> Hearing:
    """How the question about an effect stands. Pure; the arguments are those of `hear_field`."""
    own = policy.effects[effect.name].reviewers if effect.name in policy.effects else 0
    matter = _Matter(turn, slot, asked_of_effect(effect), policy, now)
    return matter.hearing(own or policy.review.reviewers, policy.review.to)


def returned(turn: Turn) -> dict[str, str]:
    """The fields that people have sent back to the agents, each with who did so.

    A field goes from people to automation once: what comes back to a person then is decided there.
    """
    found: dict[str, str] = {}
    for each in turn.opinions:
        if each.kind == "respond":
            found |= dict.fromkeys(turn.fields_of(each), each.reviewer or "a person")
    return found


class _Matter:
    """A field or an effect, with what the turn has of questions about it."""

    def __init__(self, turn: Turn, name: str, asked: str, policy: Policy, now: datetime.datetime) -> None:
        self._turn, self._name, self._policy = turn, name, policy
        self._now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        mine = [each for each in turn.opinions if each.turn == turn.number]
        back = max((each.move for each in mine if each.kind == "respond" and name in each.asked), default=0)
        fresh = max(back, max((number for number, _ in self._executed()), default=0))
        """Number of the move after which what people say counts: they look again at what came back."""
        self._opinions = [each for each in mine if each.move > fresh and each.asked.get(name) == asked]
        corrected = max((each.move for each in mine if each.kind == "correct"), default=0)
        self._asks = [(number, ask) for number, ask in self._asked() if number > max(fresh, corrected)]

    def hearing(self, reviewers: int, first: tuple[str, ...]) -> Hearing:
        """How the question stands.

        Args:
            reviewers: How many people must agree.
            first: Who is asked first.
        """
        review = self._policy.review
        base, start = self._assigned(first)
        opinions = self._answers()
        since = self._since()
        rung = self._rung(base, start, opinions, since)
        to = self._names(base, start, rung)
        times = [each.after for each in review.escalate[rung : rung + 1]]
        times += [review.deadline] if review.deadline is not None else []
        return Hearing(
            reviewers=reviewers,
            to=to,
            only=bool(base),
            rung=rung,
            deadline=(since + min(times)).isoformat(timespec="milliseconds") if times else "",
            opinions=opinions,
            ended=self._ended(since, rung, self._exhausted(base, to, opinions)),
            first=first,
        )

    def _ended(self, since: datetime.datetime, rung: int, exhausted: bool) -> Ending:
        review = self._policy.review
        if review.deadline is not None and self._asks and self._now - since >= review.deadline:
            return "deadline"
        return "disagreement" if exhausted and rung == len(review.escalate) else ""

    def _since(self) -> datetime.datetime:
        """When it was first asked; now where it was not."""
        try:
            return datetime.datetime.fromisoformat(self._asks[0][1].at)
        except (IndexError, ValueError):
            return self._now

    def _rung(self, base: tuple[str, ...], start: int, opinions: Sequence[Opinion], since: datetime.datetime) -> int:
        rungs = self._policy.review.escalate
        by_time = sum(self._now - since >= rung.after for rung in rungs)
        if not self._asks:
            return 0
        number, last = self._asks[-1]
        new = any(each.move == number for each in opinions)
        differ = len({each.keys[self._name] for each in opinions}) > 1
        up = (new and differ) or self._exhausted(base, self._names(base, start, last.rung), opinions)
        return min(max(by_time, last.rung + up), len(rungs))

    def _exhausted(self, base: tuple[str, ...], to: tuple[str, ...], opinions: Sequence[Opinion]) -> bool:
        """Whether all who may answer have, without an agreement."""
        said = {same_name(each.reviewer) for each in opinions}
        return bool(base) and self._policy.review.people(to) <= said

    def _names(self, base: tuple[str, ...], start: int, rung: int) -> tuple[str, ...]:
        above = [name for each in self._policy.review.escalate[start:rung] for name in each.to]
        return tuple(dict.fromkeys((*base, *above)))

    def _assigned(self, first: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Whose the question is, and from which rung on others are asked as well."""
        asks = dict(self._asks)
        handed = [each for each in self._opinions if each.kind == "assign" and each.move in asks]
        return (handed[-1].to, asks[handed[-1].move].rung) if handed else (first, 0)

    def _answers(self) -> tuple[Opinion, ...]:
        """The newest answer of each person; those without a name are told apart by nothing."""
        by_person = {same_name(each.reviewer): each for each in self._opinions if each.kind in _ANSWERS}
        return tuple(sorted(by_person.values(), key=lambda each: each.move))

    def _asked(self) -> Iterator[tuple[int, Ask]]:
        for number, move in enumerate(self._turn.moves, 1):
            if isinstance(move, Ask) and (self._name in move.fields or self._name == move.effect):
                yield number, move

    def _executed(self) -> Iterator[tuple[int, Execute]]:
        for number, move in enumerate(self._turn.moves, 1):
            if isinstance(move, Execute) and self._name in move.effects:
                yield number, move


def _wanted(opinion: Opinion, matter: str) -> str:
    value = opinion.values[matter]
    if opinion.effect:
        said = {"edit": "yes, edited", "happened": "it happened", "not_happened": "it did not happen"}
        return "no" if value is None else said.get(opinion.kind, "yes")
    text = "no value" if value is None else " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
