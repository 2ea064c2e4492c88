"""`quorate policy check` and `quorate policy test`: what they find, print and end with."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.command.desk import Desk

GOOD: dict[str, Any] = {
    "name": "notes",
    "rules": [{"name": "large", "field": "total", "then": "review", "when": "value > 100.0", "reviewers": 2}],
    "effects": {"post": {"approve": "decided.total <= 100.0"}},
    "tests": [
        {
            "name": "large totals wait for two people",
            "field": "total",
            "claims": [{"agent": "labelled", "value": 200, "confidence": 0.9}],
            "expect": {"status": "contested", "rules": ["large"], "reviewers": 2},
        },
        {
            "name": "small totals are settled",
            "field": "total",
            "claims": [{"agent": "labelled", "value": 20, "confidence": 0.9, "evidence": ["quote"]}],
            "expect": {"status": "settled", "value": 20, "by": "vote", "rules": []},
        },
    ],
}
WRONG: dict[str, Any] = {
    "rules": [
        {"name": "quoted", "field": "total", "then": "review", "when": 'value > "100"'},
        {"name": "any", "field": "company", "then": "prefer", "when": "true"},
        {"name": "sure", "field": "company", "then": "prefer", "when": "confidence > 0.9"},
        {"name": "typo", "field": "totl", "then": "forbid", "when": "value < 0.0"},
    ],
    "tests": [{"name": "nobody", "field": "company", "expect": {"status": "settled", "by": "vote"}}],
}


@pytest.fixture
def notes(desk: Desk) -> Desk:
    desk.write("good.yaml", json.dumps(GOOD))
    desk.write("wrong.yaml", json.dumps(WRONG))
    desk.write("langgraph.json", json.dumps({"dependencies": ["."], "graphs": {"desk": "./desk.py:builder"}}))
    return desk


def test_nothing_wrong(notes: Desk) -> None:
    """A good policy ends with 0 and one line that says with what it was looked at."""
    ended = notes("policy", "check", "good.yaml", "--team", "desk", status=0)
    assert ended.out == "good.yaml: 1 rule: nothing is wrong; with the team 'desk'\n"
    alone = notes("policy", "check", "good.yaml", status=0)
    assert "names and types were not checked; --team TEAM does" in alone.out


def test_findings(notes: Desk) -> None:
    """Each finding says where, what came, what was expected and what to do, errors first."""
    out = notes("policy", "check", "wrong.yaml", "--team", "desk", status=1).out
    for text in (
        "error type: rule 'quoted', when",
        "value (number) > '100' (text)",
        "write the number without quotes: 100.0",
        "error unreachable: rule 'sure'",
        "'any' comes first",
        "error unknown: rule 'typo', field",
        "write 'total', if that is meant",
        "untested: no test in which rules 'quoted', 'any', 'sure', 'typo' apply",
        "wrong.yaml: 4 rules: 3 errors, 4 warnings",
    ):
        assert text in out


def test_findings_without_a_team(notes: Desk) -> None:
    """Without a team only what the rules themselves say is found."""
    out = notes("policy", "check", "wrong.yaml", status=1).out
    assert "unreachable" in out
    assert "unknown" not in out
    assert "1 error," in out


def test_findings_as_json(notes: Desk) -> None:
    """With `--json` each finding is one object, and nothing else is on stdout."""
    lines = notes("policy", "check", "wrong.yaml", "--team", "desk", "--json", status=1).lines
    assert [line["kind"] for line in lines if line["level"] == "error"] == ["type", "unreachable", "unknown"]
    assert {line["where"] for line in lines if line["kind"] == "untested"} == {
        f"rule '{name}'" for name in ("quoted", "any", "sure", "typo")
    }
    assert all(line["policy"] == "wrong.yaml" and line["fix"] for line in lines)


def test_strict(notes: Desk) -> None:
    """A warning alone ends with 0, and with 1 where it is strict."""
    notes.write("untested.yaml", json.dumps({**GOOD, "tests": []}))
    assert "0 errors, 1 warning;" in notes("policy", "check", "untested.yaml", status=0).out
    notes("policy", "check", "untested.yaml", "--strict", status=1)


def test_of_a_team(notes: Desk) -> None:
    """A team is checked with its own policy, and nothing is left behind."""
    assert "desk: 0 rules: nothing is wrong; with the team 'desk'" in notes("policy", "check", "desk", status=0).out
    assert "desk:team: no tests" in notes("policy", "test", "desk:team", status=0).out
    assert not (notes.folder / "quorate.db").exists()


def test_what_is_meant_without_a_name(notes: Desk) -> None:
    """Without a name it is policy.yaml here, else the one team; where there are two, they are named."""
    assert notes("policy", "check", status=0).out.startswith("desk: ")
    notes.write("policy.yaml", json.dumps(GOOD))
    assert notes("policy", "check", status=0).out.startswith("policy.yaml: ")
    assert notes("policy", "test", ".", status=0).out.endswith("policy.yaml: 2 tests, all passed\n")


def test_two_teams(desk: Desk) -> None:
    """Where it is not clear what is meant, the names are listed."""
    err = desk("policy", "check", status=2).err
    assert "2 teams in langgraph.json" in " ".join(err.split())
    assert "name one: desk, listening" in err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("check", "missing.yaml"), "expected  a readable YAML file"),
        (("check", "nobody"), "no graph of the name 'nobody'"),
        (("check", "good.yaml", "--team", "nobody"), "no graph of the name 'nobody'"),
        (("check", "desk", "--team", "desk"), "which is no file"),
        (("test", "bad.yaml"), "tests.0.expect.statsu"),
        (("check", "desk:bad_policy"), "defaults.accept"),
    ],
)
def test_what_cannot_be_read(notes: Desk, arguments: tuple[str, ...], message: str) -> None:
    """A file or team that is not there or is wrong ends with 2, and with what to do."""
    notes.write("bad.yaml", json.dumps({"tests": [{"name": "t", "field": "f", "expect": {"statsu": "x"}}]}))
    ended = notes("policy", *arguments, status=2)
    assert message.replace("  ", " ") in " ".join(ended.err.split()) or message in ended.err
    assert "fix" in ended.err


def test_all_passed(notes: Desk) -> None:
    """Tests that pass are listed, and end with 0."""
    out = notes("policy", "test", "good.yaml", "--team", "desk", status=0).out
    assert out == (
        "passed  large totals wait for two people\npassed  small totals are settled\ngood.yaml: 2 tests, all passed\n"
    )


def test_one_failed(notes: Desk) -> None:
    """A test that fails shows what came and what was expected, and ends with 1."""
    out = notes("policy", "test", "wrong.yaml", status=1).out
    assert "FAILED  nobody" in out
    assert "abstained (nobody claimed a value)" in out
    assert "wrong.yaml: 1 test, 1 FAILED" in out
    assert "Rules that applied in no test: quoted, any, sure, typo" in out
    (line,) = notes("policy", "test", "wrong.yaml", "--json", status=1).lines
    assert line["passed"] is False
    assert [each["key"] for each in line["differences"]] == ["status"]


def test_text_that_could_steer_a_terminal(notes: Desk) -> None:
    """Names from a file are printed as what they are."""
    rule = {"name": "a\x1b[2Jb", "field": "total", "then": "review", "when": "false"}
    test = {"name": "t\x1b[2J", "field": "total", "expect": {"status": "settled"}}
    notes.write("odd.yaml", json.dumps({"rules": [rule], "tests": [test]}))
    for command in ("check", "test"):
        assert "\x1b[2J" not in notes("policy", command, "odd.yaml", status=1).out


@pytest.mark.parametrize("width", ["80", "120"])
def test_narrow_terminal(notes: Desk, width: str) -> None:
    """Nothing is cut off, and only the last line may be wider than the terminal."""
    notes.environment["COLUMNS"] = width
    lines = notes("policy", "check", "wrong.yaml", "--team", "desk", status=1).out.splitlines()
    assert all(len(line) <= int(width) for line in lines[:-1])
    assert "…" not in "".join(lines)
