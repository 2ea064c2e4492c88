"""Stopping after the step in hand, and going on in another process."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained
from pydantic import BaseModel

from quorate import Claim, Contract, Drain, Limits, Supervisor, agent, as_agent
from quorate.agents import Agent

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
EX_TEMPFAIL = 75
THREAD: Any = {"configurable": {"thread_id": "t"}}


class Question(BaseModel):
    text: str


class Answer(BaseModel):
    first: str
    second: str
    third: str


class Inner(BaseModel):
    first: str
    second: str


class Log:
    """Which agents have run, one line each, across processes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "log.txt"
        self.go = folder / "go"

    def add(self, name: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{name}\n")

    def wait(self) -> None:
        while not self.go.exists():
            time.sleep(0.01)

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.file.read_text().split() if self.file.exists() else ())


def step(log: Log, name: str, writes: str, reads: str, slow: bool = False) -> Agent:
    """An agent that derives a field; a slow one waits until the file `go` is there."""

    class Step:
        contract = Contract(name, frozenset({reads}), frozenset({writes}), "reasoning", limits=Limits(attempts=1))

        def __call__(self, **fields: Any) -> Claim:
            log.add(name)
            if slow:
                log.wait()
            return Claim(writes, f"{fields[reads]}+", 0.9)

    return as_agent(Step())


def team(folder: Path) -> Supervisor:
    """Three fields one after another; the agents on the second are slow, and there are two of them."""
    log = Log(folder)
    agents = [
        step(log, "one", "first", "text"),
        step(log, "two", "second", "first", slow=True),
        step(log, "beside", "second", "first", slow=True),
        step(log, "three", "third", "second"),
    ]
    return Supervisor("steps", request=Question, outcome=Answer, agents=agents)


CHILD = """
import asyncio, sys
from pathlib import Path
from langgraph.errors import GraphDrained
from quorate import Drain, open_database
from tests.graphs.test_drain import EX_TEMPFAIL, THREAD, team

async def awaited(graph, given, control):
    return await graph.ainvoke(given, THREAD, durability="sync", control=control)

class Told(Drain):
    def request(self):
        super().request()
        (folder / "told").touch()

folder, face, given = Path(sys.argv[1]), sys.argv[2], {"request": {"text": "a"}} if sys.argv[3] == "new" else None
drain = Told()
with open_database(f"sqlite:///{folder}/steps.db") as database, drain.on_signals(), drain.control() as control:
    try:
        if face == "async":
            async def main():
                async with database.asaver() as saver:
                    return await awaited(team(folder).compile(checkpointer=saver), given, control)
            state = asyncio.run(main())
        else:
            with database.saver() as saver:
                graph = team(folder).compile(checkpointer=saver)
                state = graph.invoke(given, THREAD, durability="sync", control=control)
    except GraphDrained:
        sys.exit(EX_TEMPFAIL)
print(team(folder).read(state).values["third"])
"""


class Child:
    """The team in a process of its own."""

    def __init__(self, folder: Path, face: str, given: str) -> None:
        call = [sys.executable, "-c", CHILD, str(folder), face, given]
        self.process = subprocess.Popen(call, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)

    def end(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=60)
        return self.process.returncode, out.strip()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "nothing happened for a minute"
        time.sleep(0.01)


@posix
@pytest.mark.parametrize("face, number", [("sync", signal.SIGTERM), ("async", signal.SIGINT)])
def test_first_signal(tmp_path: Path, face: str, number: int) -> None:
    """After a signal the step in hand is finished and recorded; another process goes on, and runs no agent twice."""
    log, child = Log(tmp_path), Child(tmp_path, face, "new")
    wait_for(lambda: log.counts.keys() >= {"two", "beside"})
    child.process.send_signal(number)
    wait_for((tmp_path / "told").exists)
    assert child.process.poll() is None
    log.go.touch()
    assert child.end() == (EX_TEMPFAIL, "")
    assert log.counts == Counter(["one", "two", "beside"])
    assert Child(tmp_path, face, "on").end() == (0, "a+++")
    assert log.counts == Counter(["one", "two", "beside", "three"])


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_at_once(tmp_path: Path, number: int) -> None:
    """A second signal ends the process in the middle of a step; only the agents of that step run again."""
    log, child = Log(tmp_path), Child(tmp_path, "sync", "new")
    wait_for(lambda: log.counts.keys() >= {"two", "beside"})
    child.process.send_signal(signal.SIGTERM)
    wait_for((tmp_path / "told").exists)
    child.process.send_signal(number)
    assert child.end() == (-number, "")
    log.go.touch()
    assert Child(tmp_path, "sync", "on").end() == (0, "a+++")
    assert log.counts == Counter(["one", "three"]) + Counter({"two": 2, "beside": 2})


def test_every_run_is_told() -> None:
    """All runs that are under way stop, and so does one that is begun afterwards, before its first step."""
    drain = Drain()
    with drain.control() as one, drain.control() as two:
        assert drain.running == 2
        drain.request()
        assert one.drain_requested
        assert two.drain_requested
    assert drain.running == 0
    with drain.control() as late:
        assert late.drain_requested


def test_signals_of_other_threads() -> None:
    """In a thread that cannot take signals nothing is set, and nothing fails; afterwards all is as before."""
    before = signal.getsignal(signal.SIGTERM)
    drain = Drain()
    failed: list[BaseException] = []

    def elsewhere() -> None:
        try:
            with drain.on_signals():
                assert signal.getsignal(signal.SIGTERM) is before
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert failed == []
    with drain.on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
        signal.raise_signal(signal.SIGTERM)
        assert drain.requested
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before


def test_team_within(tmp_path: Path) -> None:
    """A team within the team stops after its own step; going on runs nothing twice that had ended."""
    log, drain = Log(tmp_path), Drain()

    @agent(writes={"first"}, capability="reasoning", limits=Limits(attempts=1))
    def stops(text: str) -> Claim:
        log.add("stops")
        drain.request()
        return Claim("first", f"{text}+", 0.9)

    inner = Supervisor(
        "inner", request=Question, outcome=Inner, agents=[stops, step(log, "after", "second", "first")]
    ).as_agent()
    outer = Supervisor(
        "outer",
        request=Question,
        outcome=Answer,
        agents=[inner, step(log, "sibling", "first", "text"), step(log, "last", "third", "second")],
    )
    graph = outer.compile(checkpointer=InMemorySaver())
    with drain.control() as control, pytest.raises(GraphDrained):
        graph.invoke({"request": {"text": "a"}}, THREAD, control=control)
    assert log.counts == Counter(["stops", "sibling"])
    state = graph.invoke(None, THREAD)
    assert outer.read(state).values == {"first": "a+", "second": "a++", "third": "a+++"}
    assert log.counts == Counter(["stops", "sibling", "after", "last"])
