"""Executing effects through the ledger: once, whatever happens before, between and after."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.bench import turn_of
from tests.fakes.ledgers import Answering, DictLedger, Lookup, PowerCut, Receiving

from quorate.contracts import Effect, Entry, Execute, check_plain, fields_of, load
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


def begun(thread: str = "thread", *, blind: bool = False) -> DictLedger:
    """A ledger as a crash between begin and finish leaves it; `blind` where it cannot tell that it was one."""
    ledger = DictLedger(blind=blind)
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
    assert (
        update["faults"][0]["fix"]
        == "look at the receiver, then say in review whether it happened, or let it be executed again"
    )
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


@pytest.mark.parametrize("thread", ["thread", "other"])
def test_crash_before_the_receiver_has_it(thread: str) -> None:
    """Where whoever began it is gone, what the receiver says never happened is executed, as if for the first time."""
    receiver, ledger = Lookup(), begun(thread)
    effect, _ = run(executor(receiver, ledger))
    assert (effect["status"], effect["uncertain"], receiver.calls) == ("done", False, 1)

    def refuse(number: int) -> None:
        raise ValueError("no")

    ledger = begun(thread)
    assert run(executor(Lookup(refuse), ledger))[0]["status"] == "failed"
    assert ledger.entries == {}


def test_ledger_that_cannot_tell_who_is_at_work() -> None:
    """Then only a receiver that is idempotent is told again: whoever began it may be at it right now."""
    for thread in ("thread", "other"):
        receiver = Lookup()
        effect, _ = run(executor(receiver, begun(thread, blind=True)))
        assert (effect["status"], effect["uncertain"], receiver.calls) == ("unknown", True, 0)
        twice = Lookup()
        twice.idempotent = True  # type: ignore[attr-defined]
        effect, _ = run(executor(twice, begun(thread, blind=True)))
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


def wrapped(error: Exception) -> Exception:
    """An error of a receiver's own, raised because of another."""
    try:
        try:
            raise error
        except Exception as cause:
            raise ValueError("the bank did not answer") from cause
    except ValueError as own:
        return own


class OperationalError(Exception):
    """As a client of a server's database names it; with a state where the server told what it refused."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("of the database")
        self.sqlstate = sqlstate


def raising(error: Exception) -> Receiving:
    """A receiver that raises it."""

    def behave(number: int) -> None:
        raise error

    return Receiving(behave)


@pytest.mark.parametrize(
    "error",
    [wrapped(TimeoutError()), wrapped(OSError("cut")), OperationalError(None), wrapped(OperationalError("57P01"))],
)
def test_loss_behind_an_error(error: Exception) -> None:
    """What may have happened is not said not to have, also where a receiver tells it in an error of its own."""
    effect, _ = run(executor(raising(error)))
    assert effect["status"] == "unknown"


@pytest.mark.parametrize(
    "error", [sqlite3.OperationalError("no such table"), OperationalError("57014"), wrapped(KeyError("total"))]
)
def test_refusal_behind_an_error(error: Exception) -> None:
    """What a database or the receiver's code refused did not happen."""
    effect, _ = run(executor(raising(error)))
    assert effect["status"] == "failed"


@pytest.mark.parametrize("error", [TimeoutException("slow"), ServerError("bad gateway"), OSError("cut")])
def test_errors_that_leave_it_open(error: Exception) -> None:
    """A client's time-out, a server's failure and a broken pipe do not say that nothing happened."""

    def fail(number: int) -> None:
        raise error

    ledger = DictLedger()
    effect, _ = run(executor(Receiving(fail), ledger))
    assert (effect["status"], effect["uncertain"], ledger.entries[KEY].status) == ("unknown", True, "executing")


class TestAtWork:
    """Another run is at it right now, as the ledger can tell."""

    @staticmethod
    def busy() -> DictLedger:
        ledger = begun("other")
        ledger.held.add(KEY)
        return ledger

    @pytest.mark.parametrize("kind", [Receiving, Lookup])
    def test_not_executed_beside_it(self, kind: Any) -> None:
        """Nobody is told and nobody is asked while another run is at it; not even with a person's leave."""
        for effect in (APPROVED, replace(APPROVED, again=True), replace(APPROVED, attested="not_happened")):
            receiver, ledger = kind(), self.busy()
            after, _ = run(executor(receiver, ledger), effect)
            assert (after["status"], receiver.calls) == ("unknown", 0)
            assert after["note"] == "other is at it, for more than 0 seconds"
            assert KEY in ledger.held

    def test_one_that_ends_meanwhile(self) -> None:
        """Its answer is taken when it ends within the patience."""
        ledger = self.busy()
        act = Executor(ledger, {"post": Receiving()}, fields_of(Out), patience=30.0)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(run, act)
            time.sleep(0.02)
            ledger.finish(KEY, result={"number": "N7"})
            effect, _ = waiting.result()
        assert (effect["status"], effect["result"]) == ("duplicate", {"number": "N7"})

    def test_released_after_an_unknown_end(self) -> None:
        """A run that does not know what came of it is not at it any more."""

        def lose(number: int) -> None:
            raise TimeoutError("slow")

        ledger = DictLedger()
        run(executor(Receiving(lose), ledger))
        assert (ledger.entries[KEY].status, ledger.held) == ("executing", set())


class TestAttested:
    """A person says what happened."""

    @pytest.mark.parametrize("blind", [False, True])
    def test_happened(self, blind: bool) -> None:
        """It happened: recorded with the answer that the person tells, and nobody is told again."""
        receiver, ledger = Receiving(), begun(blind=blind)
        said = replace(APPROVED, attested="happened", result={"number": "N3"}, reviewer="ann", uncertain=True)
        effect, update = run(executor(receiver, ledger), said)
        assert (effect["status"], effect["result"], receiver.calls) == ("done", {"number": "N3"}, 0)
        assert ledger.entries[KEY].result == {"number": "N3"}
        assert update["claims"][0]["value"] == {"number": "N3"}
        assert "says ann" in update["claims"][0]["reason"]
        other, _ = run(executor(receiver, ledger), origin="other")
        assert (other["status"], receiver.calls) == ("duplicate", 0)

    @pytest.mark.parametrize("blind", [False, True])
    def test_not_happened(self, blind: bool) -> None:
        """It did not: executed as if for the first time, so that a refusal says that nothing was done."""
        said = replace(APPROVED, attested="not_happened")
        receiver = Receiving()
        effect, _ = run(executor(receiver, begun(blind=blind)), said)
        assert (effect["status"], receiver.calls) == ("done", 1)

        def refuse(number: int) -> None:
            raise ValueError("no")

        ledger = begun(blind=blind)
        effect, _ = run(executor(Receiving(refuse), ledger), said)
        assert (effect["status"], ledger.entries) == ("failed", {})

    def test_done_in_the_meantime(self) -> None:
        """What the ledger knows by now stands, whatever the person says."""
        ledger = begun()
        ledger.finish(KEY, result={"number": "N1"})
        said = replace(APPROVED, attested="happened", result={"number": "N3"})
        assert run(executor(Receiving(), ledger), said)[0]["result"] == {"number": "N1"}


class TestRecall:
    """What is not wanted any more, and may have been begun, is looked up, and never begun."""

    RECALLED = replace(APPROVED, recall=True)

    def test_never_begun(self) -> None:
        """The ledger does not know it: withdrawn."""
        receiver, ledger = Receiving(), DictLedger()
        effect, _ = run(executor(receiver, ledger), self.RECALLED)
        assert (effect["status"], receiver.calls, ledger.entries) == ("withdrawn", 0, {})

    def test_done(self) -> None:
        """It was done: recorded so, to be undone."""
        receiver, ledger = Receiving(), DictLedger()
        run(executor(receiver, ledger))
        effect, _ = run(executor(receiver, ledger), self.RECALLED)
        assert (effect["status"], receiver.calls) == ("done", 1)

    def test_begun(self) -> None:
        """It was begun: a receiver that can be asked is, another leaves it unknown, and none is told."""
        for idempotent in (False, True):
            receiver, ledger = Lookup(), begun()
            receiver.idempotent = idempotent  # type: ignore[attr-defined]
            effect, _ = run(executor(receiver, ledger), self.RECALLED)
            assert (effect["status"], receiver.calls, ledger.entries) == ("withdrawn", 0, {})
            plain = Receiving()
            plain.idempotent = idempotent  # type: ignore[attr-defined]
            effect, _ = run(executor(plain, begun()), self.RECALLED)
            assert (effect["status"], plain.calls) == ("unknown", 0)


class Undoing(Lookup):
    """A receiver that can undo what it has done."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.undone: list[str] = []

    def compensate(self, key: str, args: Any, result: Any) -> Any:
        assert any(known == key for known, _ in self.received)
        self.undone.append(key)
        return {"undone": result["number"]}


class TestCompensation:
    """A compensation is an effect too: under its own key, once."""

    @staticmethod
    def undoing(effect: dict[str, Any], name: str = "post") -> tuple[Effect, Effect]:
        """The effect that was done, and its approved compensation."""
        done = load(Effect, effect)
        args = {"name": "post", "key": done.executed_key, "args": dict(done.args), "result": done.result}
        made = Effect(name, args, field="posted", agent="poster", basis=done.basis, undoes=done.executed_key)
        return done, replace(made, status="approved", approved=made.digest, by="policy")

    def undo(self, act: Executor, done: Effect, undoing: Effect) -> dict[str, Any]:
        turn = turn_of(effects={"done": done, "undoing": undoing})
        return act(turn, Execute(("undoing",), "now"), "thread")

    def test_undone_once(self) -> None:
        """The receiver undoes it once, whoever is asked to again; nothing is claimed of it."""
        receiver, ledger = Undoing(), DictLedger()
        act = executor(receiver, ledger)
        effect, _ = run(act)
        assert effect["undo"] == "post"
        done, undoing = self.undoing(effect)
        for _ in range(2):
            update = self.undo(act, done, undoing)
            assert update["effects"]["done"]["status"] == "compensated"
            assert (update["effects"]["undoing"]["status"], update["claims"]) == ("done", [])
            assert update["effects"]["undoing"]["result"] == {"undone": "N1"}
        assert receiver.undone == [KEY]
        assert ledger.entries[undoing.key].status == "done"

    def test_done_anew_under_another_key(self) -> None:
        """What was undone is done anew under a key of its own, once; and can be undone again."""
        receiver, ledger = Undoing(), DictLedger()
        act = executor(receiver, ledger)
        for generation in (1, 2, 3):
            effect, _ = run(act)
            assert (effect["status"], effect["generation"]) == ("done", generation)
            assert run(act)[0] == effect
            assert receiver.calls == generation
            self.undo(act, *self.undoing(effect))
        assert len({key for key, _ in receiver.received}) == 3
        assert receiver.undone == [key for key, _ in receiver.received]

    def test_cut_off(self) -> None:
        """A compensation that was cut off is not known to have happened, also where the receiver knows its effects."""
        receiver, ledger = Undoing(), DictLedger()
        act = executor(receiver, ledger)
        done, undoing = self.undoing(run(act)[0])
        ledger.entries[undoing.key] = Entry(undoing.key, "executing", "thread", undoing.digest)
        update = self.undo(act, done, undoing)
        assert update["effects"]["undoing"]["status"] == "unknown"
        assert "done" not in update["effects"]
        assert receiver.undone == []

    def test_by_another_effect(self) -> None:
        """A declared compensation is an effect of its own receiver, told what was done and what came of it."""
        post, refund, ledger = Receiving(), Receiving(), DictLedger()
        act = Executor(ledger, {"post": post, "refund": refund}, fields_of(Out))
        declared = replace(APPROVED, undo="refund")
        done, undoing = self.undoing(run(act, declared)[0], "refund")
        assert done.undo == "refund"
        self.undo(act, done, undoing)
        ((key, args),) = refund.received
        assert key == undoing.key
        assert args == {"name": "post", "key": KEY, "args": {"total": "12.00"}, "result": {"number": "N1"}}

    def test_nobody_to_undo_it(self) -> None:
        """What could not be undone is not done."""
        receiver = Receiving()
        effect, _ = run(executor(receiver), replace(APPROVED, undo="refund"))
        assert (effect["status"], effect["note"], receiver.calls) == ("failed", "no receiver of the name 'refund'", 0)


def test_idempotent_receivers_are_told_again() -> None:
    """One that does each key only once is told again while it cannot be told whether it has, for a moment."""

    def lose(number: int) -> None:
        if number < 3:
            raise TimeoutError("slow")

    receiver = Receiving(lose)
    receiver.idempotent = True  # type: ignore[attr-defined]
    effect, _ = run(executor(receiver))
    assert (effect["status"], receiver.calls) == ("done", 3)


class Status(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status_code = status
        self.retry_after = 0.0


@pytest.mark.parametrize(
    "status, idempotent, expected, calls",
    [
        (400, False, "failed", 1),
        (400, True, "failed", 1),
        (409, False, "failed", 1),
        (409, True, "unknown", 3),
        (408, True, "unknown", 3),
        (422, True, "failed", 1),
        (429, False, "failed", 1),
        (429, True, "failed", 3),
        (503, False, "unknown", 1),
        (503, True, "unknown", 3),
    ],
)
def test_statuses_of_http(status: int, idempotent: bool, expected: str, calls: int) -> None:
    """4xx is a refusal, 5xx leaves it open; of an idempotent receiver 408, 409 and 425 too, and 429 is tried again."""

    def fail(number: int) -> None:
        raise Status(status)

    receiver = Receiving(fail)
    receiver.idempotent = idempotent  # type: ignore[attr-defined]
    effect, _ = run(executor(receiver))
    assert (effect["status"], receiver.calls) == (expected, calls)


def test_claims_of_a_list() -> None:
    """Where the field is a list an answer is one item of it, unless it is a list itself."""

    class Many(BaseModel):
        posted: list[dict[str, str]]

    for answer, value in (({"number": "1"}, [{"number": "1"}]), ([{"number": "1"}], [{"number": "1"}])):
        act = Executor(DictLedger(), {"post": Answering(answer)}, fields_of(Many))
        _, update = run(act)
        assert update["claims"][0]["value"] == value


def test_note_holds_no_secret() -> None:
    """An error that repeats a password is recorded without it, in the effect and in the fault."""
    effect, update = run(executor(raising(ValueError("refused: https://me:hunter2@bank"))))
    assert effect["note"] == "ValueError: refused: https://me:[redacted: password in a url]@bank"
    assert "hunter2" not in update["faults"][0]["message"]
