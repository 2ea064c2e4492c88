"""Chat: agents that claim what a chat model reads in the fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.exceptions import OutputParserException
from pydantic import BaseModel, ValidationError
from typing_extensions import Unpack

from ..contracts import AgentError, Capability, Claim, Contract, ContractError, Usage
from .agent import Agent
from .excerpt import excerpt
from .journal.runnable import recorded_runnable
from .options import Options
from .prompt import Prompt
from .quotation import find_quotation, quotable
from .rejected import rejected
from .reply import EXPLANATION, Reading, reply_model
from .run import current_run

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.runnables import Runnable

__all__ = ["chat_agent"]

_FINAL = {"LengthFinishReasonError", "ContentFilterFinishReasonError"}
"""Errors of the OpenAI client that mean an answer without a value; by name, because importing it takes a second."""

_LONGEST = 20_000
"""Characters of an answer that the model is shown again at most."""


def chat_agent(
    name: str,
    model: BaseChatModel,
    *,
    prompt: str | Path,
    writes: Mapping[str, Any],
    reads: Iterable[str] | None = None,
    capability: Capability = "extraction",
    unquoted: float = 0.5,
    method: str | None = None,
    **options: Unpack[Options],
) -> Agent:
    """An agent that claims what a chat model reads, by the model's structured output, sync or async.

    The model answers for each written field with a value or null, its confidence, the exact words that show it, and a
    reason. Null abstains. Words that stand in a text, or in a list of texts, that was read become the claim's
    evidence; white space may differ. Without such words the confidence is multiplied by `unquoted`, and the reason
    says so; where no text was read, nothing is expected. The tokens go into the usage. An answer in another form is a
    ContractError: the model is shown it, and what was wrong with it, and asked once more, as `limits.repairs` says.

    The prompt is the system message; what the fields contain is in the user message only, between tags, and the
    system message says that it is data. See `Prompt`.

    Args:
        name: Name of the agent.
        model: Any chat model with structured output.
        prompt: The instructions, or the path of a file that holds them, with a placeholder such as `{text}` for each
            field that is read.
        writes: The Python type of each field that it claims.
        reads: Fields that it needs; by default those that the prompt names.
        capability: What it is for.
        unquoted: Factor on the confidence of a value whose quote is not in the text, in [0, 1].
        method: How the model's structured output is asked for, as its `with_structured_output` takes it; by default
            the model's own.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: The prompt cannot be read, names a field that is not read, or leaves one out; `unquoted` is
            outside [0, 1].
        AgentError: The model has no structured output.
    """
    text = Prompt.load(prompt) if isinstance(prompt, Path) else Prompt.of(prompt)
    contract = Contract(
        name=name,
        reads=_checked_reads(name, prompt, text, reads),
        writes=frozenset(writes),
        capability=capability,
        types=writes,
        **options,
    )
    if not 0 <= unquoted <= 1:
        raise ContractError(
            f"agent {name!r}", got=f"unquoted={unquoted!r}", expected="a number in [0, 1]", fix="correct it"
        )
    reply = reply_model(re.sub(r"[^A-Za-z0-9_-]", "_", name), writes)
    ending = EXPLANATION.format(fields=", ".join(f"`{field}`" for field in writes))
    asked = recorded_runnable(model, text.version)
    reader = _Reader(name, text, ending, model, _structured(name, asked, reply, method), reply, unquoted)
    return Agent(contract, call=reader.read, acall=reader.aread, repairs=True, model=_name_of(model))


@dataclass(frozen=True)
class _Reader:
    """What both ways of asking share."""

    name: str
    prompt: Prompt
    ending: str
    model: BaseChatModel
    structured: Runnable[Any, Any]
    reply: type[BaseModel]
    unquoted: float

    def read(self, **fields: Any) -> list[Usage | Claim]:
        with _explained(self.name):
            output = self.structured.invoke(self._messages(fields))
        return self._returned(output, fields)

    async def aread(self, **fields: Any) -> list[Usage | Claim]:
        with _explained(self.name):
            output = await self.structured.ainvoke(self._messages(fields))
        return self._returned(output, fields)

    def _messages(self, fields: Mapping[str, Any]) -> list[BaseMessage]:
        """What the model is asked; after a broken contract also its answer, and what was wrong with it."""
        run = current_run()
        again = run.repair.messages if run is not None and run.repair is not None else []
        return [*self.prompt.messages(fields, self.ending), *again]

    def _returned(self, output: Mapping[str, Any], fields: Mapping[str, Any]) -> list[Usage | Claim]:
        parsed = _parsed(self.name, output, self.reply)
        claims = _claims(parsed, fields, self.prompt.fields, self.unquoted)
        return [_usage(output["raw"], self.model), *claims]


def _checked_reads(name: str, origin: str | Path, prompt: Prompt, reads: Iterable[str] | None) -> frozenset[str]:
    named = frozenset(prompt.fields)
    fields = named if reads is None else frozenset(reads)
    if named != fields or not named:
        where = f"agent {name!r}, prompt {origin}" if isinstance(origin, Path) else f"agent {name!r}, prompt"
        unknown, unread = sorted(named - fields), sorted(fields - named)
        raise ContractError(
            where,
            got=f"placeholders {_list(named)}; not read: {_list(unknown)}; without a placeholder: {_list(unread)}",
            expected=f"one placeholder for each field that it reads: {_list(fields)}",
            fix="write {field} in the prompt for each, or correct `reads`; give a prompt file as a Path",
        )
    return fields


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _structured(name: str, model: BaseChatModel, reply: type[BaseModel], method: str | None) -> Runnable[Any, Any]:
    options = {} if method is None else {"method": method}
    try:
        return model.with_structured_output(reply, include_raw=True, **options)
    except (NotImplementedError, ValueError) as error:
        raise AgentError(
            f"agent {name!r}",
            got=f"{type(model).__name__}: {str(error) or 'no structured output'}",
            expected="a chat model with structured output",
            fix="take another model, or pass `method` as its with_structured_output takes it",
        ) from error


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """An error that means that the model's answer has the wrong form becomes a ContractError."""
    try:
        yield
    except (ValidationError, OutputParserException, JSONDecodeError) as error:
        raise _broken(name, error, _rejected_by(error)) from error
    except Exception as error:
        if type(error).__name__ in _FINAL:
            raise _broken(name, error, _rejected_by(error)) from error
        raise


def _rejected_by(error: Exception) -> str:
    answer = rejected(error)
    return answer.text if answer else ""


def _broken(name: str, got: object, answer: str) -> ContractError:
    error = ContractError(
        f"agent {name!r}, the model's answer",
        got=_summary(got),
        expected="an answer in the form of the written fields",
        fix="look at the answer in the trace; try a model that keeps to a schema, or more output tokens",
    )
    error.answer = answer[:_LONGEST]
    return error


def _text(raw: AIMessage) -> str:
    """The answer in words: of a call of a tool, which cannot stand in a conversation alone, the arguments."""
    calls = [str(call["args"]) for call in raw.invalid_tool_calls] or [
        json.dumps(call["args"]) for call in raw.tool_calls
    ]
    return str(raw.text) or "\n".join(calls)


def _summary(got: object) -> str:
    if isinstance(got, ValidationError):
        first = got.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        return f"in {place}: {first['msg']}, from {excerpt(first['input'])}"
    return " ".join(str(got).split())[:300] or type(got).__name__


def _parsed(name: str, output: Mapping[str, Any], reply: type[BaseModel]) -> BaseModel:
    if output["parsed"] is None:
        raise _broken(name, output["parsing_error"] or "no structured answer", _text(output["raw"]))
    try:
        return reply.model_validate(output["parsed"])
    except ValidationError as error:
        raise _broken(name, error, _text(output["raw"])) from error


def _usage(raw: AIMessage, model: BaseChatModel) -> Usage:
    used = raw.usage_metadata
    details = (used.get("input_token_details") or {}) if used else {}
    return Usage(
        model=str(raw.response_metadata.get("model_name") or _name_of(model)),
        input_tokens=used["input_tokens"] if used else 0,
        output_tokens=used["output_tokens"] if used else 0,
        cached_tokens=details.get("cache_read") or 0,
        cache_write_tokens=details.get("cache_creation") or 0,
    )


def _name_of(model: BaseChatModel) -> str:
    return str(getattr(model, "model_name", "") or getattr(model, "model", "") or "")


def _claims(parsed: BaseModel, fields: Mapping[str, Any], order: Iterable[str], unquoted: float) -> Iterator[Claim]:
    texts = quotable({field: fields[field] for field in order})
    for field in type(parsed).model_fields:
        reading: Reading = getattr(parsed, field)
        if reading.value is None:
            continue
        quote = find_quotation(reading.quote, texts)
        confidence, reason = reading.confidence, reading.reason.encode("utf-8", "replace").decode()
        if quote is None and texts:
            confidence *= unquoted
            note = "its quote is not in the text" if reading.quote.strip() else "it quotes nothing"
            reason = f"{reason} ({note})".strip()
        yield Claim(field, reading.value, confidence, (quote,) if quote else (), reason)
