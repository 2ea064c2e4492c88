"""Watch: notices a model that is called past the journal."""

from __future__ import annotations

import warnings
from contextvars import ContextVar
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook

from ...contracts import JournalError
from ..setting import Setting
from .playback import REFUSED
from .session import Session

__all__ = ["RECORDED", "watching"]

_FIX = "pass recorded(model) to what calls it: from quorate.agents import recorded"

RECORDED = "quorate_recorded"
"""What the metadata of a recorded model's runs say."""


class _Watch(BaseCallbackHandler):
    """Of a model that is not recorded a strict playback is told, and a recording warns."""

    raise_error = True
    run_inline = True

    def __init__(self, session: Session) -> None:
        self._session = session
        self._warned = False

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: Any, *, metadata: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Called by LangChain before a chat model is asked."""
        given = metadata or {}
        if given.get(RECORDED):
            return
        self._notice(given, serialized)

    def on_llm_start(
        self, serialized: dict[str, Any], prompts: Any, *, metadata: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        """Called by LangChain before a model that is no chat model is asked: none of these is recorded."""
        self._notice(
            metadata or {}, serialized, "call it in a function that is recorded: only chat models can be by themselves"
        )

    def _notice(self, given: dict[str, Any], serialized: dict[str, Any], fix: str = _FIX) -> None:
        session = self._session
        model = str(given.get("ls_model_name") or (serialized or {}).get("name") or "of no name")
        error = JournalError(
            f"journal, agent {session.run.agent!r}",
            got=f"a call of the model {model}, which is not recorded",
            expected="models that are recorded",
            fix=fix,
            code=REFUSED,
        )
        if session.playing is not None and session.playing.playback.mode == "strict":
            raise session.playing.playback.refuse(session.run, error)
        if not self._warned:
            self._warned = True
            warnings.warn(str(error), stacklevel=2)


_current: ContextVar[_Watch | None] = ContextVar("quorate_journal_watch", default=None)
register_configure_hook(_current, inheritable=True)


def watching(session: Session) -> Setting[_Watch | None]:
    """Within it a model that is called past the session is noticed."""
    return Setting(_current, _Watch(session))
