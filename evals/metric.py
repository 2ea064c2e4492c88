"""Metrics: the results of a suite's cases as numbers in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from .result import CaseResult

__all__ = ["CASE_METRICS", "FIELD_METRICS", "measure", "metric_names"]

FIELD_METRICS = ("accuracy", "coverage", "precision", "brier")
"""The metrics of each field, named `<field>.<metric>`; see `measure`."""

CASE_METRICS = ("all_fields", "coverage", "precision", "mean_accuracy", "failed")
"""The metrics of the suite as a whole; see `measure`."""


def metric_names(fields: Iterable[str]) -> tuple[str, ...]:
    """The names of all metrics of a suite that judges these fields, in the order in which they are shown."""
    return (*CASE_METRICS, *(f"{field}.{metric}" for field in fields for metric in FIELD_METRICS))


def measure(
    cases: Sequence[CaseResult], fields: Sequence[str], selection: Collection[str] = ()
) -> dict[str, float | None]:
    """Every metric, by name. None where there is nothing to measure it on; the order of the cases has no effect.

    Of a field, over the cases that judge it, s being its score there and p its confidence:

    - `accuracy`: mean of s, whether or not the field was settled.
    - `coverage`: share of the cases in which it is settled.
    - `precision`: mean of s over the cases in which it is settled.
    - `brier`: mean of (p - s)^2 over the cases that give a confidence; 0 is best.

    Of the suite, over the cases that judge any field; a case is right where every judged field scores 1, and
    selected where every field of `selection` is settled (every judged field, where `selection` is empty):

    - `all_fields`: share of right cases.
    - `coverage`: share of selected cases.
    - `precision`: share of right cases among the selected.
    - `mean_accuracy`: mean of the fields' accuracy.
    - `failed`: share of all cases, judged or not, in which the target raised. Their scores are 0.
    """
    judged = [case for case in cases if case.scores]
    selected = [case for case in judged if set(selection or case.scores) <= set(case.settled)]
    by_field = {name: value for field in fields for name, value in _of_field(field, judged)}
    accuracies = (by_field[f"{field}.accuracy"] for field in fields)
    return {
        "all_fields": _mean(case.right for case in judged),
        "coverage": _share(selected, judged),
        "precision": _mean(case.right for case in selected),
        "mean_accuracy": _mean(accuracy for accuracy in accuracies if accuracy is not None),
        "failed": _mean(bool(case.error) for case in cases),
        **by_field,
    }


def _of_field(field: str, cases: Sequence[CaseResult]) -> Iterator[tuple[str, float | None]]:
    judged = [case for case in cases if field in case.scores]
    settled = [case for case in judged if field in case.settled]
    yield f"{field}.accuracy", _mean(case.scores[field] for case in judged)
    yield f"{field}.coverage", _share(settled, judged)
    yield f"{field}.precision", _mean(case.scores[field] for case in settled)
    yield (
        f"{field}.brier",
        _mean((case.confidence[field] - case.scores[field]) ** 2 for case in judged if field in case.confidence),
    )


def _share(some: Sequence[CaseResult], of: Sequence[CaseResult]) -> float | None:
    return len(some) / len(of) if of else None


def _mean(values: Iterable[float]) -> float | None:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers) if numbers else None
