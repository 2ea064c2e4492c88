"""What is put on a screen: foreign text, values, evidence, exit statuses."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.command.evidence import in_context
from quorate.command.exit_status import exit_status
from quorate.command.location import Location
from quorate.command.printable import id_of, line_of, printable, text_of
from quorate.contracts import Evidence, Items, Passage, Quote


@given(st.text())
def test_printable(text: str) -> None:
    """No control character but line break and tab is left, and harmless text stays as it is."""
    shown = printable(text)
    assert all(char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs") for char in shown)
    if text.isprintable() and text.isascii():
        assert shown == text


@given(st.text(), st.integers(1, 50))
def test_id(text: str, most: int) -> None:
    """An id stands on one line, with its spaces, and at most as many characters as asked for."""
    assert "\n" not in id_of(text)
    assert len(id_of(text, most)) <= most
    assert id_of("two\n lines") == r"two\n lines"


@pytest.mark.parametrize(
    "location, command",
    [
        (Location("sqlite:///a.db", given=False), "quorate show 'a b'"),
        (Location("postgresql://u@/n?host=/s", given=True), "quorate show 'a b' --db 'postgresql://u@/n?host=/s'"),
        (Location("postgresql://u@h/n", given=True), "quorate show 'a b' --db postgresql://u@h/n"),
        (Location("postgresql://u:secret@h/n", given=True), "quorate show 'a b' --db URL"),
    ],
)
def test_further_command(location: Location, command: str) -> None:
    """A command that is recommended can be given to a shell, and shows no password."""
    assert location.command("show", "a b") == command


@given(st.text(), st.integers(1, 50))
def test_line(text: str, most: int) -> None:
    """A line has no break, and at most as many characters as asked for."""
    shown = line_of(text, most)
    assert "\n" not in shown
    assert len(shown) <= most


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "\N{EN DASH}"),
        ("a\nb", "a b"),
        (True, "true"),
        (1.5, "1.5"),
        ({"key": "a", "n": 1}, "key: a, n: 1"),
        (["a", 1], '["a", 1]'),
    ],
)
def test_value(value: object, text: str) -> None:
    """A value is shown as people write it."""
    assert text_of(value) == text


FIELDS = {"text": "first line\nTOTAL 12.00\nCASH 20.00", "words": ["TOTAL", "DUE", "12.00", "CASH"], "n": 7}


@pytest.mark.parametrize(
    "evidence, text",
    [
        (Quote("text", 17, 22), "text[17:22] first line⏎TOTAL «12.00»⏎CASH 20.00"),
        (Quote("text", 0, 5), "text[0:5] «first» line⏎TOTAL 12.00⏎CASH 2…"),
        (Quote("text", 0, 99), "text[0:99], which has changed since"),
        (Quote("missing", 0, 1), "missing[0:1], which has changed since"),
        (Items("words", (2,)), "words[2] DUE «12.00» CASH"),
        (Items("words", (0, 2, 3)), "words[0,2,3] «TOTAL … 12.00 CASH»"),
        (Items("words", (9,)), "words[9], which has changed since"),
        (Items("n", (0,)), "n[0], which has changed since"),
        (Passage("register", "k1", "ACME SDN BHD", 0.5), "register k1, score 0.5: ACME SDN BHD"),
        (Passage("ledger", "k1"), "ledger k1"),
    ],
)
def test_evidence(evidence: Evidence, text: str) -> None:
    """Evidence is shown in its context; where the value has changed since, that is said."""
    assert in_context(evidence, FIELDS).plain == text


@pytest.mark.parametrize(
    "statuses, expected",
    [
        ([], 0),
        (["settled", "repeated"], 0),
        (["settled", "waiting"], 3),
        (["waiting", "rejected"], 1),
        (["unsettled"], 1),
        (["halted"], 1),
        (["failed", "waiting"], 1),
        (["stopped", "failed"], 130),
    ],
)
def test_exit_status(statuses: list[str], expected: int) -> None:
    """The worst status makes the exit status: stopped, then failed, then waiting."""
    assert exit_status(statuses) == expected
