"""`quorate calibrate`: what it learns from, what it says, and that it writes over nothing."""

from __future__ import annotations

import json
import sys

import pytest
from tests.command.desk import Desk

from quorate.contracts import Calibration

pytest.importorskip("scipy", reason="the extra `calibration` is not installed")

LINES = [
    {
        "field": "total",
        "claims": [
            {"agent": "labelled", "value": f"{number}.00", "confidence": 0.8},
            {"agent": "largest", "value": f"{number + number % 2}.00", "confidence": 0.5},
        ],
        "value": f"{number}.00",
    }
    for number in range(1, 31)
]


@pytest.fixture
def labels(desk: Desk) -> Desk:
    desk.write("labels.jsonl", "".join(json.dumps(line) + "\n" for line in LINES))
    return desk


def test_labels(labels: Desk) -> None:
    """From a file of labels it learns who is right more often, says so, and writes what a policy can load."""
    ended = labels("calibrate", "desk", "--labels", "labels.jsonl", "--out", "learned.json", status=0)
    learned = Calibration.load(labels.folder / "learned.json")
    field = learned.fields["total"]
    assert (field.labels, field.agents["labelled"].labels) == (30, 30)
    assert field.agents["labelled"].competence > field.agents["largest"].competence
    assert "total: 30 labels, vote confidence" in ended.out
    assert "this vote uses nothing of what is learned" in ended.out
    assert "log loss" in ended.out
    assert "too few" in ended.out
    assert f"wrote learned.json: version 1, digest {learned.digest[:12]}, 30 labels, 30 questions" in ended.out


def test_no_overwriting(labels: Desk) -> None:
    """A file that is there stays, but for a new version or --force."""
    command = ("calibrate", "desk", "--labels", "labels.jsonl", "--out", "learned.json")
    labels(*command, status=0)
    before = (labels.folder / "learned.json").read_text()
    assert "a new version, or a new file" in labels(*command, status=2).err
    assert "a new version, or a new file" in labels(*command, "--version", "1", status=2).err
    assert (labels.folder / "learned.json").read_text() == before
    labels(*command, "--version", "2", status=0)
    assert Calibration.load(labels.folder / "learned.json").version == "2"
    labels(*command, "--force", "--version", "2", status=0)


def test_suite(labels: Desk) -> None:
    """From a suite it learns by running the team on its cases, and posts nothing into the real database."""
    texts = {"12": "PETRONAS\nTOTAL 12.00\n", "20.00": "BOOKS\nTOTAL 12.00\nCASH 20.00\n"}
    cases = [{"request": {"text": text}, "expected": {"total": total}} for total, text in texts.items()]
    labels.write("suite/cases.jsonl", "".join(json.dumps(case) + "\n" for case in cases))
    suite = {"name": "notes", "graph": "desk", "evaluators": {"total": "amount"}}
    labels.write("suite/suite.yaml", json.dumps(suite))
    ended = labels("calibrate", "desk", "--suite", "suite", "--out", "learned.json", "--json", status=0)
    lines = {line["field"]: line for line in ended.lines}
    assert lines["total"]["labels"] == 2
    assert lines["total"]["agents"]["labelled"]["labels"] == 2
    assert lines["company"]["labels"] == 0
    assert not (labels.folder / "quorate.db").exists()


def test_reviews(labels: Desk) -> None:
    """From the database it learns what people decided, and counts what nobody looked at without a label."""
    labels.write("a.txt", "BOOKS\nTOTAL 12.00\nCASH 20.00\n")
    labels.write("b.txt", "PETROL\nTOTAL 14.00\n")
    labels("run", "desk", "a.txt", "b.txt")
    waiting = [line for line in labels("threads", "--json").lines if line["status"] == "waiting"]
    edited = False
    for line in waiting:
        edited |= labels("review", line["thread"], "--edit", "total=12.00", "--reviewer", "ann").status in (0, 1)
    ended = labels("calibrate", "desk", "--reviews", "--out", "learned.json", "--json", status=0)
    total = next(line for line in ended.lines if line["field"] == "total")
    assert total["labels"] == (1 if edited else 0)


@pytest.mark.parametrize(
    "content, message",
    [
        ("{}", "labels.jsonl: line 1"),
        ('{"field": "nothing", "claims": []}', "one of company, total"),
        (
            '{"field": "total", "claims": [{"agent": "a", "value": "1", "confidence": NaN}]}',
            "claims.0.confidence: Input",
        ),
        ("[]", "no JSON object"),
        ("[" * 100_000, "line 1"),
        ("", "no claims on any field"),
        ('{"field": "total", "claims": [{"agent": "a", "value": "no number"}]}', "line 1"),
        (None, "expected a readable file of questions"),
    ],
)
def test_wrong_labels(desk: Desk, content: str | None, message: str) -> None:
    """A wrong file of labels is named with its line, and nothing is written."""
    if content is not None:
        desk.write("labels.jsonl", content + "\n")
    ended = desk("calibrate", "desk", "--labels", "labels.jsonl", "--out", "learned.json", status=2)
    assert message in " ".join(ended.err.split())
    assert not (desk.folder / "learned.json").exists()


def test_agents_that_are_none(desk: Desk) -> None:
    """An agent that the team has not, by a slip of the pen say, is named as such; one of a thing is one."""
    line = {"field": "total", "claims": [{"agent": "labeled", "value": "1", "confidence": 0.5}], "value": "1"}
    desk.write("labels.jsonl", json.dumps(line))
    out = desk("calibrate", "desk", "--labels", "labels.jsonl", "--out", "learned.json", status=0).out
    assert "1 labelled claim; no agent of the team has this name" in " ".join(out.split())
    assert "1 label, 1 question" in " ".join(out.split())


@pytest.mark.parametrize("out", ["missing/learned.json", "."])
def test_where_nothing_can_be_written(labels: Desk, out: str) -> None:
    """A file that could not be written is refused before anything is learned."""
    said = labels("calibrate", "desk", "--labels", "labels.jsonl", "--out", out, status=2).err
    assert "a file to write, in a folder that exists" in " ".join(said.split())


def test_another_file(labels: Desk) -> None:
    """A file that is there and no calibration is said to be none, and stays."""
    said = labels("calibrate", "desk", "--labels", "labels.jsonl", "--out", "labels.jsonl", status=2).err
    assert "expected a calibration, as `quorate calibrate` writes it" in " ".join(said.split())


def test_nothing_to_learn_from(desk: Desk) -> None:
    """Without a source it says which there are."""
    said = " ".join(desk("calibrate", "desk", "--out", "learned.json", status=2).err.split())
    assert "--reviews, --suite or --labels" in said
    both = desk("calibrate", "desk", "--reviews", "--suite", "suite", "--out", "learned.json", status=2)
    assert "--suite executes effects" in both.err


STOPPED = """
import os
import signal

from desk import *


@agent(writes={"total"}, capability="extraction")
async def impatient(text: str):
    os.kill(os.getpid(), signal.SIGINT)


def stopped():
    return team(impatient)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can be sent SIGINT")
def test_interrupted(desk: Desk) -> None:
    """Ctrl-C while it works ends it with 130, one line, and no artefact."""
    desk.write("impatient.py", STOPPED)
    case = {"request": {"text": "BOOKS\nTOTAL 12.00\n"}, "expected": {"total": "12"}}
    desk.write("suite/cases.jsonl", json.dumps(case) + "\n")
    suite = {"name": "notes", "graph": "impatient:stopped", "evaluators": {"total": "amount"}}
    desk.write("suite/suite.yaml", json.dumps(suite))
    ended = desk("calibrate", "desk", "--suite", "suite", "--out", "learned.json", status=130)
    assert ended.err.endswith("Stopped.\n")
    assert "Traceback" not in ended.err
    assert not (desk.folder / "learned.json").exists()
