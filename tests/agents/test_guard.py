from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import requests
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph

from quorate.agents import Agent, Guard, agent, worth_retrying
from quorate.contracts import AgentError, Claim, ContractError, Effect, Limits, Quote, Usage, fields_of

NO_WAIT = Limits(attempts=3, backoff=0)
ONCE = Limits(attempts=1)


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    company: str
    total: Decimal
    note: str | None = None


class Unavailable(Exception):
    """A service that answers with an HTTP status."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


class Failing:
    """Raises the errors that it was given, one a call, then claims."""

    def __init__(self, *errors: BaseException, limits: Limits = NO_WAIT, name: str = "failing") -> None:
        self.errors = list(errors)
        self.calls = 0
        self.agent = agent(writes={"company"}, capability="extraction", limits=limits, name=name)(self._call)

    def _call(self, text: str) -> Claim:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return Claim("company", text, 0.9)


@agent(writes={"company"}, capability="extraction")
def steady(text: str) -> Iterator[Claim]:
    """An agent that does its work."""
    yield Claim("company", text.split(maxsplit=1)[0], 0.9, (Quote("text", 0, 1),))


def graph(*agents: Agent, **options: Any) -> GuardedGraph:
    return GuardedGraph(*agents, request=Document, outcome=Receipt, **options)


def test_reads_typed() -> None:
    """An agent receives just the fields that it reads, typed: of the request, settled ones, and messages."""
    seen: dict[str, Any] = {}

    @agent(writes={"note"}, capability="reasoning")
    def curious(text: str, total: Decimal, messages: list[Any]) -> None:
        seen.update(text=text, total=total, messages=messages)

    message = HumanMessage("hello")
    graph(curious).run(text="A", decisions={"total": "12.50", "company": "A"}, messages=[message])
    assert seen == {"text": "A", "total": Decimal("12.50"), "messages": [message]}


def test_unsettled_field_is_its_default() -> None:
    """A field that is not settled is read as its default, or None."""
    seen: list[Any] = []

    @agent(writes={"company"}, capability="reasoning")
    def curious(total: Decimal | None, note: str | None) -> None:
        seen.append((total, note))

    contested = {"status": "contested", "value": "12.50"}
    graph(curious).run(text="A", decisions={"total": contested})
    assert seen == [(None, None)]


def test_corrupt_state() -> None:
    """A field that was written past quorate in another type is a contract fault of the agent that reads it."""

    @agent(writes={"company"}, capability="reasoning")
    def curious(total: Decimal) -> None: ...

    fault = graph(curious).run(text="A", decisions={"total": "twelve"}).fault
    assert (fault.kind, fault.agent) == ("contract", "curious")
    assert "input 'total'" in fault.message


def test_claims_and_usage() -> None:
    """A run leaves its claims, and one usage with the attempt, the basis and the number of claims."""

    @agent(writes={"company"}, capability="extraction", version="3.1.4")
    def model(text: str) -> Iterator[Claim | Usage]:
        yield Usage("small", 10, 2)
        yield Claim("company", "A", 0.9)

    ran = graph(model).run(text="A", basis={"total": 2})
    (claim,), (usage,) = ran.claims, ran.usage
    assert (claim.agent, claim.version, claim.basis) == ("model", "3.1.4", {"total": 2})
    assert (usage.agent, usage.model, usage.input_tokens, usage.output_tokens) == ("model", "small", 10, 2)
    assert (usage.attempts, usage.claims, usage.basis) == (1, 1, {"total": 2})


def test_abstaining() -> None:
    """An agent that returns nothing leaves a usage with no claims, and no fault."""

    @agent(writes={"company"}, capability="extraction")
    def silent(text: str) -> None: ...

    ran = graph(silent).run(text="A")
    assert (ran.claims, ran.faults, ran.usage[0].claims) == ([], [], 0)


def test_effect_is_recorded_in_its_slot() -> None:
    """A proposed effect stands in the state under its agent and idempotency key."""

    @agent(writes={"note"}, capability="action")
    def poster(company: str) -> Effect:
        return Effect("post", {"company": company})

    ran = graph(poster).run(text="A", decisions={"company": "A"})
    ((slot, effect),) = ran.effects.items()
    assert (effect.slot, effect.name, effect.field, effect.status) == (slot, "post", "note", "proposed")


def test_broken_contract_is_a_fault() -> None:
    """A broken contract is a fault with the fix, is not tried again, and leaves none of the claims."""
    calls = []

    @agent(writes={"company", "total"}, capability="extraction", limits=NO_WAIT)
    def wrong(text: str) -> Iterator[Claim]:
        calls.append(1)
        yield Claim("company", "A", 0.9)
        yield Claim("total", "twelve", 0.9)

    ran = graph(wrong).run(text="A")
    assert (ran.fault.kind, ran.fault.attempt, ran.claims, len(calls)) == ("contract", 1, [], 1)
    assert ran.fault.message == (
        "agent 'wrong', claim on 'total': got 'twelve' of type str; expected a value of the field's type Decimal"
    )
    assert ran.fault.fix.startswith("convert it, or claim nothing")


def test_siblings_go_on() -> None:
    """A failing agent takes neither its siblings nor the run with it."""
    ran = graph(Failing(ValueError("broken"), limits=ONCE).agent, steady).run(text="A B")
    assert ran.values == {"company": "A"}
    assert (ran.fault.agent, ran.fault.kind, ran.fault.message) == ("failing", "error", "ValueError: broken")
    assert "test_guard.py" in ran.fault.fix


def test_retry_then_success() -> None:
    """An error that may pass is tried again; the usage tells the attempt."""
    failing = Failing(ConnectionError("reset"), Unavailable(503))
    ran = graph(failing.agent).run(text="A")
    assert (ran.values, ran.faults, ran.usage[0].attempts) == ({"company": "A"}, [], 3)


def test_retry_exhausted() -> None:
    """After the last attempt the error is a fault, with the number of the attempt and what to do."""
    failing = Failing(*[ConnectionError("reset")] * 9)
    fault = graph(failing.agent).run(text="A").fault
    assert (failing.calls, fault.attempt, fault.kind) == (3, 3, "error")
    assert fault.fix == "check the service that it calls, or raise limits.attempts (now 3)"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_refusals_are_final(status: int) -> None:
    """An HTTP status of 4xx is not tried again."""
    failing = Failing(Unavailable(status))
    assert graph(failing.agent).run(text="A").fault.attempt == failing.calls == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_passing_troubles(status: int) -> None:
    """Timeouts, conflicts, too many requests and the server's own errors are tried again."""
    failing = Failing(Unavailable(status))
    assert graph(failing.agent).run(text="A").values == {"company": "A"}
    assert failing.calls == 2


@pytest.mark.parametrize("status, again", [(404, False), (429, True), (503, True)])
def test_errors_of_http_clients(status: int, again: bool) -> None:
    """The status is also found where a client's error keeps it in its response."""
    response, request = requests.Response(), httpx.Request("GET", "http://localhost")
    response.status_code = status
    assert worth_retrying(requests.HTTPError(response=response)) is again
    assert worth_retrying(httpx.HTTPStatusError("", request=request, response=httpx.Response(status))) is again


def test_timeout_of_a_service() -> None:
    """A timeout that an agent runs into by itself is tried again; the last is a timeout fault."""
    fault = graph(Failing(*[TimeoutError("no answer")] * 9).agent).run(text="A").fault
    assert (fault.kind, fault.attempt) == ("timeout", 3)
    assert fault.fix == "check the service that it calls, or give it more time"


@pytest.mark.parametrize("error", [ValueError(), TypeError(), KeyError(), ZeroDivisionError(), OSError(), NameError()])
def test_errors_in_the_code(error: Exception) -> None:
    """Another attempt does not mend an error in the code."""
    assert not worth_retrying(error)


def test_errors_of_ours_say_what_to_do() -> None:
    """The fix of a fault is that of the error, where the error has one."""
    failing = Failing(AgentError("openai_chat", got="no key", expected="a key", fix="export OPENAI_API_KEY"))
    fault = graph(failing.agent).run(text="A").fault
    assert (fault.kind, fault.fix, fault.attempt) == ("error", "export OPENAI_API_KEY", 1)


def test_message_can_be_stored() -> None:
    """A fault's message is one line of at most 500 characters that a checkpoint can hold."""
    failing = Failing(ValueError("\ud83d" + "x" * 1000 + "\nmore"), limits=ONCE)
    message = graph(failing.agent, checkpointer=InMemorySaver()).run(_thread(), text="A").fault.message
    assert message.startswith("ValueError: \\ud83dxxx")
    assert "\n" not in message


def test_message_holds_no_secret() -> None:
    """A client's error may repeat the key that it was given: a fault, which is stored, does not."""
    failing = Failing(ValueError("401 of https://me:hunter2@host with api_key=abcdef-12345"), limits=ONCE)
    message = graph(failing.agent).run(text="A").fault.message
    assert message == (
        "ValueError: 401 of https://me:[redacted: password in a url]@host with api_key=[redacted: password]"
    )


def test_bubble_up_passes() -> None:
    """What LangGraph raises to steer a graph is not caught."""
    with pytest.raises(GraphBubbleUp):
        _invoke_bare(Failing(GraphBubbleUp()).agent)


def test_interrupt_in_an_agent() -> None:
    """An agent may interrupt the run, and goes on with the answer."""

    @agent(writes={"company"}, capability="reasoning")
    def asking(text: str) -> Claim:
        return Claim("company", interrupt("which?"), 1)

    made = graph(asking, checkpointer=InMemorySaver())
    assert made.run(_thread(), text="A").claims == []
    (pending,) = made.graph.get_state(_thread()).interrupts
    values = made.graph.invoke(Command(resume={pending.id: "B"}), _thread())
    assert [claim["value"] for claim in values["claims"]] == ["B"]


async def test_async_agent() -> None:
    """A coroutine function runs in the event loop."""

    @agent(writes={"company"}, capability="extraction")
    async def awaited(text: str) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"company": text}

    assert (await graph(awaited).arun(text="A")).values == {"company": "A"}


async def test_async_generator() -> None:
    """An async generator function claims as it goes; what it raises on the way is a fault without claims."""

    @agent(writes={"company"}, capability="extraction")
    async def streaming(text: str) -> AsyncIterator[Claim]:
        for word in text.split():
            await asyncio.sleep(0)
            yield Claim("company", word, 0.5)

    @agent(writes={"company"}, capability="extraction", limits=ONCE)
    async def stumbling(text: str) -> AsyncIterator[Claim]:
        yield Claim("company", text, 0.5)
        raise RuntimeError("half way")

    ran = await graph(streaming, stumbling).arun(text="A B")
    assert [claim.value for claim in ran.claims] == ["A", "B"]
    assert ran.fault.message == "RuntimeError: half way"


async def test_sync_agents_beside_the_loop() -> None:
    """With `ainvoke`, sync agents run in threads, side by side, and do not block the event loop."""
    together = threading.Barrier(2)

    def meet(text: str) -> Claim:
        together.wait(timeout=30)
        return Claim("company", threading.current_thread() is threading.main_thread(), 0.5)

    agents = [agent(writes={"note"}, capability="extraction", name=name)(_noting(meet)) for name in ("one", "two")]
    ran = await graph(*agents).arun(text="A")
    assert [claim.value for claim in ran.claims] == ["False", "False"]


async def test_sync_agent_retries_with_ainvoke() -> None:
    """Retries and faults of a sync agent are the same with `ainvoke`."""
    passing, failing = Failing(ConnectionError("reset")), Failing(*[ConnectionError("reset")] * 9, name="other")
    ran = await graph(passing.agent, failing.agent).arun(text="A")
    assert (ran.values, ran.fault.agent, ran.fault.attempt) == ({"company": "A"}, "other", 3)


async def test_async_retry_exhausted() -> None:
    """After the last attempt of an async agent its error is a fault."""

    @agent(writes={"company"}, capability="extraction", limits=NO_WAIT)
    async def awaited(text: str) -> None:
        raise Unavailable(500)

    assert (await graph(awaited).arun(text="A")).fault.attempt == 3


async def test_timeout() -> None:
    """An async agent that takes too long is cancelled on each attempt; the last is a fault, and siblings go on."""
    begun, cancelled = [], []

    @agent(writes={"company"}, capability="extraction", limits=Limits(attempts=2, backoff=0, timeout=0.05))
    async def slow(text: str) -> None:
        begun.append(1)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(1)
            raise

    ran = await graph(slow, steady).arun(text="A B", basis={"total": 2})
    assert (ran.values, len(begun), len(cancelled)) == ({"company": "A"}, 2, 2)
    assert (ran.fault.agent, ran.fault.kind, ran.fault.attempt) == ("slow", "timeout", 2)
    assert (ran.fault.basis, ran.fault.fix) == ({"total": 2}, "raise limits.timeout, or make the agent do less")


async def test_cancelled_from_within() -> None:
    """An agent whose own task was cancelled is a fault; the run goes on."""

    @agent(writes={"company"}, capability="extraction")
    async def cancelling(text: str) -> None:
        task = asyncio.ensure_future(asyncio.Event().wait())
        task.cancel()
        await task

    ran = await graph(cancelling, steady).arun(text="A B")
    assert (ran.values, ran.fault.agent, ran.fault.kind) == ({"company": "A"}, "cancelling", "error")


async def test_cancelled_from_outside() -> None:
    """A run that is cancelled is cancelled, and no fault."""
    begun = asyncio.Event()

    @agent(writes={"company"}, capability="extraction")
    async def waiting(text: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    running = asyncio.ensure_future(graph(waiting).arun(text="A"))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


def test_async_agent_needs_ainvoke() -> None:
    """`invoke` of a graph with an async agent is an error that says what to call."""

    @agent(writes={"company"}, capability="extraction")
    async def awaited(text: str) -> None: ...

    with pytest.raises(AgentError, match=r"await graph\.ainvoke"):
        graph(awaited).run(text="A")


def test_contract_error_is_final() -> None:
    """A ContractError that an agent raises itself is a contract fault, and final."""
    error = ContractError("here", got="this", expected="that", fix="mend it")
    failing = Failing(error)
    fault = graph(failing.agent).run(text="A").fault
    assert (fault.kind, fault.message, fault.fix) == ("contract", "here: got this; expected that", "mend it")
    assert failing.calls == 1


def _noting(function: Any) -> Any:
    def call(text: str) -> Claim:
        return Claim("note", str(function(text).value), 0.5)

    return call


def _thread() -> Any:
    return {"configurable": {"thread_id": "1"}}


def _invoke_bare(agent: Agent) -> Any:
    guard = Guard(agent, fields_of(Document), fields_of(Receipt))
    return guard.invoke({"request": {"text": "A"}, "moves": []})
