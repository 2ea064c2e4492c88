"""Recorded function: a Python function whose results are recorded and played back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from ...contracts import JournalError, check_plain, first_problem
from .call import Call
from .plain import plain
from .request import Request

__all__ = ["recorded_function"]

F = TypeVar("F", bound=Callable[..., Any])


def recorded_function(function: F, name: str | None = None, returns: Any = None) -> F:
    """A function, sync or async, whose results are recorded and played back where there is a journal.

    Its request are its name and its arguments. A result comes back as the type that the function says it returns;
    where it does not say, the result must be plain JSON data.

    Args:
        function: The function.
        name: How the journal calls it; by default as Python does.
        returns: The type of its result; by default what the function says itself.

    Raises:
        JournalError: It is a generator.
    """
    title = str(name or getattr(function, "__qualname__", type(function).__qualname__))
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise JournalError(
            f"recorded({title})",
            got="a generator",
            expected="a function that returns",
            fix="let it return a list, or record what it calls",
        )
    form = _Form(function, title, returns)
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def acalled(*args: Any, **kwargs: Any) -> Any:
            return await form.call(args, kwargs).acall(lambda: function(*args, **kwargs))

        return acalled  # type: ignore[return-value]

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return form.call(args, kwargs)(lambda: function(*args, **kwargs))

    return called  # type: ignore[return-value]


class _Form:
    """In which form the journal has a function's arguments and results."""

    def __init__(self, function: Callable[..., Any], title: str, returns: Any) -> None:
        self._title = title
        self._signature = inspect.signature(function)
        self._function, self._given = function, returns

    def call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Call[Any]:
        return Call(lambda: self._request(args, kwargs), self._told, self._read)

    def _request(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Request:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = {name: value for name, value in bound.arguments.items() if name not in ("self", "cls")}
        return Request("function", self._title, {"function": self._title, "arguments": plain(given)})

    def _told(self, result: Any) -> Any:
        try:
            data = self._returns.dump_python(result, mode="json", warnings="error")
            check_plain(data)
            if self._annotation is Any and data != result:
                raise ValueError("it would come back as something else")
        except (PydanticSerializationError, ValueError) as error:
            raise JournalError(
                f"recorded({self._title})",
                got=f"a result of the class {type(result).__qualname__}, which cannot be recorded: {error}",
                expected="one of the type that it says it returns; plain JSON data where it does not say",
                fix="write the type of its result behind ->",
            ) from error
        return data

    def _read(self, response: Any) -> Any:
        try:
            return self._returns.validate_python(response)
        except ValidationError as error:
            raise JournalError(
                f"playback of recorded({self._title})",
                got=f"a recorded result that is no {self._annotation}: {first_problem(error)}",
                expected="the type that it says it returns",
                fix="record the thread again: the function was changed, or its result was redacted",
            ) from error

    @functools.cached_property
    def _annotation(self) -> Any:
        if self._given is not None:
            return self._given
        try:
            return get_type_hints(self._function, include_extras=True).get("return", Any)
        except (NameError, TypeError):
            return Any

    @functools.cached_property
    def _returns(self) -> TypeAdapter[Any]:
        return TypeAdapter(self._annotation)
