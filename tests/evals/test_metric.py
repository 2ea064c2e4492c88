from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.evals import CaseResult, measure, metric_names

FIELDS = ("company", "total")


def case(
    company: float | None = None,
    total: float | None = None,
    *,
    settled: str = "",
    confidence: dict[str, float] | None = None,
    error: str = "",
) -> CaseResult:
    scores = {name: score for name, score in (("company", company), ("total", total)) if score is not None}
    return CaseResult(
        id="",
        expected={},
        values={},
        scores=scores,
        settled=tuple(settled.split()),
        confidence=confidence or {},
        status="",
        error=error,
        seconds=0.0,
    )


def test_by_hand() -> None:
    """The metrics of four cases are what a hand calculation gives."""
    cases = [
        case(1, 1, settled="company total", confidence={"company": 0.9, "total": 0.8}),
        case(1, 0, settled="company total", confidence={"company": 0.7}),
        case(0, 1, settled="total"),
        case(total=1),
    ]
    metrics = measure(cases, FIELDS)
    assert metrics == {
        "all_fields": 2 / 4,  # the first and the last
        "coverage": 2 / 4,  # the first two: every judged field is settled
        "precision": 1 / 2,
        "mean_accuracy": pytest.approx((2 / 3 + 3 / 4) / 2),
        "failed": 0.0,
        "company.accuracy": 2 / 3,
        "company.coverage": 2 / 3,
        "company.precision": 1.0,
        "company.brier": pytest.approx((0.1**2 + 0.3**2) / 2),
        "total.accuracy": 3 / 4,
        "total.coverage": 3 / 4,
        "total.precision": 2 / 3,
        "total.brier": pytest.approx(0.2**2),
    }


def test_names() -> None:
    """The names are known before anything runs, and are those that are measured."""
    assert metric_names(FIELDS) == tuple(measure([], FIELDS))


def test_nothing_to_measure() -> None:
    """Without a case there is no number, rather than a perfect or a failed one."""
    assert set(measure([], FIELDS).values()) == {None}


def test_unjudged_case() -> None:
    """A case that expects nothing counts neither as right nor as selected, but its failure counts."""
    metrics = measure([case(settled="company"), case(1, 1), case(error="boom")], FIELDS)
    assert (metrics["all_fields"], metrics["coverage"], metrics["failed"]) == (1.0, 0.0, 1 / 3)


def test_selection() -> None:
    """A suite may say which fields select a case, such as the one that an effect settles."""
    cases = [case(1, 1, settled="posted"), case(0, 1, settled="posted total"), case(1, 1, settled="company total")]
    metrics = measure(cases, FIELDS, selection={"posted"})
    assert (metrics["coverage"], metrics["precision"]) == (2 / 3, 1 / 2)


scores = st.none() | st.floats(0, 1)
results = st.builds(
    case,
    scores,
    scores,
    settled=st.sampled_from(["", "company", "total", "company total"]),
    confidence=st.dictionaries(st.sampled_from(FIELDS), st.floats(0, 1)),
    error=st.sampled_from(["", "boom"]),
)


@given(st.lists(results), st.randoms())
def test_order_has_no_effect(cases: list[CaseResult], random: Random) -> None:
    """The same cases in another order give the same metrics, to the last bit."""
    shuffled = random.sample(cases, len(cases))
    assert measure(shuffled, FIELDS) == measure(cases, FIELDS)


@given(st.lists(results))
def test_range(cases: list[CaseResult]) -> None:
    """Every metric is in [0, 1] or None."""
    assert all(value is None or 0 <= value <= 1 for value in measure(cases, FIELDS).values())
