"""`quorate eval`: a suite, its gates and the exit status."""

from __future__ import annotations

import json

import pytest
from tests.command.desk import Desk

CASES = [
    {
        "id": "petrol",
        "request": {"text": "PETRONAS\nTOTAL 12.00\n"},
        "expected": {"company": "petronas", "total": "12"},
    },
    {"id": "books", "request": {"text": "BOOKS\nTOTAL 12.00\nCASH 20.00\n"}, "expected": {"total": "20.00"}},
]


@pytest.fixture
def suite(desk: Desk) -> Desk:
    desk.write("suite/cases.jsonl", "".join(json.dumps(case) + "\n" for case in CASES))
    return desk


def gates(desk: Desk, **gates: str) -> None:
    evaluators = {"company": "text", "total": "amount"}
    desk.write(
        "suite/suite.yaml", json.dumps({"name": "notes", "graph": "desk", "evaluators": evaluators, "gates": gates})
    )


def test_passed(suite: Desk) -> None:
    """A suite whose gates are met ends with 0, shows its metrics, and posts nothing into the real database."""
    gates(suite, **{"company.accuracy": ">= 0.9", "total.accuracy": ">= 0.5"})
    ended = suite("eval", "suite", status=0)
    assert "total.accuracy" in ended.out
    assert "2 cases, 1 all right; all gates passed" in ended.out
    assert "[2/2]" in ended.err
    assert not (suite.folder / "quorate.db").exists()


def test_failed(suite: Desk) -> None:
    """A gate that is not met ends with 1, also with `--json`, which is all that is on stdout."""
    gates(suite, **{"total.accuracy": ">= 0.9"})
    assert "FAIL" in suite("eval", "suite/suite.yaml", status=1).out
    (line,) = suite("eval", "suite", "--json", status=1).lines
    assert line["passed"] is False


@pytest.mark.parametrize("name, bound", [("nonsense", ">= 0.9"), ("total.accuracy", "good")])
def test_wrong_suite(suite: Desk, name: str, bound: str) -> None:
    """A suite that is wrong ends with 2 before anything runs."""
    gates(suite, **{name: bound})
    assert suite("eval", "suite", status=2).err.startswith("error: suite")
    assert suite.log() == []


def test_no_suite(desk: Desk) -> None:
    """A suite that does not exist ends with 2."""
    assert "error: missing" in desk("eval", "missing", status=2).err


def test_database(suite: Desk) -> None:
    """`--db` gives the graph a database that stays."""
    gates(suite)
    suite("eval", "suite", "--db", "sqlite:///eval.db", status=0)
    assert (suite.folder / "eval.db").exists()
