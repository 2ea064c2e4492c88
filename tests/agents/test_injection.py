from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from benchmarks.virtual_clock import run_virtually
from pydantic import BaseModel
from tests.fakes.guarded_graph import GuardedGraph, Ran

from quorate import Claim, Effect, Faults, Limits, Quote, Supervisor, Usage, agent, inject
from quorate.agents import Agent, Injected, Injection
from quorate.agents.injection import current_injection

ONCE = Limits(attempts=1)


class Page(BaseModel):
    text: str


class Total(BaseModel):
    total: Decimal


class Receipt(Total):
    posted: str | None = None


def reader(limits: Limits = ONCE, name: str = "reader") -> Agent:
    @agent(writes={"total"}, capability="extraction", limits=limits, name=name)
    def read(text: str) -> Iterator[Any]:
        yield Usage("small", 10, 2)
        yield Claim("total", Decimal("12.50"), 0.8, (Quote("text", 0, len(text)),), reason=text)

    return read


def areader(limits: Limits = ONCE) -> Agent:
    @agent(writes={"total"}, capability="extraction", limits=limits, name="areader")
    async def read(text: str) -> list[Claim]:
        return [Claim("total", Decimal("12.50"), 0.8, (Quote("text", 0, len(text)),), reason=text)]

    return read


def graph(*agents: Agent) -> GuardedGraph:
    return GuardedGraph(*agents, request=Page, outcome=Receipt)


def run(faults: Faults, *agents: Agent, text: str = "TOTAL 12") -> tuple[Ran, Injection]:
    """What agents leave under these faults: awaited in virtual time."""
    team = graph(*(agents or (reader(), areader())))
    with inject(faults) as injection:
        return run_virtually(team.arun(text=text)), injection


def kinds(injection: Injection) -> list[tuple[str, str]]:
    return sorted((each.agent, each.kind) for each in injection.injected)


@pytest.mark.parametrize("kind", ["outage", "rate_limit", "malformed"])
def test_failing(kind: Any) -> None:
    """An outage, a rate limit and a malformed output are faults of the agent, in its own words, and leave no claims."""
    ran, injection = run(Faults(**{kind: 1.0}))
    assert ran.claims == []
    assert {fault.agent for fault in ran.faults} == {"reader", "areader"}
    words = {"outage": "injected: no connection", "rate_limit": "429", "malformed": "expected Claim"}
    assert all(words[kind] in fault.message for fault in ran.faults)
    assert {each.kind for each in injection.injected} == {kind}


def test_rate_limit_says_when() -> None:
    """A rate limit carries its status and Retry-After where clients of HTTP have them."""
    seen: list[Any] = []

    @agent(writes={"total"}, capability="extraction", limits=ONCE)
    def curious(text: str) -> None: ...

    team = graph(curious)
    with inject(Faults(rate_limit=1.0, retry_after=7)) as injection:
        try:
            injection._attack(_run()).refuse()
        except Exception as error:
            seen.append((error.status_code, error.response.headers["retry-after"]))  # type: ignore[attr-defined]
        assert team.run(text="a").fault.agent == "curious"
    assert seen == [(429, "7")]


def _run() -> Any:
    from quorate.agents.run import Run

    return Run("curious")


def test_retried() -> None:
    """What passes with another attempt passes: each attempt is a draw of its own."""
    faults = next(
        each
        for each in (Faults(seed=seed, outage=0.5) for seed in range(100))
        if [bool(list(each.drawn("reader", _place(attempt)))) for attempt in (1, 2)] == [True, False]
    )
    ran, injection = run(faults, reader(Limits(attempts=2, backoff=0)))
    assert [claim.value for claim in ran.claims] == ["12.50"]
    assert (ran.usage[0].attempts, ran.faults) == (2, [])
    assert injection.injected == (Injected("outage", "reader", "", 1, 1),)
    assert injection.calls == {"reader": 2}


def _place(attempt: int) -> dict[str, Any]:
    return {"thread": "", "turn": 1, "basis": {}, "attempt": attempt}


def test_wrong() -> None:
    """A wrong output is another value of the field's type, as sure as the right one."""
    ran, injection = run(Faults(wrong=1.0))
    assert {(claim.value, claim.confidence) for claim in ran.claims} == {("13.50", 0.8)}
    assert kinds(injection) == [("areader", "wrong"), ("reader", "wrong")]


def test_wrong_values_by_field() -> None:
    """Values that are returned by field are made wrong, too; what has no other value stays, and is not reported."""

    @agent(writes={"total"}, capability="extraction", limits=ONCE)
    def plain(text: str) -> dict[str, Any]:
        return {"total": 12}

    @agent(writes={"total"}, capability="extraction", limits=ONCE)
    def silent(text: str) -> None: ...

    ran, injection = run(Faults(wrong=1.0), plain, silent)
    assert ran.values == {"total": "13"}
    assert kinds(injection) == [("plain", "wrong")]


def test_lost() -> None:
    """What is lost never arrives; what it took is known all the same."""
    ran, injection = run(Faults(lost=1.0), reader())
    assert (ran.claims, ran.faults) == ([], [])
    assert ran.usage[0].input_tokens == 10
    assert kinds(injection) == [("reader", "lost")]


def test_duplicated() -> None:
    """Claims that arrive twice are told apart by their sequence; an effect of the same content is one."""

    @agent(writes={"posted"}, capability="action", limits=ONCE)
    def post(text: str) -> Effect:
        return Effect("post", {"text": text})

    ran, injection = run(Faults(duplicated=1.0), reader(), post)
    assert [claim.sequence for claim in ran.claims] == [0, 1]
    assert len(ran.effects) == 1
    assert kinds(injection) == [("reader", "duplicated")]


def test_partial_and_conflicting() -> None:
    """An agent reads half of an input, or other digits than the others; places in it can still be quoted."""
    ran, _ = run(Faults(partial=1.0))
    assert {claim.reason for claim in ran.claims} == {"TOTA"}
    ran, injection = run(Faults(conflicting=1.0))
    assert {claim.reason for claim in ran.claims} == {"TOTAL 23"}
    assert kinds(injection) == [("areader", "conflicting"), ("reader", "conflicting")]


def test_slow() -> None:
    """A slow call takes so many seconds more, and runs into a time limit where there is one."""

    async def timed() -> float:
        team = graph(areader())
        loop = asyncio.get_running_loop()
        await team.arun(text="a")
        return loop.time()

    with inject(Faults(slow=1.0, delay=90)):
        assert run_virtually(timed()) == 90
    ran, _ = run(Faults(slow=1.0, delay=90), areader(Limits(attempts=1, timeout=60)))
    assert ran.fault.kind == "timeout"


def test_order_changes_nothing() -> None:
    """The same calls fail whatever the order of the agents in the team and of the runs."""
    names = [f"agent-{number}" for number in range(30)]
    faults = Faults(seed=5, outage=0.3, wrong=0.3)
    found = []
    for shuffle in (1, 2):
        order = list(names)
        random.Random(shuffle).shuffle(order)
        _, injection = run(faults, *(reader(name=name) for name in order))
        found.append(set(injection.injected))
    assert found[0] == found[1]
    assert found[0]


def test_threads_and_turns_differ() -> None:
    """Each thread has draws of its own, and they are the same in each run of it."""
    faults, team = Faults(seed=2, outage=0.5), graph(reader())

    def failing() -> list[str]:
        with inject(faults) as injection:
            for number in range(20):
                team.run({"configurable": {"thread_id": str(number)}}, text="a")
        return [each.thread for each in injection.injected]

    assert failing() == failing()
    assert 0 < len(failing()) < 20


def test_only_within() -> None:
    """Nothing goes wrong outside of `inject`, nor in threads that were started beside it; the inner of two counts."""
    seen: list[Any] = []
    with inject(Faults(outage=1.0)) as outer:
        thread = threading.Thread(target=lambda: seen.append(current_injection()))
        thread.start()
        thread.join()
        with inject(Faults()):
            assert graph(reader()).run(text="a").faults == []
        assert current_injection() is outer
    assert seen == [None]
    assert current_injection() is None
    assert graph(reader()).run(text="a").faults == []


def test_nothing_stays() -> None:
    """What went wrong on purpose is not taken again from the team's cache, and what is there does not hide a fault."""
    team = Supervisor("cached", request=Page, outcome=Total, agents=[reader(Limits(attempts=1, cache=60.0))])
    compiled = team.compile()

    def total(faults: Faults | None) -> Any:
        given = {"request": {"text": "a"}}
        if faults is None:
            return team.read(compiled.invoke(given)).values["total"]
        with inject(faults):
            return team.read(compiled.invoke(given)).values["total"]

    wrong = Faults(wrong=1.0)
    assert [total(each) for each in (wrong, None, None, wrong, None)] == ["13.50", "12.50", "12.50", "13.50", "12.50"]


DYING = """
import sys
from pathlib import Path
from pydantic import BaseModel
from tests.agents.test_injection import graph, reader
from quorate import Faults, inject

with inject(Faults(seed=1, death=float(sys.argv[2]), deaths=Path(sys.argv[1]))):
    print(len(graph(reader()).run({"configurable": {"thread_id": "t"}}, text="a").claims))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_death(tmp_path: Path) -> None:
    """A worker is killed as by the system, its death stands in the file, and what starts again gets past it."""
    deaths = tmp_path / "deaths.txt"
    root = Path(__file__).parents[2]

    def start(rate: float) -> subprocess.CompletedProcess[str]:
        call = [sys.executable, "-c", DYING, str(deaths), str(rate)]
        return subprocess.run(call, cwd=root, capture_output=True, text=True, timeout=60, check=False)

    died = start(1.0)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "")
    assert json.loads(deaths.read_text()) == {"agent": "reader", "thread": "t", "turn": 1, "basis": {}, "attempt": 1}
    codes = [start(0.5).returncode for _ in range(6)]
    assert 0 in codes
    assert len(deaths.read_text().splitlines()) == 1 + codes.count(-signal.SIGKILL)
