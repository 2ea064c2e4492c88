"""Labels and statistics read back from checkpoints: what people said, with the claims at that time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.types import Command
from tests.fakes.desk import AGENTS, desk, thread
from tests.fakes.projected import query

from quorate import Claim, agent
from quorate.checkpoints import Database, open_database
from quorate.checkpoints.projection.projection import project
from quorate.evals import Label, labels, review_statistics
from quorate.graphs import Turn

UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}
TWO = {"fields": {"category": {"accept": 0.5}, "total": {"reviewers": 2}}}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'desk.db'}") as opened:
        yield opened


def talk(database: Database, *answers: Any, name: str = "1", given: Any = UNSURE, **options: Any) -> Turn:
    """A thread of the desk whose questions are answered so."""
    team = desk(**options)
    with database.saver() as saver:
        graph = team.compile(saver)
        values = graph.invoke(given, thread(name))
        for answer in answers:
            (question,) = values["__interrupt__"]
            values = graph.invoke(Command(resume={question.id: answer}), thread(name))
        return team.read(values)


def edit(who: str, total: str) -> dict[str, Any]:
    return {"decisions": [{"type": "edit", "edited_action": {"args": {"total": total}}}], "reviewer": who}


def short(label: Label) -> tuple[Any, ...]:
    return label.thread, label.turn, label.field, label.value, label.reviewer, label.kind, label.final


def test_each_review_is_a_label(database: Database) -> None:
    """A review of a field is a label with the value, the person, and the claims that were there."""
    talk(database, {"type": "approve", "reviewer": "ann"})
    (label,) = labels(database)
    assert short(label) == ("1", 1, "total", "12.00", "ann", "approve", True)
    assert [(claim.agent, claim.value) for claim in label.claims] == [("by_label", "12.00"), ("by_size", "20.00")]
    assert label.at
    assert not label.like


def test_those_who_were_not_followed(database: Database) -> None:
    """An opinion that others did not share is a label only where all are wanted."""
    answers = [{"type": "approve", "reviewer": "ann"}, edit("bob", "20"), edit("cid", "20.00")]
    talk(database, *answers, policy=TWO)
    assert [short(each)[3:] for each in labels(database, final=False)] == [
        ("12.00", "ann", "approve", False),
        ("20", "bob", "edit", True),
        ("20.00", "cid", "edit", True),
    ]
    assert [each.reviewer for each in labels(database)] == ["bob", "cid"]


def test_rejections_and_open_questions(database: Database) -> None:
    """A rejection is a label without a value; a question that nobody has answered is none."""
    talk(database, {"type": "reject", "reviewer": "ann"})
    talk(database, name="2")
    assert [(each.thread, each.value, each.final) for each in labels(database)] == [("1", None, True)]


def test_effects_are_no_labels(database: Database) -> None:
    """What people say of an effect is no label: there is no right value of it, also where its field is closed by it."""
    clear = {"request": {"text": "ACME TOTAL 12.00"}}
    asked = {"fields": {"category": {"accept": 0.5}}, "effects": {"post": {"approve": False}}}
    turn = talk(database, {"type": "reject", "reviewer": "ann"}, given=clear, posting=True, policy=asked)
    assert turn.decisions["posted"].by == "person:ann"
    assert talk(database, given=clear, posting=True, policy=asked).number == 2
    assert list(labels(database, final=False)) == []
    (figures,) = review_statistics(database)
    assert (figures.field, figures.answers, figures.overridden) == ("posted", 1, 1)


def test_names_with_commas(database: Database) -> None:
    """Whose value was taken does not hang on how the names are written."""
    answers = [edit("Roe, Ann", "20"), {"type": "approve", "reviewer": "ann"}, edit("bob", "20.00")]
    talk(database, *answers, policy=TWO)
    assert [each.reviewer for each in labels(database)] == ["Roe, Ann", "bob"]


def test_claims_at_that_time(database: Database) -> None:
    """Claims that came after the opinion are not among those of its label."""

    @agent(writes={"total"}, capability="reasoning")
    def listener(messages: list[Any]) -> Claim | None:
        return Claim("total", "20.00", 0.5) if messages else None

    answers = [
        {"type": "approve", "reviewer": "ann"},
        {"type": "respond", "message": "look again", "reviewer": "bob"},
        edit("ann", "20"),
        edit("bob", "20"),
    ]
    talk(database, *answers, agents=(*AGENTS, listener), policy=TWO)
    seen = [(each.reviewer, len(each.claims), each.final) for each in labels(database, final=False)]
    assert seen == [("ann", 2, False), ("ann", 3, True), ("bob", 3, True)]


def test_every_turn(database: Database) -> None:
    """The labels of earlier turns are read too, newest turn first; a correction is a label of its own."""
    talk(database, {"type": "approve", "reviewer": "ann"})
    talk(database, edit("bob", "14"), given={"request": {"text": "ZETA TOTAL 13.00 CASH 15.00"}})
    team = desk()
    with database.saver() as saver:
        graph = team.compile(saver)
        update = team.correction(graph.get_state(thread()).values, {"total": "13"}, reviewer="cid")
        graph.update_state(thread(), update, as_node="review")
        graph.invoke(None, thread())
    found = [short(each)[1:] for each in labels(database, final=False)]
    assert found == [
        (2, "total", "14", "bob", "edit", False),
        (2, "total", "13", "cid", "correct", True),
        (1, "total", "12.00", "ann", "approve", True),
    ]


def test_the_same_again(database: Database) -> None:
    """What a person decided is not asked again in a new turn about the same, and is one label."""
    talk(database, {"type": "approve", "reviewer": "ann"})
    for number in (2, 3):
        turn = talk(database)
        assert (turn.number, turn.status, turn.values["total"]) == (number, "settled", "12.00")
        assert turn.decisions["total"].by == "person:ann"
    assert [short(each)[:2] for each in labels(database)] == [("1", 1)]
    other = talk(database, given={"request": {"text": "ACME TOTAL 12.00 CASH 21.00"}})
    assert (other.status, other.decisions["total"].locked) == ("waiting", False)


def test_older_records(database: Database) -> None:
    """Of a thread from before opinions were recorded the decision is the label."""
    talk(database, {"type": "approve", "reviewer": "ann"})
    team = desk()
    with database.saver() as saver:
        graph = team.compile(saver)
        from langgraph.types import Overwrite

        graph.update_state(thread(), {"opinions": Overwrite([])}, as_node="review")
    assert [short(each) for each in labels(database)] == [("1", 1, "total", "12.00", "ann", "", True)]


def test_statistics(database: Database) -> None:
    """Agreement, overrides and bulk answers by field and person, the same in the command's figures and in the view."""
    for name, answer in enumerate(
        [
            {"type": "approve", "reviewer": "ann"},
            {"type": "approve", "reviewer": "Ann", "like": "x"},
            edit("ann", "20"),
            {"type": "reject", "reviewer": "bob"},
        ]
    ):
        talk(database, answer, name=str(name))
    talk(database, name="open")
    ann, bob = review_statistics(database)
    assert (ann.field, ann.answers, ann.agreed, ann.overridden, ann.bulk) == ("total", 3, 2, 1, 1)
    assert ann.agreement == pytest.approx(2 / 3)
    assert ann.median_seconds is not None
    assert ann.median_seconds >= 0
    assert (bob.answers, bob.agreement) == (1, 0.0)


def test_statistics_as_a_view(database: Database, empty_postgres_url: str) -> None:
    """The view of the projection gives the same figures; of an even number of times the median is between two."""
    for number, who in enumerate(["ann", "ann", "ann", "ann", "bob"]):
        answer = edit(who, "20") if number == 3 else {"type": "approve", "reviewer": who}
        talk(database, answer, name=str(number))
    talk(database, {"type": "approve", "reviewer": "ann", "like": "x"}, name="bulk")
    project(database)
    project(database, to=empty_postgres_url)
    expected = [
        {
            "field": each.field,
            "reviewer": each.reviewer,
            "answers": each.answers,
            "agreed": each.agreed,
            "overridden": each.overridden,
            "agreement": pytest.approx(each.agreement),
            "median_seconds": pytest.approx(each.median_seconds, abs=0.002),
            "bulk": each.bulk,
        }
        for each in review_statistics(database)
    ]
    assert [row["answers"] for row in expected] == [5, 1]
    for url in (database.url, empty_postgres_url):
        assert query(url, "SELECT * FROM review_statistics") == expected
