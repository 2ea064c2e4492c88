"""Tools that an agent may not use, in whatever way it calls them and whatever it makes of the refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from pydantic import BaseModel

from quorate import Claim, Limits, Policy, Supervisor, Turn, agent


class Mail(BaseModel):
    text: str = "x"


class Answer(BaseModel):
    reply: str


@tool
def delete(name: str) -> str:
    """Delete something."""
    raise AssertionError(f"deleted {name}")


def swallowed() -> str:
    try:
        delete.invoke({"name": "x"})
    except Exception:
        raise ConnectionError("no route to host") from None
    return "done"


def batched() -> str:
    return str(delete.batch([{"name": "x"}, {"name": "y"}], return_exceptions=True))


def nested() -> str:
    chain = RunnableLambda(lambda name: RunnableLambda(lambda each: delete.invoke({"name": each})).invoke(name))
    return str(chain.with_fallbacks([RunnableLambda(lambda name: "fine")]).invoke("x"))


def in_a_graph() -> str:
    """As agents of LangGraph call tools, which get the error as a message."""
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([delete], handle_tool_errors=True))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    call = AIMessage("", tool_calls=[{"name": "delete", "args": {"name": "x"}, "id": "1"}])
    return str(graph.compile().invoke({"messages": [call]})["messages"][-1].content)


async def awaited_together() -> str:
    calls = [delete.ainvoke({"name": name}) for name in "xy"]
    return str(await asyncio.gather(*calls, return_exceptions=True))


def run(call: Callable[[], Any]) -> Turn:
    async def use_awaited(text: str) -> Claim:
        return Claim("reply", await call(), 0.9)

    def use(text: str) -> Claim:
        return Claim("reply", call(), 0.9)

    limits = Limits(attempts=3, backoff=0)
    user = agent(name="user", writes={"reply": str}, capability="reasoning", limits=limits)(
        use_awaited if asyncio.iscoroutinefunction(call) else use
    )
    policy = Policy.parse({"defaults": {"accept": 0.5}, "permissions": {"user": {"tools": ["search"]}}})
    team = Supervisor("mail", request=Mail, outcome=Answer, agents=[user], policy=policy)
    return team.read(asyncio.run(team.compile().ainvoke({"request": {}})))


@pytest.mark.parametrize("call", [swallowed, batched, nested, in_a_graph, awaited_together])
def test_no_way_of_calling_passes(call: Callable[[], Any]) -> None:
    """The tool does not run, nothing that the agent says counts, and it is not tried again."""
    turn = run(call)
    assert [(each.kind, each.code, each.attempt) for each in turn.faults] == [("guardrail", "permissions.tool", 1)]
    assert turn.claims == ()
