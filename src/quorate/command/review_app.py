"""Review app: which call of `quorate review` its arguments mean."""

from __future__ import annotations

import sys

import typer

from . import review_options as opt
from .failure import reported
from .options import Db, Json

__all__ = ["review"]

_FLAGS = "--approve, --edit, --reject, --respond, --happened, --not-happened, --assign, --answer"


@reported
def review(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    thread: opt.Thread = None,
    approve: opt.Approve = False,
    edit: opt.Edit = None,
    reject: opt.Reject = False,
    message: opt.Message = None,
    respond: opt.Respond = None,
    happened: opt.Happened = None,
    not_happened: opt.NotHappened = False,
    assign: opt.Assign = None,
    answer: opt.AnswerJson = None,
    question: opt.Question = None,
    like: opt.Like = False,
    yes: opt.Yes = False,
    reviewer: opt.ReviewerName = None,
    reason: opt.Reason = "",
    graph: opt.Graph = None,
    overdue: opt.Overdue = False,
    stats: opt.Stats = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """List what waits for a person, or answer one thread: by a flag, or asked at the terminal."""
    given = {"approve": approve, "edit": edit, "reject": reject, "assign": assign, "not_happened": not_happened}
    told = {"respond": respond is not None, "happened": happened is not None, "answer": answer is not None}
    chosen = [kind for kind, is_given in {**given, **told}.items() if is_given]
    _check_listing(thread, overdue=overdue, stats=stats, answers=bool(chosen or question or like))
    other = bool(reviewer or reason or (graph and not overdue))
    _check_answer(thread, chosen, message=message, other=other, as_json=as_json)
    _check_flags(chosen, question, like=like, yes=yes, as_json=as_json)
    if thread is None:
        _of_all_threads(db, graph, overdue=overdue, stats=stats, as_json=as_json)
        return
    from .location import Location
    from .review import Review
    from .verdict import Reviewer, Verdict, user_name

    text = sys.stdin.read() if answer == "-" else answer or happened or ""
    verdict = Verdict(chosen[0], respond or message or "", edit or (), assign or (), text) if chosen else None
    who = Reviewer(reviewer or user_name(), reason)
    raise typer.Exit(Review(Location.choose(db), thread, who, verdict, graph, question, as_json, like, yes)())


def _of_all_threads(db: str | None, graph: str | None, *, overdue: bool, stats: bool, as_json: bool) -> None:
    from .location import Location

    location = Location.choose(db)
    if overdue:
        from .overdue import Overdue

        raise typer.Exit(Overdue(location, graph, as_json)())
    if stats:
        from .review_statistics import show_statistics

        show_statistics(location, as_json=as_json)
        return
    from .review import list_questions

    list_questions(location, as_json=as_json)


def _check_listing(thread: str | None, *, overdue: bool, stats: bool, answers: bool) -> None:
    if overdue and stats:
        raise typer.BadParameter("give one of --overdue, --stats")
    if (overdue or stats) and (thread is not None or answers):
        raise typer.BadParameter("--overdue and --stats are about all threads, and answer nothing")


def _check_answer(thread: str | None, chosen: list[str], *, message: str | None, other: bool, as_json: bool) -> None:
    if len(chosen) > 1:
        raise typer.BadParameter(f"give one of {_FLAGS}")
    if message is not None and chosen != ["reject"]:
        raise typer.BadParameter("--message goes with --reject")
    if thread is None and (chosen or other):
        raise typer.BadParameter("name the THREAD to answer")
    if as_json and thread is not None and not chosen:
        raise typer.BadParameter(f"with --json, answer by a flag: {_FLAGS}")


def _check_flags(chosen: list[str], question: str | None, *, like: bool, yes: bool, as_json: bool) -> None:
    if (question is not None and (not chosen or not question)) or ((like or yes) and not chosen):
        raise typer.BadParameter(f"--question ID, --like and --yes go with one of {_FLAGS}")
    if like and as_json and not yes:
        raise typer.BadParameter("with --json, --like needs --yes")
    if like and chosen in (["respond"], ["assign"], ["happened"], ["not_happened"]):
        raise typer.BadParameter("--like gives the same answer to many; what is said or handed on goes to one thread")
