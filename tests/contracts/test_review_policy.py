"""The review's part of a policy: people, roles, the ladder, deadlines; and when two names are one person."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import Policy, PolicyError, same_name


def test_durations() -> None:
    """A duration is ISO 8601 or seconds; the digest does not tell them apart, but tells other times."""
    one, other = (Policy.parse({"review": {"deadline": value}}) for value in ("PT4H", 14_400))
    assert one.review.deadline == datetime.timedelta(hours=4)
    assert one.digest == other.digest != Policy.parse({"review": {"deadline": "PT5H"}}).digest


@pytest.mark.parametrize(
    "data, message",
    [
        ({"review": {"deadline": 0}}, "review.deadline"),
        ({"review": {"deadline": "P99Y"}}, "review.deadline"),
        ({"review": {"reviewers": 0}}, "review.reviewers"),
        ({"review": {"default": "approve"}}, "review.default"),
        ({"review": {"escalate": [{"after": 60, "to": []}]}}, "review.escalate.0.to"),
        ({"review": {"escalate": [{"after": 60, "two": ["a"]}]}}, "review.escalate.0"),
        ({"review": {"escalate": [{"after": 60, "to": ["a"]}, {"after": 60, "to": ["b"]}]}}, "must be later"),
        ({"review": {"deadline": 60, "escalate": [{"after": 60, "to": ["a"]}]}}, "`deadline` must be later"),
        ({"review": {"to": [" "]}}, r"got ' '; expected string should match pattern '\S'"),
        ({"review": {"reviewers": 2, "to": ["ann", "Ann "]}}, "is 2, and 1 person may answer"),
        ({"review": {"roles": {"lead": ["ann"], "all": ["lead"]}}}, "'lead' is a role"),
        ({"review": {"roles": {"lead": []}, "to": ["lead"]}}, "review.roles.lead: got []; expected at least one"),
        ({"review": {"to": ["ann"]}, "fields": {"total": {"reviewers": 2}}}, "fields.total.reviewers: got 2"),
        ({"review": {"to": ["ann"]}, "effects": {"post": {"reviewers": 3}}}, "effects.post.reviewers: got 3"),
    ],
)
def test_what_can_never_work(data: dict[str, Any], message: str) -> None:
    """A ladder without order, a time that is none, and fewer people than must agree are errors when it is loaded."""
    with pytest.raises(PolicyError) as caught:
        Policy.parse(data)
    assert message in str(caught.value)


def test_people_of_roles() -> None:
    """Roles stand for their people; those of the ladder count among those who may answer."""
    terms = {"to": ["lead"], "roles": {"lead": ["Ann", "bob"]}, "escalate": [{"after": 60, "to": ["BOB", "cid"]}]}
    review = Policy.parse({"review": {**terms, "reviewers": 3}}).review
    assert review.people(["lead", "ann"]) == {"ann", "bob"}
    assert review.most(review.to) == 3


@given(st.text())
def test_one_name_in_many_spellings(name: str) -> None:
    """White space around, case and invisible characters do not make another person; it is the same again."""
    assert same_name(same_name(name)) == same_name(name)
    assert same_name(f"  {name}\u200b\n") == same_name(name)
    assert same_name(unicodedata.normalize("NFD", name)) == same_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Jose\u0301",
        "Jose\u200d\u0301",
        "jos\u00e9\ufe0f",
        "JOS\u00c9\u034f",
        "jos\u00e9\x07",
        "jos\u00e9\u3164",
        "j\u2800os\u00e9",
    ],
)
def test_what_cannot_be_seen_makes_no_other_person(name: str) -> None:
    """Nobody counts twice by characters that show nothing, nor by an accent that is written apart."""
    assert same_name(name) == "jos\u00e9"


def test_different_people() -> None:
    """Other letters are another person."""
    assert len({same_name(name) for name in ("ann", "anne", "a nn", "bob", "")}) == 5
