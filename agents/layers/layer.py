"""Layer: something that happens around a call of an agent, as middleware does around a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from ..output import Output
from ..run import Run

__all__ = ["AsyncProceed", "Inputs", "Layer", "Proceed", "astacked", "stacked"]

Inputs: TypeAlias = Mapping[str, Any]
"""What the agent reads, typed, by field."""
Proceed: TypeAlias = Callable[[Inputs], Output]
"""Calls what is further in: the next layer, at last the agent; its output keeps the contract."""
AsyncProceed: TypeAlias = Callable[[Inputs], Awaitable[Output]]
"""The same, to be awaited."""


class Layer(Protocol):
    """Something around a call of an agent: it may refuse it, hold it back, repeat it, or answer in its place.

    One that refuses raises a `QuorateError`, which becomes the agent's fault. It is called from several threads and
    event loops at the same time.
    """

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent."""
        ...

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent."""
        ...


def stacked(layers: Sequence[Layer], run: Run, innermost: Proceed) -> Proceed:
    """The call with all layers around it, the first one outermost."""
    for layer in reversed(layers):
        innermost = partial(layer.call, run, proceed=innermost)
    return innermost


def astacked(layers: Sequence[Layer], run: Run, innermost: AsyncProceed) -> AsyncProceed:
    """The same, to be awaited."""
    for layer in reversed(layers):
        innermost = partial(layer.acall, run, proceed=innermost)
    return innermost
