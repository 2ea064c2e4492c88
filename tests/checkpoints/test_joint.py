"""What is done and that it is done, in one transaction: tables, and receivers of a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.bench import turn_of

from quorate.checkpoints import Database, MemoryLedger, open_database
from quorate.contracts import (
    CompensatingReceiver,
    DatabaseError,
    Effect,
    Entry,
    Execute,
    LedgerError,
    Receiver,
    TransactionalLedger,
    TransactionalReceiver,
    fields_of,
)
from quorate.graphs.act import Executor


class Out(BaseModel):
    posted: dict[str, Any]


POST = Effect("post", {"total": "12"}, field="posted", agent="poster")
APPROVED = replace(POST, status="approved", approved=POST.digest, by="policy")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with open_database(database_url) as database:
        yield database


def run(receiver: Any, ledger: Any, effect: Effect = APPROVED, origin: str = "t") -> dict[str, Any]:
    """The effect's record after it was executed."""
    act = Executor(ledger, {effect.name: receiver}, fields_of(Out))
    record: dict[str, Any] = act(turn_of(effects={"slot": effect}), Execute(("slot",), "now"), origin)["effects"][
        "slot"
    ]
    return record


class Books:
    """A user's own table, in the database of the ledger."""

    def __init__(self, database: Database) -> None:
        self.sqlite = database.url.startswith("sqlite")
        self.fails: Exception | None = None
        self.calls = 0
        with database.ledger.writing() as connection:  # type: ignore[attr-defined]
            connection.execute("CREATE TABLE books (key text, total text)")
        self.database = database

    def post(self, connection: Any, key: str, args: Any) -> dict[str, Any]:
        self.calls += 1
        mark = "?" if self.sqlite else "%s"
        connection.execute(f"INSERT INTO books VALUES ({mark}, {mark})", (key, args["total"]))
        if self.fails:
            raise self.fails
        return {"page": self.calls}

    def remove(self, connection: Any, key: str, args: Any, result: Any) -> dict[str, Any]:
        connection.execute(f"DELETE FROM books WHERE key = {'?' if self.sqlite else '%s'}", (key,))
        return {"removed": result["page"]}

    @property
    def rows(self) -> int:
        with self.database.ledger.writing() as connection:  # type: ignore[attr-defined]
            row = connection.execute("SELECT count(*) AS n FROM books").fetchone()
        return int(row[0] if self.sqlite else row["n"])


def test_ports(database: Database) -> None:
    """Ledger, tables and receivers of a user's own are what they are said to be."""
    assert isinstance(database.ledger, TransactionalLedger)
    table, own, undoable = (
        database.table("posted"),
        database.receiver(lambda connection, key, args: None),
        database.receiver(lambda connection, key, args: None, lambda connection, key, args, result: None),
    )
    for each in (table, own, undoable):
        assert isinstance(each, Receiver)
        assert isinstance(each, TransactionalReceiver)
        assert each.place == database.ledger.place
    assert [isinstance(each, CompensatingReceiver) for each in (table, own, undoable)] == [True, False, True]


def test_once(database: Database) -> None:
    """The first executes it, the second gets the answer, another thread a duplicate."""
    books = Books(database)
    receiver = database.receiver(books.post)
    for origin, status in (("t", "done"), ("t", "done"), ("other", "duplicate")):
        effect = run(receiver, database.ledger, origin=origin)
        assert (effect["status"], effect["result"]) == (status, {"page": 1})
    assert (books.rows, books.calls) == (1, 1)


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("slow"), OSError("cut")])
def test_error_undoes_it(database: Database, error: Exception) -> None:
    """Whatever error the receiver raises, neither its row nor an entry is left: nothing happened."""
    books = Books(database)
    books.fails = error
    effect = run(database.receiver(books.post), database.ledger)
    assert (effect["status"], books.rows) == ("failed", 0)
    assert str(error) in effect["note"]
    assert database.ledger.entry(APPROVED.key) is None
    books.fails = None
    assert run(database.receiver(books.post), database.ledger)["status"] == "done"
    assert books.rows == 1


def test_error_of_the_database(database: Database) -> None:
    """A statement that the database refuses is a failure of the effect, and nothing is left."""

    def wrong(connection: Any, key: str, args: Any) -> None:
        connection.execute("INSERT INTO nowhere VALUES (1)")

    effect = run(database.receiver(wrong), database.ledger)
    assert effect["status"] == "failed"
    assert "nowhere" in effect["note"]
    assert database.ledger.entry(APPROVED.key) is None


def test_undone_in_one_transaction(database: Database) -> None:
    """A compensation is done so, too."""
    books = Books(database)
    receiver = database.receiver(books.post, books.remove)
    done = run(receiver, database.ledger)
    assert done["undo"] == "post"
    args = {"name": "post", "key": APPROVED.key, "args": {"total": "12"}, "result": done["result"]}
    undoing = Effect("post", args, field="posted", agent="poster", undoes=APPROVED.key)
    undoing = replace(undoing, status="approved", approved=undoing.digest)
    for _ in range(2):
        effect = run(receiver, database.ledger, undoing)
        assert (effect["status"], effect["result"]) == ("done", {"removed": 1})
    assert books.rows == 0
    assert run(receiver, database.ledger)["generation"] == 2
    assert books.rows == 1


def test_table(database: Database) -> None:
    """A table joins by itself; undone, its row is taken out, and done anew under a key of its own."""
    table = database.table("posted")
    done = run(table, database.ledger)
    assert done["result"] == {"key": APPROVED.key, "total": "12"} == table.lookup(APPROVED.key)
    assert database.ledger.entry(APPROVED.key) == Entry(APPROVED.key, "done", "t", APPROVED.digest, done["result"])
    assert table.compensate(APPROVED.key, {}, None) == {"key": APPROVED.key, "removed": True}
    assert table.compensate(APPROVED.key, {}, None) == {"key": APPROVED.key, "removed": False}
    assert database.table("new").compensate("k", {}, None) == {"key": "k", "removed": False}


def test_ledger_elsewhere(database: Database) -> None:
    """With a ledger elsewhere they are receivers as any other."""
    books, ledger = Books(database), MemoryLedger()
    receiver = database.receiver(books.post, books.remove)
    assert run(receiver, ledger)["status"] == "done"
    assert receiver.compensate is not None
    assert receiver.compensate(APPROVED.key, {}, {"page": 1}) == {"removed": 1}
    assert run(database.table("posted"), MemoryLedger())["status"] == "done"


def test_begun_by_an_older_quorate(database: Database) -> None:
    """An entry that was begun outside of a transaction is settled by asking the table."""
    table = database.table("posted")
    database.ledger.begin(APPROVED.key, name="post", thread="t", digest=APPROVED.digest, args=APPROVED.args)
    database.ledger.release(APPROVED.key)
    assert run(table, database.ledger)["status"] == "done"
    entry = database.ledger.entry(APPROVED.key)
    assert entry is not None
    assert (entry.status, len(table)) == ("done", 1)


def test_many_at_once(database: Database) -> None:
    """Of many threads with one content one executes it, and none fails."""
    books = Books(database)
    receiver = database.receiver(books.post)
    start = Barrier(8)

    def race(number: int) -> str:
        start.wait()
        return str(run(receiver, database.ledger, origin=str(number))["status"])

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(race, range(8))) == ["done", *["duplicate"] * 7]
    assert books.rows == 1


def test_answer_that_is_no_json(database: Database) -> None:
    """An answer that is no JSON is recorded as text, and what was done stays done."""
    books = Books(database)

    def odd(connection: Any, key: str, args: Any) -> Any:
        books.post(connection, key, args)
        return object()

    effect = run(database.receiver(odd), database.ledger)
    assert (effect["status"], books.rows) == ("done", 1)
    assert effect["result"].startswith("<object")
    with pytest.raises(LedgerError, match="plain JSON data"):
        database.ledger.transact("k", name="post", thread="t", digest="d", args={}, work=lambda connection: object())  # type: ignore[attr-defined]
    assert database.ledger.entry("k") is None


def test_receiver_that_ends_the_transaction(sqlite_url: str) -> None:
    """A receiver that commits is an error of the run, which says so; one that opens another transaction, too."""
    with open_database(sqlite_url) as database:
        books = Books(database)

        def commits(connection: Any, key: str, args: Any) -> None:
            books.post(connection, key, args)
            connection.commit()

        def nests(connection: Any, key: str, args: Any) -> None:
            database.table("posted").execute(key, args)

        effect = run(database.receiver(nests), database.ledger)
        assert (effect["status"], len(database.table("posted"))) == ("failed", 0)
        assert "a transaction within a transaction" in effect["note"]
        with pytest.raises(DatabaseError, match="neither commit nor roll back"):
            run(database.receiver(commits), database.ledger)
