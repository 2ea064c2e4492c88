"""Act: executes approved effects through the ledger, each at most once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic_core import to_jsonable_python

from ..agents.journal.playback import current_playback
from ..agents.retry import status_of
from ..contracts import (
    Claim,
    Effect,
    Entry,
    Execute,
    Fault,
    Field,
    Ledger,
    LookupReceiver,
    Passage,
    Receiver,
    check_plain,
    dump,
    first_problem,
)
from .turn import Turn

__all__ = ["Executor"]

_PAUSE = 0.05
"""Seconds between two looks at the ledger, while another run is at work on the same content."""

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
    patience: float = 5.0
    """Seconds to wait for another run that is at work on the same content."""

    def __call__(self, turn: Turn, move: Execute, origin: str) -> dict[str, Any]:
        """The update of the state after executing the effects of the move.

        Args:
            turn: The shared state.
            move: Names the effects.
            origin: The thread and turn, as the ledger records them.
        """
        update: dict[str, Any] = {"effects": {}, "claims": [], "faults": []}
        for key in move.effects:
            effect = self._execute(turn.effects[key], origin)
            update["effects"][key] = dump(effect)
            if effect.status in ("done", "duplicate"):
                self._claim(effect, update)
            elif effect.status in ("failed", "unknown"):
                update["faults"].append(dump(_fault(effect)))
        return update

    def _execute(self, effect: Effect, origin: str) -> Effect:
        if effect.approved != effect.digest:
            return replace(effect, status="proposed", approved="", note="its arguments changed after it was approved")
        receiver = self.receivers.get(effect.name)
        if receiver is None:
            return replace(effect, status="failed", note=f"no receiver of the name {effect.name!r}")
        if current_playback() is not None:  # what the ledger knows, and nothing is executed
            entry = self.ledger.entry(effect.key)
            if entry is None or entry.status != "done":
                return replace(effect, status="failed", note=_PLAYED)
        else:
            entry = self._begin(effect, origin)
        if entry is None:
            return self._deliver(effect, receiver)
        if entry.status == "done":
            mine = entry.thread == origin and entry.digest == effect.digest
            if mine:
                return replace(effect, status="done", result=entry.result, note="")
            return replace(effect, status="duplicate", result=entry.result, note=f"already done by {entry.thread}")
        return self._reconcile(effect, receiver, entry, origin)

    def _begin(self, effect: Effect, origin: str) -> Entry | None:
        """Claim the key; wait a moment for another run that is at work on the same content."""
        deadline = time.monotonic() + self.patience
        while True:
            entry = self.ledger.begin(
                effect.key, name=effect.name, thread=origin, digest=effect.digest, args=effect.args
            )
            if entry is None or entry.status == "done" or time.monotonic() > deadline:
                return entry
            time.sleep(_PAUSE)

    def _reconcile(self, effect: Effect, receiver: Receiver, entry: Entry, origin: str) -> Effect:
        """It was begun and is not known to have ended, by a run that died or by one that is slow: ask.

        Only a receiver that is idempotent is told again: another run of the same thread may still be at work.
        """
        if isinstance(receiver, LookupReceiver):
            try:
                result = receiver.lookup(effect.key)
            except Exception as error:
                note = _words("the receiver could not be asked", error)
                return replace(effect, status="unknown", uncertain=True, note=note)
            if result is not None:
                done = self._done(effect, result, f"found at the receiver, begun by {entry.thread}")
                return replace(done, status="done" if entry.thread == origin else "duplicate")
        if effect.again or getattr(receiver, "idempotent", False) is True:
            return self._deliver(effect, receiver, first=False)
        note = f"begun by {entry.thread}, and not known to have ended"
        return replace(effect, status="unknown", uncertain=True, note=note)

    def _deliver(self, effect: Effect, receiver: Receiver, *, first: bool = True) -> Effect:
        """Execute it; `first` is false where an earlier attempt may have done it."""
        try:
            result = receiver.execute(effect.key, effect.args)
        except Exception as error:
            if _may_have_happened(error):
                return replace(effect, status="unknown", uncertain=True, note=_words("", error))
            if not first:
                note = _words("not this time, but perhaps before", error)
                return replace(effect, status="unknown", uncertain=True, note=note)
            self.ledger.abandon(effect.key)
            return replace(effect, status="failed", note=_words("", error))
        return self._done(effect, result, "")

    def _done(self, effect: Effect, result: Any, note: str) -> Effect:
        """Record what has happened, whatever the receiver answered."""
        plain = _recordable(result)
        self.ledger.finish(effect.key, result=plain)
        return replace(effect, status="done", result=plain, note=note)

    def _claim(self, effect: Effect, update: dict[str, Any]) -> None:
        field = self.outcome[effect.field]
        try:
            value = field.plain(effect.result)
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
        )
        update["claims"].append(dump(claim))


def _may_have_happened(error: Exception) -> bool:
    """Whether the error leaves it open if the effect happened: the network, a time-out, a server's own failure.

    Clients of the network have time-outs that are no `TimeoutError`; they are known by their names.
    """
    status = status_of(error)
    names = [kind.__name__ for kind in type(error).__mro__]
    return (
        isinstance(error, OSError)
        or (status is not None and status >= 500)
        or any(word in name for name in names for word in ("Timeout", "Connect", "Network", "Transport"))
    )


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
    return text[:500].encode("utf-8", "backslashreplace").decode()


def _fault(effect: Effect) -> Fault:
    fix = "look at the receiver, then approve or decline it in review"
    if effect.status == "failed":
        fix = "mend the receiver, then open a new turn with the same request: nothing was done"
    return Fault(effect.agent, "effect", 1, f"{effect.name} {effect.status}: {effect.note}", fix, effect.basis)
