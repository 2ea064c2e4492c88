"""The vendor register and the readers that know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from examples.receipt_desk.page import ReceiptPage
from examples.receipt_desk.posting import PostedRegister
from examples.receipt_desk.register import Vendor, VendorRegister, tokens_on, vendor_of
from examples.receipt_desk.vendor_readers import vendor_readers
from tests.fakes.receipts import CAFE, page


class TestRegister:
    CAFE_ADDRESS = "NO 7, JALAN MAWAR 3, TAMAN MELATI, 50400 KUALA LUMPUR"

    def known(self) -> VendorRegister:
        register = VendorRegister()
        posted = {"company": "BLUE LANTERN CAFE SDN BHD", "address": self.CAFE_ADDRESS}
        register.learn([ReceiptPage(text=CAFE)], [posted])
        return register

    def test_tokens(self) -> None:
        """Tax number, registration, telephone, postcode and names identify a vendor."""
        tokens = set(tokens_on(page(CAFE)))
        assert {"tax:000123456789", "registration:765432", "phone:0355550199", "postcode:50400"} <= tokens
        assert "name:bluelanterncafesdnbhd" in tokens

    def test_known_by_number(self) -> None:
        """A vendor is known by its numbers though its name is misread."""
        by_number, _ = vendor_readers(self.known())
        found = {r.field: r for r in by_number.read(page(CAFE.replace("LANTERN", "LAMTERN")))}
        assert found["company"].value == "BLUE LANTERN CAFE SDN BHD"
        assert found["company"].how == "number, once, nearly printed"
        assert found["address"].value == self.CAFE_ADDRESS

    def test_known_by_a_name_that_is_alike(self) -> None:
        """A vendor is known by a name of which few letters are misread."""
        _, by_name = vendor_readers(self.known())
        found = {r.field: r.value for r in by_name.read(page("BLUE LANTERM CAFE SDN BHD\nTOTAL 4.00"))}
        assert found["company"] == "BLUE LANTERN CAFE SDN BHD"

    def test_unknown_vendor(self) -> None:
        """A vendor that was never posted is not claimed."""
        for reader in vendor_readers(self.known()):
            assert list(reader.read(page("STAR PAPER SHOP\nTEL: 07-555 1234\nTOTAL 4.00"))) == []
        for reader in vendor_readers(VendorRegister()):
            assert list(reader.read(page(CAFE))) == []

    def test_address_of_the_branch_on_the_page(self) -> None:
        """Of a company with two branches, the address that stands on the page is claimed."""
        branch = CAFE.replace("NO 7, JALAN MAWAR 3,", "LOT 9, LORONG DAMAI,").replace(
            "50400 KUALA LUMPUR", "80100 JOHOR BAHRU"
        )
        register = self.known()
        other = "LOT 9, LORONG DAMAI, TAMAN MELATI, 80100 JOHOR BAHRU"
        register.add(vendor_of(ReceiptPage(text=branch), {"company": "BLUE LANTERN CAFE SDN BHD", "address": other}))
        by_number, _ = vendor_readers(register)
        assert [r.value for r in by_number.read(page(branch)) if r.field == "address"] == [other]
        assert [r.value for r in by_number.read(page(CAFE)) if r.field == "address"] == [self.CAFE_ADDRESS]

    def test_rebuilt_from_rows(self) -> None:
        """The rows of a ledger table give the same register back; rows without a company are left out."""
        entry = vendor_of(
            ReceiptPage(text=CAFE), {"company": "BLUE LANTERN CAFE SDN BHD", "address": self.CAFE_ADDRESS}
        )
        rows: list[dict[str, object]] = [
            {"company": entry.company, "address": entry.address, "tokens": list(entry.tokens)},
            {"company": ""},
        ]
        register = VendorRegister.from_rows(rows)
        assert register.entries == 1
        assert register.company("tax:000123456789") == ("BLUE LANTERN CAFE SDN BHD", 1, 1)

    def test_order_of_entries_does_not_matter(self) -> None:
        """Two companies that share a number as often are told apart in the same way in either order."""
        entries = [Vendor("A SHOP", "", ("tax:1",)), Vendor("B SHOP", "", ("tax:1",))]
        assert VendorRegister(entries).company("tax:1") == VendorRegister(entries[::-1]).company("tax:1")


class BusyTable:
    """A table to which others post at the worst moment: between the count of its rows and the look at them."""

    name = "receipts"

    def __init__(self) -> None:
        self.posted: list[dict[str, Any]] = []
        self.next: list[dict[str, Any]] = []

    def execute(self, key: str, args: Mapping[str, Any]) -> dict[str, Any]:
        self.posted.append({"key": key, **args})
        return self.posted[-1]

    def lookup(self, key: str) -> dict[str, Any] | None:
        return next((row for row in self.posted if row["key"] == key), None)

    def rows(self, where: Mapping[str, Any] | None = None, *, limit: int | None = None) -> list[dict[str, Any]]:
        self.posted, self.next = self.posted + self.next, []
        return self.posted[::-1][:limit]

    def __len__(self) -> int:
        return len(self.posted)


def test_posted_while_the_register_reads() -> None:
    """The register learns each row once, also where another is posted while it reads."""
    table = BusyTable()
    rows = [{"company": f"SHOP {n}", "address": None, "tokens": [f"phone:{n}"]} for n in range(4)]
    register = PostedRegister(table)
    for key, row in enumerate(rows[:2]):
        table.execute(str(key), row)
    table.next = [{"key": "2", **rows[2]}]
    register.refresh()
    assert register.entries == 3
    table.execute("3", rows[3])
    register.refresh()
    register.refresh()
    assert [register.company(f"phone:{n}") for n in range(4)] == [(f"SHOP {n}", 1, 1) for n in range(4)]
