"""Task: what LangGraph knows of the task that is at work."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig
from langgraph.runtime import ExecutionInfo, get_runtime

__all__ = ["execution", "step_of"]


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
