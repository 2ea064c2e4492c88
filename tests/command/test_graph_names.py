"""GRAPH: names in langgraph.json, modules, files; and what is wrong with others."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.command.desk import Desk


@pytest.mark.parametrize(
    "graph",
    [
        "desk",
        "listening",
        "desk:team",
        "desk:builder",
        "desk:compiled",
        "desk:tables",
        "desk.py:team",
        "./desk.py:team",
    ],
)
def test_forms(desk: Desk, graph: str) -> None:
    """A name, a module or a file leads to a supervisor, a builder, a compiled graph, or a function that makes one."""
    assert "supervisor(supervisor)" in desk("graph", graph, status=0).out


def test_folder_above(desk: Desk) -> None:
    """`langgraph.json` is looked for in the folders above, and its paths start where it is."""
    inner = Desk(desk.folder / "some" / "folder", desk.environment)
    inner.folder.mkdir(parents=True)
    assert "supervisor(supervisor)" in inner("graph", "desk", status=0).out


def test_dependencies_and_env(desk: Desk) -> None:
    """`dependencies` are importable, and `env` sets what is not set, the database among it, for every command."""
    shutil.move(desk.folder / "desk.py", desk.folder / "source.py")
    desk.write("lib/helper/__init__.py", "from source import builder")
    desk.write("app/graph.py", "from helper import builder\n")
    desk.write(".env", "# settings\nexport QUORATE_DB='sqlite:///from-env.db'\n")
    desk.write(
        "langgraph.json",
        json.dumps(
            {"dependencies": [".", "./lib"], "graphs": {"desk": {"path": "./app/graph.py:builder"}}, "env": ".env"}
        ),
    )
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    assert (desk.folder / "from-env.db").exists()
    assert len(desk("threads", "--json", status=0).lines) == 1


@pytest.mark.parametrize(
    "graph, message",
    [
        ("nonsense", "got no graph of the name 'nonsense'"),
        ("nonsense:team", "got no module 'nonsense'"),
        ("nonsense.py:team", "got no file"),
        ("desk:nonsense", "got no attribute 'nonsense'"),
        ("desk:not_a_team", "got int of no Supervisor"),
        ("desk:leaves", "SystemExit: 3 (at desk.py:"),
        ("desk:with_argument", "a function with the arguments database"),
        ("desk:bad_code", "ZeroDivisionError: division by zero (at desk.py:"),
        ("desk:bad_policy", "got 1.5 expected"),
        ("desk:bad_team", "outcome field 'company'"),
        ("desk:", "expected a name in langgraph.json, or module:attribute"),
    ],
)
def test_wrong_graph(desk: Desk, graph: str, message: str) -> None:
    """A graph that cannot be had is an error before anything runs: what came, what was expected, what to do."""
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    ended = desk("run", graph, "a.txt", status=2)
    for label in ("got", "expected", "fix"):
        assert f"\n  {label} " in ended.err
    assert message in " ".join(ended.err.split())
    assert "Traceback" not in ended.err
    assert desk.log() == []


def test_broken_module(desk: Desk) -> None:
    """A module that does not import is an error that names the line; `--debug` shows the traceback."""
    desk.write("broken_module.py", "import json\n\nimport no_such_package\n")
    ended = desk("graph", "broken_module:graph", status=2)
    assert "ModuleNotFoundError: No module named 'no_such_package' (at broken_module.py:3)" in " ".join(
        ended.err.split()
    )
    assert "Traceback" in desk("--debug", "graph", "broken_module:graph", status=2).err


def test_relative_import(desk: Desk) -> None:
    """A file of a package, given as a file, is an error that says how to write it."""
    desk.write("shop/__init__.py", "")
    desk.write("shop/graph.py", "from .parts import graph\n")
    said = " ".join(desk("graph", "shop/graph.py:graph", status=2).err.split())
    assert "write it as a module: shop.graph:graph" in said


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"graphs": []}', '{"env": "missing.env"}', '{"dependencies": 5}', '{"graphs": {"desk": "nonsense"}}'],
)
def test_wrong_project(desk: Desk, content: str) -> None:
    """A `langgraph.json` that is wrong is an error that names it."""
    desk.write("langgraph.json", content)
    assert "langgraph.json" in desk("graph", "desk", status=2).err


@pytest.mark.parametrize(
    "url, message",
    [
        ("nonsense", "database URL"),
        ("", "an empty URL"),
        ("sqlite:///missing/folder.db", "folder"),
        ("sqlite:///desk.py", "not a SQLite database"),
    ],
)
def test_wrong_database(desk: Desk, url: str, message: str) -> None:
    """A database that cannot be had is an error before anything runs."""
    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    assert message in desk("run", "desk", "a.txt", "--db", url, status=2).err
    assert desk.log() == []


def test_newer_database(desk: Desk) -> None:
    """The database of a newer quorate is an error before anything runs, and stays as it is."""
    import sqlite3

    desk.write("a.txt", "PETRONAS\nTOTAL 12.00\n")
    desk("run", "desk", "a.txt", status=0)
    with sqlite3.connect(desk.folder / "quorate.db") as connection:
        connection.execute("UPDATE quorate_meta SET value = '999' WHERE key = 'schema'")
    assert "made by a newer quorate" in desk("run", "desk", "a.txt", status=2).err
