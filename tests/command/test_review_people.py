"""`quorate review` with several people: agreement, handing on, deadlines, like cases, answers as JSON, statistics."""

from __future__ import annotations

import json

import pytest
from tests.command.desk import Desk

PEOPLE = """
from desk import team
from quorate import Policy


def made(**review):
    return team(policy=Policy.parse({"effects": {"post": {"approve": True}}, "review": review}))


def two():
    return made(reviewers=2)


def kept():
    return made(to=["lead"], roles={"lead": ["bob", "cid"]})


def soon():
    return made(deadline=0.001)


def later():
    return made(deadline="P9D", escalate=[{"after": 0.001, "to": ["lead"]}])
"""


@pytest.fixture
def people(desk: Desk) -> Desk:
    """The desk, with teams whose policies ask several people."""
    desk.write("people.py", PEOPLE)
    return desk


def waiting(desk: Desk, graph: str, *companies: str) -> list[str]:
    """Threads whose total waits for people; their ids."""
    names = [desk.write(f"{each}.txt", f"{each}\nTOTAL 12.00\nCASH 20.00\n") for each in companies or ("SHOP",)]
    return [line["thread"] for line in desk("run", f"people:{graph}", *names, "--json", status=3).lines]


def test_two_people(people: Desk) -> None:
    """The list and the question say how many must agree and what was said; the same person is refused."""
    (thread,) = waiting(people, "two")
    assert "2 people must agree" in people("review").out
    assert "waits again" in people("review", thread, "--approve", status=3).out
    listed = people("review").out
    assert "ann, " in listed
    assert "approve total: 12.00" in listed
    refused = " ".join(people("review", thread, "--approve", "--reviewer", " ANN", status=2).err.split())
    assert "' ANN' has answered about 'total' already" in refused
    (after,) = people("review", thread, "--approve", "--reviewer", "bob", "--json", status=0).lines
    assert after["values"]["total"] == "12.00"
    decision = people("show", thread, "--json").lines[0]["decisions"]["total"]
    assert decision["by"] == "person:ann, bob"


def test_interview_of_one_of_two(people: Desk) -> None:
    """At the terminal a person is not asked again what others must agree on."""
    (thread,) = waiting(people, "two")
    out = people("review", thread, stdin="approve\n", status=3).out
    assert out.count("take it as proposed") == 1
    assert "ann: 12.00" in out


def test_hand_on(people: Desk) -> None:
    """A question is handed on by a flag or at the terminal, and is then for those alone."""
    (thread,) = waiting(people, "two")
    refused = " ".join(people("review", thread, "--assign", "bob", status=2).err.split())
    assert "2 more people must agree, and 1 of those named can still answer" in refused
    people("review", thread, "--assign", "bob", "--assign", "cid", status=3)
    assert "asked: bob, cid" in people("review").out
    assert "is for bob, cid" in people("review", thread, "--approve", status=2).err
    out = people("review", thread, "--reviewer", "bob", stdin="hand\ncid, dan\n", status=3).out
    assert "hand the question on" in out
    assert people("review", "--json").lines[0]["waits"][0]["to"] == ["cid", "dan"]


def test_kept_for_a_role(people: Desk) -> None:
    """A question for a role is answered by its people."""
    (thread,) = waiting(people, "kept")
    assert "the question is for lead; 'ann' is not" in people("review", thread, "--approve", status=2).err
    said = " ".join(people("review", thread, "--approve", status=2).err.split())
    assert "expected an answer of bob, cid fix let one of them answer: the question is still open" in said
    said = " ".join(people("review", thread, "--assign", "dan", status=2).err.split())
    assert "dan may not answer it expected some of bob, cid fix hand it to one of them" in said
    people("review", thread, "--approve", "--reviewer", "Bob", status=0)


def test_overdue(people: Desk) -> None:
    """What nobody answers in time stays open, and is posted nowhere; what is not overdue waits."""
    (late,) = waiting(people, "soon", "LATE")
    (open_,) = waiting(people, "two", "OPEN")
    out = people("review", "--overdue", status=0).out
    assert f"{late} unsettled: " in out
    assert "total: left open: nobody answered in time" in out
    assert "1 question overdue" in out
    assert people("review", "--overdue", status=0).out.startswith("Nothing overdue")
    assert [line["thread"] for line in people("review", "--json").lines] == [open_]
    shown = people("show", late).out
    assert "closed" in shown
    assert "a person" not in shown
    decision = people("show", late, "--json").lines[0]["decisions"]["total"]
    assert (decision["by"], decision["value"], decision["locked"]) == ("policy:deadline", None, True)
    assert people.posted() == 0


def test_escalation(people: Desk) -> None:
    """An overdue question with a ladder goes up, and waits there; `--json` gives a line for each."""
    (thread,) = waiting(people, "later")
    (line,) = people("review", "--overdue", "--json", status=0).lines
    assert (line["thread"], line["status"], line["waits"][0]["to"]) == (thread, "waiting", ["lead"])
    assert "gone up to lead" in line["reason"]
    assert not people("review", "--overdue", "--json", status=0).lines
    people("review", thread, "--approve", status=0)


def test_overdue_without_its_graph(people: Desk) -> None:
    """A thread that cannot be moved on is named, and the others are moved on."""
    first, second = waiting(people, "soon", "ONE", "TWO")
    people.write("people.py", PEOPLE.replace("def soon", "def gone"))
    assert "soon" in people("review", "--overdue", status=1).err
    people.write("people.py", PEOPLE)
    assert {line["thread"] for line in people("review", "--overdue", "--json", status=0).lines} == {first, second}


def test_answer_as_json(people: Desk) -> None:
    """An answer is given as JSON in LangChain's form or that of Agent Inbox, on the line or on stdin."""
    first, second = waiting(people, "kept", "ONE", "TWO")
    people("review", first, "--answer", '{"decisions": [{"type": "approve"}], "reviewer": "bob"}', status=0)
    edit = [{"type": "edit", "args": {"action": "decide", "args": {"total": "13.00"}}}]
    people("review", second, "--answer", "-", "--reviewer", "cid", stdin=json.dumps(edit), status=0)
    decision = people("show", second, "--json").lines[0]["decisions"]["total"]
    assert (decision["value"], decision["by"]) == ("13.00", "person:cid")


@pytest.mark.parametrize("given", ["{", "[]", '{"type": "agree"}', '"approve"'])
def test_wrong_json(people: Desk, given: str) -> None:
    """An answer that is none is refused, and the question stays open."""
    (thread,) = waiting(people, "two")
    assert "question is still open" in " ".join(people("review", thread, "--answer", given, status=2).err.split())
    assert people("review", "--json").lines[0]["thread"] == thread


def test_like_cases(people: Desk) -> None:
    """One answer goes to all threads that ask the same, is recorded in each, and to no other."""
    first, second = waiting(people, "two", "ONE", "TWO")
    other = people.write("OTHER.txt", "OTHER\nTOTAL 13.00\nCASH 20.00\n")
    (line,) = people("run", "people:two", other, "--json", status=3).lines
    assert "the same is asked in 1 other thread" in people("review").out
    refused = people("review", first, "--approve", "--like", status=1)
    assert f"the same in {second}" in refused.out
    people("review", first, "--approve", "--like", "--yes", status=3)
    out = people("review", second, "--approve", "--like", "--yes", "--reviewer", "bob", status=0).out
    assert f"{first} is settled" in out
    assert f"{second} is settled" in out
    assert [each["thread"] for each in people("review", "--json").lines] == [line["thread"]]
    for thread in (first, second):
        assert people("show", thread, "--json").lines[0]["decisions"]["total"]["by"] == "person:ann, bob"


def test_like_cases_at_the_terminal(people: Desk) -> None:
    """After an answer at the terminal the like cases are offered."""
    waiting(people, "kept", "ONE", "TWO", "SIX")
    thread = people("review", "--json").lines[0]["thread"]
    out = people("review", thread, "--reviewer", "bob", stdin="approve\nyes\n", status=0).out
    assert "2 other threads ask the same" in out
    assert "Nothing waiting" in people("review").out
    waiting(people, "kept", "NEW", "OLD")
    thread = people("review", "--json").lines[0]["thread"]
    people("review", thread, "--reviewer", "bob", stdin="approve\nno\n", status=0)
    assert len(people("review", "--json").lines) == 1


def test_effects_are_answered_one_by_one(people: Desk) -> None:
    """No answer about an effect is given to several threads."""
    thread = people.over_limit()
    meant = ("--question", people.question(thread))
    refused = " ".join(people("review", thread, "--approve", *meant, "--like", "--yes", status=2).err.split())
    assert "which is answered by itself" in refused
    assert people.posted() == 0


def test_statistics(people: Desk) -> None:
    """Agreement and times by field and person, as a table and as JSON lines."""
    first, second = waiting(people, "kept", "ONE", "TWO")
    people("review", first, "--approve", "--reviewer", "bob", status=0)
    people("review", second, "--edit", "total=20.00", "--reviewer", "bob", status=0)
    out = people("review", "--stats", status=0).out
    assert "1 50%" in out
    assert "2 answers" in out
    (line,) = people("review", "--stats", "--json", status=0).lines
    assert {**line, "median_seconds": None} == {
        "field": "total",
        "reviewer": "bob",
        "answers": 2,
        "agreed": 1,
        "overridden": 1,
        "median_seconds": None,
        "bulk": 0,
        "agreement": 0.5,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["--overdue", "--stats"],
        ["x", "--overdue"],
        ["--stats", "--approve"],
        ["--like"],
        ["x", "--like"],
        ["x", "--respond", "m", "--like"],
        ["x", "--approve", "--assign", "bob"],
        ["x", "--approve", "--like", "--json"],
    ],
)
def test_usage(desk: Desk, arguments: list[str]) -> None:
    """Flags that do not go together are a usage error."""
    assert "Usage:" in desk("review", *arguments, status=2).err
