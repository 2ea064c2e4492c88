"""The receipt desk as a program holds it: on one database, asked to run requests, and answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from examples.receipt_desk.desk import TABLE, receipt_desk
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, Interrupt

from quorate.checkpoints import Database
from quorate.graphs import Turn

__all__ = ["INBOX", "DeskSession", "expected", "sample", "samples"]

_DESK = Path(__file__).parents[2] / "examples" / "receipt_desk"

INBOX = _DESK / "inbox"
"""The folder of the sample receipts."""


def sample(name: str) -> dict[str, Any]:
    """The request in the sample whose file name begins so."""
    (path,) = INBOX.glob(f"{name}*")
    if path.suffix == ".txt":
        return {"text": path.read_text(encoding="utf-8")}
    request: dict[str, Any] = json.loads(path.read_bytes())
    return request


def expected() -> dict[str, dict[str, Any]]:
    """What is printed on the samples, by name: company, date and total."""
    lines = (_DESK / "evaluation" / "cases.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["id"]: case["expected"] for case in map(json.loads, lines)}


def samples() -> dict[str, dict[str, Any]]:
    """The requests of the samples that are one JSON object or a text, by name, in the order of the inbox."""
    broken = ("12-truncated", "14-photo", "26-batch")
    names = sorted(path.stem for path in INBOX.iterdir())
    return {name: sample(name) for name in names if name not in broken}


class DeskSession:
    """The receipt desk on one database.

    Args:
        database: Holds the ledger and the table of posted receipts.
        saver: Where the threads are kept; by default in memory.
        **options: Passed on to `receipt_desk`.
    """

    def __init__(self, database: Database, saver: Any = None, **options: Any) -> None:
        self.database = database
        self.desk = receipt_desk(database, **options)
        self.graph = self.desk.compile(checkpointer=saver or InMemorySaver())

    def run(self, request: dict[str, Any], thread: str) -> Turn:
        """Open a turn on a thread."""
        return self.desk.read(self.graph.invoke({"request": request}, _config(thread)))

    async def arun(self, request: dict[str, Any], thread: str) -> Turn:
        """The same with `ainvoke`."""
        return self.desk.read(await self.graph.ainvoke({"request": request}, _config(thread)))

    def turn(self, thread: str) -> Turn:
        """The turn as the checkpoint has it."""
        return self.desk.read(self.graph.get_state(_config(thread)).values)

    def is_begun(self, thread: str) -> bool:
        """Whether a turn of the thread was opened."""
        return bool(self.graph.get_state(_config(thread)).values)

    def go_on(self, thread: str) -> None:
        """Go on where the thread was left."""
        if self.graph.get_state(_config(thread)).tasks:
            self.graph.invoke(None, _config(thread))

    def question(self, thread: str) -> Interrupt:
        """The one open question of a thread."""
        (question,) = self.graph.get_state(_config(thread)).interrupts
        return question

    def answer(self, thread: str, verdict: str = "approve", *, to: Interrupt | None = None, **args: Any) -> Turn:
        """Answer the open question, or the one given, as ann; `args` are those of an edit."""
        decision: dict[str, Any] = {"type": verdict}
        if verdict == "edit":
            decision["edited_action"] = {"args": args}
        answer = {"decisions": [decision], "reviewer": "ann"}
        question = to or self.question(thread)
        return self.desk.read(self.graph.invoke(Command(resume={question.id: answer}), _config(thread)))

    def approve_all(self, thread: str) -> Turn:
        """Approve whatever the thread asks, until it asks nothing more."""
        turn = self.turn(thread)
        while turn.status == "waiting":
            turn = self.answer(thread)
        return turn

    def correct(self, thread: str, **values: Any) -> Turn:
        """Correct fields as bob, and go on."""
        state = self.graph.get_state(_config(thread))
        update = self.desk.correction(state.values, values, reviewer="bob")
        self.graph.update_state(_config(thread), update, as_node="review")
        return self.desk.read(self.graph.invoke(None, _config(thread)))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was posted, newest first."""
        return self.database.table(TABLE).rows()


def _config(thread: str) -> RunnableConfig:
    return RunnableConfig(configurable={"thread_id": thread})
