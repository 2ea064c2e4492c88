"""Review app: the arguments and the help of `quorate review`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .failure import reported
from .options import Db, Json

__all__ = ["review"]

_FLAGS = "--approve, --edit, --reject, --respond, --assign, --answer"


@reported
def review(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    thread: Annotated[
        str | None, typer.Argument(metavar="THREAD", help="The thread to answer; without it, list what waits.")
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Take it as proposed.")] = False,
    edit: Annotated[
        list[str] | None,
        typer.Option("--edit", metavar="NAME=VALUE", help="Take it with this value; may be given several times."),
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Leave it without a value, or undone.")] = False,
    message: Annotated[str | None, typer.Option(metavar="TEXT", help="With --reject: why.")] = None,
    respond: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Say something to the agents, and let them try again.")
    ] = None,
    assign: Annotated[
        list[str] | None,
        typer.Option("--assign", metavar="NAME", help="Hand the question to NAME; may be given several times."),
    ] = None,
    answer: Annotated[str | None, typer.Option(metavar="JSON", help="The whole answer as JSON; - for stdin.")] = None,
    question: Annotated[
        str | None,
        typer.Option(metavar="ID", help="With a flag: the question that is meant, as listed; needed for an effect."),
    ] = None,
    like: Annotated[
        bool, typer.Option("--like", help="With a flag: give the answer to all threads that ask the same.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --like: do not ask before.")] = False,
    reviewer: Annotated[str | None, typer.Option(metavar="NAME", help="Who answers; default the user's name.")] = None,
    reason: Annotated[str, typer.Option(metavar="CODE", help="A reason code of the policy.")] = "",
    graph: Annotated[
        str | None, typer.Option(metavar="GRAPH", help="Its graph; default the one that it was run with.")
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Move on the questions whose time is over; made for cron.")
    ] = False,
    stats: Annotated[
        bool, typer.Option("--stats", help="Show how often people agree with what is proposed, and their times.")
    ] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """List what waits for a person, or answer one thread: by a flag, or asked at the terminal."""
    given = {
        "approve": approve,
        "edit": bool(edit),
        "reject": reject,
        "respond": respond is not None,
        "assign": bool(assign),
        "answer": answer is not None,
    }
    chosen = [kind for kind, is_given in given.items() if is_given]
    _check_listing(thread, overdue=overdue, stats=stats, answers=bool(chosen or question or like))
    other = bool(reviewer or reason or (graph and not overdue))
    _check_answer(thread, chosen, message=message, other=other, as_json=as_json)
    if (question is not None and (not chosen or not question)) or ((like or yes) and not chosen):
        raise typer.BadParameter(f"--question ID, --like and --yes go with one of {_FLAGS}")
    if like and as_json and not yes:
        raise typer.BadParameter("with --json, --like needs --yes")
    if like and chosen in (["respond"], ["assign"]):
        raise typer.BadParameter("--like gives the same answer to many; what is said or handed on goes to one thread")
    from .location import Location

    location = Location.choose(db)
    if overdue:
        from .overdue import Overdue

        raise typer.Exit(Overdue(location, graph, as_json)())
    if stats:
        from .review_statistics import show_statistics

        show_statistics(location, as_json=as_json)
        return
    from .review import Review, list_questions
    from .verdict import Reviewer, Verdict, user_name

    if thread is None:
        list_questions(location, as_json=as_json)
        return
    text = sys.stdin.read() if answer == "-" else answer or ""
    verdict = Verdict(chosen[0], respond or message or "", edit or (), assign or (), text) if chosen else None
    who = Reviewer(reviewer or user_name(), reason)
    raise typer.Exit(Review(location, thread, who, verdict, graph, question, as_json, like, yes)())


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
