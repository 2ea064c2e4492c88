"""Questions to several people: agreement, disagreement, the ladder, deadlines, assignment and the loop guard."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from tests.fakes.bench import NOW, Bench

from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Effect, Finish, Move, Policy

HOUR = datetime.timedelta(hours=1)
LADDER = {"escalate": [{"after": "PT1H", "to": ["lead"]}, {"after": "PT2H", "to": ["chief"]}], "deadline": "PT4H"}


class Note(BaseModel):
    text: str = "t"


class Sum(BaseModel):
    total: str


class Two(Sum):
    date: str


def claims(field: str, value: str = "12", confidence: float = 0.5) -> Agent:
    made = agent(writes={field}, capability="extraction", reads=("text",), name=f"by_{field}_{value}")
    return made(lambda text: Claim(field, value, confidence))


def bench(*agents: Agent, outcome: type[BaseModel] = Sum, review: Mapping[str, Any] = {}, **policy: Any) -> Bench:
    desk = Bench(
        agents or (claims("total"),),
        outcome,
        request=Note,
        inputs={"text": "t"},
        policy=Policy.parse({"review": dict(review), **policy}),
    )
    desk.advance()
    return desk


def approve(who: str) -> dict[str, Any]:
    return {"type": "approve", "reviewer": who}


def edit(who: str, **values: Any) -> dict[str, Any]:
    return {"decisions": [{"type": "edit", "edited_action": {"args": values}}], "reviewer": who}


def reject(who: str) -> dict[str, Any]:
    return {"type": "reject", "reviewer": who}


LAPSE = {"type": "lapse"}


def asked(move: Move) -> Ask:
    assert isinstance(move, Ask)
    return move


def refused(desk: Bench, data: Any) -> str:
    before = desk.turn
    with pytest.raises(ValidationError) as caught:
        desk.answer(data)
    assert desk.turn == before
    return str(caught.value)


class TestAgreement:
    def test_two_of_two(self) -> None:
        """A field is settled when as many different people as needed want the same canonical value."""
        desk = bench(review={"reviewers": 2})
        again = asked(desk.answer(approve("ann")))
        assert (again.reviewers, desk.status("total")) == (2, "contested")
        assert again.reason.endswith("2 people must agree; ann: 12")
        assert isinstance(desk.answer(edit("bob", total=" 12 ")), Finish)
        decision = desk.turn.decisions["total"]
        assert (decision.value, decision.by, decision.reviewer) == (" 12 ", "person:ann, bob", "ann, bob")
        assert (decision.reason, decision.locked) == ("2 people agree", True)

    @pytest.mark.parametrize("name", ["ann", " Ann ", "ANN", "a\u200bnn", "\uff21nn"])
    def test_one_person_counts_once(self, name: str) -> None:
        """A person in another spelling is the same person, and is refused."""
        desk = bench(review={"reviewers": 2})
        desk.answer(approve("ann"))
        assert "has answered about 'total' already; another person must agree" in refused(desk, approve(name))
        assert isinstance(desk.answer(approve("bob")), Finish)

    @pytest.mark.parametrize("name", ["", "  ", "\u200b"])
    def test_nobody_by_name(self, name: str) -> None:
        """Where more than one is needed, each says who it is."""
        assert "say who answers" in refused(bench(review={"reviewers": 2}), approve(name))
        assert isinstance(bench().answer(approve(name)), Finish)

    def test_disagreement(self) -> None:
        """Two who want different things settle nothing, which is said; a third decides."""
        desk = bench(review={"reviewers": 2})
        desk.answer(approve("ann"))
        again = asked(desk.answer(edit("bob", total="13")))
        assert "ann: 12; bob: 13; they disagree" in again.reason
        asked(desk.answer(reject("cid")))
        assert isinstance(desk.answer(edit("dan", total="13")), Finish)
        assert (desk.turn.decisions["total"].value, desk.turn.decisions["total"].by) == ("13", "person:bob, dan")

    def test_two_leave_it_open(self) -> None:
        """A field is closed without a value when as many people reject it."""
        desk = bench(review={"reviewers": 2})
        desk.answer(reject("ann"))
        assert "closed by a person: total" in desk.answer(reject("bob")).reason
        assert desk.turn.decisions["total"].reason == "left open by 2 people"

    def test_each_field_by_itself(self) -> None:
        """Of two fields in one question the one on which people agree is settled, and the other is asked again."""
        desk = bench(claims("total"), claims("date"), outcome=Two, review={"reviewers": 2})
        desk.answer(approve("ann"))
        again = asked(desk.answer(edit("bob", total="13")))
        assert again.fields == ("total",)
        assert desk.turn.decisions["date"].by == "person:ann, bob"

    def test_fields_of_different_terms(self) -> None:
        """Fields that different numbers of people must agree on are asked about one after the other."""
        desk = bench(claims("total"), claims("date"), outcome=Two, fields={"total": {"reviewers": 2}})
        assert asked(desk.turn.moves[-1]).fields == ("date",)
        assert asked(desk.answer(approve(""))).fields == ("total",)
        asked(desk.answer(approve("ann")))
        assert isinstance(desk.answer(approve("bob")), Finish)

    def test_effect(self) -> None:
        """An effect is executed when as many people as its policy says approve exactly these arguments."""
        poster = agent(writes={"total"}, capability="action", reads=("text",), name="post")(
            lambda text: Effect("post", {"text": text})
        )
        desk = bench(poster, effects={"post": {"reviewers": 2}})
        asked(desk.answer(approve("ann")))
        assert "has answered already" in refused(desk, reject("Ann"))
        again = asked(desk.answer(edit("bob", text="u")))
        assert "ann: yes; bob: yes, edited; they disagree" in again.reason
        assert not desk.executed
        asked(desk.answer(reject("cid")))
        assert isinstance(desk.answer(approve("dan")), Finish)
        assert desk.executed == [{"text": "t"}]
        (effect,) = desk.turn.effects.values()
        assert effect.by == "person:ann, dan"

    def test_one_no_and_one_yes(self) -> None:
        """What one approves and the other declines is not executed."""
        poster = agent(writes={"total"}, capability="action", reads=("text",), name="post")(
            lambda text: Effect("post", {"text": text})
        )
        desk = bench(poster, review={"reviewers": 2, "to": ["ann", "bob"]})
        desk.answer(approve("ann"))
        end = desk.answer(reject("bob"))
        assert not desk.executed
        (effect,) = desk.turn.effects.values()
        assert (effect.status, effect.by) == ("declined", "policy:disagreement")
        assert isinstance(end, Finish)
        assert end.outcome == "unsettled"


class TestWho:
    def test_only_those_who_are_asked(self) -> None:
        """A question that the policy keeps for people or a role is answered by them alone."""
        desk = bench(review={"to": ["Lead", "cid"], "roles": {"Lead": ["Ann", "Bob"]}})
        ask = asked(desk.turn.moves[-1])
        assert (ask.to, ask.only) == (("Lead", "cid"), True)
        assert "for Lead, cid; 'dan' is not among them" in refused(desk, approve("dan"))
        assert "say who answers" in refused(desk, approve(""))
        assert isinstance(desk.answer(approve("bob ")), Finish)

    def test_all_have_answered(self) -> None:
        """Where all who may answer disagree, the field stays open, and says so."""
        desk = bench(review={"reviewers": 2, "to": ["ann", "bob"]})
        desk.answer(approve("ann"))
        end = desk.answer(edit("bob", total="13"))
        decision = desk.turn.decisions["total"]
        assert (decision.status, decision.value, decision.by) == ("abstained", None, "policy:disagreement")
        assert (end.kind, decision.reviewer) == ("finish", "")
        assert "too few of them agree, and nobody else may answer" in end.reason

    def test_disagreement_goes_up(self) -> None:
        """A disagreement asks the next rung at once; what was said before counts there."""
        desk = bench(review={"reviewers": 2, "to": ["ann", "bob"], **LADDER})
        desk.answer(approve("ann"))
        up = asked(desk.answer(edit("bob", total="13")))
        assert (up.rung, up.to) == (1, ("ann", "bob", "lead"))
        assert "they disagree; gone up to ann, bob, lead" in up.reason
        higher = asked(desk.answer(edit("lead", total="14")))
        assert (higher.rung, higher.to[-1]) == (2, "chief")
        assert isinstance(desk.answer(edit("chief", total="13")), Finish)
        assert desk.turn.decisions["total"].by == "person:bob, chief"


class TestTime:
    def test_time_decides_nothing_by_itself(self) -> None:
        """Before its deadline a question does not lapse; one without a deadline never does."""
        desk = bench(review=LADDER)
        assert asked(desk.turn.moves[-1]).deadline == "2026-11-20T13:00:00.000+00:00"
        assert "the question has time until" in refused(desk, LAPSE)
        assert "no deadline" in refused(bench(), LAPSE)

    @pytest.mark.parametrize("default, outcome", [("leave", "unsettled"), ("reject", "settled")])
    def test_ladder_to_its_end(self, default: str, outcome: str) -> None:
        """A question that nobody answers goes up rung by rung, and ends without a value."""
        desk = bench(review={**LADDER, "default": default})
        desk.now = NOW + HOUR
        up = asked(desk.answer(LAPSE))
        assert (up.rung, up.to, up.only, up.deadline[11:16]) == (1, ("lead",), False, "14:00")
        desk.now = NOW + 2 * HOUR
        assert asked(desk.answer(LAPSE)).to == ("lead", "chief")
        desk.now = NOW + 4 * HOUR
        end = desk.answer(LAPSE)
        decision = desk.turn.decisions["total"]
        assert isinstance(end, Finish)
        assert end.outcome == outcome
        assert (decision.status, decision.by, decision.locked) == ("abstained", "policy:deadline", True)
        assert decision.reason == "left open: nobody answered in time (asked: lead, chief)"

    def test_late_look(self) -> None:
        """Who looks only after the deadline takes the default at once; a person who answers before that is heard."""
        desk, other = bench(review=LADDER), bench(review=LADDER)
        desk.now = other.now = NOW + 9 * HOUR
        assert isinstance(desk.answer(LAPSE), Finish)
        assert "total" not in desk.turn.values
        other.answer(approve("ann"))
        assert other.turn.values == {"total": "12"}

    def test_half_an_agreement(self) -> None:
        """One of two yeses approves nothing when the time is over."""
        desk = bench(review={"reviewers": 2, "deadline": 3600})
        desk.answer(approve("ann"))
        desk.now = NOW + HOUR
        desk.answer(LAPSE)
        assert desk.turn.decisions["total"].reason == "left open: 1 of 2 people answered in time"

    def test_effect_is_not_executed(self) -> None:
        """An effect that nobody approves in time is not executed, whatever the default."""
        for default in ("leave", "reject"):
            poster = agent(writes={"total"}, capability="action", reads=("text",), name="post")(
                lambda text: Effect("post", {"text": text})
            )
            desk = bench(poster, review={"deadline": 3600, "default": default})
            desk.now = NOW + HOUR
            assert isinstance(desk.answer(LAPSE), Finish)
            assert not desk.executed
            (effect,) = desk.turn.effects.values()
            assert (effect.status, effect.by, effect.approved) == ("declined", "policy:deadline", "")

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["lapse", "approve", "edit", "reject"]),
                st.sampled_from(["ann", "bob", "cid"]),
                st.integers(0, 300),
            ),
            max_size=12,
        ),
        st.integers(2, 3),
    )
    def test_no_value_without_enough_people(self, acts: list[tuple[str, str, int]], needed: int) -> None:
        """Whatever people do, and whenever, a value is settled only by as many people, all of whom wanted it."""
        desk = bench(review={"reviewers": needed, **LADDER})
        for kind, who, minutes in acts:
            if not isinstance(desk.turn.moves[-1], Ask):
                break
            desk.now += datetime.timedelta(minutes=minutes)
            data = {"lapse": LAPSE, "edit": edit(who, total="13")}.get(kind, {"type": kind, "reviewer": who})
            try:
                desk.answer(data)
            except ValidationError:
                continue
        decision = desk.turn.decisions["total"]
        if decision.value is not None and decision.status == "settled":
            wanted = {o.reviewer for o in desk.turn.opinions if o.values.get("total") == decision.value}
            assert set(decision.reviewer.split(", ")) <= wanted
            assert len(wanted) >= needed
        elif decision.locked:
            assert decision.value is None


class TestAssignment:
    def test_handed_on(self) -> None:
        """From then on it is theirs alone; who handed it on is recorded, and the time runs on."""
        desk = bench(review=LADDER)
        desk.now = NOW + HOUR / 2
        ask = asked(desk.answer({"type": "assign", "to": ["bob"], "reviewer": "ann"}))
        assert (ask.to, ask.only, ask.deadline[11:16]) == (("bob",), True, "13:00")
        assert "the question is for bob" in refused(desk, approve("ann"))
        desk.now = NOW + HOUR
        assert asked(desk.answer(LAPSE)).to == ("bob", "lead")
        assert isinstance(desk.answer(approve("lead")), Finish)
        assert next((each.kind, each.reviewer, each.to) for each in desk.turn.opinions) == ("assign", "ann", ("bob",))

    def test_kept_by_the_policy(self) -> None:
        """A question that the policy keeps for a role is handed on within the role and the ladder only."""
        desk = bench(review={"to": ["lead"], "roles": {"lead": ["ann", "bob"]}})
        assert "cid may not answer it" in refused(desk, {"type": "assign", "to": ["cid"], "reviewer": "ann"})
        assert asked(desk.answer({"type": "assign", "to": ["bob"], "reviewer": "ann"})).to == ("bob",)
        assert "is for bob" in refused(desk, approve("ann"))

    def test_too_few(self) -> None:
        """It is not handed to fewer people than must still agree, nor without a name."""
        desk = bench(review={"reviewers": 2})
        assert "2 more people must agree" in refused(desk, {"type": "assign", "to": ["bob"], "reviewer": "ann"})
        assert "say who hands" in refused(desk, {"type": "assign", "to": ["bob", "cid"]})
        desk.answer(approve("ann"))
        assert "1 more people" in refused(desk, {"type": "assign", "to": ["ann"], "reviewer": "ann"})
        desk.answer({"type": "assign", "to": ["bob"], "reviewer": "ann"})
        assert isinstance(desk.answer(approve("bob")), Finish)


class TestLoopGuard:
    def test_back_from_the_agents(self) -> None:
        """What a person sent back to the agents is decided when it comes back: it is not sent back again."""
        listener = agent(writes={"total"}, capability="reasoning", reads=("messages",), name="listener")(
            lambda messages: Claim("total", f"{len(messages)}", 0.3)
        )
        desk = bench(listener)
        again = asked(desk.answer({"type": "respond", "message": "look again", "reviewer": "ann"}))
        assert again.reason.endswith("back from the agents, where ann had sent it: it is decided here")
        assert "it came back from the agents once" in refused(desk, {"type": "respond", "message": "and again"})
        assert isinstance(desk.answer(approve("ann")), Finish)
        assert (desk.turn.values, desk.turn.decisions["total"].locked) == ({"total": "1"}, True)

    def test_opinions_before_a_response(self) -> None:
        """After a response people look again: what they said before it does not count."""
        listener = agent(writes={"total"}, capability="reasoning", reads=("messages",), name="listener")(
            lambda messages: Claim("total", "12", 0.3)
        )
        desk = bench(listener, review={"reviewers": 2})
        desk.answer(approve("ann"))
        desk.answer({"type": "respond", "message": "sure?", "reviewer": "bob"})
        asked(desk.answer(approve("ann")))
        assert isinstance(desk.answer(approve("bob")), Finish)
