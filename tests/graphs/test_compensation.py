"""Compensation without a graph: what became stale is undone first, with leave, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.bench import Bench

from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Effect, Execute, Finish, Policy, compensation_key

APPROVED = {"effects": {"post": {"approve": True, "compensate": True}}}


class Request(BaseModel):
    text: str = "t"


class Out(BaseModel):
    total: str
    memo: str
    posted: str | None = None


class Several(BaseModel):
    total: str
    memo: str
    posted: list[str] = []


def by(name: str, field: str, value: str) -> Agent:
    """An agent that claims one value."""

    def call(text: str) -> Claim:
        return Claim(field, value, 0.9)

    made: Agent = agent(writes={field}, capability="extraction", name=name)(call)
    return made


@agent(writes={"posted"}, capability="action")
def post(total: str, memo: str) -> Effect | None:
    return Effect("post", {"total": total, "memo": memo}, ("total",)) if total != "none" else None


@agent(writes={"posted"}, capability="action", name="post")
def post_both(total: str, memo: str) -> list[Effect]:
    return [Effect("post", {"part": part, "total": total}) for part in ("b", "a")]


def bench(policy: Any = APPROVED, *, action: Agent = post, outcome: Any = Out, undo: str = "post") -> Bench:
    """A desk on which what is done can be undone by `undo`, and one effect is done."""
    agents = [by("by_total", "total", "12"), by("by_memo", "memo", "x"), action]
    desk = Bench(agents, outcome, request=Request, inputs={"text": "t"}, policy=Policy.parse(policy))
    desk.undo = undo
    desk.advance()
    return desk


def statuses(desk: Bench) -> list[tuple[str, str]]:
    """Of each effect its name, with `un` before a compensation's, and its status."""
    return [("un" * bool(each.undoes) + each.name, each.status) for each in desk.turn.effects.values()]


def test_undone_before_the_replacement_is_done() -> None:
    """A corrected value undoes what was done on the old one, then does it anew; both by the policy."""
    desk = bench()
    (old,) = desk.turn.effects.values()
    assert isinstance(desk.correct(total="13"), Finish)
    assert desk.executed == [
        {"total": "12", "memo": "x"},
        {"name": "post", "key": old.key, "args": {"total": "12", "memo": "x"}, "result": "done 1"},
        {"total": "13", "memo": "x"},
    ]
    assert statuses(desk) == [("post", "compensated"), ("post", "done"), ("unpost", "done")]
    undone = next(each for each in desk.turn.effects.values() if each.undoes)
    assert (undone.key, undone.by) == (compensation_key(old.key), "policy")
    assert desk.turn.values["posted"] == "done 3"
    assert desk.turn.status == "settled"


@pytest.mark.parametrize("undo", [False, 'args.args.total != "12"'])
def test_nobody_approved_means_not_undone(undo: Any) -> None:
    """Where the policy does not approve the undoing a person is asked, and the replacement waits for it."""
    desk = bench({"effects": {"post": {"approve": True, "compensate": undo}}})
    move = desk.correct(total="13")
    assert isinstance(move, Ask)
    assert desk.turn.effects[move.effect].undoes
    assert len(desk.executed) == 1
    move = desk.answer({"type": "approve", "reviewer": "ann"})
    assert isinstance(move, Finish)
    assert [args.get("total", args.get("name")) for args in desk.executed] == ["12", "post", "13"]


def test_declined_undoing() -> None:
    """Where a person declines to undo, the replacement goes to a person, and the end says what stands."""
    desk = bench({"effects": {"post": {"approve": True}}})
    desk.correct(total="13")
    move = desk.answer({"type": "reject", "reviewer": "ann"})
    assert isinstance(move, Ask)
    assert "already executed in this turn, with other arguments" in move.reason
    assert desk.turn.decisions["posted"].locked is False
    move = desk.answer({"type": "approve", "reviewer": "ann"})
    assert isinstance(move, Finish)
    assert "post stands as it was done: undoing it was declined by person:ann" in move.reason
    assert [args.get("total") for args in desk.executed] == ["12", "13"]


def test_undoing_that_fails() -> None:
    """Where the receiver refuses to undo, the replacement goes to a person; nothing is undone twice."""
    desk = bench()
    desk.correct_until(Execute, total="13")
    slot, undoing = next((slot, each) for slot, each in desk.turn.effects.items() if each.undoes)
    effects = {**desk.turn.effects, slot: replace(undoing, status="failed", note="closed")}
    desk.turn = replace(desk.turn, effects=effects)
    assert isinstance(desk.advance(), Ask)
    move = desk.answer({"type": "approve", "reviewer": "ann"})
    assert "undoing it failed: closed" in move.reason
    assert [args.get("total") for args in desk.executed] == ["12", "13"]


def test_undoing_of_which_it_is_not_known() -> None:
    """While it is not known whether it was undone, the replacement waits; a person says what happened."""
    desk = bench()
    desk.correct_until(Execute, total="13")
    slot, undoing = next((slot, each) for slot, each in desk.turn.effects.items() if each.undoes)
    effects = {**desk.turn.effects, slot: replace(undoing, status="unknown", uncertain=True, note="cut")}
    desk.turn = replace(desk.turn, effects=effects)
    move = desk.advance()
    assert isinstance(move, Ask)
    assert move.effect == slot
    assert len(desk.executed) == 1
    assert isinstance(desk.answer({"type": "happened", "reviewer": "ann"}), Finish)
    assert desk.executed[-1] == {"total": "13", "memo": "x"}


def test_nothing_wanted_any_more() -> None:
    """Where the agent proposes nothing on the new value, what was done is undone, and nothing takes its place."""
    desk = bench()
    desk.correct(total="none")
    assert statuses(desk) == [("post", "compensated"), ("unpost", "done")]
    assert "posted" not in desk.turn.values


def test_input_that_a_person_takes_away() -> None:
    """Where a person leaves an input without a value, what was done on it is undone."""
    desk = bench()
    old = desk.turn.decisions["total"]
    gone = replace(old, status="abstained", value=None, version=2, locked=True, by="person:ann")
    desk.turn = replace(desk.turn, decisions={**desk.turn.decisions, "total": gone})
    desk.advance()
    assert statuses(desk) == [("post", "compensated"), ("unpost", "done")]


def test_agent_that_fails_on_the_new_value() -> None:
    """Where the agent fails on the new value a person decides whether to undo: it may still be wanted."""

    @agent(writes={"posted"}, capability="action", name="post")
    def fragile(total: str, memo: str) -> Effect:
        if total == "13":
            raise KeyError("broken")
        return Effect("post", {"total": total})

    desk = bench(action=fragile)
    move = desk.correct(total="13")
    assert isinstance(move, Ask)
    assert "whether post is still wanted is not known" in move.reason
    assert len(desk.executed) == 1


def test_same_content_with_other_arguments() -> None:
    """A change outside of the identity is undone and done anew too, under the same key."""
    desk = bench()
    (old,) = desk.turn.effects.values()
    desk.correct(memo="y")
    assert [args.get("memo", "undone") for args in desk.executed] == ["x", "undone", "y"]
    assert sorted(statuses(desk)) == [("post", "compensated"), ("post", "done"), ("unpost", "done")]
    assert {each.key for each in desk.turn.effects.values() if not each.undoes} == {old.key}


def test_corrected_back_before_it_was_undone() -> None:
    """A correction that is taken back leaves what was done as it is, and withdraws the undoing."""
    desk = bench({"effects": {"post": {"approve": True}}})
    assert isinstance(desk.correct(total="13"), Ask)
    desk.correct(total="12")
    assert ("unpost", "withdrawn") in statuses(desk)
    assert [args for args in desk.executed if "key" in args] == []


def test_several_are_undone_in_reverse() -> None:
    """Of several effects of one run the one that was executed last is undone first."""
    desk = bench(action=post_both, outcome=Several)
    desk.correct(total="13")
    done = [args["part"] for args in desk.executed[:2]]
    assert [args["args"]["part"] for args in desk.executed[2:4]] == done[::-1]
    assert {args["total"] for args in desk.executed[4:]} == {"13"}
    assert len(desk.executed) == 6


def test_declared_compensation() -> None:
    """An effect may name the effect that undoes it: that one has a policy and a receiver of its own."""
    policy = {"effects": {"post": {"approve": True}, "refund": {"approve": 'args.name == "post"'}}}
    desk = bench(policy, undo="refund")
    desk.correct(total="13")
    assert statuses(desk) == [("post", "compensated"), ("post", "done"), ("unrefund", "done")]


def test_what_cannot_be_undone() -> None:
    """Without anything that undoes it, what was done stays, and a person is asked about the second."""
    desk = bench(undo="")
    move = desk.correct(total="13")
    assert isinstance(move, Ask)
    assert "already executed" in move.reason
    assert statuses(desk) == [("post", "done"), ("post", "proposed")]


def test_duplicates_are_not_undone() -> None:
    """What another thread has executed is not this one's to undo."""
    desk = bench()
    (slot, effect) = next(iter(desk.turn.effects.items()))
    desk.turn = replace(desk.turn, effects={slot: replace(effect, status="duplicate")})
    assert isinstance(desk.correct(total="13"), Ask)
    assert not any(each.undoes for each in desk.turn.effects.values())
