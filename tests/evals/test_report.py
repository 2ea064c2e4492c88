from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from quorate.evals import AMOUNT, Case, Gate, Prediction, Suite, render, run_suite


async def always_one(request: dict[str, Any]) -> Prediction:
    if request:
        raise ValueError("[/not markup] boom")
    return Prediction({"total": 1})


def shown(suite: Suite) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(render(run_suite(suite, always_one)))
    return console.export_text()


def suite(*requests: dict[str, Any], gates: tuple[Gate, ...] = ()) -> Suite:
    cases = tuple(Case(id=f"case-{place}", request=each, expected={"total": 1}) for place, each in enumerate(requests))
    return Suite("[desk]", cases, {"total": AMOUNT}, gates)


def test_render() -> None:
    """The report shows the metrics of the fields and the suite, with a dash where there is nothing to measure."""
    text = shown(suite({}))
    assert "[desk]" in text
    assert ["total", "1.000", "0.000", "-", "-"] in [line.replace("│", " ").split() for line in text.splitlines()]
    assert "all_fields" in text
    assert "gate" not in text


def test_render_gates() -> None:
    """The report shows each gate with its bound, its value and whether it is met."""
    lines = shown(suite({}, {"x": 1}, gates=(Gate("all_fields", ">=", 0.5), Gate("failed", "<", 0.1)))).splitlines()
    words = [line.replace("│", " ").split() for line in lines]
    assert ["all_fields", ">=", "0.5", "0.500", "pass"] in words
    assert ["failed", "<", "0.1", "0.500", "FAIL"] in words


def test_render_failures() -> None:
    """The report names the first failed cases with their errors as they stand, and counts the rest."""
    text = shown(suite(*[{"x": 1}] * 12))
    assert "ValueError: [/not markup] boom" in text
    assert "case-9" in text
    assert "case-10" not in text
    assert "2 more" in text
