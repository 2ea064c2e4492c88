"""Node: what the nodes of a graph have in common that work on the state alone."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.types import Command
from pydantic import BaseModel

from ..agents.trace import mark_run
from ..contracts import Policy
from .entry import INTAKE, Entry
from .large_inputs import LargeInputs
from .roster import Roster
from .turn import Turn

__all__ = ["Node", "Result", "State", "Team", "in_thread", "now"]

State = Mapping[str, Any]
Result = dict[str, Any] | Command[Any]


@dataclass(frozen=True, slots=True)
class Team:
    """What every node knows of the team."""

    roster: Roster
    policy: Policy
    request: type[BaseModel]
    reply: str | None
    inputs: LargeInputs
    entry: Entry

    def read(self, state: State) -> Turn:
        """The state, typed."""
        return Turn.read(state, self.inputs.blobs)


class Node(Runnable[State, Result]):
    """A node of the graph that works on the state alone, in this thread."""

    looks_at_request = False
    """Whether the values of the request's fields are needed."""

    def __init__(self, name: str, team: Team) -> None:
        self.name = name
        self.team = team

    def invoke(
        self,
        input: State,  # noqa: A002 (the name in Runnable)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Result:
        """Do the node's work."""
        return self._enter(input, config or {}, wait=True)

    async def ainvoke(
        self,
        input: State,  # noqa: A002 (the name in Runnable)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Result:
        """Do the node's work in the event loop: it computes for microseconds, and waits for nothing.

        Where the request has blobs to read, do it in a worker thread.
        """
        if not (self.looks_at_request and self.team.inputs.stored(input.get("request"))):
            return self._enter(input, config or {}, wait=False)
        return await in_thread(lambda: self._enter(input, config or {}, wait=False))

    def _enter(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        mark_run(config, state.get("turn", 0) + (self.name == INTAKE))
        return self.work(state, config, wait=wait)

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """From the state to an update; `wait` is false where the graph is awaited."""
        raise NotImplementedError


async def in_thread(work: Callable[[], Result]) -> Result:
    """Do the work in a worker thread."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(None, lambda: context.run(work))


def now() -> datetime.datetime:
    """The time, in UTC."""
    return datetime.datetime.now(datetime.UTC)
