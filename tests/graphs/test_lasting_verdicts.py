"""What a person or the world has said of an effect outlasts every later proposal."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, ValidationError
from tests.fakes.ledgers import DictLedger, Receiving

from quorate import Claim, Effect, Policy, Supervisor, Turn, agent
from quorate.contracts import BuildError

THREAD: Any = {"configurable": {"thread_id": "t"}}


class Bill(BaseModel):
    text: str


class Paid(BaseModel):
    amount: Decimal
    payment: dict[str, str]


@agent(writes={"amount": Decimal}, capability="extraction")
def amount(text: str, messages: list[Any]) -> Claim:
    return Claim("amount", text.rsplit(maxsplit=1)[-1], confidence=0.9)


@agent(writes={"payment": dict}, capability="action")
def pay(amount: Decimal) -> Effect:
    return Effect("pay", {"amount": str(amount), "memo": ""}, identity=("amount",))


def team(*agents: Any, approve: Any, outcome: type[BaseModel] = Paid, receiver: Any = None) -> Supervisor:
    return Supervisor(
        "bills",
        request=Bill,
        outcome=outcome,
        agents=agents,
        policy=Policy.parse({"effects": {"pay": {"approve": approve}}}),
        ledger=DictLedger(),
        receivers={"pay": receiver or Receiving()},
    )


def resume(graph: Any, verdict: dict[str, Any]) -> Turn:
    (question,) = graph.get_state(THREAD).interrupts
    answer = {"decisions": [verdict], "reviewer": "ann"}
    return Turn.read(graph.invoke(Command(resume={question.id: answer}), THREAD))


def test_no_outlasts_a_new_proposal() -> None:
    """An effect that a person declined is not approved by the policy when its agent proposes it again."""

    class Noted(Paid):
        note: str

    @agent(writes={"note": str}, capability="reasoning")
    def note(messages: list[Any]) -> Claim:
        return Claim("note", f"{len(messages)} messages", confidence=0.9)

    @agent(writes={"payment": dict}, capability="action")
    def pay_with_note(amount: Decimal, note: str) -> Effect:
        return Effect("pay", {"amount": str(amount), "memo": note}, identity=("amount",))

    receiver = Receiving()
    approve = 'args.memo != "0 messages"'  # so that the policy would approve the second proposal
    desk = team(amount, note, pay_with_note, approve=approve, outcome=Noted, receiver=receiver)
    graph = desk.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    turn = resume(graph, {"type": "respond", "message": "do not pay this"})
    (effect,) = turn.effects.values()
    assert (effect.status, effect.before, turn.status) == ("proposed", "declined by person:ann", "waiting")
    assert "declined by person:ann" in turn.reason
    assert receiver.calls == 0


def test_response_that_changes_nothing() -> None:
    """An effect that was sent back, and of which the agents say nothing else, is asked about once more."""
    for verdict, status in (({"type": "approve"}, "settled"), ({"type": "reject"}, "settled")):
        receiver = Receiving()
        graph = team(amount, pay, approve=False, receiver=receiver).compile(checkpointer=InMemorySaver())
        graph.invoke({"request": {"text": "pay 20"}}, THREAD)
        again = resume(graph, {"type": "respond", "message": "is that right?"})
        (effect,) = again.effects.values()
        assert (again.status, effect.status, effect.before) == ("waiting", "proposed", "declined by person:ann")
        assert "back from the agents, where ann had sent it: it is decided here" in again.reason
        with pytest.raises(ValidationError, match="it came back from the agents once"):
            resume(graph, {"type": "respond", "message": "and now?"})
        assert resume(graph, verdict).status == status
        assert receiver.calls == (verdict["type"] == "approve")


def test_agent_that_takes_its_proposal_back() -> None:
    """An effect that its own agent does not propose again after the response stays declined."""

    @agent(writes={"payment": dict}, capability="action")
    def listening(amount: Decimal, messages: list[Any]) -> Effect | None:
        return None if messages else Effect("pay", {"amount": str(amount)}, identity=("amount",))

    graph = team(amount, listening, approve=False).compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    turn = resume(graph, {"type": "respond", "message": "do not"})
    assert [each.status for each in turn.effects.values()] == ["declined"]
    assert turn.status == "unsettled"


def test_doubt_outlasts_its_answer() -> None:
    """After an effect that may have happened, the policy approves no other, whatever a person said of the first."""

    def time_out(number: int) -> None:
        raise TimeoutError

    receiver = Receiving(after=time_out)
    desk = team(amount, pay, approve=True, receiver=receiver)
    graph = desk.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    assert resume(graph, {"type": "reject"}).status == "settled"
    state = graph.get_state(THREAD)
    update = desk.correction(state.values, {"amount": "35"}, reviewer="bob")
    update["decisions"].pop("payment", None)
    graph.update_state(THREAD, update, as_node="review")
    graph.invoke(None, THREAD)
    assert receiver.calls == 1


def test_editing_a_memo_keeps_the_identity() -> None:
    """An argument that only shares its name with an identity field does not change what the effect is."""

    @agent(writes={"payment": dict}, capability="action")
    def pay_in_words(amount: Decimal) -> Effect:
        return Effect("pay", {"amount": f"EUR {amount}", "memo": ""}, identity=("amount",))

    receiver = Receiving()
    graph = team(amount, pay_in_words, approve=False, receiver=receiver).compile(checkpointer=InMemorySaver())
    before = Turn.read(graph.invoke({"request": {"text": "pay 20"}}, THREAD))
    turn = resume(graph, {"type": "edit", "edited_action": {"args": {"memo": "rent"}}})
    assert turn.effects.keys() == before.effects.keys()
    assert [args for _, args in receiver.received] == [{"amount": "EUR 20", "memo": "rent"}]


def test_two_agents_one_content() -> None:
    """Two agents that propose the same content both get its answer, and it is executed once."""

    class Twice(Paid):
        second: dict[str, str]

    @agent(writes={"second": dict}, capability="action")
    def pay_as_well(amount: Decimal) -> Effect:
        return Effect("pay", {"amount": str(amount), "memo": ""}, identity=("amount",))

    receiver = Receiving()
    desk = team(amount, pay, pay_as_well, approve=True, outcome=Twice, receiver=receiver)
    turn = desk.read(desk.compile().invoke({"request": {"text": "pay 20"}}))
    assert turn.values["payment"] == turn.values["second"] == {"number": "N1"}
    assert receiver.calls == 1


def test_one_of_two_declined() -> None:
    """Declining one effect of an agent leaves the other to be answered, and does not hide that it was executed."""

    class Parts(BaseModel):
        amount: Decimal
        payment: list[dict[str, str]]

    @agent(writes={"payment": list}, capability="action")
    def in_parts(amount: Decimal) -> Any:
        yield Effect("pay", {"part": 1, "amount": str(amount)})
        yield Effect("pay", {"part": 2, "amount": str(amount)})

    receiver = Receiving()
    desk = team(amount, in_parts, approve="args.part == 1", receiver=receiver, outcome=Parts)
    graph = desk.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    turn = resume(graph, {"type": "reject", "message": "one is enough"})
    assert sorted(effect.status for effect in turn.effects.values()) == ["declined", "done"]
    assert (turn.values["payment"], turn.decisions["payment"].locked) == ([{"number": "N1"}], False)


def test_same_content_twice_in_one_run() -> None:
    """Two effects of one content in one run are a broken contract: one of them would be lost."""

    @agent(writes={"payment": dict}, capability="action")
    def doubled(amount: Decimal) -> Any:
        yield Effect("pay", {"amount": str(amount), "memo": "a"}, identity=("amount",))
        yield Effect("pay", {"amount": str(amount), "memo": "b"}, identity=("amount",))

    desk = team(amount, doubled, approve=True)
    (fault,) = desk.read(desk.compile().invoke({"request": {"text": "pay 20"}})).faults
    assert (fault.agent, fault.kind) == ("doubled", "contract")
    assert "two effects of the same content" in fault.message


def test_closed_field_closes_what_is_derived_from_it() -> None:
    """Where a person leaves a field open, the turn is settled: what is derived from it is closed with it."""

    @agent(writes={"amount": Decimal}, capability="extraction")
    def unsure(text: str) -> Claim:
        return Claim("amount", "20", confidence=0.4)

    graph = team(unsure, pay, approve=True).compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    turn = resume(graph, {"type": "reject", "message": "not a bill"})
    assert (turn.status, turn.effects) == ("settled", {})
    assert "closed by a person: amount, payment" in turn.reason


@pytest.mark.parametrize(
    "policy,words",
    [
        ({"effects": {"pey": {"approve": True}}}, "got effect 'pey'; expected one of the receivers: pay"),
        ({"fields": {"amount": {"quorum": 2}}}, "quorum of 'amount': got 2; expected at most 1"),
    ],
)
def test_policy_that_can_never_work(policy: dict[str, Any], words: str) -> None:
    """An approval without a receiver and a quorum that no vote reaches are errors when the team is built."""
    with pytest.raises(BuildError, match=words):
        Supervisor(
            "bills",
            request=Bill,
            outcome=Paid,
            agents=[amount, pay],
            policy=Policy.parse(policy),
            ledger=DictLedger(),
            receivers={"pay": Receiving()},
        )


def test_reader_of_a_field_that_may_stay_empty() -> None:
    """An agent that cannot take None may not read a field that may stay None."""

    class Maybe(BaseModel):
        amount: Decimal | None = None
        payment: dict[str, str]

    with pytest.raises(BuildError, match=r"agent 'pay': got reads 'amount' as Decimal; expected Decimal \| None"):
        team(amount, pay, approve=True, outcome=Maybe)


def test_word_of_a_person_below() -> None:
    """What a person decided in a team within a team is not outvoted by the agents of the outer one."""

    class Total(BaseModel):
        amount: Decimal

    @agent(writes={"amount": Decimal}, capability="extraction")
    def unsure(text: str) -> Claim:
        return Claim("amount", "20", confidence=0.4)

    @agent(writes={"amount": Decimal}, capability="extraction")
    def certain(text: str) -> Claim:
        return Claim("amount", "35", confidence=0.99)

    inner = Supervisor("inner", request=Bill, outcome=Total, agents=[unsure])
    outer = Supervisor("outer", request=Bill, outcome=Total, agents=[inner.as_agent(), certain])
    graph = outer.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": "pay 20"}}, THREAD)
    decision = resume(graph, {"type": "approve"}).decisions["amount"]
    assert (decision.status, decision.value, decision.by) == ("settled", "20", "person:ann")


def test_forged_word_of_a_person() -> None:
    """An agent that is no team cannot speak for a person."""

    @agent(writes={"amount": Decimal}, capability="extraction")
    def forger(text: str) -> Claim:
        return Claim("amount", "35", confidence=0.5, person="ann")

    class Total(BaseModel):
        amount: Decimal

    desk = Supervisor("forged", request=Bill, outcome=Total, agents=[forger])
    turn = desk.read(desk.compile().invoke({"request": {"text": "pay 20"}}))
    assert (turn.claims, [fault.kind for fault in turn.faults]) == ((), ["contract"])
