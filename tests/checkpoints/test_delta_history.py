from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from quorate.checkpoints import open_database


def joined(state: list[str], writes: Sequence[list[str]]) -> list[str]:
    return [*state, *(each for write in writes for each in write)]


class State(TypedDict):
    said: Annotated[list[str], DeltaChannel(joined, snapshot_frequency=5)]


def team() -> StateGraph[Any]:
    """Three nodes side by side, and one after them; each says its name."""
    builder: StateGraph[Any] = StateGraph(State)
    for name in ("a", "b", "c"):
        builder.add_node(name, lambda state, name=name: {"said": [name]})
        builder.add_edge(START, name)
    builder.add_node("d", lambda state: {"said": ["d"]})
    builder.add_edge(["a", "b", "c"], "d")
    return builder


def test_order_of_a_step(database_url: str) -> None:
    """A delta channel is put together in the order in which the tasks of a step were applied, as LangGraph does it."""
    with open_database(database_url) as database, database.saver() as saver:
        graph = team().compile(checkpointer=saver)
        config: RunnableConfig = {"configurable": {"thread_id": "t"}}
        said = [graph.invoke({"said": [str(turn)]}, config)["said"] for turn in range(3)][-1]
        assert said == [each for turn in range(3) for each in (str(turn), "a", "b", "c", "d")]
        assert graph.get_state(config).values["said"] == said
        for found in saver.list(config):
            if "said" in found.checkpoint["channel_values"]:
                continue
            ours = saver.get_delta_channel_history(config=found.config, channels=["said"])
            assert ours == BaseCheckpointSaver.get_delta_channel_history(saver, config=found.config, channels=["said"])
