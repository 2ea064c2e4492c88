from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from quorate.agents import Agent, agent
from quorate.contracts import BuildError, Claim, Effect, Limits
from quorate.graphs import Supervisor

ONCE = Limits(attempts=1)


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: Decimal


class Dated(BaseModel):
    day: str
    total: Decimal


def reader(name: str, outcome: Any, instead_of: str = "", **options: Any) -> tuple[Agent, list[str]]:
    """An agent that gives the outcome, or raises it; with the list of the texts that it has read."""
    seen: list[str] = []

    @agent(name=name, writes={"total"}, capability="extraction", instead_of=instead_of, **{"limits": ONCE, **options})
    def read(text: str) -> Iterator[Claim]:
        seen.append(text)
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            yield Claim("total", outcome, 0.95)

    return read, seen


def run(*agents: Agent, outcome: type[BaseModel] = Receipt, **input_: Any) -> Any:
    team = Supervisor("team", request=Document, outcome=outcome, agents=agents)
    return team.read(team.compile().invoke({"request": {"text": "T"}, **input_}))


def test_takes_the_place_of_a_failed_one() -> None:
    """A fallback runs where its principal ended in a fault; the claims and the weight are its own."""
    large, _ = reader("large", ValueError("broken"))
    small, seen = reader("small", "2.50", "large")
    turn = run(large, small)
    assert (turn.values, seen) == ({"total": "2.50"}, ["T"])
    assert [claim.agent for claim in turn.claims] == ["small"]
    assert [list(move.agents) for move in turn.moves if move.kind == "dispatch"] == [["large"], ["small"]]
    assert turn.moves[1].reason == "needed and ready: small in place of large"
    assert turn.status == "settled"


@pytest.mark.parametrize("outcome", ["1.50", None])
def test_stays_away_otherwise(outcome: str | None) -> None:
    """A fallback does not run where its principal gave a value, or had no opinion."""
    large, _ = reader("large", outcome)
    small, seen = reader("small", "2.50", "large")
    turn = run(large, small)
    assert (seen, [claim.agent for claim in turn.claims]) == ([], ["large"] if outcome else [])


def test_all_of_them_failed() -> None:
    """Where nobody claimed a value, the last move names those who failed, and how."""
    large, _ = reader("large", ConnectionError("cut"))
    small, _ = reader("small", "about two", "large")
    turn = run(large, small)
    assert turn.status == "waiting"
    assert turn.reason == "total: nobody claimed a value; large failed: error, small failed: contract"
    assert turn.decisions["total"].reason == "nobody claimed a value"


def test_chain() -> None:
    """Fallbacks follow one another, each where the one before it has failed, whatever their names and order are."""
    last, _ = reader("a", "3.50", "z")
    first, _ = reader("m", TimeoutError("slow"))
    second, _ = reader("z", ConnectionError("cut"), "m")
    turn = run(last, first, second)
    assert turn.values == {"total": "3.50"}
    assert [list(move.agents) for move in turn.moves if move.kind == "dispatch"] == [["m"], ["z"], ["a"]]
    assert [fault.agent for fault in turn.faults] == ["m", "z"]


def test_chain_that_fails() -> None:
    """Where all of a chain fail, the field is left as without any claim, and the turn ends."""
    agents = [reader("m", OSError(1))[0], reader("z", OSError(2), "m")[0]]
    turn = run(*agents)
    assert ([fault.agent for fault in turn.faults], turn.values) == (["m", "z"], {})
    assert turn.status in ("waiting", "unsettled")


def test_votes_beside_others() -> None:
    """A fallback has one voice beside the others of its principal's tier, not a second one."""
    other, _ = reader("other", "2.50")
    large, _ = reader("large", ValueError())
    small, _ = reader("small", "2.50", "large")
    turn = run(other, large, small)
    assert sorted(claim.agent for claim in turn.claims) == ["other", "small"]
    assert turn.values == {"total": "2.50"}


def test_principal_returns_on_new_inputs() -> None:
    """On new inputs the principal runs first again; what its fallback said on the old ones counts no more."""

    @agent(writes={"day"}, capability="extraction")
    def calendar(text: str, messages: list[Any]) -> Mapping[str, str]:
        return {"day": f"{len(messages)}"}

    calls: list[str] = []

    @agent(writes={"total"}, capability="extraction", limits=ONCE)
    def large(text: str, day: str) -> Claim:
        calls.append(f"large {day}")
        if day == "0":
            raise ValueError
        return Claim("total", "1.00", 0.95)

    @agent(writes={"total"}, capability="extraction", instead_of="large")
    def small(text: str) -> Claim:
        calls.append("small")
        return Claim("total", "2.00", 0.95)

    team = Supervisor("team", request=Document, outcome=Dated, agents=[calendar, large, small])
    graph, config = team.compile(InMemorySaver()), {"configurable": {"thread_id": "1"}}
    graph.invoke({"request": {"text": "T"}}, config)  # day is asked about: its confidence is low
    first = team.read(graph.get_state(config).values)
    graph.update_state(config, team.correction(graph.get_state(config).values, {"day": "0"}, reviewer="ann"), "review")
    second = team.read(graph.invoke(None, config))
    graph.update_state(config, team.correction(graph.get_state(config).values, {"day": "1"}, reviewer="ann"), "review")
    third = team.read(graph.invoke(None, config))
    assert first.status == "waiting"
    assert (second.values["total"], third.values["total"]) == ("2.00", "1.00")
    assert calls == ["large 0", "small", "large 1"]
    assert third.decisions["total"].dissent == ()


def act(total: Decimal) -> Effect:
    return Effect("post", {"total": str(total)})


class Posted(BaseModel):
    total: Decimal
    posted: str | None = None


@pytest.mark.parametrize(
    "agents, message",
    [
        ([reader("a", "1", "b")[0], reader("c", "1")[0]], "agent 'a': got instead_of='b'; expected one of a, c"),
        ([reader("a", "1", "b")[0], reader("b", "1", "a")[0]], "a circle: a -> b -> a"),
        ([reader("a", "1", "a")[0]], "a circle: a -> a"),
        (
            [reader("a", "1")[0], reader("b", "1", "a")[0], reader("c", "1", "a")[0]],
            "whose place 'b' takes too; expected one after the other",
        ),
    ],
)
def test_fallbacks_that_do_not_fit(agents: list[Agent], message: str) -> None:
    """An unknown principal, a circle and two fallbacks for one agent are errors when the graph is built."""
    with pytest.raises(BuildError) as caught:
        Supervisor("team", request=Document, outcome=Receipt, agents=agents)
    assert message in str(caught.value)


def test_writes_must_be_covered() -> None:
    """A fallback writes just what its principal writes."""

    @agent(writes={"day", "total"}, capability="extraction")
    def both(text: str) -> None: ...

    one, _ = reader("one", "1", "both")
    with pytest.raises(BuildError, match="expected what 'both' writes: day, total"):
        Supervisor("team", request=Document, outcome=Dated, agents=[both, one])


@pytest.mark.parametrize("acting", ["principal", "fallback"])
def test_action_agents_have_none(acting: str) -> None:
    """An action agent has no fallback and is none: what it has done before it failed is not known."""
    plain = agent(name="plain", writes={"posted"}, capability="reasoning", instead_of="post" * (acting == "principal"))
    action = agent(name="post", writes={"posted"}, capability="action", instead_of="plain" * (acting == "fallback"))
    total, _ = reader("total_reader", "1")
    with pytest.raises(BuildError, match="'post' is an action agent"):
        Supervisor("team", request=Document, outcome=Posted, agents=[total, plain(act), action(act)])


def test_circle_by_what_a_fallback_reads() -> None:
    """A fallback that reads what is derived from its own field is a cycle like any other."""

    @agent(writes={"day"}, capability="reasoning")
    def calendar(total: Decimal) -> None: ...

    @agent(writes={"total"}, capability="reasoning", instead_of="large")
    def small(day: str) -> None: ...

    large, _ = reader("large", "1")
    with pytest.raises(BuildError, match="a cycle: "):
        Supervisor("team", request=Document, outcome=Dated, agents=[calendar, large, small])


async def test_async_and_streamed() -> None:
    """A fallback runs in `ainvoke` and `stream` as in `invoke`, in a step of its own after its principal's."""
    large, _ = reader("large", ValueError())
    small, _ = reader("small", "2.50", "large")
    team = Supervisor("team", request=Document, outcome=Receipt, agents=[large, small])
    assert team.read(await team.compile().ainvoke({"request": {"text": "T"}})).values == {"total": "2.50"}
    steps = [list(update) for update in team.compile().stream({"request": {"text": "T"}}, stream_mode="updates")]
    assert steps.index(["large"]) < steps.index(["small"])
