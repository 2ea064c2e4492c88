"""Effects through the graph: executed once across threads, runs, crashes and resumes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel
from tests.fakes.desk import desk, thread
from tests.fakes.ledgers import Answering, DictLedger, Lookup, PowerCut, Receiving

from quorate import Policy, Supervisor, agent
from quorate.contracts import Effect, Entry, dump, load
from quorate.graphs import Turn

ONE = {"request": {"text": "ACME TOTAL 12.00"}}
SAME = {"request": {"text": "ACME PAID TOTAL 12.0 CASH 12.00"}}


def run(team: Supervisor, given: Any, config: Any, saver: Any = None) -> Turn:
    return team.read(team.compile(saver or InMemorySaver()).invoke(given, config))


def statuses(turn: Turn) -> list[str]:
    return [effect.status for effect in turn.effects.values()]


def test_same_content_on_another_thread() -> None:
    """The same receipt on another thread, written otherwise, is recognised by content and not posted again."""
    receiver = Receiving()
    team = desk(posting=True, receiver=receiver)
    first, second = run(team, ONE, thread("a")), run(team, SAME, thread("b"))
    assert (statuses(first), statuses(second)) == (["done"], ["duplicate"])
    assert second.values["posted"] == first.values["posted"] == {"number": "N1"}
    assert second.status == "settled"
    assert receiver.calls == 1


def test_same_content_on_a_later_turn() -> None:
    """The same on a later turn of the same thread."""
    receiver, saver = Receiving(), InMemorySaver()
    team = desk(posting=True, receiver=receiver)
    assert statuses(run(team, ONE, thread(), saver)) == ["done"]
    second = run(team, ONE, thread(), saver)
    assert (statuses(second), second.number) == (["duplicate"], 2)
    assert receiver.calls == 1


def test_without_threads() -> None:
    """Runs without a thread are each their own."""
    receiver = Receiving()
    graph = desk(posting=True, receiver=receiver).compile()
    turns = [desk().read(graph.invoke(ONE)) for _ in range(2)]
    assert [statuses(turn) for turn in turns] == [["done"], ["duplicate"]]


def test_many_threads_at_once() -> None:
    """Eight runs at the same time with one content: one is executed, seven are duplicates."""
    busy = threading.Barrier(8, timeout=30)

    class Slow(DictLedger):
        def begin(self, *args: Any, **more: Any) -> Any:
            if threading.get_ident() not in self.seen:
                self.seen.add(threading.get_ident())
                busy.wait()
            return super().begin(*args, **more)

        seen: set[int] = set()  # noqa: RUF012 (of this one test)

    receiver = Receiving()
    team = desk(posting=True, receiver=receiver, ledger=Slow())
    graph = team.compile(InMemorySaver())
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda name: graph.invoke(ONE, thread(str(name))), range(8)))
    seen = sorted(status for each in values for status in statuses(team.read(each)))
    assert seen == ["done", *["duplicate"] * 7]
    assert receiver.calls == 1


def test_refused_by_the_receiver() -> None:
    """A refusal ends the turn unsettled, with the receiver's words; a new turn may try again."""

    def refuse(number: int) -> None:
        if number == 1:
            raise ValueError("books are closed")

    saver, receiver = InMemorySaver(), Receiving(refuse)
    team = desk(posting=True, receiver=receiver)
    turn = run(team, ONE, thread(), saver)
    assert (turn.status, statuses(turn)) == ("unsettled", ["failed"])
    assert "post failed: ValueError: books are closed" in turn.reason
    assert [fault.kind for fault in turn.faults] == ["effect"]
    assert run(team, ONE, thread(), saver).status == "settled"
    assert len(receiver.received) == 1


class TestUnknown:
    """A timeout: it may or may not have happened, and a person must look."""

    @staticmethod
    def asked(receiver: Any) -> tuple[Supervisor, Any, Any]:
        team = desk(posting=True, receiver=receiver)
        graph = team.compile(InMemorySaver())
        (question,) = graph.invoke(ONE, thread())["__interrupt__"]
        assert question.value["review_configs"][0]["allowed_decisions"] == [
            "approve",
            "happened",
            "not_happened",
            "reject",
        ]
        assert "not known whether it happened: TimeoutError: slow" in question.value["quorate"]["reason"]
        return team, graph, question

    @staticmethod
    def slow(number: int) -> None:
        if number == 1:
            raise TimeoutError("slow")

    def test_again(self) -> None:
        """With a person's leave it is executed once more."""
        receiver = Receiving(self.slow)
        team, graph, question = self.asked(receiver)
        answer = Command(resume={question.id: {"type": "approve", "reviewer": "ann"}})
        turn = team.read(graph.invoke(answer, thread()))
        assert (turn.status, statuses(turn), receiver.calls) == ("settled", ["done"], 2)

    def test_not_again(self) -> None:
        """Without it is not, and the field is closed."""
        receiver = Receiving(self.slow)
        team, graph, question = self.asked(receiver)
        turn = team.read(graph.invoke(Command(resume={question.id: {"type": "reject"}}), thread()))
        assert (turn.status, statuses(turn), receiver.calls) == ("settled", ["declined"], 1)

    def test_a_receiver_that_can_be_asked_is(self) -> None:
        """Approved, it is looked up first: what has arrived is not sent again."""

        def lost(number: int) -> None:
            raise TimeoutError("slow")

        receiver = Lookup(after=lost)
        team, graph, question = self.asked(receiver)
        turn = team.read(graph.invoke(Command(resume={question.id: {"type": "approve"}}), thread()))
        assert (turn.status, statuses(turn), receiver.calls) == ("settled", ["done"], 1)


@pytest.mark.parametrize("kind, status, calls", [(Lookup, "settled", 1), (Receiving, "waiting", 1)])
def test_power_cut(kind: Any, status: str, calls: int) -> None:
    """After a power cut between receiver and ledger the thread goes on: asked where one can ask, else a person."""

    def die(number: int) -> None:
        raise PowerCut

    receiver, saver = kind(after=die), InMemorySaver()
    team = desk(posting=True, receiver=receiver)
    graph = team.compile(saver)
    with pytest.raises(PowerCut):
        graph.invoke(ONE, thread())
    receiver.after = lambda number: None
    turn = team.read(team.compile(saver).invoke(None, thread()))
    assert (turn.status, receiver.calls) == (status, calls)
    assert len(receiver.received) == 1


async def test_awaited_runs_do_not_block_the_loop() -> None:
    """Awaited, a receiver works in a thread of its own."""
    threads: list[str] = []
    receiver = Receiving(lambda number: threads.append(threading.current_thread().name))
    team = desk(posting=True, receiver=receiver)
    turn = team.read(await team.compile(InMemorySaver()).ainvoke(ONE, thread()))
    assert turn.status == "settled"
    assert threads != [threading.main_thread().name]


def test_answer_that_does_not_fit_the_field() -> None:
    """A receiver whose answer is not of the field's type has still done it; the turn says what is wrong."""
    receiver = Answering({"no": "number"})
    turn = run(desk(posting=True, receiver=receiver), ONE, thread())
    assert (turn.status, statuses(turn)) == ("unsettled", ["done"])
    (fault,) = turn.faults
    assert fault.message.startswith("answer of receiver 'post' is no 'posted'")


def test_correction_after_posting() -> None:
    """What was posted stays posted: a corrected total is proposed anew, and a person decides."""
    receiver, saver = Receiving(), InMemorySaver()
    team = desk(posting=True, receiver=receiver)
    graph = team.compile(saver)
    run(team, ONE, thread(), saver)
    update = team.correction(graph.get_state(thread()).values, {"total": "13"}, reviewer="ann")
    graph.update_state(thread(), update, as_node="review")
    (question,) = graph.invoke(None, thread())["__interrupt__"]
    assert "already executed in this turn" in question.value["quorate"]["reason"]
    turn = team.read(graph.invoke(Command(resume={question.id: {"type": "approve"}}), thread()))
    assert sorted(statuses(turn)) == ["done", "done"]
    assert turn.values["posted"] == {"number": "N2"}


def test_ledger_that_fails_stops_the_run_and_it_goes_on() -> None:
    """A ledger that cannot be reached is an error of the run; taken up again, the effect is executed once."""

    class Flaky(DictLedger):
        broken = True

        def begin(self, *args: Any, **more: Any) -> Any:
            if self.broken:
                raise OSError("disk full")
            return super().begin(*args, **more)

    ledger, receiver, saver = Flaky(), Receiving(), InMemorySaver()
    team = desk(posting=True, receiver=receiver, ledger=ledger)
    graph = team.compile(saver)
    with pytest.raises(OSError, match="disk full"):
        graph.invoke(ONE, thread())
    ledger.broken = False
    assert team.read(graph.invoke(None, thread())).status == "settled"
    assert receiver.calls == 1


class Undoing(Lookup):
    """A receiver that can undo."""

    undone: list[str]

    def compensate(self, key: str, args: Any, result: Any) -> Any:
        self.undone = [*getattr(self, "undone", []), result["number"]]
        return {}


UNDONE: dict[str, Any] = {
    "fields": {"category": {"accept": 0.5}},
    "effects": {"post": {"approve": True, "compensate": True}},
}


@pytest.mark.parametrize("has_it", [True, False])
def test_correction_instead_of_a_resume(has_it: bool) -> None:
    """Corrected after a power cut in the middle of an effect, that one is looked up, and undone if it happened."""

    def die(number: int) -> None:
        raise PowerCut

    receiver, saver = Undoing(), InMemorySaver()
    if has_it:
        receiver.after = die
    else:
        receiver.behave = die
    team = desk(posting=True, receiver=receiver, policy=UNDONE)
    graph = team.compile(saver)
    with pytest.raises(PowerCut):
        graph.invoke(ONE, thread())
    receiver.behave = receiver.after = lambda number: None
    update = team.correction(graph.get_state(thread()).values, {"total": "13"}, reviewer="ann")
    graph.update_state(thread(), update, as_node="review")
    turn = team.read(graph.invoke(None, thread()))
    assert turn.status == "settled"
    if has_it:
        assert sorted(statuses(turn)) == ["compensated", "done", "done"]
        assert receiver.undone == ["N1"]
    else:
        assert sorted(statuses(turn)) == ["done", "withdrawn"]
    assert [args["total"] for _, args in receiver.received][-1] == "13"


def test_replay_from_before_an_effect() -> None:
    """A run that is repeated from an earlier checkpoint executes nothing again."""
    receiver, saver = Receiving(), InMemorySaver()
    graph = desk(posting=True, receiver=receiver).compile(saver)
    graph.invoke(ONE, thread())
    before = next(each for each in graph.get_state_history(thread()) if each.next == ("act",))
    turn = desk(posting=True).read(graph.invoke(None, before.config))
    assert (turn.status, statuses(turn), receiver.calls) == ("settled", ["done"], 1)


def test_effect_of_an_older_checkpoint() -> None:
    """An effect that was recorded before it could be undone, numbered and attested still loads."""
    new = ("undo", "undoes", "generation", "sequence", "attested", "recall")
    record = dump(Effect("post", {"total": "12"}, status="done"))
    assert load(Effect, {key: value for key, value in record.items() if key not in new}) == load(Effect, record)


def test_patience_of_the_team() -> None:
    """The team says how long another run is waited for."""
    receiver, ledger = Receiving(), DictLedger()
    team = desk(posting=True, receiver=receiver, ledger=ledger, patience=0.0)
    done = run(desk(posting=True, receiver=Receiving()), ONE, thread())
    (effect,) = done.effects.values()
    ledger.entries[effect.key] = Entry(effect.key, "executing", "other", "d")
    ledger.held.add(effect.key)
    turn = run(team, ONE, thread())
    assert (turn.status, statuses(turn), receiver.calls) == ("waiting", ["unknown"], 0)
    assert "other is at it, for more than 0 seconds" in turn.reason


class Order(BaseModel):
    text: str


class Booked(BaseModel):
    booked: list[dict[str, str]]


def test_order_of_several() -> None:
    """Several effects of one run are executed in the order in which the agent proposed them, as is the answer."""

    @agent(writes={"booked"}, capability="action")
    def book(text: str) -> list[Effect]:
        return [Effect("post", {"part": part}) for part in text]

    receiver = Receiving()
    team = Supervisor(
        "desk",
        request=Order,
        outcome=Booked,
        agents=[book],
        policy=Policy.parse({"effects": {"post": {"approve": True}}}),
        ledger=DictLedger(),
        receivers={"post": receiver},
    )
    turn = run(team, {"request": {"text": "hgfedcba"}}, thread())
    assert [args["part"] for _, args in receiver.received] == list("hgfedcba")
    assert turn.values["booked"] == [{"number": f"N{number}"} for number in range(1, 9)]
