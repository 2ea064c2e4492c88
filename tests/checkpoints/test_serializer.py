from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, SystemMessage, ToolMessage
from langgraph.checkpoint.serde import jsonplus
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Interrupt, Send
from pydantic import BaseModel

from quorate.checkpoints.saver.serializer import DataSerializer
from quorate.contracts import DatabaseError

SECRET = "QUORATE_TEST_SECRET"
CODES = [
    (jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, ("os", "getenv", SECRET)),
    (jsonplus.EXT_CONSTRUCTOR_POS_ARGS, ("os", "getenv", (SECRET,))),
    (jsonplus.EXT_CONSTRUCTOR_KW_ARGS, ("os", "getenv", {"key": SECRET})),
    (jsonplus.EXT_METHOD_SINGLE_ARG, ("os", "environ", SECRET, "get")),
    (jsonplus.EXT_PYDANTIC_V1, ("os", "getenv", {"key": SECRET})),
    (jsonplus.EXT_PYDANTIC_V2, ("os", "getenv", {"key": SECRET}, "model_validate_json")),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Thing(BaseModel):
    size: int


def crafted(code: int, content: Any) -> tuple[str, bytes]:
    """A row that names something to import and to call."""
    return "msgpack", ormsgpack.packb({"messages": [ormsgpack.Ext(code, ormsgpack.packb(content))]})


@pytest.mark.parametrize("code, content", CODES)
def test_crafted_row_calls_nothing(monkeypatch: pytest.MonkeyPatch, code: int, content: Any) -> None:
    """A row that names os.getenv gives back its own argument, and not the secret."""
    monkeypatch.setenv(SECRET, "leaked")
    assert "leaked" not in repr(DataSerializer().loads_typed(crafted(code, content)))
    assert SECRET in repr(DataSerializer().loads_typed(crafted(code, content)))


def test_stock_serializer_does_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same row does call os.getenv in the stock serializer: the test above tests something."""
    monkeypatch.setenv(SECRET, "leaked")
    stock = JsonPlusSerializer(allowed_msgpack_modules=True)
    assert stock.loads_typed(crafted(*CODES[0])) == {"messages": ["leaked"]}


def test_crafted_row_imports_nothing() -> None:
    """A row that names a module which is not loaded does not load it."""
    sys.modules.pop("this", None)
    DataSerializer().loads_typed(crafted(jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, ("this", "s", 1)))
    assert "this" not in sys.modules


def test_crafted_row_inside_an_allowed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is hidden inside a known value is not made either."""
    monkeypatch.setenv(SECRET, "leaked")
    inner = ormsgpack.Ext(jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, ormsgpack.packb(("os", "getenv", SECRET)))
    outer = ("builtins", "set", [inner])
    row = crafted(jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, outer)
    assert DataSerializer().loads_typed(row) == {"messages": [{SECRET}]}


@pytest.mark.parametrize("environment", ["", "false", "true"])
def test_environment_does_not_matter(environment: str) -> None:
    """Whatever LANGGRAPH_STRICT_MSGPACK says, the row calls nothing."""
    code = (
        "import ormsgpack; from quorate.checkpoints.saver.serializer import DataSerializer\n"
        "row = ormsgpack.packb(ormsgpack.Ext(0, ormsgpack.packb(('builtins', 'print', 'called'))))\n"
        "DataSerializer().loads_typed(('msgpack', row))"
    )
    child = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": environment},
    )
    assert child.stdout == ""


@pytest.mark.parametrize("form", ["json", "pickle", "other"])
def test_other_forms_are_refused(form: str) -> None:
    """Rows of the forms that name constructors in other ways are an error."""
    constructor = {"lc": 1, "type": "constructor", "id": ["langchain", "prompts", "PromptTemplate"], "kwargs": {}}
    with pytest.raises(DatabaseError, match=f"form '{form}'"):
        DataSerializer().loads_typed((form, json.dumps(constructor).encode()))


@given(JSON)
def test_plain_data_round_trips(value: Any) -> None:
    """Every plain value comes back as it was."""
    serializer = DataSerializer()
    assert serializer.loads_typed(serializer.dumps_typed(value)) == value


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage("hello", id="1"),
        AIMessage("hi", tool_calls=[{"name": "add", "args": {"a": 1}, "id": "c"}], usage_metadata=None),
        SystemMessage("be brief"),
        ToolMessage("3", tool_call_id="c"),
        RemoveMessage(id="1"),
        HumanMessage([{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:,"}}]),
    ],
)
def test_messages_round_trip(message: AnyMessage) -> None:
    """LangChain's messages, which the channel `messages` holds, come back as they were."""
    serializer = DataSerializer()
    assert serializer.loads_typed(serializer.dumps_typed([message])) == [message]


@pytest.mark.parametrize(
    "value", [Send("node", {"a": 1}), Interrupt({"q": 1}, id="1"), {1, 2}, Decimal("1.10"), b"x", None]
)
def test_known_values_round_trip(value: Any) -> None:
    """LangGraph's own records and the standard values come back as they were."""
    serializer = DataSerializer()
    assert serializer.loads_typed(serializer.dumps_typed(value)) == value


def test_unknown_class_gives_its_content() -> None:
    """A class of somebody's state comes back as plain data, and as itself once it is allowed by name."""
    serializer = DataSerializer()
    row = serializer.dumps_typed(Thing(size=3))
    assert serializer.loads_typed(row) == {"size": 3}
    assert serializer.with_msgpack_allowlist([Thing]).loads_typed(row) == Thing(size=3)


def test_allowing_a_class_keeps_the_rest_shut() -> None:
    """Allowing one class does not let others through, nor the other forms."""
    serializer = DataSerializer().with_msgpack_allowlist([Thing])
    assert serializer.loads_typed(crafted(*CODES[0])) == {"messages": [SECRET]}
    with pytest.raises(DatabaseError, match="form 'json'"):
        serializer.loads_typed(("json", b"{}"))
