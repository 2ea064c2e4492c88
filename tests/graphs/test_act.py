"""Executing effects through the ledger: once, whatever happens before, between and after."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.bench import turn_of
from tests.fakes.ledgers import Answering, DictLedger, Lookup, PowerCut, Receiving

from quorate.contracts import Effect, Entry, Execute, check_plain, fields_of
from quorate.graphs.act import Executor


class Out(BaseModel):
    posted: dict[str, str]


PROPOSED = Effect(
    "post", {"total": "12.00"}, content={"total": "12"}, field="posted", agent="poster", basis={"total": 3}
)
APPROVED = replace(PROPOSED, status="approved", approved=PROPOSED.digest, by="policy")
KEY = APPROVED.key


def executor(receiver: Any, ledger: DictLedger | None = None) -> Executor:
    return Executor(ledger or DictLedger(), {"post": receiver}, fields_of(Out), patience=0.0)


def run(act: Executor, effect: Effect = APPROVED, origin: str = "thread") -> tuple[dict[str, Any], dict[str, Any]]:
    """The effect's record after the move, and the whole update."""
    update = act(turn_of(effects={KEY: effect}), Execute((KEY,), "now"), origin)
    check_plain(update)
    return update["effects"][KEY], update


def begun(thread: str = "thread") -> DictLedger:
    """A ledger as a crash between begin and finish leaves it."""
    ledger = DictLedger()
    ledger.entries[KEY] = Entry(KEY, "executing", thread, APPROVED.digest)
    return ledger


def test_done() -> None:
    """An approved effect is executed, recorded, and its answer claimed for the agent's field."""
    receiver, ledger = Receiving(), DictLedger()
    effect, update = run(executor(receiver, ledger))
    assert (effect["status"], effect["result"]) == ("done", {"number": "N1"})
    assert receiver.received == [(KEY, {"total": "12.00"})]
    assert ledger.entries[KEY] == Entry(KEY, "done", "thread", APPROVED.digest, {"number": "N1"})
    (claim,) = update["claims"]
    assert (claim["field"], claim["value"], claim["confidence"]) == ("posted", {"number": "N1"}, 1.0)
    assert (claim["agent"], claim["basis"]) == ("poster", {"total": 3})
    assert claim["evidence"] == [{"source": "ledger", "key": KEY, "text": "", "score": None, "kind": "passage"}]
    assert update["faults"] == []


def test_again_by_the_same_turn() -> None:
    """Taken up again after it was done, the same turn gets its own answer, and the receiver nothing."""
    receiver, ledger = Receiving(), DictLedger()
    first = run(executor(receiver, ledger))
    assert run(executor(receiver, ledger)) == first
    assert receiver.calls == 1


@pytest.mark.parametrize("origin", ["other", "thread#2"])
def test_duplicate(origin: str) -> None:
    """Another thread or turn with the same content gets the first one's answer, and nothing is executed."""
    receiver, ledger = Receiving(), DictLedger()
    run(executor(receiver, ledger))
    effect, update = run(executor(receiver, ledger), origin=origin)
    assert (effect["status"], effect["result"], effect["note"]) == (
        "duplicate",
        {"number": "N1"},
        "already done by thread",
    )
    assert update["claims"][0]["value"] == {"number": "N1"}
    assert receiver.calls == 1


def test_duplicate_with_other_arguments() -> None:
    """The same content with another memo is a duplicate also in the same turn."""
    receiver, ledger = Receiving(), DictLedger()
    run(executor(receiver, ledger))
    other = replace(PROPOSED, args={"total": "12.00", "memo": "x"})
    effect, _ = run(executor(receiver, ledger), replace(other, status="approved", approved=other.digest))
    assert effect["status"] == "duplicate"
    assert receiver.calls == 1


@pytest.mark.parametrize(
    "effect",
    [replace(APPROVED, args={"total": "99.00"}), replace(APPROVED, name="mail"), replace(APPROVED, approved="")],
)
def test_approval_is_of_the_exact_arguments(effect: Effect) -> None:
    """What is not what was approved is not executed, and waits for an approval of its own."""
    receiver = Receiving()
    after, update = run(executor(receiver), effect)
    assert (after["status"], after["approved"]) == ("proposed", "")
    assert receiver.calls == 0
    assert update["claims"] == []


def test_refused() -> None:
    """An error of the receiver says that nothing was done: the key is free again, and a fault tells."""

    def refuse(number: int) -> None:
        raise ValueError("no such account \ud800")

    receiver, ledger = Receiving(refuse), DictLedger()
    effect, update = run(executor(receiver, ledger))
    assert (effect["status"], ledger.entries) == ("failed", {})
    (fault,) = update["faults"]
    assert (fault["agent"], fault["kind"]) == ("poster", "effect")
    assert "no such account" in fault["message"]
    assert update["claims"] == []
    receiver.behave = lambda number: None
    assert run(executor(receiver, ledger))[0]["status"] == "done"


@pytest.mark.parametrize("error", [TimeoutError("slow"), ConnectionResetError("cut")])
def test_unknown(error: Exception) -> None:
    """A timeout or a broken connection leaves it open whether it happened; it is not tried again by itself."""

    def lose(number: int) -> None:
        raise error

    receiver, ledger = Receiving(after=lose), begun()
    ledger.entries.clear()
    effect, update = run(executor(receiver, ledger))
    assert effect["status"] == "unknown"
    assert ledger.entries[KEY].status == "executing"
    assert update["faults"][0]["fix"] == "look at the receiver, then approve or decline it in review"
    again, _ = run(executor(receiver, ledger))
    assert (again["status"], receiver.calls) == ("unknown", 1)


@pytest.mark.parametrize("thread", ["thread", "other"])
def test_crash_with_a_receiver_that_cannot_be_asked(thread: str) -> None:
    """Begun before and not known to have ended: nothing is executed, and a person must look."""
    receiver = Receiving()
    effect, _ = run(executor(receiver, begun(thread)))
    assert (effect["status"], receiver.calls) == ("unknown", 0)
    assert effect["note"] == f"begun by {thread}, and not known to have ended"


@pytest.mark.parametrize("thread, status", [("thread", "done"), ("other", "duplicate")])
def test_crash_after_the_receiver_has_it(thread: str, status: str) -> None:
    """A receiver that can be asked says that it has it: recorded, not repeated."""
    receiver, ledger = Lookup(), begun(thread)
    receiver.received.append((KEY, {"total": "12.00"}))
    effect, update = run(executor(receiver, ledger))
    assert (effect["status"], effect["result"], receiver.calls) == (status, {"number": "N1"}, 0)
    assert ledger.entries[KEY].status == "done"
    assert "found at the receiver" in update["claims"][0]["reason"]


def test_crash_before_the_receiver_has_it() -> None:
    """Only a receiver that is idempotent is told again: whoever began it may be at it right now."""
    for thread in ("thread", "other"):
        receiver = Lookup()
        effect, _ = run(executor(receiver, begun(thread)))
        assert (effect["status"], effect["uncertain"], receiver.calls) == ("unknown", True, 0)
        twice = Lookup()
        twice.idempotent = True  # type: ignore[attr-defined]
        effect, _ = run(executor(twice, begun(thread)))
        assert (effect["status"], twice.calls) == ("done", 1)


def test_two_runs_of_one_turn() -> None:
    """Of two runs of one turn that meet at the receiver one executes, and the other gets its answer."""
    receiver, ledger = Receiving(lambda number: time.sleep(0.3)), DictLedger()
    act = Executor(ledger, {"post": receiver}, fields_of(Out), patience=5.0)
    with ThreadPoolExecutor(2) as pool:
        effects = [each[0] for each in pool.map(lambda _: run(act), range(2))]
    assert [(each["status"], each["result"]) for each in effects] == [("done", {"number": "N1"})] * 2
    assert receiver.calls == 1


def test_receiver_that_cannot_be_asked_just_now() -> None:
    """A lookup that fails leaves it unknown, and takes nothing down."""

    class Deaf(Lookup):
        def lookup(self, key: str) -> Any:
            raise OSError("unplugged")

    receiver, ledger = Deaf(), begun()
    effect, _ = run(executor(receiver, ledger))
    assert (effect["status"], receiver.calls) == ("unknown", 0)
    assert "could not be asked: OSError: unplugged" in effect["note"]
    assert ledger.entries[KEY].status == "executing"


def test_a_person_lets_it_be_done_again() -> None:
    """With a person's leave an unknown effect is executed once more."""
    receiver, ledger = Receiving(), begun()
    effect, _ = run(executor(receiver, ledger), replace(APPROVED, again=True))
    assert (effect["status"], receiver.calls) == ("done", 1)
    assert ledger.entries[KEY].status == "done"


def test_a_second_attempt_that_is_refused_does_not_unmake_the_first() -> None:
    """Where the first attempt may have happened, the refusal of the second says nothing about it."""

    def refuse(number: int) -> None:
        raise ValueError("no")

    ledger = begun()
    effect, _ = run(executor(Receiving(refuse), ledger), replace(APPROVED, again=True))
    assert effect["status"] == "unknown"
    assert ledger.entries[KEY].status == "executing"


def test_power_cut_between_receiver_and_ledger() -> None:
    """A process that dies after the receiver has it leaves `executing`; the next one asks, and records."""

    def die(number: int) -> None:
        raise PowerCut

    receiver, ledger = Lookup(after=die), DictLedger()
    with pytest.raises(PowerCut):
        run(executor(receiver, ledger))
    assert ledger.entries[KEY].status == "executing"
    effect, _ = run(executor(receiver, ledger))
    assert (effect["status"], effect["result"], receiver.calls) == ("done", {"number": "N1"}, 1)


@pytest.mark.parametrize("answer", [object(), {"at": float("nan")}, "\ud800", {"n": 2**80}, {1, 2}, b"\xff", None, 3])
def test_answers_of_every_kind(answer: Any) -> None:
    """Whatever the receiver answers, what happened is recorded as done and not done again; a misfit is a fault."""
    receiver, ledger = Answering(answer), DictLedger()
    effect, update = run(executor(receiver, ledger))
    assert (effect["status"], ledger.entries[KEY].status) == ("done", "done")
    assert update["claims"] == []
    (fault,) = update["faults"]
    assert (fault["kind"], fault["agent"]) == ("contract", "poster")
    assert "answer of receiver 'post' is no 'posted'" in fault["message"]
    assert run(executor(receiver, ledger))[0]["status"] == "done"
    assert receiver.calls == 1


def test_no_receiver() -> None:
    """An effect that nobody receives is failed, and names what is missing."""
    effect, _ = run(Executor(DictLedger(), {}, fields_of(Out)))
    assert (effect["status"], effect["note"]) == ("failed", "no receiver of the name 'post'")


def test_several_effects() -> None:
    """One effect that fails does not keep the others from being executed and recorded."""

    class Picky(Receiving):
        def execute(self, key: str, args: Any) -> Any:
            if args["total"] == "bad":
                raise ValueError("bad")
            return super().execute(key, args)

    def approved(total: str) -> Effect:
        effect = Effect("post", {"total": total}, field="posted", agent="poster")
        return replace(effect, status="approved", approved=effect.digest)

    effects = {each.key: each for each in map(approved, ["1", "bad", "2"])}
    receiver = Picky()
    update = executor(receiver)(turn_of(effects=effects), Execute(tuple(effects), "now"), "thread")
    assert [each["status"] for each in update["effects"].values()] == ["done", "failed", "done"]
    assert [args["total"] for _, args in receiver.received] == ["1", "2"]


class TimeoutException(Exception):
    """As an HTTP client names it: no `TimeoutError`."""


class ServerError(Exception):
    status_code = 502


@pytest.mark.parametrize("error", [TimeoutException("slow"), ServerError("bad gateway"), OSError("cut")])
def test_errors_that_leave_it_open(error: Exception) -> None:
    """A client's time-out, a server's failure and a broken pipe do not say that nothing happened."""

    def fail(number: int) -> None:
        raise error

    ledger = DictLedger()
    effect, _ = run(executor(Receiving(fail), ledger))
    assert (effect["status"], effect["uncertain"], ledger.entries[KEY].status) == ("unknown", True, "executing")
