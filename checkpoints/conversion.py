"""Conversion: a database, encrypted or decrypted as a whole, by the one program that has it open."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress

from ..contracts import DatabaseError
from .address import Address
from .database import Database, open_sealed
from .sealing.encryption import ENCRYPTION, Encryption, Transition, admit
from .sealing.seal import Keyring

__all__ = ["open_to_convert"]


def open_to_convert(address: Address, keyring: Keyring, *, encrypt: bool) -> Database:
    """The database, opened so that `Rotation` encrypts or decrypts it; from now on nobody else opens it.

    Args:
        address: The database.
        keyring: The keys: to seal with, or every one that it is sealed with.
        encrypt: Whether it is to be encrypted; else decrypted.

    Raises:
        DatabaseError: Another program has it open, or a key is missing.
    """
    transition = Transition(keyring, encrypt=encrypt)
    if address.scheme == "sqlite":
        _claim_file(address, transition)
    else:
        _claim_server(address, transition)
    return open_sealed(address, transition)


def _claim_file(address: Address, transition: Transition) -> None:
    with closing(sqlite3.connect(address.path, timeout=1.0, isolation_level=None)) as connection:
        try:
            # In the mode of write-ahead logging this lock is to be had where no other connection is open.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'quorate_meta'").fetchone():
                return  # new, or not quorate's: whoever opens it says so
            row = connection.execute("SELECT value FROM quorate_meta WHERE key = ?", (ENCRYPTION,)).fetchone()
            new = _admitted(None if row is None else row[0], transition, address)
            connection.execute("INSERT OR REPLACE INTO quorate_meta VALUES (?, ?)", (ENCRYPTION, new))
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise DatabaseError(
                    address.shown, got=str(error), expected="a database of quorate", fix="check the file"
                ) from error
            raise _in_use(address, "another program") from error
        finally:
            with suppress(sqlite3.Error):
                connection.rollback()


def _claim_server(address: Address, transition: Transition) -> None:
    from .postgres.schema import schema_of
    from .postgres.server import PostgresServer

    server = PostgresServer(address)
    try:
        with server.connection() as connection:
            if schema_of(connection) is None:
                return
            sql = "SELECT value FROM quorate_meta WHERE key = %s"
            row = connection.execute(sql, (ENCRYPTION,)).fetchone()
            before = None if row is None else row["value"]
            insert = "INSERT INTO quorate_meta VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            connection.execute(insert, (ENCRYPTION, _admitted(before, transition, address)))
            # Who comes now is told; who has come before is seen.
            others = connection.execute(
                "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
            if others is not None and others["n"]:
                connection.execute(insert, (ENCRYPTION, before))
                raise _in_use(address, f"{others['n']} other sessions")
    finally:
        server.close()


def _admitted(found: str | None, transition: Transition, address: Address) -> str | None:
    return admit(Encryption.parse(found, address.shown), transition, empty=False, shown=address.shown).text


def _in_use(address: Address, who: str) -> DatabaseError:
    return DatabaseError(
        address.shown,
        got=f"a database that {who} has open",
        expected="one that nothing else uses while all of it is sealed, or opened",
        fix="stop what uses it, and try again",
    )
