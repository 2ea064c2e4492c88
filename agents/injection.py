"""Injection: faults that are made to happen to the calls of agents, to try what a team does about them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from pydantic import BaseModel

from ..contracts import Claim, Effect, Faults, Field, InjectedKind, Usage
from .agent import Agent
from .alteration import altered, halved, mistaken
from .output import alisted, listed
from .run import Run

__all__ = ["Injected", "Injection", "InjectedOutage", "InjectedRateLimit", "current_injection", "inject"]

_CUT_OFF = '{"claims": [{"field": '
"""What a model's reply looks like that ended too early."""


class InjectedOutage(ConnectionError):
    """An agent that is not reached."""


class InjectedRateLimit(Exception):
    """An agent whose service wants to be asked later, as a client of HTTP says it."""

    status_code = 429

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"injected: 429 Too Many Requests, Retry-After: {retry_after:g}")
        self.response = _Response(headers={"retry-after": f"{retry_after:g}"})


@dataclass(frozen=True)
class _Response:
    headers: Mapping[str, str]
    status_code: int = 429


@dataclass(frozen=True, slots=True)
class Injected:
    """One fault that was made to happen."""

    kind: InjectedKind
    """Which."""
    agent: str
    """To whom."""
    thread: str
    """In which thread, or empty where there is none."""
    turn: int
    """In which turn of it."""
    attempt: int
    """At which attempt of the agent, from 1."""


class Injection:
    """The faults that are being injected, and what was injected so far. Safe to use from several threads."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._lock = Lock()
        self._injected: list[Injected] = []
        self._calls: Counter[str] = Counter()
        self._asked: Counter[tuple[str, str, int]] = Counter()

    @property
    def injected(self) -> Sequence[Injected]:
        """What was injected, in the order in which it happened."""
        with self._lock:
            return tuple(self._injected)

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each agent was called, with and without a fault."""
        with self._lock:
            return dict(self._calls)

    def call(self, agent: Agent, inputs: Mapping[str, Any], run: Run, fields: Mapping[str, Field]) -> list[Any]:
        """What a sync agent returns, with what goes wrong."""
        attack = self._attack(run)
        attack.die()
        if "slow" in attack.kinds:
            attack.note("slow")
            time.sleep(self.faults.delay)
        attack.refuse()
        things = listed(agent.call(**attack.given(inputs)), agent.contract.limits.claims)  # type: ignore[misc]
        return attack.spoiled(things, fields)

    async def acall(self, agent: Agent, inputs: Mapping[str, Any], run: Run, fields: Mapping[str, Field]) -> list[Any]:
        """The same for an async agent."""
        attack = self._attack(run)
        attack.die()
        if "slow" in attack.kinds:
            attack.note("slow")
            await asyncio.sleep(self.faults.delay)
        attack.refuse()
        things = await alisted(agent.acall(**attack.given(inputs)), agent.contract.limits.claims)  # type: ignore[misc]
        return attack.spoiled(things, fields)

    def note(self, injected: Injected) -> None:
        """Write down that it happened."""
        with self._lock:
            self._injected.append(injected)

    def _attack(self, run: Run) -> _Attack:
        with self._lock:
            self._calls[run.agent] += 1
            again = (run.task, run.agent, run.attempt)
            self._asked[again] += 1
            asked = self._asked[again]
        place = {"thread": run.thread, "turn": run.turn, "basis": dict(run.basis), "attempt": run.attempt}
        if asked > 1:  # once more within one attempt, to repair what came
            place["asked"] = asked
        return _Attack(self, run, place, frozenset(self.faults.drawn(run.agent, place)))


@dataclass(frozen=True)
class _Attack:
    """What goes wrong with one call."""

    injection: Injection
    run: Run
    place: Mapping[str, Any]
    kinds: frozenset[InjectedKind]

    def note(self, kind: InjectedKind) -> None:
        run = self.run
        self.injection.note(Injected(kind, run.agent, run.thread, run.turn, run.attempt))

    def die(self) -> None:
        """End the process, if this call is one that does; each death of it is a draw of its own."""
        faults = self.injection.faults
        deaths = faults.deaths
        if deaths is None or not faults.of(self.run.agent).death:
            return
        line = json.dumps({"agent": self.run.agent, **self.place}, sort_keys=True)
        before = deaths.read_text().splitlines().count(line) if deaths.exists() else 0
        if "death" not in faults.drawn(self.run.agent, {**self.place, "deaths": before}):
            return
        with deaths.open("a") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    def refuse(self) -> None:
        """Fail, where the call does not happen."""
        if "outage" in self.kinds:
            self.note("outage")
            raise InjectedOutage("injected: no connection")
        if "rate_limit" in self.kinds:
            self.note("rate_limit")
            raise InjectedRateLimit(self.injection.faults.retry_after)

    def given(self, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        """The inputs, with what is missing and what is changed."""
        for kind, change in (("partial", halved), ("conflicting", altered)):
            if kind in self.kinds:
                inputs = self._changed(inputs, kind, change)
        return inputs

    def spoiled(self, things: list[Any], fields: Mapping[str, Field]) -> list[Any]:
        """What it returned, with what goes wrong on the way."""
        told = [thing for thing in things if not isinstance(thing, Usage)]
        used = [thing for thing in things if isinstance(thing, Usage)]
        if "malformed" in self.kinds:
            self.note("malformed")
            return [*used, _CUT_OFF]
        if "lost" in self.kinds and told:
            self.note("lost")
            return used
        if "wrong" in self.kinds:
            mistakes = [_mistake(thing, fields) for thing in told]
            if any(mistake is not thing for mistake, thing in zip(mistakes, told, strict=True)):
                self.note("wrong")
                things = told = [*used, *mistakes]
        if "duplicated" in self.kinds and (twice := [thing for thing in told if not isinstance(thing, Effect | Usage)]):
            self.note("duplicated")
            return [*things, *twice]
        return things

    def _changed(self, inputs: Mapping[str, Any], kind: Any, change: Callable[[Any], Any]) -> Mapping[str, Any]:
        """The inputs with one of them changed, of those that can be."""
        changes = {name: new for name in sorted(inputs) if (new := change(inputs[name])) is not None}
        if not changes:
            return inputs
        self.note(kind)
        place = self.injection.faults.uniform(f"input of {kind}", self.run.agent, self.place)
        name = list(changes)[int(place * len(changes))]
        return {**inputs, name: changes[name]}


def _mistake(thing: Any, fields: Mapping[str, Field]) -> Any:
    """A claim, or claims by field, with other values where there are some."""
    match thing:
        case Claim(field=name, value=value) if name in fields:
            other = mistaken(fields[name], value)
            return thing if other is None else replace(thing, value=other)
        case Mapping() | BaseModel():
            values = dict(_items(thing))
            wrong = {name: mistaken(fields[name], value) for name, value in values.items() if name in fields}
            wrong = {name: value for name, value in wrong.items() if value is not None}
            return {**values, **wrong} if wrong else thing
    return thing


def _items(thing: Mapping[str, Any] | BaseModel) -> Iterable[tuple[str, Any]]:
    if isinstance(thing, BaseModel):
        thing = {name: getattr(thing, name) for name in type(thing).model_fields}
    return ((name, value) for name, value in thing.items() if value is not None)


_active: ContextVar[Injection | None] = ContextVar("quorate_injection", default=None)


def current_injection() -> Injection | None:
    """The injection that the caller is in, or None."""
    return _active.get()


@contextmanager
def inject(faults: Faults) -> Iterator[Injection]:
    """Within it, calls of agents go wrong as the faults say: in this thread or task, and what LangGraph starts from it.

    A fault happens between the guard and the agent, so that all that the guard does about faults is tried: retries,
    repairs, time limits, breakers. Outside of it agents are called as ever.

    Args:
        faults: What is to go wrong, and how often.
    """
    injection = Injection(faults)
    token = _active.set(injection)
    try:
        yield injection
    finally:
        _active.reset(token)
