"""The threads that wait for a person are found without reading the others."""

from __future__ import annotations

import asyncio

from langgraph.types import Command
from tests.fakes.desk import desk, thread

from quorate import Supervisor
from quorate.checkpoints import open_database

CLEAR = {"request": {"text": "ACME TOTAL 12.00"}}
UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}


def test_those_that_wait(database_url: str) -> None:
    """Of many threads those that ask are found, newest first, those of teams within too; not what was answered."""
    team = desk()
    outer = Supervisor("outer", request=team.request, outcome=team.outcome, agents=[team.as_agent()])
    with open_database(database_url) as database:
        with database.saver() as saver:
            graph = team.compile(saver)
            for name in ("asks", "answered", "later"):
                (question,) = graph.invoke(UNSURE, thread(name))["__interrupt__"]
            graph.invoke(CLEAR, thread("settled"))
            outer.compile(saver).invoke(UNSURE, thread("within"))
            (question,) = graph.get_state(thread("answered")).interrupts
            graph.invoke(Command(resume={question.id: {"type": "approve"}}), thread("answered"))
            graph.invoke(CLEAR, thread("later"))  # a new turn over the open question
        assert len(database.threads()) == 5
        assert [each.id for each in database.log.interrupted()] == ["within", "asks"]


def test_awaited(database_url: str) -> None:
    """The same where the graph was awaited, whenever its writes came to be stored."""

    async def ask() -> None:
        async with database.asaver() as saver:
            graph = desk().compile(saver)
            for name, given in (("asks", UNSURE), ("settled", CLEAR)):
                await graph.ainvoke(given, thread(name), durability="exit" if name == "asks" else "async")

    with open_database(database_url) as database:
        asyncio.run(ask())
        assert [each.id for each in database.log.interrupted()] == ["asks"]
