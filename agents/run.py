"""Run: which attempt of which agent is at work, for those below it that are not told."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from ..contracts import Usage
from .repair import Repair
from .setting import Setting

__all__ = ["Run", "current_run", "running"]


@dataclass(frozen=True, slots=True)
class Run:
    """One attempt of one agent."""

    agent: str
    """Name of the agent."""
    version: str = ""
    """Version of its contract."""
    thread: str = ""
    """The thread, or empty where there is none."""
    turn: int = 0
    """Number of the turn, from 1."""
    tenant: str = ""
    """On whose account, as the config's `configurable` says under `tenant`; empty for nobody's."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent reads."""
    attempt: int = 1
    """Number of the attempt, from 1."""
    task: str = ""
    """LangGraph's id of the task: the same for every attempt, also after a crash."""
    step: str = ""
    """Id of the checkpoint from which its step began, the same for all agents that run beside it; empty outside of a
    graph."""
    place: str = ""
    """Which agent of which team, and after how many moves: the same when the run is begun again after a crash."""
    reserved: Mapping[str, float] = field(default_factory=dict)
    """What the supervisor set aside for one attempt, by unit; empty where nothing is bounded."""
    left: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What was left of each budget, by scope and unit, before anything was set aside for this step."""
    held: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What was set aside for each agent of this step, by unit."""
    repair: Repair | None = None
    """What was wrong with the answer before, where the agent is asked once more; else None."""
    said: list[Usage] = field(default_factory=list, compare=False)
    """What the agent said that it used, in answers of this attempt that came to nothing; it grows."""


_current: ContextVar[Run | None] = ContextVar("quorate_run", default=None)


def current_run() -> Run | None:
    """The run that the caller is part of, or None outside of a team."""
    return _current.get()


def running(run: Run) -> Setting[Run | None]:
    """Make it the current run, in this thread or task and those that it starts."""
    return Setting(_current, run)
