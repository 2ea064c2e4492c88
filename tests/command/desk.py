"""Desk: a folder with a small team, and the command called in it as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.warm_command import warm_command

__all__ = ["Desk", "Ended"]

TEAM = '''
"""A desk that reads notes: `NAME`, `TOTAL 12.00`, `CASH 20.00`."""

import re
import time
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from quorate import Claim, Effect, Items, Policy, Quote, Supervisor, agent, open_database
from quorate.contracts import LedgerError


class Note(BaseModel):
    text: str


class Posted(BaseModel):
    key: str


class Sale(BaseModel):
    company: str
    total: Decimal
    posted: Posted


def log(agent, text):
    with open("log.txt", "a") as file:
        file.write(f"{agent} {text.splitlines()[0]}\\n")


@agent(writes={"company"}, capability="extraction", version="1.2.0")
def first_line(text: str):
    log("first_line", text)
    if "HOLD" in text:  # a slow step, which ends when the test says so
        while not Path("go").exists():
            time.sleep(0.02)
    line = text.splitlines()[0]
    return Claim("company", line, 0.9, (Quote("text", 0, len(line)),), reason="the first line")


@agent(writes={"total"}, capability="extraction")
def labelled(text: str):
    print("an agent prints")
    for match in re.finditer(r"TOTAL (\\S+)", text):
        yield Claim("total", Decimal(match[1]), 0.8, (Quote("text", *match.span(1)),))


@agent(writes={"total"}, capability="extraction")
def largest(text: str):
    found = list(re.finditer(r"\\d+\\.\\d\\d", text))
    if found:
        best = max(found, key=lambda match: Decimal(match[0]))
        yield Claim("total", best[0], 0.7, (Quote("text", *best.span()),))


@agent(writes={"total"}, capability="extraction")
def fragile(text: str):
    if "CRASH" in text:
        raise KeyError("broken")


@agent(writes={"posted"}, capability="action")
def post(company: str, total: Decimal):
    log("post", company)
    return Effect("post", {"company": company, "total": total}, identity=("company", "total"))


@agent(writes={"total"}, capability="reasoning")
def listener(text: str, messages: list):
    for message in messages:
        yield Claim("total", Decimal(message.text), 0.99, reason="a person said so")


class FragileLedger:
    """The database's ledger, which is out of order while a file `broken` is there."""

    def __init__(self, ledger):
        self.ledger = ledger

    def __getattr__(self, name):
        if name == "begin" and Path("broken").exists():
            raise LedgerError("the ledger", got="no connection", expected="one", fix="mend it")
        return getattr(self.ledger, name)


def team(*more, policy=None):
    database = open_database()
    return Supervisor(
        "desk",
        request=Note,
        outcome=Sale,
        agents=[first_line, labelled, largest, fragile, post, *more],
        policy=policy or Policy.parse({
            "effects": {"post": {"approve": "decided.total <= 100.0"}},
            "review": {"reason_codes": ["misread", "other"]},
        }),
        ledger=FragileLedger(database.ledger),
        receivers={"post": database.table("posted")},
        blobs=database.blobs,
    )


def builder():
    return team().builder


def compiled():
    return team().compile()


def listening():
    return team(listener)


class Lossy:
    def execute(self, key, args):
        with Path("sent.txt").open("a") as sent:
            sent.write(f"{args['total']}\\n")
        if len(Path("sent.txt").read_text().split()) == 1:
            raise TimeoutError("no answer")
        return {"key": key}


def lossy():
    database = open_database()
    policy = Policy.parse({"effects": {"post": {"approve": True}}})
    agents = [first_line, labelled, largest, post]
    return Supervisor(
        "lossy", request=Note, outcome=Sale, agents=agents, policy=policy, ledger=database.ledger,
        receivers={"post": Lossy()},
    )


def strict():
    return team(policy=Policy.parse({"defaults": {"review": "never"}, "effects": {"post": {"approve": True}}}))


def bad_policy():
    return team(policy=Policy.parse({"defaults": {"accept": 1.5}}))


def bad_team():
    return Supervisor("bad", request=Note, outcome=Sale, agents=[labelled])


def bad_code():
    return 1 / 0


def leaves():
    raise SystemExit(3)


def with_argument(database):
    return team()


class Table(BaseModel):
    rows: list[str]


class Count(BaseModel):
    count: int


@agent(writes={"count"}, capability="extraction")
def counter(rows: list[str]):
    return Claim("count", len(rows), 0.9, (Items("rows", (1, 2)),))


tables = Supervisor("tables", request=Table, outcome=Count, agents=[counter])
not_a_team = 7
'''

LANGGRAPH = {"dependencies": ["."], "graphs": {"desk": "./desk.py:builder", "listening": "desk:listening"}}


@dataclass
class Desk:
    """A folder with a team and its `langgraph.json`, and the command called in it."""

    folder: Path
    """The folder, which is there."""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, folder: Path) -> Desk:
        """A desk in an empty folder."""
        desk = cls(folder)
        desk.write("desk.py", TEAM)
        desk.write("langgraph.json", json.dumps(LANGGRAPH))
        return desk

    def __call__(
        self, *arguments: str, stdin: str | bytes = "", status: int | None = None, cold: bool = False
    ) -> Ended:
        """Call the command, and check its exit status where one is given; cold in an interpreter that just starts."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        if cold or not hasattr(os, "fork"):
            ended = subprocess.run(
                self.command(*arguments), check=False, cwd=self.folder, env=self.env, input=given, capture_output=True
            )
            code, out, err = ended.returncode, ended.stdout, ended.stderr
        else:
            code, out, err = warm_command()(arguments, self.folder, self.env, given)
        result = Ended(code, out.decode(), err.decode())
        assert status is None or result.status == status, result
        return result

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the command, and do not wait for it."""
        return subprocess.Popen(self.command(*arguments), cwd=self.folder, env=self.env, **options)

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "quorate", *arguments]

    @property
    def env(self) -> dict[str, str]:
        ours = ("QUORATE_", "LANGSMITH_", "LANGCHAIN_", "COLUMNS", "FORCE_COLOR")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "COLUMNS": "100", "USER": "ann", "TZ": "UTC", **self.environment}

    def write(self, name: str, content: str | bytes) -> str:
        """A file in the folder; gives its name."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def waiting(self, company: str = "BOOK CORNER") -> str:
        """A thread whose total waits for a person; gives its id."""
        return self._run(f"{company}\nTOTAL 12.00\nCASH 20.00\n")

    def over_limit(self, company: str = "HARDWARE HOUSE") -> str:
        """A thread whose effect waits for a person; gives its id."""
        return self._run(f"{company}\nTOTAL 499.00\n")

    def unknown(self, company: str = "HARDWARE HOUSE") -> str:
        """A thread of which it is not known whether its effect happened; gives its id."""
        return self._run(f"{company}\nTOTAL 12.00\n", "desk:lossy")

    def question(self, thread: str) -> str:
        """The beginning of the id of what the thread asks."""
        (view,) = (line for line in self("review", "--json", status=0).lines if line["thread"] == thread)
        return str(view["waits"][0]["id"])[:8]

    def _run(self, text: str, graph: str = "desk") -> str:
        name = self.write(f"note-{len(list(self.folder.glob('note-*')))}.txt", text)
        (line,) = self("run", graph, name, "--json", status=3).lines
        return str(line["thread"])

    def log(self) -> list[str]:
        """What the agents did, in order."""
        path = self.folder / "log.txt"
        return path.read_text().splitlines() if path.exists() else []

    def posted(self) -> int:
        """How many rows were posted, in this process's view of the default database."""
        from quorate.checkpoints import open_database

        with open_database(f"sqlite:///{self.folder / 'quorate.db'}") as database:
            return len(database.table("posted"))


@dataclass(frozen=True)
class Ended:
    """How a call of the command ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]
