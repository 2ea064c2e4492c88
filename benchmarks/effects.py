"""Whether effects happen exactly once while their workers are killed, twice at work, and asked twice.

Each run is a thread of a small team that pays one order. Its workers are processes that are killed with SIGKILL at
random moments, and taken up again; a killed run is often resumed by two workers at once, orders are delivered to two
workers at once, and some orders come again on another thread. There is one receiver of each kind:

    table       a table of the ledger's database: one transaction
    joint       a user's own table there, by `database.receiver`: one transaction
    lookup      another database, which can be asked
    http        a server of its own process that does each `Idempotency-Key` once, and loses answers
    plain       another database, which can be neither asked nor told again: it can end as unknown. Then a reviewer
                looks there, and says in `review` whether it happened.

    python benchmarks/effects.py [--runs 300] [--kills 100] [--workers 4] [--seed 7] [--no-postgres]

It prints a table, and as the last line one JSON object with, for `sqlite` and `postgres` (null without it):

    runs        orders
    kills       workers that were killed with SIGKILL while they had work
    lost        orders that ended as done, and that the outside world does not have
    duplicated  orders that the outside world has more than once
    unknown     orders of which a reviewer had to say whether they happened
    duplicates  orders that came again, and were recognised
    seconds     of the whole

`lost` counts also what never ended. An order that comes again has the content of another, and must not be paid again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.effects_worker import answer_unknown, statuses, work  # noqa: E402
from benchmarks.effects_world import KINDS, World, serve  # noqa: E402 (found from the root)
from benchmarks.store_kinds import postgres_server  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

_BATCH = 6
"""Orders that a worker gets at a time."""
_LONGEST = 0.3
"""The most seconds that a worker is at work before it is killed, where it is."""


@dataclass
class Figures:
    """What happened on one database."""

    runs: int
    kills: int = 0
    lost: int = 0
    duplicated: int = 0
    unknown: int = 0
    duplicates: int = 0
    seconds: float = 0.0
    by_kind: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def last_line(self) -> dict[str, Any]:
        """The figures of the JSON object."""
        names = ("runs", "kills", "lost", "duplicated", "unknown", "duplicates", "seconds")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Order:
    """One thread that pays; two orders with one content are paid once."""

    thread: str
    kind: str
    content: str

    @property
    def line(self) -> str:
        """It as a worker is told."""
        return f"{self.thread} {self.kind} {self.content}"


def orders_of(runs: int, dice: random.Random) -> list[Order]:
    """So many orders, each seventh with the content of an earlier one of its kind."""
    made: list[Order] = []
    for number in range(runs):
        kind = KINDS[number % len(KINDS)]
        earlier = [each for each in made if each.kind == kind]
        content = dice.choice(earlier).content if number % 7 == 6 and earlier else f"c{number}"
        made.append(Order(f"t{number}", kind, content))
    return made


def start(url: str, folder: Path, orders: Sequence[Order], seed: int) -> int:
    """A worker for these orders; its process id. It says when it is ready by a file of that name."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, 2)
        work(url, folder, [each.line for each in orders], seed, folder / f"ready-{os.getpid()}")
        code = 0
    finally:
        os._exit(code)


def in_child(function: Any, *args: Any) -> Any:
    """What a function gives, called in a process of its own: this one opens no database, and forks."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as pipe:
                json.dump(function(*args), pipe)
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def misfortune(url: str, folder: Path, orders: list[Order], options: argparse.Namespace, dice: random.Random) -> int:
    """Let workers work and die until nothing is open that they can end; how many were killed."""
    kills, seed = 0, 0
    left = list(orders)
    while left:
        dice.shuffle(left)
        children = []
        for number in range(options.workers):
            part = left[number * _BATCH : (number + 1) * _BATCH]
            twice = dice.random() < 0.5  # delivered, or resumed, twice at once
            for _ in range(1 + twice):
                seed += 1
                children.append(start(url, folder, part, options.seed * 1_000_003 + seed) if part else 0)
        is_deadly = kills < options.kills or dice.random() < 0.5
        for child in filter(None, children):
            if is_deadly and dice.random() < 0.85:
                kills += _killed(child, folder / f"ready-{child}", dice.uniform(0, _LONGEST))
            else:
                os.waitpid(child, 0)
        ended = in_child(statuses, url, folder)
        left = [each for each in left if ended.get(each.thread) in (None, "running")]
        if not left and kills < options.kills:
            left = list(orders[: options.workers * _BATCH])  # delivered once more, although all is done
    return kills


def _killed(child: int, ready: Path, after: float) -> int:
    """Kill a worker some seconds after it was ready; whether it was still at work."""
    deadline = None
    while deadline is None or time.monotonic() < deadline:
        if os.waitpid(child, os.WNOHANG)[0]:
            return 0
        if deadline is None and ready.exists():
            deadline = time.monotonic() + after
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return int(os.WIFSIGNALED(os.waitpid(child, 0)[1]))


def measure(url: str, options: argparse.Namespace) -> Figures:
    """The figures of one database."""
    dice = random.Random(options.seed)
    figures, began = Figures(options.runs), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="quorate-effects-") as name, ExitStack() as stack:
        folder = Path(name)
        stack.enter_context(serve(folder))
        orders = orders_of(options.runs, dice)
        in_child(World(folder).make, url)
        figures.kills = misfortune(url, folder, orders, options, dice)
        unknown = in_child(answer_unknown, url, folder)
        figures.unknown = len(unknown)
        ended = in_child(statuses, url, folder)
        happened = Counter({tuple(key): count for *key, count in in_child(World(folder).counts, url)})
        for order in orders:
            counts = figures.by_kind.setdefault(order.kind, Counter())
            status = ended.get(order.thread)
            counts["runs"] += 1
            counts["unknown"] += order.thread in unknown
            counts["duplicates"] += status == "duplicate"
            counts["lost"] += status not in ("done", "duplicate") or not happened[order.kind, order.content]
        for (kind, _), count in happened.items():
            figures.by_kind[kind]["duplicated"] += count > 1
    for name in ("lost", "duplicated", "duplicates"):
        setattr(figures, name, sum(counts[name] for counts in figures.by_kind.values()))
    figures.seconds = round(time.monotonic() - began, 1)
    return figures


def show(screen: Console, name: str, figures: Figures) -> None:
    """Print the figures of one database."""
    columns = ("runs", "lost", "duplicated", "unknown", "duplicates")
    table = Table("receiver", *columns, title=f"{name}: {figures.kills} kills in {figures.seconds:g} s")
    for kind, counts in figures.by_kind.items():
        table.add_row(kind, *(str(counts[column]) for column in columns))
    screen.print(table)


def main() -> None:
    """Measure both databases, and print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args()
    screen = Console()
    found: dict[str, Any] = {"sqlite": None, "postgres": None}
    with tempfile.TemporaryDirectory(prefix="quorate-effects-db-") as folder, ExitStack() as stack:
        urls = {"sqlite": f"sqlite:///{folder}/effects.db"}
        if not options.no_postgres:
            urls["postgres"] = stack.enter_context(postgres_server())
        for name, url in urls.items():
            figures = measure(url, options)
            show(screen, name, figures)
            found[name] = figures.last_line
    print(json.dumps(found))


if __name__ == "__main__":
    main()
