"""Thread team: the supervisor that a thread belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contracts import InputError
from .team import find_team
from .thread_view import ThreadView

if TYPE_CHECKING:
    from ..graphs import Supervisor

__all__ = ["team_of"]


def team_of(view: ThreadView, graph: str) -> Supervisor:
    """The supervisor that GRAPH stands for, which must be the thread's.

    Raises:
        InputError: Nobody knows the graph, or it is of another team.
        QuorateError: What the graph's own code raised.
    """
    if not graph:
        raise InputError(
            f"thread {view.id}",
            got="no record of the graph that it was run with",
            expected="GRAPH: a name in langgraph.json, or module:attribute",
            fix="pass it: --graph GRAPH",
        )
    supervisor = find_team(graph)
    if view.team not in ("", supervisor.name):
        raise InputError(
            f"graph {graph!r}",
            got=f"the team {supervisor.name!r}",
            expected=f"the team {view.team!r}, which the thread {view.id} belongs to",
            fix="pass its graph: --graph GRAPH",
        )
    return supervisor
