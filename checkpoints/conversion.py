"""Conversion: a database, encrypted or decrypted as a whole, by the one program that has it open."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

from ..contracts import DatabaseError
from .address import Address
from .database import Database, open_sealed
from .schema import check_schema
from .sealing.encryption import ENCRYPTION, Encryption, Transition, admit
from .sealing.seal import Keyring
from .sqlite.file import explained

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow

__all__ = ["open_to_convert"]

_LINGER = 2.0
"""How long a session that was closed may still be seen, in seconds."""


def open_to_convert(address: Address, keyring: Keyring, *, encrypt: bool) -> Database:
    """The database, opened so that `Rotation` encrypts or decrypts it; from now on nobody else opens it.

    Args:
        address: The database.
        keyring: The keys: to seal with, or every one that it is sealed with.
        encrypt: Whether it is to be encrypted; else decrypted.

    Raises:
        DatabaseError: Another program has it open, a key is missing, or it is a newer quorate's; it stays as it is.
    """
    transition = Transition(keyring, encrypt=encrypt)
    if address.scheme == "sqlite":
        _claim_file(address, transition)
    else:
        _claim_server(address, transition)
    return open_sealed(address, transition)


def _claim_file(address: Address, transition: Transition) -> None:
    with explained(address.shown), closing(sqlite3.connect(address.path, timeout=1.0, isolation_level=None)) as file:
        try:
            # In the mode of write-ahead logging this lock is to be had where no other connection is open.
            file.execute("PRAGMA locking_mode=EXCLUSIVE")
            file.execute("BEGIN EXCLUSIVE")
            if not file.execute("SELECT 1 FROM sqlite_master WHERE name = 'quorate_meta'").fetchone():
                return  # new, or not quorate's: whoever opens it says so
            found = dict(file.execute("SELECT key, value FROM quorate_meta").fetchall())
            check_schema(found.get("schema"), address.shown)
            new = _admitted(found.get(ENCRYPTION), transition, address)
            file.execute("INSERT OR REPLACE INTO quorate_meta VALUES (?, ?)", (ENCRYPTION, new))
            file.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise _in_use(address, "another program") from error
        finally:
            with suppress(sqlite3.Error):
                file.rollback()


def _claim_server(address: Address, transition: Transition) -> None:
    from .postgres.schema import schema_of
    from .postgres.server import PostgresServer

    server = PostgresServer(address)
    try:
        with server.connection() as connection:
            schema = schema_of(connection)
            if schema is None:
                return
            check_schema(schema, address.shown)
            sql = "SELECT value FROM quorate_meta WHERE key = %s"
            row = connection.execute(sql, (ENCRYPTION,)).fetchone()
            before = None if row is None else row["value"]
            insert = "INSERT INTO quorate_meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            connection.execute(insert, (ENCRYPTION, _admitted(before, transition, address)))
            # Who comes now is told; who has come before is seen.
            if others := _others(connection):
                connection.execute(insert, (ENCRYPTION, before))
                raise _in_use(address, f"{others} other session{'s' * (others != 1)}")
    finally:
        server.close()


def _others(connection: Connection[DictRow]) -> int:
    """How many other sessions there are: for a moment the server may still tell of one that was closed."""
    deadline = time.monotonic() + _LINGER
    while True:
        found = connection.execute(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND (backend_type = 'client backend'"
            # Of another user's session a user without privileges sees that it is there, and not what it is.
            " OR backend_type IS NULL AND usesysid IS NOT NULL)"
        ).fetchone()
        others = 0 if found is None else int(found["n"])
        if not others or time.monotonic() > deadline:
            return others
        time.sleep(0.05)


def _admitted(found: str | None, transition: Transition, address: Address) -> str | None:
    return admit(Encryption.parse(found, address.shown), transition, empty=False, shown=address.shown).text


def _in_use(address: Address, who: str) -> DatabaseError:
    return DatabaseError(
        address.shown,
        got=f"a database that {who} has open",
        expected="one that nothing else uses while all of it is sealed, or opened",
        fix="stop what uses it, and try again",
    )
