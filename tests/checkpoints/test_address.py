from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.checkpoints.address import Address
from quorate.contracts import DatabaseError


@pytest.mark.parametrize(
    "url, path",
    [
        ("sqlite:///desk.db", Path.cwd() / "desk.db"),
        ("sqlite:///data/desk.db", Path.cwd() / "data/desk.db"),
        ("sqlite:////srv/desk.db", Path("/srv/desk.db")),
        ("sqlite:////srv/with space & %20.db", Path("/srv/with space & %20.db")),
    ],
)
def test_sqlite_path(url: str, path: Path) -> None:
    """Three slashes stand before a path relative to the current folder, four before an absolute one."""
    assert Address.parse(url).path == path


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_postgres_schemes(scheme: str) -> None:
    """Both schemes that libpq knows are taken, and the URL stays as it is."""
    url = f"{scheme}://user@/name?host=/run/postgresql"
    address = Address.parse(url)
    assert (address.scheme, address.url, address.shown) == ("postgresql", url, url)


@pytest.mark.parametrize(
    "url", ["", "desk.db", "mysql://host/name", "postgresql+psycopg://h/n", "sqlite:desk.db", "://"]
)
def test_another_form_is_refused(url: str) -> None:
    """A URL of another form is refused with the two forms that are known."""
    with pytest.raises(DatabaseError, match=r"sqlite:///file\.db .* postgresql://"):
        Address.parse(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://desk.db"])
def test_no_file_name(url: str) -> None:
    """A SQLite URL without a file name after three slashes is refused."""
    with pytest.raises(DatabaseError, match="three slashes"):
        Address.parse(url)


def test_memory_is_refused() -> None:
    """A database in memory is refused, because the saver and the ledger could not share it."""
    with pytest.raises(DatabaseError, match="MemoryLedger"):
        Address.parse("sqlite:///:memory:")


def test_options_are_refused() -> None:
    """Options after a SQLite path are refused, instead of becoming part of a file's name."""
    with pytest.raises(DatabaseError, match="without options"):
        Address.parse("sqlite:///desk.db?mode=ro")


@pytest.mark.parametrize(
    "url, shown",
    [
        ("postgresql://u:secret@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:secret@h1:1,h2:2/n?x=1", "postgresql://u:***@h1:1,h2:2/n?x=1"),
        ("postgresql://u@h/n?password=secret&x=1", "postgresql://u@h/n?password=***&x=1"),
        ("postgresql://u@h/n?sslpassword=secret", "postgresql://u@h/n?sslpassword=***"),
        ("postgresql://u:se:cr@et@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:se/cret@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:se?cret@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:se?c=ret@h/n", "postgresql://u:***@h/n"),
        ("postgresql://u:@/n?host=/run", "postgresql://u:@/n?host=/run"),
        ("postgresql://h:5432/n?user=me@corp", "postgresql://h:5432/n?user=me@corp"),
        ("mysql://u:secret@h/n", "mysql://u:***@h/n"),
    ],
)
def test_password_is_hidden(url: str, shown: str) -> None:
    """The password is hidden wherever it stands in the URL, also where it was not escaped as it should be."""
    if url.startswith("mysql"):
        with pytest.raises(DatabaseError) as error:
            Address.parse(url)
        assert shown in str(error.value)
    else:
        assert Address.parse(url).shown == shown


@given(st.text(st.characters(codec="ascii", exclude_characters="&#"), min_size=5).map("pw".__add__))
def test_no_password_is_ever_shown(password: str) -> None:
    """No password is shown by the address, nor by a driver's message that repeats the URL or the password."""
    url = f"postgresql://user:{password}@host/name"
    address = Address.parse(url)
    message = address.scrub(f'invalid URI\n"{url}": password {password}')
    assert password not in repr(address)
    assert password not in address.shown
    assert " ".join(password.split()) not in message


def test_message_hides_the_decoded_password() -> None:
    """A driver's message that holds the password without its percent signs does not show it either."""
    assert "p@ss" not in Address.parse("postgresql://u:p%40ss@h/n").scrub("no entry for p@ss")
