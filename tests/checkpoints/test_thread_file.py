from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from tests.fakes.retained_graph import talking
from tests.fakes.thread_history import seen

from quorate.checkpoints import Database, Keep, Retention, open_database
from quorate.checkpoints.saver.serializer import DataSerializer
from quorate.checkpoints.upkeep.msgpack_json import NOT_PLAIN, packed, plain_of
from quorate.contracts import InputError, blob_digest

VALUES: list[Any] = [
    1, -1, 2**63, 1.5, -0.0, "", "ein Übel\u2028", "\x00", None, True, [], {}, [[1, {"a": None}]], {"": 0}, b"", b"1",
    bytearray(b"x"), float("inf"), {1: "one"}, date(2026, 11, 21), Decimal("1.10"), {"a"}, (1, 2),
    HumanMessage("hello", id="1"), {"value": 1}, {"base64": "eA=="}, {"$blob": "a" * 64, "size": 1}, "x" * 5000,
]  # fmt: skip


def config(thread: str = "t") -> RunnableConfig:
    return {"configurable": {"thread_id": thread}}


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    with open_database(sqlite_url) as opened:
        yield opened


@pytest.fixture
def exported(database: Database) -> list[str]:
    """The lines of a thread with values of every kind."""
    with database.saver() as saver:
        graph = talking().compile(checkpointer=saver)
        for value in VALUES:
            graph.invoke({"said": [value]}, {**config(), "metadata": {"of": str(value)[:20]}})
    return list(Retention(database).export("t"))


def parts(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_every_value_comes_back(database: Database, exported: list[str], empty_postgres_url: str) -> None:
    """A thread that is exported from one kind of database reads the same in another."""
    with open_database(empty_postgres_url) as other, database.saver() as saver, other.saver() as there:
        events = len(exported) - 2
        assert Retention(other).restore(exported) == ("t", events)
        assert seen(there, "t") == seen(saver, "t")
        again = list(Retention(other).export("t"))
        assert again[1:] == exported[1:]
        found = [each.get_tuple(config()) for each in (there, saver)]
        kinds = [[type(part) for part in each.checkpoint["channel_values"]["said"]] for each in found if each]
        assert kinds[0] == kinds[1]


def test_plain_to_read(exported: list[str]) -> None:
    """What is plain data stands in the file as plain JSON; its first line says where the thread stood."""
    first, *events, last = parts(exported)
    assert first["quorate_thread"] == 1
    assert first["thread"] == "t"
    assert [(line["namespace"], line["events"], len(line["tip"])) for line in first["lines"]] == [("", len(events), 64)]
    assert datetime.fromisoformat(first["exported_at"]).tzinfo == UTC
    assert last == {"type": "end", "events": len(events)}
    checkpoint = next(event for event in events if event["type"] == "checkpoint")
    assert checkpoint["values"] == {"__start__": {"said": [1]}}
    assert checkpoint["metadata"]["source"] == "input"
    written = [event["writes"] for event in events if event["type"] == "writes"]
    assert any(write.get("value") == [1] for writes in written for write in writes)


def test_growing_lists(database: Database) -> None:
    """A list that grows is told by what was added to it: the file grows with the thread, not with its square."""
    sizes = []
    with database.saver() as saver:
        graph = talking().compile(checkpointer=saver)
        for _ in range(2):
            for _ in range(30):
                graph.invoke({"said": ["in"]}, config())
            sizes.append(sum(map(len, Retention(database).export("t"))))
    assert sizes[1] < 2.6 * sizes[0]


def test_pruned_thread(database: Database, exported: list[str]) -> None:
    """A thread that was pruned is exported with what its checkpoints carry, and pruned again after it came back."""
    retention = Retention(database)
    with database.saver() as saver:
        retention.prune(keep=Keep("decided"))
        before = seen(saver, "t")
        retention.restore(retention.export("t"), "again")
        assert seen(saver, "again") == before
        retention.prune(["again"], Keep("latest"))
        assert list(seen(saver, "again").values()) == list(before.values())[:1]


def test_blobs(database: Database, empty_postgres_url: str) -> None:
    """The blobs that a thread refers to come with it."""
    digest = database.blobs.put(b"large")
    lost = "b" * 64
    with database.saver() as saver, open_database(empty_postgres_url) as other:
        graph = talking().compile(checkpointer=saver)
        graph.invoke({"said": [{"$blob": digest, "size": 5}, {"$blob": lost, "size": 5}]}, config())
        lines = list(Retention(database).export("t"))
        assert [part["digest"] for part in parts(lines) if part.get("type") == "blob"] == [digest]
        Retention(other).restore(lines)
        assert other.blobs.get(digest) == b"large"


def test_id_that_is_taken(database: Database, exported: list[str]) -> None:
    """A thread that is there is left as it is; under another id the file is taken."""
    retention = Retention(database)
    with pytest.raises(InputError, match="there already"):
        retention.restore(exported)
    assert retention.restore(exported, "other")[0] == "other"
    assert [thread.id for thread in database.threads()] == ["other", "t"]


def test_missing_thread(database: Database) -> None:
    """A thread that is not there cannot be exported."""
    with pytest.raises(InputError, match="no thread of that id"):
        list(Retention(database).export("t"))


def change(part: int, **changes: Any) -> Callable[[list[dict[str, Any]]], list[Any]]:
    def changed(lines: list[dict[str, Any]]) -> list[Any]:
        lines[part] |= changes
        return lines

    return changed


BROKEN: dict[str, tuple[Callable[[list[dict[str, Any]]], list[Any]], str]] = {
    "nothing": (lambda lines: [], "line 1: got something that is not an exported thread"),
    "no head": (lambda lines: lines[1:], "line 1: got something that is not an exported thread"),
    "newer form": (change(0, quorate_thread=2), "upgrade quorate"),
    "no thread": (change(0, thread=7), "line 1: got something that is not an exported thread"),
    "cut off": (lambda lines: lines[:-3], "its end is missing"),
    "cut off after a blob": (
        lambda lines: [lines[0], {"type": "blob", "digest": blob_digest(b"x"), "base64": "eA=="}, *lines[1:4]],
        "file, line 5: got a file that was cut off",
    ),
    "an event gone": (lambda lines: [*lines[:-2], lines[-1]], "an end that tells of"),
    "first events gone": (lambda lines: [lines[0], *lines[6:]], "did not come before"),
    "more after it": (lambda lines: [*lines, lines[-1]], "lines after the end"),
    "odd type": (change(2, type="else"), "line 3: got a line that tells of no event: type 'else'"),
    "no id": (change(2, id=None, task=None), "line 3: got a line that tells of no event"),
    "no object": (lambda lines: [lines[0], [1], *lines[1:]], "line 2: got a line that is no JSON object"),
    "bad blob": (
        lambda lines: [lines[0], {"type": "blob", "digest": "a" * 64, "base64": "eA=="}, *lines[1:]],
        "line 2: got a blob that is not what its digest says",
    ),
    "no base64": (lambda lines: [lines[0], {"type": "blob", "base64": "ä"}, *lines[1:]], "line 2: got not base64"),
    "huge number": (change(-2, values={"a": 2**70}, writes=[]), "line"),
}


@pytest.mark.parametrize("case", list(BROKEN))
def test_broken_file(database: Database, exported: list[str], case: str) -> None:
    """A file that is not whole, or not what was exported, is refused with its line, and nothing of it is stored."""
    breaking, told = BROKEN[case]
    lines = [json.dumps(line) for line in breaking(parts(exported))]
    with pytest.raises(InputError) as caught:
        Retention(database).restore(lines, "other", name="file")
    assert told in str(caught.value)
    assert [thread.id for thread in database.threads()] == ["t"]


def test_garbage(database: Database) -> None:
    """What is no JSON is refused with its line."""
    with pytest.raises(InputError, match="file, line 1: got a line that is no JSON"):
        Retention(database).restore(["\x00 not JSON"], name="file")


plain = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.text(), st.binary()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(plain)
def test_plain_data(value: Any) -> None:
    """Whatever passes for plain data gives the same bytes again after a way through JSON."""
    form, content = DataSerializer().dumps_typed(value)
    found = plain_of(content) if form == "msgpack" else NOT_PLAIN
    if found is not NOT_PLAIN:
        assert packed(json.loads(json.dumps(found))) == content
