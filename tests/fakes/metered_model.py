"""A chat model that answers at once, and says what it used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

__all__ = ["MeteredModel"]


class MeteredModel(BaseChatModel):
    """A chat model of a given name whose every call uses the same tokens."""

    model_name: str = "gpt-4o-mini"
    input_tokens: int = 100
    output_tokens: int = 10
    cached: int = 0
    before: Callable[[], None] | None = None
    """Called before each answer; it may raise."""

    @property
    def _llm_type(self) -> str:
        return "metered"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self.before is not None:
            self.before()
        message = AIMessage(
            "yes",
            usage_metadata={
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "total_tokens": self.input_tokens + self.output_tokens,
                "input_token_details": {"cache_read": self.cached},
            },
            response_metadata={"model_name": self.model_name},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])
