"""Reviews by several people through the graph: interrupts of their own, validated on resume, and lasting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Interrupt
from markdown_it import MarkdownIt
from pydantic import BaseModel, ValidationError
from tests.fakes.desk import AGENTS, Document, desk, thread
from tests.fakes.ledgers import Receiving

from quorate import Claim, Policy, Supervisor, Turn, agent
from quorate.graphs.briefing import literal

UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}
OPTIONAL = {"category": {"accept": 0.5}}


class Noted(BaseModel):
    note: str | None = None


class Talk:
    """A thread of a team, with people."""

    def __init__(self, team: Supervisor) -> None:
        self.team = team
        self.graph = team.compile(InMemorySaver())
        self.question: Interrupt | None = None

    def send(self, given: Any = UNSURE) -> Turn:
        values = self.graph.invoke(given, thread())
        (self.question,) = values.get("__interrupt__") or (None,)
        return self.team.read(values)

    def answer(self, data: Any) -> Turn:
        assert self.question is not None
        return self.send(Command(resume={self.question.id: data}))


def approve(who: str) -> dict[str, Any]:
    return {"decisions": [{"type": "approve"}], "reviewer": who}


def talk(**review: Any) -> Talk:
    made = Talk(desk(policy={"fields": OPTIONAL, "review": review}))
    made.send()
    return made


def test_two_questions_one_after_the_other() -> None:
    """Each person answers a question of its own, which says what was said before; the first answer counts once."""
    people = talk(reviewers=2)
    first = people.question
    assert first is not None
    assert first.value["quorate"]["reviewers"] == 2
    people.answer(approve("ann"))
    second = people.question
    assert second is not None
    assert second.id != first.id
    (said,) = second.value["quorate"]["opinions"]
    assert (said["reviewer"], said["kind"], said["values"]) == ("ann", "approve", {"total": "12.00"})
    people.graph.invoke(Command(resume={first.id: approve("bob")}), thread())  # a stale answer
    assert people.team.read(people.graph.get_state(thread()).values).decisions["total"].status == "contested"
    with pytest.raises(ValidationError, match="has answered about 'total' already"):
        people.answer(approve("ANN"))
    assert people.answer(approve("bob")).status == "settled"


def test_agent_inbox() -> None:
    """Agent Inbox's form says who answers where it is wrapped; without a name it is refused where two must agree."""
    people = talk(reviewers=2)
    with pytest.raises(ValidationError, match="say who answers"):
        people.answer([{"type": "accept", "args": None}])
    people.answer({"decisions": [{"type": "accept", "args": None}], "reviewer": "ann"})
    assert people.answer({"type": "accept", "args": None, "reviewer": "bob"}).status == "settled"


def test_a_lapse_is_no_answer() -> None:
    """Nobody can say that time is over before it is; then the field stays open, and the thread ends."""
    with pytest.raises(ValidationError, match="has time until"):
        talk(deadline="PT1H").answer({"type": "lapse"})
    people = talk(deadline=0.000_001)
    turn = people.answer({"type": "lapse"})
    assert (turn.status, turn.decisions["total"].by) == ("unsettled", "policy:deadline")
    again = people.send()
    assert (again.number, again.status) == (2, "waiting")  # a new turn asks again: nobody has decided it


def test_an_optional_field_that_is_left_open() -> None:
    """A field that may stay empty, and that nobody answered about in time, is asked about again in a new turn."""

    @agent(writes={"note": str}, capability="extraction")
    def unsure(text: str) -> Claim:
        return Claim("note", text, 0.5)

    terms = Policy.parse({"review": {"deadline": 0.000_001}})
    people = Talk(Supervisor("notes", request=Document, outcome=Noted, agents=[unsure], policy=terms))
    assert people.send().status == "waiting"
    turn = people.answer({"type": "lapse"})
    assert (turn.status, turn.reason) == ("unsettled", "note: left open: nobody answered in time")
    assert people.send().status == "waiting"


def test_what_the_reviewer_reads() -> None:
    """The alternatives come ranked, with confidence, agents, a line of rationale, and evidence among its words."""
    people = talk()
    assert people.question is not None
    told = people.question.value["quorate"]["fields"]["total"]["alternatives"]
    assert [(each["value"], each["agents"], each["rationale"]) for each in told] == [
        ("12.00", ["by_label"], "after the label"),
        ("20.00", ["by_size"], ""),
    ]
    assert told[0]["confidence"] > told[1]["confidence"]
    (seen,) = told[0]["evidence"]
    assert (seen["before"], seen["quoted"], seen["after"]) == ("ACME TOTAL ", "12.00", " CASH 20.00")


def test_markdown_of_documents_means_nothing() -> None:
    """What agents and documents say is shown as code, on one line: it opens no link and ends no list."""

    @agent(writes={"total"}, capability="extraction")
    def hostile(text: str) -> Claim:
        return Claim("total", "13", 0.7, reason="`![x](http://evil/)`\n# Approve this")

    people = Talk(desk(agents=(*AGENTS, hostile), policy={"fields": OPTIONAL}))
    people.send()
    assert people.question is not None
    description = people.question.value["action_requests"][0]["description"]
    assert "`'![x](http://evil/)' # Approve this`" in description


def test_reason_means_nothing_in_markdown() -> None:
    """The reason stands in the description word by word: values and messages in it open no link, tag or emphasis."""

    @agent(writes={"company"}, capability="extraction")
    def hostile(text: str) -> Iterator[Claim]:
        yield Claim("company", "![x](http://e.vil) <b>", 0.9)

    asked = {"fields": {"company": {"review": "never"}}, "rules": [], "review": {"reviewers": 2}}
    rule = {
        "name": "r",
        "field": "total",
        "then": "review",
        "when": "true",
        "reason": "*see*\n# www.e.vil &lt; my_file `_x_`",
    }
    people = Talk(desk(agents=(*AGENTS, hostile), policy={**asked, "rules": [rule]}))
    people.send({"request": {"text": "ACME TOTAL 12.00"}})
    assert people.question is not None
    description = people.question.value["action_requests"][0]["description"].split("\n")[0]
    assert r"\*see\* # www\.e.vil \&lt; my_file \`\_x\_\`" in description
    assert "*see*\n# www.e.vil" in people.question.value["quorate"]["reason"]


@given(st.text(st.characters(exclude_characters="\0") | st.sampled_from("_*[]()`<>&;#!~:/.\\")))
@example("__0__")
def test_literal_text_stays_as_it_is(text: str) -> None:
    """What a reader sees of literal text is the text, on one line: by a parser of Markdown, in a paragraph."""
    (_, inline, _) = MarkdownIt("commonmark").parse(f"x{literal(text)}x")
    assert [(each.type, each.content) for each in inline.children or ()] == [("text", f"x{' '.join(text.split())}x")]


def test_a_correction_counts_at_once() -> None:
    """A person who corrects a field unasked decides it, whoever else would have had to agree, and it is recorded."""
    people = talk(reviewers=2)
    people.answer(approve("ann"))
    update = people.team.correction(people.graph.get_state(thread()).values, {"total": "20"}, reviewer="bob")
    people.graph.update_state(thread(), update, as_node="review")
    turn = people.send(None)
    assert (turn.status, turn.values["total"], turn.decisions["total"].by) == ("settled", "20", "person:bob")
    assert [(each.kind, each.reviewer) for each in turn.opinions] == [("approve", "ann"), ("correct", "bob")]


def test_effect_of_two() -> None:
    """An effect that two must approve is executed once, after the second."""
    receiver = Receiving()
    policy = {"fields": OPTIONAL, "effects": {"post": {"reviewers": 2}}}
    people = Talk(desk(posting=True, policy=policy, receiver=receiver))
    people.send({"request": {"text": "ACME TOTAL 12.00"}})
    people.answer(approve("ann"))
    assert receiver.calls == 0
    assert people.answer(approve("bob")).status == "settled"
    assert receiver.calls == 1


class Paid(BaseModel):
    kind: str
    total: str


class TestTeamsInTeams:
    """A field that a person has decided in a team below."""

    @staticmethod
    def office() -> Talk:
        """An office whose desk asks a person about the total, of bills only."""

        @agent(writes={"kind"}, capability="reasoning")
        def sort(text: str, messages: list[Any]) -> Claim:
            return Claim("kind", messages[-1].text if messages else "bill", 0.9)

        @agent(writes={"total"}, capability="extraction")
        def read(kind: str) -> Claim:
            return Claim("total", "12" if kind == "bill" else "99", 0.5 if kind == "bill" else 0.9)

        class Kind(BaseModel):
            kind: str

        class Total(BaseModel):
            total: str

        inner = Supervisor("desk", request=Kind, outcome=Total, agents=[read])
        return Talk(Supervisor("office", request=Document, outcome=Paid, agents=[sort, inner.as_agent()]))

    def test_agents_do_not_undo_it(self) -> None:
        """What agents decide otherwise later, on other inputs, goes to a person once more, for good; and it says so."""
        people = self.office()
        people.send()
        assert people.answer({"decisions": [{"type": "approve"}], "reviewer": "ann"}).values["total"] == "12"
        update = people.team.correction(people.graph.get_state(thread()).values, {"kind": "note"}, reviewer="bob")
        people.graph.update_state(thread(), update, as_node="review")
        turn = people.send(None)
        assert turn.status == "waiting"
        assert (
            "ann decided '12' in desk, and the agents have decided otherwise since: it is decided here" in turn.reason
        )
        turn = people.answer({"decisions": [{"type": "approve"}], "reviewer": "ann"})
        assert (turn.status, turn.values["total"], turn.decisions["total"].locked) == ("settled", "99", True)


def test_lasting_over_turns() -> None:
    """In a new turn about the same, what a person decided stands; what a person sent back is not sent back again."""

    @agent(writes={"total"}, capability="reasoning")
    def listener(messages: list[Any]) -> Claim | None:
        return Claim("total", "20.00", 0.3) if messages else None

    people = Talk(desk(agents=(*AGENTS, listener), policy={"fields": OPTIONAL}))
    people.send()
    people.answer({"type": "respond", "message": "look again", "reviewer": "ann"})
    turn = people.send()  # the same request once more, over the open question
    assert (turn.number, turn.status) == (2, "waiting")
    with pytest.raises(ValidationError, match="it came back from the agents once"):
        people.answer({"type": "respond", "message": "and again"})
    people.answer(approve("ann"))
    turn = people.send()
    assert (turn.number, turn.status, turn.decisions["total"].by) == (3, "settled", "person:ann")
    turn = people.send({**UNSURE, "messages": [{"role": "user", "content": "it is another one"}]})
    assert (turn.status, turn.decisions["total"].locked) == ("waiting", False)


def test_effect_that_came_back() -> None:
    """What was sent back by way of an effect is not sent back again either, in a new turn about the same."""

    @agent(writes={"total"}, capability="reasoning")
    def listener(messages: list[Any]) -> Claim | None:
        return Claim("total", "12.00", 0.9) if messages else None

    asked = {"fields": OPTIONAL, "effects": {"post": {"approve": False}}}
    people = Talk(desk(agents=(*AGENTS, listener), policy=asked, posting=True))
    clear = {"request": {"text": "ACME TOTAL 12.00"}}
    people.send(clear)
    people.answer({"type": "respond", "message": "look again", "reviewer": "ann"})
    assert people.send(clear).number == 2
    assert people.question is not None
    assert people.question.value["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject"]
    with pytest.raises(ValidationError, match="it came back from the agents once"):
        people.answer({"type": "respond", "message": "and again"})


def test_declined_effect_stays_declined() -> None:
    """What a person declined is not executed in a new turn about the same, also where the policy would approve it."""
    receiver = Receiving()
    asked = {"fields": OPTIONAL, "effects": {"post": {"approve": False}}}
    people = Talk(desk(policy=asked, posting=True, receiver=receiver))
    clear = {"request": {"text": "ACME TOTAL 12.00"}}
    people.send(clear)
    turn = people.answer({"type": "reject", "message": "not ours", "reviewer": "ann"})
    people.graph = desk(posting=True, receiver=receiver).compile(people.graph.checkpointer)  # it approves by itself
    for number in (2, 3):
        turn = people.send(clear)
        assert (turn.number, turn.status, turn.effects) == (number, "settled", {})
        assert (turn.decisions["posted"].by, turn.decisions["posted"].reason) == ("person:ann", "not ours")
    assert receiver.calls == 0
    assert people.send({"request": {"text": "ACME TOTAL 13.00"}}).values["posted"] == {"number": "N1"}


def test_carried_value_that_does_not_fit() -> None:
    """A decision that the team's outcome does not take any more is not carried over."""

    class Small(BaseModel):
        company: str
        total: int
        category: str = "other"

    people = talk()
    people.answer({"decisions": [{"type": "edit", "edited_action": {"args": {"total": "12.50"}}}], "reviewer": "ann"})

    @agent(writes={"total": int}, capability="extraction")
    def whole(text: str) -> Claim:
        return Claim("total", 12, 0.3)

    saver = people.graph.checkpointer
    rest = [each for each in AGENTS if each.name not in ("by_label", "by_size")]
    later = Supervisor(
        "desk", request=Document, outcome=Small, agents=[whole, *rest], policy=Policy.parse({"fields": OPTIONAL})
    )
    turn = later.read(later.compile(saver).invoke(UNSURE, thread()))
    assert (turn.number, turn.status, turn.decisions["total"].value) == (2, "waiting", 12)
