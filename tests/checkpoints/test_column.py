from __future__ import annotations

import json
from typing import Any

import pytest

from quorate.checkpoints.effects.column import Kind, lay_out, matches
from quorate.contracts import DatabaseError

OURS: dict[str, Kind] = {"key": "text", "quorate_seq": "number", "quorate_row": "text"}


def _lay_out(known: dict[str, Kind], **args: Any) -> Any:
    return lay_out({**OURS, **known}, json.dumps(args), "here")


def test_new_columns_have_the_kind_of_their_value() -> None:
    """A new column holds text, numbers or JSON, by the first value that it has."""
    layout = _lay_out({}, a="x", b=1, c=1.5, d=True, e=[1], f={"g": 1}, h=2**63)
    assert layout.new == {
        "a": "text",
        "b": "number",
        "c": "number",
        "d": "number",
        "e": "json",
        "f": "json",
        "h": "text",
    }
    assert layout.values == {"a": "x", "b": 1, "c": 1.5, "d": 1, "e": "[1]", "f": '{"g": 1}', "h": str(2**63)}


def test_none_waits_for_a_value() -> None:
    """An argument that is None makes no column, and is null in one that exists."""
    assert _lay_out({}, a=None).new == {}
    assert _lay_out({}, a=None).values == {}
    assert _lay_out({"a": "number"}, a=None).values == {"a": None}


def test_column_of_numbers_is_widened_for_text() -> None:
    """A column of numbers becomes one of text where a value is not a number."""
    layout = _lay_out({"total": "number"}, total="007")
    assert (layout.values, layout.widened, layout.new) == ({"total": "007"}, ("total",), {})


def test_text_and_json_columns_take_everything() -> None:
    """A column of text or of JSON takes each value in that form."""
    assert _lay_out({"a": "text", "b": "json"}, a=5, b="x").values == {"a": "5", "b": '"x"'}


def test_names_are_one_in_any_case() -> None:
    """Names that differ in the case of ASCII letters are one column."""
    assert _lay_out({"Total": "number"}, total=5).values == {"Total": 5}


@pytest.mark.parametrize("args", [{"a": 1, "A": 2}, {"key": 1}, {"KEY": 1}, {"quorate_row": 1}, {"Quorate_Seq": 1}])
def test_names_that_meet_are_an_error(args: dict[str, Any]) -> None:
    """Two arguments of one name, or one that has a name of quorate's own, are an error."""
    with pytest.raises(DatabaseError, match="rename the argument"):
        _lay_out({}, **args)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 64, "\ud800"])
def test_names_that_cannot_be_columns_are_an_error(name: str) -> None:
    """A name that a database would refuse or cut off is an error."""
    with pytest.raises(DatabaseError, match="choose another name"):
        _lay_out({}, **{name: 1})


def test_matches() -> None:
    """A condition names stored values; None where no row can meet it."""
    known: dict[str, Kind] = {"a": "text", "n": "number"}
    assert matches(known, {"A": "x", "n": True}) == {"a": "x", "n": 1}
    assert matches(known, {"a": None, "unknown": None}) == {"a": None}
    assert matches(known, {"unknown": 1}) is None
    assert matches(known, {"n": "x"}) is None
