"""What agents take: counted from their models, priced, and kept over the attempts of a run."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from langchain_core.caches import InMemoryCache
from tests.fakes.metered_model import MeteredModel

from quorate.agents.attempt import Attempt
from quorate.agents.meter import Meter, metering, not_paid
from quorate.agents.prices import Prices
from quorate.agents.taken import sum_of, taken_by
from quorate.agents.tally import Tally
from quorate.contracts import Price, Spend, Usage

GIVEN = Prices({"gpt-4o-mini": Price(input=1.0, output=2.0, cached=0.5)})


class TestMeter:
    """What LangChain's models report."""

    def test_counts_every_call(self) -> None:
        """Each call is counted with its model and tokens, the cached ones apart, sync and async."""
        meter, model = Meter(), MeteredModel(cached=40)
        with metering(meter):
            model.invoke("hi")
            asyncio.run(model.ainvoke("hi"))
        assert meter.calls == (Usage("gpt-4o-mini", 100, 10, cached_tokens=40),) * 2
        model.invoke("hi")
        assert len(meter.calls) == 2

    def test_threads(self) -> None:
        """Calls in threads that were given the context are counted; those of another meter are not."""
        one, other, model = Meter(), Meter(), MeteredModel()
        with ThreadPoolExecutor() as threads:
            with metering(one):
                mine = [threads.submit(copy_context().run, model.invoke, "hi") for _ in range(5)]
            with metering(other):
                theirs = [threads.submit(copy_context().run, model.invoke, "hi") for _ in range(3)]
            for each in (*mine, *theirs):
                each.result()
        assert (len(one.calls), len(other.calls)) == (5, 3)

    def test_one_within_another(self) -> None:
        """What is counted within is counted around it, too: a team counts what its agents use."""
        outer, inner, model = Meter(), Meter(), MeteredModel()
        from langchain_core.runnables import RunnableLambda

        def within(_: str) -> None:
            with metering(inner):
                model.invoke("hi")

        with metering(outer):
            RunnableLambda(within).invoke("x")
        assert len(inner.calls) == len(outer.calls) == 1

    def test_cache(self) -> None:
        """What LangChain's cache answers counts as used, so that a playback repeats; it need not be paid for."""
        attempt, model = Attempt(GIVEN, ""), MeteredModel(cache=InMemoryCache())
        with attempt.measured():
            model.invoke("hi")
            model.invoke("hi")
        assert attempt.taken().spent.tokens == 220
        assert attempt.taken().usd == 0.00024
        charged = attempt.charged()
        assert (charged.tokens, charged.usd, charged.steps) == (110, 0.00012, 1)

    def test_played_back(self) -> None:
        """What was not really called is not charged, in whatever meter it is counted."""
        outer, inner = Meter(), Meter()
        with metering(outer), metering(inner):
            not_paid(Usage("gpt-4o-mini", 100, 10))
        assert outer.unpaid == inner.unpaid == (Usage("gpt-4o-mini", 100, 10),)


class TestTaken:
    """The word of the agent beside that of its models."""

    CALLS = (Usage("gpt-4o-mini", 100, 10), Usage("gpt-4o-mini", 50, 0))

    def test_counted_once(self) -> None:
        """An agent that says what its model reported is not counted twice; the cached tokens keep their price."""
        calls = (Usage("gpt-4o-mini", 100, 10, cached_tokens=40),)
        taken = taken_by(calls, Usage("gpt-4o-mini", 100, 10), GIVEN)
        assert (taken.input_tokens, taken.output_tokens, taken.usd) == (100, 10, 0.0001)

    def test_agent_says_less(self) -> None:
        """What its models used counts, where the agent says nothing or less."""
        assert taken_by(self.CALLS, Usage(), GIVEN).spent == Spend(160, 0.00017, 0.0, 2)
        assert taken_by(self.CALLS, Usage("gpt-4o-mini", 100, 10), GIVEN).input_tokens == 150

    def test_agent_says_more(self) -> None:
        """Its word counts where it used what LangChain does not know of."""
        assert taken_by(self.CALLS, Usage("gpt-4o-mini", 1000, 0), GIVEN).usd == 0.001
        assert taken_by((), Usage("own", 1000, 0, usd=0.5), GIVEN).usd == 0.5
        assert taken_by((), Usage(usd=0.25), GIVEN).usd == 0.25

    def test_without_a_price(self) -> None:
        """A model that nobody knows the price of makes the sum unknown, and never free."""
        taken = taken_by((*self.CALLS, Usage("own", 1, 0)), Usage(), GIVEN)
        assert (taken.usd, taken.unpriced, taken.spent.usd) == (None, True, 0.0)
        assert not taken_by((), Usage(), GIVEN).unpriced
        assert sum_of([taken, Usage(usd=1.0)]).usd is None


class TestPrices:
    """Where prices come from."""

    def test_policy_first(self) -> None:
        """The price that the policy gives counts before any other."""
        assert GIVEN.usd(Usage("gpt-4o-mini", 1_000_000, 1_000_000)) == 3.0
        assert GIVEN.usd(Usage("gpt-4o-mini", 1_000_000, 0, cached_tokens=500_000)) == 0.75

    def test_published(self) -> None:
        """Else that of genai-prices; cached tokens cost less there."""
        pytest.importorskip("genai_prices", reason="the extra prices is not installed")
        prices = Prices()
        whole, cached = Usage("gpt-4o-mini", 1000, 100), Usage("gpt-4o-mini", 1000, 100, cached_tokens=1000)
        assert prices.usd(whole, "openai") == prices.usd(whole) == 0.00021
        assert (prices.usd(cached) or 1) < 0.00021
        assert prices.usd(whole, "no such service") == 0.00021

    def test_unknown(self) -> None:
        """Nobody's price is None; nothing at all costs nothing."""
        assert Prices().usd(Usage("a model of ours", 5)) is None
        assert not Prices().knows("a model of ours")
        assert Prices().usd(Usage("a model of ours")) == 0.0
        assert Prices().usd(Usage("gpt-4o-mini", 5, cached_tokens=10)) in (None, pytest.approx(0, abs=1e-5))


def test_tally() -> None:
    """Attempts are remembered by the step until the run ends, and are then forgotten; without a step there are none."""
    tally = Tally()
    tally.add("s", Usage("m", 5, attempts=1))
    tally.add("s", Usage("m", 7, attempts=1))
    tally.add("", Usage("m", 9))
    assert tally.knows("s")
    taken = tally.take("s")
    assert taken is not None
    assert (taken.input_tokens, taken.attempts) == (12, 2)
    assert tally.take("s") is None
    assert tally.take("") is None
