"""`quorate review` of what a team within the team asks: its questions are answered, handed on and moved on as any."""

from __future__ import annotations

import pytest
from tests.command.desk import Desk

TEAMS = """
from decimal import Decimal

from desk import Note, Sale, largest, labelled, first_line, post, team
from pydantic import BaseModel
from quorate import Claim, Policy, Supervisor, agent


class Count(BaseModel):
    company: str
    total: Decimal
    note: str


@agent(writes={"note": str}, capability="reasoning")
def note(company: str, total: Decimal):
    return Claim("note", f"{company} {total}", 0.9)


class Read(BaseModel):
    company: str
    total: Decimal


def office(policy=None, **review):
    reading = Supervisor(
        "reading", request=Note, outcome=Read, agents=[first_line, labelled, largest],
        policy=Policy.parse({"review": review}),
    )
    return Supervisor(
        "office", request=Note, outcome=Count, agents=[reading.as_agent(), note],
        policy=Policy.parse(policy or {"defaults": {"accept": 0.4}}),
    )


def one():
    return office(reason_codes=["misread"])


def two():
    return office(reviewers=2)


def soon():
    return office(deadline=0.001)


def later():
    return office(deadline="P9D", escalate=[{"after": 0.001, "to": ["lead"]}])


def posting():
    return Supervisor(
        "office", request=Note, outcome=Sale, agents=[team().as_agent()],
        policy=Policy.parse({"defaults": {"accept": 0.4}}),
    )
"""


@pytest.fixture
def teams(desk: Desk) -> Desk:
    """The desk, with teams in which another team reads the notes."""
    desk.write("teams.py", TEAMS)
    return desk


def waiting(desk: Desk, graph: str, text: str = "SHOP\nTOTAL 12.00\nCASH 20.00\n") -> str:
    """A thread whose inner team waits for a person; its id."""
    (line,) = desk("run", f"teams:{graph}", desk.write("note.txt", text), "--json", status=3).lines
    return str(line["thread"])


def test_answer(teams: Desk) -> None:
    """A question of the inner team is answered by flags, and both teams go on."""
    thread = waiting(teams, "one")
    assert thread in teams("review", status=0).out
    (after,) = teams("review", thread, "--edit", "total=20", "--json", status=0).lines
    assert after["values"] == {"company": "SHOP", "total": "20", "note": "SHOP 20"}
    assert teams("show", thread, "--json").lines[0]["decisions"]["total"]["by"] == "person:ann"


def test_at_the_terminal(teams: Desk) -> None:
    """The person at the terminal sees the inner team's claims, and answers."""
    thread = waiting(teams, "one")
    out = teams("review", thread, stdin="approve\n", status=0).out
    assert "12.00  contested" in out
    assert "labelled" in out
    assert "largest" in out
    assert f"{thread} is settled" in out


@pytest.mark.parametrize(
    "answer, message",
    [
        (["--edit", "total=much"], "decimal"),
        (["--edit", "colour=red"], "unknown name 'colour'"),
        (["--respond", "look again"], "'respond' is not allowed here"),
        (["--approve", "--reason", "hunch"], "unknown reason code 'hunch'; use one of misread"),
    ],
)
def test_wrong_answer(teams: Desk, answer: list[str], message: str) -> None:
    """The inner team refuses what does not fit, by its own policy, and its question stays open."""
    thread = waiting(teams, "one")
    refused = " ".join(teams("review", thread, *answer, status=2).err.split())
    assert message in refused
    assert "the question is still open" in refused
    teams("review", thread, "--approve", "--reason", "misread", status=0)


def test_two_people(teams: Desk) -> None:
    """Where two people must agree within, the same person is refused there too."""
    thread = waiting(teams, "two")
    teams("review", thread, "--approve", status=3)
    refused = " ".join(teams("review", thread, "--approve", "--reviewer", "ANN", status=2).err.split())
    assert "'ANN' has answered about 'total' already" in refused
    teams("review", thread, "--assign", "bob", status=3)
    assert "is for bob" in teams("review", thread, "--approve", "--reviewer", "cid", status=2).err
    teams("review", thread, "--approve", "--reviewer", "bob", status=0)
    decision = teams("show", thread, "--json").lines[0]["decisions"]["total"]
    assert (decision["by"], decision["value"]) == ("person:ann, bob", "12.00")


def test_overdue(teams: Desk) -> None:
    """What nobody answers within in time stays open, and what depends on it has no value."""
    thread = waiting(teams, "soon")
    (line,) = teams("review", "--overdue", "--json", status=0).lines
    assert line["thread"] == thread
    assert "total" not in line["values"]
    assert "note" not in line["values"]
    assert not teams("review", "--overdue", "--json", status=0).lines


def test_escalation(teams: Desk) -> None:
    """An overdue question of the inner team goes up its ladder, and waits there."""
    thread = waiting(teams, "later")
    (line,) = teams("review", "--overdue", "--json", status=0).lines
    assert (line["thread"], line["status"], line["waits"][0]["to"]) == (thread, "waiting", ["lead"])
    teams("review", thread, "--approve", status=0)


def test_effect(teams: Desk) -> None:
    """An effect of the inner team is approved under the id of its question, and executed once."""
    thread = waiting(teams, "posting", "SHOP\nTOTAL 499.00\n")
    assert "without its id" in " ".join(teams("review", thread, "--approve", status=2).err.split())
    assert teams.posted() == 0
    teams("review", thread, "--approve", "--question", teams.question(thread), status=0)
    assert teams.posted() == 1
