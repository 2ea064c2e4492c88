"""Votes: voting rules whose field has no values that they are made for."""

from __future__ import annotations

from collections.abc import Iterator

from ...contracts import Field, Policy
from .finding import Finding
from .sample import UNKNOWN, samples
from .team_schema import TeamSchema

__all__ = ["check_votes"]


def check_votes(policy: Policy, team: TeamSchema) -> Iterator[Finding]:
    """A median of what has none, and a vote on the items of what is no list."""
    for name in policy.fields:
        terms, where = policy.of(name), f"fields.{name}"
        field = team.outcome.get(name)
        if field is not None and terms.vote == "median" and _has_no_place(field):
            fix = "take another `vote`; of a text that always holds a number make a Decimal"
            yield _type(where, "median", name, "numbers, dates or times", fix)
        if field is not None and terms.vote == "items" and _is_no_list(field):
            yield _type(where, "items", name, "lists or sets", "take another `vote`")


def _type(where: str, vote: str, name: str, values: str, fix: str) -> Finding:
    return Finding("error", "type", f"{where}.vote", f"`vote: {vote}` on {name!r}", f"a field of {values}", fix)


def _has_no_place(field: Field) -> bool:
    known = samples(field.annotation)
    try:
        return UNKNOWN not in known and all(field.place(each) is None for each in known if each is not None)
    except ValueError:
        return False  # the samples are no values of it


def _is_no_list(field: Field) -> bool:
    known = samples(field.annotation)
    return UNKNOWN not in known and not any(isinstance(each, list) for each in known)
