"""The outside world of the effects benchmark: receivers of each kind, and what really happened, counted by itself."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from quorate.agents import HttpReceiver
from quorate.checkpoints import Database, open_database
from quorate.contracts import Receiver

__all__ = ["KINDS", "World", "serve"]

KINDS = ("table", "joint", "lookup", "http", "plain")
"""The kinds of receivers; each is the name of its effect, too."""

_SLOWEST = 0.02
"""The most seconds before and after a receiver does something, in which its worker can die."""
_LOSSES = 0.1
"""How often the server loses its answer."""


class World:
    """What really happened, outside of the ledger's database.

    Args:
        folder: Where it is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "world.db"
        self._folder = folder

    def make(self, url: str) -> None:
        """Make its tables, and the user's own one in the ledger's database."""
        with self._open() as file:
            file.execute("PRAGMA journal_mode=WAL")
            file.execute("CREATE TABLE happened (kind TEXT, key TEXT, content TEXT)")
        with open_database(url) as database:
            make = database.receiver(lambda connection, key, args: connection.execute("CREATE TABLE joint (key text)"))
            make.execute("", {})

    def receivers(self, database: Database, dice: random.Random) -> dict[str, Receiver]:
        """A receiver of each kind, as a worker has them."""
        mark = "?" if database.url.startswith("sqlite") else "%s"

        def post(connection: Any, key: str, args: Mapping[str, Any]) -> dict[str, str]:
            _wait(dice)
            connection.execute(f"INSERT INTO joint VALUES ({mark})", (args["content"],))
            _wait(dice)
            return {"key": key}

        port = (self._folder / "port").read_text(encoding="ascii")
        return {
            "table": database.table("posted"),
            "joint": database.receiver(post),
            "lookup": _Asked(self, "lookup", dice),
            "http": HttpReceiver(f"http://127.0.0.1:{port}/"),
            "plain": _Plain(self, "plain", dice),
        }

    def add(self, kind: str, key: str, content: str) -> None:
        """Let something happen."""
        with self._open() as file:
            file.execute("INSERT INTO happened VALUES (?, ?, ?)", (kind, key, content))

    def has(self, kind: str, key: str) -> bool:
        """Whether it happened."""
        with self._open() as file:
            found = file.execute("SELECT 1 FROM happened WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return found is not None

    def counts(self, url: str) -> list[tuple[str, str, int]]:
        """How often each content happened, by kind."""
        with self._open() as file:
            sql = "SELECT kind, content, count(*) FROM happened GROUP BY kind, content"
            found = [(kind, content, n) for kind, content, n in file.execute(sql)]
        with open_database(url) as database:
            posted = [row["content"] for row in database.table("posted").rows()]
            select = database.receiver(
                lambda connection, key, args: [
                    next(iter(row.values())) if isinstance(row, dict) else row[0]
                    for row in connection.execute("SELECT key FROM joint").fetchall()
                ]
            )
            joint = select.execute("", {})
        for kind, contents in (("table", posted), ("joint", joint)):
            found += [(kind, content, contents.count(content)) for content in set(contents)]
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=30.0)) as file, file:
            file.execute("PRAGMA synchronous=OFF")  # what is killed here is processes, and never the machine
            yield file


class _Plain:
    """A receiver that does what it is told as often as it is told."""

    def __init__(self, world: World, kind: str, dice: random.Random) -> None:
        self._world, self._kind, self._dice = world, kind, dice

    def execute(self, key: str, args: Mapping[str, Any]) -> dict[str, str]:
        _wait(self._dice)
        self._world.add(self._kind, key, args["content"])
        _wait(self._dice)
        return {"key": key}


class _Asked(_Plain):
    """The same, which can be asked."""

    def lookup(self, key: str) -> dict[str, str] | None:
        return {"key": key} if self._world.has(self._kind, key) else None


@contextmanager
def serve(folder: Path) -> Iterator[None]:
    """A server in a process of its own that does each key once; its port is in the file `port`."""
    child = os.fork()
    if not child:
        try:
            _serve(folder)
        finally:
            os._exit(1)
    while not (folder / "port").exists():
        time.sleep(0.01)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _serve(folder: Path) -> None:
    world, done, lock, dice = World(folder), set[str](), Lock(), random.Random(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            key = self.headers["Idempotency-Key"]
            args = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            _wait(dice)
            with lock:
                if key not in done:
                    world.add("http", key, args["content"])
                    done.add(key)
                loses = dice.random() < _LOSSES
            if loses:
                self.close_connection = True
                return
            answer = json.dumps({"key": key}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name in the base class)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    half = folder / "port.half"
    half.write_text(str(server.server_address[1]), encoding="ascii")
    half.rename(folder / "port")
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)  # what killed workers leave unread is no news
    server.serve_forever()


def _wait(dice: random.Random) -> None:
    time.sleep(dice.uniform(0, _SLOWEST))
