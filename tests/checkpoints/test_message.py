from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from quorate.checkpoints.saver.serializer import DataSerializer

OURS = DataSerializer()
STOCK = JsonPlusSerializer(allowed_msgpack_modules=None)
CALL: Any = {"name": "look_up", "args": {"a": [1, None]}, "id": "c1", "type": "tool_call"}
MESSAGES = [
    HumanMessage("hello"),
    HumanMessage([{"type": "text", "text": "hello"}], id="h", name="Ann"),
    SystemMessage("be brief", id="s"),
    AIMessage("", id="a", tool_calls=[CALL], response_metadata={"model_name": "m", "logprobs": None}),
    AIMessage("12", id="b", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
    ToolMessage("found", tool_call_id="c1", artifact={"rows": [1, 2]}, status="error"),
    ToolMessage("found", tool_call_id="c1", artifact=HumanMessage("inside")),
    HumanMessage("more", additional_kwargs={"note": HumanMessage("inside")}),
    HumanMessage("with an extra", colour="red"),
    AIMessageChunk("part", id="a"),
    RemoveMessage(id="h"),
]


def _same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    assert one == other
    if isinstance(one, BaseMessage):
        assert one.model_dump() == other.model_dump()
        assert one.model_fields_set == other.model_fields_set
        assert one.model_extra == other.model_extra
        assert repr(one) == repr(other)


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_message_is_what_the_stock_serializer_gives(message: BaseMessage) -> None:
    """A message comes back as LangGraph's own serializer brings it back, alone, in a list, and in a snapshot."""
    stored = STOCK.dumps_typed(message)
    _same(OURS.loads_typed(stored), STOCK.loads_typed(stored))
    pair = STOCK.dumps_typed([message, message])
    assert OURS.loads_typed(pair) == STOCK.loads_typed(pair)
    snapshot = OURS.loads_typed(STOCK.dumps_typed(_DeltaSnapshot([message])))
    assert isinstance(snapshot, _DeltaSnapshot)
    _same(snapshot.value[0], STOCK.loads_typed(stored))


@given(st.text(), st.none() | st.text(), st.dictionaries(st.text(), st.none() | st.integers(0, 9) | st.text()))
def test_any_text(content: str, name: str | None, metadata: dict[str, Any]) -> None:
    """Whatever the text, both serializers agree."""
    stored = STOCK.dumps_typed(AIMessage(content, name=name, response_metadata=metadata))
    _same(OURS.loads_typed(stored), STOCK.loads_typed(stored))


def test_messages_are_apart() -> None:
    """Two readings of one row share nothing that could be changed."""
    stored = STOCK.dumps_typed(AIMessage("", response_metadata={"a": 1}))
    first, second = OURS.loads_typed(stored), OURS.loads_typed(stored)
    first.response_metadata["a"] = 2
    first.content = "changed"
    assert second.response_metadata == {"a": 1}
    assert not second.content
