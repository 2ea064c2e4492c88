"""The supervisor's next move without a graph: chaining, tiers, stale decisions, locks, bounds, effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ValidationError
from tests.fakes.bench import NOW, Bench, turn_of

from quorate.agents import Agent, agent
from quorate.contracts import Ask, Claim, Dispatch, Effect, Execute, Finish, Halt, Policy, fields_of
from quorate.graphs import Roster, next_move


class Request(BaseModel):
    text: str = "t"


class Outcome(BaseModel):
    total: str
    company: str
    category: str = "other"


def says(
    name: str, field: str, value: Any = "x", confidence: float = 0.9, *, reads: str = "text", **options: Any
) -> Agent:
    """An agent that always claims one value, or nothing where it is None."""

    def call(**fields: Any) -> Any:
        return None if value is None else Claim(field, value(**fields) if callable(value) else value, confidence)

    call.__name__ = name
    made = agent(writes={field}, capability=options.pop("capability", "extraction"), reads=(), name=name, **options)
    bare: Agent = made(lambda: None)
    return Agent(replace(bare.contract, reads=frozenset(reads.split())), call=call)


def proposes(name: str, field: str, reads: str, make: Callable[..., Any] | None = None) -> Agent:
    """An action agent that proposes to post what it reads."""

    def call(**fields: Any) -> Any:
        return make(**fields) if make else Effect("post", dict(fields), identity=tuple(sorted(fields)))

    bare: Agent = agent(writes={field}, capability="action", reads=(), name=name)(lambda: None)
    return Agent(replace(bare.contract, reads=frozenset(reads.split())), call=call)


def bench(*agents: Agent, outcome: Any = Outcome, **options: Any) -> Bench:
    policy = Policy.parse(options.pop("policy", {}))
    return Bench(agents, outcome, request=Request, inputs={"text": "t"}, policy=policy, **options)


TOTAL, COMPANY = says("by_total", "total", "12"), says("by_company", "company", "acme")
CATEGORY = says("by_category", "category", "fuel", reads="company")


def test_pure() -> None:
    """The same state gives the same step; the time is recorded and decides nothing."""
    desk = bench(TOTAL, COMPANY, CATEGORY)
    one = next_move(desk.turn, desk.roster, desk.policy, NOW)
    assert one == next_move(desk.turn, desk.roster, desk.policy, NOW)
    later = next_move(desk.turn, desk.roster, desk.policy, NOW.replace(year=2030))
    assert later.move.at == "2030-11-20T12:00:00.000+00:00"
    assert replace(later, move=replace(later.move, at=one.move.at)) == one


class TestChaining:
    def test_ready_ones_run_side_by_side(self) -> None:
        """Agents whose inputs are there run in one step; those that read their decisions in the next."""
        desk = bench(TOTAL, COMPANY, CATEGORY)
        assert desk.advance() == Finish("settled", "all 3 goals are settled", at="2026-11-20T12:00:00.000+00:00")
        assert desk.dispatched == [["by_company", "by_total"], ["by_category"]]

    def test_only_what_the_goals_need(self) -> None:
        """An agent that no goal needs is not dispatched, and a field that none needs is not decided."""
        desk = bench(TOTAL, COMPANY, CATEGORY, goals=["category"])
        desk.advance()
        assert desk.dispatched == [["by_company"], ["by_category"]]
        assert set(desk.turn.decisions) == {"company", "category"}

    def test_no_goals(self) -> None:
        """Without anything to do the turn is over."""
        assert next_move(turn_of(), bench(TOTAL, COMPANY, CATEGORY).roster, Policy(), NOW).move.kind == "finish"

    def test_messages_are_an_input(self) -> None:
        """An agent that reads the conversation runs again when there is more of it; its own reply is not more."""
        from langchain_core.messages import AIMessage

        listener = says("listener", "company", lambda messages: f"{len(messages)}", reads="messages")
        desk = bench(TOTAL, listener, CATEGORY)
        desk.advance()
        desk.turn = replace(desk.turn, messages=(AIMessage("x", id="reply-1-3"),))
        assert desk.advance().kind == "finish"
        assert desk.dispatched == [["by_total", "listener"], ["by_category"]]
        desk.say("more")
        desk.advance()
        assert desk.dispatched[2:] == [["listener"], ["by_category"]]
        assert desk.turn.decisions["company"].value == "2"

    def test_optional_field_left_empty_feeds_its_default(self) -> None:
        """A reader of an optional field that stays empty gets the default, and runs."""

        class Out(BaseModel):
            category: str = "other"
            total: str

        desk = bench(
            says("mute", "category", None),
            says("reader", "total", lambda category: category, reads="category"),
            outcome=Out,
        )
        assert desk.advance().kind == "finish"
        assert desk.turn.decisions["total"].value == "other"
        assert desk.status("category") == "abstained"
        assert desk.turn.status == "settled"


class TestTiers:
    def test_costlier_only_where_needed(self) -> None:
        """A higher tier runs for the field that the lower one left open, and for no other."""
        desk = bench(
            TOTAL,
            says("unsure", "company", "ac", 0.5),
            says("dear_total", "total", "99", tier=1),
            says("dear_company", "company", "acme", tier=1),
            says("dearest", "company", "acme", tier=2),
            CATEGORY,
        )
        assert desk.advance().kind == "finish"
        assert desk.dispatched == [["by_total", "unsure"], ["dear_company"], ["by_category"]]
        assert desk.turn.decisions["company"].value == "acme"
        assert "unsure" in desk.turn.decisions["company"].dissent

    def test_all_tiers_then_a_person(self) -> None:
        """A person is asked when every tier has run."""
        desk = bench(
            TOTAL, COMPANY, says("a", "category", None), says("b", "category", "x", 0.3, tier=3), CATEGORY_OPEN
        )
        assert isinstance(desk.advance(), Ask)
        assert desk.dispatched[-1] == ["b"]

    def test_review_rule_does_not_call_a_costlier_tier(self) -> None:
        """Where the vote is clear and a rule wants a person, no model is paid to confirm it."""
        desk = bench(
            TOTAL,
            COMPANY,
            says("dear", "total", "12", tier=1),
            CATEGORY,
            policy={"rules": [{"name": "r", "field": "total", "then": "review", "when": "true"}]},
        )
        assert isinstance(desk.advance(), Ask)
        assert "dear" not in desk.turn.runs

    def test_an_agent_of_a_tier_for_two_fields(self) -> None:
        """A costly agent that was called for one field has no say in another that the cheap ones settled."""

        def both(**fields: Any) -> Any:
            return [Claim("total", "99", 0.99), Claim("company", "acme", 0.9)]

        wide: Agent = agent(writes={"total", "company"}, capability="extraction", reads=(), name="wide", tier=1)(
            lambda: None
        )
        wide = Agent(replace(wide.contract, reads=frozenset({"text"})), call=both)
        desk = bench(TOTAL, says("mute", "company", None), wide, CATEGORY)
        desk.advance()
        assert desk.turn.decisions["total"].value == "12"
        assert desk.turn.decisions["total"].dissent == ()


CATEGORY_OPEN = says("guess", "category", "y", 0.3, reads="company")


class TestStale:
    def test_only_what_depends_is_derived_again(self) -> None:
        """A correction makes the readers of the corrected field run again, and nothing else."""
        desk = bench(TOTAL, COMPANY, says("by_category", "category", lambda company: company.upper(), reads="company"))
        desk.advance()
        assert desk.correct(company="zeta").kind == "finish"
        assert desk.dispatched == [["by_company", "by_total"], ["by_category"], ["by_category"]]
        assert desk.turn.decisions["category"].value == "ZETA"
        assert [desk.turn.decisions[name].version for name in ("company", "category", "total")] == [2, 2, 1]

    def test_old_claims_do_not_vote(self) -> None:
        """What was claimed on an old version of an input is kept and does not count."""
        desk = bench(TOTAL, COMPANY, says("by_category", "category", lambda company: company.upper(), reads="company"))
        desk.advance()
        desk.correct(company="zeta")
        assert len([claim for claim in desk.turn.claims if claim.field == "category"]) == 2
        assert [each.value for each in desk.turn.decisions["category"].tally] == ["ZETA"]

    def test_same_value_again_stops_there(self) -> None:
        """Where an agent finds the same value on new inputs, its field keeps its version and its readers rest."""

        class Chain(BaseModel):
            a: str
            b: str
            c: str

        desk = bench(
            says("by_a", "a", "1"),
            says("by_b", "b", "same", reads="a"),
            says("by_c", "c", "end", reads="b"),
            outcome=Chain,
        )
        desk.advance()
        desk.correct(a="2")
        assert desk.dispatched == [["by_a"], ["by_b"], ["by_c"], ["by_b"]]
        assert desk.turn.decisions["b"].version == 1

    def test_correction_to_the_same_value_counts_as_new(self) -> None:
        """A person who confirms a value makes a new version of it."""
        desk = bench(TOTAL, COMPANY, CATEGORY)
        desk.advance()
        desk.correct(company="acme")
        assert desk.turn.decisions["company"].version == 2


class TestPersons:
    def test_contested_fields_are_asked_together(self) -> None:
        """All open fields stand in one question, after everything that can run has run."""
        desk = bench(says("a", "total", "1", 0.4), says("b", "company", None), CATEGORY)
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("company", "total")
        assert move.reason == "company: nobody claimed a value; total: confidence 0.400 is below 0.75"

    def test_locked_is_locked(self) -> None:
        """A field that a person decided is never decided again, whatever its agents say later."""
        changing = says("by_category", "category", lambda company: company, 0.99, reads="company")
        desk = bench(TOTAL, COMPANY, changing)
        desk.advance()
        desk.correct(category="mine")
        desk.correct(company="zeta")
        decision = desk.turn.decisions["category"]
        assert (decision.value, decision.locked, decision.reviewer) == ("mine", True, "ann")
        assert desk.dispatched[-1] == ["by_category"]  # the last run is the first: a locked field calls nobody
        assert len(desk.turn.runs["by_category"]) == 1

    def test_rejected_field_is_closed(self) -> None:
        """A required field that a person leaves open ends its readers, and the turn is settled as far as it goes."""

        class Out(BaseModel):
            total: str
            vat: str

        desk = bench(says("a", "total", "1", 0.4), says("b", "vat", "2", reads="total"), outcome=Out, goals=["total"])
        desk.advance()
        move = desk.answer({"type": "reject", "reviewer": "ann"})
        assert isinstance(move, Finish)
        assert (move.outcome, move.reason) == ("settled", "all 1 goals are settled; closed by a person: total")

    def test_unreachable_field_is_asked_with_its_reason(self) -> None:
        """A field whose agents can never run is a person's, unless the policy says nobody's."""

        class Out(BaseModel):
            total: str
            vat: str

        team = (says("a", "total", "1", 0.4), says("b", "vat", "2", reads="total"))
        desk = bench(*team, outcome=Out)
        desk.advance()
        move = desk.answer({"type": "reject"})
        assert isinstance(move, Ask)
        assert move.reason == "vat: what it is derived from has no value"
        nobody = bench(*team, outcome=Out, policy={"defaults": {"review": "never"}})
        move = nobody.advance()
        assert isinstance(move, Finish)
        assert move.outcome == "unsettled"
        assert "total: confidence 0.400" in move.reason
        assert "vat: what it is derived from has no value" in move.reason
        assert "b" not in nobody.turn.runs

    def test_optional_field_that_nobody_may_be_asked_about(self) -> None:
        """An optional field that stays contested, and of which nobody is asked, stays empty and stops nobody."""
        desk = bench(
            TOTAL, COMPANY, says("unsure", "category", "x", 0.3), policy={"fields": {"category": {"review": "never"}}}
        )
        move = desk.advance()
        assert isinstance(move, Finish)
        assert move.outcome == "settled"

    def test_rule_wants_a_person_where_the_policy_asks_nobody(self) -> None:
        """A review rule is heard also where the vote failed and the policy would ask nobody; after the last tier."""
        desk = bench(
            says("a", "total", "900", 0.5),
            says("dear", "total", "900", 0.6, tier=1),
            COMPANY,
            CATEGORY,
            policy={
                "fields": {"total": {"review": "never"}},
                "rules": [{"name": "r", "field": "total", "then": "review", "when": 'value == "900"'}],
            },
        )
        assert isinstance(desk.advance(), Ask)
        assert "dear" in desk.turn.runs

    def test_respond_lets_listeners_try_again(self) -> None:
        """A response is a message: who reads the conversation runs again, and the field is decided anew."""
        listener = says(
            "listener", "company", lambda messages: messages[-1].text if messages else None, reads="messages"
        )
        desk = bench(TOTAL, says("weak", "company", "x", 0.3), replace(listener), CATEGORY)
        desk.advance()
        move = desk.answer({"type": "respond", "message": "it is zeta", "reviewer": "ann"})
        assert isinstance(move, Finish)
        assert desk.turn.decisions["company"].value == "it is zeta"
        assert not desk.turn.decisions["company"].locked

    def test_response_that_nobody_hears_is_not_allowed(self) -> None:
        """Where no agent upstream of the field reads the conversation, a response would be lost."""
        desk = bench(says("a", "total", "1", 0.4), says("listener", "company", "x", reads="messages"), CATEGORY)
        desk.advance()
        with pytest.raises(ValidationError, match="'respond' is not allowed here"):
            desk.answer({"type": "respond", "message": "hello"})


class TestRulesBetweenFields:
    POLICY: ClassVar[dict[str, Any]] = {
        "rules": [{"name": "foreign", "field": "total", "then": "review", "when": 'decided.category != "fuel"'}],
        "effects": {"post": {"approve": True}},
    }

    @pytest.mark.parametrize("goals", [["total", "category"], ["category", "total"], ["total"]])
    def test_a_field_waits_for_what_its_rules_look_at(self, goals: list[str]) -> None:
        """A rule that looks at another field is asked when that field is decided, in any order of the goals."""
        desk = bench(TOTAL, COMPANY, CATEGORY, policy=self.POLICY, goals=goals)
        assert desk.advance().kind == "finish"
        assert desk.turn.decisions["total"].status == "settled"
        assert desk.dispatched == [["by_company", "by_total"], ["by_category"]]
        assert "total" not in {name for step in desk.steps[:2] for name in step.decisions}

    def test_nothing_is_done_before_the_rule_is_asked(self) -> None:
        """An effect does not slip through before a rule that would have stopped its field."""

        class Out(Outcome):
            posted: str

        desk = bench(
            TOTAL,
            COMPANY,
            says("by_category", "category", "food", reads="company"),
            proposes("post", "posted", "total"),
            outcome=Out,
            policy=self.POLICY,
        )
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("total",)
        assert desk.executed == []

    def test_a_field_waits_for_a_person_about_another(self) -> None:
        """Where the field that a rule looks at waits for a person, so does the rule's field."""
        desk = bench(
            TOTAL, COMPANY, says("unsure", "category", "food", 0.3), policy={"rules": [dict(self.POLICY["rules"][0])]}
        )
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.fields == ("category",)
        move = desk.answer({"type": "edit", "args": {"category": "fuel"}})
        assert isinstance(move, Finish)


class Posting(BaseModel):
    total: str
    company: str
    posted: str


POST = proposes("post", "posted", "total")


class TestEffects:
    def test_waits_for_a_person_by_default(self) -> None:
        """An effect that the policy does not name is asked about, with the arguments that it will have."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        move = desk.advance()
        assert isinstance(move, Ask)
        (key,) = desk.turn.effects
        assert (move.fields, move.effect, move.reason) == ((), key, "post: the policy leaves it to a person")
        assert desk.answer({"type": "approve", "reviewer": "ann"}).kind == "finish"
        assert desk.executed == [{"total": "12"}]
        assert desk.turn.effects[key].by == "person:ann"
        assert desk.turn.decisions["posted"].value == "done 1"

    @pytest.mark.parametrize(
        "approve", [True, 'decided.total == "12"', 'args.total == "12" && agent == "post" && name == "post"']
    )
    def test_policy_approves(self, approve: Any) -> None:
        """The policy approves by itself, or by an expression over arguments and decisions."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting, policy={"effects": {"post": {"approve": approve}}})
        assert desk.advance().kind == "finish"
        assert desk.turn.effects[next(iter(desk.turn.effects))].by == "policy"

    @pytest.mark.parametrize("approve", ["false", "decided.company > 1.0", "1 / 0 > 1", "args.total > 1.0"])
    def test_policy_that_does_not_approve_asks(self, approve: str) -> None:
        """Where the expression is false or cannot be evaluated, a person decides, and sees why."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting, policy={"effects": {"post": {"approve": approve}}})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.effect
        assert desk.executed == []
        assert move.reason.startswith("post: ")

    def test_policy_waits_for_the_fields_that_it_looks_at(self) -> None:
        """An approval that looks at another field waits until it is decided, also if the agent does not read it."""

        class Out(Posting):
            category: str = "other"

        desk = bench(
            TOTAL,
            COMPANY,
            says("by_category", "category", "food", reads="company"),
            POST,
            outcome=Out,
            goals=["posted"],
            policy={"effects": {"post": {"approve": '!has(decided.category) || decided.category == "fuel"'}}},
        )
        assert isinstance(desk.advance(), Ask)
        assert desk.executed == []
        assert desk.turn.decisions["category"].value == "food"

    def test_changed_inputs_withdraw(self) -> None:
        """An effect that was proposed on a decision that has changed is withdrawn, and proposed anew."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        (old,) = desk.turn.effects
        move = desk.correct(total="13")
        assert isinstance(move, Ask)
        assert move.effect != old
        assert desk.turn.effects[old].status == "withdrawn"
        assert desk.answer({"type": "approve"}).kind == "finish"
        assert desk.executed == [{"total": "13"}]

    def test_approved_and_then_changed(self) -> None:
        """An approval does not outlive the decisions on which the effect was proposed."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        (old,) = desk.turn.effects
        effect = desk.turn.effects[old]
        desk.turn = replace(
            desk.turn, effects={old: replace(effect, status="approved", approved=effect.digest, by="person:a")}
        )
        desk.correct(total="13")
        assert desk.executed == []
        assert desk.turn.effects[old].status == "withdrawn"

    def test_inputs_in_flux_hold_and_do_not_lose_an_effect(self) -> None:
        """While an input is being decided again its effects wait; if it comes out the same they stand."""

        class Out(BaseModel):
            company: str
            total: str
            posted: str

        desk = bench(COMPANY, says("by_total", "total", "12", reads="company"), POST, outcome=Out)
        desk.advance()
        (key,) = desk.turn.effects
        move = desk.correct(company="zeta")  # `total` is derived again, and is the same
        assert isinstance(move, Ask)
        assert move.effect == key
        assert desk.turn.effects[key].status == "proposed"
        assert desk.answer({"type": "approve"}).kind == "finish"
        assert desk.turn.status == "settled"
        assert len(desk.turn.runs["post"]) == 1

    def test_second_effect_on_other_inputs_goes_to_a_person(self) -> None:
        """What was executed is not undone: another effect of the same agent is never approved by the policy."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting, policy={"effects": {"post": {"approve": True}}})
        desk.advance()
        move = desk.correct(total="13")
        assert isinstance(move, Ask)
        assert move.reason == "post: post was already executed in this turn, with other arguments"
        assert desk.executed == [{"total": "12"}]

    def test_unknown_effect_bars_the_policy_too(self) -> None:
        """An effect that may have happened stops the policy from approving another on other inputs."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting, policy={"effects": {"post": {"approve": True}}})
        desk.advance(stop=Execute)
        (key,) = desk.turn.effects
        desk.turn = replace(desk.turn, effects={key: replace(desk.turn.effects[key], status="unknown", note="timeout")})
        assert isinstance(desk.advance(), Ask)
        move = desk.correct(total="13")
        assert isinstance(move, Ask)
        assert desk.executed == []
        new = next(each for each in desk.turn.effects.values() if each.args == {"total": "13"})
        assert (new.status, new.note) == ("proposed", "post may have been executed in this turn, with other arguments")

    def test_unknown_effect_is_asked_about(self) -> None:
        """A person may have it executed again, or not; nothing else makes sense."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        (key,) = desk.turn.effects
        desk.turn = replace(desk.turn, effects={key: replace(desk.turn.effects[key], status="unknown", note="timeout")})
        move = desk.advance()
        assert isinstance(move, Ask)
        assert move.reason == "post: it is not known whether it happened: timeout"
        for verdict in ({"type": "edit", "args": {"total": "1"}}, {"type": "respond", "message": "x"}):
            with pytest.raises(ValidationError, match="answer with one of approve, happened, not_happened, reject"):
                desk.answer(verdict)
        desk.answer({"type": "approve"})
        assert desk.turn.effects[key].again
        assert desk.executed == [{"total": "12"}]

    def test_declined_effect_closes_its_field(self) -> None:
        """A declined effect is not executed, and its field is closed by the person."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        move = desk.answer({"type": "reject", "message": "not ours", "reviewer": "ann"})
        assert isinstance(move, Finish)
        assert (move.outcome, move.reason) == ("settled", "all 3 goals are settled; closed by a person: posted")
        decision = desk.turn.decisions["posted"]
        assert (decision.status, decision.locked, decision.reason) == ("abstained", True, "not ours")
        assert desk.executed == []

    def test_declining_an_outdated_effect_leaves_the_field_to_the_new_one(self) -> None:
        """To say no to what was proposed on old inputs is not to say no to what is proposed now."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        (old,) = desk.turn.effects
        desk.turn = replace(desk.turn, effects={old: replace(desk.turn.effects[old], status="unknown")})
        desk.correct(total="13")
        moves: list[Any] = [desk.turn.moves[-1]]
        while moves[-1].kind == "ask":
            verdict = "reject" if moves[-1].effect == old else "approve"
            moves.append(desk.answer({"type": verdict}))
        assert moves[-1].outcome == "settled"
        assert desk.executed == [{"total": "13"}]
        assert desk.turn.decisions["posted"].status == "settled"

    def test_edited_arguments(self) -> None:
        """Edited arguments are executed as edited, under the key of their own content."""
        desk = bench(TOTAL, COMPANY, POST, outcome=Posting)
        desk.advance()
        (old,) = desk.turn.effects
        desk.answer({"type": "edit", "args": {"total": "12.50"}, "reviewer": "ann"})
        assert desk.executed == [{"total": "12.50"}]
        assert desk.turn.effects[old].status == "withdrawn"
        (new,) = set(desk.turn.effects) - {old}
        assert desk.turn.effects[new].content == {"total": "12.50"}
        assert desk.turn.effects[new].by == "person:ann"
        assert desk.turn.status == "settled"

    def test_edited_arguments_of_the_same_content(self) -> None:
        """An edit beside the identity keeps the key."""
        memo = proposes(
            "post", "posted", "total", lambda total: Effect("post", {"total": total, "memo": "a"}, ("total",))
        )
        desk = bench(TOTAL, COMPANY, memo, outcome=Posting)
        desk.advance()
        desk.answer({"type": "edit", "args": {"memo": "b"}})
        assert desk.executed == [{"total": "12", "memo": "b"}]
        assert len(desk.turn.effects) == 1

    def test_several_effects_of_one_run(self) -> None:
        """Effects that an agent proposes together are judged alike; a list holds the answers, as they were proposed."""

        class Out(Posting):
            posted: list[str]  # type: ignore[assignment]

        def two(total: str) -> Any:
            return [Effect("post", {"part": "a"}), Effect("post", {"part": "b"})]

        desk = bench(
            TOTAL,
            COMPANY,
            proposes("post", "posted", "total", two),
            outcome=Out,
            policy={"effects": {"post": {"approve": 'args.part == "b"'}}},
        )
        move = desk.advance()
        assert desk.executed == [{"part": "b"}]
        assert isinstance(move, Ask)
        assert "already executed" not in move.reason
        assert "posted" not in desk.turn.values
        desk.answer({"type": "approve"})
        assert desk.executed == [{"part": "b"}, {"part": "a"}]
        assert (desk.turn.values["posted"], desk.turn.status) == (["done 2", "done 1"], "settled")

    def test_second_effect_of_one_run_for_a_single_answer(self) -> None:
        """Two effects for a field that holds one answer break the contract; neither is executed."""

        def two(total: str) -> Any:
            return [Effect("post", {"part": "a"}), Effect("post", {"part": "b"})]

        desk = bench(TOTAL, COMPANY, proposes("post", "posted", "total", two), outcome=Posting)
        assert isinstance(desk.advance(), Finish)
        assert "got a second effect in one run; expected one, for 'posted' holds the answer to one" in (
            desk.turn.faults[0].message
        )
        assert (desk.executed, desk.turn.effects) == ([], {})

    def test_one_of_several_that_fails(self) -> None:
        """Where one of several effects failed the list is not settled; where a person declined one, it lacks that."""

        class Out(Posting):
            posted: list[str]  # type: ignore[assignment]

        def two(total: str) -> Any:
            return [Effect("post", {"part": "a"}), Effect("post", {"part": "b"})]

        for status, values in (("failed", None), ("declined", ["done 1"])):
            desk = bench(
                TOTAL,
                COMPANY,
                proposes("post", "posted", "total", two),
                outcome=Out,
                policy={"effects": {"post": {"approve": 'args.part == "a"'}}},
            )
            desk.advance()
            slot, other = next((slot, each) for slot, each in desk.turn.effects.items() if each.status == "proposed")
            desk.turn = replace(desk.turn, effects={**desk.turn.effects, slot: replace(other, status=status)})
            desk.advance()
            assert desk.turn.values.get("posted") == values

    def test_nothing_proposed(self) -> None:
        """An action agent that proposes nothing leaves its field empty, and nobody is asked to fill it."""
        desk = bench(TOTAL, COMPANY, proposes("post", "posted", "total", lambda total: None), outcome=Posting)
        move = desk.advance()
        assert isinstance(move, Finish)
        assert (move.outcome, move.reason) == ("unsettled", "posted: nobody claimed a value")

    @pytest.mark.parametrize("terms", [{"accept": 1.0}, {"quorum": 2}, {"review": "always"}, {"weights": {"post": 0}}])
    def test_what_was_done_is_no_matter_of_opinion(self, terms: dict[str, Any]) -> None:
        """The policy's terms for votes do not make the ledger's record of an executed effect doubtful."""
        desk = bench(
            says("a", "total", "12", 0.99),
            says("b", "total", "12", 0.99),
            says("c", "company", "x", 0.99),
            says("d", "company", "x", 0.99),
            POST,
            outcome=Posting,
            policy={"defaults": terms, "effects": {"post": {"approve": True}}},
        )
        move = desk.advance()
        while isinstance(move, Ask):
            assert "posted" not in move.fields
            move = desk.answer({"type": "approve"})
        assert isinstance(move, Finish)
        assert move.outcome == "settled"
        assert desk.turn.decisions["posted"].value == "done 1"

    def test_policy_approval_is_looked_at_again_until_it_is_executed(self) -> None:
        """An approval by the policy holds only while what it looked at does."""
        desk = bench(
            TOTAL,
            COMPANY,
            POST,
            outcome=Posting,
            policy={"effects": {"post": {"approve": 'decided.company == "acme"'}}},
        )
        desk.advance(stop=Execute)
        move = desk.correct(company="zeta")
        assert isinstance(move, Ask)
        assert desk.executed == []


class TestBounds:
    def test_moves_are_bounded(self) -> None:
        """A turn that needs more moves than the policy allows halts, and says what is open."""
        desk = bench(TOTAL, COMPANY, CATEGORY, policy={"bounds": {"moves": 2}})
        move = desk.advance()
        assert isinstance(move, Halt)
        assert move.reason == "the bound of 2 moves is reached; open: category"
        assert len(desk.turn.moves) == 2
        assert desk.turn.status == "halted"

    def test_as_many_moves_as_allowed(self) -> None:
        """A turn that ends with its last move is no breach of the bound."""
        desk = bench(TOTAL, COMPANY, CATEGORY, policy={"bounds": {"moves": 3}})
        assert isinstance(desk.advance(), Finish)
        assert len(desk.turn.moves) == 3

    def test_rounds_are_bounded(self) -> None:
        """An agent whose inputs keep changing is stopped, by name."""
        desk = bench(TOTAL, COMPANY, CATEGORY, policy={"bounds": {"rounds": 2}})
        desk.advance()
        assert desk.correct(company="a").kind == "finish"
        move = desk.correct(company="b")
        assert isinstance(move, Halt)
        assert "agent 'by_category' has run 2 times" in move.reason

    def test_endless_questions_end(self) -> None:
        """A question that is handed on for ever is stopped by the bound on moves."""
        listener = says("listener", "company", "x", 0.1, reads="messages")
        desk = bench(TOTAL, listener, CATEGORY, policy={"bounds": {"moves": 12, "rounds": 99}})
        move = desk.advance()
        while isinstance(move, Ask):
            move = desk.answer({"type": "assign", "to": ["bob"], "reviewer": "ann"})
        assert isinstance(move, Halt)
        assert len(desk.turn.moves) == 12

    def test_failing_agent_is_not_called_again(self) -> None:
        """An agent that failed has had its run; its field goes on without it."""

        def boom(**fields: Any) -> Any:
            raise ValueError("boom")

        desk = bench(TOTAL, Agent(says("bad", "total").contract, call=boom), COMPANY, CATEGORY)
        assert desk.advance().kind == "finish"
        assert [fault.agent for fault in desk.turn.faults] == ["bad"]
        assert len(desk.turn.runs["bad"]) == 1


def test_long_chains() -> None:
    """A chain of 150 fields, one derived from the other, is planned and finished."""
    from pydantic import create_model

    names = [f"f{i}" for i in range(150)]
    outcome = create_model("Long", **dict.fromkeys(names, (str, ...)))  # type: ignore[call-overload]
    agents = [says(f"by_{n}", n, "x", reads=names[i - 1] if i else "text") for i, n in enumerate(names)]
    roster = Roster(agents, fields_of(Request), fields_of(outcome))
    step = next_move(turn_of({"text": "t"}, names[::-1]), roster, Policy(), NOW)
    assert isinstance(step.move, Dispatch)
    assert list(step.move.agents) == ["by_f0"]
