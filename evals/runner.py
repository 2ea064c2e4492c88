"""The runner: a suite's cases through a target, into a result."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..contracts import SuiteError
from .case import Case
from .evaluator import Evaluator
from .metric import measure
from .prediction import Prediction, Target
from .result import CaseResult, SuiteResult
from .suite import Suite

__all__ = ["Progress", "arun_suite", "run_suite"]

Progress = Callable[[CaseResult], None]
"""Called with each case as it ends, in the order of ending."""


def run_suite(suite: Suite, target: Target, *, concurrency: int = 8, progress: Progress | None = None) -> SuiteResult:
    """`arun_suite`, from code that is not async. Ctrl-C cancels the cases in hand and raises KeyboardInterrupt."""
    return asyncio.run(arun_suite(suite, target, concurrency=concurrency, progress=progress))


async def arun_suite(
    suite: Suite, target: Target, *, concurrency: int = 8, progress: Progress | None = None
) -> SuiteResult:
    """The suite's metrics, gates and cases. A target that raises makes a failed case, and the others go on.

    Args:
        suite: The cases, evaluators and gates.
        target: The system under test.
        concurrency: The most cases at a time; at least 1.
        progress: Called with each case as it ends.

    Raises:
        SuiteError: `concurrency` is less than 1.
    """
    if concurrency < 1:
        raise SuiteError("run_suite", got=f"concurrency {concurrency}", expected="at least 1", fix="correct it")
    results: dict[int, CaseResult] = {}
    waiting = iter(enumerate(suite.cases))
    started = time.perf_counter()

    async def work() -> None:
        for place, case in waiting:
            results[place] = await _run(case, suite.evaluators, target)
            if progress is not None:
                progress(results[place])

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(concurrency, len(suite.cases))):
            workers.create_task(work())
    seconds = time.perf_counter() - started
    cases = tuple(results[place] for place in range(len(suite.cases)))
    metrics = measure(cases, tuple(suite.evaluators), suite.selection)
    gates = tuple(gate.judge(metrics[gate.metric]) for gate in suite.gates)
    return SuiteResult(suite.name, metrics, gates, cases, seconds)


async def _run(case: Case, evaluators: Mapping[str, Evaluator], target: Target) -> CaseResult:
    started = time.perf_counter()
    prediction, scores, error = Prediction({}, status="failed"), dict.fromkeys(case.expected, 0.0), ""
    try:
        answer = _checked(await target(copy.deepcopy(case.request)))
        prediction, scores = answer, _judge(case, evaluators, answer)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # the suite itself is being stopped
            raise
        error = "CancelledError: the target was cancelled from within"
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    return CaseResult(
        id=case.id,
        expected=case.expected,
        values=prediction.values,
        scores=scores,
        settled=tuple(sorted(prediction.settled)),
        confidence=prediction.confidence,
        status=prediction.status,
        error=error,
        seconds=time.perf_counter() - started,
    )


def _checked(prediction: Any) -> Prediction:
    if not isinstance(prediction, Prediction):
        raise TypeError(f"the target must return a Prediction, not {type(prediction).__name__}")
    return prediction


def _judge(case: Case, evaluators: Mapping[str, Evaluator], prediction: Prediction) -> dict[str, float]:
    scores = {
        field: evaluators[field].score(wanted, prediction.values.get(field)) for field, wanted in case.expected.items()
    }
    return {field: score for field, score in scores.items() if score is not None}
