"""The receipt desk under the real `langgraph dev`, from a copy of what its `langgraph.json` names."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.command_line import ROOT, clean_environment
from tests.fakes.desk_session import sample
from tests.fakes.langgraph_server import LanggraphServer

from quorate.checkpoints import open_database

GRAPH = "receipt-desk"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'desk.db'}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[LanggraphServer]:
    if not (ROOT / "langgraph.json").exists():
        pytest.skip("there is no langgraph.json beside the examples")
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "langgraph.json", folder)
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    environment = clean_environment(
        QUORATE_DB=database,
        LANGSMITH_TRACING="false",
        LANGGRAPH_CLI_NO_ANALYTICS="1",
        LANGGRAPH_NO_VERSION_CHECK="true",
    )
    with LanggraphServer(folder, environment) as running:
        yield running


def run(server: LanggraphServer, name: str) -> tuple[str, dict[str, Any]]:
    """Run a sample on a new thread; gives the thread and the values of its state."""
    thread = server.post("/threads", {})["thread_id"]
    body = {"assistant_id": GRAPH, "input": {"request": sample(name)}}
    return thread, server.post(f"/threads/{thread}/runs/wait", body)


def answer(server: LanggraphServer, thread: str, verdict: dict[str, Any]) -> dict[str, Any]:
    """Answer the open question of a thread."""
    (task,) = server.get(f"/threads/{thread}/state")["tasks"]
    (question,) = task["interrupts"]
    resume = {question["id"]: {"decisions": [verdict], "reviewer": "ann"}}
    body = {"assistant_id": GRAPH, "command": {"resume": resume}}
    values: dict[str, Any] = server.post(f"/threads/{thread}/runs/wait", body)
    return values


def test_loads(server: LanggraphServer) -> None:
    """The server finds the graph by its name, shows each agent as a node, and knows what goes in."""
    (assistant,) = server.post("/assistants/search", {})
    assert assistant["graph_id"] == GRAPH
    drawn = server.get(f"/assistants/{assistant['assistant_id']}/graph")
    assert {node["id"] for node in drawn["nodes"]} >= {"supervisor", "review", "act", "total_after_label"}
    schema = server.get(f"/assistants/{assistant['assistant_id']}/schemas")["input_schema"]
    assert "request" in schema["properties"]
    assert {"words", "boxes", "text"} <= schema["$defs"]["ReceiptPage"]["properties"].keys()


def test_posts(server: LanggraphServer, database: str) -> None:
    """A receipt that is settled is posted to the desk's own database."""
    _, values = run(server, "07-total")
    assert values["decisions"]["total"]["value"] == "68.75"
    assert values["moves"][-1]["outcome"] == "settled"
    with open_database(database) as opened:
        assert "PASAR MINI SERI KENANGA" in [row["company"] for row in opened.table("receipts").rows()]


def test_review(server: LanggraphServer, database: str) -> None:
    """A receipt with a hidden instruction stops at an interrupt; answered by its id, it goes on and is posted."""
    thread, _ = run(server, "11-hidden")
    state = server.get(f"/threads/{thread}/state")
    assert state["next"] == ["review"]
    (question,) = state["tasks"][0]["interrupts"]
    action = question["value"]["action_requests"][0]
    assert (action["name"], action["args"]) == ("decide", {"total": "38.00"})
    assert "holds an instruction" in question["value"]["quorate"]["reason"]
    assert server.get(f"/threads/{thread}")["status"] == "interrupted"
    values = answer(server, thread, {"type": "approve"})
    assert values["decisions"]["total"]["by"] == "person:ann"
    assert values["moves"][-1]["outcome"] == "settled"
    assert server.get(f"/threads/{thread}/state")["tasks"] == []
    with open_database(database) as opened:
        assert "PINEAPPLE PRINT SHOP" in [row["company"] for row in opened.table("receipts").rows()]


def test_wrong_answer(server: LanggraphServer) -> None:
    """An answer that does not fit leaves the question open, to be answered again."""
    thread, _ = run(server, "09-missing")
    answer(server, thread, {"type": "approve"})
    state = server.get(f"/threads/{thread}/state")
    assert state["next"] == ["review"]
    values = answer(server, thread, {"type": "edit", "edited_action": {"args": {"total": "12.40"}}})
    assert values["decisions"]["total"]["value"] == "12.40"


def test_no_blocking_calls(server: LanggraphServer) -> None:
    """Nothing of the desk blocks the server's event loop, as far as the server notices."""
    run(server, "04-hardware")
    assert "blocking" not in server.log.lower()
