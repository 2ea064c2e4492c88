"""Review options: the arguments of `quorate review`."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "AnswerJson",
    "Approve",
    "Assign",
    "Edit",
    "Graph",
    "Happened",
    "Like",
    "Message",
    "NotHappened",
    "Overdue",
    "Question",
    "Reason",
    "Reject",
    "Respond",
    "ReviewerName",
    "Stats",
    "Thread",
    "Yes",
]

Thread = Annotated[
    str | None, typer.Argument(metavar="THREAD", help="The thread to answer; without it, list what waits.")
]
Approve = Annotated[bool, typer.Option("--approve", help="Take it as proposed.")]
Edit = Annotated[
    list[str] | None,
    typer.Option("--edit", metavar="NAME=VALUE", help="Take it with this value; may be given several times."),
]
Reject = Annotated[bool, typer.Option("--reject", help="Leave it without a value, or undone.")]
Message = Annotated[str | None, typer.Option(metavar="TEXT", help="With --reject: why.")]
Respond = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Say something to the agents, and let them try again.")
]
Happened = Annotated[
    str | None,
    typer.Option(
        metavar="JSON",
        help="Of an effect of which it is not known: it happened, and this was the receiver's answer (null for none).",
    ),
]
NotHappened = Annotated[
    bool, typer.Option("--not-happened", help="Of such an effect: it did not happen; it is executed now.")
]
Assign = Annotated[
    list[str] | None,
    typer.Option("--assign", metavar="NAME", help="Hand the question to NAME; may be given several times."),
]
AnswerJson = Annotated[str | None, typer.Option(metavar="JSON", help="The whole answer as JSON; - for stdin.")]
Question = Annotated[
    str | None,
    typer.Option(metavar="ID", help="With a flag: the question that is meant, as listed; needed for an effect."),
]
Like = Annotated[bool, typer.Option("--like", help="With a flag: give the answer to all threads that ask the same.")]
Yes = Annotated[bool, typer.Option("--yes", help="With --like: do not ask before.")]
ReviewerName = Annotated[str | None, typer.Option(metavar="NAME", help="Who answers; default the user's name.")]
Reason = Annotated[str, typer.Option(metavar="CODE", help="A reason code of the policy.")]
Graph = Annotated[str | None, typer.Option(metavar="GRAPH", help="Its graph; default the one that it was run with.")]
Overdue = Annotated[bool, typer.Option("--overdue", help="Move on the questions whose time is over; made for cron.")]
Stats = Annotated[
    bool, typer.Option("--stats", help="Show how often people agree with what is proposed, and their times.")
]
