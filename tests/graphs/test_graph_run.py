"""The compiled graph: run in every way that LangGraph offers, with failing agents, and as plain data."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Overwrite
from pydantic import BaseModel, Field, create_model
from tests.fakes.desk import AGENTS, Document, Receipt, desk, thread
from typing_extensions import TypedDict

from quorate import Claim, Limits, Supervisor, agent, as_agent
from quorate.agents import Agent
from quorate.contracts import AgentError, Usage, check_plain

TEXT = {"request": {"text": "PETRO TOTAL 12.00"}}
VALUES = {"company": "PETRO", "total": "12.00", "category": "fuel"}


def test_invoke() -> None:
    """A run without a checkpointer settles what can be settled."""
    team = desk()
    turn = team.read(team.compile().invoke(TEXT))
    assert (turn.status, turn.values, turn.number) == ("settled", VALUES, 1)
    assert [move.kind for move in turn.moves] == ["dispatch", "dispatch", "finish"]
    assert all(move.at for move in turn.moves)


async def test_ainvoke_is_the_same() -> None:
    """The same run awaited comes to the same decisions and moves."""
    team = desk()
    one, other = team.read(team.compile().invoke(TEXT)), team.read(await team.compile().ainvoke(TEXT))
    assert one.decisions == other.decisions
    assert [(move.kind, move.reason) for move in one.moves] == [(move.kind, move.reason) for move in other.moves]


def test_result_is_the_model() -> None:
    """The outcome comes as its model; while a required field is open there is none."""
    team = desk()
    values = team.compile().invoke(TEXT)
    assert team.result(values) == Receipt(company="PETRO", total=Decimal("12.00"), category="fuel")
    assert team.result(team.compile(InMemorySaver()).invoke({"request": {"text": "ACME"}}, thread())) is None


def test_input_as_a_model() -> None:
    """The request may be given as its model."""
    team = desk()
    assert team.read(team.compile().invoke({"request": Document(text="PETRO TOTAL 12.00")})).values == VALUES


def test_models_with_aliases() -> None:
    """A model whose fields go by another name outside is filled by either, and a kept request by its own."""

    class Aliased(BaseModel):
        text: str = Field(alias="documentText")

    class Total(BaseModel):
        total: Decimal = Field(alias="grandTotal")

    agents = [each for each in AGENTS if each.name in ("by_label", "by_size")]
    team = Supervisor("aliased", request=Aliased, outcome=Total, agents=agents)
    graph = team.compile(InMemorySaver())
    for given in (
        {"request": {"documentText": "TOTAL 12.00"}},
        {"goals": ["total"]},
        {"request": {"text": "TOTAL 12.00"}},
    ):
        result = team.result(graph.invoke(given, thread()))
        assert isinstance(result, Total)
        assert result.total == Decimal("12.00")


NODES = ["intake", "supervisor", "by_label", "by_place", "by_size", "supervisor", "by_company", "supervisor"]


def test_stream() -> None:
    """Each node streams its update under its own name, agents of one step in any order; values stream as states."""
    graph = desk().compile()
    names = [name for update in graph.stream(TEXT, stream_mode="updates") for name in update]
    assert sorted(names[2:5]) == NODES[2:5]
    assert names[:2] + names[5:] == NODES[:2] + NODES[5:]
    *_, last = graph.stream(TEXT, stream_mode="values")
    assert desk().read(last).values == VALUES


async def test_astream() -> None:
    """The same awaited."""
    graph = desk().compile()
    names = [name async for update in graph.astream(TEXT, stream_mode="updates") for name in update]
    assert sorted(names) == sorted(NODES)
    states = [state async for state in graph.astream(TEXT, stream_mode="values")]
    assert desk().read(states[-1]).values == VALUES


def test_goals() -> None:
    """Only what the goals need is run and decided."""
    team = desk()
    turn = team.read(team.compile().invoke({**TEXT, "goals": ["category"]}))
    assert turn.values == {"company": "PETRO", "category": "fuel"}
    assert set(turn.runs) == {"by_place", "by_company"}


@pytest.mark.parametrize(
    "given, place",
    [
        ({"request": {"txt": "x"}}, "text: got {'txt': 'x'}; Field required"),
        ({"request": {"text": 3}}, "text: got 3; Input should be a valid string"),
        ({"request": {}}, "text: got {}; Field required"),
        ({"request": None}, "text: got {}; Field required"),
        ({"request": "text"}, "request: got 'text'; Input should be a valid dictionary"),
        ({"request": {"text": b"\xff"}}, "text: got b'\\xff'"),
        ({**TEXT, "goals": ["totl"]}, "goals: got 'totl'"),
        ({**TEXT, "goals": [3]}, "goals: got 3"),
        ({**TEXT, "goals": [["total"]]}, "goals: got ['total']"),
        ({**TEXT, "goals": 3}, "goals: got 3"),
    ],
)
def test_refused_at_the_entry(given: dict[str, Any], place: str) -> None:
    """A wrong input ends the turn before any agent runs, with a fault that says where, what and how to go on."""
    team = desk()
    graph = team.compile(InMemorySaver())
    turn = team.read(graph.invoke(given, thread()))
    assert turn.status == "rejected"
    assert turn.reason.startswith(place)
    (fault,) = turn.faults
    assert (fault.agent, fault.kind) == ("intake", "request")
    assert fault.fix
    assert not turn.runs
    assert team.read(graph.invoke(TEXT, thread())).values == VALUES  # the thread goes on


def test_request_that_json_cannot_hold() -> None:
    """A request that its model takes and no checkpoint can hold is refused, with the reason."""

    class Raw(BaseModel):
        data: bytes

    @agent(writes={"size"}, capability="extraction")
    def measure(data: bytes) -> Claim:
        return Claim("size", len(data), 0.9)

    team = Supervisor("raw", request=Raw, outcome=create_model("Size", size=(int, ...)), agents=[measure])
    graph = team.compile(InMemorySaver())
    assert team.read(graph.invoke({"request": {"data": b"abc"}}, thread())).values == {"size": 3}
    turn = team.read(graph.invoke({"request": {"data": b"\xff"}}, thread()))
    assert turn.status == "rejected"
    assert turn.reason.startswith("request: ")
    assert turn.request == {"data": "_w=="}


class TestFailing:
    """A failing agent is a fault, and its siblings go on."""

    @staticmethod
    def of(error: BaseException) -> Agent:
        @agent(writes={"total"}, capability="extraction", name="bad", limits=Limits(attempts=1))
        def bad(text: str) -> Iterator[Claim]:
            yield Claim("total", "99.00", 0.9)
            raise error

        return bad

    @pytest.mark.parametrize("error", [KeyError("k"), ValueError("v"), RecursionError(), MemoryError(), OSError("o")])
    def test_sync(self, error: Exception) -> None:
        """Nothing that the agent said before it failed counts, and the rest is settled."""
        team = desk(agents=(*AGENTS, self.of(error)))
        turn = team.read(team.compile().invoke(TEXT))
        assert turn.values == VALUES
        (fault,) = turn.faults
        assert (fault.agent, fault.kind, fault.attempt) == ("bad", "error", 1)
        assert type(error).__name__ in fault.message
        assert "bad" not in {claim.agent for claim in turn.claims}

    async def test_async(self) -> None:
        """The same for an async generator that fails half way."""

        @agent(writes={"total"}, capability="extraction")
        async def bad(text: str) -> AsyncIterator[Claim]:
            yield Claim("total", "99.00", 0.9)
            raise KeyError("k")

        team = desk(agents=(*AGENTS, bad))
        turn = team.read(await team.compile().ainvoke(TEXT))
        assert turn.values == VALUES
        assert [fault.agent for fault in turn.faults] == ["bad"]

    async def test_timeout(self) -> None:
        """An agent that runs out of time is a fault of its own kind, and its siblings are settled."""

        @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=1, timeout=0.05))
        async def slow(text: str) -> Claim:
            await asyncio.sleep(60)
            return Claim("total", "99.00", 0.9)

        team = desk(agents=(*AGENTS, slow))
        turn = team.read(await team.compile().ainvoke(TEXT))
        assert turn.values == VALUES
        (fault,) = turn.faults
        assert (fault.agent, fault.kind, fault.attempt) == ("slow", "timeout", 1)
        assert "limits.timeout" in fault.fix

    async def test_timeout_on_a_later_turn(self) -> None:
        """A fault of the turn before does not hide the same fault of this one."""

        @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=1, timeout=0.05))
        async def slow(text: str) -> Claim:
            await asyncio.sleep(60)
            return Claim("total", "99.00", 0.9)

        team = desk(agents=(*AGENTS, slow))
        graph = team.compile(InMemorySaver())
        for number in (1, 2):
            turn = team.read(await graph.ainvoke(TEXT, thread()))
            assert (turn.number, len(turn.faults)) == (number, 1)

    @pytest.mark.parametrize(
        "returned",
        [
            Claim("total", "much", 0.9),
            Claim("total", "1", 1.5),
            Claim("total", "1", float("nan")),
            Claim("company", "x", 0.9),
            {"total": object()},
            [Claim("total", "1", 0.9), "rubbish"],
            3,
            Claim("total", "1" * 5_000_000, 0.9, reason="\ud800"),
        ],
    )
    def test_broken_contract(self, returned: Any) -> None:
        """What breaks the contract is a fault of that kind, and none of it counts."""

        @agent(writes={"total"}, capability="extraction")
        def bad(text: str) -> Any:
            return returned

        team = desk(agents=(*AGENTS, bad))
        turn = team.read(team.compile(InMemorySaver()).invoke(TEXT, thread()))
        assert turn.values == VALUES
        (fault,) = turn.faults
        assert (fault.agent, fault.kind) == ("bad", "contract")
        assert len(fault.message) < 2_000

    def test_huge_exponent_does_not_stop_the_vote(self) -> None:
        """A claim of 1E+999999999, as a model may well make it, is one more candidate."""

        @agent(writes={"total"}, capability="extraction")
        def mad(text: str) -> Claim:
            return Claim("total", "1E+999999999", 0.6)

        team = desk(agents=(*AGENTS, mad))
        decision = team.read(team.compile(InMemorySaver()).invoke(TEXT, thread())).decisions["total"]
        assert decision.value == "12.00"
        assert decision.dissent == ("mad",)

    def test_attempts(self) -> None:
        """An error that may pass is tried again, as often as the limits allow; the fault names the last attempt."""
        tries: list[int] = []

        @agent(writes={"total"}, capability="extraction", limits=Limits(attempts=3, backoff=0))
        def flaky(text: str) -> Claim:
            tries.append(1)
            raise ConnectionError("down")

        team = desk(agents=(*AGENTS, flaky))
        (fault,) = team.read(team.compile().invoke(TEXT)).faults
        assert (len(tries), fault.attempt) == (3, 3)


class TestAsyncOnly:
    """An agent that can only be awaited."""

    @staticmethod
    def team(**options: Any) -> Supervisor:
        @agent(writes={"total"}, capability="extraction", **options)
        async def awaited(text: str) -> Claim:
            return Claim("total", "12.00", 0.9)

        return desk(agents=(*AGENTS, awaited))

    @pytest.mark.parametrize("run", [lambda graph: graph.invoke(TEXT), lambda graph: list(graph.stream(TEXT))])
    @pytest.mark.parametrize("options", [{}, {"limits": Limits(timeout=5)}])
    def test_invoke_says_so(self, run: Callable[[Any], Any], options: dict[str, Any]) -> None:
        """A run that does not await raises an error that names the agent and says how to run it."""
        with pytest.raises(AgentError, match=r"agent 'awaited': got invoke or stream; expected ainvoke or astream"):
            run(self.team(**options).compile())

    async def test_ainvoke_runs_it_beside_sync_ones(self) -> None:
        """An awaited run has both kinds."""
        team = self.team()
        turn = team.read(await team.compile().ainvoke(TEXT))
        assert turn.values == VALUES
        assert "awaited" in turn.decisions["total"].tally[0].agents

    def test_only_when_it_is_needed(self) -> None:
        """A run whose goals do not need the agent may be invoked."""
        team = self.team()
        assert team.read(team.compile().invoke({**TEXT, "goals": ["company"]})).values == {"company": "PETRO"}

    def test_inside_a_team(self) -> None:
        """A team with such an agent is such an agent."""
        outer = desk(agents=[self.team().as_agent(name="inner")], policy={"defaults": {"accept": 0.4}})
        with pytest.raises(AgentError, match="agent 'inner'"):
            outer.compile().invoke(TEXT)


class TestKindsOfAgents:
    """Everything that can be an agent runs in the graph."""

    def test_object_runnable_and_compiled_graph(self) -> None:
        """An object with a contract, a Runnable and a compiled graph claim side by side."""

        class Inner(TypedDict, total=False):
            text: str
            category: str

        inner = StateGraph(Inner)
        inner.add_node("look", lambda state: {"category": "food"})
        inner.add_edge(START, "look")
        inner.add_edge("look", END)

        class Reader:
            contract = agent(writes={"company"}, capability="extraction", name="reader")(lambda text: None).contract

            def __call__(self, text: str) -> Claim:
                return Claim("company", text.split(maxsplit=1)[0], 0.8)

        runnable = RunnableLambda(lambda fields: {"total": Decimal("3")}, name="calculator")
        team = desk(
            agents=[
                Reader(),
                as_agent(runnable, reads={"text"}, writes={"total"}, confidence=0.9),
                as_agent(inner.compile(name="graph"), reads={"text"}, writes={"category"}, confidence=0.9),
            ]
        )
        turn = team.read(team.compile(InMemorySaver()).invoke({"request": {"text": "ACME"}}, thread()))
        assert turn.values == {"company": "ACME", "total": "3", "category": "food"}
        assert {usage.agent for usage in turn.usage} == {"reader", "calculator", "graph"}

    def test_usage(self) -> None:
        """What a run took is recorded for each agent, with the tokens that it says it used."""

        @agent(writes={"total"}, capability="reasoning")
        def model(text: str) -> Iterator[Claim | Usage]:
            yield Usage(model="m", input_tokens=10, output_tokens=2)
            yield Claim("total", "12.00", 0.9)

        team = desk(agents=(*AGENTS, model))
        usage = {each.agent: each for each in team.read(team.compile().invoke(TEXT)).usage}
        assert (usage["model"].model, usage["model"].input_tokens, usage["model"].claims) == ("m", 10, 1)
        assert usage["by_company"].basis == {"company": 1}
        assert all(each.seconds >= 0 and each.attempts == 1 for each in usage.values())


def plain_channels(values: dict[str, Any]) -> None:
    """Everything but the conversation is plain JSON data."""
    for name, value in values.items():
        if name not in ("messages", "__interrupt__"):
            check_plain(value)
            json.dumps(value, allow_nan=False)


@pytest.mark.parametrize("text", ["PETRO TOTAL 12.00", "ACME TOTAL 12.00 CASH 20.00", "", "ACME"])
def test_state_is_plain_data(text: str) -> None:
    """Every channel of every checkpoint, but the messages, holds JSON data and nothing else."""
    team = desk(posting=True)
    graph = team.compile(InMemorySaver())
    graph.invoke({"request": {"text": text}, "messages": [("user", "hi")]}, thread())
    states = list(graph.get_state_history(thread()))
    assert len(states) > 3
    for state in states:
        plain_channels(state.values)
        for task in state.tasks:
            for interrupt in task.interrupts:
                check_plain(interrupt.value)


class Paper(BaseModel):
    text: str
    language: str = "en"


class Bill(BaseModel):
    company: str
    category: str = "other"
    due: str


@agent(writes={"due"}, capability="reasoning")
def terms(language: str, company: str) -> Claim:
    return Claim("due", f"{language} {company}", 0.9)


class TestOldCheckpoints:
    """A thread goes on after the classes of its request and outcome have moved, grown and shrunk."""

    @staticmethod
    def grown() -> Supervisor:
        return Supervisor(
            "other",
            request=Paper,
            outcome=Bill,
            agents=[each for each in AGENTS if "by_p" in each.name or "by_c" in each.name] + [terms],
        )

    def test_goals_that_are_gone(self) -> None:
        """What the team no longer decides is left alone; a new field of the request has its default."""
        saver = InMemorySaver()
        desk(posting=True).compile(saver).invoke({"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}, thread())
        team = self.grown()
        graph = team.compile(saver)
        snapshot = graph.get_state(thread())
        assert team.read(snapshot.values).status == "waiting"
        values = {**snapshot.values, "goals": ["due", "total"]}
        update = {**team.correction(values, {"company": "ZETA"}, reviewer="ann"), "goals": Overwrite(["due", "total"])}
        graph.update_state(thread(), update, as_node="review")
        turn = team.read(graph.invoke(None, thread()))
        assert turn.status == "settled"
        assert turn.values["due"] == "en ZETA"

    def test_question_about_what_is_gone(self) -> None:
        """A question about a field that the team has lost is no question any more."""
        saver = InMemorySaver()
        graph = desk().compile(saver)
        waiting = graph.invoke({"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}, thread())["__interrupt__"][0]
        team = self.grown()
        answer = Command(resume={waiting.id: {"type": "approve"}})
        turn = team.read(team.compile(saver).invoke(answer, thread()))
        assert turn.status == "settled"
        assert turn.decisions["total"].status == "contested"


def test_defaults_are_not_shared() -> None:
    """What an agent does to the default of an empty field, the next run does not see."""

    class Out(BaseModel):
        tags: list[str] = []
        note: str

    @agent(writes={"tags"}, capability="extraction")
    def mute(text: str) -> None:
        """Abstain."""

    @agent(writes={"note"}, capability="reasoning")
    def tagger(tags: list[str]) -> Claim:
        tags.append("x")
        return Claim("note", str(len(tags)), 0.9)

    team = desk(agents=[mute, tagger], outcome=Out, policy={})
    graph = team.compile()
    assert [team.read(graph.invoke(TEXT)).values["note"] for _ in range(2)] == ["1", "1"]


def renamed(names: dict[str, str]) -> Any:
    """What the desk comes to with its agents under other names."""
    agents = [Agent(replace(each.contract, name=names[each.name]), call=each.call) for each in AGENTS]
    team = desk(agents=agents)
    turn = team.read(team.compile().invoke({"request": {"text": "PETRO TOTAL 12.00 TOTAL 20.00"}, "goals": ["total"]}))
    decision = turn.decisions["total"]
    return decision.status, decision.value, decision.confidence, [(each.key, each.score) for each in decision.tally]


def test_no_order_of_names_matters() -> None:
    """Agents under other names, so merged in another order, come to the same decision."""
    plain = renamed({each.name: each.name for each in AGENTS})
    mirrored = renamed({each.name: f"z{9 - index}" for index, each in enumerate(AGENTS)})
    assert plain == mirrored
