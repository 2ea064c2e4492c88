"""Budgets in a compiled graph: agents side by side, retries, crashes, timeouts, turns, tenants."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from tests.fakes.metered_model import MeteredModel

from quorate.agents import Agent, agent
from quorate.checkpoints import MemoryAccounts, open_database
from quorate.contracts import Accounts, BuildError, Claim, Limits, Policy, Spend, Usage
from quorate.graphs import Supervisor

PRICES = {"gpt-4o-mini": {"input": 1.0, "output": 1.0}}


class Request(BaseModel):
    text: str = "t"


class Outcome(BaseModel):
    total: str
    company: str


class Failing:
    """Raises a broken connection on its first calls."""

    def __init__(self, times: int) -> None:
        self._left, self._lock = times, Lock()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left >= 0:
                raise ConnectionError("down")


def asks(
    name: str,
    field: str,
    *,
    model: Any = None,
    before: Callable[[], None] | None = None,
    after: Any = None,
    **limits: Any,
) -> Agent:
    """An agent that asks a model, and says nothing of it; it may fail before or after the call."""
    model = model or MeteredModel()

    def call(text: str) -> Iterator[Claim]:
        if before is not None:
            before()
        model.invoke(text)
        if after is not None:
            after()
        yield Claim(field, "x", 0.9)

    made: Agent = agent(writes={field}, capability="extraction", name=name, limits=Limits(backoff=0, **limits))(call)
    return made


def desk(*agents: Agent, accounts: Accounts | None = None, at_limit: str = "finish", **budgets: Any) -> Supervisor:
    policy = Policy.parse({"defaults": {"accept": 0.5}, "budgets": {"prices": PRICES, **budgets, "at_limit": at_limit}})
    return Supervisor("desk", request=Request, outcome=Outcome, agents=agents, policy=policy, accounts=accounts)


def run(supervisor: Supervisor, thread: str = "t", saver: Any = None, tenant: str = "", text: str = "t") -> Any:
    graph = supervisor.compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": thread, "tenant": tenant}}
    return supervisor.read(graph.invoke({"request": {"text": text}}, config))


class TestUsage:
    """What is recorded of each run."""

    def test_counted_by_itself(self) -> None:
        """An agent that says nothing is counted by what its models report, with the price."""
        turn = run(desk(asks("a", "total"), asks("b", "company")))
        assert turn.spent == Spend(220, 0.00022, turn.spent.seconds, 2)
        assert [(usage.model, usage.usd) for usage in turn.usage] == [("gpt-4o-mini", 0.00011)] * 2

    def test_failed_attempts_count(self) -> None:
        """What attempts used that failed afterwards counts, whether their run succeeds or fails in the end."""
        turn = run(
            desk(
                asks("a", "total", after=Failing(2)),
                asks("b", "company", after=Failing(9), attempts=2),
                at_limit="finish",
            )
        )
        by = {usage.agent: usage for usage in turn.usage}
        assert (by["a"].input_tokens, by["a"].attempts, by["a"].failed) == (300, 3, False)
        assert (by["b"].input_tokens, by["b"].attempts, by["b"].failed) == (200, 2, True)
        assert turn.spent.steps == 5

    async def test_timeouts_count(self) -> None:
        """What an attempt used that ran out of time counts too, once."""
        model = MeteredModel()

        async def slow(text: str) -> Claim:
            await model.ainvoke(text)
            await asyncio.sleep(60)
            return Claim("total", "x", 0.9)

        limits = Limits(timeout=0.05, attempts=2, backoff=0)
        late: Agent = agent(writes={"total"}, capability="extraction", name="a", limits=limits)(slow)
        supervisor = desk(late, asks("b", "company"))
        turn = supervisor.read(await supervisor.compile().ainvoke({"request": {}}))
        (usage,) = [usage for usage in turn.usage if usage.agent == "a"]
        assert (usage.input_tokens, usage.attempts, usage.failed) == (200, 2, True)
        assert turn.faults[0].kind == "timeout"

    def test_teams_count_once(self) -> None:
        """A team says what all its agents used, and the team around it counts that once."""
        inner = desk(asks("a", "total"), asks("b", "company"))
        outer = Supervisor("outer", request=Request, outcome=Outcome, agents=[inner.as_agent()], policy=inner.policy)
        assert run(outer).spent.tokens == 220


class TestBounds:
    """Bounds hold while agents run side by side."""

    def test_retry_needs_a_budget(self) -> None:
        """Another attempt is made only where what is left suffices beside what the others hold."""
        barrier = Barrier(2, timeout=20)
        first = itertools.count()

        def meet() -> None:
            if next(first) < 2:
                barrier.wait()

        supervisor = desk(
            asks("a", "total", before=meet, after=Failing(9), tokens=110),
            asks("b", "company", before=meet, after=Failing(9), tokens=110),
            turn={"tokens": 330},
        )
        turn = run(supervisor)
        assert turn.spent.tokens == 330
        assert sorted(fault.kind for fault in turn.faults) == ["budget", "budget"]
        assert {fault.code for fault in turn.faults} == {"budget_tokens"}

    def test_thread_total(self) -> None:
        """What a thread has spent counts in its next turns, and a new thread begins at nothing."""
        saver = InMemorySaver()
        supervisor = desk(asks("a", "total", tokens=110), asks("b", "company", tokens=110), thread={"tokens": 500})
        assert run(supervisor, saver=saver, text="1").status == "settled"
        second = run(supervisor, saver=saver, text="2")
        assert (second.status, second.thread_spent.tokens, second.spent.tokens) == ("settled", 440, 220)
        third = run(supervisor, saver=saver, text="3")
        assert (third.status, third.thread_spent.tokens) == ("unsettled", 440)
        assert run(supervisor, thread="u", saver=saver).status == "settled"

    def test_most_is_remembered(self) -> None:
        """What an agent took in an earlier turn is set aside for it in the next ones."""
        saver = InMemorySaver()
        supervisor = desk(asks("a", "total"), asks("b", "company"), turn={"tokens": 200})
        first = run(supervisor, saver=saver, text="1")
        assert [fault.agent for fault in first.faults] == ["supervisor"]  # nothing was known of them
        second = run(supervisor, saver=saver, text="2")
        assert second.moves[0].reserved["a"]["tokens"] == 110
        assert [fault.agent for fault in second.faults] == ["b"]
        assert second.spent.tokens == 110

    def test_fork_counts_its_own_line(self) -> None:
        """A run from an earlier checkpoint counts what its own line has spent, and nothing twice."""
        saver = InMemorySaver()
        supervisor = desk(asks("a", "total", tokens=110), asks("b", "company", tokens=110), thread={"tokens": 500})
        graph = supervisor.compile(checkpointer=saver)
        config: Any = {"configurable": {"thread_id": "t"}}
        graph.invoke({"request": {"text": "1"}}, config)
        before = next(each for each in graph.get_state_history(config) if "a" in each.next)
        for _ in range(3):
            values = graph.invoke(None, before.config)
            assert supervisor.read(values).thread_spent.tokens == 220


class TestTenant:
    """The accounts of tenants."""

    def test_across_threads(self, tmp_path: Path) -> None:
        """One tenant's threads share an account, in a database; another tenant has its own."""
        with open_database(f"sqlite:///{tmp_path / 'q.db'}") as database:
            supervisor = desk(
                asks("a", "total", tokens=110),
                asks("b", "company", tokens=110),
                accounts=database.accounts,
                tenant={"tokens": 330, "period": "P1D"},
            )
            assert run(supervisor, thread="1", tenant="acme").status == "settled"
            second = run(supervisor, thread="2", tenant="acme")
            assert second.status == "unsettled"
            (fault,) = second.faults
            assert (fault.kind, fault.code) == ("budget", "budget_tenant_tokens")
            assert "0 tokens left for tenant 'acme'" in fault.message
            assert database.accounts.spent("acme").tokens == 330
            assert run(supervisor, thread="3", tenant="other").status == "settled"

    def test_overrun(self) -> None:
        """More than was set aside is paid for, and is a fault where the account has not as much; the claims count."""
        accounts = MemoryAccounts()
        supervisor = desk(asks("a", "total"), asks("b", "company"), accounts=accounts, tenant={"tokens": 100})
        turn = run(supervisor, tenant="acme")
        assert turn.status == "settled"
        assert accounts.spent("acme").tokens == 220
        assert {(fault.agent, fault.code) for fault in turn.faults} == {("supervisor", "budget_tenant_tokens")}

    def test_failed_attempts_are_paid_for(self) -> None:
        """The account has every attempt, and nothing stays set aside."""
        accounts = MemoryAccounts()
        supervisor = desk(
            asks("a", "total", after=Failing(2), tokens=500), asks("b", "company"), accounts=accounts, tenant={"usd": 9}
        )
        run(supervisor, tenant="acme")
        assert accounts.spent("acme").tokens == 440

    async def test_awaited(self) -> None:
        """An async agent's attempts are paid for as those of a sync one."""
        accounts, model = MemoryAccounts(), MeteredModel()

        async def call(text: str) -> Claim:
            await model.ainvoke(text)
            return Claim("total", "x", 0.9)

        made: Agent = agent(writes={"total"}, capability="extraction", name="a")(call)
        supervisor = desk(made, asks("b", "company"), accounts=accounts, tenant={"usd": 9})
        config: Any = {"configurable": {"tenant": "acme"}}
        await supervisor.compile().ainvoke({"request": {}}, config)
        assert accounts.spent("acme").tokens == 220

    def test_team_charges_once(self) -> None:
        """A team with accounts charges for itself; the team around it does not charge that again."""
        accounts = MemoryAccounts()
        inner = desk(asks("a", "total"), asks("b", "company"), accounts=accounts, tenant={"usd": 9})
        for policy, own in ((inner.policy, accounts), (Policy(), None)):
            outer = Supervisor(
                "outer", request=Request, outcome=Outcome, agents=[inner.as_agent()], policy=policy, accounts=own
            )
            before = accounts.spent("acme").tokens
            run(outer, tenant="acme")
            assert accounts.spent("acme").tokens - before == 220

    def test_needs_accounts(self) -> None:
        """A bound on tenants without accounts is an error when the team is built."""
        with pytest.raises(BuildError, match="pass accounts="):
            desk(asks("a", "total"), asks("b", "company"), tenant={"usd": 9})


class TestPrices:
    """Bounds in dollars need prices."""

    def test_model_without_a_price(self) -> None:
        """A model that nobody knows the price of is an error when the team is built, where dollars are bounded."""
        from dataclasses import replace

        unknown = replace(asks("a", "total"), model="a model of ours")
        with pytest.raises(BuildError, match=r"'a model of ours', whose price nobody knows.*budgets.prices"):
            desk(unknown, asks("b", "company"), turn={"usd": 1.0})
        desk(unknown, asks("b", "company"), turn={"tokens": 100})

    def test_found_out_too_late(self) -> None:
        """Where it shows only after the call, it is a fault, and the agent is not called again in the turn."""
        turn = run(
            desk(asks("a", "total", model=MeteredModel(model_name="odd")), asks("b", "company"), turn={"usd": 1})
        )
        (fault,) = turn.faults
        assert (fault.agent, fault.code) == ("supervisor", "budget_price")
        assert "quorate[prices]" in fault.fix

    def test_unknown_agent(self) -> None:
        """A budget of an agent that there is not is an error when the team is built."""
        with pytest.raises(BuildError, match="one of a, b"):
            desk(asks("a", "total"), asks("b", "company"), agents={"c": {"tokens": 1}})


SCHEDULE = st.lists(
    st.tuples(st.sampled_from(["total", "company"]), st.integers(0, 4), st.booleans()), min_size=1, max_size=5
)


@given(SCHEDULE, st.integers(1, 12), st.sampled_from(["cheaper", "finish"]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_random_teams(agents: list[tuple[str, int, bool]], room: int, at_limit: str, stop: bool) -> None:
    """Whatever fails and is resumed, what was called is what is recorded and paid for, and no more than is allowed."""
    calls, lock = [0], Lock()

    def called() -> None:
        with lock:
            calls[0] += 1

    def team() -> list[Agent]:
        made = [
            asks(
                f"a{number}",
                field,
                model=MeteredModel(before=called),
                before=None if after else Failing(fails),
                after=Failing(fails) if after else None,
                tokens=110,
            )
            for number, (field, fails, after) in enumerate(agents)
        ]
        return [
            *made,
            asks("t", "total", model=MeteredModel(before=called), tokens=110),
            asks("c", "company", model=MeteredModel(before=called), tokens=110),
        ]

    accounts, saver = MemoryAccounts(), InMemorySaver()
    supervisor = desk(
        *team(), accounts=accounts, at_limit=at_limit, turn={"tokens": 110 * room}, tenant={"tokens": 110 * room}
    )
    graph = supervisor.compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t", "tenant": "acme"}}
    interrupted: Any = {"interrupt_after": ["supervisor"]} if stop else {}
    graph.invoke({"request": {}}, config, **interrupted)
    while graph.get_state(config).next not in ((), ("review",)):
        graph.invoke(None, config, **interrupted)
    turn = supervisor.read(graph.get_state(config).values)
    assert turn.spent.tokens == calls[0] * 110
    assert accounts.spent("acme").tokens == calls[0] * 110
    assert turn.spent.tokens <= 110 * room
    assert not [fault for fault in turn.faults if fault.agent == "supervisor"]
    assert sum(usage.attempts for usage in turn.usage) == turn.spent.steps


def test_usage_of_an_older_checkpoint() -> None:
    """A turn that was recorded before there were prices and totals loads, and has spent its tokens."""
    supervisor = desk(asks("a", "total"), asks("b", "company"), thread={"tokens": 50})
    saver = InMemorySaver()
    graph = supervisor.compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "t"}}
    old = {
        "model": "m",
        "input_tokens": 40,
        "output_tokens": 2,
        "agent": "a",
        "basis": {},
        "attempts": 1,
        "seconds": 0.1,
        "claims": 1,
    }
    graph.update_state(config, {"usage": [old], "turn": 1}, as_node="supervisor")
    turn = supervisor.read(graph.invoke({"request": {}}, config))
    assert turn.spent_before.total == Spend(42, 0.0, 0.1, 1)
    assert Usage(**old).usd is None


CRASHING = """
import os, sys
sys.path[:0] = {path!r}
from tests.graphs.test_graph_budget import crash_desk
crash_desk(sys.argv[1], die=sys.argv[2])
"""


def crash_desk(url: str, die: str = "") -> Any:
    """Run a turn on a tenant's account; the process dies before, or after, the model was called."""
    import os

    def maybe(moment: str) -> Callable[[], None]:
        return (lambda: os._exit(9)) if die == moment else (lambda: None)

    with open_database(url) as database, database.saver() as saver:
        supervisor = desk(
            asks("a", "total", before=maybe("before"), after=maybe("after"), tokens=500),
            asks("b", "company"),
            accounts=database.accounts,
            tenant={"tokens": 800},
        )
        graph = supervisor.compile(checkpointer=saver)
        config: Any = {"configurable": {"thread_id": "t", "tenant": "acme"}}
        going_on = bool(graph.get_state(config).tasks)  # `next` leaves out a step whose writes alone were kept
        turn = supervisor.read(graph.invoke(None if going_on else {"request": {}}, config))
        return turn, database.accounts.spent("acme")


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_process(database_url: str, moment: str) -> None:
    """A process that dies around a call leaves one reservation, which the resumed attempt takes over and settles."""
    root = str(Path(__file__).parents[2])
    code = CRASHING.format(path=[root])
    done = subprocess.run([sys.executable, "-c", code, database_url, moment], check=False, cwd=root, timeout=120)
    assert done.returncode == 9
    with open_database(database_url) as database:
        assert database.accounts.spent("acme").tokens >= 500  # what is set aside counts
    turn, spent = crash_desk(database_url)
    assert turn.status == "settled", (turn.faults, spent)
    assert turn.spent.tokens == 220
    assert spent.tokens in (220, 330), spent  # the other agent may have been called in both


def says(name: str, field: str, fails: int = 0, **limits: Any) -> Agent:
    """An agent that says by itself what it used, before it fails."""
    failing = Failing(fails)

    def call(text: str) -> Iterator[Claim | Usage]:
        yield Usage("m", 40, 10, usd=0.0)
        failing()
        yield Claim(field, "x", 0.9)

    made: Agent = agent(writes={field}, capability="extraction", name=name, limits=Limits(backoff=0, **limits))(call)
    return made


class TestWhatComesToNothing:
    """What was used counts, whatever became of it; what was not done does not."""

    def test_said_before_an_error(self) -> None:
        """What an agent says that it used counts also where it fails afterwards, in the turn and on the account."""
        accounts = MemoryAccounts()
        turn = run(
            desk(says("a", "total", 2, attempts=3), says("b", "company"), accounts=accounts, tenant={"tokens": 1000})
        )
        assert turn.spent.tokens == accounts.spent("").tokens == 200

    def test_said_in_a_broken_answer(self) -> None:
        """What an agent says that it used for an answer that breaks its contract counts beside that of the repair."""
        answers = iter(["nowhere", "total"])

        def call(text: str) -> Iterator[Claim | Usage]:
            yield Usage("m", 40, 10, usd=0.0)
            yield Claim(next(answers), "x", 0.9)

        broken = agent(writes={"total"}, capability="extraction", name="a", repairs=True)(call)
        turn = run(desk(broken, says("b", "company"), turn={"tokens": 1000}))
        assert turn.spent.tokens == 150

    def test_refused_attempt(self) -> None:
        """An attempt that there is no budget for is no step: a budget of steps is kept, and not said to be overrun."""
        turn = run(desk(says("a", "total", 9, attempts=5), says("b", "company"), turn={"steps": 3}))
        assert turn.spent.steps == 3
        assert [(fault.agent, fault.code) for fault in turn.faults] == [("a", "budget_steps")]

    def test_interrupted_agent(self) -> None:
        """What an agent took until it asked a person counts; going on is no second share of the budget."""
        parts = itertools.count()

        def call(text: str) -> Iterator[Claim | Usage]:
            yield Usage("m", 40, 10, usd=0.0)
            if not next(parts):
                interrupt("go on?")
            raise ConnectionError("down")

        asking = agent(
            writes={"total"}, capability="extraction", name="a", limits=Limits(tokens=50, attempts=5, backoff=0)
        )(call)
        supervisor = desk(asking, says("b", "company", tokens=50), turn={"tokens": 150})
        graph = supervisor.compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "t"}}
        graph.invoke({"request": {}}, config)
        turn = supervisor.read(graph.invoke(Command(resume="yes"), config))
        assert turn.spent.tokens == 150
        assert turn.spent.steps == 3
        assert [(fault.agent, fault.code) for fault in turn.faults] == [("a", "budget_tokens")]

    def test_one_thread_twice_at_once(self) -> None:
        """Two runs of one thread at the same time are two calls: both are paid for."""
        both, accounts = Barrier(2), MemoryAccounts()

        def meet() -> None:
            both.wait(30)

        supervisor = desk(
            asks("a", "total", before=meet), says("b", "company"), accounts=accounts, tenant={"tokens": 1000}
        )
        graph = supervisor.compile()
        config: Any = {"configurable": {"thread_id": "t", "tenant": "acme"}}
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda _: graph.invoke({"request": {}}, config), range(2)))
        assert accounts.spent("acme").tokens == 2 * (110 + 50)

    async def test_cancelled_while_it_reserves(self) -> None:
        """An attempt that is cancelled while its share is being set aside leaves nothing set aside."""
        started, go_on = Event(), Event()

        class Slow(MemoryAccounts):
            def reserve(self, key: str, **given: Any) -> Spend | None:
                started.set()
                go_on.wait(10)
                return super().reserve(key, **given)

        accounts = Slow()
        graph = desk(
            says("a", "total", tokens=50), says("b", "company", tokens=50), accounts=accounts, tenant={"tokens": 1000}
        ).compile()
        running = asyncio.create_task(graph.ainvoke({"request": {}}))
        await asyncio.to_thread(started.wait, 10)
        running.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        while threads := [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]:
            await asyncio.wait(threads)
        assert accounts.spent("").tokens == 0

    def test_refused_without_a_reason(self) -> None:
        """Accounts that refuse are heeded, also where by their figures there would be room."""

        class Closed(MemoryAccounts):
            def reserve(self, key: str, **given: Any) -> Spend | None:
                return Spend()

        turn = run(desk(says("a", "total"), says("b", "company"), accounts=Closed(), tenant={"tokens": 1000}))
        assert turn.spent.tokens == 0
        assert {fault.code for fault in turn.faults} == {"budget_tenant_refused"}
