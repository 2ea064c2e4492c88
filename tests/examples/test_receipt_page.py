"""The request of the receipt desk: pages, their lines and their amounts."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from examples.receipt_desk.layout import layout_of
from examples.receipt_desk.money import amounts, kind_of, money_on
from examples.receipt_desk.page import ReceiptPage
from pydantic import ValidationError
from tests.fakes.receipts import CAFE, page


class TestPage:
    def test_text_becomes_words_with_boxes(self) -> None:
        """Plain text gives one word for each run of text between wide gaps, with a box for each."""
        made = ReceiptPage.model_validate({"text": "TOTAL    12.50\nTHANK YOU", "gold": {"total": "1"}})
        assert made.words == ["TOTAL", "12.50", "THANK YOU"]
        assert len(made.boxes) == 3
        assert made.boxes[1][0] > made.boxes[0][2]

    def test_words_without_boxes_are_lines(self) -> None:
        """Words that come without boxes stand one below the other."""
        made = ReceiptPage(words=["A SHOP", "TOTAL 1.00"])
        assert [line.text for line in layout_of(made.words, made.boxes).lines] == ["A SHOP", "TOTAL 1.00"]

    def test_survives_plain_json(self) -> None:
        """A page that went through JSON is the same page."""
        made = ReceiptPage(text=CAFE, id="r1")
        assert ReceiptPage.model_validate(json.loads(made.model_dump_json())) == made

    @pytest.mark.parametrize(
        "data, says",
        [
            ({"words": ["A", "B"], "boxes": [[0, 0, 1, 1]]}, "2 words but 1 boxes"),
            ({"words": ["A"], "boxes": [[9, 0, 1, 1]]}, "left <= right"),
            ({}, "page is empty"),
            ({"text": " \n\t\n"}, "page is empty"),
            ({"words": ["  "]}, "page is empty"),
            ({"text": "\x00\x01PNG\x02\x03"}, r"`text` holds the control character U\+0000 at 0"),
            ({"text": "\ufffdPNG\ufffd"}, "unprintable characters"),
            ({"words": ["A", "TOTAL \x1b[31m"]}, r"`words\[1\]` holds the control character U\+001B at 6"),
            ({"words": "A SHOP"}, "list"),
            ({"words": ["x" * 600]}, "at most 500 characters"),
            ({"words": ["x" * 400] * 200}, "letters"),
            ({"words": ["A"], "size": {"width": 0, "height": 5}}, "greater than 0"),
        ],
    )
    def test_bad_page_is_refused_with_a_reason(self, data: dict[str, object], says: str) -> None:
        """A page that cannot be read is refused, and the message says what is wrong."""
        with pytest.raises(ValidationError, match=says):
            ReceiptPage.model_validate(data)


class TestLayout:
    def test_words_of_one_height_are_one_line(self) -> None:
        """Words side by side form a line, left to right, whatever their order in the list."""
        layout = layout_of(["9.00", "TOTAL"], [(200, 51, 240, 70), (10, 50, 60, 70)])
        assert [line.text for line in layout.lines] == ["TOTAL 9.00"]
        assert layout.right_of(1) == (0,)

    def test_below_is_the_overlapping_word_of_the_next_line(self) -> None:
        """Below a word stands the word of the next line that shares some of its width."""
        layout = layout_of(
            ["DATE", "TIME", "1 MAY", "10:20"], [(0, 0, 50, 20), (90, 0, 140, 20), (0, 30, 60, 50), (90, 30, 140, 50)]
        )
        assert layout.below(1) == (3,)
        assert layout.below(2) == ()


class TestMoney:
    @pytest.mark.parametrize(
        "text, values",
        [
            ("RM 1,234.50", ["1234.50"]),
            ("TOTAL:31.00", ["31.00"]),
            ("-0.24", ["-0.24"]),
            ("-.02", ["-0.02"]),
            ("2 X 3.50 7.00 SR", ["3.50", "7.00"]),
            ("11.02.18", []),
            ("6.00%", []),
            ("10. 30", ["10.30"]),
            ("36.0000", []),
            ("12:30.45", []),
        ],
    )
    def test_amounts(self, text: str, values: list[str]) -> None:
        """Amounts have two decimals; dates, times, rates and unit prices of four decimals are none."""
        assert [value for value, _, _ in amounts(text)] == [Decimal(v) for v in values]

    @pytest.mark.parametrize(
        "label, kind",
        [
            ("TOTAL", "plain"),
            ("NETT TOTAL", "final"),
            ("TOTAL AMT ROUNDED", "rounded"),
            ("TOTAL INCL GST", "incl"),
            ("TOTAL SALES EXCLUDING GST", "excl"),
            ("SUB TOTAL", "sub"),
            ("TOTAL GST", "tax"),
            ("TOTAL QTY", "other"),
            ("TOTAL SAVINGS", "other"),
            ("TOTAL DISCOUNT", "discount"),
            ("CHANGE DUE", "change"),
            ("CASH RECEIVED", "cash"),
            ("VISA CARD", "card"),
            ("AMOUNT DUE", "final"),
            ("FLAT WHITE", "other"),
            ("", "none"),
        ],
    )
    def test_kind_of_label(self, label: str, kind: str) -> None:
        """A label says what its amount is; totals of quantity, tax, discount and saving are not the total."""
        assert kind_of(label) == kind

    def test_rounding_may_name_the_rounded_total(self) -> None:
        """A large amount after ROUNDING is the rounded total, a small one the difference."""
        kinds = [m.kind for m in money_on(page("ROUNDING ADJ    -0.02\nROUNDING RM    177.20"))]
        assert kinds == ["rounding", "rounded"]
