"""Evaluation: the command `quorate eval`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path

from langgraph.checkpoint.memory import InMemorySaver

from ..evals import CaseResult, Suite, SuiteResult, arun_suite, graph_target, render
from .exit_status import ExitStatus
from .location import Location, scratch
from .progress import progressing
from .screen import console
from .team import find_team

__all__ = ["evaluate"]


def evaluate(path: str, *, db: str | None, concurrency: int, as_json: bool) -> ExitStatus:
    """Run a suite, print its metrics and gates, and give the exit status: settled where every gate is met.

    Without `db` the graph gets a database of its own that is removed afterwards: effects are executed.

    Raises:
        SuiteError: The suite is not valid.
        InputError: Its graph cannot be found or made.
    """
    suite = Suite.load(path)
    place: AbstractContextManager[Location] = scratch() if db is None else nullcontext(Location.choose(db))
    with place, redirect_stdout(sys.stderr):
        result = _run(suite, Path(path).absolute(), concurrency, silent=as_json)
    if as_json:
        print(result.to_json())  # noqa: T201 (the result)
    else:
        screen = console()
        screen.print(render(result))
        right = sum(case.right for case in result.cases)
        gates = ("all gates passed" if result.passed else "a gate FAILED") if result.gates else "no gates"
        screen.print(f"{len(result.cases)} cases, {right} all right; {gates}; {result.seconds:.1f} s")
    return ExitStatus.SETTLED if result.passed else ExitStatus.FAILED


def _run(suite: Suite, path: Path, concurrency: int, *, silent: bool) -> SuiteResult:
    supervisor = find_team(suite.graph, start=path if path.is_dir() else path.parent)
    suite = suite.bind(supervisor.outcome, supervisor.request)
    target = graph_target(supervisor.compile(checkpointer=InMemorySaver()), supervisor)
    with progressing(suite.name, len(suite.cases), silent=silent) as progress:

        def done(case: CaseResult) -> None:
            progress.advance(case.id, "failed" if case.error else "right" if case.right else "wrong")

        return asyncio.run(arun_suite(suite, target, concurrency=concurrency, progress=done))
