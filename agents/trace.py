"""Trace metadata: who ran, for which thread and turn, as LangSmith shows and filters it."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig

__all__ = ["mark_run"]


def mark_run(config: RunnableConfig, turn: int) -> None:
    """Add the thread and the turn to the metadata of the node's run, and of every run below it.

    The rest of the metadata is the same in each run and stands at the node. Without a tracer this costs
    next to nothing.
    """
    callbacks = config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager) or not callbacks.handlers:
        return
    metadata: dict[str, Any] = {"turn": turn}
    thread = config.get("configurable", {}).get("thread_id")
    if thread is not None:
        metadata["thread_id"] = str(thread)
    callbacks.add_metadata(metadata)
    run_id = str(callbacks.parent_run_id)
    for handler in callbacks.handlers:
        run = getattr(handler, "run_map", {}).get(run_id)
        if run is not None:
            run.add_metadata(metadata)
