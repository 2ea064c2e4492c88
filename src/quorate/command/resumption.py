"""Resumption: an answer brought to the thread that waits for it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langgraph.errors import GraphDrained
from langgraph.types import Command
from pydantic import ValidationError

from ..checkpoints.standing import GRAPH, INPUT, TEAM, TENANT
from ..graphs import Drain
from .answer_claim import AnswerClaim, not_open
from .screen import errors
from .stopping import stopping_on_signals
from .thread_view import ThreadView, aread_view
from .verdict import not_fitting

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver

    from ..checkpoints import Database
    from ..graphs import Supervisor

__all__ = ["Resumption"]


@dataclass(frozen=True, slots=True)
class Resumption:
    """An answer brought to the thread that waits for it."""

    database: Database
    """Where the thread is kept."""
    supervisor: Supervisor
    """The team."""
    graph: str
    """GRAPH, as it was given; recorded with each checkpoint."""
    flag: str = ""
    """What names the database in a further command, see `Location.flag`."""

    async def __call__(self, view: ThreadView, question: str, answer: dict[str, Any]) -> ThreadView:
        """Answer the question, run the thread on, and give where it stands then.

        Args:
            view: The thread as the reviewer saw it.
            question: Id of the question.
            answer: The answer, checked.

        Raises:
            ReviewError: The question is not open any more, somebody else is answering it, or a team within the thread's
                refuses the answer; nothing was changed.
            Exception: What a step raised, where it could not be recorded either; else the view tells it.
        """
        async with self.database.asaver() as saver:
            now = await aread_view(saver, view.id)
            # LangGraph takes an answer to a question that is not open without a word, and runs the node again.
            if now is None or not now.asks(question):
                raise not_open(view.id, self.flag)
            claim = AnswerClaim(self.database.ledger, now, question, answer, self.flag)
            claim.take()
            try:
                await self._resume(saver, view, Command(resume={question: answer}))
            except Exception as error:
                failed = await aread_view(saver, view.id)
                claim.settle(failed)
                if isinstance(error, ValidationError) and failed is not None and failed.asks(question):
                    raise not_fitting(failed, question, error) from error  # so a team within the thread's refused it
                if failed is None or not failed.error:
                    raise
                return failed
            after = await aread_view(saver, view.id, blobs=self.database.blobs)
            claim.settle(after)
            return after if after is not None else view

    async def _resume(self, saver: BaseCheckpointSaver[str], view: ThreadView, command: Command[Any]) -> None:
        compiled = self.supervisor.compile(checkpointer=saver)
        config: RunnableConfig = {
            "configurable": {"thread_id": view.id, "tenant": view.tenant},
            "metadata": {
                GRAPH: self.graph,
                TEAM: self.supervisor.name,
                INPUT: view.source,
                **({TENANT: view.tenant} if view.tenant else {}),
            },
        }
        drain = Drain()
        stopping = stopping_on_signals(drain, on_first=_note, on_second=lambda: None)
        with stopping, drain.control() as control, suppress(GraphDrained):  # the view says that it is unfinished
            await compiled.ainvoke(command, config, durability="sync", control=control)


def _note() -> None:
    errors().print("Stopping after the step in hand; again to stop at once.")
