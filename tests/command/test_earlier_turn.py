"""An earlier turn of a thread, as it ended."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate import Claim, Supervisor, agent
from quorate.command.thread_view import read_view
from quorate.graphs.nodes import INTAKE

THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}


class Note(BaseModel):
    text: str


class Size(BaseModel):
    words: int


@agent(writes={"words": int}, capability="extraction")
def count(text: str) -> Claim:
    return Claim("words", len(text.split()), 0.9)


TEAM = Supervisor("sizes", request=Note, outcome=Size, agents=[count])


def test_as_it_ended() -> None:
    """An earlier turn has its own request, and has ended, although the next turn's input has come in since."""
    saver = InMemorySaver()
    graph = TEAM.compile(checkpointer=saver)
    for text in ("one", "one two"):
        graph.invoke({"request": {"text": text}}, THREAD)
    first, second = (read_view(saver, "1", turn=turn) for turn in (1, 2))
    assert first is not None
    assert second is not None
    assert (first.turn.request, first.turn.values, first.status) == ({"text": "one"}, {"words": 1}, "settled")
    assert (second.turn.request, second.turn.values, second.status) == ({"text": "one two"}, {"words": 2}, "settled")
    assert read_view(saver, "1", turn=3) is None


def test_stopped_at_the_entry() -> None:
    """Where a run stopped before its input was taken in, the turn before is still found as it ended."""
    saver = InMemorySaver()
    graph = TEAM.compile(checkpointer=saver)
    graph.invoke({"request": {"text": "one"}}, THREAD)
    graph.invoke({"request": {"text": "one two"}}, THREAD, interrupt_before=[INTAKE])
    newest, first = read_view(saver, "1"), read_view(saver, "1", turn=1)
    assert newest is not None
    assert first is not None
    assert newest.status == "unfinished"
    assert (first.turn.request, first.status) == ({"text": "one"}, "settled")
