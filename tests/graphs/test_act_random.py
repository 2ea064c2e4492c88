"""Random misfortune around the ledger: whatever fails when, nothing happens twice without a person's leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pydantic import BaseModel
from tests.fakes.bench import turn_of
from tests.fakes.ledgers import DictLedger, PowerCut

from quorate.contracts import Effect, Execute, check_plain, fields_of
from quorate.graphs.act import Executor

FORTUNES = ["well", "refused", "lost before", "lost after", "cut before", "cut after", "odd answer"]


class Out(BaseModel):
    posted: dict[str, str]


class World:
    """The outside world: what really happened, by key."""

    def __init__(self) -> None:
        self.happened: Counter[str] = Counter()
        self.fortune = "well"

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        match self.fortune:
            case "refused":
                raise ValueError("no")
            case "lost before":
                raise ConnectionError("lost")
            case "cut before":
                raise PowerCut
        self.happened[key] += 1
        match self.fortune:
            case "lost after":
                raise TimeoutError("slow")
            case "cut after":
                raise PowerCut
            case "odd answer":
                return object()
        return {"number": str(self.happened[key])}


class AskableWorld(World):
    """A world that can be asked, and is sometimes deaf."""

    deaf = False

    def lookup(self, key: str) -> Any:
        if self.deaf:
            raise OSError("deaf")
        return {"number": "1"} if self.happened[key] else None


class Misfortune(RuleBasedStateMachine):
    """Runs on several threads of effects of few contents, with everything going wrong at times."""

    @initialize(askable=st.booleans())
    def begin(self, askable: bool) -> None:
        self.world: Any = AskableWorld() if askable else World()
        self.ledger = DictLedger()
        self.leaves: Counter[str] = Counter()

    @rule(
        content=st.sampled_from(["a", "b"]),
        memo=st.sampled_from(["", "x"]),
        origin=st.sampled_from(["one", "two", "two#2"]),
        fortune=st.sampled_from(FORTUNES),
        again=st.sampled_from([False, False, False, True]),
        deaf=st.booleans(),
        tampered=st.sampled_from([False, False, False, False, True]),
    )
    def run(self, content: str, memo: str, origin: str, fortune: str, again: bool, deaf: bool, tampered: bool) -> None:
        self.world.fortune, self.world.deaf = fortune, deaf
        args = {"content": content, "memo": memo}
        effect = Effect("post", args, content={"content": content}, field="posted", agent="poster", again=again)
        effect = replace(effect, status="approved", approved="other" if tampered else effect.digest, by="policy")
        before = Counter(self.world.happened)
        self.leaves[effect.key] += again and not tampered
        executor = Executor(self.ledger, {"post": self.world}, fields_of(Out), patience=0.0)
        with suppress(PowerCut):
            update = executor(turn_of(effects={"slot": effect}), Execute(("slot",), "now"), origin)
            check_plain(update)
            self.check(effect.key, update["effects"]["slot"]["status"], before, tampered)

    def check(self, key: str, status: str, before: Counter[str], tampered: bool) -> None:
        """What is said of the effect is true of the world."""
        if tampered:
            assert status == "proposed"
            assert self.world.happened == before
        elif status in ("done", "duplicate"):
            assert self.world.happened[key] >= 1
        elif status == "failed":
            assert self.world.happened[key] == before[key] == 0
        else:
            assert status == "unknown"

    @invariant()
    def nothing_twice(self) -> None:
        """Each content happens once, and once more at most for each leave that a person gave."""
        if hasattr(self, "world"):
            for key, times in self.world.happened.items():
                assert times <= 1 + self.leaves[key]
                assert key in self.ledger.entries  # what happened is never forgotten


Misfortune.TestCase.settings = settings(max_examples=150, stateful_step_count=15, deadline=None)
TestMisfortune = Misfortune.TestCase
