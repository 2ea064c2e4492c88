"""The terms of a field: thresholds from costs, and the calibration that a policy names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quorate.contracts import Calibration, ConfidenceMap, FieldCalibration, FieldPolicy, Policy, PolicyError


def test_accept_from_costs() -> None:
    """A review of 2 against an error of 20: settle where (1 - p) * 20 <= 2, from .9 on."""
    assert FieldPolicy(cost_of_error=20, cost_of_review=2).accept == pytest.approx(0.9)
    assert FieldPolicy(cost_of_error=20, cost_of_review=2).accept_source == "from the costs: 1 - 2 / 20"
    # a review that costs more than an error is never worth it
    assert FieldPolicy(cost_of_error=1, cost_of_review=3).accept == 0


def test_costs_and_threshold() -> None:
    """The nearer key holds: a field's own threshold over the defaults' costs, its own costs over their threshold."""
    policy = Policy.parse(
        {
            "defaults": {"cost_of_error": 10, "cost_of_review": 1},
            "fields": {"a": {}, "b": {"accept": 0.5}, "c": {"cost_of_error": 4, "cost_of_review": 1}},
        }
    )
    assert [policy.of(name).accept for name in "abc"] == [0.9, 0.5, 0.75]
    assert [bool(policy.of(name).accept_source) for name in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    "terms, message",
    [
        ({"cost_of_error": 10}, "go together"),
        ({"cost_of_error": 10, "cost_of_review": 1, "accept": 0.5}, "leave it out"),
        ({"cost_of_error": 0, "cost_of_review": 1}, "greater than 0"),
        ({"cost_of_error": float("inf"), "cost_of_review": 1}, "finite"),
        ({"tolerance": float("nan")}, "tolerance"),
        ({"vote": "loudest"}, "confidence"),
    ],
)
def test_wrong_terms(terms: dict[str, object], message: str) -> None:
    """Wrong costs, and a voting rule that there is not, are named when the policy is read."""
    with pytest.raises(PolicyError, match=message):
        Policy.parse({"fields": {"total": terms}})


def test_calibration_beside_the_policy(tmp_path: Path) -> None:
    """The artefact's path is relative to the policy file; its content is part of the policy's digest."""
    learned = Calibration(version="3", fields={"total": FieldCalibration(labels=12)})
    (tmp_path / "learned.json").write_text(learned.to_json())
    (tmp_path / "policy.yaml").write_text("name: desk\ncalibration: learned.json\n")
    policy = Policy.load(tmp_path / "policy.yaml")
    assert policy.calibration == learned
    assert policy.calibration.digest == learned.digest
    assert policy.digest != Policy(name="desk").digest
    assert Policy(name="desk", calibration=learned).digest == policy.digest


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 2}', '{"fields": {"f": {"offset": NaN}}}', '{"fields": {"f": {"x": 1}}}']
)
def test_wrong_artefact(tmp_path: Path, content: str) -> None:
    """A file that is no calibration, or has NaN in it, is refused by its name."""
    path = tmp_path / "learned.json"
    path.write_text(content)
    with pytest.raises(PolicyError, match=r"learned\.json"):
        Calibration.load(path)
    with pytest.raises(PolicyError, match=r"missing\.json"):
        Calibration.load(tmp_path / "missing.json")


def test_digest_of_what_is_read_again(tmp_path: Path) -> None:
    """A written artefact is read as the same, with the same digest."""
    field = FieldCalibration(labels=2, spread=(0.1, 1 / 3), values={"ä": 1e-9})
    learned = Calibration(source="two labels", fields={"f": field})
    (tmp_path / "a.json").write_text(learned.to_json())
    again = Calibration.load(tmp_path / "a.json")
    assert (again, again.digest) == (learned, learned.digest)
    assert json.loads(learned.to_json())["fields"]["f"]["labels"] == 2


def test_maps_of_confidence() -> None:
    """Platt's curve on the log-odds, and straight lines between the points of an isotonic map."""
    # slope 1, intercept 0: the stated confidence itself
    assert ConfidenceMap(kind="platt")(0.8) == pytest.approx(0.8)
    # slope .5: odds 4 ** .5 = 2: 2/3
    assert ConfidenceMap(kind="platt", slope=0.5)(0.8) == pytest.approx(2 / 3)
    steps = ConfidenceMap(kind="isotonic", points=((0.2, 0.1), (0.6, 0.5), (0.8, 0.9)))
    assert [round(steps(p), 4) for p in (0.0, 0.2, 0.4, 0.7, 1.0)] == [0.1, 0.1, 0.3, 0.7, 0.9]
    for points in ((), ((0.5, 0.5), (0.5, 0.6)), ((0.2, 0.5), (0.4, 0.3))):
        with pytest.raises(ValueError, match="point"):
            ConfidenceMap(kind="isotonic", points=points)
