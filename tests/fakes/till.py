"""A till: a small team on one database, whose threads a test can drive wherever they can go."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel
from typing_extensions import TypedDict

from quorate import Claim, Effect, Policy, Supervisor, Usage, agent
from quorate.checkpoints import Database
from quorate.checkpoints.upkeep.keep import Keep, Kept
from quorate.checkpoints.upkeep.upkeep import Upkeep

__all__ = ["Slip", "Till", "Total", "first", "last", "till_team"]


class Slip(BaseModel):
    """What comes in."""

    text: str


class Total(BaseModel):
    """What is on a slip."""

    total: Decimal


class Sale(Total):
    """What becomes of a slip."""

    posted: dict[str, Any]


@agent(writes={"total": Decimal}, capability="extraction", version="1.0.0")
def first(text: str) -> Any:
    if text.split(maxsplit=1)[0] != "-":
        yield Claim("total", text.split(maxsplit=1)[0], 0.8, reason="the first word")
    yield Usage(model="small", input_tokens=10, output_tokens=2)


@agent(writes={"total": Decimal}, capability="extraction", version="2.0.0")
def last(text: str) -> Claim | None:
    return None if text.endswith("-") else Claim("total", text.rsplit(maxsplit=1)[-1], 0.7)


@agent(writes={"total": Decimal}, capability="extraction")
def fragile(text: str) -> None:
    if "!" in text:
        raise KeyError("broken")


@agent(writes={"posted": dict}, capability="action")
def post(total: Decimal) -> Effect:
    return Effect("post", {"total": str(total)}, identity=("total",))


@agent(writes={"total": Decimal}, capability="reasoning")
def listener(text: str, messages: list[Any]) -> Any:
    for message in messages:
        yield Claim("total", message.text, 0.99, reason="a person said so")


def till_team(database: Database) -> Supervisor:
    """A team that reads slips: `3 3` is settled, `1 2` is contested, a total over 5 is posted by a person alone."""
    return Supervisor(
        "till",
        request=Slip,
        outcome=Sale,
        agents=[first, last, fragile, post, listener],
        policy=Policy.parse({"effects": {"post": {"approve": "decided.total <= 5.0"}}}),
        ledger=database.ledger,
        receivers={"post": database.table("posted_totals")},
    )


class Till:
    """The team on a saver of its database.

    Args:
        database: The database.
        saver: One of its savers, open.
    """

    def __init__(self, database: Database, saver: BaseCheckpointSaver[Any]) -> None:
        self.saver = saver
        self.upkeep = Upkeep(database.log.store, database.log.sealer, database.log.writer)
        self.team = till_team(database)
        self.graph = self.team.compile(checkpointer=saver)
        self._tools = StateGraph(Foreign).add_node("step", _step).add_edge(START, "step").compile(checkpointer=saver)

    def open(self, thread: str, text: str, *, stop_before: str | None = None) -> None:
        """Open a turn; stop it where a node would begin."""
        given: Any = {"request": {"text": text}}
        self.graph.invoke(given, _config(thread), interrupt_before=[stop_before] if stop_before else None)

    def go_on(self, thread: str) -> None:
        """Go on with a turn that was stopped."""
        if self._values(thread):
            self.graph.invoke(None, _config(thread))

    def answer(self, thread: str, verdict: str, reviewer: str = "ann") -> None:
        """Answer what a thread asks, if it asks something."""
        asked = self.graph.get_state(_config(thread)).interrupts
        if not asked:
            return
        about: Any = asked[0].value
        allowed = about["review_configs"][0]["allowed_decisions"]
        answer: dict[str, Any] = {"type": verdict if verdict in allowed else "reject"}
        if answer["type"] == "edit":
            answer["edited_action"] = {"args": {"total": "4"}}
        if answer["type"] == "respond":
            answer["message"] = "3"
        self.graph.invoke(Command(resume={asked[0].id: {"decisions": [answer], "reviewer": reviewer}}), _config(thread))

    def correct(self, thread: str, total: str) -> None:
        """Correct the total of a thread that has a turn, unasked, and go on."""
        values = self._values(thread)
        if values.get("moves"):
            update = self.team.correction(values, {"total": total}, reviewer="eve")
            self.graph.update_state(_config(thread), update, as_node="review")
            self.graph.invoke(None, _config(thread))

    def fork(self, thread: str, back: int, text: str | None) -> None:
        """Branch off from an earlier checkpoint: run it again, or open a turn there."""
        history = list(self.saver.list({"configurable": {"thread_id": thread, "checkpoint_ns": ""}}))
        if history:
            config = history[min(back, len(history) - 1)].config
            self.graph.invoke(None if text is None else {"request": {"text": text}}, config)

    def delete(self, thread: str) -> None:
        """Delete a thread."""
        self.saver.delete_thread(thread)

    def prune(self, thread: str, kept: Kept) -> None:
        """Prune a thread."""
        now = datetime.now(UTC)
        self.upkeep.prune(thread, lambda key, candidates, pending: Keep(kept).places(candidates, now), "some", now)

    def thin(self, thread: str, each: int) -> None:
        """Prune a thread to its newest checkpoint, and each third one, say, before it."""
        now = datetime.now(UTC)
        self.upkeep.prune(
            thread, lambda key, candidates, pending: {one.place for one in candidates[::-1][::each]}, "some", now
        )

    def run_other(self, thread: str) -> None:
        """Run another program's graph on a thread."""
        self._tools.invoke({"word": "x"}, _config(thread))

    def _values(self, thread: str) -> dict[str, Any]:
        return dict(self.graph.get_state(_config(thread)).values)


class Foreign(TypedDict):
    """The state of another program's graph."""

    word: str


def _step(state: Foreign) -> Foreign:
    return {"word": state["word"] + "!"}


def _config(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}
