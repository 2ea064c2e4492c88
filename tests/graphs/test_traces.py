"""What a tracer sees: each node's run says which thread, turn, agent, version and policy it belongs to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from tests.fakes.desk import AGENTS, desk, thread
from tests.fakes.tracers import KeepingTracer, TraceServer

from quorate import Claim, Supervisor, agent

TEXT = {"request": {"text": "PETRO TOTAL 12.00"}}
ROOT = Path(__file__).parents[2]
tool = RunnableLambda(lambda text: text, name="tool")


@agent(writes={"category"}, capability="reasoning", version="3.1.0")
def caller(text: str) -> Claim:
    return Claim("category", tool.invoke("food"), 0.9)


@agent(writes={"category"}, capability="reasoning", version="3.2.0")
async def awaiter(text: str) -> Claim:
    return Claim("category", await tool.ainvoke("food"), 0.9)


def traced(tracer: BaseCallbackHandler, name: str = "t9") -> Any:
    return {**thread(name), "callbacks": [tracer]}


def team() -> Supervisor:
    return desk(agents=(*AGENTS, caller), posting=True)


def test_every_node_says_who_it_is() -> None:
    """Each node's run carries thread, turn, team, agent, capability and policy; an agent's also its version."""
    tracer, made = KeepingTracer(), team()
    made.compile(InMemorySaver()).invoke(TEXT, traced(tracer))
    common = {"thread_id": "t9", "turn": 1, "team": "desk", "policy_digest": made.policy.digest}
    agents = {
        each.name: {"capability": each.contract.capability, "contract_version": each.contract.version}
        for each in made.roster.agents.values()
    }
    nodes = {**agents, **{name: {"capability": name} for name in ("intake", "supervisor", "act")}}
    for name, own in nodes.items():
        seen = tracer.metadata(name)
        assert seen, name
        for metadata in seen:
            assert {**common, **own, "agent": name}.items() <= metadata.items()


def test_runs_below_an_agent_say_so_too() -> None:
    """A call that an agent makes carries the same, so that LangSmith groups it with its thread."""
    tracer = KeepingTracer()
    team().compile(InMemorySaver()).invoke(TEXT, traced(tracer))
    (metadata,) = tracer.metadata("tool")
    assert {
        "thread_id": "t9", "turn": 1, "agent": "caller", "capability": "reasoning", "contract_version": "3.1.0"
    }.items() <= metadata.items()  # fmt: skip


async def test_awaited() -> None:
    """The same for awaited agents, and for sync ones that work in a thread of their own."""
    tracer = KeepingTracer()
    made = desk(agents=(*AGENTS, caller, awaiter))
    await made.compile(InMemorySaver()).ainvoke(TEXT, traced(tracer))
    assert sorted((each["agent"], each["turn"], each["thread_id"]) for each in tracer.metadata("tool")) == [
        ("awaiter", 1, "t9"),
        ("caller", 1, "t9"),
    ]


def test_turns_are_told_apart() -> None:
    """The second turn of a thread is the second in the traces; another thread is another."""
    tracer = KeepingTracer()
    graph = team().compile(InMemorySaver())
    for name in ("a", "a", "b"):
        graph.invoke(TEXT, traced(tracer, name))
    seen = [(each["thread_id"], each["turn"]) for each in tracer.metadata("by_label")]
    assert seen == [("a", 1), ("a", 2), ("b", 1)]
    assert [(each["thread_id"], each["turn"]) for each in tracer.metadata("intake")] == seen


def test_teams_within_teams() -> None:
    """The nodes of an inner team carry its name and policy, in the outer one's thread."""
    tracer = KeepingTracer()
    inner = desk(name="inner", policy={"name": "inner"})
    outer = desk(agents=[inner.as_agent()], name="outer", policy={"defaults": {"accept": 0.4}})
    outer.compile(InMemorySaver()).invoke(TEXT, traced(tracer))
    for metadata in tracer.metadata("by_label"):
        assert metadata["thread_id"] == "t9"
        assert (metadata["agent"], metadata["team"]) == ("by_label", "inner")
        assert metadata["policy_digest"] == inner.policy.digest
    assert {each["team"] for each in tracer.metadata("supervisor")} == {"inner", "outer"}


def test_metadata_of_the_caller_is_kept() -> None:
    """What the caller's config says stays."""
    tracer = KeepingTracer()
    config = {**traced(tracer), "metadata": {"customer": "c1"}, "tags": ["night"]}
    team().compile(InMemorySaver()).invoke(TEXT, config)
    assert all(each["customer"] == "c1" for each in tracer.metadata("by_label"))
    assert all("night" in (run.tags or []) for run in tracer.runs if run.name == "by_label")


def test_handler_that_is_no_tracer() -> None:
    """A callback handler without runs of its own is no obstacle."""
    values = team().compile(InMemorySaver()).invoke(TEXT, traced(BaseCallbackHandler()))
    assert team().read(values).status == "settled"


@pytest.fixture
def server() -> Iterator[TraceServer]:
    made = TraceServer()
    made.start()
    yield made
    made.clear()
    made.stop()


CHILD = """
import threading
from langchain_core.tracers.langchain import wait_for_all_tracers
from langgraph.checkpoint.memory import InMemorySaver
from tests.fakes.desk import thread
from tests.graphs.test_traces import TEXT, team

team().compile(InMemorySaver()).invoke(TEXT, thread("t9"))
wait_for_all_tracers()
print([each.name for each in threading.enumerate()])
"""


def run_child(server: TraceServer, **settings: str) -> str:
    """The desk in a process of its own, with the server as LangSmith's address."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LANGSMITH_", "LANGCHAIN_"))}
    env = {**clean, "LANGSMITH_ENDPOINT": server.url_for("").rstrip("/"), "PYTHONPATH": str(ROOT), **settings}
    done = subprocess.run(
        [sys.executable, "-c", CHILD], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_langsmith_gets_it(server: TraceServer) -> None:
    """What is posted to LangSmith carries the metadata, on the nodes' runs and below them."""
    run_child(server, LANGSMITH_TRACING="true", LANGSMITH_API_KEY="key")
    for name in ("intake", "supervisor", "by_label", "by_place", "caller", "act", "tool"):
        metadata = server.metadata[name]
        assert (metadata["thread_id"], metadata["turn"], metadata["team"]) == ("t9", 1, "desk")
        assert len(metadata["policy_digest"]) == 64
    assert server.metadata["tool"]["contract_version"] == "3.1.0"
    assert server.metadata["by_label"]["contract_version"] == "1.2.0"


def test_nothing_leaves_the_machine(server: TraceServer) -> None:
    """Without the setting nothing is sent, and no thread is there that could."""
    assert run_child(server) == "['MainThread']"
    assert server.requests == 0
