"""The reliability of the readers: as agents, learned, and on the shared receipts."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from examples.receipt_desk.answers import Answers, answers_of, same
from examples.receipt_desk.layout import layout_of
from examples.receipt_desk.learning import learn, register_of
from examples.receipt_desk.page import ReceiptPage
from examples.receipt_desk.panel import PAGE_READERS, readers
from examples.receipt_desk.register import VendorRegister
from examples.receipt_desk.reliability import Reliability
from examples.receipt_desk.vendor_readers import vendor_readers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.receipts import CAFE, check

from quorate.contracts import InputError, Items

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "receipts" / "open.jsonl"


class TestAgents:
    def test_claims_carry_confidence_evidence_and_reason(self) -> None:
        """An agent of the panel claims with the learned confidence and says where it looked."""
        reliability = Reliability(confidence={"total_after_label": {"total": {"plain, alone": 0.9, "": 0.6}}})
        team = {agent.name: agent for agent in readers(reliability, VendorRegister())}
        request = ReceiptPage(text="TEA 4.00\nTOTAL 4.00")
        (claim,) = team["total_after_label"](words=request.words, boxes=request.boxes)
        assert (claim.value, claim.confidence) == (Decimal("4.00"), 0.9)
        assert claim.evidence == (Items("words", (1,)),)
        assert "TOTAL" in claim.reason

    def test_names_are_unique_and_reads_are_the_page(self) -> None:
        """Every reader is an agent of its own that reads words and boxes alone."""
        team = readers(Reliability.load(), VendorRegister())
        assert len({agent.name for agent in team}) == len(team)
        assert all(agent.contract.reads == {"words", "boxes"} for agent in team)

    def test_unmeasured_reader_moves_no_vote(self) -> None:
        """A reader that was never measured claims at one half."""
        assert Reliability().of("nobody", "total", "anyhow") == 0.5

    def test_bad_reliability_file(self, tmp_path: Path) -> None:
        """A reliability file that is missing or out of range is refused with its place."""
        with pytest.raises(InputError, match="nothing"):
            Reliability.load(tmp_path / "nothing.json")
        bad = tmp_path / "bad.json"
        bad.write_text('{"confidence": {"a": {"total": {"": 1.5}}}}')
        with pytest.raises(InputError, match="confidence"):
            Reliability.load(bad)

    @given(st.lists(st.text(max_size=30), min_size=1, max_size=12), st.randoms(use_true_random=False))
    @settings(max_examples=150, deadline=None)
    def test_no_reader_raises_on_odd_pages(self, words: list[str], random: Random) -> None:
        """Whatever the words and wherever their boxes, readers claim within bounds or abstain."""
        rnd = random.randint
        boxes = [(x := rnd(-9, 500), y := rnd(-9, 500), x + rnd(0, 90), y + rnd(0, 30)) for _ in words]
        known = register_of([(ReceiptPage(text=CAFE), {"company": "BLUE LANTERN CAFE SDN BHD"})])
        check(layout_of(words, boxes), [*PAGE_READERS, *vendor_readers(known)])


class TestLearning:
    def receipts(self) -> list[tuple[ReceiptPage, Answers]]:
        gold = {"company": "BLUE LANTERN CAFE SDN BHD", "date": "14/03/2018", "total": "RM 36.05"}
        return [(ReceiptPage(text=CAFE), answers_of(gold)) for _ in range(12)]

    def test_right_readers_gain_and_wrong_ones_lose(self) -> None:
        """A reader that is always right is trusted more than one half, one that is always wrong less."""
        learned = learn(self.receipts())
        assert learned.receipts == 12
        assert learned.of("total_after_label", "total", "plain, alone") > 0.5
        assert learned.of("total_most_printed", "total", "2 times, alone") < 0.5

    def test_learning_repeats_and_round_trips(self, tmp_path: Path) -> None:
        """The same receipts give the same reliability, and a file gives it back."""
        learned = learn(self.receipts())
        assert learn(self.receipts()) == learned
        learned.save(tmp_path / "r.json")
        assert Reliability.load(tmp_path / "r.json") == learned

    def test_nothing_to_learn_from(self) -> None:
        """Without receipts nothing is learned, and nobody is trusted."""
        assert learn([]) == Reliability()

    def test_answers(self) -> None:
        """Labels are parsed by type; what cannot be parsed is left out."""
        found = answers_of({"company": "A SHOP", "date": "02 APR 2018", "total": "RM1,200.50", "address": ""})
        assert found == {"company": "A SHOP", "date": datetime.date(2018, 4, 2), "total": Decimal("1200.50")}
        assert answers_of({"total": "", "date": "soon"}) == {}
        assert same("A SHOP, SDN. BHD", "a shop sdn bhd")
        assert same(Decimal("31"), Decimal("31.00"))


def labelled() -> Iterator[tuple[ReceiptPage, Answers]]:
    """The shared receipts with their answers."""
    if not DATA.exists():
        pytest.skip("the shared receipts are not here")
    for line in DATA.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield ReceiptPage.model_validate(row), answers_of(row["gold"])


def test_shared_receipts_are_read_within_bounds() -> None:
    """On every shared receipt each reader claims within bounds or abstains."""
    receipts = list(labelled())
    register = register_of(receipts[::3])
    team = [*PAGE_READERS, *vendor_readers(register)]
    for request, _ in receipts:
        check(layout_of(request.words, request.boxes), team)


def test_reliability_learned_on_some_receipts_serves_others() -> None:
    """Learned on half of the shared receipts, the vote of the total is right on nine tenths of the others."""
    receipts = list(labelled())
    team = [a for a in readers(learn(receipts[::2]), VendorRegister()) if "total" in a.contract.writes]
    right = 0
    for request, answers in receipts[1::2]:
        scores: dict[object, float] = {}
        for agent in team:
            for claim in agent(words=request.words, boxes=request.boxes):
                odds = claim.confidence / (1 - claim.confidence)
                scores[claim.value] = scores.get(claim.value, 0.0) + math.log(odds)
        right += bool(scores) and max(scores, key=lambda v: scores[v]) == answers.get("total")
    assert right >= 0.9 * len(receipts[1::2])
