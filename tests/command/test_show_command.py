"""`quorate show`: everything that is recorded of a thread."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from tests.command.desk import Desk


def test_show(desk: Desk) -> None:
    """Claims, tally, dissent, decisions, evidence in context, moves, faults, effects and usage are shown."""
    desk.write("a.txt", "CRASH & CO\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    out = desk("show", "a", status=0).out
    for part in (
        "graph desk, input a.txt",
        "total  12.00  settled  0.903 by vote",
        "12.00  0.903  labelled, largest",
        "0.90  CRASH & CO  first_line 1.2.0",
        "the first line",
        "text[0:10] «CRASH & CO»⏎TOTAL 12.00⏎",
        "text[17:22] CRASH & CO⏎TOTAL «12.00»⏎",
        "post    done    policy  company: CRASH & CO, total: 12.00",
        "dispatch",
        "finish: settled",
        "KeyError: 'broken'",
        "Fix: look at desk.py",
    ):
        assert part in out, part
    assert "Usage" in out


def test_dissent_and_question(desk: Desk) -> None:
    """A contested field shows both candidates, the dissent, and how to answer."""
    thread = desk.waiting()
    out = desk("show", thread[:6], status=0).out
    assert "total  12.00  contested  0.545 by vote" in out
    assert "20.00  0.318  largest" in out
    assert "dissent   largest" in out
    assert "conflict  value     against 12.00: 20.00 by largest (0.70)" in out
    assert "largest claims 20.00; without largest, 12.00" in out
    assert f"To answer: quorate review {thread}" in out


def test_vote_and_calibration(desk: Desk) -> None:
    """A vote other than the usual one is named, with the calibration that had a part in it."""
    desk.write(
        "pooled.py",
        """
from desk import team
from quorate.contracts import Calibration, FieldCalibration, FieldPolicy, Policy

learned = Calibration(fields={"total": FieldCalibration(labels=100)})
pooled = team(policy=Policy(fields={"total": FieldPolicy(vote="pool")}, calibration=learned))
""",
    )
    desk.write("a.txt", "SHOP\nTOTAL 12.00\nCASH 20.00\n")
    desk("run", "pooled:pooled", "a.txt", status=3)
    out = " ".join(desk("show", "a", status=0).out.split())
    decision = desk("show", "a", "--json").lines[0]["decisions"]["total"]
    assert f", vote pool, calibration {decision['calibration'][:12]}, version 1 of the decision" in out


def test_items(desk: Desk) -> None:
    """Evidence that names items shows them, between their neighbours."""
    desk.write("t.json", json.dumps({"rows": ["one", "two", "three", "four"]}))
    desk("run", "desk:tables", "t.json", status=0)
    assert "rows[1,2] one «two three» four" in desk("show", "t", status=0).out


def large_note(desk: Desk, thread: str) -> tuple[str, str]:
    """A thread whose note is too large for the state and whose total waits for a person; its id, the note's digest."""
    desk.write(f"{thread}.txt", f"BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n{'words ' * 20_000}")
    (line,) = desk("run", "desk", f"{thread}.txt", "--json", status=3).lines
    (shown,) = desk("show", line["thread"], "--json", status=0).lines
    assert shown["request"]["text"].keys() == {"$blob", "size"}
    return line["thread"], shown["request"]["text"]["$blob"]


def test_large_input(desk: Desk) -> None:
    """A field that is stored as a blob is shown with its size and digest, and evidence in it in its context."""
    thread, digest = large_note(desk, "large")
    out = desk("show", thread, status=0).out
    assert "Large inputs" in out
    assert f"text   120,040  {digest}" in out
    assert "text[18:23] BOOK CORNER⏎TOTAL «12.00»⏎CASH 20.00⏎words" in out
    ended = desk("review", thread, stdin="approve\n\n", status=0)
    assert "TOTAL «12.00»⏎CASH" in ended.out
    assert f"{thread} is settled" in ended.out


def test_large_input_that_is_gone(desk: Desk) -> None:
    """A thread whose blob went away is shown all the same; its evidence says that it cannot be read."""
    thread, _ = large_note(desk, "lost")
    with closing(sqlite3.connect(desk.folder / "quorate.db")) as file:
        file.execute("DELETE FROM quorate_blobs")
        file.commit()
    for command in ("show", "review"):
        out = desk(command, thread, stdin="skip\n").out
        assert "text[18:23], which cannot be read: nothing under this digest" in out
    assert desk("threads", status=0).out.count(thread) == 1


def test_json(desk: Desk) -> None:
    """`--json` gives all records of the turn as one object."""
    thread = desk.waiting()
    (line,) = desk("show", thread, "--json", status=0).lines
    assert (line["thread"], line["status"]) == (thread, "waiting")
    assert {claim["agent"] for claim in line["claims"]} == {"first_line", "labelled", "largest"}
    assert line["decisions"]["total"]["dissent"] == ["largest"]
    assert line["waits"][0]["allowed"] == ["approve", "edit", "reject"]
    assert [move["kind"] for move in line["moves"]] == ["dispatch", "ask"]


def test_earlier_turn(desk: Desk) -> None:
    """`--turn` shows an earlier turn; one that never was is an error."""
    desk.write("a.txt", "NOTHING HERE\n")
    desk("run", "desk:strict", "a.txt", status=1)
    desk("run", "desk:strict", "a.txt", "--retry", status=1)
    turns = [desk("show", "a", "--turn", str(turn), "--json", status=0).lines[0]["turn"] for turn in (1, 2)]
    assert turns == [1, 2]
    assert "no turn 3" in desk("show", "a", "--turn", "3", status=2).err


def test_prefix(desk: Desk) -> None:
    """A prefix must be that of one thread; the message names the candidates."""
    one, other = desk.waiting("ONE"), desk.waiting("OTHER")
    ended = desk("show", "note", status=2)
    assert one in ended.err
    assert other in ended.err
    assert "no thread that begins so" in desk("show", "nonsense", status=2).err
