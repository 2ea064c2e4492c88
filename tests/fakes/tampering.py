"""Tampering: a small database of real runs, with what somebody may do to its file behind quorate's back."""

from __future__ import annotations

import operator
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import ormsgpack
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit, heads_of
from quorate.checkpoints.audit.finding import Finding
from quorate.checkpoints.audit.signature import Head
from quorate.checkpoints.log.digest import chain
from quorate.checkpoints.log.envelope import unwrap, unwrap_salted, wrap
from quorate.checkpoints.log.pruned import pruning_of, row_digest

__all__ = ["Desk", "repacked"]

WORDS = "a line of the conversation that is long enough to be stored as what was added, number "


class State(TypedDict, total=False):
    log: Annotated[list[str], operator.add]
    note: str
    label: str


class Inner(TypedDict, total=False):
    note: str
    seen: Annotated[list[str], operator.add]


def _node(name: str) -> Any:
    return lambda state: {"log": [f"{name}: {WORDS}{len(state['log'])}"], "note": f"{name} was here"}


def build() -> StateGraph[Any, Any, Any, Any]:
    """Two nodes, and a subgraph that remembers."""
    inner = StateGraph(Inner).add_node("c", lambda state: {"seen": [f"{WORDS}{len(state['seen'])}"]})
    inner.add_edge(START, "c").add_edge("c", END)
    builder = StateGraph(State).add_node("a", _node("a")).add_node("b", _node("b"))
    builder.add_node("inner", inner.compile(checkpointer=True))
    return builder.add_edge(START, "a").add_edge("a", "b").add_edge("b", "inner").add_edge("inner", END)


class Desk:
    """A small database of real runs on the threads t and u.

    Args:
        path: The file, which does not exist yet.
        turns: How many runs each thread has.
    """

    def __init__(self, path: Path, turns: int = 3) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        with open_database(self.url) as database, database.saver() as saver:
            graph = build().compile(checkpointer=saver)
            for turn in range(turns):
                for thread in ("t", "u"):
                    value = {"log": [f"turn {turn} of {thread}"]} | ({} if turn else {"label": thread})
                    graph.invoke(value, {"configurable": {"thread_id": thread}})

    def audit(self, heads: Iterable[Head] = (), thread: str | None = None) -> list[Finding]:
        """What an audit finds."""
        with open_database(self.url) as database:
            return list(Audit(database.log.store, database.log.sealer, heads=heads, thread=thread))

    def heads(self) -> list[Head]:
        """Where each line stands."""
        with open_database(self.url) as database:
            return list(heads_of(database.log.store, database.log.sealer, datetime.now(UTC)))

    def sql(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Do something in the file, with no index and no column's type to stand in the way, and give the rows."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')")
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("DROP INDEX IF EXISTS quorate_checkpoints_id")
            return connection.execute(statement, values).fetchall()

    def line(self, thread: str = "t", namespace: str = "") -> int:
        """The number of a line."""
        ((number,),) = self.sql(
            "SELECT line FROM quorate_threads WHERE thread = ? AND namespace = ?", (thread, namespace)
        )
        return int(number)

    def checkpoints(self, thread: str = "t", namespace: str = "") -> list[tuple[int, str]]:
        """Place and id of each checkpoint of a line, in order."""
        sql = "SELECT seq, id FROM quorate_checkpoints WHERE line = ? ORDER BY seq"
        return self.sql(sql, (self.line(thread, namespace),))

    def writes(self, thread: str = "t", namespace: str = "") -> list[tuple[int, str]]:
        """Place and task of each row of writes of a line, in order."""
        sql = "SELECT seq, task FROM quorate_writes WHERE line = ? ORDER BY seq"
        return self.sql(sql, (self.line(thread, namespace),))

    def forge(
        self, place: int, change: Callable[[Any], Any], table: str = "quorate_checkpoints", thread: str = "t"
    ) -> None:
        """Replace what a line's last event, a pruning, has carried on, and make that event and the line's end anew."""
        line = self.line(thread)
        self.rewrite(place, change, table)
        with open_database(self.url) as database, database.log.store.reading() as reader:
            *_, before, last = reader.events(line)
            row = next(row for row in reader.events(line) if row.seq == place)
        pruning = pruning_of(last, unwrap(last.payload, ""), "test")
        assert pruning is not None
        forged = replace(pruning, rows={**pruning.rows, place: row_digest(row, b"", unwrap(row.payload, ""))})
        tip = chain(before.digest, forged.digest(b""))
        sql = "UPDATE quorate_writes SET payload = ?, digest = ? WHERE seq = ?"
        self.sql(sql, (wrap(forged.content), tip, last.seq))
        self.sql("UPDATE quorate_threads SET tip = ? WHERE line = ?", (tip, line))

    def rewrite(self, place: int, change: Callable[[Any], Any], table: str = "quorate_checkpoints") -> None:
        """Replace a row's payload by one that says something else."""
        ((payload,),) = self.sql(f"SELECT payload FROM {table} WHERE seq = ?", (place,))
        self.sql(f"UPDATE {table} SET payload = ? WHERE seq = ?", (repacked(payload, change), place))


def repacked(payload: bytes, change: Callable[[Any], Any]) -> bytes:
    """A payload that says something else, in the form that quorate writes."""
    salt, content = unwrap_salted(payload, "test")
    options = {"ext_hook": ormsgpack.Ext, "option": ormsgpack.OPT_NON_STR_KEYS}
    changed = change(ormsgpack.unpackb(content, **options))  # type: ignore[arg-type]
    return wrap(ormsgpack.packb(changed, option=ormsgpack.OPT_NON_STR_KEYS), salt)
