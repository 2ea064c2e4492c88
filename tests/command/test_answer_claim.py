"""Answers to one question that meet: one is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pydantic import BaseModel

from quorate import Claim, Supervisor, agent
from quorate.checkpoints import Database, open_database
from quorate.command.resumption import Resumption
from quorate.command.thread_view import ThreadView, read_view
from quorate.contracts import ReviewError


class Note(BaseModel):
    text: str


class Size(BaseModel):
    width: int


@agent(writes={"width": int}, capability="extraction")
def first_number(text: str) -> Claim:
    return Claim("width", 12, confidence=0.5)


class Meeting:
    """A ledger whose callers meet before they begin, or die when they have begun."""

    def __init__(self, ledger: Any, barrier: Barrier | None = None) -> None:
        self._ledger, self._barrier = ledger, barrier

    def begin(self, *args: Any, **options: Any) -> Any:
        if self._barrier is not None:
            self._barrier.wait(30)
        entry = self._ledger.begin(*args, **options)
        if self._barrier is None:
            raise KeyboardInterrupt
        return entry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


class Handle:
    """A handle on the database, with another ledger."""

    def __init__(self, database: Database, ledger: Any) -> None:
        self._database, self.ledger = database, ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


TEAM = Supervisor("sizes", request=Note, outcome=Size, agents=[first_number])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database with a thread `1` whose width waits for a person."""
    with open_database(f"sqlite:///{tmp_path / 'q.db'}") as database:
        with database.saver() as saver:
            graph = TEAM.compile(checkpointer=saver)
            graph.invoke({"request": {"text": "12"}}, {"configurable": {"thread_id": "1"}})
        yield database


def view(database: Database) -> ThreadView:
    with database.saver() as saver:
        found = read_view(saver, "1")
    assert found is not None
    return found


def answer(reviewer: str, width: int) -> dict[str, Any]:
    edited = {"name": "decide", "args": {"width": width}}
    return {"decisions": [{"type": "edit", "edited_action": edited}], "reviewer": reviewer, "reason_code": ""}


def give(database: Any, seen: ThreadView, given: dict[str, Any]) -> ThreadView | ReviewError:
    try:
        return asyncio.run(Resumption(database, TEAM, "sizes")(seen, seen.questions[0].id, given))
    except ReviewError as error:
        return error


def test_two_at_once(database: Database) -> None:
    """Of two answers that both found the question open, one is taken, and the other is told so."""
    handle, seen = Handle(database, Meeting(database.ledger, Barrier(2))), view(database)
    with ThreadPoolExecutor(2) as pool:
        ann, bob = pool.map(lambda each: give(handle, seen, each), (answer("ann", 1), answer("bob", 2)))
    refused, taken = (ann, bob) if isinstance(ann, ReviewError) else (bob, ann)
    assert isinstance(refused, ReviewError)
    assert isinstance(taken, ThreadView)
    assert "somebody else is answering it" in refused.got or "not open any more" in refused.got
    assert view(database).turn.values == taken.turn.values
    assert view(database).turn.decisions["width"].by == f"person:{'bob' if refused is ann else 'ann'}"


def test_answer_that_was_cut_off(database: Database) -> None:
    """Where the process died with the answer in hand, the same answer goes on, and another is refused."""
    seen = view(database)
    with pytest.raises(KeyboardInterrupt):
        give(Handle(database, Meeting(database.ledger)), seen, answer("ann", 1))
    refused = give(database, seen, answer("bob", 2))
    assert isinstance(refused, ReviewError)
    assert "1, answered by ann" in refused.got
    taken = give(database, seen, answer("ann", 1))
    assert isinstance(taken, ThreadView)
    assert taken.turn.values == {"width": 1}
    assert isinstance(give(database, seen, answer("ann", 1)), ReviewError)


def test_answer_that_was_not_taken(database: Database) -> None:
    """An answer that the graph refuses leaves the question open for the next."""
    seen = view(database)
    wrong = answer("ann", 1)
    wrong["decisions"][0]["edited_action"]["args"] = {"wide": 1}
    refused = give(database, seen, wrong)
    assert isinstance(refused, ReviewError)
    assert "unknown name 'wide'" in refused.got
    assert isinstance(give(database, seen, answer("bob", 2)), ThreadView)
