"""The benchmark of votes as a process on a few questions: that it measures, and what its last line holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.fakes.command_line import ROOT, clean_environment

pytest.importorskip("scipy", reason="the extra `calibration` is not installed")

MODELS = [f"model{number:02}" for number in range(12)]
POOLS = ["all28", "top3", "mid5", "weak9", "adversarial"]
KEYS = ["best_single", "majority", "quorate", "aurc", "coverage_at_10pct_risk", "ece"]


def run(*arguments: str | Path, status: int = 0) -> tuple[str, str]:
    """What the benchmark printed on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "votes.py", *map(str, arguments)],
        cwd=ROOT,
        env={**clean_environment(), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def questions(path: Path, count: int, seed: int = 0) -> Path:
    """Questions in two categories; the first model knows most, and each next one less."""
    random = Random(seed)
    rows = []
    for number in range(count):
        gold = random.choice("ABCD")
        votes = {
            name: random.choice([gold] * (14 - place) + [*"ABCD"] * 2 + [None]) for place, name in enumerate(MODELS)
        }
        rows.append({"id": str(number), "category": random.choice(["law", "art"]), "gold": gold, "votes": votes})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def crowd(folder: Path) -> Path:
    """One set of labels: three workers, of whom one is often wrong."""
    (folder / "rte").mkdir(parents=True)
    random = Random(0)
    labels, truths = ["item,worker,label"], ["item,truth"]
    for item in range(40):
        truth = random.choice("01")
        truths.append(f"{item},{truth}")
        for worker, share in (("a", 0.95), ("b", 0.9), ("c", 0.3)):
            labels.append(f"{item},{worker},{truth if random.random() < share else '10'[int(truth)]}")
    (folder / "rte" / "label.csv").write_text("\n".join(labels) + "\n")
    (folder / "rte" / "truth.csv").write_text("\n".join(truths) + "\n")
    return folder


def check(out: str, pools: list[str]) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert list(read) == ["crowd", "crowd_gain", "crowd_worst", "models", "form", "decisions_per_s"]
    assert list(read["models"]) == pools
    for figures in read["models"].values():
        assert list(figures) == KEYS
        assert all(0 <= each <= 1 for each in figures.values())
    assert read["decisions_per_s"] > 0
    return read


def test_folds(tmp_path: Path) -> None:
    """Without --calibrate it measures in five folds; tables come first, the figures last."""
    out, _ = run("--models", questions(tmp_path / "m.jsonl", 60), "--crowd", crowd(tmp_path / "crowd"))
    read = check(out, POOLS)
    assert read["form"] == "monotone"
    assert read["models"]["all28"]["quorate"] > 0.6
    assert list(read["crowd"]) == ["rte"]
    assert list(read["crowd"]["rte"]) == ["majority", "dawid_skene", "quorate"]
    assert read["crowd_worst"] == pytest.approx(read["crowd"]["rte"]["quorate"] - read["crowd"]["rte"]["majority"])
    assert "monotone pool" in out


def test_calibrate_on_another_file(tmp_path: Path) -> None:
    """With --calibrate everything is learned on that file, and all of the other is measured."""
    measured, learned = questions(tmp_path / "m.jsonl", 20), questions(tmp_path / "c.jsonl", 80, seed=1)
    nowhere = tmp_path / "nowhere"
    out, _ = run("--models", measured, "--calibrate", learned, "--crowd", nowhere, "--pool", "top3", "--form", "signed")
    read = check(out, ["top3"])
    assert (read["form"], read["crowd"], read["crowd_gain"]) == ("signed", {}, None)
    assert read["models"]["top3"]["quorate"] * 20 == pytest.approx(round(read["models"]["top3"]["quorate"] * 20))


@pytest.mark.parametrize(
    "content, message",
    [
        (None, "expected one JSON object on each line"),
        ("", "got 0 questions; expected at least two"),
        ('{"votes": {}}\n', "m.jsonl:1: got"),
        ("[1]\n", "m.jsonl:1: got '[1]'"),
    ],
)
def test_wrong_file(tmp_path: Path, content: str | None, message: str) -> None:
    """A wrong file is an error that says where, what came and what to do."""
    path = tmp_path / "m.jsonl"
    if content is not None:
        path.write_text(content)
    out, errors = run("--models", path, "--crowd", tmp_path / "nowhere", status=2)
    assert out == ""
    assert message in errors
    assert "Traceback" not in errors
