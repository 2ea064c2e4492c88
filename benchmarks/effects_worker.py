"""The worker of the effects benchmark: a team that pays orders, and takes up what was cut off."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.effects_world import KINDS, World
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import BaseModel

from quorate import Claim, Effect, Policy, StaleThreadError, Supervisor, agent, open_database
from quorate.graphs import Turn

__all__ = ["answer_unknown", "statuses", "work"]

_AGAIN = 0.1
"""How often an order that has ended is delivered again."""


class Order(BaseModel):
    """What comes in."""

    kind: str
    content: str


class Paid(BaseModel):
    """What becomes of it."""

    what: str
    paid: dict[str, str]


@agent(writes={"what": str}, capability="extraction")
def reader(content: str) -> Claim:
    """Read the order."""
    return Claim("what", content, 0.9)


@agent(writes={"paid": dict}, capability="action")
def payer(kind: str, what: str) -> Effect:
    """Pay it."""
    return Effect(kind, {"content": what})


class Desk:
    """The team on a database, at work in this process."""

    def __init__(self, team: Supervisor, saver: Any) -> None:
        self._team = team
        self._graph = team.compile(checkpointer=saver)

    def take_up(self, thread: str, kind: str, content: str, dice: random.Random) -> None:
        """Begin an order, or go on with it; where another worker is at it, leave it to that one."""
        config = _config(thread)
        with suppress(StaleThreadError):
            state = self._graph.get_state(config)
            if state.interrupts:
                return
            if not state.values or (not state.tasks and dice.random() < _AGAIN):
                self._graph.invoke({"request": {"kind": kind, "content": content}}, config)
            elif state.tasks:
                self._graph.invoke(None, config)

    def turn(self, thread: str) -> Turn:
        """The newest turn of a thread."""
        return self._team.read(self._graph.get_state(_config(thread)).values)

    def answer(self, thread: str, verdict: dict[str, Any]) -> None:
        """Answer what a thread asks."""
        (question,) = self._graph.get_state(_config(thread)).interrupts
        answer = {"decisions": [verdict], "reviewer": "ann"}
        self._graph.invoke(Command(resume={question.id: answer}), _config(thread))


def work(url: str, folder: Path, orders: Sequence[str], seed: int, ready: Path) -> None:
    """Take up each of the orders, given as `thread kind content`, after making the file `ready`."""
    dice = random.Random(seed)
    with _desk(url, folder, dice) as (desk, _):
        ready.touch()
        for order in orders:
            thread, kind, content = order.split()
            desk.take_up(thread, kind, content, dice)


def statuses(url: str, folder: Path) -> dict[str, str]:
    """By thread what became of its payment; `running` where it goes on, `unknown` where a person must look."""
    with _desk(url, folder, random.Random(0)) as (desk, threads):
        return {thread: _status(desk.turn(thread)) for thread in threads}


def answer_unknown(url: str, folder: Path) -> list[str]:
    """Say of each payment that is not known whether it happened; of which threads it was said."""
    world, answered = World(folder), []
    with _desk(url, folder, random.Random(0)) as (desk, threads):
        for thread in threads:
            turn = desk.turn(thread)
            if _status(turn) == "unknown":
                (effect,) = turn.effects.values()
                happened = {"type": "happened", "result": {"key": effect.key}}
                desk.answer(thread, happened if world.has(effect.name, effect.key) else {"type": "not_happened"})
                answered.append(thread)
    return answered


def _status(turn: Turn) -> str:
    found = [effect.status for effect in turn.effects.values()]
    if turn.status == "waiting":
        return found[0] if found else "waiting"
    return found[0] if turn.status in ("settled", "unsettled") and found else "running"


@contextmanager
def _desk(url: str, folder: Path, dice: random.Random) -> Iterator[tuple[Desk, list[str]]]:
    with open_database(url) as database, database.saver() as saver:
        team = Supervisor(
            "payments",
            request=Order,
            outcome=Paid,
            agents=[reader, payer],
            policy=Policy.parse({"effects": {kind: {"approve": True} for kind in KINDS}}),
            ledger=database.ledger,
            receivers=World(folder).receivers(database, dice),
        )
        yield Desk(team, saver), [thread.id for thread in database.threads()]


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}
