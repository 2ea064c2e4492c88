"""Likeness: which open questions are so much alike that one answer does for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import Ask, Decision, digest
from .thread_view import ThreadView

__all__ = ["like", "likeness"]


def likeness(view: ThreadView, question: OpenQuestion) -> str:
    """A digest of what like questions have in common; empty for a question that is like no other.

    The team and its policy, the fields, and of each field the leading value, the agents that claim it, those that claim
    another, the rules, the conflicts, and on which terms it is asked. Effects are approved one by one.
    """
    ask = view.turn.moves[-1] if view.turn.moves else None
    if not question.is_ours or question.effect or not isinstance(ask, Ask) or len(view.questions) != 1:
        return ""
    decisions = [view.turn.decisions[name] for name in ask.fields if name in view.turn.decisions]
    common = [view.team, view.graph, ask.reviewers, list(ask.to), list(question.allowed)]
    return digest([*common, *(_of(each) for each in decisions)])


def like(view: ThreadView, question: OpenQuestion, others: Iterable[ThreadView]) -> Iterator[ThreadView]:
    """The other threads whose question is like this one."""
    wanted = likeness(view, question)
    for other in others:
        if wanted and other.id != view.id and other.questions and likeness(other, other.questions[0]) == wanted:
            yield other


def _of(decision: Decision) -> list[Any]:
    best = decision.tally[0] if decision.tally else None
    leading = [best.key, list(best.agents)] if best is not None else []
    kinds = sorted({each.kind for each in decision.conflicts})
    return [
        decision.field,
        decision.status,
        decision.by,
        decision.policy,
        leading,
        list(decision.dissent),
        list(decision.rules),
        kinds,
    ]
