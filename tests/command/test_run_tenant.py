"""`quorate run --tenant`: on whose account a run is."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quorate.checkpoints import open_database
from quorate.command.app import app

TEAM = """
from collections.abc import Iterator
from pydantic import BaseModel
from quorate import Claim, Limits, Policy, Supervisor, agent
from quorate.checkpoints import open_database
from quorate.contracts import Usage

class Document(BaseModel):
    text: str

class Receipt(BaseModel):
    total: str

@agent(writes={"total"}, capability="extraction", limits=Limits(tokens=600))
def reader(text: str) -> Iterator[Claim | Usage]:
    yield Usage("m", 500)
    yield Claim("total", text, confidence=0.9)

policy = Policy.parse({"defaults": {"accept": 0.5}, "budgets": {"tenant": {"tokens": 1200}, "at_limit": "finish"}})
desk = Supervisor(
    "desk", request=Document, outcome=Receipt, agents=[reader], policy=policy, accounts=open_database().accounts
)
"""


def test_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tenant has a budget of its own in all runs, and the report and `quorate show` say what was spent."""
    url = f"sqlite:///{tmp_path / 'q.db'}"
    monkeypatch.setenv("QUORATE_DB", url)
    (tmp_path / "team.py").write_text(textwrap.dedent(TEAM))
    lines = "\n".join(f'{{"text": "{number}"}}' for number in range(3))
    (tmp_path / "in.jsonl").write_text(lines)
    command = ["run", f"{tmp_path / 'team.py'}:desk", str(tmp_path / "in.jsonl"), "--concurrency", "1"]
    result = CliRunner().invoke(app, [*command, "--tenant", "acme"])
    assert "2 settled, 1 unsettled" in result.output, result.output
    assert "1,000 tokens" in result.output
    with open_database(url) as database:
        assert database.accounts.spent("acme").tokens == 1000
        assert database.accounts.spent("").tokens == 0
        thread = next(each.id for each in database.threads())
    shown = CliRunner().invoke(app, ["show", thread])
    assert "spent: " in shown.output
