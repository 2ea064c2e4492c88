"""Config: which checkpoint a config of LangGraph's names."""

from __future__ import annotations

from langchain_core.runnables import RunnableConfig

from ...contracts import InputError
from ..log.line import LineKey
from ..thread import checked_id

__all__ = ["checkpoint_of", "config_of", "key_of"]


def key_of(config: RunnableConfig) -> LineKey:
    """The line that a config names.

    Raises:
        InputError: It names no thread, or one whose id is no text.
    """
    configurable = config.get("configurable", {})
    if "thread_id" not in configurable:
        raise InputError(
            "config",
            got="no thread_id under `configurable`",
            expected='{"configurable": {"thread_id": "a name"}}',
            fix="name the thread that the graph runs on",
        )
    return LineKey(checked_id(str(configurable["thread_id"])), configurable.get("checkpoint_ns") or "")


def checkpoint_of(config: RunnableConfig) -> str | None:
    """The id of the checkpoint that a config names; None where it means the newest."""
    return config.get("configurable", {}).get("checkpoint_id") or None


def config_of(key: LineKey, checkpoint: str) -> RunnableConfig:
    """The config that names a checkpoint."""
    return {
        "configurable": {
            "thread_id": key.thread,
            "checkpoint_ns": key.namespace,
            "checkpoint_id": checkpoint,
        }
    }
