"""Dictionary messages: LangChain's messages of every type, with the metadata that model clients add to them.

All have an id: LangGraph gives one to those that have none while the saver may be writing them down.
"""

from __future__ import annotations

from typing import Any

from benchmarks.dictionary_words import Words
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

__all__ = ["answer", "any_message", "calls", "question", "tool_result"]


def question(words: Words) -> BaseMessage:
    """What a person says: mostly text."""
    content: Any = words.text(2, 40)
    if words.chance(0.1):
        address = f"data:image/{words.one(('png', 'jpeg'))};base64,{words.token(80)}"
        content = [{"type": "text", "text": content}, {"type": "image_url", "image_url": {"url": address}}]
    name = words.word() if words.chance(0.1) else None
    return HumanMessage(content, name=name, id=words.uuid())


def answer(words: Words, tool_calls: list[dict[str, Any]] | None = None) -> AIMessage:
    """What a model says, with the metadata of one of several clients, or none."""
    message = words.one((_plain, _completion, _completion, _response, _blocks, _local, _parts))(words)
    if tool_calls:
        message = message.model_copy(update={"tool_calls": tool_calls})
        if words.chance(0.5):
            message.content = ""
    return message


def calls(words: Words, names: list[str]) -> list[dict[str, Any]]:
    """Calls of tools."""
    made = []
    for name in names:
        args = {words.identifier(): words.value(words.one((str, int, float, bool))) for _ in range(words.count(1, 3))}
        made.append({"name": name, "args": args, "id": f"call_{words.token(24)}", "type": "tool_call"})
    return made


def tool_result(words: Words, call: dict[str, Any]) -> ToolMessage:
    """What a tool answers."""
    status = "error" if words.chance(0.1) else "success"
    return ToolMessage(words.text(1, 20), tool_call_id=call["id"], name=call["name"], status=status, id=words.uuid())


def any_message(words: Words) -> BaseMessage:
    """A message of any type."""
    match words.random.randrange(6):
        case 0:
            return SystemMessage(words.text(5, 40), id=words.uuid())
        case 1:
            return FunctionMessage(content=words.text(1, 10), name=words.name(), id=words.uuid())
        case 2:
            return tool_result(words, {"id": f"call_{words.token(24)}", "name": words.name()})
        case 3:
            return answer(words, calls(words, [words.name()]))
        case 4:
            return answer(words)
        case _:
            return question(words)


def _usage(words: Words, details: bool = True) -> Any:
    asked, said = words.random.randint(5, 20_000), words.random.randint(1, 3_000)
    usage: Any = {"input_tokens": asked, "output_tokens": said, "total_tokens": asked + said}
    if details:
        usage["input_token_details"] = {words.one(("audio", "cache_creation")): 0, "cache_read": words.count(0, 4_000)}
        usage["output_token_details"] = {words.one(("audio", "reasoning")): 0, "reasoning": words.count(0, 900)}
    return usage


def _run(words: Words) -> str:
    return words.one((f"lc_run--{words.uuid()}-0", f"lc_run--{words.uuid()}", f"run--{words.uuid()}-0", words.uuid()))


def _model(words: Words) -> str:
    return f"{words.word(3, 7)}-{words.digits(1)}-{words.word(3, 6)}"


def _plain(words: Words) -> AIMessage:
    return AIMessage(words.text(2, 60), id=words.uuid())


def _completion(words: Words) -> AIMessage:
    """As clients of chat completions give it."""
    usage = _usage(words)
    tokens = {
        "completion_tokens": usage["output_tokens"],
        "prompt_tokens": usage["input_tokens"],
        "total_tokens": usage["total_tokens"],
        "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": usage["output_token_details"]["reasoning"],
            "rejected_prediction_tokens": 0,
        },
        "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": usage["input_token_details"]["cache_read"]},
    }
    metadata = {
        "token_usage": tokens,
        "model_provider": words.one(("openai", words.word())),
        "model_name": _model(words),
        "system_fingerprint": words.one((None, f"fp_{words.token(10)}")),
        "id": f"chatcmpl-{words.token(29)}",
        "service_tier": words.one((None, "default")),
        "finish_reason": words.one(("stop", "tool_calls", "length")),
        "logprobs": None,
    }
    return AIMessage(
        words.text(2, 60),
        additional_kwargs={"refusal": None},
        response_metadata=metadata,
        usage_metadata=usage,
        id=_run(words),
    )


def _response(words: Words) -> AIMessage:
    """As clients give it whose answers are lists of items."""
    metadata = {
        "id": f"resp_{words.token(40)}",
        "created_at": float(words.random.randint(10**9, 3 * 10**9)),
        "metadata": {},
        "model": _model(words),
        "object": "response",
        "service_tier": "default",
        "status": "completed",
        "model_provider": words.one(("openai", words.word())),
        "model_name": _model(words),
    }
    text = {"type": "text", "text": words.text(2, 60), "annotations": [], "id": f"msg_{words.token(40)}"}
    content: list[Any] = [text]
    if words.chance(0.5):
        content.insert(0, {"type": "reasoning", "id": f"rs_{words.token(40)}", "summary": []})
    return AIMessage(
        content,
        response_metadata=metadata,
        usage_metadata=_usage(words),
        id=f"resp_{words.token(40)}" if words.chance(0.5) else _run(words),
    )


def _blocks(words: Words) -> AIMessage:
    """As clients give it that tell why a model stopped."""
    content: Any = words.text(2, 60)
    if words.chance(0.5):
        call = {"type": "tool_use", "id": f"toolu_{words.token(24)}", "name": words.name(), "input": {}}
        content = [{"type": "text", "text": content}, call]
        if words.chance(0.3):
            content.insert(0, {"type": "thinking", "thinking": words.text(2, 20), "signature": words.token(60)})
    usage = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "input_tokens": 9, "output_tokens": 9}
    metadata = {
        "id": f"msg_{words.token(24)}",
        "model": _model(words),
        "stop_reason": words.one(("end_turn", "tool_use", "max_tokens")),
        "stop_sequence": None,
        "usage": {**usage, "service_tier": "standard"},
        "model_name": _model(words),
        "model_provider": words.word(),
    }
    return AIMessage(
        content,
        response_metadata=metadata,
        usage_metadata=_usage(words),
        id=_run(words),
    )


def _local(words: Words) -> AIMessage:
    """As clients of servers on the same machine give it."""
    durations = {
        name: words.random.randint(10**6, 10**10)
        for name in ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
    }
    metadata = {
        "model": f"{_model(words)}:{words.digits(1)}b",
        "created_at": f"{words.day()}T10:20:30.{words.digits(9)}Z",
        "done": True,
        "done_reason": "stop",
        **durations,
        "prompt_eval_count": words.count(5, 4_000),
        "eval_count": words.count(5, 900),
        "logprobs": None,
        "model_name": _model(words),
        "model_provider": words.one(("ollama", words.word())),
    }
    return AIMessage(
        words.text(2, 60),
        response_metadata=metadata,
        usage_metadata=_usage(words, details=False),
        id=_run(words),
    )


def _parts(words: Words) -> AIMessage:
    """As clients give it that rate the safety of an answer."""
    metadata = {
        "prompt_feedback": {"block_reason": 0, "safety_ratings": []},
        "finish_reason": words.one(("STOP", "MAX_TOKENS")),
        "model_name": _model(words),
        "safety_ratings": [],
        "model_provider": words.one(("google_genai", words.word())),
    }
    return AIMessage(
        words.text(2, 60),
        response_metadata=metadata,
        usage_metadata=_usage(words),
        id=_run(words),
    )
