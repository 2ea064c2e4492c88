"""`quorate run`: an inbox worked off, once."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest
from tests.command.desk import Desk

SETTLED = "PETRONAS\nTOTAL 12.00\n"


def fill(desk: Desk) -> None:
    desk.write("inbox/01-petrol.txt", SETTLED)
    desk.write("inbox/02-again.txt", f"{SETTLED}a second scan\n")
    desk.write("inbox/03-books.txt", "BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n")
    desk.write("inbox/04-over.txt", "HARDWARE HOUSE\nTOTAL 499.00\n")
    desk.write("inbox/05-crash.txt", "CRASH & CO\nTOTAL 5.00\n")
    desk.write("inbox/06-cut.json", '{"text": "CAFE\\nTOTAL 3.40')
    desk.write("inbox/07-empty.txt", "")
    desk.write("inbox/08-photo.png", b"\x89PNG\r\n\x1a\n\0\0")
    desk.write(
        "inbox/deep/09-batch.jsonl", '{"text": "A\\nTOTAL 1.00"}\n\nnot json\n{"text": 5}\n{"text": "B\\nTOTAL 2.00"}\n'
    )
    desk.write("inbox/.hidden", "not for us")


def test_inbox(desk: Desk) -> None:
    """Of a mixed inbox, each item is settled, waits or is rejected with its reason; the rest goes on, and 1 says so."""
    fill(desk)
    first = desk("run", "desk", "inbox", "missing.txt", "--json", status=1)
    by_input = {line["input"]: line for line in first.lines}
    assert {place: line["status"] for place, line in by_input.items()} == {
        "inbox/01-petrol.txt": "settled",
        "inbox/02-again.txt": "settled",
        "inbox/03-books.txt": "waiting",
        "inbox/04-over.txt": "waiting",
        "inbox/05-crash.txt": "settled",
        "inbox/06-cut.json:1": "rejected",
        "inbox/07-empty.txt": "rejected",
        "inbox/08-photo.png": "rejected",
        "inbox/deep/09-batch.jsonl:1": "settled",
        "inbox/deep/09-batch.jsonl:3": "rejected",
        "inbox/deep/09-batch.jsonl:4": "rejected",
        "inbox/deep/09-batch.jsonl:5": "settled",
        "missing.txt": "rejected",
    }
    assert by_input["inbox/01-petrol.txt"]["values"]["total"] == "12.00"
    assert by_input["inbox/05-crash.txt"]["faults"] == 1
    assert by_input["inbox/deep/09-batch.jsonl:4"]["reason"] == "text: got 5; Input should be a valid string"
    pair = [by_input[f"inbox/{name}.txt"] for name in ("01-petrol", "02-again")]
    assert sorted(len(line["duplicates"]) for line in pair) == [0, 1]
    assert desk.posted() == 4


def test_again(desk: Desk) -> None:
    """A second run lists everything as before, and runs nothing."""
    fill(desk)
    first = desk("run", "desk", "inbox", "--json")
    done = desk.log()
    second = desk("run", "desk", "inbox", "--json")
    assert desk.log() == done
    assert {(line["input"], line["status"]) for line in second.lines} == {
        (line["input"], line["status"]) for line in first.lines
    }
    assert not any(line["ran"] for line in second.lines)


def test_table(desk: Desk) -> None:
    """People get tables of what was settled, what waits and why, what was rejected and why, and a last line."""
    fill(desk)
    desk.environment["COLUMNS"] = "140"
    out = desk("run", "desk", "inbox", status=1).out
    assert re.search(r"^Settled \(5\)$", out, re.MULTILINE)
    assert re.search(r"^01-petrol-[0-9a-f]{8} +PETRONAS +12\.00", out, re.MULTILINE)
    assert "duplicate of 0" in out
    assert "1 fault" in out
    assert re.search(
        r"^03-books-\S+ +total: 12\.00 +total: confidence 0\.545 is below 0\.75; largest claims 20\.00; without$",
        out,
        re.MULTILINE,
    )
    assert re.search(r"^04-over-[0-9a-f]{8} +post \(company: HARDWARE HOUSE, total: 499\.00\)", out, re.MULTILINE)
    assert re.search(r"^inbox/07-empty\.txt +an empty file; expected a request *$", out, re.MULTILINE)
    assert "12 inputs: 5 settled, 2 waiting, 5 rejected; 1 duplicate, 1 fault; " in out.splitlines()[-2]
    assert out.splitlines()[-1] == "To answer what waits: quorate review"


@pytest.mark.parametrize("width", ["80", "120"])
def test_width(desk: Desk, width: str) -> None:
    """No line of the tables is wider than the terminal."""
    fill(desk)
    desk.environment["COLUMNS"] = width
    out = desk("run", "desk", "inbox").out
    thread = re.findall(r"^03-books-\w+", out, re.MULTILINE)[0]
    for text in (out, desk("threads").out, desk("review").out, desk("show", thread).out):
        tables = [line for line in text.splitlines() if not re.match(r"\d+ inputs|To answer", line)]
        assert max(map(len, tables)) <= int(width)


def test_exit_status_of_waiting(desk: Desk) -> None:
    """3 says that something waits, where nothing is worse."""
    desk.write("a.txt", SETTLED)
    assert desk("run", "desk", "a.txt").status == 0
    desk.write("b.txt", "BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n")
    assert desk("run", "desk", "a.txt", "b.txt").status == 3
    assert desk("run", "desk", "a.txt", "b.txt", "missing").status == 1


def test_stdin(desk: Desk) -> None:
    """`-` reads JSON lines from stdin."""
    (line,) = desk("run", "desk", "-", "--json", stdin=json.dumps({"text": SETTLED}), status=0).lines
    assert line["input"] == "stdin:1"
    assert line["thread"].startswith("stdin-1-")


def test_empty_folder(desk: Desk) -> None:
    """An inbox without files is nothing to do, and no failure."""
    (desk.folder / "inbox").mkdir()
    assert "0 inputs: nothing to do" in desk("run", "desk", "inbox", status=0).out


def test_repeated_input(desk: Desk) -> None:
    """The same file named twice is run once, and said to be repeated."""
    desk.write("a.txt", SETTLED)
    lines = desk("run", "desk", "a.txt", "a.txt", "--json", status=0).lines
    assert [line["status"] for line in lines].count("repeated") == 1
    assert desk.log().count("first_line PETRONAS") == 1


def test_json_alone_on_stdout(desk: Desk) -> None:
    """With `--json`, what agents print goes to stderr, and stdout is JSON lines alone."""
    desk.write("a.txt", SETTLED)
    ended = desk("run", "desk", "a.txt", "--json", status=0)
    assert len(ended.lines) == 1
    assert ended.err == "an agent prints\n"


def test_progress_lines(desk: Desk) -> None:
    """Where stderr is no terminal, progress is a line for each item."""
    desk.write("a.txt", SETTLED)
    err = desk("run", "desk", "a.txt", status=0).err
    assert re.search(r"^\[1/1\] a-[0-9a-f]{8}: settled$", err, re.MULTILINE)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_progress_bar(desk: Desk) -> None:
    """Where stderr is a terminal, progress is a bar; what agents print stands above it, and not on stdout."""
    import pty

    desk.write("a.txt", SETTLED)
    ours, theirs = pty.openpty()
    process = desk.start("run", "desk", "a.txt", stderr=theirs, stdout=-1)
    os.close(theirs)
    seen = b""
    while chunk := _read(ours):
        seen += chunk
    out, _ = process.communicate()
    assert process.returncode == 0
    assert b"1/1" in seen
    assert b"1 settled" in seen
    assert b"an agent prints" in seen
    assert b"an agent prints" not in out


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux, once the other end is closed
        return b""


def test_failed_step(desk: Desk) -> None:
    """A thread whose step raised is failed, with the reason; the next run tries that step again, and no other."""
    desk.write("a.txt", SETTLED)
    desk.write("broken", "")
    (line,) = desk("run", "desk", "a.txt", "--json", status=1).lines
    assert (line["status"], line["fix"]) == ("failed", "mend it")
    assert line["reason"] == "the ledger: got no connection; expected one"
    (row,) = desk("threads", "--json", status=0).lines
    assert row["status"] == "unfinished"
    assert "no connection" in row["reason"]
    (desk.folder / "broken").unlink()
    (line,) = desk("run", "desk", "a.txt", "--json", status=0).lines
    assert (line["status"], line["ran"]) == ("settled", True)
    assert desk.log() == ["first_line PETRONAS", "post PETRONAS"]
    assert desk.posted() == 1


def test_retry(desk: Desk) -> None:
    """What ended unsettled stays so in the next run; `--retry` opens a new turn for it."""
    desk.write("a.txt", "NOTHING HERE\n")
    (line,) = desk("run", "desk:strict", "a.txt", "--json", status=1).lines
    assert line["status"] == "unsettled"
    (line,) = desk("run", "desk:strict", "a.txt", "--json", status=1).lines
    assert not line["ran"]
    (line,) = desk("run", "desk:strict", "a.txt", "--json", "--retry", status=1).lines
    assert line["ran"]
    (row,) = desk("threads", "--json").lines
    assert row["turn"] == 2


def test_other_team(desk: Desk) -> None:
    """A thread of another team is not continued, and the message says what to do."""
    desk.write("a.json", json.dumps({"text": "A\nTOTAL 1.00", "rows": ["a", "b", "c"]}))
    desk("run", "desk", "a.json", status=0)
    (line,) = desk("run", "desk:tables", "a.json", "--json", status=1).lines
    assert line["reason"] == "the thread belongs to the team 'desk', not to 'tables'"
    assert "--db" in line["fix"]


def test_database_flag(desk: Desk) -> None:
    """`--db` moves the checkpoints and what the graph itself opens, and later hints name it."""
    desk.write("a.txt", "BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n")
    out = desk("run", "desk", "a.txt", "--db", "sqlite:///other.db", status=3).out
    assert out.splitlines()[-1] == "To answer what waits: quorate review --db sqlite:///other.db"
    assert not (desk.folder / "quorate.db").exists()
    assert len(desk("threads", "--json", "--db", "sqlite:///other.db", status=0).lines) == 1
    desk.environment["QUORATE_DB"] = "sqlite:///other.db"
    assert len(desk("threads", "--json", status=0).lines) == 1


def test_any_database(desk: Desk, database_url: str) -> None:
    """Run, list, show and review work the same on SQLite and on Postgres."""
    desk.environment["QUORATE_DB"] = database_url
    desk.write("a.txt", SETTLED)
    desk.write("b.txt", "BOOK CORNER\nTOTAL 12.00\nCASH 20.00\n")
    lines = desk("run", "desk", "a.txt", "b.txt", "--json", status=3).lines
    settled, waiting = sorted(lines, key=lambda line: line["input"])
    assert desk("show", settled["thread"], "--json", status=0).lines[0]["values"]["total"] == "12.00"
    desk("review", waiting["thread"], "--approve", status=0)
    assert {line["status"] for line in desk("threads", "--json", status=0).lines} == {"settled"}
    assert not any(line["ran"] for line in desk("run", "desk", "a.txt", "b.txt", "--json", status=0).lines)


def test_foreign_text_cannot_steer_the_terminal(desk: Desk) -> None:
    """Control characters of an input never reach the terminal."""
    desk.write("a.txt", "EVIL \x1b[2J\x07 CO\nTOTAL 12.00\nCASH 20.00\n")
    out = desk("run", "desk", "a.txt").out + desk("show", "a", status=0).out + desk("review", status=0).out
    assert "\x1b" not in out
    assert "\\x1b[2J" in out


def test_nothing_found(desk: Desk) -> None:
    """A folder without a file is no error, but said."""
    (desk.folder / "empty").mkdir()
    assert "Nothing was found in empty: no file, no line." in desk("run", "desk", "empty", status=0).err
