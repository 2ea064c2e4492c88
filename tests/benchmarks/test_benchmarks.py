"""The benchmarks as processes on a few receipts: that they measure, and what their last line holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.command_line import ROOT, clean_environment
from tests.fakes.desk_session import expected, sample

KEYS = [
    *("receipts", "company", "date", "total", "address", "all_three"),
    *("posted_share", "posted_precision", "ledger_duplicates", "seconds", "runs_per_s", "anchors"),
]
NAMES = ("01-bookshop", "02-petrol", "04-hardware", "07-total-subtotal-cash", "16-grocer-long", "19-clinic")


def run(script: str, *arguments: str | Path, status: int = 0) -> tuple[str, str]:
    """What `python benchmarks/SCRIPT` printed on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def figures(out: str) -> dict[str, Any]:
    """The last line."""
    read: dict[str, Any] = json.loads(out.splitlines()[-1])
    return read


@pytest.mark.long
def test_effects() -> None:
    """A few orders whose workers are killed are each paid once, on a file."""
    out, _ = run("effects.py", "--runs", "15", "--kills", "4", "--no-postgres")
    measured = figures(out)
    assert measured["postgres"] is None
    assert (measured["sqlite"]["lost"], measured["sqlite"]["duplicated"]) == (0, 0)
    assert measured["sqlite"]["kills"] >= 4


def labelled(*names: str) -> str:
    """Samples with what is printed on them as their gold, one JSON object a line."""
    return "".join(json.dumps({**sample(name), "gold": expected()[name]}) + "\n" for name in names)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.jsonl"
    path.write_text(labelled(*NAMES), encoding="utf-8")
    return path


class TestReceipts:
    def check(self, read: dict[str, Any], receipts: int) -> None:
        assert list(read) == KEYS
        assert read["receipts"] == receipts
        assert read["ledger_duplicates"] == 0
        assert read["seconds"] > 0
        assert read["runs_per_s"] > 0
        shares = [read[key] for key in ("company", "date", "total", "all_three", "posted_share")]
        assert all(0 <= share <= 1 for share in shares)
        assert set(read["anchors"]) >= {"best_single", "majority", "oracle"}
        for name in ("majority", "oracle"):
            assert set(read["anchors"][name]) >= {"company", "date", "total", "all_three"}
        assert read["all_three"] <= read["anchors"]["oracle"]["all_three"]

    def test_folds(self, data: Path) -> None:
        """What is learned on the one half is measured on the other; a table comes first, the figures last."""
        out, _ = run("receipts.py", "--data", data, "--folds", "2")
        self.check(figures(out), len(NAMES))
        assert "majority" in out
        assert "quorate" in out

    def test_train(self, data: Path, tmp_path: Path) -> None:
        """With --train everything is learned on that file, and all of --data is measured."""
        train = tmp_path / "train.jsonl"
        train.write_text(labelled("15-pharmacy", "22-restaurant", "28-courier", "10-over-approval-limit"))
        out, _ = run("receipts.py", "--data", data, "--train", train)
        self.check(figures(out), len(NAMES))

    def test_same_receipt_twice(self, data: Path) -> None:
        """A receipt that was scanned twice is in the ledger once."""
        second = {**sample("04-hardware"), "id": "second", "gold": expected()["04-hardware"]}
        data.write_text(labelled(*NAMES) + json.dumps(second) + "\n")
        self.check(figures(run("receipts.py", "--data", data, "--train", data)[0]), len(NAMES) + 1)

    def test_page_that_is_none(self, data: Path) -> None:
        """A receipt that is not a page is measured as read wrong, and the others are measured as ever."""
        data.write_text(data.read_text() + json.dumps({"words": [], "gold": {"total": "1.00"}}) + "\n\n")
        read = figures(run("receipts.py", "--data", data, "--folds", "2")[0])
        self.check(read, len(NAMES) + 1)
        assert read["all_three"] < 1

    @pytest.mark.parametrize(
        "content, message",
        [
            (None, "expected one JSON object on each line"),
            ("", "got no receipt"),
            ('{"id": "a"', "tiny.jsonl:1: got invalid JSON"),
            ("[1]", "tiny.jsonl:1: got [1]; expected one JSON object"),
            ('{"id": "a", "words": ["TOTAL 1.00"]}', "--folds 2: from 2 up to the number of receipts, which is 1"),
        ],
    )
    def test_wrong_file(self, data: Path, content: str | None, message: str) -> None:
        """A wrong file is an error that says where, what came and what to do; nothing is measured."""
        data.unlink() if content is None else data.write_text(content)
        out, errors = run("receipts.py", "--data", data, "--folds", "2", status=2)
        assert out == ""
        assert message in errors
        assert "Traceback" not in errors


def test_overhead() -> None:
    """The overhead benchmark prints its six figures as the last line."""
    out, _ = run("overhead.py", "--rounds", "1", "--runs", "2")
    read = figures(out)
    assert list(read) == ["panel_us", "bare_us", "ratio", "guard_us", "import_ms", "langgraph_import_ms"]
    assert all(value > 0 for name, value in read.items() if name != "guard_us")
