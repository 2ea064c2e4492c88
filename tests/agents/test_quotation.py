from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.agents.quotation import find_quotation, quotable
from quorate.contracts import Items, Quote

WORDS = ["AEON BIG", "TOTAL", "12.50", "THANK YOU"]


@pytest.mark.parametrize(
    "quote, indices",
    [
        ("12.50", (2,)),
        ("TOTAL 12.50", (1, 2)),
        ("BIG\nTOTAL", (0, 1)),
        ("AEON BIG TOTAL 12.50 THANK YOU", (0, 1, 2, 3)),
        ('"TOTAL", "12.50"', (1, 2)),
        ('TOTAL", "12', (1, 2)),
        ("YOU", (3,)),
    ],
)
def test_quotation_from_a_list(quote: str, indices: tuple[int, ...]) -> None:
    """Words of a list of texts are found in one item, or in items that follow each other."""
    assert find_quotation(quote, {"words": WORDS}) == Items("words", indices)


@pytest.mark.parametrize("quote", ["TOTAL 99", "12.50 TOTAL", "AEON TOTAL", "total", "", '"', " "])
def test_no_quotation_from_a_list(quote: str) -> None:
    """Words that do not stand there, or not in this order, are not found; nor are no words."""
    assert find_quotation(quote, {"words": WORDS}) is None


def test_first_place() -> None:
    """The fields are searched in their order, and the first place counts."""
    texts = {"note": "paid 12.50, again 12.50", "words": WORDS}
    assert find_quotation("12.50", texts) == Quote("note", 5, 10)
    assert find_quotation("TOTAL", texts) == Items("words", (1,))


def test_quotable() -> None:
    """Texts and lists of texts can be quoted; numbers, lists of other things and empty lists cannot."""
    fields = {"a": "text", "b": ["x", "y"], "c": [1], "d": ["x", 1], "e": [], "f": 1, "g": None, "h": {"k": "v"}}
    assert list(quotable(fields)) == ["a", "b"]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=8), st.data())
def test_items_hold_the_words(items: list[str], data: st.DataObject) -> None:
    """Any run of items is found, in items that hold the words and nothing that the words can do without."""
    first = data.draw(st.integers(0, len(items) - 1))
    last = data.draw(st.integers(first, len(items) - 1))
    quote = " ".join(items[first : last + 1])
    found = find_quotation(quote, {"words": items})
    if not quote.split():
        assert found is None
        return
    assert isinstance(found, Items)
    held = [items[index] for index in found.indices]
    assert list(found.indices) == list(range(found.indices[0], found.indices[-1] + 1))
    assert "".join(quote.split()) in "".join("".join(held).split())
    assert held[0].strip()
    assert held[-1].strip()
