"""ThreadHistory: random work on a thread through a saver, as LangGraph's loop would do it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hypothesis import strategies as st
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint
from langgraph.checkpoint.serde.types import _DeltaSnapshot

__all__ = ["Step", "ThreadHistory", "seen", "steps"]

NAMESPACES = ("", "", "", "sub", "node:1")
CHANNELS = ("a", "list", "delta", "passing")

_words = st.text("abcdefgh ", max_size=80)
_leaves = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), _words, st.binary(max_size=8))
values = st.one_of(_leaves, st.lists(_words, max_size=6), st.dictionaries(_words, _leaves, max_size=3))


@dataclass(frozen=True)
class Step:
    """One thing that is done to the thread."""

    kind: str
    """`put`, `fork`, `write` or `early`."""
    pick: int
    """Which namespace and checkpoint."""
    changes: dict[str, Any]
    """For each channel its new value; None takes it away."""
    written: list[tuple[str, Any]]
    """What a task writes."""


steps = st.builds(
    Step,
    st.sampled_from(["put", "put", "put", "fork", "write", "write", "early"]),
    st.integers(0, 1000),
    st.dictionaries(st.sampled_from(CHANNELS), values, max_size=3),
    st.lists(st.tuples(st.sampled_from(CHANNELS), values), min_size=1, max_size=3),
)


@dataclass
class ThreadHistory:
    """Random work on a thread."""

    saver: BaseCheckpointSaver[Any]
    thread: str
    known: dict[str, list[Checkpoint]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._clock = count(1)
        self._tasks = count()
        self._next: dict[str, str] = {}

    def do(self, step: Step) -> None:
        namespace = NAMESPACES[step.pick % len(NAMESPACES)]
        known = self.known.setdefault(namespace, [])
        if step.kind == "early":
            self._write(step, namespace, self._next.setdefault(namespace, self._id()))
        elif step.kind == "write" and known:
            self._write(step, namespace, known[step.pick % len(known)]["id"])
        elif step.kind == "fork" and known:
            self._put(step, namespace, known[step.pick % len(known)], "fork")
        elif step.kind in ("put", "fork"):
            self._put(step, namespace, known[-1] if known else None, "loop")

    def forget(self, left: set[tuple[str, str]]) -> None:
        """Know only of the checkpoints that are left: (namespace, id)."""
        self.known = {
            namespace: [each for each in known if (namespace, each["id"]) in left]
            for namespace, known in self.known.items()
        }

    def _id(self) -> str:
        return f"1f0{0:05x}-{next(self._clock):04x}-6000-8000-000000000000"

    def _place(self, namespace: str, checkpoint: str | None) -> RunnableConfig:
        place = {"thread_id": self.thread, "checkpoint_ns": namespace}
        return {"configurable": {**place, "checkpoint_id": checkpoint} if checkpoint else place}

    def _put(self, step: Step, namespace: str, parent: Checkpoint | None, source: str) -> None:
        id_ = self._next.pop(namespace, None) or self._id()
        versions = dict(parent["channel_versions"]) if parent else {}
        held = dict(parent["channel_values"]) if parent else {}
        held.pop("delta", None)  # stored at a snapshot only
        number = step.pick + len(versions)
        new: dict[str, str | int | float] = {name: int(versions.get(name, 0)) + 1 for name in step.changes}
        for name, value in step.changes.items():
            held.pop(name, None)
            if name == "delta":
                if number % 4 == 0:
                    held[name] = _DeltaSnapshot(value)
            elif name == "list" and value is not None:
                held[name] = [*(parent["channel_values"].get(name, []) if parent else []), f"{number} {value}" * 9]
            elif value is not None and not (name == "passing" and number % 2):
                held[name] = value
        checkpoint = Checkpoint(
            v=4,
            id=id_,
            ts="2026-11-21T00:00:00+00:00",
            channel_values=held,
            channel_versions={**versions, **new},
            versions_seen={"__input__": {}, "node": dict(versions)},
            updated_channels=sorted(step.changes),
        )
        metadata: Any = {"source": source, "step": number % 5, "parents": {}, "run_id": f"r{step.pick % 3}"}
        self.saver.put(self._place(namespace, parent["id"] if parent else None), checkpoint, metadata, new)
        self.known[namespace].append(checkpoint)

    def _write(self, step: Step, namespace: str, checkpoint: str) -> None:
        writes: Sequence[tuple[str, Any]] = step.written
        task, path = f"task {step.pick % 7}{next(self._tasks)}", f"path {step.pick % 3}"
        for _ in range(1 + step.pick % 2):  # a task that says the same again has said it once
            self.saver.put_writes(self._place(namespace, checkpoint), writes, task, path)


def seen(saver: BaseCheckpointSaver[Any], thread: str) -> dict[tuple[str, str], Any]:
    """All that can be read of a thread's checkpoints, by namespace and id, in the order of a listing."""
    found = {}
    for each in saver.list({"configurable": {"thread_id": thread}}):
        place = each.config["configurable"]
        values = each.checkpoint["channel_values"]
        # LangGraph's own channels pass at once: of these it never asks for a history.
        versions = [name for name in each.checkpoint["channel_versions"] if not name.startswith(("__", "branch:to:"))]
        without = [channel for channel in versions if channel not in values]
        history = saver.get_delta_channel_history(config=each.config, channels=without)
        parent = each.parent_config["configurable"]["checkpoint_id"] if each.parent_config else None
        content = (each.checkpoint, each.metadata, parent, each.pending_writes, history)
        found[place["checkpoint_ns"], place["checkpoint_id"]] = content
    return found
