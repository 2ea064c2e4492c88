"""StockTables: the port to the tables of LangGraph's own savers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol

from ..log.request import Typed

__all__ = ["BlobKey", "StockCheckpoint", "StockLink", "StockTables", "StockThread", "StockWrite"]


class StockLink(NamedTuple):
    """A checkpoint of a thread, and the one that it follows."""

    namespace: str
    """Its checkpoint namespace."""
    id: str
    """Its id."""
    parent: str | None
    """Id of the checkpoint that it follows."""


class BlobKey(NamedTuple):
    """Where a value stands that is not in the row of its checkpoint."""

    namespace: str
    """The checkpoint namespace."""
    channel: str
    """The channel."""
    version: str
    """The channel's version, as text."""


class StockCheckpoint(NamedTuple):
    """A checkpoint as a stock saver stores it. Objects in it are `ormsgpack.Ext`, unopened."""

    link: StockLink
    """What names it."""
    fields: Mapping[str, Any]
    """The checkpoint without its values."""
    metadata: Mapping[str, Any]
    """Its metadata."""
    values: Mapping[str, Typed | BlobKey]
    """The value of each channel that has one, or where it stands."""
    where: str
    """How errors call the row."""


class StockWrite(NamedTuple):
    """One of the values that a task wrote."""

    namespace: str
    """The checkpoint namespace."""
    checkpoint: str
    """Id of the checkpoint that the task ran on."""
    task: str
    """Id of the task."""
    path: str
    """Its path; empty where the saver was older than paths."""
    idx: int
    """Its place among what the task wrote; below 0 for errors, questions and answers."""
    channel: str
    """The channel."""
    value: Any
    """The value, plain; objects are `ormsgpack.Ext`."""


class StockThread(Protocol):
    """What the tables hold of one thread at one moment. Every method raises RefusedRow for a row that is not data."""

    def links(self) -> list[StockLink]:
        """Its checkpoints in all namespaces, in any order."""
        ...

    def checkpoints(self, links: Sequence[StockLink]) -> list[StockCheckpoint]:
        """These checkpoints, in this order."""
        ...

    def blobs(self, keys: Collection[BlobKey]) -> dict[BlobKey, Typed]:
        """These values."""
        ...

    def writes(self, links: Sequence[StockLink]) -> list[StockWrite]:
        """What tasks wrote on these checkpoints; each task's in order."""
        ...

    def strays(self) -> list[StockWrite]:
        """What tasks wrote on checkpoints that are not there; each task's in order."""
        ...


class StockTables(Protocol):
    """The tables of LangGraph's own savers. Every method raises DatabaseError where they cannot be read."""

    @property
    def shown(self) -> str:
        """How errors call the database."""
        ...

    def threads(self) -> list[str]:
        """The ids of all threads, the one with the newest checkpoint last."""
        ...

    def reading(self, thread: str) -> AbstractContextManager[StockThread]:
        """What they hold of a thread, all of one moment."""
        ...
