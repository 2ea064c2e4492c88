from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langchain_core.runnables import RunnableConfig
from tests.checkpoints.test_audit_of_runs import SCENARIOS, play
from tests.fakes.graph_player import Scenario
from tests.fakes.scenarios_of_deltas import deltas as two_deltas
from tests.fakes.tampering import Desk, build, repacked

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit, heads_of
from quorate.checkpoints.audit.prover import Prover
from quorate.checkpoints.database import Database
from quorate.checkpoints.log.candidate import Candidate
from quorate.checkpoints.log.envelope import unwrap, wrap
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.log.pruned import stub
from quorate.checkpoints.upkeep.thread_prune import Chosen, apply_changes, plan_thread
from quorate.contracts import DatabaseError

pytestmark = pytest.mark.long

D: RunnableConfig = {"configurable": {"thread_id": "d"}}


def some(seed: int) -> Chosen:
    """The newest checkpoint of a line, and a random half of the others."""
    chance = random.Random(seed)

    def choose(key: LineKey, candidates: Sequence[Candidate], pending: bool) -> set[int]:
        return {candidates[-1].place} | {each.place for each in candidates if chance.random() < 0.5}

    return choose


def prune(database: Database, thread: str, choose: Chosen) -> None:
    log = database.log
    with log.store.reading() as reader:
        changes = plan_thread(reader, log.sealer, thread, choose)
    if not changes.empty:
        at = datetime.now(UTC)
        log.writer.do(lambda transaction: apply_changes(transaction, log.sealer, changes, at, "some"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_what_a_pruning_leaves_is_proved(sqlite_url: str, scenario: Scenario) -> None:
    """After one pruning and another what is left is proved, still by the heads from before them, and in a copy."""
    await play(sqlite_url, scenario, is_async=False)
    with open_database(sqlite_url) as database:
        log = database.log
        heads = list(heads_of(log.store, log.sealer, datetime.now(UTC)))
        for seed in range(2):
            for thread in database.threads():
                prune(database, thread.id, some(seed))
            assert not list(Audit(log.store, log.sealer))
            found = [each for each in Audit(log.store, log.sealer, heads=heads) if each.kind != "deleted"]
            assert not found
        with database.saver() as saver:
            for thread in database.threads():
                saver.copy_thread(thread.id, f"copy of {thread.id}")
        assert not list(Audit(log.store, log.sealer))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A database whose thread t was pruned to every third checkpoint, and has gone on."""
    desk = Desk(tmp_path / "quorate.db", turns=2)
    with open_database(desk.url) as database, database.saver() as saver:
        prune(database, "t", lambda key, each, pending: {one.place for one in each[2::3]} | {each[-1].place})
        graph = build().compile(checkpointer=saver)
        graph.invoke({"log": ["and on"]}, {"configurable": {"thread_id": "t"}})
    assert not desk.audit()
    return desk


def test_what_is_carried(desk: Desk) -> None:
    """A value that was carried is found when it is another, though no content digest covers it."""
    sql = "SELECT max(seq) FROM quorate_checkpoints WHERE depth < 0 AND line = ?"
    ((place,),) = desk.sql(sql, (desk.line(),))

    def change(content: list[object]) -> list[object]:
        kind, digest, values = content
        assert isinstance(values, dict)
        assert values
        return [kind, digest, dict.fromkeys(values, b"\xa6forged")]

    desk.rewrite(place, change)
    (finding,) = [each for each in desk.audit() if each.kind != "unproven"]
    assert (finding.kind, finding.place) == ("changed", place)
    assert "what the pruning of" in finding.what


def test_a_value_that_a_forged_pruning_carries_on(tmp_path: Path) -> None:
    """Whoever prunes a thread himself, and makes the pruning anew, can give no checkpoint that stays another value."""
    desk = Desk(tmp_path / "quorate.db", turns=2)
    heads = desk.heads()
    with open_database(desk.url) as database:
        prune(database, "t", lambda key, each, pending: {each[-1].place})
    sql = "SELECT seq, id FROM quorate_checkpoints WHERE depth {} 0 AND line = ?"
    ((carrier, _),) = desk.sql(sql.format("<"), (desk.line(),))
    ((kept, id_),) = desk.sql(sql.format(">="), (desk.line(),))
    assert not [each for each in desk.audit(heads) if each.kind != "deleted"]

    def change(content: list[Any]) -> list[Any]:
        content[2]["label"] = b"\xa6forged"
        return content

    desk.forge(carrier, change)
    with open_database(desk.url) as database, database.saver() as saver:
        state = build().compile(checkpointer=saver).get_state({"configurable": {"thread_id": "t"}})
        assert state.values["label"] == "forged"
    (finding,) = [each for each in desk.audit(heads) if each.kind != "deleted"]
    assert (finding.kind, finding.place, finding.checkpoint) == ("changed", kept, id_)
    with open_database(desk.url) as database, pytest.raises(DatabaseError, match="the chain of digests breaks"):
        prune(database, "t", some(1))


@pytest.fixture
def deltas(tmp_path: Path) -> Desk:
    """A database whose thread d, of delta channels, was pruned to its newest checkpoint."""
    desk = Desk(tmp_path / "quorate.db", turns=0)
    with open_database(desk.url) as database, database.saver() as saver:
        graph = two_deltas("a", "b").compile(checkpointer=saver)
        for turn in range(2):
            graph.invoke({"log": [f"turn {turn}"], "notes": {str(turn): "asked"}}, D)
        for _ in range(2):
            prune(database, "d", lambda key, each, pending: {each[-1].place})
            graph.update_state(D, {"notes": {"by": "hand"}})
        prune(database, "d", lambda key, each, pending: {each[-1].place})
        assert graph.get_state(D).values["notes"]["newest"] == "b"
    assert not desk.audit()
    return desk


def carried_row(desk: Desk) -> int:
    sql = "SELECT max(seq) FROM quorate_writes WHERE mask != 0 AND line = ? AND task = ''"
    ((place,),) = desk.sql(sql, (desk.line("d"),))
    return int(place)


def test_a_write_that_a_forged_pruning_carries_on(deltas: Desk) -> None:
    """What was written to a delta channel before a forged pruning cannot become another thing by it."""
    place = carried_row(deltas)

    def change(content: list[Any]) -> list[Any]:
        for each in content[1]:
            each[-1] = [write.replace(b"asked", b"never") if type(write) is bytes else write for write in each[-1]]
        return content

    deltas.forge(place, change, "quorate_writes", "d")
    with open_database(deltas.url) as database, database.saver() as saver:
        graph = two_deltas("a", "b").compile(checkpointer=saver)
        assert graph.get_state(D).values["notes"]["0"] == "never"
    (finding,) = deltas.audit()
    assert (finding.kind, finding.place) == ("changed", place)
    assert "not those that were pruned" in finding.what
    with open_database(deltas.url) as database, pytest.raises(DatabaseError, match="not those that were pruned"):
        prune(database, "d", some(1))


def test_what_pruning_leaves_of_a_task_that_wrote_more(deltas: Desk) -> None:
    """Of a task's writes those to delta channels stay, and digests of the others, which are gone."""
    place = carried_row(deltas)
    sql = "SELECT payload FROM quorate_writes WHERE seq = ?"
    ((payload,),) = deltas.sql(sql, (place,))
    content = ormsgpack.unpackb(unwrap(payload, ""), ext_hook=ormsgpack.Ext, option=ormsgpack.OPT_NON_STR_KEYS)
    writes = [write for each in content[1] for write in each[-1]]
    channels = {ormsgpack.unpackb(write)[1] for write in writes if type(write) is bytes}
    assert channels == {"notes"}
    assert {len(write[0]) for write in writes if type(write) is list} == {32}


def test_a_checkpoint_that_was_pruned_by_hand(desk: Desk) -> None:
    """An event in whose place somebody puts what a pruning would leave is found: the pruning counts what it took."""
    place, _ = desk.writes()[-2]
    with open_database(desk.url) as database, database.log.store.reading() as reader:
        line = reader.line(LineKey("t", ""))
        assert line is not None
        prover = Prover(reader, database.log.sealer, line)
        row = next(row for row in reader.events(line.id) if row.seq == place)
        content = wrap(stub(prover(row).contents))
    desk.sql("UPDATE quorate_writes SET checkpoint = NULL, mask = 0, payload = ? WHERE seq = ?", (content, place))
    (finding,) = desk.audit()
    assert finding.kind == "missing"
    assert "as if they had been pruned" in finding.what


def test_the_pruning(desk: Desk) -> None:
    """A pruning that was changed is found."""
    rows = desk.sql("SELECT seq, payload FROM quorate_writes WHERE mask = 0 AND line = ? ORDER BY seq", (desk.line(),))
    place, payload = rows[-1]

    def change(content: list[object]) -> list[object]:
        content[2] = "another policy"
        return content

    desk.sql("UPDATE quorate_writes SET payload = ? WHERE seq = ?", (repacked(payload, change), place))
    assert ("changed", place) in {(each.kind, each.place) for each in desk.audit()}


def test_a_kept_checkpoint_that_takes_values_from_another_place(desk: Desk) -> None:
    """Where a kept checkpoint takes carried values from is proved by the pruning."""
    found = desk.sql(
        "SELECT seq, payload FROM quorate_checkpoints WHERE line = ? AND depth = 0 ORDER BY seq", (desk.line(),)
    )
    for place, payload in found:

        def change(content: list[object]) -> list[object]:
            assert isinstance(content[3], dict)
            content[3] = {channel: held - 1 for channel, held in content[3].items()}
            return content

        changed = repacked(payload, change)
        if changed != payload:
            desk.sql("UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", (changed, place))
            assert place in {each.place for each in desk.audit()}
            desk.sql("UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", (payload, place))


async def test_what_a_pruning_leaves_in_postgres_is_proved(empty_postgres_url: str) -> None:
    """The same holds in Postgres."""
    for scenario in SCENARIOS[::4]:
        await play(empty_postgres_url, scenario, is_async=False)
    with open_database(empty_postgres_url) as database:
        for thread in database.threads():
            prune(database, thread.id, some(7))
        assert not list(Audit(database.log.store, database.log.sealer))
