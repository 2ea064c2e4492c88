"""Bulk: one answer for many like questions, given to each by itself."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import QuorateError
from .failure import show_error
from .likeness import like, likeness
from .resumption import Resumption
from .thread_view import ThreadView
from .threads import waiting_views
from .verdict import Reviewer, check_answer

if TYPE_CHECKING:
    from ..checkpoints import Database
    from ..graphs import Supervisor

__all__ = ["Bulk"]


@dataclass(frozen=True, slots=True)
class Bulk:
    """One answer for many like questions."""

    database: Database
    """Where the threads are kept."""
    supervisor: Supervisor
    """The team of all of them."""
    resume: Resumption
    """Brings an answer to a thread."""
    reviewer: Reviewer
    """Who answers."""

    def others(self, view: ThreadView, question: OpenQuestion) -> list[ThreadView]:
        """The other threads that ask the same."""
        return list(like(view, question, waiting_views(self.database))) if likeness(view, question) else []

    def __call__(
        self, view: ThreadView, question: OpenQuestion, answer: dict[str, Any], others: list[ThreadView]
    ) -> Iterator[ThreadView | None]:
        """Answer each of the others so, and give where it stands then; None where it did not take the answer.

        Each answer is checked against its own question, and recorded with what the questions have in common.
        """
        common = {**answer, "like": likeness(view, question)}
        for other in others:
            asked = other.questions[0]
            try:
                with redirect_stdout(sys.stderr):  # what a graph's own code prints is not a result
                    check_answer(common, asked, other, self.supervisor)
                    after = asyncio.run(self.resume(other, asked.id, common))
            except QuorateError as error:
                show_error(error)
                yield None
                continue
            yield after
