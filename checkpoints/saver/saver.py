"""Saver: LangGraph's checkpointer over the log, durable when a call returns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from types import CoroutineType
from typing import Any, TypeVar, cast

import ormsgpack
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)

from ..log.line import Line, LineKey
from ..log.request import PutCheckpoint, PutWrites, Typed
from ..log.run import Load
from ..log.writer import Writer
from ..log.written import Written
from ..upkeep.upkeep import Upkeep
from .config import checkpoint_of, config_of, key_of
from .reading import Reading
from .runs import Runs
from .serializer import DataSerializer
from .thread_saver import ThreadSaver

__all__ = ["Saver"]

T = TypeVar("T")

_FORKS = {"update", "fork"}
"""Sources of checkpoints that branch off on purpose."""


class Saver(ThreadSaver):
    """LangGraph's checkpointer over quorate's log. `put` and `put_writes` return when all is on disk.

    One serves `invoke` and `ainvoke`, any number of threads and event loops. A run whose thread went on elsewhere
    gets StaleThreadError at its next write. Rows give back data only: see `DataSerializer`.

    Args:
        reading: What reads the log.
        writer: What writes to it.
        readers: The threads in which the async face reads.
        runs: The runs of this process.
    """

    def __init__(self, reading: Reading, writer: Writer, readers: Executor, runs: Runs) -> None:
        super().__init__(serde=DataSerializer())
        self._reading = reading
        self._writer = writer
        self._readers = readers
        self._runs = runs
        self._upkeep = Upkeep(reading.store, reading.sealer, writer)

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that a config names, else the newest of its thread; None where there is none."""
        key = key_of(config)
        self._runs.reading(config, key)
        return self._load(config, key)

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 (the name in BaseCheckpointSaver)
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """The checkpoints that match, newest first, read as they are asked for."""
        thread = namespace = checkpoint = None
        if config is not None:
            thread = key_of(config).thread
            namespace = config.get("configurable", {}).get("checkpoint_ns")
            checkpoint = checkpoint_of(config)
            if namespace is not None:  # a loop that lists is a subgraph of a replay: it will branch off
                self._runs.loaded(config, LineKey(thread, namespace), Load(None, 0, addressed=True))
        earlier = None if before is None else checkpoint_of(before)
        yield from self._reading.listed(
            thread, namespace, checkpoint, serde=self.serde, filter=filter, before=earlier, limit=limit
        )

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint, and give the config that names it.

        Raises:
            StaleThreadError: Its parent is no longer the newest checkpoint, and it does not fork.
            DatabaseError: It cannot be stored.
        """
        request = self._checkpoint(config, checkpoint, metadata, new_versions)
        self._writer.do(request)
        return config_of(request.key, request.id)

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store what a task wrote on a checkpoint.

        Raises:
            StaleThreadError: Another run has gone on with the thread.
            DatabaseError: It cannot be stored.
        """
        self._writer.do(self._writes(config, writes, task_id, task_path))

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """For each delta channel, the last stored value before a checkpoint, and what was written after it."""
        if not channels:
            return {}
        return self._reading.history(key_of(config), checkpoint_of(config), channels, self.serde)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As `get_tuple`, without blocking the event loop."""
        key = key_of(config)
        self._runs.reading(config, key)  # while LangGraph's loop is still on the stack
        return await self._in_thread(partial(self._load, config, key))

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002 (the name in BaseCheckpointSaver)
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As `list`, without blocking the event loop."""
        found = self.list(config, filter=filter, before=before, limit=limit)
        while (each := await self._in_thread(partial(next, found, None))) is not None:
            yield each

    # These two serialise when they are called, not when they are first awaited: what their caller changes in
    # between is not stored.

    def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> CoroutineType[Any, Any, RunnableConfig]:
        """As `put`, without blocking the event loop."""
        request = self._checkpoint(config, checkpoint, metadata, new_versions)
        return cast(
            "CoroutineType[Any, Any, RunnableConfig]", self._durable(request, config_of(request.key, request.id))
        )

    def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> CoroutineType[Any, Any, None]:
        """As `put_writes`, without blocking the event loop."""
        request = self._writes(config, writes, task_id, task_path)
        return cast("CoroutineType[Any, Any, None]", self._durable(request, None))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As `get_delta_channel_history`, without blocking the event loop."""
        return await self._in_thread(partial(self.get_delta_channel_history, config=config, channels=channels))

    def get_next_version(self, current: Any, channel: None) -> Any:
        """The version after `current`: numbers from 1."""
        return 1 if current is None else current + 1

    def _load(self, config: RunnableConfig, key: LineKey) -> CheckpointTuple | None:
        if not self._runs.prepare(config, key):
            self._writer.do(_nothing)  # after all that waits to be written
        checkpoint = checkpoint_of(config)
        line, found = self._reading.newest(key, checkpoint, self.serde)
        line = line or Line(0, key)
        addressed = checkpoint is not None and checkpoint != line.head_id
        self._runs.loaded(config, key, Load(line.head_id, line.owner, addressed, line.events, line.generation))
        return found

    def _durable(self, request: PutCheckpoint | PutWrites, result: T) -> Awaitable[T]:
        """Hand a request over, at once where a loop runs, else when it is awaited."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return _later(partial(self._writer.start, request), result)
        return _then(self._writer.start(request), result)

    def _dumped(self, value: Any) -> Typed:
        form, content = self.serde.dumps_typed(value)
        return form, bytes(content)  # of a bytearray the serializer gives back the object itself

    def _checkpoint(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> PutCheckpoint:
        key = key_of(config)
        run = self._runs.of(config)
        forks = metadata.get("source") in _FORKS
        values = checkpoint["channel_values"]
        whole = forks or run is None or key not in run.loads
        channels = checkpoint["channel_versions"].keys() | new_versions.keys() if whole else new_versions.keys()
        parent = checkpoint_of(config)
        return PutCheckpoint(
            key=key,
            id=checkpoint["id"],
            parent=parent,
            header=self._header(checkpoint, get_checkpoint_metadata(config, metadata), parent),
            values={name: self._dumped(values[name]) if name in values else None for name in channels},
            changed=frozenset(new_versions),
            whole=whole,
            run=run,
            forks=forks,
        )

    def _header(self, checkpoint: Checkpoint, metadata: CheckpointMetadata, parent: str | None) -> bytes:
        own = {name: value for name, value in checkpoint.items() if name not in _APART}
        header = {
            "c": own,
            "m": metadata,
            "p": parent,
            "s": checkpoint["versions_seen"],
            "v": checkpoint["channel_versions"],
        }
        return ormsgpack.packb(header, default=self._as_extension, option=ormsgpack.OPT_SORT_KEYS)

    def _as_extension(self, value: Any) -> Any:
        """An object in a header as the serializer writes it."""
        return ormsgpack.unpackb(self.serde.dumps_typed(value)[1], ext_hook=ormsgpack.Ext)

    def _writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
    ) -> PutWrites:
        rows = [
            # msgpack has bytes, but no bytearray: a value that is one says so in a fourth place.
            [WRITES_IDX_MAP.get(channel, index), channel, value, *(("a",) if type(value) is bytearray else ())]
            for index, (channel, value) in enumerate(writes)
        ]
        path, *packed = [self.serde.dumps_typed(each)[1] for each in (task_path, *rows)]
        return PutWrites(
            key=key_of(config),
            checkpoint=checkpoint_of(config) or "",
            task=task_id,
            channels=tuple([channel for channel, _ in writes]),
            written=Written(path, packed),
            run=self._runs.of(config),
        )


_APART = {"channel_values", "channel_versions", "versions_seen", "id"}
"""The fields of a checkpoint that are kept by themselves."""


async def _later(start: Callable[[], Awaitable[Any]], result: T) -> T:
    await start()
    return result


def _nothing(_: object) -> None:
    """What is done when all that was asked for before is written."""


async def _then(done: Awaitable[Any], result: T) -> T:
    await done
    return result
