"""Fence: who may add to a line, so that of two runs on a thread one wins and the other is told."""

from __future__ import annotations

from ...contracts import StaleThreadError
from .line import Line, LineKey
from .request import PutCheckpoint, PutWrites
from .run import Load

__all__ = ["admit_checkpoint", "admit_writes", "occupied", "over"]


def admit_checkpoint(line: Line, request: PutCheckpoint) -> bool:
    """Let a checkpoint in if it follows the newest one of its line, or says that it forks; whether a replay forks here.

    A run must also be the one that wrote last, or have loaded all that the line holds: the first write of a run takes
    the line over, so of several runs that loaded the same checkpoint one goes on and the others are refused.

    Raises:
        StaleThreadError: It does neither.
    """
    run = request.run
    load = None if run is None else run.loads.get(request.key)
    if request.forks:
        return False
    if run is None or load is None:
        # Outside of LangGraph's loop, a checkpoint without a parent begins anew on purpose.
        if line.head is None or request.parent in (None, line.head_id):
            return False
    elif load.addressed and request.key not in run.forked:
        return True
    elif request.parent == line.head_id and (line.owner == run.token or _as_loaded(line, load)):
        return False
    raise _stale(line, "a checkpoint", request.parent)


def admit_writes(line: Line, request: PutWrites) -> bool:
    """Let a task's writes in if its run may go on with the line; whether it takes the line over with them.

    Raises:
        StaleThreadError: Another run has gone on with it.
    """
    run = request.run
    load = None if run is None else run.loads.get(request.key)
    if run is None or load is None or line.owner == run.token:
        return False
    if load.addressed and request.key not in run.forked:
        return False
    if line.head_id == load.head and _as_loaded(line, load):
        return True
    raise _stale(line, "a task's writes", request.checkpoint)


def occupied(key: LineKey, load: Load, where: str) -> StaleThreadError:
    """Why a run is not let in that begins while another one is at work on its line.

    Args:
        key: The line.
        load: What the run found in it.
        where: Where the other one is, as "process 7".
    """
    after = "the beginning of the thread" if load.head is None else f"checkpoint {load.head}"
    return StaleThreadError(
        str(key),
        got=f"a run that goes on from {after} while another run is at work on the thread, in {where}",
        expected=f"one run of a thread at a time; the newest checkpoint is {load.head or 'none yet'}, and the next one "
        "is the other run's",
        fix="wait for the other run or stop it (a stream that was left half-read: close it), then run again; "
        "to branch off on purpose, pass the checkpoint_id, or use update_state",
    )


def over() -> StaleThreadError:
    """Why nothing is taken any more of a run that was broken off."""
    return StaleThreadError(
        "run",
        got="a write of a run that was broken off before",
        expected="nothing more of it: another run may be at work on its thread",
        fix="run again; the thread holds what was written before",
    )


def _as_loaded(line: Line, load: Load) -> bool:
    """Whether nothing was added to a line since it was loaded; pruning and the like add nothing."""
    return line.owner == load.owner and (line.events == load.events or line.generation != load.generation)


def _stale(line: Line, what: str, parent: str | None) -> StaleThreadError:
    after = "the beginning of the thread" if parent is None else f"checkpoint {parent}"
    same = parent == line.head_id
    return StaleThreadError(
        str(line.key),
        got=f"{what} of a run that goes on from {after}" + (", on which another run has begun to work" if same else ""),
        expected=f"a run that goes on from its newest checkpoint, {line.head_id or 'none: the thread was deleted'}",
        fix="run again on what the thread holds now, one run of a thread at a time; to branch off on purpose, "
        "pass the checkpoint_id, or use update_state",
    )
