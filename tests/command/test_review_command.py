"""`quorate review`: what waits, and answers to it."""

from __future__ import annotations

import pytest
from tests.command.desk import Desk


def test_list(desk: Desk) -> None:
    """What waits is listed with what is proposed, why, and the allowed answers."""
    field, effect = desk.waiting(), desk.over_limit()
    out = desk("review", status=0).out
    for part in (
        field,
        "total: 12.00",
        effect,
        "post (company: HARDWARE HOUSE, total: 499.00)",
        "approve, edit, reject",
    ):
        assert part in out, part
    assert {line["thread"] for line in desk("review", "--json", status=0).lines} == {field, effect}


def test_nothing_waits(desk: Desk) -> None:
    """Where nothing waits, the list says so, and an answer to a settled thread is refused."""
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    assert desk("review", status=0).out.startswith("Nothing waiting for a person")
    assert "nothing that waits: it is settled" in desk("review", "a", "--approve", status=2).err


@pytest.mark.parametrize(
    "flags, total",
    [(["--approve"], "12.00"), (["--edit", "total=20.00", "--reason", "misread"], "20.00")],
)
def test_answer(desk: Desk, flags: list[str], total: str) -> None:
    """An answer settles the thread, and who, why and when are recorded."""
    thread = desk.waiting()
    ended = desk("review", thread, *flags, "--reviewer", "bob", "--json", status=0)
    assert ended.lines[0]["values"]["total"] == total
    decision = desk("show", thread, "--json").lines[0]["decisions"]["total"]
    assert (decision["by"], decision["reviewer"], decision["locked"]) == ("person:bob", "bob", True)
    assert decision["reason_code"] == ("misread" if "--reason" in flags else "approve")
    assert desk.posted() == 1


def test_default_reviewer(desk: Desk) -> None:
    """Without `--reviewer` the user answers."""
    thread = desk.waiting()
    desk("review", thread, "--approve", status=0)
    assert desk("show", thread, "--json").lines[0]["decisions"]["total"]["reviewer"] == "ann"


def test_reject_effect(desk: Desk) -> None:
    """A rejected effect is not executed, and the message is recorded."""
    thread = desk.over_limit()
    desk("review", thread, "--reject", "--message", "too dear", "--question", desk.question(thread), status=0)
    (effect,) = desk("show", thread, "--json").lines[0]["effects"].values()
    assert (effect["status"], effect["note"]) == ("declined", "too dear")
    assert desk.posted() == 0


def test_respond(desk: Desk) -> None:
    """What is said to the agents makes them try again."""
    desk.write("a.txt", "SHOP\nTOTAL 12.00\nCASH 20.00\n")
    (line,) = desk("run", "listening", "a.txt", "--json", status=3).lines
    (after,) = desk("review", line["thread"], "--respond", "13.00", "--json", status=0).lines
    assert after["values"]["total"] == "13.00"


def test_waits_again(desk: Desk) -> None:
    """An answer that leads to another question says so, with 3."""
    desk.write("a.txt", "SHOP\nTOTAL 300.00\nCASH 400.00\n")
    (line,) = desk("run", "desk", "a.txt", "--json", status=3).lines
    out = desk("review", line["thread"], "--approve", status=3).out
    assert f"{line['thread']} waits again: post: " in out
    assert f"(question {desk.question(line['thread'])})" in out


def test_question_that_is_meant(desk: Desk) -> None:
    """A flag that was meant for another question answers nothing, and an effect is not answered without its id."""
    desk.write("a.txt", "SHOP\nTOTAL 300.00\nCASH 400.00\n")
    (line,) = desk("run", "desk", "a.txt", "--json", status=3).lines
    thread, first = line["thread"], line["waits"][0]["id"]
    assert f"question {first[:8]}: approve" in desk("review").out
    assert f"question {first[:8]}" in desk("show", thread).out
    desk("review", thread, "--approve", "--question", first[:4], status=3)
    second = desk.question(thread)
    for meant in ([], ["--question", first[:8]]):
        refused = desk("review", thread, "--approve", *meant, status=2).err
        assert f"{second}, about post (company: SHOP, total: 300.00)" in " ".join(refused.split())
    assert desk.posted() == 0
    desk("review", thread, "--approve", "--question", second, status=0)
    assert desk.posted() == 1


def test_failed_step(desk: Desk) -> None:
    """Where a step fails after the answer, the answer is taken, and the next run goes on from there."""
    thread = desk.over_limit()
    question = desk.question(thread)
    desk.write("broken", "")
    out = desk("review", thread, "--approve", "--question", question, status=1).out
    assert f"{thread} is unfinished: " in out
    assert "no connection" in out
    (desk.folder / "broken").unlink()
    (line,) = desk("run", "desk", "note-0.txt", "--json", status=0).lines
    assert (line["thread"], line["status"]) == (thread, "settled")
    assert desk.posted() == 1


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--edit", "total=abc"], "field 'total': got 'abc'"),
        (["--edit", "totl=1"], "unknown name 'totl'"),
        (["--edit", "total"], "'total'"),
        (["--edit", "total=1", "--edit", "total=2"], "--edit of one name twice"),
        (["--respond", "hello"], "'respond' is not allowed here"),
        (["--approve", "--reason", "whim"], "unknown reason code 'whim'"),
    ],
)
def test_wrong_answer(desk: Desk, flags: list[str], message: str) -> None:
    """A wrong answer is refused with its fault, and the question stays open."""
    thread = desk.waiting()
    ended = desk("review", thread, *flags, status=2)
    assert message in ended.err
    assert desk("review", "--json").lines[0]["thread"] == thread
    desk("review", thread, "--approve", status=0)


def test_tie(desk: Desk) -> None:
    """Of values that tie none is approved, by itself or with others; it is said which they are, and how to choose."""
    names = [desk.write(f"{name}.txt", f"{name}\nTOTAL 12\nTOTAL 14\nTOTAL 13\n") for name in ("A", "B")]
    lines = desk("run", "desk", *names, "--json").lines
    thread = lines[0]["thread"]
    for flags in (["--approve"], ["--approve", "--like", "--yes"]):
        said = " ".join(desk("review", thread, *flags, status=2).err.split())
        assert "field 'total' is a tie between 12, 13 and 14: choose one with `edit`" in said
    assert {line["thread"] for line in desk("review", "--json").lines} == {line["thread"] for line in lines}
    desk("review", thread, "--edit", "total=13", "--like", "--yes", status=0)
    assert desk("review", "--json").out == ""


def test_long_values(desk: Desk) -> None:
    """A value of any length is shown by its beginning and its length, at the prompt and afterwards; JSON has it all."""
    thread = desk.over_limit("B" * 5_000)
    out = desk("review", thread, stdin="edit\n\n\n\n", status=0).out
    assert "(5,000 characters)" in out
    assert "B" * 2_500 not in "".join(out.split())
    shown = desk("show", thread).out
    assert "(5,000 characters)" in shown
    assert "B" * 2_500 not in "".join(shown.split())
    assert desk("show", thread, "--json").lines[0]["decisions"]["company"]["value"] == "B" * 5_000


def test_wrong_argument(desk: Desk) -> None:
    """An argument that the effect's identity cannot take is refused, and the effect can be answered afterwards."""
    thread = desk.over_limit()
    meant = ("--question", desk.question(thread))
    assert "argument 'total': got 'abc'" in desk("review", thread, "--edit", "total=abc", *meant, status=2).err
    desk("review", thread, "--edit", "total=50.00", *meant, status=0)
    assert desk.posted() == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["x", "--approve", "--reject"],
        ["x", "--approve", "--message", "m"],
        ["--approve"],
        ["x", "--json"],
        ["x", "--question", "1"],
    ],
)
def test_usage(desk: Desk, arguments: list[str]) -> None:
    """Flags that do not go together are a usage error."""
    assert "Usage:" in desk("review", *arguments, status=2).err


def test_interview(desk: Desk) -> None:
    """At the terminal a value that does not fit is asked again at once, and the next question follows."""
    desk.write("a.txt", "SHOP\nTOTAL 300.00\nCASH 400.00\n")
    (line,) = desk("run", "desk", "a.txt", "--json", status=3).lines
    typed = ["nonsense", "edit", "abc", "310.00", "whim", "misread", "approve", ""]
    ended = desk("review", line["thread"], stdin="\n".join(typed) + "\n", status=0)
    for part in (
        "total  300.00  contested",
        "dissent   largest",
        "«300.00»",
        "take it as proposed",
        "waits again: post",
    ):
        assert part in ended.out, part
    assert "'nonsense' could be none of these" in ended.out
    assert "'whim' is none of them" in ended.out
    assert "field 'total'" in ended.err
    assert "'abc'" in ended.err
    shown = desk("show", line["thread"], "--json").lines[0]
    assert (shown["values"]["total"], shown["decisions"]["total"]["reason_code"]) == ("310.00", "misread")
    assert desk.posted() == 1


def test_skip(desk: Desk) -> None:
    """A question may be left open."""
    thread = desk.waiting()
    assert "Left open." in desk("review", thread, stdin="skip\n", status=3).out
    assert desk("review", "--json").lines[0]["thread"] == thread


def test_end_of_input(desk: Desk) -> None:
    """Input that ends without an answer is an error, and the question stays open."""
    thread = desk.waiting()
    assert "the question is still open" in " ".join(desk("review", thread, stdin="", status=2).err.split())
    assert desk("review", "--json").lines[0]["thread"] == thread


def test_graph_option(desk: Desk) -> None:
    """The graph is the one that the thread was run with; `--graph` takes another, of the same team."""
    thread = desk.waiting()
    assert "the team 'tables'" in desk("review", thread, "--approve", "--graph", "desk:tables", status=2).err
    (desk.folder / "langgraph.json").unlink()
    assert "no langgraph.json" in " ".join(desk("review", thread, "--approve", status=2).err.split())
    desk("review", thread, "--approve", "--graph", "desk:team", status=0)
