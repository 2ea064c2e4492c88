"""Review: the command `quorate review`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..checkpoints.open_question import OpenQuestion
from ..contracts import ReviewError, same_name
from .bulk import Bulk
from .confirmation import confirmed
from .exit_status import ExitStatus, exit_status
from .interview import EndOfAnswers, Interview
from .likeness import likeness
from .location import Location
from .outcome import Outcome
from .printable import LONGEST_ID, brief_of, id_of, line_of, printable
from .question_prefix import find_question
from .question_terms import terms_of
from .report import question_line
from .resumption import Resumption
from .screen import console, listing, unbroken
from .thread_prefix import find_thread
from .thread_team import team_of
from .thread_view import IN_PYTHON, ThreadView, read_view
from .threads import waiting_views
from .verdict import Reviewer, Verdict, as_answer, not_ours

if TYPE_CHECKING:
    from ..checkpoints import Database
    from ..graphs import Supervisor

__all__ = ["Review", "list_questions"]

_LONGEST = 500
"""The most characters of a value among those that were decided."""


def list_questions(location: Location, *, as_json: bool) -> None:
    """Print what waits for a person: thread, question, what is proposed, why, and which answers are allowed."""
    from rich.text import Text

    with location.open_to_read() as database:
        waiting = list(waiting_views(database))
    if as_json:
        for view in waiting:
            print(json.dumps(view.line))  # noqa: T201 (the result)
        return
    screen = console()
    table = listing("thread", "question and allowed answers")
    counts = Counter(key for view in waiting for question in view.questions if (key := likeness(view, question)))
    for view in waiting:
        for question in view.questions:
            about = Text.assemble(question_line(question), "\n", line_of(question.reason))
            how = [*terms_of(question), f"question {question.short}: {', '.join(question.allowed) or IN_PYTHON}"]
            others = counts[likeness(view, question)] - 1
            how += [f"the same is asked in {others} other thread{'s' * (others != 1)}"] if others > 0 else []
            table.add_row(id_of(view.id, LONGEST_ID), about.append("\n" + "\n".join(how), style="dim"))
    unbroken(table)
    if waiting:
        screen.print(table)
        screen.print()
    count = f"{len(waiting)} thread{'s' * (len(waiting) != 1)}" if waiting else "Nothing"
    screen.print(f"{count} waiting for a person in {location.shown}", soft_wrap=True)
    answerable = [view for view in waiting if view.is_answerable]
    if answerable:
        screen.print(f"To answer: {location.command('review', answerable[0].id)}", soft_wrap=True)


@dataclass(frozen=True)
class Review:
    """One call of `quorate review THREAD`."""

    location: Location
    """The database."""
    thread: str
    """The thread's id, or as much of it as is unique."""
    reviewer: Reviewer
    """Who answers."""
    verdict: Verdict | None = None
    """The answer; None to ask at the terminal."""
    graph: str | None = None
    """GRAPH; None for the one that the thread was run with."""
    question: str | None = None
    """Id of the question that the verdict is meant for, or the beginning of it."""
    as_json: bool = False
    """Whether stdout gets the thread as one JSON object, and nothing else."""
    like: bool = False
    """Whether the answer is given to all threads that ask the same."""
    yes: bool = False
    """Whether nobody is asked before."""

    def __call__(self) -> ExitStatus:
        """Answer what the thread asks, print what came of it, and give the exit status.

        Raises:
            InputError: There is no such thread, or nobody knows its graph.
            ReviewError: It asks nothing, or something else, or the answer does not fit; the question stays open.
        """
        with self.location.open(existing=True) as database:
            view = self._view(database, find_thread(database, self.thread, self.location))
            if not view.questions:
                raise ReviewError(
                    f"thread {view.id}",
                    got=f"nothing that waits: it is {view.status}",
                    expected="a thread that waits for a person",
                    fix=f"see what waits: {self.location.command('review')}",
                )
            graph = self.graph or view.graph
            if not graph and not view.is_answerable:
                raise not_ours(view, view.questions[0])
            with redirect_stdout(sys.stderr):  # what a graph's own code prints is not a result
                supervisor = team_of(view, graph)
            resume = Resumption(database, supervisor, graph, self.location.flag)
            return self._answer(view, supervisor, resume, Bulk(database, supervisor, resume, self.reviewer))

    def _answer(self, view: ThreadView, supervisor: Supervisor, resume: Resumption, bulk: Bulk) -> ExitStatus:
        while True:
            question = view.questions[0] if self.verdict is None else find_question(view, self.question)
            others = self._others(view, question, bulk) if self.like else []
            answer = self._ask(view, question, supervisor)
            if answer is None:
                console().print("Left open.")
                return ExitStatus.WAITING
            before = view
            with redirect_stdout(sys.stderr):
                view = asyncio.run(resume(view, question.id, answer))
            self._tell(view)
            statuses = [Outcome.of_view("", view, ran=True).status]
            if self.verdict is None:
                others = self._asked_after(bulk.others(before, question), answer, supervisor)
            for each in bulk(before, question, answer, others):
                statuses.append("failed" if each is None else Outcome.of_view("", each, ran=True).status)
                if each is not None:
                    self._tell(each)
            if self.verdict is not None or not view.questions or _waits_for_others(view, answer):
                return ExitStatus.STOPPED if "unfinished" in statuses else exit_status(statuses)

    def _others(self, view: ThreadView, question: OpenQuestion, bulk: Bulk) -> list[ThreadView]:
        """The threads that ask the same, and may be answered so."""
        if not likeness(view, question):
            raise ReviewError(
                f"thread {view.id}",
                got=f"question {question.short}, which is answered by itself, and --like",
                expected="a question about fields, the only one of its thread",
                fix="answer it without --like",
            )
        others = bulk.others(view, question)
        if not self.as_json:
            for each in others:
                console().print(f"the same in {id_of(each.id)}: {line_of(each.reason)}", soft_wrap=True)
        if others and not confirmed(f"Answer {len(others) + 1} threads so?", yes=self.yes):
            raise ReviewError(
                f"thread {view.id}", got="no", expected="yes", fix="nothing was answered; leave out --like for this one"
            )
        return others

    def _asked_after(
        self, others: list[ThreadView], answer: dict[str, Any], supervisor: Supervisor
    ) -> list[ThreadView]:
        """The same, where the person at the terminal wants them answered, too: by a value, and not by words."""
        if not others or answer["decisions"][0]["type"] not in ("approve", "edit", "reject"):
            return []
        return others if Interview(console(), supervisor, self.reviewer).wants_the_same(len(others)) else []

    def _ask(self, view: ThreadView, question: OpenQuestion, supervisor: Supervisor) -> dict[str, Any] | None:
        if self.verdict is not None:
            return as_answer(self.verdict, self.reviewer, question, view, supervisor)
        try:
            return Interview(console(), supervisor, self.reviewer)(view, question)
        except EndOfAnswers:
            raise ReviewError(
                f"thread {view.id}",
                got="the end of the input",
                expected=f"an answer: {', '.join(question.allowed)}",
                fix="answer at a terminal, or by a flag such as --approve; the question is still open",
            ) from None

    def _tell(self, view: ThreadView) -> None:
        if self.as_json:
            print(json.dumps(view.line))  # noqa: T201 (the result)
            return
        screen = console()
        if view.questions:
            again = f"{view.id} waits again: {line_of(view.reason)} (question {view.questions[0].short})"
            screen.print(again, soft_wrap=True)
            return
        screen.print(f"{view.id} is {view.status}: {line_of(view.reason)}", soft_wrap=True)
        if view.status == "unfinished":
            screen.print("The answer is taken. To go on: quorate run, as before.")
        for name, value in view.turn.values.items():
            screen.print(f"  {printable(name)}: {brief_of(value, _LONGEST)}", soft_wrap=True)

    @staticmethod
    def _view(database: Database, thread: str) -> ThreadView:
        with database.saver() as saver:
            view = read_view(saver, thread, blobs=database.blobs)
        assert view is not None  # `find_thread` has seen it
        return view


def _waits_for_others(view: ThreadView, answer: dict[str, Any]) -> bool:
    """Whether the thread waits for what this person cannot answer any more: others must agree, or it was handed on."""
    said = view.questions[0].opinions
    mine = bool(said) and same_name(str(said[-1]["reviewer"])) == same_name(str(answer.get("reviewer", "")))
    return mine and said[-1]["kind"] != "respond"
