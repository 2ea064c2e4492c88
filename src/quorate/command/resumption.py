"""Resumption: an answer brought to the thread that waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langgraph.errors import GraphDrained
from langgraph.types import Command

from ..contracts import ReviewError
from .drain import Drain, stopping_on_signals
from .screen import errors
from .thread_view import GRAPH, INPUT, TEAM, ThreadView, aread_view

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

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

    async def __call__(self, view: ThreadView, question: str, answer: dict[str, Any]) -> ThreadView:
        """Answer the question, run the thread on, and give where it stands then.

        Args:
            view: The thread as the reviewer saw it.
            question: Id of the question.
            answer: The answer, checked.

        Raises:
            ReviewError: The question is not open any more; nothing was changed.
            Exception: What a step raised, where it could not be recorded either; else the view tells it.
        """
        drain = Drain()
        async with self.database.asaver() as saver:
            self._check_open(await aread_view(saver, view.id), view.id, question)
            compiled = self.supervisor.compile(checkpointer=saver)
            config: RunnableConfig = {
                "configurable": {"thread_id": view.id},
                "metadata": {GRAPH: self.graph, TEAM: self.supervisor.name, INPUT: view.source},
            }
            with stopping_on_signals(drain, on_first=_note, on_second=lambda: None), drain.control() as control:
                try:
                    command: Command[Any] = Command(resume={question: answer})
                    await compiled.ainvoke(command, config, durability="sync", control=control)
                except GraphDrained:
                    pass  # the view says that it is unfinished
                except Exception:
                    failed = await aread_view(saver, view.id)
                    if failed is None or not failed.error:
                        raise
                    return failed
            after = await aread_view(saver, view.id)
            return after if after is not None else view

    @staticmethod
    def _check_open(now: ThreadView | None, thread: str, question: str) -> None:
        # LangGraph takes an answer to a question that is not open without a word, and runs the node again.
        if now is None or question not in {each.id for each in now.questions}:
            raise ReviewError(
                f"thread {thread}",
                got="an answer to a question that is not open any more",
                expected="an open question",
                fix=f"look at what became of it: quorate show {thread}",
            )


def _note() -> None:
    errors().print("Stopping after the step in hand; again to stop at once.")
