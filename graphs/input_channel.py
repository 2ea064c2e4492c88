"""Input channel: where the input of a run enters the graph, and large fields of its request leave it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from langgraph.channels import EphemeralValue

from .large_inputs import LargeInputs

__all__ = ["InputChannel"]


class InputChannel(EphemeralValue[Any]):
    """LangGraph's input channel, with references in the place of large fields.

    LangGraph stores an input as it came: in this channel of the first checkpoint, and as the first step's write
    of `request`. Both are taken from here, before the graph's first node sees anything. An input that comes from a
    checkpoint has been through here.

    Args:
        typ: The type of the input.
        guard: Whether a second input in one step is an error.
        inputs: Stores the large fields.
    """

    __slots__ = ("inputs",)

    def __init__(self, typ: Any, guard: bool = True, inputs: LargeInputs | None = None) -> None:
        super().__init__(typ, guard)
        self.inputs = inputs or LargeInputs()

    def copy(self) -> Self:
        """A copy of the channel."""
        copied = super().copy()
        copied.inputs = self.inputs
        return copied

    def from_checkpoint(self, checkpoint: Any) -> Self:
        """The channel as a checkpoint holds it."""
        loaded = super().from_checkpoint(checkpoint)
        loaded.inputs = self.inputs
        return loaded

    def update(self, values: Sequence[Any]) -> bool:
        """Take the input in.

        Raises:
            DatabaseError: A large field cannot be stored; then nothing of the run is.
        """
        return super().update([self._referred(value) for value in values])

    def _referred(self, given: Any) -> Any:
        if not isinstance(given, dict) or "request" not in given:
            return given
        return {**given, "request": self.inputs.refer(given["request"])}
