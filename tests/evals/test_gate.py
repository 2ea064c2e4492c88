from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import SuiteError
from quorate.evals import Gate


@pytest.mark.parametrize(
    "text,value,passed",
    [
        (">= 0.8", 0.8, True),
        (">= 0.8", 4 / 5, True),
        (">= 0.8", 0.79, False),
        ("> .8", 0.8, False),
        ("<=0.1", 0.1, True),
        ("< 0.1", 0.1, False),
        (" == 1 ", 1.0, True),
        ("== 0", 0.5, False),
    ],
)
def test_comparisons(text: str, value: float, passed: bool) -> None:
    """Each comparison means what it means in Python, at the bound too."""
    assert Gate.parse("all_fields", text).judge(value).passed is passed


@pytest.mark.parametrize("comparison", [">=", ">", "<=", "<", "=="])
@pytest.mark.parametrize("value", [None, float("nan")])
def test_fails_closed(comparison: str, value: float | None) -> None:
    """A metric that could not be measured, or is not a number, passes no gate."""
    assert not Gate.parse("precision", f"{comparison} 0").judge(value).passed


@pytest.mark.parametrize(
    "text", ["", "0.8", "=> 0.8", ">= 80", ">= 1.01", ">= -0.1", ">= nan", ">= 0.8 and more", "~ 1"]
)
def test_bad_gates(text: str) -> None:
    """What is not a comparison with a number in [0, 1] is refused, with the place and an example."""
    with pytest.raises(SuiteError, match=r"suite.yaml: gates: all_fields: got .* Fix: .*>= 0.8"):
        Gate.parse("all_fields", text, "suite.yaml: gates")


@given(st.sampled_from([">=", ">", "<=", "<", "=="]), st.integers(0, 1000))
def test_round_trip(comparison: str, thousandths: int) -> None:
    """A gate reads back from what it prints."""
    gate = Gate.parse("all_fields", f"{comparison} {thousandths / 1000}")
    assert Gate.parse("all_fields", str(gate)) == gate
