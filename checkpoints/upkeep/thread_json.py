"""ThreadJson: a thread's events as lines of JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ormsgpack

from ..log.request import Typed
from ..log.task_write import TaskWrite, raw_writes
from ..log.thread_record import CarriedHistory, CheckpointRecord, ThreadRecord, WritesRecord
from ..log.value import with_elements
from .msgpack_json import NOT_PLAIN, decoded, encoded, packed, plain_of

__all__ = ["Lookup", "line_of", "record_of"]

Lookup = Callable[[str, str, str], Typed]
"""Gives the value of (namespace, checkpoint, channel) that came before."""

_SECTIONS = {"checkpoint": "c", "metadata": "m", "seen": "s", "versions": "v"}
_FORMS = ("msgpack", "bytes", "bytearray")
_PACKING = ormsgpack.OPT_NON_STR_KEYS


def line_of(record: ThreadRecord) -> dict[str, Any]:
    """An event as plain data."""
    return _writes_line(record) if isinstance(record, WritesRecord) else _checkpoint_line(record)


def record_of(line: Mapping[str, Any], lookup: Lookup) -> ThreadRecord:
    """The event that a line tells of.

    Args:
        line: What `line_of` gave.
        lookup: Gives the values of earlier checkpoints.

    Raises:
        ValueError: It is something else.
    """
    kind = line.get("type")
    if kind == "checkpoint":
        return _checkpoint_record(line, lookup)
    if kind == "writes":
        return _writes_record(line)
    raise ValueError(f"type {kind!r}; checkpoint or writes was expected")


def _checkpoint_line(record: CheckpointRecord) -> dict[str, Any]:
    line: dict[str, Any] = {"type": "checkpoint", "namespace": record.namespace, "id": record.id}
    line["parent"] = record.parent
    if record.follows != record.parent:
        line["follows"] = record.follows
    for name, section in _SECTIONS.items():
        content = ormsgpack.packb(record.sections[section], option=ormsgpack.OPT_SORT_KEYS)
        plain = plain_of(content)
        line |= {f"{name}_base64": encoded(content)} if plain is NOT_PLAIN else {name: plain}
    values: dict[str, Any] = {}
    others: dict[str, Any] = {"encoded": {}, "added": {}}
    for channel, value in record.values.items():
        if channel in record.added:
            to, elements = record.added[channel]
            others["added"][channel] = {"to": to, **_value(("msgpack", elements))}
            continue
        told = _value(value)
        if "value" in told:
            values[channel] = told["value"]
        else:
            others["encoded"][channel] = told
    line["values"] = values
    line |= {name: found for name, found in others.items() if found}
    if record.emptied:
        line["emptied"] = list(record.emptied)
    if record.carried:
        line["carried"] = {channel: _history(history) for channel, history in record.carried.items()}
    return line


def _history(history: CarriedHistory) -> dict[str, Any]:
    told: dict[str, Any] = {} if history.seed is None else {"seed": _value(history.seed), "held": history.held}
    return {**told, "writes": [{"task": write.task, **_written(write.value)} for write in history.writes]}


def _writes_line(record: WritesRecord) -> dict[str, Any]:
    line: dict[str, Any] = {"type": "writes", "namespace": record.namespace, "checkpoint": record.checkpoint}
    line["task"] = record.task
    path, writes, *_ = raw_writes(record.content)
    told = []
    for index, channel, value, *form in writes:
        told.append({"index": index, "channel": channel, **_written(bytearray(value) if form else value)})
    line |= {"path": path, "writes": told}
    # Whatever cannot be told apart stays as it is.
    return line if _writes_record(line).content == record.content else _whole(record)


def _whole(record: WritesRecord) -> dict[str, Any]:
    return {
        "type": "writes",
        "namespace": record.namespace,
        "checkpoint": record.checkpoint,
        "task": record.task,
        "base64": encoded(record.content),
    }


def _value(value: Typed) -> dict[str, Any]:
    """A serialised value: `value` where it is plain data, else its form and bytes."""
    form, content = value
    if form == "null":
        return {"value": None}
    plain = plain_of(content) if form == "msgpack" else NOT_PLAIN
    if plain is NOT_PLAIN or plain is None:
        return {"form": form, "base64": encoded(content)}
    return {"value": plain}


def _written(value: Any) -> dict[str, Any]:
    if type(value) is bytearray:
        return {"form": "bytearray", "base64": encoded(bytes(value))}
    return {"value": None} if value is None else _value(("msgpack", ormsgpack.packb(value, option=_PACKING)))


def _checkpoint_record(line: Mapping[str, Any], lookup: Lookup) -> CheckpointRecord:
    namespace, parent = _text(line, "namespace"), _id(line, "parent")
    sections = {}
    for name, section in _SECTIONS.items():
        content = decoded(line[f"{name}_base64"]) if f"{name}_base64" in line else packed(_mapping(line, name))
        sections[section] = _unpacked_mapping(content, name)
    values = {channel: _typed({"value": value}) for channel, value in _mapping(line, "values").items()}
    values |= {channel: _typed(told) for channel, told in _mapping(line, "encoded", {}).items()}
    for channel, told in _mapping(line, "added", {}).items():
        before = lookup(namespace, _text(told, "to"), channel)
        values[channel] = "msgpack", with_elements(before[1], _typed(told)[1])
    emptied = line.get("emptied", [])
    if not isinstance(emptied, list):
        raise ValueError("emptied is no list")
    return CheckpointRecord(
        namespace,
        _text(line, "id"),
        parent,
        _id(line, "follows") if "follows" in line else parent,
        sections,
        values,
        {},
        [str(channel) for channel in emptied],
        {channel: _carried(channel, told) for channel, told in _mapping(line, "carried", {}).items()},
    )


def _carried(channel: str, told: Any) -> CarriedHistory:
    if not isinstance(told, dict) or not isinstance(told.get("writes"), list):
        raise ValueError(f"carried {channel!r} has no list of writes")
    seed = _typed(told["seed"]) if "seed" in told else None
    held = seed is not None and told.get("held") is True
    return CarriedHistory(seed, held, [TaskWrite(_text(each, "task"), channel, _raw(each)) for each in told["writes"]])


def _writes_record(line: Mapping[str, Any]) -> WritesRecord:
    if "base64" in line:
        content = decoded(line["base64"])
        _, rows = raw_writes(content)
        if not all(isinstance(row, list) and len(row) >= 3 and isinstance(row[1], str) for row in rows):
            raise ValueError("what its base64 holds are no writes")
    else:
        told = line.get("writes")
        if not isinstance(told, list):
            raise ValueError("writes is no list")
        rows = []
        for each in told:
            value = _raw(each)
            index = each.get("index")
            if not isinstance(index, int) or isinstance(index, bool):
                raise ValueError("a write has no index")
            rows.append([index, _text(each, "channel"), value, *(("a",) if type(value) is bytearray else ())])
        content = ormsgpack.packb([_text(line, "path"), rows], option=_PACKING)
    return WritesRecord(_text(line, "namespace"), _text(line, "checkpoint"), _text(line, "task"), content)


def _raw(told: Any) -> Any:
    """A value as msgpack holds it, with objects as extensions."""
    form, content = _typed(told)
    if form == "null":
        return None
    if form == "bytearray":
        return bytearray(content)
    return ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=_PACKING)


def _typed(told: Any) -> Typed:
    if not isinstance(told, dict):
        raise ValueError("a value is neither plain nor encoded")
    if "value" in told:
        return ("null", b"") if told["value"] is None else ("msgpack", packed(told["value"]))
    if told.get("form") not in _FORMS:
        raise ValueError(f"form {told.get('form')!r}; one of {', '.join(_FORMS)} was expected")
    content = decoded(told.get("base64"))
    if told["form"] == "msgpack":
        ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=_PACKING)
    return told["form"], content


def _unpacked_mapping(content: bytes, name: str) -> dict[str, Any]:
    found = ormsgpack.unpackb(content, ext_hook=ormsgpack.Ext, option=_PACKING)
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no object")
    return found


def _mapping(line: Mapping[str, Any], name: str, default: Any = None) -> Mapping[str, Any]:
    found = line.get(name, default)
    if not isinstance(found, dict):
        raise ValueError(f"{name} is no object")
    return found


def _text(line: Any, name: str) -> str:
    found = line.get(name) if isinstance(line, dict) else None
    if not isinstance(found, str):
        raise ValueError(f"{name} is no text")
    return found


def _id(line: Mapping[str, Any], name: str) -> str | None:
    return None if line.get(name) is None else _text(line, name)
