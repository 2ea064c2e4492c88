"""Chat request: what a chat model is asked, and what it answers, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    message_chunk_to_message,
    messages_from_dict,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from ...contracts import Usage
from .plain import plain
from .request import Request

__all__ = ["chat_request", "chunk_of", "response_of", "result_of", "used_by"]

_TRANSPORT = frozenset(
    {"stream", "stream_options", "timeout", "extra_headers", "stream_usage", "ls_structured_output_format"}
)
"""How an answer comes, not what it depends on: a streamed answer is the same as a whole one."""
_OURS = frozenset({"id", "response_metadata", "usage_metadata", "example"})
"""Parts of a message that no model is sent."""


def chat_request(
    model: BaseChatModel, messages: Sequence[BaseMessage], stop: list[str] | None, given: Mapping[str, Any], prompt: str
) -> Request:
    """What a chat model is asked: model and provider, every parameter, tools, response format, and the messages.

    Where the model can tell the body of its request, as those of OpenAI and Anthropic can, it is that body; else the
    model's parameters, as LangChain names them. Keys, addresses, time limits and ids of messages are no part of it.

    Args:
        model: The model.
        messages: The messages.
        stop: Where the answer is to end.
        given: What is bound to the model, or given with the call.
        prompt: Version of the prompt.
    """
    about = model._get_ls_params(stop=stop, **given)
    provider, name = str(about.get("ls_provider", "")), str(about.get("ls_model_name", ""))
    payload = getattr(model, "_get_request_payload", None)
    if payload is not None:
        body = payload(list(messages), stop=stop, **given)
        data = plain({key: value for key, value in body.items() if key not in _TRANSPORT})
        told = data.pop("messages", None)
    else:
        body = {**_parameters(model), **given}
        data = plain({key: value for key, value in body.items() if key not in _TRANSPORT})
        if stop is not None:
            data["stop"] = list(stop)
        told = [_message(each) for each in messages]
    request = {"provider": provider, "model": name or type(model).__name__, "parameters": data}
    if told is not None:
        request["messages"] = told
    return Request("model", name or type(model).__name__, request, provider, prompt)


def _parameters(model: BaseChatModel) -> dict[str, Any]:
    """The model's parameters: as it names them itself, else all its own fields."""
    named = dict(model._identifying_params)
    own = type(model).model_fields.keys() - BaseChatModel.model_fields.keys()
    return named or {name: getattr(model, name) for name in sorted(own)}


def _message(message: BaseMessage) -> dict[str, Any]:
    return _stated({name: plain(getattr(message, name)) for name in type(message).model_fields if name not in _OURS})


def _stated(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty; a message's content is always there."""
    return {name: value for name, value in data.items() if name == "content" or value not in (None, {}, [])}


def response_of(result: ChatResult) -> dict[str, Any]:
    """A model's answer as plain data."""
    return {
        "generations": [
            {"message": _told(each.message), "info": plain(each.generation_info)} for each in result.generations
        ],
        "output": plain(result.llm_output),
    }


def _told(message: BaseMessage) -> dict[str, Any]:
    whole = message_chunk_to_message(message) if isinstance(message, AIMessageChunk) else message
    return {
        "type": whole.type,
        "data": _stated({name: plain(getattr(whole, name)) for name in type(whole).model_fields}),
    }


def result_of(response: Mapping[str, Any]) -> ChatResult:
    """The model's answer that the plain data is of."""
    generations = []
    for each in response["generations"]:
        (message,) = messages_from_dict([{"type": each["message"]["type"], "data": each["message"]["data"]}])
        generations.append(ChatGeneration(message=message, generation_info=each["info"]))
    return ChatResult(generations=generations, llm_output=response["output"])


def chunk_of(response: Mapping[str, Any]) -> ChatGenerationChunk:
    """The model's answer in one piece, for what reads a stream."""
    generation = result_of(response).generations[0]
    message = generation.message
    data = {name: getattr(message, name) for name in type(message).model_fields if name != "type"}
    return ChatGenerationChunk(message=AIMessageChunk(**data), generation_info=generation.generation_info)


def used_by(result: ChatResult) -> Usage:
    """What the answer used, as the model tells it."""
    first = result.generations[0] if result.generations else None
    if first is None or not isinstance(first.message, AIMessage):
        return Usage()
    message = first.message
    told = {**(result.llm_output or {}), **(first.generation_info or {}), **message.response_metadata}
    used = message.usage_metadata
    name = str(told.get("model_name") or told.get("model") or "")
    if used is None:
        return Usage(name)
    details: Mapping[str, Any] = used.get("input_token_details") or {}
    cached = details.get("cache_read") or 0
    return Usage(name, used["input_tokens"], used["output_tokens"], cached_tokens=cached)
