from __future__ import annotations

import asyncio
import json
import signal
from decimal import Decimal
from typing import Any

import pytest

from quorate.contracts import SuiteError
from quorate.evals import AMOUNT, TEXT, Case, CaseResult, Gate, Prediction, Suite, arun_suite, run_suite


def suite(*requests: dict[str, Any], gates: tuple[Gate, ...] = ()) -> Suite:
    """A case for each request, whose right total is 1 and whose right company is ABC."""
    expected = {"total": 1, "company": "ABC"}
    cases = tuple(Case(id=str(place), request=each, expected=expected) for place, each in enumerate(requests))
    return Suite("desk", cases, {"total": AMOUNT, "company": TEXT}, gates)


async def echo(request: dict[str, Any]) -> Prediction:
    """Predicts what the request says, and settles all of it."""
    return Prediction(request, frozenset(request), dict.fromkeys(request, 0.5), "settled")


async def fragile(request: dict[str, Any]) -> Prediction:
    """Raises where the request says so."""
    if "boom" in request:
        raise LookupError(request["boom"])
    return await echo(request)


RIGHT = {"total": "1.00", "company": "abc"}
WRONG = {"total": "2", "company": "abc"}


def test_run() -> None:
    """A run gives the metrics, the judged gates, and the cases in the order of the suite."""
    gates = (Gate("all_fields", ">=", 0.5), Gate("total.accuracy", ">", 0.5))
    result = run_suite(suite(RIGHT, WRONG, gates=gates), echo)
    assert (result.metrics["all_fields"], result.metrics["company.accuracy"]) == (0.5, 1.0)
    assert [gate.passed for gate in result.gates] == [True, False]
    assert not result.passed
    assert [(case.id, case.right) for case in result.cases] == [("0", True), ("1", False)]
    assert (result.cases[0].status, result.cases[0].settled) == ("settled", ("company", "total"))
    assert result.cases[1].scores == {"total": 0.0, "company": 1.0}


def test_no_gates() -> None:
    """A suite without gates passes."""
    assert run_suite(suite(WRONG), echo).passed


def test_failing_target() -> None:
    """A target that raises makes a failed case with the error's text, wrong in every field; the others go on."""
    result = run_suite(suite({"boom": "no such page"}, RIGHT), fragile)
    failed, fine = result.cases
    assert (failed.status, failed.error) == ("failed", "LookupError: no such page")
    assert failed.scores == {"total": 0.0, "company": 0.0}
    assert (fine.right, result.metrics["failed"]) == (True, 0.5)


def test_target_that_returns_something_else() -> None:
    """A target that returns no prediction makes a failed case that says so."""

    async def plain(request: dict[str, Any]) -> Any:
        return request

    assert "must return a Prediction, not dict" in run_suite(suite(RIGHT), plain).cases[0].error


def test_target_cancelled_from_within() -> None:
    """A target whose own task was cancelled makes a failed case; the suite is not cancelled with it."""

    async def cancelled(request: dict[str, Any]) -> Prediction:
        raise asyncio.CancelledError

    result = run_suite(suite(RIGHT, RIGHT), cancelled)
    assert all(case.error.startswith("CancelledError") for case in result.cases)


def test_request_is_the_targets_own() -> None:
    """A target that changes its request changes neither the suite nor another run."""

    async def greedy(request: dict[str, Any]) -> Prediction:
        request["deep"].clear()
        return Prediction({})

    cases = suite({"deep": [1]})
    run_suite(cases, greedy)
    assert cases.cases[0].request == {"deep": [1]}


def test_unjudged_fields() -> None:
    """Only the fields that a case expects are scored."""
    cases = (Case(id="a", request=RIGHT, expected={"total": 1}), Case(id="b", request=RIGHT))
    result = run_suite(Suite("s", cases, {"total": AMOUNT, "company": TEXT}), echo)
    assert [dict(case.scores) for case in result.cases] == [{"total": 1.0}, {}]
    assert result.metrics["company.accuracy"] is None


def test_expected_to_stay_empty() -> None:
    """A field that is expected to be None is right where it has no value."""
    cases = (Case(id="a", request={}, expected={"total": None}), Case(id="b", request=RIGHT, expected={"total": None}))
    result = run_suite(Suite("s", cases, {"total": AMOUNT}), echo)
    assert [case.right for case in result.cases] == [True, False]


def test_progress() -> None:
    """Progress is told of each case once."""
    seen: list[CaseResult] = []
    result = run_suite(suite(RIGHT, WRONG, {"boom": 1}), fragile, progress=seen.append)
    assert sorted(seen, key=lambda case: case.id) == list(result.cases)


@pytest.mark.parametrize("concurrency", [1, 3, 50])
async def test_concurrency(concurrency: int) -> None:
    """As many cases are in hand as were asked for, and no more."""
    gate, waiting, most = asyncio.Event(), 0, 0

    async def slow(request: dict[str, Any]) -> Prediction:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        if waiting == min(concurrency, 5):
            gate.set()
        await gate.wait()
        waiting -= 1
        return Prediction({})

    result = await arun_suite(suite(*[RIGHT] * 5), slow, concurrency=concurrency)
    assert (most, len(result.cases)) == (min(concurrency, 5), 5)


async def test_bad_concurrency() -> None:
    """Nothing at a time is refused."""
    with pytest.raises(SuiteError, match=r"got concurrency 0; expected at least 1"):
        await arun_suite(suite(RIGHT), echo, concurrency=0)


def test_interrupt() -> None:
    """Ctrl-C cancels every case in hand, lets each clean up, and is raised."""
    cleaned: list[str] = []

    async def stuck(request: dict[str, Any]) -> Prediction:
        try:
            if request["name"] == "last":
                signal.raise_signal(signal.SIGINT)
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            cleaned.append(request["name"])

    with pytest.raises(KeyboardInterrupt):
        run_suite(suite({"name": "first"}, {"name": "last"}, {"name": "never"}), stuck, concurrency=2)
    assert sorted(cleaned) == ["first", "last"]


def test_json() -> None:
    """The result reads back as JSON, whatever the target put into it."""
    odd = {"total": Decimal("1.0"), "company": object(), "more": float("nan")}
    result = run_suite(suite(RIGHT, odd, {"boom": "x"}, gates=(Gate("failed", "<=", 0.1),)), fragile)
    data = json.loads(result.to_json())
    assert data["passed"] is False
    assert data["gates"] == [
        {"gate": {"metric": "failed", "comparison": "<=", "bound": 0.1}, "value": 1 / 3, "passed": False}
    ]
    assert data["metrics"] == dict(result.metrics)
    assert data["cases"][0]["settled"] == ["company", "total"]
    assert (data["cases"][1]["values"]["total"], data["cases"][1]["values"]["more"]) == ("1.0", None)
    assert data["cases"][2]["error"] == "LookupError: x"
