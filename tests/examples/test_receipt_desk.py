"""The receipt desk on its inbox: what each special receipt ends as."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from tests.fakes.desk_session import DeskSession, expected, sample, samples

from quorate.checkpoints import open_database


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[DeskSession]:
    with open_database(sqlite_url) as database:
        yield DeskSession(database)


def test_inbox(desk: DeskSession) -> None:
    """Each sample ends settled, waiting or rejected; all that is posted is as printed, and nothing else is posted."""
    turns = {name: desk.run(request, name) for name, request in samples().items()}
    assert {name for name, turn in turns.items() if turn.status == "rejected"} == {"13-empty", "27-wrong-shape"}
    assert {turn.status for turn in turns.values()} == {"settled", "waiting", "rejected"}
    assert [turn.faults for turn in turns.values() if turn.status != "rejected" and turn.faults] == []
    settled = {name for name, turn in turns.items() if turn.status == "settled"}
    printed = expected()
    posted = {name: {field: turns[name].values[field] for field in printed[name]} for name in settled & printed.keys()}
    assert posted == {name: printed[name] for name in posted}
    assert {turns[name].values["posted"]["key"] for name in settled} == {row["key"] for row in desk.rows}


@pytest.mark.parametrize(
    "name",
    ["06-two-dates", "07-total", "08-foreign", "10-over", "11-hidden", "15-pharmacy", "22-restaurant", "28-courier"],
)
def test_approved_as_printed(desk: DeskSession, name: str) -> None:
    """What the desk proposes on a difficult receipt is what is printed; approved, it is posted."""
    desk.run(sample(name), name)
    assert desk.approve_all(name).status == "settled"
    (row,) = desk.rows
    (printed,) = (values for case, values in expected().items() if case.startswith(name))
    assert {field: row[field] for field in printed} == printed


def test_two_dates(desk: DeskSession) -> None:
    """Of an invoice's day and its due day, the invoice's is the date."""
    decision = desk.run(sample("06-two-dates"), "06").decisions["date"]
    assert (decision.status, decision.value) == ("settled", "2018-04-30")


def test_total_among_other_sums(desk: DeskSession) -> None:
    """The total is told from subtotal, rounding, cash and change, without a person."""
    turn = desk.run(sample("07-total"), "07")
    assert turn.status == "settled"
    assert turn.values["total"] == "68.75"


def test_foreign_currency(desk: DeskSession) -> None:
    """An amount in another currency is not posted without a person, small as it is."""
    desk.run(sample("08-foreign"), "08")
    while desk.question("08").value["action_requests"][0]["name"] != "post":
        assert desk.answer("08").status == "waiting"
    action = desk.question("08").value["action_requests"][0]
    assert action["args"]["currency"] == "USD"
    assert "MYR" in action["description"]
    assert desk.rows == []
    assert desk.answer("08").status == "settled"
    assert [(row["currency"], row["total"]) for row in desk.rows] == [("USD", "148.00")]


def test_missing_total(desk: DeskSession) -> None:
    """A receipt without a total waits; a person cannot approve it, but write the total in, and it is posted."""
    turn = desk.run(sample("09-missing"), "09")
    assert turn.status == "waiting"
    assert turn.decisions["total"].status == "abstained"
    assert "total: nobody claimed a value" in turn.reason
    assert desk.question("09").value["review_configs"][0]["allowed_decisions"] == ["edit", "reject"]
    with pytest.raises(ValidationError, match="'approve' is not allowed here; answer with one of edit, reject"):
        desk.answer("09")
    with pytest.raises(ValidationError, match="field 'total': got 'twelve'"):
        desk.answer("09", "edit", total="twelve")
    assert desk.rows == []
    turn = desk.answer("09", "edit", total="12.40")
    assert turn.status == "settled"
    assert turn.decisions["total"].by == "person:ann"
    assert [(row["company"], row["total"]) for row in desk.rows] == [("WARUNG PAK DIN", "12.40")]


@pytest.mark.parametrize(
    "name, edit",
    [
        ("09", {"total": "0"}),
        ("09", {"total": "-5.00"}),
        ("09", {"total": "1e30"}),
        ("09", {"total": "1.234"}),
        ("24", {"company": " - "}),
    ],
)
def test_nonsense_written_in(desk: DeskSession, name: str, edit: dict[str, str]) -> None:
    """What cannot be the total or the company of a receipt is refused, whoever says it."""
    desk.run(sample(name), name)
    (field,) = edit
    with pytest.raises(ValidationError, match=f"field '{field}': got "):
        desk.answer(name, "edit", **edit)
    assert desk.turn(name).status == "waiting"
    assert desk.rows == []


def test_over_the_limit(desk: DeskSession) -> None:
    """An amount over the approval limit waits, settled as it is, and is posted when a person approves."""
    turn = desk.run(sample("10-over"), "10")
    assert turn.status == "waiting"
    assert turn.values["total"] == "2480.00"
    assert "500" in turn.reason
    assert desk.rows == []
    turn = desk.answer("10")
    assert turn.status == "settled"
    assert [(effect.status, effect.by) for effect in turn.effects.values()] == [("done", "person:ann")]
    assert [row["total"] for row in desk.rows] == ["2480.00"]


def test_hidden_instruction(desk: DeskSession) -> None:
    """A receipt that speaks to its reader waits, and the amount that it asks for is not the one proposed."""
    turn = desk.run(sample("11-hidden"), "11")
    assert turn.status == "waiting"
    assert "holds an instruction" in turn.reason
    assert desk.question("11").value["action_requests"][0]["args"] == {"total": "38.00"}
    assert desk.rows == []


@pytest.mark.parametrize(
    "name, message",
    [
        ("27-wrong-shape", "3 words but 1 boxes; give one box for each word, or leave `boxes` out"),
        ("13-empty", "the page is empty; give `words`, or `text` with at least one line"),
    ],
)
def test_wrong_request(desk: DeskSession, name: str, message: str) -> None:
    """A request of the wrong shape is rejected at the entry with a message that says what to do."""
    turn = desk.run(sample(name), name)
    assert turn.status == "rejected"
    assert message in turn.faults[0].message
    assert turn.claims == ()
    assert desk.rows == []


def test_bytes_as_text(desk: DeskSession) -> None:
    """The bytes of a picture, sent as text, are rejected as no text."""
    turn = desk.run({"text": bytes(range(256)).decode("latin-1")}, "14")
    assert turn.status == "rejected"
    assert "control character U+0000" in turn.faults[0].message


def test_far_future(desk: DeskSession) -> None:
    """A day in the far future is nobody's date; a person writes the right one in."""
    turn = desk.run(sample("23-future"), "23")
    assert turn.status == "waiting"
    assert turn.decisions["date"].status == "abstained"
    assert desk.answer("23", "edit", date="2017-12-12").status == "settled"
    assert [row["date"] for row in desk.rows] == ["2017-12-12"]


def test_no_company(desk: DeskSession) -> None:
    """Where no company is printed, none is made up."""
    turn = desk.run(sample("24-no-company"), "24")
    assert turn.status == "waiting"
    assert turn.decisions["company"].value is None
    assert "company: nobody claimed a value" in turn.reason


def test_sums_that_contradict(desk: DeskSession) -> None:
    """A printed total that lines and change contradict is not posted unseen; what a person writes in instead is."""
    turn = desk.run(sample("25-arithmetic"), "25")
    assert turn.status == "waiting"
    decision = turn.decisions["total"]
    assert (decision.status, decision.value) == ("contested", "206.00")
    assert decision.dissent
    assert desk.answer("25", "edit", total="260.00").status == "settled"
    assert [row["total"] for row in desk.rows] == ["260.00"]


def test_day_before_month(desk: DeskSession) -> None:
    """04/06 is the fourth of June, as it is written in Malaysia."""
    assert desk.run(sample("29-day"), "29").values["date"] == "2018-06-04"
