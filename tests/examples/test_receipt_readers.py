"""The readers of the receipt desk, on pages made by hand."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from examples.receipt_desk.addresses import ADDRESS_READERS
from examples.receipt_desk.category import category_by_keywords
from examples.receipt_desk.companies import COMPANY_READERS
from examples.receipt_desk.date_readers import DATE_READERS
from examples.receipt_desk.dates import dates_in
from examples.receipt_desk.heading import name_in
from examples.receipt_desk.layout import layout_of
from examples.receipt_desk.outcome import Receipt
from examples.receipt_desk.reading import Reader
from examples.receipt_desk.totals import TOTAL_READERS
from tests.fakes.receipts import CAFE, how, page, read


class TestTotals:
    @pytest.mark.parametrize("reader", TOTAL_READERS, ids=lambda reader: reader.name)
    def test_all_ways_lead_to_the_total(self, reader: Reader) -> None:
        """Each way of reading finds the total of an ordinary page, but for three that it does not suit."""
        values = [reading.value for reading in reader.read(page(CAFE))]
        others = {
            "total_from_payment": [],
            "total_of_items": [Decimal("34.00")],
            "total_most_printed": [Decimal("50.00")],
        }
        assert values == others.get(reader.name, [Decimal("36.05")])

    def test_label_prefers_what_is_to_pay(self) -> None:
        """The rounded total wins over the plain one, and neither is the subtotal."""
        text = "SUBTOTAL   9.98\nTOTAL    9.98\nROUNDING ADJ  0.02\nTOTAL AFTER ROUNDING  10.00\nCASH  20.00"
        assert read(TOTAL_READERS, "total_after_label", text) == [Decimal("10.00")]
        assert how(TOTAL_READERS, "total_after_label", text) == ["rounded, among others"]

    def test_label_may_stand_above(self) -> None:
        """A label on a line of its own belongs to the amount below it."""
        assert read(TOTAL_READERS, "total_after_label", "GRAND TOTAL\nRM 12.00") == [Decimal("12.00")]

    def test_label_ignores_the_tax_table(self) -> None:
        """The total of the table of tax rates is not the total of the receipt."""
        text = "TOTAL   10.60\nGST SUMMARY\nSR   10.00   0.60\nTOTAL   10.00   0.60"
        assert read(TOTAL_READERS, "total_after_label", text) == [Decimal("10.60")]

    def test_change(self) -> None:
        """Cash minus change is the total, if it is printed."""
        assert read(TOTAL_READERS, "total_from_change", "TO PAY 7.40\nCASH 10.00\nCHANGE 2.60") == [Decimal("7.40")]
        assert read(TOTAL_READERS, "total_from_change", "CASH 10.00\nCHANGE 2.60") == []
        assert read(TOTAL_READERS, "total_from_change", "CHANGE 2.60") == []

    def test_payment(self) -> None:
        """What was paid by card is the total; cash is none if change was given."""
        assert read(TOTAL_READERS, "total_from_payment", "TOTAL 8.00\nVISA 8.00") == [Decimal("8.00")]
        assert read(TOTAL_READERS, "total_from_payment", "TOTAL 8.00\nCASH 10.00\nCHANGE 2.00") == []

    def test_parts(self) -> None:
        """Net, tax and rounding add up to the printed total; a discount is taken away."""
        assert read(TOTAL_READERS, "total_from_parts", CAFE) == [Decimal("36.05")]
        assert read(TOTAL_READERS, "total_from_parts", "SUBTOTAL 20.00\nDISCOUNT 2.00\nTOTAL 18.00") == [
            Decimal("18.00")
        ]
        assert read(TOTAL_READERS, "total_from_parts", "SUBTOTAL 20.00\nGST 1.20") == []

    def test_items(self) -> None:
        """The lines above the first total add up to it, give or take the rounding."""
        text = "TEA   1   2.20\nROTI   2   4.41\nTOTAL   6.60"
        assert read(TOTAL_READERS, "total_of_items", text) == [Decimal("6.60")]
        assert read(TOTAL_READERS, "total_of_items", "TEA  1  2.20\nTOTAL  9.90") == []

    def test_tax_table(self) -> None:
        """Net amounts plus taxes are the total, if it is printed above the table."""
        text = "TOTAL 21.20\nGST SUMMARY AMOUNT TAX\nS = 6%   10.00   0.60\nZ = 0%   10.60   0.00"
        assert read(TOTAL_READERS, "total_in_tax_table", text) == [Decimal("21.20")]

    def test_repetition(self) -> None:
        """The amount that is printed most often is claimed."""
        text = "TEA\n\n\n\nA  4.00\nB  5.00\nNET  9.00\nTOTAL  9.00\nCASH  9.00"
        assert read(TOTAL_READERS, "total_most_printed", text) == [Decimal("9.00")]
        assert how(TOTAL_READERS, "total_most_printed", text) == ["3 times, alone"]

    def test_no_amount_no_opinion(self) -> None:
        """Without any amount no reader claims a total."""
        assert [r for reader in TOTAL_READERS for r in reader.read(page("A SHOP\nTOTAL\nTHANK YOU"))] == []


class TestDates:
    @pytest.mark.parametrize(
        "text, iso",
        [
            ("14/03/2018", "2018-03-14"),
            ("4-2-17", "2017-02-04"),
            ("02 APR 2018", "2018-04-02"),
            ("14/JUN/2017", "2017-06-14"),
            ("OCT 3, 2016", "2016-10-03"),
            ("2018-04-28", "2018-04-28"),
            ("20180428/191204", "2018-04-28"),
            ("11.02.18", "2018-02-11"),
            ("12/25/2018", "2018-12-25"),
            ("5 MAC 2018", "2018-03-05"),
            ("(21/10/2017)", "2017-10-21"),
            ("1ST MAY 2018", "2018-05-01"),
        ],
    )
    def test_forms(self, text: str, iso: str) -> None:
        """The forms that receipts print are read, the day before the month where both are possible."""
        assert [one.value.isoformat() for one in dates_in(text)] == [iso]

    @pytest.mark.parametrize(
        "text", ["32/01/2018", "03-55423228", "1.2.3.4", "31/02/2018", "192.168.10.12", "12.50", ""]
    )
    def test_no_dates(self, text: str) -> None:
        """Telephone numbers, amounts and impossible days are no dates."""
        assert dates_in(text) == []

    @pytest.mark.parametrize(
        "name", ["date_after_label", "date_beside_time", "date_first_printed", "date_most_printed"]
    )
    def test_all_ways_lead_to_the_date(self, name: str) -> None:
        """Each reader finds the date of an ordinary page."""
        assert read(DATE_READERS, name, CAFE) == [datetime.date(2018, 3, 14)]

    def test_label_above(self) -> None:
        """A label may stand above its date."""
        assert read(DATE_READERS, "date_after_label", "DATE       TIME\n20/06/18   00:05") == [
            datetime.date(2018, 6, 20)
        ]

    def test_other_dates_are_passed_over(self) -> None:
        """A date of expiry is not the date of the sale."""
        text = "EXPIRY DATE: 31/12/2020\nDATE: 01/02/2018"
        assert read(DATE_READERS, "date_after_label", text) == [datetime.date(2018, 2, 1)]
        assert read(DATE_READERS, "date_first_printed", text) == [datetime.date(2018, 2, 1)]

    def test_two_labelled_dates_are_both_claimed(self) -> None:
        """Where two dates are labelled alike, the reader claims both and says so."""
        text = "DATE: 01/02/2018\nDATE: 03/02/2018"
        assert read(DATE_READERS, "date_after_label", text) == [datetime.date(2018, 2, 1), datetime.date(2018, 2, 3)]
        assert how(DATE_READERS, "date_after_label", text) == ["date, among others"] * 2
        assert len(read(DATE_READERS, "date_most_printed", text)) == 2

    def test_serial(self) -> None:
        """A serial number may hold the date."""
        assert read(DATE_READERS, "date_in_serial", "INV: BTB09201805190274") == [datetime.date(2018, 5, 19)]
        assert read(DATE_READERS, "date_in_serial", "INV: 20189999000000") == []


class TestCompanies:
    @pytest.mark.parametrize(
        "name",
        [
            "company_with_legal_form",
            "company_with_trade_word",
            "company_on_top",
            "company_above_registration",
            "company_above_address",
        ],
    )
    def test_all_ways_lead_to_the_company(self, name: str) -> None:
        """Each reader finds the company of an ordinary page."""
        assert read(COMPANY_READERS, name, CAFE) == ["BLUE LANTERN CAFE SDN BHD"]

    @pytest.mark.parametrize(
        "line, name",
        [
            ("GREEN FIELD SDN BHD (728515-N)", "GREEN FIELD SDN BHD"),
            ("GREEN FIELD SDN BHD 862725-U", "GREEN FIELD SDN BHD"),
            ("GREEN FIELD (M) SDN BHD", "GREEN FIELD (M) SDN BHD"),
            ("OWNED BY: GREEN FIELD TRADING", "GREEN FIELD TRADING"),
            ("#000002 GREEN FIELD", "GREEN FIELD"),
        ],
    )
    def test_name_is_cut_from_its_registration(self, line: str, name: str) -> None:
        """A registration number beside the name is no part of it, a bracket inside the name is."""
        assert name_in(line)[0] == name

    def test_rest_of_a_name_is_joined(self) -> None:
        """A line with nothing but a legal form belongs to the line above."""
        text = "OLD MILL GENERAL\nSTORES (KL) SDN BHD\n(123456-A)\nLOT 3, JALAN BESAR"
        assert read(COMPANY_READERS, "company_with_legal_form", "RIVERSIDE\nSDN BHD\nNO 3") == ["RIVERSIDE SDN BHD"]
        assert read(COMPANY_READERS, "company_in_all_lines", text) == ["OLD MILL GENERAL STORES (KL) SDN BHD"]

    def test_titles_are_no_names(self) -> None:
        """Greetings, titles and numbers above the name are passed over."""
        text = "3180404\n** THANK YOU **\nTAX INVOICE\nKEDAI MAJU JAYA\nNO 12\nJALAN BESAR"
        assert read(COMPANY_READERS, "company_on_top", text) == ["KEDAI MAJU JAYA"]
        assert read(COMPANY_READERS, "company_above_address", text) == ["KEDAI MAJU JAYA"]

    def test_large_letters(self) -> None:
        """The tallest line of the heading is claimed."""
        layout = layout_of(["LIM AH KOW", "STAR PAPER", "NO 3"], [(0, 0, 90, 20), (0, 30, 200, 80), (0, 90, 40, 110)])
        reader = next(r for r in COMPANY_READERS if r.name == "company_in_large_letters")
        assert [(r.value, r.how) for r in reader.read(layout)] == [("STAR PAPER", "bare, clearly larger")]

    def test_owner_is_told_apart(self) -> None:
        """A company that only owns the shop is claimed as such."""
        text = "STAR PAPER SHOP\nNO 3\nOWNED BY :\nSTAR SUPPLY SDN BHD (1135772-K)"
        assert how(COMPANY_READERS, "company_with_legal_form", text) == ["owner, legal form"]

    def test_no_name_no_opinion(self) -> None:
        """A page of numbers has no company."""
        assert [r for reader in COMPANY_READERS for r in reader.read(page("12345\n9.90\n#"))] == []


class TestAddresses:
    def test_block(self) -> None:
        """The lines between the registration and the telephone are the address."""
        whole = "NO 7, JALAN MAWAR 3, TAMAN MELATI, 50400 KUALA LUMPUR"
        for reader in ADDRESS_READERS:
            assert [reading.value for reading in reader.read(page(CAFE))] == [whole], reader.name

    def test_no_address_no_opinion(self) -> None:
        """A page without an address has none."""
        assert [r for reader in ADDRESS_READERS for r in reader.read(page("STAR PAPER\nTOTAL 9.00"))] == []


class TestCategory:
    @pytest.mark.parametrize(
        "company, words, category",
        [
            ("BLUE LANTERN CAFE SDN BHD", ["FLAT WHITE", "CHICKEN PIE"], "meals"),
            ("STAR PAPER STATIONERY", ["A4 PAPER", "PEN"], "office"),
            ("MAJU PETROL STATION", ["RON95", "22.73 LITRE", "PUMP 6"], "fuel"),
            ("FARMASI SIHAT", ["VITAMIN C"], "health"),
            ("QWERTY", ["ZZZ"], "other"),
        ],
    )
    def test_category(self, company: str, words: list[str], category: str) -> None:
        """Keywords in the company's name and on the page give the category."""
        (claim,) = category_by_keywords(company=company, words=words)
        assert claim.value == category
        assert 0.5 <= claim.confidence < 1


def test_outcome_fields_compare_by_letters_and_digits() -> None:
    """Two spellings of one company are one vote."""
    from quorate.contracts import fields_of

    fields = fields_of(Receipt)
    assert fields["company"].key("A-B Shop, Sdn. Bhd.") == fields["company"].key("AB SHOP SDN BHD")
    assert fields["total"].key("31.0") == fields["total"].key("31.00")
