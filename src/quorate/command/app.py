"""App: the commands with their arguments and help; the work is imported when a command is called."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from .audit_app import audit
from .exit_status import EXPLAINED
from .failure import DEBUG, reported
from .journal_app import journal as journal_app
from .keys_app import keys
from .options import Db, Json
from .policy_app import policy
from .retention_app import retention
from .review_app import review

__all__ = ["app"]

app = typer.Typer(
    name="quorate",
    help="Run teams of agents, look at what they decided, and answer what they ask.",
    epilog=EXPLAINED,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(audit)
app.add_typer(journal_app)
app.add_typer(keys)
app.add_typer(policy)
app.add_typer(retention)


_GRAPH = "A name in langgraph.json, or module:attribute."

Graph = Annotated[str, typer.Argument(metavar="GRAPH", help=_GRAPH)]
Thread = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or as much of it as is unique.")]
Status = Literal["settled", "unsettled", "rejected", "halted", "waiting", "unfinished", "other", "unreadable"]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"quorate {version('quorate')}")
        raise typer.Exit


@app.callback()
def quorate(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run teams of agents, look at what they decided, and answer what they ask."""
    if debug:
        os.environ[DEBUG] = "1"


@app.command(epilog=EXPLAINED)
@reported
def run(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    graph: Graph,
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUTS", help="Files (.json, .jsonl, text), folders, or - for JSON lines on stdin."),
    ],
    db: Db = None,
    concurrency: Annotated[int, typer.Option(min=1, help="The most threads at a time.")] = 8,
    retry: Annotated[
        bool, typer.Option("--retry", help="Open a new turn for threads that ended unsettled, halted or rejected.")
    ] = False,
    faults: Annotated[
        Path | None, typer.Option("--faults", metavar="FILE", help="A YAML file that says what is to go wrong.")
    ] = None,
    journal: Annotated[
        bool, typer.Option("--journal", help="Record what models and tools answer, to be played back.")
    ] = False,
    playback: Annotated[
        Literal["strict", "lenient"] | None,
        typer.Option(
            "--playback",
            help="Take answers from the journal: strict refuses a request that is not in it, lenient makes it. The "
            "threads in the database stay as they are, and no effect is executed.",
        ),
    ] = None,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="On whose account it runs, where tenants have one.")] = "",
    as_json: Json = False,
) -> None:
    """Run each request of the INPUTS on a thread of its own.

    Run the same again after Ctrl-C or a crash: what is finished or waits stays as it is, the rest goes on.
    """
    from .location import Location
    from .run import Run

    location = Location.choose(db)
    raise typer.Exit(Run(graph, inputs, location, concurrency, as_json, retry, faults, journal, playback, tenant)())


@app.command()
@reported
def threads(
    status: Annotated[Status | None, typer.Option(help="Only threads that stand so.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The most threads to list; default all.")] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """List the threads, newest first, with what they wait for."""
    from .location import Location
    from .threads import show_threads

    show_threads(Location.choose(db), status=status, limit=limit, as_json=as_json)


@app.command()
@reported
def show(
    thread: Thread,
    turn: Annotated[int | None, typer.Option(min=1, help="An earlier turn; default the newest.")] = None,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Show what is recorded of a thread: claims, decisions, evidence, moves, effects, faults, usage."""
    from .location import Location
    from .show import show_thread

    show_thread(Location.choose(db), thread, turn=turn, as_json=as_json)


app.command(epilog=EXPLAINED)(review)


@app.command("graph")
@reported
def draw(
    graph: Graph,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="Write a picture instead.")] = None,
) -> None:
    """Print the graph as Mermaid text, or draw it where mermaid-cli or pygraphviz is there."""
    from .drawing import draw_graph

    draw_graph(graph, png)


@app.command("eval")
@reported
def evaluation(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="A suite.yaml, or a folder that has one.")],
    concurrency: Annotated[int, typer.Option(min=1, help="The most cases at a time.")] = 8,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="URL", help="The graph's database; default one that is removed afterwards."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")] = False,
) -> None:
    """Run an evaluation suite. Exit status: 0 every gate is met, 1 one is not, 2 the suite is wrong."""
    from .evaluation import evaluate

    raise typer.Exit(evaluate(suite, db=db, concurrency=concurrency, as_json=as_json))


@app.command("calibrate")
@reported
def calibration(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    graph: Graph,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The artefact to write; name it in the policy.")],
    reviews: Annotated[bool, typer.Option("--reviews", help="Learn from what people decided in the database.")] = False,
    suites: Annotated[
        list[str] | None, typer.Option("--suite", metavar="SUITE", help="Run a suite, and learn from its right values.")
    ] = None,
    labels: Annotated[
        list[Path] | None,
        typer.Option("--labels", metavar="FILE", help="Learn from claims and right values, JSON lines."),
    ] = None,
    version: Annotated[str | None, typer.Option("--version", metavar="TEXT", help="Version of the artefact.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file of the same version.")] = False,
    db: Db = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what changes as JSON lines on stdout.")] = False,
) -> None:
    """Learn how reliable each agent is, say what that changes, and write it for the policy.

    It needs the extra `calibration`. Without a label it learns from the agents' agreement. It writes over no file, but
    with --force or a new --version.
    """
    if not (reviews or suites or labels):
        raise typer.BadParameter("say what to learn from: --reviews, --suite or --labels")
    if reviews and suites:
        raise typer.BadParameter("--suite executes effects, and goes without --reviews and its database")
    from .calibration import Calibrate
    from .location import Location

    location = Location.choose(db)
    command = Calibrate(
        graph, out, location if reviews else None, suites or (), labels or (), version, force=force, as_json=as_json
    )
    raise typer.Exit(command())


@app.command("import-checkpoints")
@reported
def import_checkpoints(
    source: Annotated[
        str | None,
        typer.Argument(metavar="FROM_URL", help="The database with the savers' tables; default that of --db itself."),
    ] = None,
    thread: Annotated[
        list[str] | None,
        typer.Option("--thread", metavar="ID", help="Only this thread, by its whole id; may be given several times."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    db: Db = None,
    as_json: Json = False,
) -> None:
    """Take over the threads of LangGraph's own SQLite and Postgres savers, whose tables stay as they are.

    Run the same again after Ctrl-C: what is there already is skipped. Exit status: 0 all is there, 1 a thread was
    refused, or differs from one of the same id; 2 a database is wrong, and nothing was written.
    """
    from .import_checkpoints import ImportCheckpoints
    from .location import Location

    raise typer.Exit(ImportCheckpoints(source, Location.choose(db), thread or (), dry_run, as_json)())


@app.command()
@reported
def project(
    db: Db = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="The database to write to; default the same.")
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make all rows anew.")] = False,
    plaintext: Annotated[
        bool, typer.Option("--plaintext", help="Of an encrypted database: write the tables in plaintext.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON on stdout.")] = False,
) -> None:
    """Bring plain tables of threads, turns, claims, decisions and more up to date, for questions in SQL.

    Only what is new is read. Run the same again after Ctrl-C: it goes on. The tables may be dropped at any time.
    """
    from .location import Location
    from .project import project_threads

    project_threads(Location.choose(db), to=to, rebuild=rebuild, plaintext=plaintext, as_json=as_json)
