from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from quorate.contracts import SuiteError
from quorate.evals import AMOUNT, Case, Gate, Suite

SUITE: dict[str, Any] = {
    "name": "receipts",
    "graph": "desk:graph",
    "evaluators": {"company": "text", "total": "amount", "category": "exact"},
    "gates": {"all_fields": ">= 0.8", "total.accuracy": ">= .9"},
}
CASES: list[Any] = [
    {"id": "a", "request": {"text": "x"}, "expected": {"company": "ABC", "total": "31.00"}},
    {"request": {"text": "y"}, "expected": {"total": None}},
]


class Receipt(BaseModel):
    company: str
    total: Decimal
    category: str
    posted: bool = False


def write(folder: Path, suite: Any = None, cases: Any = None) -> Path:
    """A folder with a suite in it."""
    (folder / "suite.yaml").write_text(
        suite if isinstance(suite, str) else yaml.safe_dump({**SUITE, **(suite or {})}, sort_keys=False)
    )
    lines = cases if isinstance(cases, str) else "\n".join(json.dumps(case) for case in cases or CASES)
    (folder / "cases.jsonl").write_text(lines)
    return folder


def test_load(tmp_path: Path) -> None:
    """A suite loads from its folder and from its file alike."""
    suite = Suite.load(write(tmp_path))
    assert suite == Suite.load(tmp_path / "suite.yaml")
    assert (suite.name, suite.graph) == ("receipts", "desk:graph")
    assert {field: evaluator.name for field, evaluator in suite.evaluators.items()} == SUITE["evaluators"]
    assert suite.gates == (Gate("all_fields", ">=", 0.8), Gate("total.accuracy", ">=", 0.9))
    assert [case.id for case in suite.cases] == ["a", "2"]


def test_blank_lines(tmp_path: Path) -> None:
    """Blank lines are skipped and counted; a case without an id has the number of its line."""
    right = '"expected": {"total": 1}}'
    text = f'\n{{"request": {{}}, {right}\r\n\n  \n{{"request": {{"text": "a\u2028b"}}, {right}\n'
    suite = Suite.load(write(tmp_path, cases=text))
    assert [case.id for case in suite.cases] == ["2", "5"]


@pytest.mark.parametrize(
    "suite,message",
    [
        ({"nmae": "x"}, r"suite.yaml: nmae: got an unknown key; expected one of name, graph, cases"),
        ({"name": ""}, r"suite.yaml: name: got ''"),
        (
            {"evaluators": {"total": "amonut"}},
            r"suite.yaml: evaluators.total: got 'amonut'; expected one of exact, amount",
        ),
        ({"evaluators": {}}, r"suite.yaml: evaluators: got \{\}"),
        ({"gates": {"all_fields": "0.8"}}, r"suite.yaml: gates: all_fields: got '0.8'; expected a comparison"),
        ({"gates": {"all_fields": 0.8}}, r"suite.yaml: gates: all_fields: got '0.8'; expected a comparison"),
        ({"gates": {"all_fields": ">= 80"}}, r"suite.yaml: gates: all_fields: got '>= 80'; .* in \[0, 1\]"),
        (
            {"gates": {"al_fields": ">= 0.8"}},
            r"suite.yaml: gates: got metric 'al_fields'; expected one of all_fields, .*",
        ),
        ({"gates": {"date.accuracy": ">= 0.8"}}, r"suite.yaml: gates: got metric 'date.accuracy'; .*total.accuracy"),
        ({"cases": "none.jsonl"}, r"none.jsonl: got .*No such file"),
        ("name: x\ngraph: y:z\nevaluators: {total: amount}\ngates:\n  all_fields: >= 0.8\n", r"valid YAML.*in quotes"),
        ("- a\n", r"suite.yaml: got list; expected a mapping"),
        ("evaluators: {total: amount}\n", r"suite.yaml: name: got nothing; expected this key"),
    ],
)
def test_bad_suite(tmp_path: Path, suite: Any, message: str) -> None:
    """A wrong suite is refused with the file, the key, what came and what was expected."""
    with pytest.raises(SuiteError, match=message):
        Suite.load(write(tmp_path, suite))


@pytest.mark.parametrize(
    "cases,message",
    [
        ("", r"cases: got no case"),
        ('{"request": {}, "expected": {"total": 1}}\n{"request": ', r"cases.jsonl: line 2: got Invalid JSON"),
        ("[]", r"cases.jsonl: line 1: got \[\]"),
        ([{"expected": {}}], r"cases.jsonl: line 1: request: got nothing"),
        ([{"request": {}}], r"cases.jsonl: line 1: expected: got nothing to judge"),
        ([{"request": {}, "expect": {}}], r"line 1: expect: got an unknown key; expected one of id, request, expected"),
        ([{"request": {}, "expected": {"totl": 1}}], r"case '1': expected.totl: .*expected one of company, total"),
        ([{"request": {}, "expected": {"total": "n/a"}}], r"case '1': expected.total: got 'n/a'; .*'amount' can read"),
        ('{"request": {}, "expected": {"total": NaN}}', r"case '1': expected.total: got nan"),
        ([{"id": "a", "request": {}, "expected": {"total": 1}}] * 2, r"cases: got id 'a' 2 times"),
    ],
)
def test_bad_cases(tmp_path: Path, cases: Any, message: str) -> None:
    """A wrong case is refused with its file and line, or its id and field."""
    path = write(tmp_path)
    (path / "cases.jsonl").write_text(cases if isinstance(cases, str) else "\n".join(map(json.dumps, cases)))
    with pytest.raises(SuiteError, match=message):
        Suite.load(path)


def test_binary_cases(tmp_path: Path) -> None:
    """A file of cases that is not text is refused by its name."""
    (write(tmp_path) / "cases.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SuiteError, match=r"cases.jsonl: got .*utf-8.*; expected a readable UTF-8 file"):
        Suite.load(tmp_path)


def test_no_suite(tmp_path: Path) -> None:
    """A folder without a suite is refused by the name of the file that is missing."""
    with pytest.raises(SuiteError, match=r"suite.yaml: got .*No such file"):
        Suite.load(tmp_path)


def test_bind(tmp_path: Path) -> None:
    """Bound to an outcome, `exact` has the equality of its fields; the other evaluators stay."""
    plain = Suite.load(write(tmp_path, {"evaluators": {"total": "exact", "company": "text"}}))
    bound = plain.bind(Receipt)
    assert plain.evaluators["total"].score("31.0", "31.00") == 0
    assert bound.evaluators["total"].score("31.0", "31.00") == 1
    assert bound.evaluators["company"] is plain.evaluators["company"]


def test_bind_finds_unknown_fields(tmp_path: Path) -> None:
    """A field that the outcome does not have is refused, in the evaluators and in the selection."""
    with pytest.raises(SuiteError, match=r"evaluators: got field 'address'; expected a field of Receipt: company"):
        Suite.load(write(tmp_path, {"evaluators": {**SUITE["evaluators"], "address": "text"}})).bind(Receipt)
    with pytest.raises(SuiteError, match=r"selection: got field 'paid'"):
        Suite.load(write(tmp_path, {"selection": ["paid"]})).bind(Receipt)
    assert Suite.load(write(tmp_path, {"selection": ["posted"]})).bind(Receipt).selection == {"posted"}


def test_bind_checks_expected_values(tmp_path: Path) -> None:
    """An expected value that is not of its field's type is refused."""
    suite = Suite.load(
        write(tmp_path, {"evaluators": {"total": "exact"}, "gates": {}}, [{"request": {}, "expected": {"total": "x"}}])
    )
    with pytest.raises(SuiteError, match=r"case '1': expected.total: got 'x'"):
        suite.bind(Receipt)


def test_bind_checks_requests(tmp_path: Path) -> None:
    """A request that does not fit its model is refused with the file and the case."""

    class Page(BaseModel):
        text: str

    suite = Suite.load(write(tmp_path, {}, [{"id": "a", "request": {"txt": "x"}, "expected": {"total": "1"}}]))
    with pytest.raises(
        SuiteError, match=r"suite.yaml: case 'a': request.text: got .*: Field required; expected .*Page"
    ):
        suite.bind(Receipt, Page)


def test_in_python() -> None:
    """A suite made in Python is checked like one from a file."""
    case = Case(id="a", request={}, expected={"total": 1})
    with pytest.raises(SuiteError, match=r"suite: gates: got metric 'speed'"):
        Suite("s", (case,), {"total": AMOUNT}, (Gate("speed", ">=", 0.5),))
    with pytest.raises(SuiteError, match=r"suite: evaluators: got none"):
        Suite("s", (case,), {})
