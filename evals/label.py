"""Label: what a person said the value of a field is, with the claims that the person saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..contracts import Claim, Decision, Opinion, same_name
from ..graphs import Turn
from ..graphs.counted import counted
from .turns import turns

if TYPE_CHECKING:
    from ..checkpoints import Database

__all__ = ["Label", "labels", "labels_of"]

_VALUED = ("approve", "edit", "reject", "correct")


@dataclass(frozen=True, slots=True)
class Label:
    """What one person said the value of a field is."""

    thread: str
    """Id of the thread."""
    turn: int
    """Number of the turn, from 1."""
    field: str
    """Name of the field."""
    value: Any
    """The value as plain JSON data; None where the person said that there is none, or left it open."""
    reviewer: str
    """Who said so; empty where nobody gave a name."""
    claims: tuple[Claim, ...]
    """The claims of agents on the field that counted at that time, each agent's newest; none of a person's words."""
    final: bool = True
    """Whether it is what the field was decided to be: an opinion that others did not share is not."""
    kind: str = ""
    """`approve`, `edit`, `reject` or `correct`; empty where it is not recorded."""
    at: str = ""
    """When it was said, in ISO 8601 UTC."""
    like: str = ""
    """Not empty where one answer was given to several like questions: nobody looked at each of them."""


def labels(database: Database, *, final: bool = True) -> Iterator[Label]:
    """What people have said of fields, read back from the checkpoints: threads newest first.

    Each review of a field is a label, and each correction. Approvals of effects are not: they have no right value.

    Args:
        database: Where the threads are kept.
        final: Whether opinions that did not decide the field are left out.
    """
    for thread, turn in turns(database):
        for label in labels_of(thread, turn):
            if label.final or not final:
                yield label


def labels_of(thread: str, turn: Turn) -> Iterator[Label]:
    """The labels of one turn, in the order in which they were said, those of older records last."""
    said: set[str] = set()
    for number, opinion in enumerate(turn.opinions):
        if opinion.effect or opinion.kind not in _VALUED:
            said.update(turn.fields_of(opinion) if opinion.effect else ())
            continue
        said.update(opinion.values)
        if opinion.turn != turn.number:
            continue  # it is carried over from the turn in which it was said, and counted there
        later = turn.opinions[number + 1 :]
        for field in opinion.values:
            yield Label(
                thread=thread,
                turn=turn.number,
                field=field,
                value=opinion.values[field],
                reviewer=opinion.reviewer,
                claims=_claims(turn, field, opinion.claims, opinion.move),
                final=_is_final(opinion, field, turn, later),
                kind=opinion.kind,
                at=opinion.at,
                like=opinion.like,
            )
    for field, decision in turn.decisions.items():
        if field not in said and decision.by.startswith("person:"):
            yield _of_decision(thread, turn, decision)


def _of_decision(thread: str, turn: Turn, decision: Decision) -> Label:
    """A word of a person in a team below, or one from before opinions were recorded."""
    claims = _claims(turn, decision.field, len(turn.claims), len(turn.moves))
    return Label(thread, turn.number, decision.field, decision.value, decision.reviewer, claims, at=decision.decided_at)


def _is_final(opinion: Opinion, field: str, turn: Turn, later: tuple[Opinion, ...]) -> bool:
    decision = turn.decisions.get(field)
    if decision is None or not decision.by.startswith("person:"):
        return False
    after = [each for each in later if field in each.values and not each.effect]
    if any(same_name(each.reviewer) == same_name(opinion.reviewer) for each in after):
        return False
    return not after or after[-1].keys[field] == opinion.keys[field]  # the last of them decided it


def _claims(turn: Turn, field: str, claims: int, moves: int) -> tuple[Claim, ...]:
    return tuple(claim for claim in counted(turn, field, claims=claims, moves=moves) if not claim.person)
