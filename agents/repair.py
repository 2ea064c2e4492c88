"""Repair: what was wrong with an agent's answer, for the agent that is asked once more."""

from __future__ import annotations

from dataclasses import dataclass

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from ..contracts import ContractError

__all__ = ["Repair"]

_ASKING = "That answer was refused: {error}. Answer again, the whole of it, in the form that was asked for."


@dataclass(frozen=True, slots=True)
class Repair:
    """What was wrong with the answer before; `current_run().repair` while the agent is asked once more."""

    error: str
    """What came, what was expected, and what to do."""
    answer: str = ""
    """The answer as the model gave it, or empty where that is not known."""

    @classmethod
    def of(cls, error: ContractError) -> Repair:
        """What an error tells about the answer."""
        return cls(f"got {error.got}; expected {error.expected}. {error.fix}", getattr(error, "answer", ""))

    @property
    def messages(self) -> list[BaseMessage]:
        """What to say to a model after its first messages: its answer, and what was wrong with it."""
        asking = HumanMessage(_ASKING.format(error=self.error.rstrip(".")))
        return [AIMessage(self.answer), asking] if self.answer else [asking]
