from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from tests.fakes.tampering import Desk

from quorate.checkpoints import open_database
from quorate.contracts import DatabaseError

DAMAGED: list[Any] = [
    b"",
    b"\xc1",
    b"\xdd\xff\xff\xff\xff",
    "text",
    7,
    [],
    [1],
    [[1], b"\x91", b""],
    [["x"], b"\x91", b""],
    [[], 1, 2],
]


@pytest.mark.parametrize("value", DAMAGED, ids=repr)
def test_a_value_that_is_none(tmp_path: Path, value: Any) -> None:
    """A value that somebody damaged is refused by the saver with the thread's name, however it is read."""
    desk = Desk(tmp_path / "quorate.db", turns=2)
    ((place,),) = desk.sql("SELECT head FROM quorate_threads WHERE thread = 't' AND namespace = ''")
    desk.rewrite(place, lambda content: [*content[:-1], dict.fromkeys(content[-1], value)])
    thread: RunnableConfig = {"configurable": {"thread_id": "t"}}
    with open_database(desk.url) as database, database.saver() as saver:
        for read in (lambda: saver.get_tuple(thread), lambda: list(saver.list(thread))):
            with pytest.raises(DatabaseError, match="'t'") as caught:
                read()
            assert "audit verify" in caught.value.fix


def test_a_write_to_no_channel(tmp_path: Path) -> None:
    """A task's write that names no channel is refused with the thread's name."""
    desk = Desk(tmp_path / "quorate.db", turns=2)
    places = [place for (place,) in desk.sql("SELECT seq FROM quorate_writes WHERE checkpoint IS NOT NULL")]
    for place in places:
        desk.rewrite(
            place,
            lambda content: [content[0], [[write[0], {"a": 1}, *write[2:]] for write in content[1]]],
            table="quorate_writes",
        )
    with open_database(desk.url) as database, database.saver() as saver, pytest.raises(DatabaseError, match="'t'"):
        list(saver.list({"configurable": {"thread_id": "t"}}))
