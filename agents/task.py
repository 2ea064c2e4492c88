"""Task: what LangGraph knows of the task that is at work."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import ExecutionInfo, get_runtime

__all__ = ["execution", "place_of", "step_of"]


def execution() -> ExecutionInfo | None:
    """LangGraph's facts of the task, or None outside of a graph."""
    try:
        return get_runtime().execution_info
    except RuntimeError:
        return None


def step_of(config: RunnableConfig | None) -> str:
    """The id of the checkpoint from which a task's step began, which its error handler shares; empty without one."""
    given = config.get("configurable", {}) if config else {}
    around, _, _ = str(given.get("checkpoint_ns") or "").rpartition("|")
    return str((given.get("checkpoint_map") or {}).get(around) or "")


def place_of(config: RunnableConfig | None, moves: int) -> str:
    """The names of the agents from the outermost team inwards, and the number of moves that were made."""
    given = config.get("configurable", {}) if config else {}
    names = [part.partition(":")[0] for part in str(given.get("checkpoint_ns") or "").split("|")]
    return f"{'|'.join(names)} {moves}"
