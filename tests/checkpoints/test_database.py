from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from langgraph.graph import START, StateGraph
from tests.fakes.graph_player import thread
from tests.fakes.zygote import Zygote

from quorate.checkpoints import open_database
from quorate.checkpoints.sqlite.file import SqliteFile
from quorate.contracts import DatabaseError

CHILD_FORGETS = """
import ctypes, sys
from quorate.checkpoints import open_database

database = open_database(sys.argv[1])
database.table("receipts").execute("k", {"total": 1})
ctypes.pythonapi.Py_IncRef(ctypes.py_object(database))  # something holds it to the end, as a compiled schema may
"""


def test_threads_that_ask_at_once_get_one_log(database_url: str) -> None:
    """However many threads ask for savers at the same moment, there is one writer, which is closed at the end."""
    with open_database(database_url) as database, ThreadPoolExecutor(16) as threads:
        start = Barrier(16)
        found = list(threads.map(lambda _: (start.wait(60), database.log)[1], range(16)))
        assert all(each is database.log for each in found)


def test_default_is_a_file_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a URL and without the environment variable the database is quorate.db in the current folder."""
    monkeypatch.delenv("QUORATE_DB", raising=False)
    monkeypatch.chdir(tmp_path)
    with open_database() as database:
        assert database.url == "sqlite:///quorate.db"
    assert (tmp_path / "quorate.db").is_file()


def test_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """QUORATE_DB names the database where no URL is given."""
    monkeypatch.setenv("QUORATE_DB", f"sqlite:///{tmp_path}/other.db")
    with open_database() as database:
        assert database.url.endswith("other.db")


def test_relative_path_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A later change of the current folder does not make a second file."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with open_database("sqlite:///desk.db") as database:
        monkeypatch.chdir(tmp_path / "elsewhere")
        with database.saver() as saver:
            assert saver.get_tuple({"configurable": {"thread_id": "1"}}) is None
    assert not list((tmp_path / "elsewhere").iterdir())


def test_reopening_keeps_everything(database_url: str) -> None:
    """What was written is there for the next handle."""
    with open_database(database_url) as database:
        assert database.ledger.begin("k", name="post", thread="t", digest="d", args={}) is None
        database.table("receipts").execute("k", {"company": "ACME"})
    with open_database(database_url) as database:
        assert database.ledger.entry("k") is not None
        assert database.table("receipts").lookup("k") == {"key": "k", "company": "ACME"}


def test_new_database_has_no_threads(database_url: str) -> None:
    """A new database lists no threads."""
    with open_database(database_url) as database:
        assert database.threads() == []


def test_closed_database_says_so(database_url: str) -> None:
    """A closed handle raises DatabaseError instead of a driver's error."""
    database = open_database(database_url)
    database.close()
    with pytest.raises(DatabaseError, match="open the database again"):
        database.ledger.entry("k")
    with pytest.raises(DatabaseError, match="open the database again"):
        database.threads()


def test_saver_after_the_end(database_url: str) -> None:
    """A saver reads and writes within its block, also where the database is closed before; after it neither."""
    database = open_database(database_url)
    graph = StateGraph(dict).add_node("node", lambda state: {"a": 1}).add_edge(START, "node")
    with database.saver() as saver:
        database.close()
        graph.compile(checkpointer=saver).invoke({}, thread("t"))
        assert saver.get_tuple(thread("t")) is not None
    with pytest.raises(DatabaseError, match="open the database again"):
        saver.get_tuple(thread("t"))
    with pytest.raises(DatabaseError, match="database was closed"):
        saver.delete_thread("t")


def test_many_processes_open_a_new_database_at_once(zygote: Zygote, database_url: str, tmp_path: Path) -> None:
    """Several processes may open, and so make, one database at the same time."""
    children = [zygote.start("open_and_count", database_url, str(tmp_path / f"said{number}")) for number in range(4)]
    assert [zygote.wait(child) for child in children] == [0] * 4


def test_sqlite_file_is_durable_and_shared(sqlite_url: str) -> None:
    """The file uses write-ahead logging, and each connection to it waits for its commits to be on disk."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with open_database(sqlite_url):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        file = SqliteFile(path, sqlite_url)
        with closing(file.connect()) as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
            assert connection.execute("PRAGMA fullfsync").fetchone() == (1,)
            assert connection.execute("PRAGMA busy_timeout").fetchone()[0] >= 10_000
        file.close()


def _refused(url: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        open_database(url)


def test_parent_folder_must_exist(tmp_path: Path) -> None:
    """A folder that does not exist is an error, and is not made."""
    _refused(f"sqlite:///{tmp_path}/no/desk.db", "folder .* does not exist.*make the folder")
    assert not (tmp_path / "no").exists()


def test_folder_is_refused(tmp_path: Path) -> None:
    """A folder in place of the file is an error."""
    _refused(f"sqlite:///{tmp_path}", "got a folder")


def test_device_is_refused() -> None:
    """Something that is not a plain file is an error."""
    _refused("sqlite:////dev/null", "not a plain file")


@pytest.mark.parametrize("content", [b"x", b"hello, world\n" * 1000, b"\x00" * 4096])
def test_other_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    """A file that is not SQLite is an error, and stays as it is."""
    (tmp_path / "notes.txt").write_bytes(content)
    _refused(f"sqlite:///{tmp_path}/notes.txt", "not a SQLite database")
    assert (tmp_path / "notes.txt").read_bytes() == content


def test_torn_file_is_refused(tmp_path: Path) -> None:
    """A file that begins as SQLite and is rubbish after that is an error."""
    (tmp_path / "torn.db").write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    _refused(f"sqlite:///{tmp_path}/torn.db", "torn.db")


def test_empty_file_is_a_new_database(tmp_path: Path) -> None:
    """An empty file becomes the database."""
    (tmp_path / "new.db").touch()
    open_database(f"sqlite:///{tmp_path}/new.db").close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can make files")
def test_unwritable_folder_is_refused() -> None:
    """A folder in which no file can be made is an error that speaks of permissions."""
    _refused("sqlite:////proc/self/desk.db", "check the permissions")


CHILD_WITHOUT_RIGHTS = """
import os, sys
import quorate.checkpoints.sqlite.database
from quorate.checkpoints import open_database

if os.geteuid() == 0:  # root may write to every file
    os.seteuid(65534)
open_database(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="the modes of files are those of POSIX")
@pytest.mark.parametrize(
    "folder_mode, file_mode", [(0o777, 0o444), (0o777, 0o000), (0o555, 0o666), (0o555, 0o444), (0o000, 0o666)]
)
def test_missing_rights_are_explained(folder_mode: int, file_mode: int) -> None:
    """A file or folder that may not be written, or not even be read, is an error that speaks of permissions."""
    with tempfile.TemporaryDirectory(prefix="quorate-rights-") as outer:
        folder = Path(outer, "folder")
        folder.mkdir()
        open_database(f"sqlite:///{folder}/desk.db").close()
        (folder / "desk.db").chmod(file_mode)
        folder.chmod(folder_mode)
        Path(outer).chmod(0o755)
        command = [sys.executable, "-c", CHILD_WITHOUT_RIGHTS, f"sqlite:///{folder}/desk.db"]
        child = subprocess.run(command, capture_output=True, text=True, check=False)
        folder.chmod(0o755)
    assert "quorate.contracts.errors.DatabaseError: sqlite:///" in child.stderr
    assert "check the permissions" in child.stderr


def _set_schema(url: str, value: str) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.execute("UPDATE quorate_meta SET value = ? WHERE key = 'schema'", (value,))
        connection.close()
    else:
        import psycopg

        with psycopg.connect(url) as server:
            server.execute("UPDATE quorate_meta SET value = %s WHERE key = 'schema'", (value,))


def test_newer_database_is_refused(database_url: str) -> None:
    """A database made by a newer quorate is an error that names both versions and says to upgrade."""
    open_database(database_url).close()
    _set_schema(database_url, "7")
    _refused(database_url, "schema 7.*schema 2.*upgrade quorate")


def test_newer_file_stays_as_it_is(sqlite_url: str) -> None:
    """A newer quorate's file is not even changed into write-ahead logging."""
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE quorate_meta (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("INSERT INTO quorate_meta VALUES ('schema', '3')")
    connection.close()
    before = path.read_bytes()
    _refused(sqlite_url, "upgrade quorate")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "table, says",
    [
        ("bookmarks (id INTEGER)", "the table bookmarks"),
        ("checkpoints (id INTEGER, note TEXT)", "the table checkpoints of another form"),
    ],
)
def test_foreign_file_stays_as_it_is(tmp_path: Path, table: str, says: str) -> None:
    """A SQLite file of another program is refused, and nothing is written to it."""
    path = tmp_path / "foreign.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"CREATE TABLE {table}")
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match=f"not a quorate database: it has {says}"):
        open_database(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_rubbish_version_is_refused(database_url: str) -> None:
    """A version that is not a number is an error."""
    open_database(database_url).close()
    _set_schema(database_url, "new")
    _refused(database_url, "schema 'new'")


def test_locked_file_is_explained(sqlite_url: str) -> None:
    """A file that another program keeps locked is an error that says so."""
    open_database(sqlite_url).close()
    code = (
        "import sys, quorate.checkpoints.sqlite.file as f; f.WAIT = 0.1\n"
        "from quorate.checkpoints import open_database; open_database(sys.argv[1])"
    )
    holder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    holder.execute("BEGIN IMMEDIATE")
    try:
        child = subprocess.run([sys.executable, "-c", code, sqlite_url], capture_output=True, text=True, check=False)
    finally:
        holder.close()
    assert "DatabaseError" in child.stderr
    assert "end the other program" in child.stderr


def test_no_server_is_explained(tmp_path: Path) -> None:
    """A server that does not answer is an error that says what to check."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    _refused(f"postgresql://u@/n?host={tmp_path}", "check host, port")


def test_missing_postgres_database_is_explained(postgres_url: str) -> None:
    """A Postgres database that does not exist is an error that names it."""
    _refused(postgres_url.replace("/postgres?", "/nowhere?"), "nowhere")


@pytest.mark.parametrize("rest", ["u:hunter2@[h/n", "u:hunter2@h/n?nothing=1", "u@h/n?password=hunter2&x"])
def test_errors_of_the_driver_show_no_password(rest: str) -> None:
    """A Postgres URL that the driver refuses is an error without the password, in the message and in the traceback."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with pytest.raises(DatabaseError, match="correct the URL") as error:
        open_database(f"postgresql://{rest}")
    assert "hunter2" not in str(error.getrepr(style="short"))
    assert "hunter2" not in str(error.value)


def test_repr_shows_no_password(empty_postgres_url: str) -> None:
    """The handle's repr shows the URL without its password; its `url` keeps it."""
    url = empty_postgres_url.replace("postgres:@", "postgres:hunter2@")
    with open_database(url) as database:
        assert "hunter2" not in repr(database)
        assert database.url == url


def test_missing_extra_is_named(tmp_path: Path) -> None:
    """Without psycopg a Postgres URL is an error that names the extra to install."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from quorate.checkpoints import open_database; open_database('postgresql://u:hunter2@h/n')"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "pip install 'quorate[postgres]'" in child.stderr
    assert "quorate.contracts.errors.QuorateError: postgresql://u:***@h/n" in child.stderr


def test_import_stays_cheap() -> None:
    """Importing quorate.checkpoints imports no driver and no saver."""
    code = "import sys, quorate.checkpoints; print(*sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = ("psycopg", "aiosqlite", "sqlite_utils", "langgraph.checkpoint.sqlite", "langgraph.checkpoint.postgres")
    assert not [name for name in child.stdout.split() if name.startswith(heavy)]


def test_a_user_without_the_right_to_make_tables(empty_postgres_url: str) -> None:
    """Where an administrator has made the tables, a user who may only read and write rows can open the database."""
    import psycopg

    open_database(empty_postgres_url).close()
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        clerk = f"clerk_of_{connection.info.dbname}"  # a role belongs to the server, not to the database
        connection.execute(f"CREATE ROLE {clerk} LOGIN")
        connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {clerk}")
    with open_database(empty_postgres_url.replace("postgres:@", f"{clerk}@")) as database:
        assert database.ledger.begin("k", name="post", thread="t", digest="d", args={}) is None
        with pytest.raises(DatabaseError, match="grant the rights"):
            database.table("receipts").execute("k", {"total": 1})


def test_ledger_commits_are_on_disk_whatever_the_server_says(empty_postgres_url: str) -> None:
    """A server that commits before the write is on disk does not do so for the ledger."""
    import psycopg

    from quorate.checkpoints.address import Address
    from quorate.checkpoints.postgres.server import PostgresServer

    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")
    server = PostgresServer(Address.parse(empty_postgres_url))
    with server.transaction() as connection:
        assert connection.execute("SHOW synchronous_commit").fetchone() == {"synchronous_commit": "on"}
    server.close()


def test_one_file_after_the_process(tmp_path: Path) -> None:
    """A process that ends without closing its database leaves one file that holds everything, without its log."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    subprocess.run([sys.executable, "-c", CHILD_FORGETS, url], check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["desk.db"]
    with open_database(url) as database:
        assert database.table("receipts").rows() == [{"key": "k", "total": 1}]
