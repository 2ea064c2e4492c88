"""Recorded tool: a copy of a LangChain tool whose answers are recorded and played back."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from langchain_core.tools import BaseTool

from ...contracts import JournalError, check_plain
from .call import Call
from .plain import plain
from .request import Request

__all__ = ["recorded_tool"]

T = TypeVar("T", bound=BaseTool)

_NOT_ARGUMENTS = frozenset({"config", "run_manager", "runtime", "callbacks"})
_MARK = "__quorate_recorded__"


def recorded_tool(tool: T) -> T:
    """A copy of the tool whose answers are recorded and played back, where there is a journal.

    It is of a subclass of the tool's own class, made here. Its request are its name and its arguments. An answer must
    be plain JSON data, or, of a tool that answers with content and artifact, a pair of such data.
    """
    if hasattr(type(tool), _MARK):
        return tool
    made = tool.model_copy()
    object.__setattr__(made, "__class__", _subclass(type(tool)))
    return made


def _call(tool: BaseTool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call[Any]:
    return Call(lambda: _request(tool, args, kwargs), lambda result: _told(tool, result), _read)


def _request(tool: BaseTool, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Request:
    given = {name: plain(value) for name, value in kwargs.items() if name not in _NOT_ARGUMENTS}
    return Request(
        "tool", tool.name, {"tool": tool.name, "arguments": {**given, **({"": plain(args)} if args else {})}}
    )


def _told(tool: BaseTool, result: Any) -> dict[str, Any]:
    try:
        check_plain(result)
    except ValueError as error:
        raise JournalError(
            f"recorded tool {tool.name!r}",
            got=f"an answer of the class {type(result).__qualname__}, which cannot be recorded: {error}",
            expected="plain JSON data",
            fix="let the tool answer with text or plain data, or leave recorded() away",
        ) from error
    return {"pair" if isinstance(result, tuple) else "content": plain(result)}


def _read(response: dict[str, Any]) -> Any:
    return tuple(response["pair"]) if "pair" in response else response["content"]


@functools.cache
def _subclass(base: Any) -> Any:
    """The subclass of a class of tools that passes the journal; its methods have the signatures of the class's own."""

    @functools.wraps(base._run)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _call(self, args, kwargs)(lambda: base._run(self, *args, **kwargs))

    @functools.wraps(base._arun)
    async def arun(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await _call(self, args, kwargs).acall(lambda: base._arun(self, *args, **kwargs))

    body: dict[str, Any] = {
        "__module__": base.__module__,
        "__qualname__": base.__qualname__,
        "__doc__": base.__doc__,
        _MARK: True,
        "_run": run,
    }
    if base._arun is not BaseTool._arun:
        body["_arun"] = arun
    return type(base)(base.__name__, (base,), body)
