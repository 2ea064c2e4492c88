"""Message: LangChain's messages from their stored form, without validating again what was validated before."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ormsgpack
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

__all__ = ["message_of"]

_CLASSES = {(cls.__module__, cls.__name__): cls for cls in (AIMessage, HumanMessage, SystemMessage, ToolMessage)}

_set = object.__setattr__


def message_of(content: bytes) -> BaseMessage | None:
    """The message of a stored pydantic object; None where it is another object, or not just as LangChain dumps one.

    A long conversation is mostly messages, and validating each takes four times as long as this.

    Args:
        content: Module, class, fields and method as msgpack, as LangGraph's serializer writes them.
    """
    try:
        module, name, fields, _ = ormsgpack.unpackb(content, ext_hook=_refuse)
    except (ValueError, _NotPlain):
        return None
    cls = _CLASSES.get((module, name))
    if cls is None or not _is_plain(cls, fields):
        return None
    message = cls.__new__(cls)
    _set(message, "__dict__", fields)
    _set(message, "__pydantic_fields_set__", set(fields))
    _set(message, "__pydantic_extra__", {})
    _set(message, "__pydantic_private__", None)
    return message


def _is_plain(cls: type[BaseMessage], fields: Any) -> bool:
    """Whether these are all the fields of the class and no others, of the types that LangChain dumps."""
    return (
        isinstance(fields, dict)
        and fields.keys() == _fields(cls)
        and fields["type"] == cls.model_fields["type"].default
        and all(type(value) in _TYPES.get(name, _ANY) for name, value in fields.items())
    )


_ANY = (str, int, float, bool, list, dict, type(None))
_TYPES = {
    "content": (str, list),
    "additional_kwargs": (dict,),
    "response_metadata": (dict,),
    "id": (str, type(None)),
    "name": (str, type(None)),
    "tool_calls": (list,),
    "invalid_tool_calls": (list,),
    "usage_metadata": (dict, type(None)),
    "tool_call_id": (str,),
    "status": (str,),
}


class _NotPlain(Exception):
    """The fields hold an object."""


def _refuse(code: int, content: bytes) -> Any:
    raise _NotPlain


@lru_cache
def _fields(cls: type[BaseMessage]) -> frozenset[str]:
    return frozenset(cls.model_fields)
