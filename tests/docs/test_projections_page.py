"""The page on projections: it describes every column as the database does, and its questions have answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.projected import query
from tests.fakes.till import Till

from quorate.checkpoints import open_database
from quorate.checkpoints.projection.column import ProjectedTable, ProjectedView
from quorate.checkpoints.projection.layout import ABOUT_COLUMNS, ABOUT_TABLES, SOURCE
from quorate.checkpoints.projection.projection import project
from quorate.checkpoints.projection.tables import TABLES
from quorate.checkpoints.projection.views import VIEWS

PAGE = Path(__file__).parents[2] / "docs" / "projections.md"
QUERIES = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def section(described: ProjectedTable | ProjectedView) -> str:
    """What the page says of a table or view."""
    key = described.key if isinstance(described, ProjectedTable) else 0
    lines = [
        f"### {described.name}",
        "",
        described.meaning,
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    for place, column in enumerate(described.columns):
        name = f"**`{column.name}`**" if place < key else f"`{column.name}`"
        lines.append(f"| {name} | {column.type} | {column.unit} | {column.meaning} |".replace("|  |", "| |"))
    return "\n".join(lines) + "\n"


def sections() -> str:
    """What the page says of all tables and views."""
    parts = ["## Tables\n", *map(section, TABLES), "## Views\n", *map(section, VIEWS)]
    parts += ["## About the tables\n", *map(section, (ABOUT_TABLES, ABOUT_COLUMNS, SOURCE))]
    return "\n".join(parts)


def test_columns() -> None:
    """The page ends with the tables and views, column by column, as the database itself describes them."""
    assert PAGE.read_text(encoding="utf-8").endswith("\n\n" + sections())


@pytest.fixture(scope="module")
def sqlite_desk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of projected threads of every kind."""
    url = f"sqlite:///{tmp_path_factory.mktemp('desk') / 'desk.db'}"
    with open_database(url) as database:
        fill(database)
        project(database)
    return url


def fill(database: Any) -> None:
    with database.saver() as saver:
        till = Till(database, saver)
        for text in ("1 ! 2", "1 2", "3 3", "9 9"):
            till.open(text, text)
        till.answer("1 ! 2", "edit")
        till.run_other("other")


@pytest.mark.parametrize("sql", QUERIES)
def test_questions_in_sqlite(sqlite_desk: str, sql: str) -> None:
    """Each question of the page has an answer in SQLite, but for what may have happened outside."""
    assert bool(query(sqlite_desk, sql)) is ("'unknown'" not in sql)


def test_questions_in_postgres(sqlite_desk: str, empty_postgres_url: str) -> None:
    """Each question of the page has the same number of answers in Postgres."""
    with open_database(sqlite_desk) as database:
        project(database, to=empty_postgres_url)
    for sql in QUERIES:
        assert len(query(empty_postgres_url, sql)) == len(query(sqlite_desk, sql)), sql
