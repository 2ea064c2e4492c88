"""OpenAI's chat models, and those of servers that speak its protocol, as the environment configures them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..contracts import AgentError

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

__all__ = ["openai_chat"]

_MODEL = "gpt-4.1-mini"


def openai_chat(model: str | None = None, **kwargs: Any) -> ChatOpenAI:
    """A `ChatOpenAI` for the server that `OPENAI_BASE_URL` names, or for OpenAI itself, with `OPENAI_API_KEY`.

    A server of its own needs no key. The client does not retry by itself, because the agent's limits do; it waits 60
    seconds for an answer, and asks for the tokens of streamed answers too. All three may be given otherwise, as
    `max_retries`, `timeout` and `stream_usage`.

    Args:
        model: Name of the model; by default that in `OPENAI_MODEL`, or else gpt-4.1-mini.
        **kwargs: Whatever else `ChatOpenAI` takes.

    Raises:
        AgentError: There is neither a key nor a server.
    """
    base_url = kwargs.pop("base_url", None) or os.environ.get("OPENAI_BASE_URL") or None
    key: Any = kwargs.pop("api_key", None) or os.environ.get("OPENAI_API_KEY") or None
    if key is None and base_url is None:
        raise AgentError(
            "openai_chat",
            got="neither OPENAI_API_KEY nor OPENAI_BASE_URL",
            expected="a key for OpenAI, or the URL of a server that speaks its protocol",
            fix="export OPENAI_API_KEY=..., or for a local server OPENAI_BASE_URL=http://localhost:11434/v1",
        )
    from langchain_openai import ChatOpenAI

    settings: dict[str, Any] = {"max_retries": 0, "timeout": 60, "stream_usage": True, **kwargs}
    if base_url is not None:
        settings.setdefault("use_responses_api", False)  # few servers but OpenAI's have that newer interface
    name = model or os.environ.get("OPENAI_MODEL") or _MODEL
    secret = SecretStr(key or "not-needed") if isinstance(key, str | None) else key
    return ChatOpenAI(model=name, base_url=base_url, api_key=secret, **settings)
