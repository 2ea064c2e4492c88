"""What the guard around an agent costs where all of it is on and nothing fails: CPU per call, beside a bare node.

A step of eight agents, side by side, from the state as a supervisor leaves it that dispatches them. Each agent has a
breaker, a queue, a rate limit, a cache that never hits, repairs and retries; budgets of the agent, the turn and the
thread; guardrails of every kind, a handoff requirement, permissions, and a journal. Beside it the same graph with
bare functions that claim the same.

Two things are measured apart: `timed` has LangGraph's time limits in both graphs, and `tenant` an account of a tenant,
which stands in a database, so that each call asks it twice in a worker thread.
"""

from __future__ import annotations

import asyncio
import itertools
import operator
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from langgraph.graph import END, START, StateGraph
from langgraph.types import TimeoutPolicy
from pydantic import BaseModel
from typing_extensions import TypedDict

from quorate import Agent, Claim, Limits, Policy, Supervisor, agent
from quorate.checkpoints import MemoryAccounts, MemoryJournal

__all__ = ["AGENTS", "Step", "measure"]

AGENTS = 8
"""How many agents a step runs."""


class Note(BaseModel):
    """The request."""

    text: str


class Read(BaseModel):
    """The outcome."""

    total: str


class _State(TypedDict):
    request: dict[str, Any]
    turn: int
    moves: list[dict[str, Any]]
    decisions: dict[str, Any]
    claims: Annotated[list[dict[str, Any]], operator.add]
    usage: Annotated[list[dict[str, Any]], operator.add]
    faults: Annotated[list[dict[str, Any]], operator.add]


def _policy(names: list[str], *, tenant: bool) -> Policy:
    most = {"tokens": 10**12, "seconds": 10**9, "steps": 10**12}
    return Policy.parse(
        {
            "name": "everything",
            "budgets": {
                "agents": dict.fromkeys(names, most),
                "turn": most,
                "thread": most,
                "tenant": most if tenant else {},
            },
            "guardrails": [
                {"name": "injected", "check": "injection"},
                {"name": "leaked", "check": "secrets"},
                {"name": "personal", "check": "pii"},
                {"name": "sent", "check": "exfiltration"},
                {"name": "said", "check": "content", "deny": ["confidential"]},
            ],
            "handoff": {name: [{"name": "length", "that": "size(inputs.text) < 10000"}] for name in names},
            "permissions": {name: {"tools": ["*"]} for name in names},
        }
    )


def _agent(name: str, limits: Limits) -> Agent:
    @agent(name=name, writes={"total": str}, capability="extraction", limits=limits)
    async def read(text: str) -> Claim:
        return Claim("total", text[-5:], confidence=0.8)

    return read


class Step:
    """The step, guarded and bare."""

    def __init__(self, *, timed: bool = False, tenant: bool = False) -> None:
        timeouts: dict[str, Any] = {"timeout": 60.0, "idle_timeout": 30.0} if timed else {}
        limits = Limits(concurrency=100, per_minute=10**9, cache=0.000001, breaker=5, repairs=1, tokens=100, **timeouts)
        names = [f"agent{number}" for number in range(AGENTS)]
        self._team = Supervisor(
            "step",
            request=Note,
            outcome=Read,
            agents=[_agent(name, limits) for name in names],
            policy=_policy(names, tenant=tenant),
            accounts=MemoryAccounts(),
            journal=MemoryJournal(),
        )
        self._numbers = itertools.count()
        guarded, bare = StateGraph(_State), StateGraph(_State)
        timeout = TimeoutPolicy(run_timeout=60.0, idle_timeout=30.0) if timed else None
        for name in names:
            spec = self._team.builder.nodes[name]
            guarded.add_node(name, cast(Any, spec.runnable), retry_policy=spec.retry_policy, timeout=timeout)
            bare.add_node(name, cast(Any, _bare(name)), timeout=timeout)
            for graph in (guarded, bare):
                graph.add_edge(START, name)
                graph.add_edge(name, END)
        self._guarded, self._bare = guarded.compile(), bare.compile()
        self._given: dict[str, Any] = {}

    async def prepare(self) -> None:
        """Take the state that the team's own supervisor leaves, and see that both graphs claim the same."""
        graph = self._team.compile()
        async for update in graph.astream(self._request(), self._config(), stream_mode="updates"):
            if move := (update.get("supervisor") or {}).get("moves"):
                self._given = {"turn": 1, "decisions": {}, "moves": list(move)}
                break
        guarded, bare = await self.guarded(), await self.bare()
        if guarded.get("faults") or len(guarded["claims"]) != len(bare["claims"]):
            raise SystemExit(f"the guarded step failed: {guarded.get('faults')}")

    async def guarded(self) -> dict[str, Any]:
        """One run with guards."""
        return await self._guarded.ainvoke(self._state(), self._config())

    async def bare(self) -> dict[str, Any]:
        """One run without."""
        return await self._bare.ainvoke(self._state(), self._config())

    def _request(self) -> dict[str, Any]:
        return {"request": {"text": f"COMPANY\nTOTAL {next(self._numbers)}"}}

    def _state(self) -> Any:
        return {**self._given, **self._request()}

    def _config(self) -> Any:
        return {"configurable": {"thread_id": f"t{next(self._numbers)}", "tenant": "acme"}}


def _bare(name: str) -> Callable[[_State], Coroutine[Any, Any, Any]]:
    async def node(state: _State) -> dict[str, Any]:
        return {"claims": [{"agent": name, "field": "total", "value": state["request"]["text"][-5:]}]}

    return node


def measure(rounds: int, runs: int, **options: bool) -> list[float]:
    """Microseconds of CPU that the guard adds to an agent's call, of each round; guarded and bare take turns.

    Args:
        rounds: How often each takes its turn.
        runs: How many runs of the step a turn has.
        options: As of `Step`.
    """

    async def cpu_us(run: Callable[[], Coroutine[Any, Any, Any]]) -> float:
        started = time.process_time()
        for _ in range(runs):
            await run()
        return (time.process_time() - started) / runs / AGENTS * 1e6

    async def every() -> list[float]:
        step = Step(**options)
        await step.prepare()
        added = []
        for _ in range(rounds):
            bare = await cpu_us(step.bare)
            added.append(await cpu_us(step.guarded) - bare)
        return added

    return asyncio.run(every())
