"""A reviewer's answer, in the forms in which today's interfaces send it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from quorate.contracts import Answer, Approve, Edit, Reject, Respond, load
from quorate.contracts.review import Action

EDIT = Edit(edited_action=Action(name="decide", args={"total": "12"}))


@pytest.mark.parametrize(
    "data, verdict",
    [
        # LangChain's human-in-the-loop response
        ({"decisions": [{"type": "approve"}]}, Approve()),
        ({"decisions": [{"type": "edit", "edited_action": {"name": "decide", "args": {"total": "12"}}}]}, EDIT),
        ({"decisions": [{"type": "reject"}]}, Reject()),
        ({"decisions": [{"type": "reject", "message": "no"}]}, Reject(message="no")),
        ({"decisions": [{"type": "respond", "message": "look again"}]}, Respond(message="look again")),
        # Agent Inbox, today's verdicts and its older form
        ([{"type": "approve"}], Approve()),
        ([{"type": "accept", "args": None}], Approve()),
        ([{"type": "ignore", "args": None}], Reject()),
        ([{"type": "response", "args": "look again"}], Respond(message="look again")),
        ([{"type": "edit", "args": {"action": "decide", "args": {"total": "12"}}}], EDIT),
        ({"decisions": [{"type": "accept", "args": None}]}, Approve()),
        # one verdict alone
        ({"type": "approve"}, Approve()),
        ({"type": "accept"}, Approve()),
        ({"type": "edit", "edited_action": {"name": "decide", "args": {"total": "12"}}}, EDIT),
        ({"type": "edit", "args": {"total": "12"}}, Edit(edited_action=Action(args={"total": "12"}))),
    ],
)
def test_forms(data: Any, verdict: Any) -> None:
    """LangChain's form, Agent Inbox's older one, and a bare verdict say the same."""
    assert load(Answer, data).verdict == verdict


def test_who_and_why() -> None:
    """The reviewer and the reason code come beside the decisions, or in a bare verdict."""
    for data in (
        {"decisions": [{"type": "approve"}], "reviewer": "ann", "reason_code": "checked"},
        {"type": "approve", "reviewer": "ann", "reason_code": "checked"},
        {"type": "accept", "args": None, "reviewer": "ann", "reason_code": "checked"},
    ):
        answer = load(Answer, data)
        assert (answer.reviewer, answer.reason_code) == ("ann", "checked")
    assert load(Answer, [{"type": "accept"}]).reviewer == ""


@pytest.mark.parametrize(
    "data",
    [
        None,
        "approve",
        3,
        {},
        [],
        {"decisions": []},
        {"decisions": [{"type": "approve"}, {"type": "approve"}]},
        {"decisions": [{"type": "agree"}]},
        {"decisions": [{}]},
        {"decisions": ["approve"]},
        {"decisions": [{"type": "edit"}]},
        {"decisions": [{"type": "edit", "edited_action": {"name": "decide"}}]},
        {"decisions": [{"type": "edit", "edited_action": {"args": ["total"]}}]},
        {"decisions": [{"type": "respond"}]},
        {"decisions": [{"type": "respond", "message": ""}]},
        {"decisions": [{"type": "approve", "mesage": "x"}]},
        {"decisions": [{"type": "approve"}], "reviwer": "ann"},
        [{"type": "response", "args": None}],
        [{"type": "edit", "args": "12"}],
        [{"type": "edit", "args": {"action": "decide", "args": "12"}}],
        [["approve"]],
        {"type": "agree"},
        {"decisions": [{"type": "approve"}], "reviewer": 3},
    ],
)
def test_wrong_answers(data: Any) -> None:
    """Anything else is refused, with no other exception than a validation error."""
    with pytest.raises(ValidationError):
        load(Answer, data)
