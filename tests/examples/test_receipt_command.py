"""The receipt desk from the command line, as its README shows it: real processes on one SQLite file."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.command_line import ROOT, CommandLine, Finished, clean_environment
from tests.fakes.openai_server import OpenAIServer, reading

from quorate.checkpoints import open_database

INBOX = "examples/receipt_desk/inbox"
REJECTED = {
    "12-truncated.json": "truncated JSON",
    "13-empty.txt": "an empty file",
    "14-photo.jpg": "binary data",
    "26-batch.jsonl:2": "truncated JSON",
    "27-wrong-shape.json": "3 words but 1 boxes",
}


def query(database: Path | str, sql: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> tuple[CommandLine, Finished]:
    """The inbox, worked off once, with what the command printed."""
    quorate = CommandLine(tmp_path_factory.mktemp("desk") / "desk.db", clean_environment())
    return quorate, quorate.script("run", "receipt-desk", INBOX)


@pytest.fixture
def quorate(worked: tuple[CommandLine, Finished], tmp_path: Path) -> CommandLine:
    """The command on a database of its own in which the inbox is worked off."""
    copy = tmp_path / "desk.db"
    shutil.copy(worked[0].database, copy)
    return CommandLine(copy, worked[0].environment)


class TestRun:
    def test_status_and_summary(self, worked: tuple[CommandLine, Finished]) -> None:
        """An inbox with rejected files ends with status 1, and the last lines say how many of each and what to do."""
        quorate, done = worked
        assert done.status == 1
        total, advice = done.out.splitlines()[-2:]
        counts = {name: int(count) for count, name in re.findall(r"(\d+) (settled|waiting|rejected|duplicate)", total)}
        assert total.startswith("31 inputs: ")
        assert counts["settled"] + counts["waiting"] + counts["rejected"] == 31
        assert (counts["rejected"], counts["duplicate"]) == (5, 1)
        assert min(counts["settled"], counts["waiting"]) >= 8
        assert advice == f"To answer what waits: quorate review --db {quorate.url}"

    def test_tables(self, worked: tuple[CommandLine, Finished]) -> None:
        """The tables show what was settled, what waits and why, and what was rejected with what to do."""
        tables = re.split(r"^(?:Waiting for a person|Rejected) \(\d+\)$", worked[1].out, flags=re.MULTILINE)
        settled, waiting, rejected = (" ".join(table.split()) for table in tables)
        assert re.search(r"07-total\S+ PASAR MINI SERI KENANGA 2017-12-25 68\.75 ", settled)
        assert re.search(
            r"0[45]-hardware\S+ IRONWOOD HARDWARE TRADING 2017-11-09 85.55 .* duplicate of 0[45]-", settled
        )
        for part in (
            "total: nobody claimed a value",
            "post (company: NORTHLINE COMPUTERS SDN BHD, date: 2017-07-18, total: 2480.00,",
            "holds an instruction",
        ):
            assert part in waiting
        for name, why in REJECTED.items():
            assert re.search(rf"{INBOX}/{re.escape(name)}\S* [^/]*{re.escape(why)}", rejected), name
        assert rejected.count("Fix: ") == len(REJECTED)

    def test_progress(self, worked: tuple[CommandLine, Finished]) -> None:
        """How far it is goes to stderr, a line for each input where that is no terminal."""
        assert len(re.findall(r"^\[ ?\d+/31\] ", worked[1].err, re.M)) == 31

    def test_again(self, quorate: CommandLine) -> None:
        """The same line again runs nothing: every thread stands as it stood, and no row is added."""
        before = query(quorate.database, "select count(*) from quorate_checkpoints")
        posted = query(quorate.database, "select * from receipts")
        again = quorate("run", "receipt-desk", INBOX)
        assert again.status == 1
        assert "27 from before" in again.out.splitlines()[-2]
        assert query(quorate.database, "select count(*) from quorate_checkpoints") == before
        assert query(quorate.database, "select * from receipts") == posted

    def test_same_receipts_from_another_place(self, quorate: CommandLine, tmp_path: Path) -> None:
        """The same receipts under other file names are new threads, and post nothing again."""
        posted = query(quorate.database, "select * from receipts")
        for name in ("01-bookshop.json", "07-total-subtotal-cash.json", "20-bakery.txt"):
            shutil.copy(ROOT / INBOX / name, tmp_path / f"copy-{name}")
        done = quorate("run", "receipt-desk", *map(str, sorted(tmp_path.glob("copy-*"))), "--json")
        assert done.status == 0
        assert [(line["status"], len(line["duplicates"])) for line in done.lines] == [("settled", 1)] * 3
        assert query(quorate.database, "select * from receipts") == posted

    def test_json(self, quorate: CommandLine) -> None:
        """With --json each input is one line, with what was settled, what waits, and why."""
        lines = {Path(line["input"]).name: line for line in quorate("run", "receipt-desk", INBOX, "--json").lines}
        assert len(lines) == 31
        assert lines["07-total-subtotal-cash.json"]["values"]["total"] == "68.75"
        (question,) = lines["10-over-approval-limit.json"]["waits"]
        assert (question["effect"], question["proposed"]["total"]) == ("post", "2480.00")
        assert lines["12-truncated.json:1"]["thread"] is None
        assert lines["12-truncated.json:1"]["fix"] == "fetch the whole file again"


class TestRecord:
    def test_one_file(self, worked: tuple[CommandLine, Finished]) -> None:
        """One SQLite file holds the threads, the ledger of effects and the table of what was posted."""
        database = worked[0].database
        assert isinstance(database, Path)
        assert [path.name for path in database.parent.iterdir()] == ["desk.db"]
        rows = query(database, "select company, date, total, currency, category from receipts")
        assert ("PASAR MINI SERI KENANGA", "2017-12-25", "68.75", "MYR", "groceries") in [
            (*row[:2], str(row[2]), *row[3:]) for row in rows
        ]
        assert len({row[:4] for row in rows}) == len(rows)
        ((threads,),) = query(database, "select count(*) from quorate_threads")
        assert threads == 27
        ((executed,),) = query(database, "select count(*) from effects_ledger")
        assert executed == len(rows)

    def test_threads(self, quorate: CommandLine) -> None:
        """The threads are listed with their status, and with what they wait for."""
        listed = quorate("threads", "--json")
        assert listed.status == 0
        counts = Counter(line["status"] for line in listed.lines)
        assert set(counts) == {"settled", "waiting", "rejected"}
        assert counts.total() == 27
        waiting = quorate("threads", "--status", "waiting")
        assert waiting.out.splitlines()[-1].startswith(f"{counts['waiting']} threads that are waiting in ")
        assert re.search(r"^23-future-date\S+ +waiting .*date: nobody claimed a value", waiting.out, re.M)

    def test_show(self, quorate: CommandLine) -> None:
        """A thread is shown with claims, evidence in context, tally, dissent, moves with reasons, and effects."""
        shown = quorate("show", "07-total")
        assert shown.status == 0
        text = " ".join(shown.out.split())
        for part in (
            "after the label 'NETT TOTAL'",
            "NETT TOTAL «68.75» TOTAL QTY",
            "100.00 paid, 31.25 change",
            "dissent total_most_printed",
            "approved by policy",
            "all 7 goals are settled",
        ):
            assert part in text

    def test_hidden_instruction(self, quorate: CommandLine) -> None:
        """The receipt that speaks to its reader is shown with the rule that stopped it."""
        text = " ".join(quorate("show", "11-hidden").out.split())
        assert "speaks-to-the-reader" in text
        assert "the receipt holds an instruction, not only a sale" in text

    def test_no_such_thread(self, quorate: CommandLine) -> None:
        """A thread that is not there, or not unique, is an error that says what to do."""
        assert quorate("show", "99").status == 2
        several = quorate("show", "0")
        assert several.status == 2
        assert "01-bookshop" in several.err


def meant(quorate: CommandLine, thread: str) -> tuple[str, str]:
    """The option that names what the thread asks."""
    (view,) = (line for line in quorate("review", "--json").lines if line["thread"].startswith(thread))
    return "--question", view["waits"][0]["id"][:8]


class TestReview:
    def test_list(self, quorate: CommandLine) -> None:
        """What waits is listed with what is proposed, why, and which answers are allowed."""
        listed = quorate("review")
        assert listed.status == 0
        text = " ".join(listed.out.split())
        assert re.search(r"09-missing-total\S+ company: WARUNG PAK DIN, total: . company: confidence", text)
        assert re.search(
            r"11-hidden\S+ total: 38\.00 .*? an instruction, not only a sale.*? question \w{8}: approve, edit, reject",
            text,
        )
        lines = {line["thread"][:2]: line for line in quorate("review", "--json").lines}
        assert lines["09"]["waits"][0]["allowed"] == ["edit", "reject"]
        assert lines["23"]["waits"][0]["proposed"] == {"date": None}

    def test_approve(self, quorate: CommandLine) -> None:
        """An approval by flags settles the receipt, posts it, and is recorded; it cannot be given twice."""
        answer = ("review", "10-over", "--approve", "--reviewer", "ann", "--reason", "confirmed")
        assert quorate(*answer).status == 2  # it is about an effect, and does not name the question
        answer = (*answer, *meant(quorate, "10-over"))
        done = quorate(*answer)
        assert (done.status, "settled" in done.out) == (0, True)
        rows = query(quorate.database, "select company, total from receipts where company like 'NORTHLINE%'")
        assert [(company, float(total)) for company, total in rows] == [("NORTHLINE COMPUTERS SDN BHD", 2480)]
        assert "ann" in quorate("show", "10-over").out
        again = quorate(*answer)
        assert again.status == 2
        assert "nothing that waits: it is settled" in again.err
        assert len(query(quorate.database, "select * from receipts where company like 'NORTHLINE%'")) == 1

    def test_edit(self, quorate: CommandLine) -> None:
        """A missing total is written in and posted; a wrong answer before that is refused, and changes nothing."""
        for wrong in (["--edit", "total=twelve"], ["--approve"], ["--edit", "total=12", "--reason", "nonsense"]):
            refused = quorate("review", "09-missing", *wrong)
            assert refused.status == 2
            assert "still open" in refused.err
        done = quorate("review", "09-missing", "--edit", "total=12.40", "--reason", "corrected", "--json")
        assert done.status == 0
        assert done.lines[0]["values"]["total"] == "12.40"
        rows = query(quorate.database, "select total from receipts where company = 'WARUNG PAK DIN'")
        assert [float(total) for (total,) in rows] == [12.4]

    def test_two_questions(self, quorate: CommandLine) -> None:
        """Where a further question follows, the thread waits again, with the status that says so."""
        first = quorate("review", "08-foreign", "--approve")
        assert first.status == 3
        assert "waits again: post:" in first.out
        assert query(quorate.database, "select * from receipts where currency = 'USD'") == []
        assert quorate("review", "08-foreign", "--approve", *meant(quorate, "08-foreign")).status == 0
        assert len(query(quorate.database, "select * from receipts where currency = 'USD'")) == 1

    def test_reject(self, quorate: CommandLine) -> None:
        """A rejected post is closed without a row."""
        why = ("--message", "private", "--reason", "not-allowed")
        done = quorate("review", "10-over", "--reject", *why, *meant(quorate, "10-over"))
        assert done.status == 0
        assert query(quorate.database, "select * from receipts where company like 'NORTHLINE%'") == []
        assert "private" in quorate("show", "10-over").out


def test_postgres(empty_postgres_url: str) -> None:
    """On Postgres the same: an inbox, an answer by flags, a second run that does nothing, and clean ends."""
    quorate = CommandLine(empty_postgres_url, clean_environment())
    inputs = [
        f"{INBOX}/{name}" for name in ("04-hardware.json", "05-hardware-second-scan.json", "09-missing-total.txt")
    ]
    done = quorate("run", "receipt-desk", *inputs, "--json")
    assert done.status == 3
    assert [(line["status"], len(line["duplicates"])) for line in done.lines].count(("settled", 1)) == 1
    assert quorate("review", "09", "--edit", "total=12.40").status == 0
    again = quorate("run", "receipt-desk", *inputs, "--json")
    assert again.status == 0
    assert [line["ran"] for line in again.lines] == [False] * 3
    assert (done.err, again.err) == ("", "")
    with open_database(empty_postgres_url) as database:
        assert sorted(row["total"] for row in database.table("receipts").rows()) == ["12.40", "85.55"]


class TestEvaluation:
    def test_gates(self, tmp_path: Path) -> None:
        """The desk passes the gates of its own suite, and the suite leaves nothing behind."""
        quorate = CommandLine(tmp_path / "suite.db", clean_environment())
        done = quorate("eval", "examples/receipt_desk/evaluation")
        assert done.status == 0, done.out
        assert done.out.splitlines()[-1].startswith("20 cases, ")
        assert "all gates passed" in done.out

    def test_json(self, tmp_path: Path) -> None:
        """With --json the result is one object: metrics, gates and cases."""
        quorate = CommandLine(tmp_path / "suite.db", clean_environment())
        (result,) = quorate("eval", "examples/receipt_desk/evaluation", "--json").lines
        assert result["passed"] is True
        assert result["metrics"]["failed"] == 0
        assert {gate["gate"]["metric"] for gate in result["gates"]} == {"all_fields", "precision", "coverage", "failed"}


class TestModel:
    @pytest.fixture
    def server(self) -> Iterator[OpenAIServer]:
        with OpenAIServer() as running:
            yield running

    def test_joins_by_environment(self, tmp_path: Path, server: OpenAIServer) -> None:
        """With OPENAI_BASE_URL a model reads what the others did not settle; without it the same receipt waits."""
        nothing = {field: reading(None) for field in ("company", "date", "address")}
        server.always({**nothing, "total": reading("348.50", quote="TOTAL 348.50")})
        receipt = f"{INBOX}/06-two-dates.json"
        alone = CommandLine(tmp_path / "alone.db", clean_environment())("run", "receipt-desk", receipt)
        assert (alone.status, server.requests) == (3, [])
        helped = CommandLine(tmp_path / "helped.db", clean_environment(OPENAI_BASE_URL=server.url))
        assert helped("run", "receipt-desk", receipt).status == 0
        assert len(server.requests) == 1
        assert "model_reader" in helped("show", "06").out

    def test_server_that_is_down(self, tmp_path: Path) -> None:
        """A server that cannot be reached leaves a fault, and the receipt is worked on without it."""
        environment = clean_environment(OPENAI_BASE_URL="http://127.0.0.1:9/v1")
        quorate = CommandLine(tmp_path / "desk.db", environment)
        done = quorate("run", "receipt-desk", f"{INBOX}/07-total-subtotal-cash.json", "--json")
        assert done.status == 0
        assert [(line["status"], line["faults"]) for line in done.lines] == [("settled", 1)]
        assert json.dumps(done.lines[0]["values"]["total"]) == '"68.75"'
        assert "model_reader" in quorate("show", "07").out
