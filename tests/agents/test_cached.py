from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph.cache.base import BaseCache
from langgraph.cache.memory import InMemoryCache
from pydantic import BaseModel
from tests.fakes.clock import FakeClock

from quorate.agents import Agent, Traffic, agent
from quorate.agents.layers.recent import RecentAnswers
from quorate.contracts import Claim, Contract, ContractError, Limits, Quote, Usage
from quorate.graphs import Supervisor

MINUTE = Limits(cache=60, attempts=1)


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: str


class Broken(BaseCache[Any]):
    """A cache whose server is gone."""

    def get(self, keys: Sequence[Any]) -> dict[Any, Any]:
        raise ConnectionError("gone")

    async def aget(self, keys: Sequence[Any]) -> dict[Any, Any]:
        raise ConnectionError("gone")

    def set(self, pairs: Mapping[Any, Any]) -> None:
        raise ConnectionError("gone")

    async def aset(self, pairs: Mapping[Any, Any]) -> None:
        raise ConnectionError("gone")

    def clear(self, namespaces: Any = None) -> None: ...

    async def aclear(self, namespaces: Any = None) -> None: ...


class Reader:
    """A counted agent; each call costs tokens."""

    def __init__(self, version: str = "1", limits: Limits = MINUTE, reads: str = "text") -> None:
        self.calls = 0
        self.agent: Agent = agent(
            name="reader", reads={reads}, writes={"total"}, capability="extraction", version=version, limits=limits
        )(self._read if reads == "text" else self._hear)

    def _read(self, text: str) -> list[Claim | Usage]:
        self.calls += 1
        if text == "broken":
            raise ValueError
        return [Usage("small", 10, 2), Claim("total", text, 0.95, (Quote("text", 0, 1),))]

    def _hear(self, messages: list[Any]) -> Claim:
        self.calls += 1
        return Claim("total", messages[-1].text, 0.95)


class Desk:
    def __init__(self, *readers: Reader, cache: Any = None) -> None:
        self.clock = FakeClock()
        self.traffic = Traffic(clock=self.clock, cache=cache)
        self.teams = [
            Supervisor("team", request=Document, outcome=Receipt, agents=[each.agent], traffic=self.traffic)
            for each in readers
        ]

    def ask(self, text: str = "A", team: int = 0, tenant: str = "", **given: Any) -> Any:
        supervisor = self.teams[team]
        config: Any = {"configurable": {"tenant": tenant}}
        return supervisor.read(supervisor.compile().invoke({"request": {"text": text}, **given}, config))


@pytest.mark.parametrize("cache", [None, InMemoryCache()])
def test_answer_is_taken_again(cache: Any) -> None:
    """The same inputs within the time cost nothing; the claims are the same, and the usage says where they are from."""
    reader = Reader()
    desk = Desk(reader, cache=cache)
    first, second = desk.ask(), desk.ask()
    assert (reader.calls, first.claims, first.values) == (1, second.claims, second.values)
    assert [(usage.input_tokens, usage.cached) for usage in (*first.usage, *second.usage)] == [(10, False), (0, True)]
    assert second.usage[0].claims == 1


def test_ends() -> None:
    """After its time the agent is asked again."""
    reader = Reader()
    desk = Desk(reader)
    desk.ask()
    desk.clock.time += 59
    desk.ask()
    desk.clock.time += 1
    desk.ask()
    assert reader.calls == 2


def test_what_tells_answers_apart() -> None:
    """Other inputs, another version and another tenant have answers of their own."""
    reader, newer = Reader(), Reader(version="2")
    desk = Desk(reader, newer)
    for text, team, tenant in [("A", 0, ""), ("B", 0, ""), ("A", 0, "acme"), ("A", 1, "")] * 2:
        desk.ask(text, team, tenant)
    assert (reader.calls, newer.calls) == (3, 1)


def test_conversation_is_compared_by_what_it_says() -> None:
    """The same conversation in another thread is the same input, whatever the ids of its messages."""
    reader = Reader(reads="messages")
    desk = Desk(reader)
    for words in ["hello", "hello", "bye"]:
        desk.ask(messages=[HumanMessage(words)])
    assert reader.calls == 2


def test_failure_is_not_kept() -> None:
    """What failed is tried again."""
    reader = Reader()
    desk = Desk(reader)
    assert [desk.ask("broken").faults[0].kind for _ in range(2)] == ["error", "error"]
    assert reader.calls == 2


@pytest.mark.parametrize("asynchronous", [False, True])
def test_broken_cache_is_none(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A cache that fails costs a warning, and the agent is asked."""
    reader = Reader()
    desk = Desk(reader, cache=Broken())
    if asynchronous:
        team = desk.teams[0]
        turn = team.read(asyncio.run(team.compile().ainvoke({"request": {"text": "A"}})))
    else:
        turn = desk.ask()
    assert (turn.values, turn.faults) == ({"total": "A"}, ())
    assert "could not be read: ConnectionError: gone" in caplog.text
    assert "could not be written" in caplog.text


def test_crafted_entry() -> None:
    """What another hand wrote into the cache is no answer."""
    cache: InMemoryCache[Any] = InMemoryCache()
    reader = Reader()
    desk = Desk(reader, cache=cache)
    desk.ask()
    (space,) = cache._cache
    (key,) = cache._cache[space]
    cache.set({(space, key): ([{"field": 1}], 60)})
    assert (desk.ask().values, reader.calls) == ({"total": "A"}, 2)


async def test_async() -> None:
    """Awaited runs share the answers."""
    reader = Reader()
    desk = Desk(reader)
    graph = desk.teams[0].compile()
    for _ in range(2):
        await graph.ainvoke({"request": {"text": "A"}})
    desk.ask()
    assert reader.calls == 1


def test_never_for_action_agents() -> None:
    """An action agent, and a team in which a person may be asked, cannot declare a cache."""
    with pytest.raises(ContractError, match="no cache, because what it proposes"):
        Contract("post", frozenset(), frozenset({"x"}), "action", limits=MINUTE)
    team = Supervisor("team", request=Document, outcome=Receipt, agents=[Reader().agent])
    with pytest.raises(ContractError, match="no cache, because a person may be asked"):
        team.as_agent(limits=Limits(attempts=1, cache=60))


def test_bound_of_the_memory() -> None:
    """In memory the answers that were not used for the longest time go first."""
    kept = RecentAnswers(2, FakeClock())
    for key in "ab":
        kept.set({(("s",), key): (key, 60)})
    kept.get([(("s",), "a")])
    kept.set({(("s",), "c"): ("c", None)})
    assert sorted(kept.get([(("s",), key) for key in "abc"]).values()) == ["a", "c"]
    kept.clear([("s",)])
    assert kept.get([(("s",), "a")]) == {}


def test_who_says_it_counts() -> None:
    """The same words of another person, or with other data beside them, are another input."""
    reader = Reader(reads="messages")
    desk = Desk(reader)
    for said in ({"name": "ann"}, {"name": "bob"}, {"name": "bob", "additional_kwargs": {"role": "owner"}}) * 2:
        desk.ask(messages=[HumanMessage("yes", **said)])
    assert reader.calls == 3


def test_agents_that_write_other_fields_share_nothing() -> None:
    """Agents of one name and version that write other fields, in teams with one cache, keep their answers apart."""
    cache: InMemoryCache[Any] = InMemoryCache()
    reader = Reader()
    Desk(reader, cache=cache).ask()

    class Note(BaseModel):
        title: str

    @agent(name="reader", writes={"title"}, capability="extraction", version="1", limits=MINUTE)
    def other(text: str) -> Claim:
        return Claim("title", "none", 0.95)

    team = Supervisor("notes", request=Document, outcome=Note, agents=[other], traffic=Traffic(cache=cache))
    assert team.read(team.compile().invoke({"request": {"text": "A"}})).values == {"title": "none"}
