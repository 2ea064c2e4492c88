"""An earlier turn of a thread, as it ended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate import Claim, Supervisor, agent, open_database
from quorate.checkpoints.upkeep.keep import Keep
from quorate.checkpoints.upkeep.upkeep import Upkeep
from quorate.command.thread_view import read_view
from quorate.graphs.entry import INTAKE

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


def test_pruned(tmp_path: Path) -> None:
    """A turn of which only the last checkpoint is left is found over what was pruned after it."""
    now = datetime.now(UTC)
    with open_database(f"sqlite:///{tmp_path / 'q.db'}") as database, database.saver() as saver:
        graph = TEAM.compile(checkpointer=saver)
        for text in ("one", "one two", "one two three"):
            graph.invoke({"request": {"text": text}}, THREAD)
        log = database.log
        Upkeep(log.store, log.sealer, log.writer).prune(
            "1", lambda key, candidates, pending: Keep("decided").places(candidates, now), "decided", now
        )
        for turn in (1, 2, 3):
            found = read_view(saver, "1", turn=turn)
            assert found is not None
            assert (found.turn.values, found.status) == ({"words": turn}, "settled")
        assert read_view(saver, "1", turn=4) is None


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
