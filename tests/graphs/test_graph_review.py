"""Review through the graph: the question, the answers that are taken, and those that are refused."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Interrupt
from pydantic import ValidationError
from tests.fakes.desk import AGENTS, Posting, desk, thread
from tests.fakes.ledgers import DictLedger, Receiving

from quorate import Claim, Supervisor, agent
from quorate.contracts import Effect, check_plain
from quorate.graphs import Turn

UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}
CODES = {"fields": {"category": {"accept": 0.5}}, "review": {"reason_codes": ["checked", "misread"]}}

TERMS = ("reviewers", "to", "only", "rung", "deadline", "opinions")


class Talk:
    """A thread of a team, with a person."""

    def __init__(self, team: Supervisor) -> None:
        self.team = team
        self.graph = team.compile(InMemorySaver())
        self.config = thread()

    def ask(self, given: Mapping[str, Any] = UNSURE) -> Interrupt:
        (question,) = self.graph.invoke(given, self.config)["__interrupt__"]
        return question

    def answer(self, question: Interrupt, data: Any) -> Turn:
        return self.team.read(self.graph.invoke(Command(resume={question.id: data}), self.config))

    @property
    def waiting(self) -> list[str]:
        """The ids of the questions that are open."""
        snapshot = self.graph.get_state(self.config)
        return [interrupt.id for task in snapshot.tasks for interrupt in task.interrupts]


def edit(**args: Any) -> dict[str, Any]:
    return {"type": "edit", "edited_action": {"name": "decide", "args": args}}


def test_question_about_fields() -> None:
    """The value of the interrupt is LangChain's request with one action, and our data under one key."""
    question = Talk(desk()).ask()
    value = question.value
    assert set(value) == {"action_requests", "review_configs", "quorate"}
    (action,) = value["action_requests"]
    why = "total: confidence 0.545 is below 0.75; by_size claims 20.00; without by_size, 12.00 would be settled"
    assert action == {
        "name": "decide",
        "args": {"total": "12.00"},
        "arguments": {"total": "12.00"},
        "description": (
            f"{why}\n\n**`total`**\n1. `12.00` 0.545, by_label: `after the label`\n"
            "   - text: `ACME TOTAL «12.00» CASH 20.00`\n2. `20.00` 0.318, by_size\n\nDissent: by_size"
        ),
    }
    assert value["review_configs"] == [{"action_name": "decide", "allowed_decisions": ["approve", "edit", "reject"]}]
    ours = value["quorate"]
    assert set(ours) == {*TERMS, "thread", "turn", "reason", "fields"}
    assert (ours["thread"], ours["turn"]) == ("1", 1)
    assert ours["reason"] == why
    assert [ours[name] for name in TERMS] == [1, [], False, 0, "", []]
    about = ours["fields"]["total"]
    assert [each["key"] for each in about["decision"]["tally"]] == ["12", "20"]
    assert [claim["agent"] for claim in about["claims"]] == ["by_label", "by_size"]
    assert about["claims"][0]["evidence"] == [{"field": "text", "start": 11, "end": 16, "kind": "quote"}]
    assert question.response_schema
    check_plain(value)


def test_question_about_an_effect() -> None:
    """An effect is asked about under its own name, with its exact arguments."""
    receiver = Receiving()
    question = Talk(desk(posting=True, policy={}, receiver=receiver)).ask({"request": {"text": "ACME TOTAL 12.00"}})
    (action,) = question.value["action_requests"]
    args = {"company": "ACME", "total": "12.00", "memo": ""}
    assert action == {
        "name": "post", "args": args, "arguments": args, "description": "post: the policy leaves it to a person"
    }  # fmt: skip
    assert question.value["review_configs"][0] == {
        "action_name": "post", "allowed_decisions": ["approve", "edit", "reject"]
    }  # fmt: skip
    ours = question.value["quorate"]
    assert set(ours) == {*TERMS, "thread", "turn", "reason", "effect"}
    assert ours["effect"]["content"] == {"company": "acme", "total": "12"}
    assert receiver.calls == 0


def test_what_is_allowed() -> None:
    """Without a value there is nothing to approve; with a listener upstream a response is heard."""

    @agent(writes={"total": Decimal}, capability="reasoning")
    def listener(messages: list[Any]) -> Claim | None:
        return Claim("total", messages[-1].text, 0.99) if messages else None

    empty = Talk(desk()).ask({"request": {"text": "ACME"}})
    assert empty.value["action_requests"][0]["args"] == {"total": None}
    assert empty.value["review_configs"][0]["allowed_decisions"] == ["edit", "reject"]
    heard = Talk(desk(agents=(*AGENTS, listener))).ask()
    assert heard.value["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject", "respond"]


@pytest.mark.parametrize(
    "data, message",
    [
        ({"decisions": [{"type": "agree"}]}, "'approve', 'edit', 'reject', 'respond'"),
        ({"decisions": []}, "at least 1 item"),
        ("approve", "valid dictionary"),
        (
            {"type": "respond", "message": "hm"},
            "'respond' is not allowed here; answer with one of approve, edit, reject",
        ),
        (edit(totl="12"), "unknown name 'totl' in args; this question is about total"),
        (edit(company="X"), "unknown name 'company' in args; this question is about total"),
        (edit(total="twelve"), "field 'total': got 'twelve'; Input should be a valid decimal"),
        (edit(total=[1]), "field 'total': got [1]"),
        (edit(total=float("nan")), "field 'total': got nan"),
        ({"type": "approve", "reason_code": "whim"}, "unknown reason code 'whim'; use one of checked, misread"),
        ({"type": "approve", "reviwer": "ann"}, "reviwer"),
    ],
)
def test_wrong_answers_leave_the_question_open(data: Any, message: str) -> None:
    """A wrong answer raises, changes nothing, and the same question can be answered."""
    talk = Talk(desk(policy=CODES))
    question = talk.ask()
    before = talk.team.read(talk.graph.get_state(talk.config).values)
    for _ in range(2):
        with pytest.raises(ValidationError) as caught:
            talk.answer(question, data)
        assert message in str(caught.value)
        assert talk.waiting == [question.id]
    assert talk.team.read(talk.graph.get_state(talk.config).values) == before
    assert talk.answer(question, {"type": "approve"}).status == "settled"


async def test_wrong_answer_awaited() -> None:
    """The same awaited."""
    talk = Talk(desk())
    (question,) = (await talk.graph.ainvoke(UNSURE, talk.config))["__interrupt__"]
    with pytest.raises(ValidationError):
        await talk.graph.ainvoke(Command(resume={question.id: edit(total="twelve")}), talk.config)
    assert talk.waiting == [question.id]
    values = await talk.graph.ainvoke(Command(resume={question.id: edit(total="12")}), talk.config)
    assert talk.team.read(values).values["total"] == "12"


@pytest.mark.parametrize(
    "args, message",
    [
        ({"amount": "1"}, "unknown name 'amount' in args; this question is about company, memo, total"),
        ({"total": "twelve"}, "argument 'total': got 'twelve'"),
        ({"memo": float("inf")}, "argument 'memo': got inf"),
        ({"memo": "\ud800"}, "argument 'memo'"),
        ({"memo": 2**70}, "argument 'memo'"),
        ({"memo": Decimal(1)}, "argument 'memo'"),
    ],
)
def test_wrong_arguments_leave_the_question_open(args: dict[str, Any], message: str) -> None:
    """An effect's edited arguments are checked by name, by the identity's fields, and as plain data."""
    receiver = Receiving()
    talk = Talk(desk(posting=True, policy={}, receiver=receiver))
    question = talk.ask({"request": {"text": "ACME TOTAL 12.00"}})
    with pytest.raises(ValidationError) as caught:
        talk.answer(question, {"type": "edit", "args": args})
    assert message in str(caught.value)
    assert talk.waiting == [question.id]
    assert receiver.calls == 0
    assert talk.answer(question, {"type": "approve"}).status == "settled"


class TestVerdicts:
    """What each verdict makes of the fields."""

    @staticmethod
    def of(data: Any) -> Turn:
        talk = Talk(desk(policy=CODES))
        return talk.answer(talk.ask(), data)

    def test_approve(self) -> None:
        """The proposed value is settled for certain, signed and dated."""
        before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        turn = self.of({"type": "approve", "reviewer": "ann", "reason_code": "checked"})
        decision = turn.decisions["total"]
        assert (decision.status, decision.value, decision.confidence) == ("settled", "12.00", 1.0)
        assert (decision.locked, decision.review, decision.version) == (True, False, 2)
        assert (decision.by, decision.reviewer, decision.reason_code) == ("person:ann", "ann", "checked")
        assert before <= datetime.datetime.fromisoformat(decision.decided_at) <= datetime.datetime.now(datetime.UTC)
        assert decision.dissent == ("by_size",)
        assert [each.key for each in decision.tally] == ["12", "20"]
        assert turn.status == "settled"

    def test_edit(self) -> None:
        """Another value is settled in its place; who claimed the same number is no dissenter."""
        decision = self.of({"decisions": [edit(total="20")], "reviewer": "ann"}).decisions["total"]
        assert (decision.value, decision.reason_code, decision.reason) == ("20", "edit", "edit by a person")
        assert decision.dissent == ("by_label",)

    def test_edit_to_nothing(self) -> None:
        """Null leaves a field open, by the person's word."""
        decision = self.of({"decisions": [edit(total=None)], "reviewer": "ann"}).decisions["total"]
        assert (decision.status, decision.value, decision.locked, decision.by) == (
            "abstained",
            None,
            True,
            "person:ann",
        )

    def test_edit_of_nothing(self) -> None:
        """A field that the edit leaves out stays as proposed."""
        assert self.of(edit()).decisions["total"].value == "12.00"

    def test_reject(self) -> None:
        """The field is closed without a value, and the turn ends as far as it goes."""
        turn = self.of({"type": "reject", "message": "unreadable", "reviewer": "bob", "reason_code": "misread"})
        decision = turn.decisions["total"]
        assert (decision.status, decision.value, decision.locked) == ("abstained", None, True)
        assert (decision.reason, decision.reviewer, decision.reason_code) == ("unreadable", "bob", "misread")
        assert turn.status == "settled"
        assert turn.reason.endswith("closed by a person: total")

    def test_old_forms(self) -> None:
        """Agent Inbox's older answers do the same."""
        assert self.of([{"type": "accept", "args": None}]).values["total"] == "12.00"
        assert (
            self.of([{"type": "edit", "args": {"action": "decide", "args": {"total": "13"}}}]).values["total"] == "13"
        )
        assert "total" not in self.of([{"type": "ignore", "args": None}]).values

    def test_nobody_by_name(self) -> None:
        """An answer without a name is recorded as that."""
        assert self.of({"type": "approve"}).decisions["total"].by == "person:unknown"

    def test_respond(self) -> None:
        """A response joins the conversation under the reviewer's name, and listeners try again."""

        @agent(writes={"total": Decimal}, capability="reasoning")
        def listener(messages: list[Any]) -> Claim | None:
            return Claim("total", messages[-1].text, 0.99) if messages else None

        talk = Talk(desk(agents=(*AGENTS, listener)))
        turn = talk.answer(talk.ask(), {"type": "respond", "message": "20.00", "reviewer": "ann"})
        assert turn.values["total"] == "20.00"
        assert [(message.name, message.text) for message in turn.messages] == [("ann", "20.00")]
        assert not turn.decisions["total"].locked


class TestEffects:
    """What each verdict makes of an effect."""

    @staticmethod
    def of(data: Any) -> tuple[Turn, Receiving]:
        receiver = Receiving()
        talk = Talk(desk(posting=True, policy={}, receiver=receiver))
        return talk.answer(talk.ask({"request": {"text": "ACME TOTAL 12.00"}}), data), receiver

    def test_approve(self) -> None:
        """It is executed with exactly these arguments, and the answer becomes the field's value."""
        turn, receiver = self.of({"type": "approve", "reviewer": "ann"})
        (effect,) = turn.effects.values()
        assert receiver.received == [(effect.key, {"company": "ACME", "total": "12.00", "memo": ""})]
        assert (effect.status, effect.by, effect.result) == ("done", "person:ann", {"number": "N1"})
        assert (effect.reviewer, effect.reason_code) == ("ann", "approve")
        assert datetime.datetime.fromisoformat(effect.decided_at).tzinfo is not None
        assert effect.approved == effect.digest
        assert turn.values["posted"] == {"number": "N1"}

    def test_edit(self) -> None:
        """It is executed as edited; an edit of the content is another effect, and the old one is withdrawn."""
        turn, receiver = self.of({"type": "edit", "args": {"total": "13.00"}, "reviewer": "ann"})
        assert [args["total"] for _, args in receiver.received] == ["13.00"]
        assert sorted(effect.status for effect in turn.effects.values()) == ["done", "withdrawn"]
        assert all(slot == effect.slot for slot, effect in turn.effects.items())
        turn, receiver = self.of({"type": "edit", "args": {"memo": "paid"}})
        assert [args["memo"] for _, args in receiver.received] == ["paid"]
        assert len(turn.effects) == 1

    def test_reject(self) -> None:
        """It is not executed, and its field is closed."""
        turn, receiver = self.of({"type": "reject", "message": "private", "reviewer": "bob"})
        assert receiver.calls == 0
        (effect,) = turn.effects.values()
        assert (effect.status, effect.by, effect.note) == ("declined", "person:bob", "private")
        assert (turn.decisions["posted"].locked, turn.status) == (True, "settled")

    def test_respond(self) -> None:
        """It is declined as it stands, and an agent that hears the reviewer proposes anew."""

        @agent(writes={"posted"}, capability="action")
        def post(total: Decimal, messages: list[Any]) -> Effect:
            return Effect("post", {"total": str(total), "memo": messages[-1].text if messages else ""}, ("total",))

        receiver = Receiving()
        team = desk(
            agents=(*AGENTS, post), outcome=Posting, policy={}, ledger=DictLedger(), receivers={"post": receiver}
        )
        talk = Talk(team)
        first = talk.ask({"request": {"text": "ACME TOTAL 12.00"}})
        assert first.value["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject", "respond"]
        turn = talk.answer(first, {"type": "respond", "message": "for the picnic", "reviewer": "ann"})
        assert (turn.status, receiver.calls) == ("waiting", 0)
        ((second,),) = (task.interrupts for task in talk.graph.get_state(talk.config).tasks)
        assert second.value["action_requests"][0]["args"] == {"total": "12.00", "memo": "for the picnic"}
        assert talk.answer(second, {"type": "approve"}).status == "settled"
        assert [args["memo"] for _, args in receiver.received] == ["for the picnic"]


def test_two_questions_one_after_the_other() -> None:
    """A stale answer to an answered question does not answer the next one."""
    talk = Talk(desk(posting=True, policy={}))
    first = talk.ask()
    turn = talk.answer(first, {"type": "approve"})
    assert (turn.status, len(talk.waiting)) == ("waiting", 1)
    assert talk.waiting != [first.id]
    talk.graph.invoke(Command(resume={first.id: {"type": "approve"}}), talk.config)
    (effect,) = talk.team.read(talk.graph.get_state(talk.config).values).effects.values()
    assert effect.status == "proposed"


def test_new_turn_over_an_open_question() -> None:
    """A new request on a thread that waits opens a new turn; the old question is gone."""
    talk = Talk(desk())
    first = talk.ask()
    turn = talk.team.read(talk.graph.invoke({"request": {"text": "ZETA TOTAL 13.00"}}, talk.config))
    assert (turn.number, turn.status, turn.values["company"]) == (2, "settled", "ZETA")
    assert first.id not in talk.waiting


def test_correction_while_a_question_is_open() -> None:
    """A correction of the field in question answers it."""
    talk = Talk(desk())
    talk.ask()
    update = talk.team.correction(talk.graph.get_state(talk.config).values, {"total": "20"}, reviewer="bob")
    talk.graph.update_state(talk.config, update, as_node="review")
    turn = talk.team.read(talk.graph.invoke(None, talk.config))
    assert (turn.status, turn.values["total"], talk.waiting) == ("settled", "20", [])


def test_without_a_checkpointer() -> None:
    """Without a checkpointer the run ends with the question in its result."""
    team = desk()
    values = team.compile().invoke(UNSURE)
    assert team.read(values).status == "waiting"
    assert values["__interrupt__"][0].value["quorate"]["thread"] == ""


@pytest.mark.parametrize("fields, message", [({"totl": "1"}, "'totl'"), ({"total": "much"}, "valid decimal")])
def test_wrong_corrections(fields: dict[str, Any], message: str) -> None:
    """A correction of an unknown field, or to a value of another type, is refused before anything is written."""
    talk = Talk(desk())
    talk.ask()
    with pytest.raises(ValueError, match=message):
        talk.team.correction(talk.graph.get_state(talk.config).values, fields, reviewer="ann")


def test_tampered_effect_is_asked_about_once_more() -> None:
    """Arguments that were changed in the state after the approval are not executed but asked about; and it ends."""
    receiver = Receiving()
    talk = Talk(desk(posting=True, policy={}, receiver=receiver))
    question = talk.ask({"request": {"text": "ACME TOTAL 12.00"}})
    values = talk.graph.get_state(talk.config).values
    ((key, data),) = values["effects"].items()
    approved = {**data, "status": "approved", "by": "person:ann", "approved": Effect(data["name"], data["args"]).digest}
    tampered = {**approved, "args": {**data["args"], "total": "99.00"}}
    talk.graph.update_state(talk.config, {"effects": {key: tampered}}, as_node="review")
    (again,) = talk.graph.invoke(None, talk.config)["__interrupt__"]
    assert receiver.calls == 0
    assert again.id != question.id
    assert again.value["action_requests"][0]["args"]["total"] == "99.00"
    assert "changed after it was approved" in again.value["quorate"]["reason"]
    turn = talk.answer(again, {"type": "approve", "reviewer": "bob"})
    assert [args["total"] for _, args in receiver.received] == ["99.00"]
    assert (turn.status, talk.waiting) == ("settled", [])


def test_tampered_effect_without_an_identity() -> None:
    """The same where all arguments are the content, so that the tampered effect has another key."""

    @agent(writes={"posted"}, capability="action")
    def post(total: Decimal) -> Effect:
        return Effect("post", {"total": str(total)})

    receiver = Receiving()
    team = desk(agents=(*AGENTS, post), outcome=Posting, policy={}, ledger=DictLedger(), receivers={"post": receiver})
    talk = Talk(team)
    talk.ask({"request": {"text": "ACME TOTAL 12.00"}})
    ((key, data),) = talk.graph.get_state(talk.config).values["effects"].items()
    talk.graph.update_state(talk.config, {"effects": {key: {**data, "args": {"total": "99"}}}}, as_node="review")
    (again,) = talk.graph.invoke(None, talk.config)["__interrupt__"]
    turn = talk.answer(again, {"type": "approve"})
    assert (turn.status, talk.waiting) == ("settled", [])
    assert [args for _, args in receiver.received] == [{"total": "99"}]


TIED = {"request": {"text": "ACME TOTAL 12.00 TOTAL 20.00 TOTAL 15.00"}}


def test_tie_is_not_approved() -> None:
    """Of values that tie none is proposed, and none approved: a person names one, or leaves it open."""
    talk = Talk(desk(agents=[each for each in AGENTS if each.name != "by_size"]))
    question = talk.ask(TIED)
    assert question.value["action_requests"][0]["args"] == {"total": None}
    assert question.value["review_configs"][0]["allowed_decisions"] == ["edit", "reject"]
    told = question.value["quorate"]["fields"]["total"]["alternatives"]
    assert [each["value"] for each in told] == ["12.00", "15.00", "20.00"]
    tie = "field 'total' is a tie between 12.00, 15.00 and 20.00"
    for answer in ({"type": "approve"}, edit()):
        with pytest.raises(ValidationError, match=tie):
            talk.answer(question, answer)
    turn = talk.answer(question, edit(total="15.00"))
    assert turn.decisions["total"].value == "15.00"
    assert turn.opinions[-1].proposed == {"total": None}
    assert turn.opinions[-1].agrees == {}


def test_forced_value_of_a_tie() -> None:
    """Where a rule sets the value, a tie is none any more: it can be approved."""
    rules = [
        {"name": "set", "field": "total", "then": "force", "when": "true", "value": "12"},
        {"name": "look", "field": "total", "then": "review", "when": "true"},
    ]
    talk = Talk(desk(agents=[each for each in AGENTS if each.name != "by_size"], policy={"rules": rules}))
    question = talk.ask(TIED)
    assert question.value["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject"]
    assert talk.answer(question, {"type": "approve"}).decisions["total"].value == "12"
