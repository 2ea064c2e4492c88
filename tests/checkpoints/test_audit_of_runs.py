from __future__ import annotations

import secrets
from typing import Any

import pytest
from tests.fakes import (
    scenarios_of_deltas,
    scenarios_of_questions,
    scenarios_of_subgraphs,
    scenarios_of_time,
    scenarios_of_work,
)
from tests.fakes.graph_player import GraphPlayer, Scenario

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit

pytestmark = pytest.mark.long

SCENARIOS: list[Scenario] = [
    *scenarios_of_time.SCENARIOS,
    *scenarios_of_questions.SCENARIOS,
    *scenarios_of_subgraphs.SCENARIOS,
    *scenarios_of_work.SCENARIOS,
    *scenarios_of_deltas.SCENARIOS,
]


async def play(url: str, scenario: Scenario, *, is_async: bool) -> None:
    with open_database(url) as database:
        if is_async:
            async with database.asaver() as asaver:
                await scenario(GraphPlayer(asaver, is_async=True))
        else:
            with database.saver() as saver:
                await scenario(GraphPlayer(saver, is_async=False))


def audited(url: str) -> tuple[list[Any], int]:
    """What an audit finds, and how many events it has read."""
    with open_database(url) as database:
        audit = Audit(database.log.store, database.log.sealer)
        return list(audit), audit.events


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
async def test_runs_are_proved(sqlite_url: str, scenario: Scenario, is_async: bool) -> None:
    """Whatever a run has stored is proved: forks, subgraphs, deltas, questions, updates, early writes."""
    await play(sqlite_url, scenario, is_async=is_async)
    found, events = audited(sqlite_url)
    assert not found
    assert events > 0 or scenario.__name__ == "deleted_thread"


async def test_sealed_runs_are_proved(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds where rows are sealed, of all runs in one database."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    monkeypatch.setenv("QUORATE_KEYS", secrets.token_urlsafe(32))
    for scenario in SCENARIOS[::5]:
        await play(sqlite_url, scenario, is_async=False)
    found, events = audited(sqlite_url)
    assert not found
    assert events > 50


async def test_runs_in_postgres_are_proved(empty_postgres_url: str) -> None:
    """The same holds in Postgres."""
    for scenario in SCENARIOS[::4]:
        await play(empty_postgres_url, scenario, is_async=True)
    found, events = audited(empty_postgres_url)
    assert not found
    assert events > 50
