"""Graphs whose threads retention is tested on."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict

__all__ = ["Said", "asking", "talking", "with_subgraph"]


class Said(TypedDict):
    said: Annotated[list[str], operator.add]


def talking() -> StateGraph[Any]:
    """Each turn says two things more: three checkpoints after the first."""
    builder: StateGraph[Any] = StateGraph(Said)
    builder.add_node("one", lambda state: {"said": [f"one of {len(state['said'])} " + "and more of it " * 20]})
    builder.add_node("two", lambda state: {"said": [f"two of {len(state['said'])} " + "and more of it " * 20]})
    builder.add_edge(START, "one").add_edge("one", "two")
    return builder


def asking() -> StateGraph[Any]:
    """Says something, then asks a person."""
    builder: StateGraph[Any] = StateGraph(Said)
    builder.add_node("one", lambda state: {"said": ["one"]})
    builder.add_node("ask", lambda state: {"said": [interrupt("well?")]})
    builder.add_edge(START, "one").add_edge("one", "ask")
    return builder


def with_subgraph(*, lasting: bool) -> StateGraph[Any]:
    """Has a node that is a graph within a graph, which asks; `lasting`: with a memory of its own."""
    middle: StateGraph[Any] = StateGraph(Said)
    middle.add_node("inner", asking().compile()).add_edge(START, "inner")
    builder: StateGraph[Any] = StateGraph(Said)
    builder.add_node("middle", middle.compile(checkpointer=True) if lasting else middle.compile())
    builder.add_node("last", lambda state: {"said": ["last"]})
    builder.add_edge(START, "middle").add_edge("middle", "last")
    return builder
