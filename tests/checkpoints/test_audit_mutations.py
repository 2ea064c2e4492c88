from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.fakes.tampering import Desk

pytestmark = pytest.mark.long

TABLES = ("quorate_threads", "quorate_checkpoints", "quorate_writes")

EXCEPT = {
    ("quorate_threads", "owner"),  # the run that wrote last: what the fence asks, not what was said
    ("quorate_threads", "generation"),  # tells other processes that rows were taken out
}
"""Columns that hold nothing of what a run has said, and are not proved."""

VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=40), st.binary(max_size=64))


@dataclass
class Base:
    """A small database, and a place to mutate copies of it."""

    desk: Desk
    copy: Desk

    def fresh(self) -> Desk:
        shutil.copyfile(self.desk.path, self.copy.path)
        return self.copy


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    folder = tmp_path_factory.mktemp("mutations")
    desk = Desk(folder / "base.db", turns=3)
    with closing(sqlite3.connect(desk.path)) as connection:
        connection.execute("DROP INDEX quorate_checkpoints_id")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    copy = object.__new__(Desk)
    copy.path, copy.url = folder / "copy.db", f"sqlite:///{folder / 'copy.db'}"
    return Base(desk, copy)


def rows(desk: Desk, table: str) -> list[tuple[Any, ...]]:
    return desk.sql(f"SELECT rowid, * FROM {table} ORDER BY rowid")


def columns(desk: Desk, table: str) -> list[str]:
    return [name for _, name, *_ in desk.sql(f"PRAGMA table_info({table})")]


def order(desk: Desk) -> list[tuple[Any, ...]]:
    """Every event in the order of its line, by its digest."""
    return desk.sql(
        "SELECT line, digest FROM (SELECT line, seq, digest FROM quorate_checkpoints"
        " UNION ALL SELECT line, seq, digest FROM quorate_writes) ORDER BY line, seq"
    )


def mutated(desk: Desk, statement: str, values: tuple[Any, ...]) -> None:
    try:
        desk.sql(statement, values)
    except (sqlite3.IntegrityError, sqlite3.OperationalError):
        assume(False)  # SQLite refuses it


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_change_of_a_column_is_found(base: Base, data: st.DataObject) -> None:
    """Whatever value of whatever column of whatever row becomes another is found, but for those that say nothing."""
    desk = base.fresh()
    table = data.draw(st.sampled_from(TABLES))
    names = columns(desk, table)
    row = data.draw(st.sampled_from(rows(desk, table)))
    column = data.draw(st.sampled_from([name for name in names if (table, name) not in EXCEPT]))
    old = row[1 + names.index(column)]
    others = [each[1 + names.index(column)] for each in rows(desk, table)]
    new = data.draw(st.one_of(changed(old), st.sampled_from(others), VALUES))
    assume(type(new) is not type(old) or new != old)
    before = order(desk)
    mutated(desk, f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row[0]))
    stored = desk.sql(f"SELECT {column} FROM {table} WHERE rowid = ?", (new if column in ("seq", "line") else row[0],))
    assume(stored != [(old,)])  # SQLite has turned it into the old value, as a text of digits into a number
    # A place is only a number: where the order stays, and nothing refers to it, nothing has changed.
    assume(not (table == "quorate_writes" and column == "seq" and order(desk) == before))
    assert desk.audit()


def changed(value: Any) -> st.SearchStrategy[Any]:
    """Values near the old one."""
    if isinstance(value, int):
        return st.integers(max(value - 3, -(2**63)), min(value + 3, 2**63 - 1))
    if isinstance(value, bytes) and value:
        flips = st.tuples(st.integers(0, len(value) - 1), st.integers(1, 255))
        return flips.map(lambda flip: value[: flip[0]] + bytes([value[flip[0]] ^ flip[1]]) + value[flip[0] + 1 :])
    return VALUES


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_row_that_is_taken_out_is_found(base: Base, data: st.DataObject) -> None:
    """Whichever row is deleted, that is found."""
    desk = base.fresh()
    table = data.draw(st.sampled_from(TABLES))
    row = data.draw(st.sampled_from(rows(desk, table)))
    desk.sql(f"DELETE FROM {table} WHERE rowid = ?", (row[0],))
    assert desk.audit()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_row_that_is_put_in_is_found(base: Base, data: st.DataObject) -> None:
    """Whichever event is there a second time, at another place or in another line, that is found."""
    desk = base.fresh()
    table = data.draw(st.sampled_from(TABLES[1:]))
    _, place, line, *rest = data.draw(st.sampled_from(rows(desk, table)))
    line = data.draw(st.sampled_from([line, 1, 2, 3, 4, 5]))
    place = data.draw(st.one_of(st.integers(1, 120), st.integers(1, 2**40)))
    mutated(desk, f"INSERT INTO {table} VALUES ({', '.join('?' * (2 + len(rest)))})", (place, line, *rest))
    assert desk.audit()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_two_rows_that_change_something_are_found(base: Base, data: st.DataObject) -> None:
    """Whatever two rows of a table exchange, that is found."""
    desk = base.fresh()
    table = data.draw(st.sampled_from(TABLES[1:]))
    names = columns(desk, table)
    some = data.draw(st.sets(st.sampled_from(names[1:]), min_size=1))
    every = rows(desk, table)
    one, other = data.draw(st.tuples(st.sampled_from(every), st.sampled_from(every)))
    places = [1 + names.index(name) for name in sorted(some)]
    assume([one[place] for place in places] != [other[place] for place in places])
    for target, source in ((one, other), (other, one)):
        assignments = ", ".join(f"{name} = ?" for name in sorted(some))
        values = (*(source[place] for place in places), target[0])
        mutated(desk, f"UPDATE {table} SET {assignments} WHERE rowid = ?", values)
    before = desk.audit()
    assert before
