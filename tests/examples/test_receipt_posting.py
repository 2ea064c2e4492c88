"""Posting receipts: once each, as approved, by threads that run side by side and by processes that come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.desk_session import DeskSession, sample, samples

from quorate.checkpoints import open_database
from quorate.contracts import Passage


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[DeskSession]:
    with open_database(sqlite_url) as database:
        yield DeskSession(database)


def test_second_scan(desk: DeskSession) -> None:
    """A second scan of a receipt is settled as a duplicate that names the first, and is not posted again."""
    first = desk.run(sample("04-hardware"), "first")
    second = desk.run(sample("05-hardware-second-scan"), "second")
    assert first.status == second.status == "settled"
    assert [effect.status for effect in first.effects.values()] == ["done"]
    assert [(effect.status, effect.note) for effect in second.effects.values()] == [
        ("duplicate", "already done by first")
    ]
    assert second.values["posted"] == first.values["posted"]
    assert len(desk.rows) == 1


def test_same_vendor_is_no_duplicate(desk: DeskSession) -> None:
    """Two receipts of one vendor, of different days and amounts, are both posted."""
    desk.run(sample("01-bookshop"), "01")
    desk.run(sample("21-bookshop"), "21")
    assert [(row["company"], row["total"]) for row in desk.rows] == [
        ("LANTERN BOOKS SDN BHD", "24.90"),
        ("LANTERN BOOKS SDN BHD", "46.10"),
    ]


def test_everything_again(desk: DeskSession) -> None:
    """The same receipts on new threads post nothing: each is a duplicate of the one that was posted."""
    for name, request in samples().items():
        desk.run(request, name)
    before = desk.rows
    for name, request in samples().items():
        again = desk.run(request, f"again-{name}")
        assert all(effect.status in ("duplicate", "proposed") for effect in again.effects.values())
    assert before
    assert desk.rows == before


def test_register_learns(desk: DeskSession) -> None:
    """A vendor that was posted is known on its next receipt, by a claim that points at the register."""
    before = desk.run(sample("21-bookshop"), "unknown")
    desk.run(sample("01-bookshop"), "01")
    after = desk.run(sample("21-bookshop"), "known")
    assert [claim for claim in before.claims if claim.agent == "vendor_by_number"] == []
    claim = next(each for each in after.claims if each.agent == "vendor_by_number" and each.field == "company")
    assert claim.value == "LANTERN BOOKS SDN BHD"
    assert any(isinstance(each, Passage) and each.source == "register" for each in claim.evidence)
    assert after.decisions["company"].confidence > before.decisions["company"].confidence


def test_register_learns_from_a_person(desk: DeskSession) -> None:
    """A company that a person wrote in is known on the next receipt of the vendor."""
    desk.run(sample("28-courier"), "first")
    desk.answer("first", "edit", company="SWIFT PARCEL EXPRESS")
    desk.approve_all("first")
    claims = desk.run(sample("28-courier"), "second").claims
    assert ("vendor_by_number", "SWIFT PARCEL EXPRESS") in [(claim.agent, claim.value) for claim in claims]


def test_approval_is_of_these_arguments(desk: DeskSession) -> None:
    """An approval does not carry over to other arguments: what was proposed is withdrawn, and asked again."""
    desk.run(sample("10-over"), "10")
    asked = desk.question("10")
    turn = desk.correct("10", total="1480.00")
    assert turn.status == "waiting"
    assert sorted(effect.status for effect in turn.effects.values()) == ["proposed", "withdrawn"]
    again = desk.question("10")
    assert again.id != asked.id
    assert again.value["action_requests"][0]["args"]["total"] == "1480.00"
    assert desk.answer("10", to=asked).status == "waiting"
    assert desk.rows == []
    assert desk.answer("10").status == "settled"
    assert [row["total"] for row in desk.rows] == ["1480.00"]


def test_edited_post(desk: DeskSession) -> None:
    """A person may change what is posted; the row is as the person wrote it."""
    desk.run(sample("10-over"), "10")
    turn = desk.answer("10", "edit", category="hardware")
    assert turn.status == "settled"
    assert [(row["category"], row["total"]) for row in desk.rows] == [("hardware", "2480.00")]


def test_rejected_post(desk: DeskSession) -> None:
    """A rejected post is closed: nothing is posted, and the thread asks no more."""
    desk.run(sample("10-over"), "10")
    turn = desk.answer("10", "reject")
    assert turn.status == "settled"
    assert "closed by a person: posted" in turn.reason
    assert turn.decisions["posted"].locked
    assert [effect.status for effect in turn.effects.values()] == ["declined"]
    assert desk.rows == []
    assert desk.run(sample("10-over"), "new").status == "waiting"


def test_corrected_after_posting(desk: DeskSession) -> None:
    """A correction after the posting changes no row by itself: with a person's leave it is taken out, and made anew."""
    desk.run(sample("20-bakery"), "20")
    turn = desk.correct("20", total="30.00")
    assert turn.status == "waiting"
    assert turn.reason.startswith("undo post: what it was based on has changed")
    assert [row["total"] for row in desk.rows] == ["31.00"]
    turn = desk.answer("20")
    assert turn.status == "settled"
    assert [row["total"] for row in desk.rows] == ["30.00"]
    assert sorted(effect.status for effect in turn.effects.values()) == ["compensated", "done", "done"]


def test_corrected_posting_that_stays(desk: DeskSession) -> None:
    """Where the person declines to take the row out it stays, and the second one needs a leave of its own."""
    desk.run(sample("20-bakery"), "20")
    desk.correct("20", total="30.00")
    turn = desk.answer("20", "reject")
    assert turn.status == "waiting"
    assert "already executed in this turn" in turn.reason
    assert [row["total"] for row in desk.rows] == ["31.00"]


def test_register_after_a_row_was_taken_out(desk: DeskSession) -> None:
    """The register learns from what was posted after another row was taken out."""
    desk.run(sample("20-bakery"), "20")
    desk.correct("20", company="OTHER BAKERY SDN BHD")
    desk.answer("20")
    desk.run(sample("01-bookshop"), "01")
    claims = desk.run(sample("21-bookshop"), "21").claims
    assert ("vendor_by_number", "LANTERN BOOKS SDN BHD") in [(claim.agent, claim.value) for claim in claims]


def test_another_process_answers(database_url: str) -> None:
    """What waits is answered from a new handle on the database, and is posted there."""
    with open_database(database_url) as database, database.saver() as saver:
        assert DeskSession(database, saver).run(sample("10-over"), "10").status == "waiting"
    with open_database(database_url) as database, database.saver() as saver:
        desk = DeskSession(database, saver)
        assert desk.answer("10").status == "settled"
        assert [row["company"] for row in desk.rows] == ["NORTHLINE COMPUTERS SDN BHD"]


async def test_one_receipt_eight_times(database_url: str) -> None:
    """One receipt on eight threads at the same time is posted once, and all eight have the same row."""
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            desk = DeskSession(database, saver)
            turns = await asyncio.gather(*(desk.arun(sample("04-hardware"), f"t{n}") for n in range(8)))
        assert {turn.status for turn in turns} == {"settled"}
        effects = sorted(effect.status for turn in turns for effect in turn.effects.values())
        assert effects == ["done", *["duplicate"] * 7]
        assert len(desk.rows) == 1
        assert [turn.values["posted"]["key"] for turn in turns] == [desk.rows[0]["key"]] * 8


async def test_inbox_eight_at_a_time(database_url: str, tmp_path: Path) -> None:
    """The inbox, eight at a time, posts what it posts one after another."""
    room = asyncio.Semaphore(8)
    with open_database(database_url) as database:
        async with database.asaver() as saver:
            desk = DeskSession(database, saver)

            async def run(name: str, request: dict[str, Any]) -> None:
                async with room:
                    await desk.arun(request, name)

            await asyncio.gather(*(run(name, request) for name, request in samples().items()))
        side_by_side = sorted(row["key"] for row in desk.rows)
    with open_database(f"sqlite:///{tmp_path / 'in_turn.db'}") as database:
        desk = DeskSession(database)
        for name, request in samples().items():
            desk.run(request, name)
        assert side_by_side == sorted(row["key"] for row in desk.rows)
