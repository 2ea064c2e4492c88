"""Question prefix: the open question that an answer by flags means."""

from __future__ import annotations

from ..checkpoints.open_question import OpenQuestion
from ..contracts import ReviewError
from .report import question_line
from .thread_view import ThreadView

__all__ = ["find_question"]


def find_question(view: ThreadView, prefix: str | None) -> OpenQuestion:
    """The open question whose id begins so; without `prefix` the only one, unless it is about an effect.

    What is open may have changed since the person looked: an effect is answered by flags only under its id.

    Raises:
        ReviewError: No open question has that id, several have, or an id is needed.
    """
    found = [each for each in view.questions if each.id.startswith(prefix or "")]
    if not found:
        raise ReviewError(
            f"thread {view.id}",
            got=f"an answer to the question {prefix}, which is not open",
            expected=_named(view.questions),
            fix="look at what is asked now, and answer that",
        )
    if len(found) > 1:
        got = f"{len(found)} questions that begin with {prefix}" if prefix else f"{len(found)} open questions"
        raise _id_needed(view, got, found)
    if prefix is None and found[0].effect:
        raise _id_needed(view, "an answer by a flag to a question about an effect, without its id", found)
    return found[0]


def _id_needed(view: ThreadView, got: str, found: list[OpenQuestion]) -> ReviewError:
    return ReviewError(
        f"thread {view.id}",
        got=got,
        expected=f"the id of the question that is meant: {_named(found)}",
        fix=f"look at it, and add --question {found[0].short}",
    )


def _named(questions: list[OpenQuestion] | tuple[OpenQuestion, ...]) -> str:
    return "; ".join(f"{each.short}, about {question_line(each) or each.reason}" for each in questions)
