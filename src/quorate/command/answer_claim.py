"""Answer claim: one answer for one question, whoever else answers it at the same moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..contracts import ReviewError, digest

if TYPE_CHECKING:
    from ..contracts import Ledger
    from .thread_view import ThreadView

__all__ = ["NAME", "AnswerClaim"]

NAME = "quorate.answer"
"""How the ledger calls an answer. No effect has this name, nor a key that begins so."""


@dataclass(frozen=True, slots=True)
class AnswerClaim:
    """One answer for one question. The ledger of the thread's database decides who came first."""

    ledger: Ledger
    """The ledger of the database that keeps the thread."""
    view: ThreadView
    """The thread as it waits."""
    question: str
    """Id of the question."""
    answer: dict[str, Any]
    """The answer, checked."""
    flag: str = ""
    """What names the database in a further command, see `Location.flag`."""

    @property
    def key(self) -> str:
        """Key of the question in the ledger; the same question asked once more has another."""
        return f"{NAME}:{digest([self.view.id, self.view.checkpoint, self.question])}"

    def take(self) -> None:
        """Take the question; once more with the same answer too, for the first may have died.

        Raises:
            ReviewError: It is answered, or somebody else is answering it; nothing was changed.
        """
        mine = digest(self.answer)
        who = self.answer.get("reviewer") or "somebody"
        entry = self.ledger.begin(
            self.key, name=NAME, thread=f"{self.view.id}, answered by {who}", digest=mine, args=self.answer
        )
        if entry is None or (entry.status == "executing" and entry.digest == mine):
            return
        if entry.alive is False:
            self.ledger.release(self.key)
        if entry.status == "done":
            raise not_open(self.view.id, self.flag)
        raise ReviewError(
            f"thread {self.view.id}",
            got=f"an answer while somebody else is answering it: {entry.thread}",
            expected="a question that nobody is answering",
            fix=f"look at what becomes of it: quorate show {self.view.id}{self.flag}; if it was cut off, give the same "
            "answer",
        )

    def settle(self, after: ThreadView | None) -> None:
        """Record whether the answer was taken: it was not where the same question is still open."""
        if after is not None and after.checkpoint == self.view.checkpoint and after.asks(self.question):
            self.ledger.abandon(self.key)
        else:
            self.ledger.finish(self.key, result=None)


def not_open(thread: str, flag: str) -> ReviewError:
    """The error about an answer that came too late."""
    return ReviewError(
        f"thread {thread}",
        got="an answer to a question that is not open any more",
        expected="an open question",
        fix=f"look at what became of it: quorate show {thread}{flag}",
    )
