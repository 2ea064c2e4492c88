"""Rows into which somebody wrote a command to run: what reads them runs nothing, with no environment variable set."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from langgraph.checkpoint.serde import jsonplus
from tests.fakes.tampering import Desk

READER = """
import json, sys
from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit
from quorate.contracts import QuorateError

for path in sys.argv[1:]:
    with open_database(f"sqlite:///{path}") as database, database.saver() as saver:
        thread = {"configurable": {"thread_id": "t"}}
        outcomes = []
        for read in (
            lambda: saver.get_tuple(thread),
            lambda: list(saver.list(thread)),
            lambda: saver.get_delta_channel_history(config=thread, channels=["log"]),
            lambda: database.threads(),
            lambda: list(Audit(database.log.store, database.log.sealer)),
        ):
            try:
                outcomes.append(repr(read())[:200])
            except QuorateError as error:
                outcomes.append(f"refused: {error.got}")
        print(json.dumps(outcomes))
"""

STOCK = """
import sys
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

JsonPlusSerializer(pickle_fallback=True).loads_typed((sys.argv[1], bytes.fromhex(sys.argv[2])))
"""


class Command:
    """Pickled, it is the call of a command."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def extension(code: int, *content: Any) -> ormsgpack.Ext:
    return ormsgpack.Ext(code, ormsgpack.packb(content))


def extensions(command: str) -> Iterator[ormsgpack.Ext]:
    """The call of a command, in each way in which LangGraph's msgpack can name one."""
    yield extension(jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, "os", "system", command)
    yield extension(jsonplus.EXT_CONSTRUCTOR_POS_ARGS, "os", "system", [command])
    yield extension(jsonplus.EXT_CONSTRUCTOR_KW_ARGS, "os", "system", {"command": command})
    yield extension(jsonplus.EXT_METHOD_SINGLE_ARG, "os", "sys", command, "modules")
    yield extension(jsonplus.EXT_PYDANTIC_V1, "os", "system", {"command": command})
    yield extension(jsonplus.EXT_PYDANTIC_V2, "os", "system", {"command": command}, "model_validate_json")
    inner = extension(jsonplus.EXT_CONSTRUCTOR_SINGLE_ARG, "os", "system", command)
    yield ormsgpack.Ext(jsonplus.EXT_DELTA_SNAPSHOT, ormsgpack.packb([inner]))


def forms(command: str) -> Iterator[Any]:
    """How a stored value may hold it: as msgpack, or in the older forms, which name constructors too."""
    for each in extensions(command):
        yield ormsgpack.packb(each)
    yield ["pickle", pickle.dumps(Command(command))]
    constructor = {"lc": 2, "type": "constructor", "id": ["os", "system"], "args": [command]}
    yield ["json", json.dumps(constructor).encode()]


def crafted(desk: Desk, folder: Path, command: str) -> list[Path]:
    """A copy of the database for each way to put a command into a row."""
    made: list[Path] = []

    def copy(change: Callable[[Desk], None]) -> None:
        path = folder / f"{len(made)}.db"
        shutil.copyfile(desk.path, path)
        one = object.__new__(Desk)
        one.path, one.url = path, f"sqlite:///{path}"
        change(one)
        made.append(path)

    place = desk.checkpoints()[-1][0]
    for form in forms(command):
        copy(lambda one, form=form: one.rewrite(place, lambda row: [*row[:-1], {**row[-1], "note": form}]))  # type: ignore[misc]
    for each in extensions(command):

        def into_metadata(row: list[Any], each: Any = each) -> list[Any]:
            row[1][1][0]["crafted"] = each
            return row

        def into_own_fields(row: list[Any], each: Any = each) -> list[Any]:
            row[1][0][0]["updated_channels"] = [each]
            return row

        def into_writes(row: list[Any], each: Any = each) -> list[Any]:
            return [row[0], [[0, "note", each], [-1, "__error__", each]]]

        copy(lambda one, change=into_metadata: one.rewrite(place, change))  # type: ignore[misc]
        copy(lambda one, change=into_own_fields: one.rewrite(place, change))  # type: ignore[misc]
        for write, _ in desk.writes()[-1:]:
            copy(lambda one, change=into_writes, at=write: one.rewrite(at, change, "quorate_writes"))  # type: ignore[misc]
    return made


def child(script: str, *arguments: str) -> str:
    """What a process prints that has none of LangGraph's variables set."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LANGGRAPH")}
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """The file that the command makes."""
    return tmp_path / "trace"


def test_no_command_in_a_row_is_run(tmp_path: Path, trace: Path) -> None:
    """Rows that name a command, in values, metadata and writes, give data or are refused; the command is not run."""
    desk = Desk(tmp_path / "quorate.db", turns=2)
    ((depth,),) = desk.sql("SELECT depth FROM quorate_checkpoints WHERE seq = ?", (desk.checkpoints()[-1][0],))
    assert depth > 0  # the row whose parts are known here
    desk.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    paths = crafted(desk, tmp_path, f"touch {trace}")
    outcomes = [json.loads(line) for line in child(READER, *map(str, paths)).splitlines()]
    assert not trace.exists()
    assert len(outcomes) == len(paths) == 9 + 3 * 7
    refused = [each for each in outcomes if "refused" in each[0]]
    assert len(refused) == 2  # of pickle and of json; of anything else the row is data
    assert all(each[4] != "[]" for each in outcomes)  # and an audit finds each


@pytest.mark.parametrize("number", [0, 1, 7])
def test_the_command_is_a_real_one(trace: Path, number: int) -> None:
    """In a stock serializer as it comes the same values do run the command: the test above tests something."""
    form = list(forms(f"touch {trace}"))[number]
    kind, content = form if isinstance(form, list) else ("msgpack", form)
    child(STOCK, kind, content.hex())
    assert trace.exists()
