"""Act: executes approved effects through the ledger, each at most once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_jsonable_python

from ..agents.journal.playback import current_playback
from ..agents.journal.secret_patterns import without_secrets
from ..contracts import (
    Claim,
    Effect,
    Entry,
    Execute,
    Fault,
    Field,
    Ledger,
    Passage,
    Receiver,
    TransactionalLedger,
    check_plain,
    compensation_key,
    dump,
    first_problem,
)
from .delivery import Delivery, Refused
from .turn import Turn

__all__ = ["PATIENCE", "Executor"]

PATIENCE = 30.0
"""Seconds to wait for another run that is at work on the same content."""

_BLIND = 5.0
"""The same, at most, where the ledger cannot tell whether the other run is still at it."""

_PAUSE = 0.05
"""Seconds between two looks at the ledger meanwhile."""

_PLAYED = "not executed: this is a playback, and the ledger does not know it as done"


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes approved effects through the ledger, each at most once."""

    ledger: Ledger
    """Remembers what was begun and done."""
    receivers: Mapping[str, Receiver]
    """The outside world, by effect name."""
    outcome: Mapping[str, Field]
    """Fields of the outcome, by name."""
    patience: float = PATIENCE
    """Seconds to wait for another run that is at work on the same content."""

    def __call__(self, turn: Turn, move: Execute, origin: str) -> dict[str, Any]:
        """The update of the state after executing the effects of the move, in its order.

        Args:
            turn: The shared state.
            move: Names the effects.
            origin: The thread and turn, as the ledger records them.
        """
        update: dict[str, Any] = {"effects": {}, "claims": [], "faults": []}
        for slot in move.effects:
            effect = self._execute(turn.effects[slot], origin)
            update["effects"][slot] = dump(effect)
            if effect.status in ("failed", "unknown"):
                update["faults"].append(dump(_fault(effect)))
            elif effect.status in ("done", "duplicate"):
                if effect.undoes:
                    update["effects"] |= {at: dump(undone) for at, undone in _undone(effect, turn)}
                else:
                    self._claim(effect, update)
        return update

    def _execute(self, effect: Effect, origin: str) -> Effect:
        if effect.approved != effect.digest:
            return replace(effect, status="proposed", approved="", note="its arguments changed after it was approved")
        receiver = self.receivers.get(effect.name)
        missing = effect.name if receiver is None else effect.undo
        if receiver is None or (effect.undo and effect.undo not in self.receivers):
            return replace(effect, status="failed", note=f"no receiver of the name {missing!r}")
        delivery = Delivery(effect, receiver)
        if current_playback() is not None:
            return self._recorded(delivery, origin)
        if delivery.joins(self.ledger) and not (effect.attested or effect.recall):
            joint = self._transact(delivery, origin)
            if joint is not None:
                return joint
        if effect.recall and self.ledger.entry(effect.executed_key) is None:
            return _withdrawn(effect)
        delivery, entry = self._begin(delivery, origin)
        try:
            return self._settle(delivery, entry, origin)
        finally:
            if entry is None or entry.alive is False:  # else it is another run's
                self.ledger.release(delivery.effect.executed_key)

    def _recorded(self, delivery: Delivery, origin: str) -> Effect:
        """In a playback: what the ledger knows of it. Nothing is executed."""
        for each in self._generations(delivery):
            entry = self.ledger.entry(each.effect.executed_key)
            if entry is None or entry.status != "done":
                return replace(each.effect, status="failed", note=_PLAYED)
            if not self._was_undone(each.effect):
                return _known(each, entry, origin)
        raise AssertionError

    def _settle(self, delivery: Delivery, entry: Entry | None, origin: str) -> Effect:
        """What becomes of an effect whose key is ours, or known."""
        effect = delivery.effect
        if entry is not None and entry.status == "done":
            return _known(delivery, entry, origin)
        if entry is not None and entry.alive:
            note = f"{entry.thread} is at it, for more than {self.patience:g} seconds"
            return replace(effect, status="unknown", uncertain=True, note=note)
        if effect.attested == "happened":
            note = f"it happened, says {effect.reviewer or 'a person'}"
            return self._done(delivery, effect.result, note, effect.uncertain)
        if entry is None or effect.attested == "not_happened":
            return self._withdraw(effect) if effect.recall else self._deliver(delivery)
        return self._reconcile(delivery, entry, origin)

    def _transact(self, delivery: Delivery, origin: str) -> Effect | None:
        """Execute it within a transaction of the ledger; None where it was begun outside of one."""
        ledger = self.ledger
        assert isinstance(ledger, TransactionalLedger)
        for each in self._generations(delivery):
            effect = each.effect
            ours: list[bool] = []

            def work(connection: Any, each: Delivery = each, ours: list[bool] = ours) -> Any:
                ours.append(True)
                return _recordable(each.tell_in(connection))

            try:
                entry = ledger.transact(
                    effect.executed_key,
                    name=effect.name,
                    thread=origin,
                    digest=effect.digest,
                    args=effect.args,
                    work=work,
                )
            except Refused as refused:
                ledger.entry(effect.executed_key)  # where the database itself is gone, the run fails, and goes on later
                return replace(effect, status="failed", note=_words("", refused.error))
            if entry.status == "executing":
                return None
            if ours:
                return replace(effect, status="done", result=entry.result, note="", undo=each.undo)
            if not self._was_undone(effect):
                return _known(each, entry, origin)
        raise AssertionError

    def _begin(self, delivery: Delivery, origin: str) -> tuple[Delivery, Entry | None]:
        """Claim the key; wait a while for another run that is at work on the same content."""
        began = time.monotonic()
        for each in self._generations(delivery):
            effect = each.effect
            while True:
                entry = self.ledger.begin(
                    effect.executed_key, name=effect.name, thread=origin, digest=effect.digest, args=effect.args
                )
                if entry is None or entry.status == "done" or entry.alive is False:
                    break
                patience = self.patience if entry.alive else min(self.patience, _BLIND)
                if time.monotonic() - began > patience:
                    break
                time.sleep(_PAUSE)
            if entry is None or entry.status != "done" or not self._was_undone(effect):
                return each, entry
        raise AssertionError

    def _generations(self, delivery: Delivery) -> Iterator[Delivery]:
        """The delivery under one key after the other: what was undone is done anew under the next."""
        while True:
            yield delivery
            effect = delivery.effect
            delivery = replace(delivery, effect=replace(effect, generation=effect.generation + 1))

    def _was_undone(self, effect: Effect) -> bool:
        """Whether the effect, which was done, has been undone since."""
        if effect.undoes:
            return False
        undone = self.ledger.entry(compensation_key(effect.executed_key))
        return undone is not None and undone.status == "done"

    def _reconcile(self, delivery: Delivery, entry: Entry, origin: str) -> Effect:
        """It was begun and is not known to have ended: ask.

        What the receiver says never happened is executed where whoever began it is known to be gone, and is withdrawn
        where it is not wanted any more.
        """
        effect = delivery.effect
        if delivery.can_be_asked:
            try:
                result = delivery.ask()
            except Exception as error:
                note = _words("the receiver could not be asked", error)
                return replace(effect, status="unknown", uncertain=True, note=note)
            if result is not None:
                note = f"found at the receiver, begun by {entry.thread}"
                done = self._done(delivery, result, note, effect.uncertain)
                return replace(done, status="done" if entry.thread == origin else "duplicate")
            if entry.alive is False:
                return self._withdraw(effect) if effect.recall else self._deliver(delivery)
        if not effect.recall and (effect.again or delivery.is_idempotent):
            return self._deliver(delivery, first=False)
        note = f"begun by {entry.thread}, and not known to have ended"
        return replace(effect, status="unknown", uncertain=True, note=note)

    def _deliver(self, delivery: Delivery, *, first: bool = True) -> Effect:
        """Execute it; `first` is false where an earlier attempt may have done it."""
        effect = delivery.effect
        try:
            result = delivery.tell()
        except Exception as error:
            if delivery.leaves_open(error):
                return replace(effect, status="unknown", uncertain=True, note=_words("", error))
            if not first:
                note = _words("not this time, but perhaps before", error)
                return replace(effect, status="unknown", uncertain=True, note=note)
            self.ledger.abandon(effect.executed_key)
            return replace(effect, status="failed", note=_words("", error))
        return self._done(delivery, result, "", effect.uncertain)

    def _done(self, delivery: Delivery, result: Any, note: str, uncertain: bool) -> Effect:
        """Record what has happened, whatever the receiver answered."""
        effect, plain = delivery.effect, _recordable(result)
        self.ledger.finish(effect.executed_key, result=plain)
        return replace(effect, status="done", result=plain, note=note, undo=delivery.undo, uncertain=uncertain)

    def _withdraw(self, effect: Effect) -> Effect:
        self.ledger.abandon(effect.executed_key)
        return _withdrawn(effect)

    def _claim(self, effect: Effect, update: dict[str, Any]) -> None:
        field = self.outcome[effect.field]
        try:
            value = field.of_answer(effect.result)
        except ValueError as error:
            message = f"answer of receiver {effect.name!r} is no {effect.field!r}: {first_problem(error)}"
            fix = "let `execute` return a value of the field's type"
            update["faults"].append(dump(Fault(effect.agent, "contract", 1, message, fix, effect.basis)))
            return
        claim = Claim(
            field=effect.field,
            value=value,
            confidence=1.0,
            evidence=(Passage("ledger", effect.key),),
            reason=effect.note or f"{effect.name} was executed",
            agent=effect.agent,
            version=effect.version,
            basis=effect.basis,
            sequence=effect.sequence,
        )
        update["claims"].append(dump(claim))


def _known(delivery: Delivery, entry: Entry, origin: str) -> Effect:
    """An effect that the ledger knows as done."""
    effect = delivery.effect
    if entry.thread == origin and entry.digest == effect.digest:
        return replace(effect, status="done", result=entry.result, note="", undo=delivery.undo)
    return replace(effect, status="duplicate", result=entry.result, note=f"already done by {entry.thread}")


def _withdrawn(effect: Effect) -> Effect:
    return replace(effect, status="withdrawn", uncertain=False, note="what it was based on has changed")


def _undone(compensation: Effect, turn: Turn) -> Iterator[tuple[str, Effect]]:
    """The effect that was undone, in its slot."""
    for slot, effect in turn.effects.items():
        is_it = effect.agent == compensation.agent and effect.executed_key == compensation.undoes
        if is_it and effect.status == "done":
            note = f"undone by {compensation.name}, approved by {compensation.by}"
            yield slot, replace(effect, status="compensated", note=note)


def _recordable(result: Any) -> Any:
    """The receiver's answer as plain JSON data; as text where it is none, for what was done must be recorded."""
    try:
        plain = to_jsonable_python(result, inf_nan_mode="strings")
        check_plain(plain)
    except ValueError:
        return repr(result)[:500].encode("utf-8", "backslashreplace").decode()
    return plain


def _words(what: str, error: Exception) -> str:
    text = f"{what}: {type(error).__name__}: {error}" if what else f"{type(error).__name__}: {error}"
    return without_secrets(text[:10_000])[:500].encode("utf-8", "backslashreplace").decode()


def _fault(effect: Effect) -> Fault:
    fix = "look at the receiver, then say in review whether it happened, or let it be executed again"
    if effect.status == "failed":
        fix = "mend the receiver, then open a new turn with the same request: nothing was done"
    return Fault(effect.agent, "effect", 1, f"{effect.name} {effect.status}: {effect.note}", fix, effect.basis)
