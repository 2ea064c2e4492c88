"""Reviewer: who may answer a question, and who agree on it."""

from __future__ import annotations

import datetime
from collections import Counter

from ..contracts import Answer, Ask, Assign, Opinion, Policy, same_name
from .hearing import Hearing, hear_effect, hear_field
from .turn import Turn

__all__ = ["NotYoursError", "agreed", "check_assignment", "check_lapse", "check_reviewer"]


class NotYoursError(ValueError):
    """Somebody who may not answer a question, or to whom it cannot be handed."""

    def __init__(self, got: str, expected: str, fix: str) -> None:
        super().__init__(got)
        self.expected = expected
        """Who may."""
        self.fix = fix
        """What to do, in the imperative."""


def check_lapse(ask: Ask, now: datetime.datetime) -> None:
    """Check that the deadline of the question has passed.

    Raises:
        ValueError: It has none, or there is time left.
    """
    if not ask.deadline:
        raise ValueError("the question has no deadline: it waits for a person")
    if now < datetime.datetime.fromisoformat(ask.deadline):
        raise ValueError(f"the question has time until {ask.deadline}")


def check_reviewer(answer: Answer, turn: Turn, ask: Ask, policy: Policy, now: datetime.datetime) -> None:
    """Check that this person may answer the question.

    Raises:
        NotYoursError: Others are asked, a name is needed, or the person has answered.
    """
    person = same_name(answer.reviewer)
    if ask.only and person not in policy.review.people(ask.to):
        who = f"{answer.reviewer!r} is not among them" if person else "say who answers, in `reviewer`"
        got = f"the question is for {', '.join(ask.to)}; {who}"
        raise NotYoursError(got, f"an answer of {_people(ask.to, policy)}", "let one of them answer")
    if answer.verdict.type == "respond":
        return
    for matter, hearing in _hearings(turn, ask, policy, now).items():
        needed = max(ask.reviewers, hearing.reviewers)
        if needed > 1 and not person:
            got = f"{needed} different people must agree; say who answers, in `reviewer`"
            raise NotYoursError(got, "the name of whoever answers", "give it")
        if person and any(same_name(each.reviewer) == person for each in hearing.opinions):
            about = "" if ask.effect else f" about {matter!r}"
            others = f"one of {_people(ask.to, policy, hearing)}" if ask.only else "anybody who has not"
            got = f"{answer.reviewer!r} has answered{about} already; another person must agree"
            raise NotYoursError(got, f"an answer of another person: {others}", "let that person answer")


def check_assignment(
    verdict: Assign, answer: Answer, turn: Turn, ask: Ask, policy: Policy, now: datetime.datetime
) -> None:
    """Check that the question may be handed to these.

    Raises:
        NotYoursError: Nobody says who hands it on, a name is empty, it is kept for others, or these are too few to
            agree.
    """
    if not same_name(answer.reviewer):
        raise NotYoursError("say who hands the question on, in `reviewer`", "the name of whoever does", "give it")
    to = policy.review.people(verdict.to)
    if "" in to:
        raise NotYoursError("`to` has an empty name", "names of people or roles", "take it out")
    for matter, hearing in _hearings(turn, ask, policy, now).items():
        kept = policy.review.people(hearing.first)
        kept = kept.union(*(policy.review.people(rung.to) for rung in policy.review.escalate)) if kept else to
        if not to <= kept:
            names = ", ".join(sorted(to - kept))
            may = ", ".join(sorted(kept))
            got = f"the policy keeps the question for {may}; {names} may not answer it"
            raise NotYoursError(got, f"some of {may}", "hand it to one of them")
        agreeing = Counter(each.keys[matter] for each in hearing.opinions)
        missing = max(ask.reviewers, hearing.reviewers) - max(agreeing.values(), default=0)
        fresh = to - {same_name(each.reviewer) for each in hearing.opinions}
        if len(fresh) < missing:
            got = f"{missing} more people must agree, and {len(fresh)} of those named can still answer"
            said = f" but {', '.join(each.reviewer for each in hearing.opinions)}" if hearing.opinions else ""
            whom = f"of {', '.join(sorted(kept))}{said}" if hearing.first else f"of anybody{said}"
            raise NotYoursError(got, f"{missing} or more names, {whom}", "name more people")


def agreed(
    said: Opinion, matter: str, turn: Turn, ask: Ask, policy: Policy, now: datetime.datetime
) -> tuple[str, ...] | None:
    """The names of all who want the same, this person last; None where they are too few."""
    hearing = _hearings(turn, ask, policy, now)[matter]
    people = {
        same_name(o.reviewer): o.reviewer.strip() for o in hearing.opinions if o.keys[matter] == said.keys[matter]
    }
    people[same_name(said.reviewer)] = said.reviewer.strip()
    return tuple(people.values()) if len(people) >= max(ask.reviewers, hearing.reviewers) else None


def _people(to: tuple[str, ...], policy: Policy, hearing: Hearing | None = None) -> str:
    """The people behind these names, but for those who have answered."""
    said = {same_name(each.reviewer) for each in hearing.opinions} if hearing else set()
    names = [person for name in to for person in policy.review.roles.get(name, (name,))]
    return ", ".join(dict.fromkeys(name for name in names if same_name(name) not in said)) or "nobody that is left"


def _hearings(turn: Turn, ask: Ask, policy: Policy, now: datetime.datetime) -> dict[str, Hearing]:
    """The question about each matter that is asked about."""
    if ask.effect:
        return {ask.effect: hear_effect(turn, ask.effect, turn.effects[ask.effect], policy, now)}
    return {name: hear_field(turn, turn.decisions[name], policy, now) for name in ask.fields}
