"""Verdict: what a reviewer wants, as the flags or the prompts give it, turned into an answer."""

from __future__ import annotations

import datetime
import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from ..checkpoints.open_question import OpenQuestion
from ..contracts import Answer, Ask, ReviewError, check_plain, dump, first_problem, load
from ..graphs.review import answer_type
from ..graphs.reviewer import NotYoursError
from .thread_view import ThreadView

if TYPE_CHECKING:
    from ..graphs import Supervisor

__all__ = ["Reviewer", "Verdict", "as_answer", "check_answer", "check_edit", "not_fitting", "not_ours", "user_name"]


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who answers, and why."""

    name: str
    """The person."""
    reason_code: str = ""
    """The reason, from the policy's list; empty for the kind of the verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer wants."""

    kind: str
    """`approve`, `edit`, `reject`, `respond`, `happened`, `not_happened` or `assign`; `answer` where it is JSON."""
    message: str = ""
    """What is said with `reject` or `respond`."""
    edits: Sequence[str] = ()
    """With `edit`: the new values, each as `name=value`."""
    to: Sequence[str] = ()
    """With `assign`: whose the question is then."""
    given: str = ""
    """JSON: with `answer` the whole, in LangChain's form or that of Agent Inbox; with `happened` the result."""
    like: str = ""
    """What is the same in all questions that are answered with it; empty for one question."""


def as_answer(
    verdict: Verdict, reviewer: Reviewer, question: OpenQuestion, view: ThreadView, supervisor: Supervisor
) -> dict[str, Any]:
    """The answer to resume the thread with, checked as the graph will check it.

    Raises:
        ReviewError: It does not fit the question, which stays open.
    """
    answer = _answer(f"answer to thread {view.id}", verdict, reviewer, question, supervisor)
    check_answer(answer, question, view, supervisor)
    return answer


def check_answer(answer: dict[str, Any], question: OpenQuestion, view: ThreadView, supervisor: Supervisor) -> None:
    """Check an answer as the graph will check it; one to a team within the thread's, which looks itself, for its form.

    Raises:
        ReviewError: It does not fit the question, which stays open.
    """
    if not question.is_ours:
        raise not_ours(view, question)
    ask = view.turn.moves[-1] if view.turn.moves else None
    now = datetime.datetime.now(datetime.UTC)
    wanted: Any = Answer
    if isinstance(ask, Ask):
        wanted = answer_type(view.turn, ask, supervisor.roster, supervisor.policy, now)
    try:
        TypeAdapter(wanted).validate_python(answer)
    except ValidationError as error:
        raise not_fitting(view, question.id, error) from error


def not_fitting(view: ThreadView, question: str, error: ValidationError) -> ReviewError:
    """The error about an answer that does not fit the question of this id."""
    allowed = next(each.allowed for each in view.questions if each.id == question)
    first = error.errors(include_url=False)[0]
    expected, fix = f"one of {', '.join(allowed)}, with values that fit", "answer again"
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, NotYoursError):
        expected, fix = cause.expected, cause.fix
    return ReviewError(
        f"answer to thread {view.id}",
        got=first["msg"].removeprefix("Value error, "),
        expected=expected,
        fix=f"{fix}: the question is still open",
    )


def _answer(
    where: str, verdict: Verdict, reviewer: Reviewer, question: OpenQuestion, supervisor: Supervisor
) -> dict[str, Any]:
    decision: dict[str, Any] = {"type": verdict.kind}
    match verdict.kind:
        case "answer":
            return _given(where, verdict, reviewer)
        case "edit":
            pairs = [_edit(where, each, question, supervisor) for each in verdict.edits]
            args = dict(pairs)
            if len(args) < len(pairs):
                raise ReviewError(
                    where,
                    got=f"--edit of one name twice: {', '.join(verdict.edits)}",
                    expected="one value for each name",
                    fix="answer again: the question is still open",
                )
            decision["edited_action"] = {"name": question.name, "args": args}
        case "reject" | "respond":
            decision["message"] = verdict.message
        case "happened":
            decision["result"] = _result(where, verdict.given)
        case "assign":
            decision["to"] = list(verdict.to)
    like = {"like": verdict.like} if verdict.like else {}
    return {"decisions": [decision], "reviewer": reviewer.name, "reason_code": reviewer.reason_code, **like}


def _result(where: str, text: str) -> Any:
    """What the receiver is said to have answered; nothing where nothing is given."""
    try:
        return _plain(text or "null")
    except ValueError as error:
        raise ReviewError(
            where,
            got=f"{text!r:.80}: {error}",
            expected="the receiver's answer as JSON",
            fix="""write {"number": "P1"}, say, or null; the question is still open""",
        ) from error


def _given(where: str, verdict: Verdict, reviewer: Reviewer) -> dict[str, Any]:
    """The answer that was given as JSON; who answers is told by the flags where it does not say so."""
    try:
        given = load(Answer, _plain(verdict.given))
    except ValueError as error:
        raise ReviewError(
            where,
            got=f"{verdict.given!r:.80}: {first_problem(error)}",
            expected="an answer as JSON",
            fix="""write {"decisions": [{"type": "approve"}]}, say; the question is still open""",
        ) from error
    answer: dict[str, Any] = dump(given)
    for name, told in (("reviewer", reviewer.name), ("reason_code", reviewer.reason_code), ("like", verdict.like)):
        answer[name] = answer[name] or told
    return answer


def _plain(text: str) -> Any:
    """The JSON value, which a checkpoint can hold.

    Raises:
        ValueError: It is no JSON, or holds what cannot be stored, such as NaN.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    check_plain(data)
    return data


def not_ours(view: ThreadView, question: OpenQuestion) -> ReviewError:
    """The error about an answer to a question that another graph asks."""
    return ReviewError(
        f"thread {view.id}",
        got="a question that is not a team's: the graph of one of its agents asks it, or a graph that is no team",
        expected="a question of a team's supervisor",
        fix=f"answer it in Python: graph.invoke(Command(resume={{{question.id!r}: ...}}), config)",
    )


def check_edit(text: str, question: OpenQuestion, supervisor: Supervisor) -> None:
    """Check one `name=value` by itself; arguments of an effect are checked with the whole answer.

    Raises:
        ReviewError: The value is not of the field's type.
    """
    name, value = _edit("answer", text, question, supervisor)
    field = None if question.effect else supervisor.roster.outcome.get(name)
    if field is None or value is None:
        return
    try:
        field.plain(value)
    except ValueError as error:
        why = error.errors(include_url=False)[0]["msg"] if isinstance(error, ValidationError) else str(error)
        why = why.removeprefix("Value error, ")
        raise ReviewError(
            f"field {name!r}",
            got=repr(value),
            expected=f"a value that fits: {why}",
            fix="type it again, or leave it empty",
        ) from error


def _edit(where: str, text: str, question: OpenQuestion, supervisor: Supervisor) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    name = name.strip()
    if not sign:
        raise ReviewError(where, got=repr(text), expected="name=value", fix="write --edit total=12.00, say")
    field = None if question.effect else supervisor.roster.outcome.get(name)
    if field is None:
        return name, _like(question.proposed.get(name), value)
    try:
        field.parse(value)
    except ValueError:
        # Lists, objects and null have no other form on a command line. What fits in neither is refused as it is.
        return name, _json(value, value)
    return name, value


def _like(old: Any, value: str) -> Any:
    """The value in the form of the old one: text stays text, anything else is read as JSON."""
    return value if isinstance(old, str) else _json(value, value)


def _json(text: str, otherwise: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise


def user_name() -> str:
    """The name of the user of this terminal; empty where the system does not tell."""
    try:
        return os.environ.get("USER") or getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""
