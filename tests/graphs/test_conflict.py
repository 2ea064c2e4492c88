"""The taxonomy: in which ways the claims on a field do not fit together."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import Claim, Conflict, Field, FieldPolicy, Items, Passage, Policy, Quote
from quorate.graphs import Context, conflicts, decide

TOTAL = Field("total", Decimal)


def claim(value: str, confidence: float, agent: str, *evidence: Any, **more: Any) -> Claim:
    return Claim("total", value, confidence, evidence, agent=agent, **more)


def found(*claims: Claim, quorum: int = 1, **more: Any) -> dict[str, Conflict]:
    decision = decide(TOTAL, claims, Policy(fields={"total": FieldPolicy(quorum=quorum)}), Context({}, {}))
    all_of_them = conflicts(TOTAL, decision, claims, quorum=quorum, **more)
    by_kind = {each.kind: each for each in all_of_them}
    assert len(by_kind) == len(all_of_them)
    return by_kind  # type: ignore[return-value]


def test_nothing_to_disagree_about() -> None:
    """One value, however doubtful, is no conflict; nor are no claims."""
    assert found(claim("12", 0.2, "a"), claim("12.00", 0.1, "b")) == {}
    assert found() == {}


def test_value() -> None:
    """The dissenters are named with what they claim and how sure they are."""
    one = found(claim("12", 0.9, "a"), claim("15", 0.6, "c"), claim("17", 0.5, "d"), claim("15.0", 0.8, "b"))
    assert one == {
        "value": Conflict("value", ("b", "c", "d"), "against 12: 15.0 by b (0.80), c (0.60); 17 by d (0.50)")
    }


def test_agent_with_two_candidates() -> None:
    """An agent that claims two values is against its own first."""
    assert found(claim("12", 0.8, "a"), claim("15", 0.3, "a"))["value"] == Conflict(
        "value", ("a",), "against 12: 15 by a (0.30)"
    )


def test_many_values() -> None:
    """Of many values the first four are told."""
    note = found(claim("12", 0.9, "a"), *(claim(str(30 + i), 0.5, f"b{i}") for i in range(6)))["value"].note
    assert note.endswith("33 by b3 (0.50); and 2 more values")


def test_many_agents() -> None:
    """Of many agents the first three are told; the conflict holds all."""
    one = found(claim("12", 0.99, "a"), *(claim("15", 0.2, f"b{i}") for i in range(6)))["value"]
    assert one.note == "against 12: 15 by b0 (0.20), b1 (0.20), b2 (0.20) and 3 more"
    assert len(one.agents) == 6


def test_tie() -> None:
    """All values that are level are in the tie, and no other."""
    one = found(claim("12", 0.8, "a"), claim("15", 0.8, "b"), claim("17", 0.7, "c"))
    assert one["tie"] == Conflict("tie", ("a", "b"), "12 and 15 have the same support")
    three = found(claim("12", 0.8, "a"), claim("15", 0.8, "b"), claim("17", 0.8, "c"))
    assert three["tie"].note == "12, 15 and 17 have the same support"


def test_quorum() -> None:
    """Too few voters: who they are, and who said nothing."""
    assert found(claim("12", 0.8, "a"), quorum=2, silent=("c", "b"))["quorum"] == Conflict(
        "quorum", ("a",), "1 of 2 needed: a claimed a value; b, c claimed nothing"
    )
    assert "quorum" not in found(claim("12", 0.8, "a"), claim("15", 0.1, "b"), quorum=2)


def test_format() -> None:
    """Two values that may be one thing are told apart from two things."""
    one = found(claim("12.50", 0.8, "a"), claim("1250", 0.7, "b"), claim("99", 0.5, "c"))
    assert one["format"] == Conflict("format", ("b",), "12.50 and 1250: a factor of 100")
    assert "format" not in found(claim("12.50", 0.8, "a"), claim("99", 0.5, "c"))


def test_evidence_at_different_places() -> None:
    """Two values that were both seen are a conflict of the evidence; an unfounded one is not."""
    one = found(claim("12", 0.9, "a", Quote("text", 0, 2)), claim("15", 0.6, "b", Passage("register", "7")))
    assert one["evidence"] == Conflict("evidence", ("b",), "12 was seen at text[0:2], 15 at register 7")
    assert "evidence" not in found(claim("12", 0.9, "a", Quote("text", 0, 2)), claim("15", 0.6, "b"))
    assert "evidence" not in found(claim("12", 0.9, "a"), claim("15", 0.6, "b", Quote("text", 0, 2)))


def test_evidence_at_one_place() -> None:
    """One place that is read in two ways is told as such."""
    for mine, theirs, told in (
        (Quote("text", 0, 4), Quote("text", 3, 6), "text[3:6]"),
        (Items("words", (1, 2)), Items("words", (2, 3)), "words[2,3]"),
        (Passage("register", "7"), Passage("register", "7", "other"), "register 7"),
    ):
        one = found(claim("12", 0.9, "a", Quote("text", 90, 91), mine), claim("15", 0.6, "b", theirs))
        assert one["evidence"].note == f"{told} is read as 12 and as 15"
    apart = found(claim("12", 0.9, "a", Quote("text", 0, 4)), claim("15", 0.6, "b", Quote("text", 4, 6)))
    assert apart["evidence"].note == "12 was seen at text[0:4], 15 at text[4:6]"


def test_stale() -> None:
    """What an agent claimed before its inputs changed is told."""
    one = found(claim("12", 0.5, "a"), stale=[claim("15", 0.9, "b"), claim("16", 0.1, "b")])
    assert one["stale"] == Conflict("stale", ("b",), "b claimed 15, 16 before its inputs changed, and not since")


def test_veto() -> None:
    """A veto comes first, with its reasons."""
    one = found(claim("12", 0.9, "a"), claim("15", 0.2, "b"), vetoes={"b": "rule 'auditor'"})
    assert list(one) == ["veto", "value"]
    assert one["veto"] == Conflict("veto", ("b",), "b: rule 'auditor'")


claims = st.builds(
    claim,
    st.sampled_from(["12", "12.0", "15", "1200"]),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.sampled_from("abc"),
    st.builds(Quote, st.just("text"), st.integers(0, 3), st.integers(4, 6)),
    reason=st.sampled_from(["", "r"]),
)


@given(st.lists(claims, max_size=6), st.integers(1, 3), st.randoms())
def test_order_does_not_matter(ballot: list[Claim], quorum: int, random: Any) -> None:
    """Permuting the claims changes no word."""
    shuffled = list(ballot)
    random.shuffle(shuffled)
    assert list(found(*ballot, quorum=quorum).values()) == list(found(*shuffled, quorum=quorum).values())
