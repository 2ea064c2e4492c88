from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph
from typing_extensions import TypedDict

from quorate.agents import Agent, agent, as_agent
from quorate.contracts import Claim, Contract, ContractError, Limits


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    company: str
    total: Decimal


class Reading(BaseModel):
    company: str | None
    total: Decimal | None = None


class Register:
    """An object with a contract."""

    def __init__(self) -> None:
        self.contract = Contract("register", frozenset({"text"}), frozenset({"company"}), "retrieval")

    def __call__(self, text: str) -> Iterator[Claim]:
        yield Claim("company", text, 0.9)


class AsyncRegister(Register):
    """An object with a contract whose call is async."""

    async def __call__(self, text: str) -> Claim:  # type: ignore[override]
        return Claim("company", text, 0.9)


class Words(TypedDict):
    text: str
    company: str
    secret: str


class Conversation(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]
    structured_response: Reading


def first_word(state: Words) -> dict[str, str]:
    return {"company": state["text"].split(maxsplit=1)[0], "secret": "not ours"}


def word_graph() -> Any:
    builder = StateGraph(Words)
    builder.add_node("first", first_word)
    builder.add_edge(START, "first")
    builder.add_edge("first", END)
    return builder.compile(name="word-graph")


def chat_graph(answer: str) -> Any:
    """A compiled graph over `messages`, as `create_agent` makes one."""

    def model(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(f"{answer}, {state['messages'][-1].text}")]}

    builder = StateGraph(MessagesState)
    builder.add_node("model", model)
    builder.add_edge(START, "model")
    return builder.compile()


def structured_graph(reading: Reading) -> Any:
    """A compiled graph that ends with a `structured_response`, as `create_agent(response_format=...)` makes one."""
    builder = StateGraph(Conversation)
    builder.add_node("model", lambda state: {"messages": [AIMessage("done")], "structured_response": reading})
    builder.add_edge(START, "model")
    return builder.compile()


def runnable(function: Callable[[Any], Any], name: str | None = None) -> RunnableLambda[Any, Any]:
    return RunnableLambda(function, name=name)


def graph(*agents: Agent) -> GuardedGraph:
    return GuardedGraph(*agents, request=Document, outcome=Receipt)


def test_agents_stay() -> None:
    """An agent is returned as it is."""

    @agent(writes={"company"}, capability="extraction")
    def reader(text: str) -> None: ...

    assert as_agent(reader) is reader


def test_object_with_contract() -> None:
    """An object that has a contract and can be called is an agent."""
    made = as_agent(Register())
    assert (made.name, made.async_only) == ("register", False)
    assert graph(made).run(text="A").values == {"company": "A"}


async def test_async_object() -> None:
    """An object whose call is async is an async agent."""
    made = as_agent(AsyncRegister())
    assert made.async_only
    assert (await graph(made).arun(text="A")).values == {"company": "A"}


def test_anything_else_is_refused() -> None:
    """What is neither is refused, with what to do."""
    with pytest.raises(ContractError, match="decorate a function with @agent"):
        as_agent(lambda text: None, writes={"company"})
    with pytest.raises(ContractError, match="got object"):
        as_agent(object(), writes={"company"}, name="thing")


async def test_runnable() -> None:
    """A Runnable gets the fields as a mapping, sync and async, and its mapping becomes claims."""
    upper = runnable(lambda fields: {"company": fields["text"], "other": 1})
    made = as_agent(
        upper, name="upper", reads={"text"}, writes={"company"}, capability="extraction", confidence=0.8, tier=2
    )
    assert made.contract.tier == 2
    for ran in (graph(made).run(text="A"), await graph(made).arun(text="A")):
        assert [(c.agent, c.value, c.confidence) for c in ran.claims] == [("upper", "A", 0.8)]


def test_prepare_and_claims() -> None:
    """`prepare` makes the Runnable's input, `claims` makes claims of its output."""
    made = as_agent(
        runnable(lambda text: text.split()),
        name="words",
        reads={"text"},
        writes={"company"},
        prepare=lambda fields: fields["text"],
        claims=lambda words: [Claim("company", word, 0.5) for word in words],
    )
    assert [claim.value for claim in graph(made).run(text="A B").claims] == ["A", "B"]


@pytest.mark.parametrize(
    "output, values",
    [
        ({"company": "A", "total": "1"}, {"company": "A", "total": "1"}),
        ({"company": "A"}, {"company": "A"}),
        ({"total": None}, {}),
        (Reading(company="A"), {"company": "A"}),
        ({"structured_response": Reading(company="A", total=Decimal(1))}, {"company": "A", "total": "1"}),
        ({"structured_response": None, "company": "A"}, {"company": "A"}),
    ],
)
def test_outputs(output: Any, values: dict[str, Any]) -> None:
    """The written fields are taken from a mapping, a model or a structured response; what is missing abstains."""
    made = as_agent(runnable(lambda _: output), name="r", reads={"text"}, writes={"company", "total"})
    assert graph(made).run(text="x").values == values


@pytest.mark.parametrize("output", ["A", AIMessage("A"), {"messages": [HumanMessage("q"), AIMessage("A")]}])
def test_one_written_field(output: Any) -> None:
    """For one written field a bare value, a message or the last of several messages is its value."""
    made = as_agent(runnable(lambda _: output), name="r", reads={"text"}, writes={"company"})
    assert graph(made).run(text="x").values == {"company": "A"}


def test_output_of_no_use() -> None:
    """An output from which several fields cannot be taken is a fault that says what to pass."""
    made = as_agent(runnable(lambda _: 3), name="r", reads={"text"}, writes={"company", "total"})
    assert graph(made).run(text="x").fault.fix == "pass `claims=` to as_agent"


async def test_compiled_graph() -> None:
    """A compiled graph is an agent: its state's written fields are claimed, the rest of its state is its own."""
    made = as_agent(word_graph(), reads={"text"}, writes={"company"}, capability="extraction")
    assert made.name == "word-graph"
    for ran in (graph(made).run(text="A B"), await graph(made).arun(text="A B")):
        assert ran.values == {"company": "A"}


async def test_messages_graph() -> None:
    """A compiled graph over messages, as `create_agent` makes one, reads `messages` and claims its last one."""
    made = as_agent(chat_graph("Hello"), name="chat", reads={"messages"}, writes={"company"})
    for ran in (
        graph(made).run(text="x", messages=[HumanMessage("you")]),
        await graph(made).arun(text="x", messages=[HumanMessage("you")]),
    ):
        assert ran.values == {"company": "Hello, you"}


def test_messages_from_fields() -> None:
    """`prepare` makes the first message of such a graph from fields."""
    made = as_agent(
        chat_graph("Seen"),
        name="chat",
        reads={"text"},
        writes={"company"},
        prepare=lambda fields: {"messages": [("user", fields["text"])]},
    )
    assert graph(made).run(text="{x}").values == {"company": "Seen, {x}"}


def test_structured_response() -> None:
    """The structured response of a compiled graph is claimed field by field."""
    made = as_agent(
        structured_graph(Reading(company="A", total=Decimal("1.50"))),
        name="chat",
        reads={"messages"},
        writes={"company", "total"},
    )
    assert graph(made).run(text="x", messages=[HumanMessage("x")]).values == {"company": "A", "total": "1.50"}


def test_failing_graph_is_a_fault() -> None:
    """An error inside a compiled graph is a fault of its agent."""
    inner = runnable(lambda fields: fields["other"])
    broken = as_agent(inner, name="broken", reads={"text"}, writes={"company"}, limits=Limits(attempts=1))
    fault = graph(broken, as_agent(Register())).run(text="x").fault
    assert (fault.agent, fault.message) == ("broken", "KeyError: 'other'")


class Runs(BaseCallbackHandler):
    """Keeps who ran within whom."""

    def __init__(self) -> None:
        self.names: dict[Any, str] = {}
        self.inside: list[tuple[str, str]] = []

    def on_chain_start(
        self, serialized: Any, inputs: Any, *, run_id: Any, parent_run_id: Any = None, **kwargs: Any
    ) -> None:
        self.names[run_id] = kwargs.get("name") or ""
        self.inside.append((self.names.get(parent_run_id, ""), self.names[run_id]))


async def test_runs_are_nested() -> None:
    """In a trace the run of a Runnable stands inside the node of its agent, sync and async."""
    inner = runnable(lambda fields: {"company": "A"}, name="inner")
    made = as_agent(inner, name="outer", reads={"text"}, writes={"company"})
    sync, asynchronous = Runs(), Runs()
    graph(made).run({"callbacks": [sync]}, text="x")
    await graph(made).arun({"callbacks": [asynchronous]}, text="x")
    assert ("outer", "inner") in sync.inside
    assert ("outer", "inner") in asynchronous.inside
