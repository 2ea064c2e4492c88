"""Setting: a context variable that has a value for a while."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Setting"]

T = TypeVar("T")


class Setting(Generic[T]):
    """Give a context variable a value within a `with` block, in this thread or task and those that it starts.

    A class, because a generator as a context manager takes four times as long, and each call of an agent has several.

    Args:
        variable: The variable.
        value: Its value within the block.
    """

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable, self._value = variable, value

    def __enter__(self) -> T:
        self._token: Token[T] = self._variable.set(self._value)
        return self._value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._variable.reset(self._token)
