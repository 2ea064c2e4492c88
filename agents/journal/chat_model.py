"""Recorded chat model: a copy of a chat model whose calls pass the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import cache, reduce
from operator import add
from typing import Any, TypeVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from .call import Call
from .chat_request import chat_request, chunk_of, response_of, result_of, used_by
from .session import Asked, Session, current_session, in_session, played_response
from .watch import RECORDED

__all__ = ["recorded_chat_model"]

M = TypeVar("M", bound=BaseChatModel)


def recorded_chat_model(model: M, prompt: str = "") -> M:
    """A copy of the model whose calls are recorded and played back, where there is a journal.

    It is of a subclass of the model's own class, made here, and does all that the model does. One that is such a copy
    already is given back as it is.

    Args:
        model: The chat model.
        prompt: Version of the prompt that it is used with.
    """
    if isinstance(model, _Recorded):
        return model
    made = model.model_copy()
    private = dict(made.__pydantic_private__ or {})
    object.__setattr__(made, "__class__", _subclass(type(model)))
    object.__setattr__(made, "__pydantic_private__", {**private, "_prompt": prompt})
    return made


class _Recorded(BaseChatModel):
    """What a recorded chat model does around the calls of its own class."""

    _prompt: str = PrivateAttr(default="")

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> Any:
        return {**super()._get_ls_params(stop=stop, **kwargs), RECORDED: True}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._journaled(messages, stop, kwargs)(
            lambda: super(_Recorded, self)._generate(messages, stop=stop, run_manager=run_manager, **kwargs)  # type: ignore[safe-super]
        )

    def _journaled(self, messages: list[BaseMessage], stop: list[str] | None, given: Any) -> Call[ChatResult]:
        return Call(lambda: chat_request(self, messages, stop, given, self._prompt), response_of, result_of, used_by)

    def _journaled_request(
        self, session: Session, messages: list[BaseMessage], stop: list[str] | None, given: Any
    ) -> Asked:
        return session.ask(chat_request(self, messages, stop, given, self._prompt))


class _RecordedAsync(_Recorded):
    """The same, for a class that has a call of its own to be awaited."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        own = super()._agenerate
        return await self._journaled(messages, stop, kwargs).acall(
            lambda: own(messages, stop=stop, run_manager=run_manager, **kwargs)
        )


class _RecordedStream(_Recorded):
    """The same, for a class that streams."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        session = current_session()
        if session is None:
            yield from super()._stream(messages, stop=stop, run_manager=run_manager, **kwargs)
            return
        asked = self._journaled_request(session, messages, stop, kwargs)
        if asked.played is not None:
            yield _played_chunk(session, asked, run_manager)
            return
        chunks: list[ChatGenerationChunk] = []
        try:
            for chunk in _apart(super()._stream(messages, stop=stop, run_manager=run_manager, **kwargs)):
                chunks.append(chunk.model_copy(deep=True))
                yield chunk
        except Exception as error:
            session.failed(asked, error)
            raise
        except GeneratorExit:  # whoever read it has left: a playback leaves it at the same place
            _end_stream(session, asked, chunks)
            raise
        _end_stream(session, asked, chunks)


class _RecordedAsyncStream(_Recorded):
    """The same, for a class that streams asynchronously."""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        session = current_session()
        if session is None:
            async for chunk in super()._astream(messages, stop=stop, run_manager=run_manager, **kwargs):
                yield chunk
            return
        asked = self._journaled_request(session, messages, stop, kwargs)
        if asked.played is not None:
            yield _played_chunk(session, asked, None)
            return
        chunks: list[ChatGenerationChunk] = []
        try:
            async for chunk in _aapart(super()._astream(messages, stop=stop, run_manager=run_manager, **kwargs)):
                chunks.append(chunk.model_copy(deep=True))
                yield chunk
        except Exception as error:
            session.failed(asked, error)
            raise
        except GeneratorExit:
            _end_stream(session, asked, chunks)
            raise
        _end_stream(session, asked, chunks)


def _apart(chunks: Iterator[ChatGenerationChunk]) -> Iterator[ChatGenerationChunk]:
    """The chunks of a stream; what the model calls of itself for them is the same request."""
    while True:
        with in_session(None):
            chunk = next(chunks, None)
        if chunk is None:
            return
        yield chunk


async def _aapart(chunks: AsyncIterator[ChatGenerationChunk]) -> AsyncIterator[ChatGenerationChunk]:
    """The same, to be awaited."""
    while True:
        with in_session(None):
            chunk = await anext(chunks, None)
        if chunk is None:
            return
        yield chunk


def _played_chunk(session: Session, asked: Asked, run_manager: Any) -> ChatGenerationChunk:
    chunk = chunk_of(played_response(session, asked))
    if run_manager is not None:
        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk


def _end_stream(session: Session, asked: Asked, chunks: list[ChatGenerationChunk]) -> None:
    if not chunks:
        return
    whole = reduce(add, chunks)
    result = ChatResult(generations=[ChatGeneration(message=whole.message, generation_info=whole.generation_info)])
    session.answered(asked, response_of(result), used_by(result))


@cache
def _subclass(base: Any) -> Any:
    """The subclass of a class of models that passes the journal; it has a method only where the class has it."""
    mixins: list[Any] = []
    if base._astream is not BaseChatModel._astream:
        mixins.append(_RecordedAsyncStream)
    if base._stream is not BaseChatModel._stream:
        mixins.append(_RecordedStream)
    if base._agenerate is not BaseChatModel._agenerate:
        mixins.append(_RecordedAsync)
    names = {"__module__": base.__module__, "__qualname__": base.__qualname__, "__doc__": base.__doc__}
    return type(base)(base.__name__, (*mixins, _Recorded, base), names)
