"""Full-text index: documents in SQLite FTS5, found by their words."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from ..contracts import DatabaseError, InputError, Passage, canonical_json

if TYPE_CHECKING:
    import sqlite_utils

__all__ = ["Document", "FullTextIndex"]

_MOST_WORDS = 256
_WAIT = 30  # seconds for another writer


@dataclass(frozen=True, slots=True)
class Document:
    """One text that can be found."""

    key: str
    """Its identity in the index."""
    text: str
    """What is searched."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """What else is known of it, as plain JSON data; not searched."""


class FullTextIndex:
    """Documents in a table of an SQLite database, ranked by BM25 over FTS5.

    It may be used from several threads at once: each call takes a connection of its own, and gives it back.
    Several processes may share one file; a writer waits up to 30 seconds for another. In memory there is one
    connection, and calls take turns.

    Args:
        database: A path, `sqlite:///PATH`, `:memory:`, or a `sqlite_utils.Database` that has a file. The file and
            the table are made by the first `add`.
        table: Name of the table; also the `source` of the passages.
        match: `any`: documents that have at least one word of the query. `all`: that have every word.
        tokenize: FTS5's tokenizer with its options, used when the table is made; such as `porter unicode61` for
            English word stems.

    Raises:
        DatabaseError: The database cannot be opened, or has a table of this name that is no index.
    """

    def __init__(
        self,
        database: str | Path | sqlite_utils.Database,
        table: str = "documents",
        *,
        match: Literal["any", "all"] = "any",
        tokenize: str = "unicode61 remove_diacritics 2",
    ) -> None:
        self.table = table
        self._path = _path_of(database)
        self._join = " OR " if match == "any" else " "
        self._tokenize = tokenize
        self._made = False
        self._turn = Lock()
        self._idle: list[sqlite_utils.Database] = []
        weakref.finalize(self, _close, self._idle)

    def __enter__(self) -> FullTextIndex:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. A later call opens them again; what was in memory is gone."""
        _close(self._idle)
        self._made = False

    def add(self, documents: Iterable[Document]) -> None:
        """Add documents, all or none. One whose key is there already takes its place; the same again changes nothing.

        Raises:
            InputError: A key or a text is no text, or the metadata is not plain JSON data.
            DatabaseError: The database cannot be written.
        """
        rows = [_row(document) for document in documents]
        if not rows:
            return
        with self._database() as db, _written(db, self._path):
            self._make(db)
            db.conn.executemany(
                f"insert into {_quoted(self.table)} (key, text, metadata) values (?, ?, ?)"
                " on conflict (key) do update set text = excluded.text, metadata = excluded.metadata"
                " where text is not excluded.text or metadata is not excluded.metadata",
                rows,
            )
        self._made = True

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the documents of these keys; a key that is not there changes nothing."""
        with self._database() as db:
            if self._exists(db):
                with _written(db, self._path):
                    db.conn.executemany(
                        f"delete from {_quoted(self.table)} where key = ?", [(_clean(key),) for key in keys]
                    )

    def get(self, key: str) -> Document | None:
        """The document of this key, or None."""
        with self._database() as db:
            if not self._exists(db):
                return None
            sql = f"select key, text, metadata from {_quoted(self.table)} where key = ?"
            row = db.execute(sql, [_clean(key)]).fetchone()
        return Document(row[0], row[1], json.loads(row[2])) if row else None

    def __len__(self) -> int:
        """The number of documents."""
        with self._database() as db:
            return int(db.table(self.table).count) if self._exists(db) else 0

    def search(self, query: str, k: int = 5) -> list[Passage]:
        """The `k` best passages for the words of a query, best first; equal scores in the order of their keys.

        Any text is a query: its words are quoted, and no character has a meaning of its own. The first 256 different
        words count. A query without a word finds nothing. The score is BM25 with its sign turned: above 0, more is
        better, comparable within one search only.
        """
        words = list(dict.fromkeys(_clean(query).split()))[:_MOST_WORDS]
        with self._database() as db:
            # Word by word: `quote_fts` leaves syntax in a query that has a line break between two quotation marks.
            quoted = [quoted for word in words if (quoted := db.quote_fts(word))]
            if not quoted or k < 1 or not self._exists(db):
                return []
            table, fts = _quoted(self.table), _quoted(f"{self.table}_fts")
            sql = (
                f"select d.key, d.text, f.rank from {fts} f join {table} d on d.id = f.rowid"
                f" where {fts} match ? order by f.rank, d.key limit ?"
            )
            found = db.execute(sql, [self._join.join(quoted), k]).fetchall()
        return [Passage(self.table, key, text, score=-rank) for key, text, rank in found]

    @contextmanager
    def _database(self) -> Iterator[sqlite_utils.Database]:
        if self._path == ":memory:":
            with self._turn:
                if not self._idle:
                    self._idle.append(_opened(self._path))
                yield self._idle[0]
            return
        try:
            db = self._idle.pop()
        except IndexError:
            db = _opened(self._path)
        try:
            yield db
        finally:
            self._idle.append(db)

    def _exists(self, db: sqlite_utils.Database) -> bool:
        if not self._made and db.table(self.table).exists():
            columns = set(db.table(self.table).columns_dict)
            if not columns >= {"id", "key", "text", "metadata"} or not db.table(f"{self.table}_fts").exists():
                raise DatabaseError(
                    f"{self._path}, table {self.table!r}",
                    got=f"a table with columns {', '.join(sorted(columns))}",
                    expected="a full-text index, or no table",
                    fix="give the index a table name of its own",
                )
            self._made = True
        return self._made

    def _make(self, db: sqlite_utils.Database) -> None:
        if self._exists(db):
            return
        # An integer key of its own: SQLite may renumber rows that have none, and the index finds them by number.
        columns = {"id": int, "key": str, "text": str, "metadata": str}
        table = db.table(self.table).create(columns, pk="id", not_null={"key", "text", "metadata"})
        table.create_index(["key"], unique=True)
        table.enable_fts(["text"], create_triggers=True, tokenize=self._tokenize)


def _path_of(database: str | Path | sqlite_utils.Database) -> str:
    if isinstance(database, str | Path):
        path = str(database).removeprefix("sqlite:///")
        if path == ":memory:":
            return path
        if path and "://" not in path:
            return str(Path(path).absolute())
        got = repr(str(database))
    else:
        path = database.conn.execute("pragma database_list").fetchone()[2]
        if path:
            return str(path)
        got = "a Database in memory, which only its own thread can use"
    raise DatabaseError(
        "full-text index", got=got, expected="a path, sqlite:///PATH or ':memory:'", fix="pass the path of a file"
    )


def _opened(path: str) -> sqlite_utils.Database:
    import sqlite_utils

    try:
        # Each connection is used by one thread at a time, but not always by the same.
        db = sqlite_utils.Database(sqlite3.connect(path, timeout=_WAIT, check_same_thread=False))
        db.execute("pragma schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        if _is_busy(error):
            raise
        raise DatabaseError(
            path, got=str(error), expected="an SQLite database in an existing folder", fix="check the path"
        ) from error
    return db


def _close(connections: list[sqlite_utils.Database]) -> None:
    while connections:
        connections.pop().close()


@contextmanager
def _written(db: sqlite_utils.Database, path: str) -> Iterator[None]:
    """One transaction that may write from its start, so that another writer cannot make it fail half way."""
    try:
        db.conn.execute("begin immediate")
        yield
        db.conn.execute("commit")
    except sqlite3.DatabaseError as error:
        db.rollback()
        if _is_busy(error):
            raise
        raise DatabaseError(
            path, got=str(error), expected="a database that can be written", fix="check its permissions and the disk"
        ) from error
    except BaseException:
        db.rollback()
        raise


def _is_busy(error: sqlite3.DatabaseError) -> bool:
    """Whether another connection was in the way, so that another attempt may go better."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _row(document: Document) -> tuple[str, str, str]:
    where = f"document {document.key!r}"
    if not isinstance(document.key, str) or not document.key or not isinstance(document.text, str):
        raise InputError(where, got=f"key {document.key!r}", expected="a key and a text", fix="give it both as text")
    try:
        metadata = canonical_json(dict(document.metadata))
    except (TypeError, ValueError) as error:
        raise InputError(where, got=str(error), expected="metadata as plain JSON data", fix="convert it") from error
    return _clean(document.key), _clean(document.text), _clean(metadata)


def _clean(text: str) -> str:
    """The text without what SQLite cannot take: halves of surrogate pairs, and NUL, at which it would end."""
    return text.encode("utf-8", "ignore").decode().replace("\0", " ")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
