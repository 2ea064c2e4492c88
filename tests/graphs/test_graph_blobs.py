from __future__ import annotations

import asyncio
import datetime
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from tests.fakes.blobs import DictBlobs
from tests.fakes.desk import AGENTS, POSTING, Document, Receipt, desk, thread

from quorate import Claim, Items, Policy, Quote, Supervisor, agent, open_database
from quorate.contracts import BlobError, DatabaseError, Reference, Rule, references
from quorate.graphs import Turn

FILLER = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789 ", k=1_000_000))
"""A megabyte that no compression makes small."""
MARK = FILLER[500_000:500_100]
LARGE = f"ACME TOTAL 12.00 CASH 20.00 {FILLER}"
READ = {"company": "ACME", "total": "12.00"}
SURE = {"fields": {"total": {"accept": 0.5}, "category": {"accept": 0.5}}}


class Pages(BaseModel):
    pages: list[str]
    title: str = ""


class Counted(BaseModel):
    characters: int
    last: str = ""


@agent(writes={"characters": int}, capability="extraction")
def count(pages: list[str]) -> Claim:
    return Claim("characters", sum(map(len, pages)), 0.9, (Items("pages", (len(pages) - 1,)),))


@agent(writes={"last": str}, capability="extraction")
async def last(pages: list[str], title: str) -> Claim:
    return Claim("last", f"{title}: {pages.pop()[-5:]}", 0.9)


def _is_in(saver: InMemorySaver, text: str) -> bool:
    """Whether the text is anywhere in what the saver holds."""
    return text in repr([saver.storage, saver.writes, saver.blobs])


def _largest_row(url: str) -> int:
    """The size in bytes of the largest row of the database, blobs left out."""
    largest = 0
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
        for (table,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table != "quorate_blobs":
                for row in file.execute(f'SELECT * FROM "{table}"'):
                    largest = max(largest, sum(len(cell) for cell in row if isinstance(cell, str | bytes)))
    return largest


def _invoke(graph: Any, given: Any, **options: Any) -> Any:
    return graph.invoke(given, thread(), **options)


def _ainvoke(graph: Any, given: Any, **options: Any) -> Any:
    return asyncio.run(graph.ainvoke(given, thread(), **options))


def _stream(graph: Any, given: Any, **options: Any) -> Any:
    return list(graph.stream(given, thread(), stream_mode="values", **options))[-1]


def _astream(graph: Any, given: Any, **options: Any) -> Any:
    async def run() -> Any:
        return [each async for each in graph.astream(given, thread(), stream_mode="values", **options)][-1]

    return asyncio.run(run())


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("run", [_invoke, _ainvoke, _stream, _astream])
def test_no_checkpoint_and_no_write_is_large(run: Callable[..., Any], durability: str) -> None:
    """Of a large field nothing but its reference is in what a saver gets, however the graph is run."""
    saver, blobs = InMemorySaver(), DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    state = run(team.compile(checkpointer=saver), {"request": {"text": LARGE}}, durability=durability)
    assert team.read(state).values == READ
    assert Reference.read(state["request"]["text"]) == Reference(*blobs.contents, size=len(LARGE) + 2)
    assert not _is_in(saver, MARK)
    assert len(blobs.puts) == 1


def test_without_a_store_all_is_in_the_state() -> None:
    """A team without a blob store keeps a large field in the state, as it came."""
    saver = InMemorySaver()
    state = desk(policy=SURE).compile(checkpointer=saver).invoke({"request": {"text": LARGE}}, thread())
    assert state["request"] == {"text": LARGE}
    assert _is_in(saver, MARK)


def test_small_fields_stay_in_the_state() -> None:
    """A field within the limit is in the state as it came, also with a blob store."""
    blobs = DictBlobs()
    state = desk(policy=SURE, blobs=blobs).compile().invoke({"request": {"text": "ACME TOTAL 12.00"}})
    assert state["request"] == {"text": "ACME TOTAL 12.00"}
    assert (blobs.puts, blobs.gets) == ([], [])


def test_the_database_holds_it_once(sqlite_url: str) -> None:
    """In a database the large field is one blob, over several threads and turns, and every other row is small."""
    with open_database(sqlite_url) as database, database.saver() as saver:
        team = desk(policy=SURE, blobs=database.blobs)
        graph = team.compile(checkpointer=saver)
        for name in ("1", "2", "2"):
            state = graph.invoke({"request": {"text": LARGE}}, thread(name))
            assert team.read(state).values == READ
        found = list(references(graph.get_state(thread("1")).values))
        assert len(found) == 1
        assert database.blobs.has(found[0].digest)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as file:
        assert file.execute("SELECT size FROM quorate_blobs").fetchall() == [(len(LARGE) + 2,)]
    assert _largest_row(sqlite_url) < 20_000


async def test_the_async_saver_gets_nothing_large(sqlite_url: str) -> None:
    """Awaited runs on a database store nothing large either."""
    with open_database(sqlite_url) as database:
        async with database.asaver() as saver:
            graph = desk(policy=SURE, blobs=database.blobs).compile(checkpointer=saver)
            await graph.ainvoke({"request": {"text": LARGE}}, thread())
    assert _largest_row(sqlite_url) < 20_000


def test_uncompiled_builder_does_it_too() -> None:
    """A graph that LangGraph's own server compiles from the builder stores large fields as well."""
    saver, blobs = InMemorySaver(), DictBlobs()
    desk(policy=SURE, blobs=blobs).builder.compile(checkpointer=saver).invoke({"request": {"text": LARGE}}, thread())
    assert not _is_in(saver, MARK)
    assert len(blobs.contents) == 1


async def test_agents_get_the_value() -> None:
    """Sync and async agents read a large field as it came in, each a copy of its own."""
    team = Supervisor("pages", request=Pages, outcome=Counted, agents=[count, last], blobs=DictBlobs())
    state = await team.compile().ainvoke({"request": {"pages": [FILLER] * 3, "title": "end"}})
    assert state["faults"] == []
    assert team.read(state).values == {"characters": 3_000_000, "last": f"end: {FILLER[-5:]}"}


@pytest.mark.parametrize("end, faults", [(len(LARGE), 0), (len(LARGE) + 1, 1)])
def test_quotes_in_a_large_field_are_checked(end: int, faults: int) -> None:
    """Evidence is checked against the value itself, and not against its reference."""

    @agent(writes={"company"}, capability="extraction")
    def quoting(text: str) -> Claim:
        return Claim("company", "ACME", 0.9, (Quote("text", end - 3, end),))

    class Company(BaseModel):
        company: str = ""

    team = Supervisor("quotes", request=Document, outcome=Company, agents=[quoting], blobs=DictBlobs())
    turn = team.read(team.compile().invoke({"request": {"text": LARGE}}))
    assert len(turn.faults) == faults
    assert len(turn.claims) == 1 - faults


def test_turn_reads_large_fields_when_they_are_looked_at() -> None:
    """A turn gives the value of a large field, reads it once, and tells where it is stored."""
    blobs = DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    state = team.compile().invoke({"request": {"text": LARGE}})
    blobs.gets.clear()
    turn = team.read(state)
    assert blobs.gets == []
    assert turn.request["text"] == turn.request["text"] == LARGE
    assert len(blobs.gets) == 1
    assert turn.request == {"text": LARGE}
    assert turn.references == {"text": Reference(*blobs.contents, size=len(LARGE) + 2)}


def test_turn_without_a_store_says_so() -> None:
    """A turn that is read without the blob store names the digest and the remedy when the field is looked at."""
    state = desk(policy=SURE, blobs=DictBlobs()).compile().invoke({"request": {"text": LARGE}})
    turn = Turn.read(state)
    assert turn.references.keys() == {"text"}
    with pytest.raises(BlobError, match=rf"{turn.references['text'].digest}.*blobs=database.blobs"):
        turn.request["text"]


class Pair(BaseModel):
    text: str
    short: str = "ACME"


class Both(BaseModel):
    long: int = 0
    brief: int = 0


@agent(writes={"brief": int}, capability="extraction")
def brief(short: str) -> Claim:
    return Claim("brief", len(short), 0.9)


async def test_missing_blob_is_a_fault_of_who_reads_it() -> None:
    """A blob that went away is a fault of each agent that reads the field; the others go on."""
    blobs = DictBlobs()

    @agent(writes={"brief": int}, capability="extraction")
    def losing(short: str) -> Claim:
        blobs.contents.clear()
        return Claim("brief", len(short), 0.9)

    @agent(writes={"long": int}, capability="extraction")
    async def after(text: str, brief: int) -> Claim:
        return Claim("long", len(text) + brief, 0.9)

    team = Supervisor("pair", request=Pair, outcome=Both, agents=[losing, after], blobs=blobs)
    turn = team.read(await team.compile().ainvoke({"request": {"text": LARGE}}))
    (fault,) = turn.faults
    assert turn.references["text"].digest in fault.message
    assert (fault.agent, fault.kind, fault.attempt, fault.fix) == ("after", "error", 1, "send the request again")
    assert turn.values == {"brief": 4}


def test_team_that_lost_its_store_faults() -> None:
    """A thread that goes on in a team without the blob store records which store is missing, and what to pass."""
    saver, blobs = InMemorySaver(), DictBlobs()
    terms = Policy.parse({"fields": {"brief": {"review": "always"}}})

    @agent(writes={"long": int}, capability="extraction")
    def after(text: str, brief: int) -> Claim:
        return Claim("long", len(text) + brief, 0.9)

    def team(store: DictBlobs | None) -> Supervisor:
        agents = [brief, after]
        return Supervisor("pair", request=Pair, outcome=Both, agents=agents, policy=terms, blobs=store)

    waiting = team(blobs).compile(checkpointer=saver).invoke({"request": {"text": LARGE}}, thread())
    answer = Command(resume={waiting["__interrupt__"][0].id: {"decisions": [{"type": "approve"}]}})
    turn = Turn.read(team(None).compile(checkpointer=saver).invoke(answer, thread()))
    (fault,) = turn.faults
    assert fault.agent == "after"
    assert fault.fix == "pass it to the team: Supervisor(..., blobs=database.blobs)"


def test_review_goes_on_with_the_value(sqlite_url: str) -> None:
    """A turn that waited for a person reads the large field in another process."""
    doubt = {"fields": {"company": {"accept": 0.95}, "total": {"accept": 0.5}, "category": {"accept": 0.5}}}
    with open_database(sqlite_url) as database, database.saver() as saver:
        graph = desk(policy=doubt, blobs=database.blobs).compile(checkpointer=saver)
        waiting = graph.invoke({"request": {"text": LARGE}}, thread())
    with open_database(sqlite_url) as database, database.saver() as saver:
        team = desk(policy=doubt, blobs=database.blobs)
        answered = Command(resume={waiting["__interrupt__"][0].id: {"decisions": [{"type": "approve"}]}})
        turn = team.read(team.compile(checkpointer=saver).invoke(answered, thread()))
        assert (turn.status, turn.request["text"]) == ("settled", LARGE)


def test_next_turn_keeps_the_request() -> None:
    """A turn whose input has no request reads the large field of the turn before, and stores nothing again."""
    blobs = DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    graph = team.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": LARGE}}, thread())
    turn = team.read(graph.invoke({"goals": ["total"]}, thread()))
    assert (turn.number, turn.values, len(blobs.puts)) == (2, {"total": "12.00"}, 1)


def test_replay_from_the_input_reads_the_blob() -> None:
    """A replay from the very first checkpoint, in which the input has not been taken in yet, finds the value."""
    saver, blobs = InMemorySaver(), DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    graph = team.compile(checkpointer=saver)
    graph.invoke({"request": {"text": LARGE}}, thread())
    first = list(graph.get_state_history(thread()))[-1]
    assert first.metadata is not None
    assert first.metadata["source"] == "input"
    assert team.read(graph.invoke(None, first.config)).values == READ
    assert not _is_in(saver, MARK)


RULES = {
    "python": Rule(name="long", field="company", then="review", when=lambda given: len(given["request"]["text"]) > 99),
    "cel": Rule(name="long", field="company", then="review", when="size(request.text) > 99"),
}


@pytest.mark.parametrize("kind", RULES)
async def test_rules_see_the_value(kind: str) -> None:
    """A rule that looks at the request sees the value of a large field."""
    policy = Policy.parse(SURE).with_rules(RULES[kind])
    team = Supervisor("desk", request=Document, outcome=Receipt, agents=AGENTS, policy=policy, blobs=DictBlobs())
    state = await team.compile(checkpointer=InMemorySaver()).ainvoke({"request": {"text": LARGE}}, thread())
    decision = team.read(state).decisions["company"]
    assert (decision.status, decision.reason) == ("contested", "rule 'long' asks for a person")


@pytest.mark.parametrize("kind", RULES)
def test_rule_without_its_blob_asks_a_person(kind: str) -> None:
    """A rule that looks at a large field whose blob went away sends the field to a person, and says why."""
    blobs = DictBlobs()

    @agent(writes={"company"}, capability="extraction")
    def losing(text: str) -> Claim:
        blobs.contents.clear()
        return Claim("company", text[:4], 0.9)

    class Company(BaseModel):
        company: str

    policy = Policy.parse({}).with_rules(RULES[kind])
    team = Supervisor("rules", request=Document, outcome=Company, agents=[losing], policy=policy, blobs=blobs)
    state = team.compile(checkpointer=InMemorySaver()).invoke({"request": {"text": LARGE}}, thread())
    turn = team.read(state)
    assert turn.status == "waiting"
    assert turn.references["text"].digest in turn.decisions["company"].reason


def test_approval_sees_the_value() -> None:
    """A policy that approves an effect by a look at the request sees the value of a large field."""
    terms = {**POSTING, **SURE, "effects": {"post": {"approve": "request.text.startsWith('ACME')"}}}
    team = desk(posting=True, policy=terms, blobs=DictBlobs())
    turn = team.read(team.compile().invoke({"request": {"text": LARGE}}))
    assert [effect.status for effect in turn.effects.values()] == ["done"]


def test_team_within_a_team_stores_it_once() -> None:
    """A team that works as an agent and has the same blob store keeps its own state small, too."""
    saver, blobs = InMemorySaver(), DictBlobs()
    inner = desk(policy={**SURE, "fields": {**SURE["fields"], "company": {"review": "always"}}}, blobs=blobs)

    agents, policy = [inner.as_agent()], Policy.parse(SURE)
    outer = Supervisor("outer", request=Document, outcome=Receipt, agents=agents, policy=policy, blobs=blobs)
    graph = outer.compile(checkpointer=saver)
    waiting = graph.invoke({"request": {"text": LARGE}}, thread())
    answer = Command(resume={waiting["__interrupt__"][0].id: {"decisions": [{"type": "approve"}]}})
    assert outer.read(graph.invoke(answer, thread())).values == READ
    assert not _is_in(saver, MARK)
    assert len(blobs.contents) == 1


class Anything(BaseModel):
    data: Any


class Length(BaseModel):
    length: int


def test_user_data_of_the_form_of_a_reference_survives() -> None:
    """A user's value that looks like a reference reaches the agent as it is, and opens nobody else's blob."""
    blobs = DictBlobs()
    theirs = {"$blob": blobs.put(b'"secret"'), "size": 8}
    seen: list[Any] = []

    @agent(writes={"length": int}, capability="extraction")
    def look(data: Any) -> Claim:
        seen.append(data)
        return Claim("length", 1, 0.9)

    team = Supervisor("any", request=Anything, outcome=Length, agents=[look], blobs=blobs)
    for data in (theirs, {"inner": theirs}, [theirs]):
        team.compile().invoke({"request": {"data": data}})
    assert seen == [theirs, {"inner": theirs}, [theirs]]


def test_user_data_of_that_form_is_refused_without_a_store() -> None:
    """Without a blob store a value that looks like a reference is refused at the entry, with the reason."""

    @agent(writes={"length": int}, capability="extraction")
    def look(data: Any) -> Claim:
        raise AssertionError

    team = Supervisor("any", request=Anything, outcome=Length, agents=[look])
    turn = team.read(team.compile().invoke({"request": {"data": Reference.to(b"1").plain}}))
    assert turn.status == "rejected"
    assert "no blob store" in turn.faults[0].message
    assert "blobs=" in turn.faults[0].fix


@pytest.mark.parametrize(
    "given, message",
    [
        ({"pages": FILLER}, "pages: got '"),
        ({"pages": ["x"], "title": [FILLER]}, "title: got ["),
        ({"title": FILLER}, "pages: got {"),
        (FILLER, "request: got '"),
        ([FILLER], "request: got ["),
    ],
    ids=["type", "nested", "missing", "text", "list"],
)
def test_refused_givenis_not_large_either(given: Any, message: str) -> None:
    """A request that is refused is told as any other, and leaves nothing large behind."""
    saver = InMemorySaver()
    team = Supervisor("pages", request=Pages, outcome=Counted, agents=[count, last], blobs=DictBlobs())
    state = asyncio.run(team.compile(checkpointer=saver).ainvoke({"request": given}, thread()))
    turn = team.read(state)
    assert turn.status == "rejected"
    assert turn.reason.startswith(message)
    assert not _is_in(saver, MARK)


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    days: tuple[datetime.date, ...]
    pages: list[str] = Field(default=[], validation_alias=AliasChoices("blaetter", "pages"))


class Span(BaseModel):
    days_apart: int = 0


@agent(writes={"days_apart": int}, capability="extraction")
def span(days: tuple[datetime.date, ...], pages: list[str]) -> Claim:
    return Claim("days_apart", (days[-1] - days[0]).days + len(pages), 0.9)


DAYS = tuple(datetime.date(1900, 1, 1) + datetime.timedelta(days=n) for n in range(20_000))


@pytest.mark.parametrize(
    "given",
    [
        {"days": DAYS, "pages": ["x"]},
        {"days": DAYS, "blaetter": ["x"]},
        {"days": DAYS, "pages": ["x"], "unknown": FILLER},
        Strict(days=DAYS, pages=["x"]),
    ],
    ids=["fields", "alias", "unknown", "model"],
)
def test_python_objects_come_in(given: Any) -> None:
    """Large fields of Python objects, of a strict model too, under an alias, or within a model, come in as ever."""
    saver = InMemorySaver()
    team = Supervisor("days", request=Strict, outcome=Span, agents=[span], blobs=DictBlobs())
    turn = team.read(team.compile(checkpointer=saver).invoke({"request": given}, thread()))
    assert (turn.reason, turn.values) == ("all 1 goals are settled", {"days_apart": 20_000})
    assert not _is_in(saver, "1950-01-01")
    assert not _is_in(saver, MARK)
    assert turn.request.keys() == {"days", "pages"}


def test_missing_blob_at_the_entry_is_a_refusal() -> None:
    """A turn that goes on with a request whose blob went away is refused at the entry, with digest and remedy."""
    blobs = DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    graph = team.compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"text": LARGE}}, thread())
    (digest,) = blobs.contents
    blobs.contents.clear()
    turn = team.read(graph.invoke({"goals": ["total"]}, thread()))
    assert (turn.status, turn.faults[0].fix) == ("rejected", "send the request again")
    assert digest in turn.reason
    turn = team.read(graph.invoke({"request": {"text": LARGE}}, thread()))
    assert turn.values == READ


def test_store_that_is_full_stops_the_run_before_anything_is_stored() -> None:
    """Where a large field cannot be stored, the run raises, and the thread has no checkpoint."""
    saver = InMemorySaver()
    graph = desk(policy=SURE, blobs=DictBlobs(full=True)).compile(checkpointer=saver)
    with pytest.raises(DatabaseError, match="full disk"):
        graph.invoke({"request": {"text": LARGE}}, thread())
    assert list(saver.list(None)) == []


def test_input_is_not_changed() -> None:
    """The caller's own dictionary stays as it is."""
    given = {"request": {"text": LARGE}}
    desk(policy=SURE, blobs=DictBlobs()).compile().invoke(given)
    assert given == {"request": {"text": LARGE}}


def _large_writes(saver: InMemorySaver) -> list[str]:
    """The channels of the pending writes, over all checkpoints, whose value holds the text."""
    found = [write for each in saver.list(thread()) for write in each.pending_writes or ()]
    return [channel for _, channel, value in found if MARK in str(value)]


def test_update_state_leaves_what_it_is_given() -> None:
    """An input by `update_state` is referred to in each checkpoint; its one write is LangGraph's, and stays large."""
    saver, blobs = InMemorySaver(), DictBlobs()
    team = desk(policy=SURE, blobs=blobs)
    graph = team.compile(checkpointer=saver)
    graph.invoke({"request": {"text": "ACME TOTAL 1.00"}}, thread())
    graph.update_state(thread(), {"request": {"text": LARGE}}, as_node="__input__")
    assert team.read(graph.invoke(None, thread())).values == READ
    assert _large_writes(saver) == ["__start__"]
    assert MARK not in repr([each.checkpoint for each in saver.list(thread())])
