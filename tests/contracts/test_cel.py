"""Reading CEL: the tree agrees with the library that evaluates it, and its cost bounds what it does."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import PolicyError
from quorate.contracts.cel import Call, CelSyntaxError, Constant, Loop, Name, Select, cost, parse, walk
from quorate.contracts.cel.shape import shape_of
from quorate.contracts.expression import Expression

NAMES = frozenset({"value", "request", "decided", "x", "y"})


def test_tree() -> None:
    """Operators bind as in CEL, signs of numbers belong to the number, and macros are loops."""
    assert parse("value.a > -1 && !x") == Call(
        "&&", (Call(">", (Select(Name("value"), "a"), Constant(-1))), Call("!", (Name("x"),)))
    )
    assert parse("1 + 2 * 3 == 7") == parse("(1 + (2 * 3)) == 7")
    assert parse("x - 1 - 2 == y") == parse("((x - 1) - 2) == y")
    assert parse("x || y && value") == parse("x || (y && value)")
    assert parse("x ? y : x ? 1 : 2") == parse("x ? y : (x ? 1 : 2)")
    assert isinstance(parse("x.all(i, i > 0)"), Loop)
    assert isinstance(parse("x.map(i, i > 0, i)"), Loop)


@pytest.mark.parametrize(
    "source",
    [
        "1e3", ".5", "1.5e-3", "0x1F", "7u", "1",
        "'a\\nb'", '"a\\u00e9\\x41"', "r'a\\d'", "R\"\\\"", "b'ab'", "br'a\\d'",
        "'''it's'''", '"""a"b"""', "r'''a\\'''", "''", '""', "'\\101'", "'// no comment'", "true", "null",
        "'\\''", "\"\\\"\"",
    ],
)  # fmt: skip
def test_constants(source: str) -> None:
    """A constant is read as the library reads it."""
    found = parse(source)
    assert isinstance(found, Constant)
    assert found.value == cel.evaluate(source)


@pytest.mark.parametrize(
    "source", ["", "x >", "x y", "(x", "x)", "[1, 2", "{1 2}", "x.1", "x..y", "'a", "a ? b", "#", "1..2", "in"]
)
def test_what_is_no_condition(source: str) -> None:
    """A text that the library refuses is refused here too, with the place."""
    with pytest.raises(CelSyntaxError):
        parse(source)
    with pytest.raises(ValueError, match="Failed to parse"):
        cel.compile(source)


leaves = st.sampled_from(
    [
        "value",
        "x",
        "y",
        "1",
        "2.5",
        "'a'",
        "true",
        "null",
        "request.text",
        "decided.total",
        "x.size()",
        "-1",
        "[1, 'b']",
        "{'k': x}",
    ]
)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sign = st.sampled_from(["||", "&&", "==", "!=", "<", ">=", "+", "-", "*", "/", "%", "in"])
    return st.one_of(
        st.tuples(inner, sign, inner).map(" ".join),
        st.tuples(inner, sign, inner).map(lambda parts: f"({''.join(f' {each} ' for each in parts)})"),
        inner.map(lambda each: f"!({each})"),
        inner.map(lambda each: f"-({each})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]}) ? {parts[1]} : {parts[2]}"),
        st.tuples(st.sampled_from(["all", "exists", "map", "filter"]), inner).map(lambda p: f"x.{p[0]}(i, {p[1]})"),
        inner.map(lambda each: f"[{each}]"),
        inner.map(lambda each: f"({each})[0]"),
        inner.map(lambda each: f"has(({each}).key)"),
    )


@given(st.recursive(leaves, grown, max_leaves=12))
def test_two_readers_agree(source: str) -> None:
    """Whatever the library compiles is read here, with the same variables and the same functions."""
    try:
        program = cel.compile(source)
    except ValueError:
        return
    parts = list(walk(parse(source)))
    bound = {part.name for part, _ in parts if isinstance(part, Loop)}
    assert {part.name for part, _ in parts if isinstance(part, Name)} - bound == set(program.variables()) - bound


@given(st.text(alphabet="ab1.'\"\\/()[]{}?:,!-+<>=&| \nrx", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes reading fail in another way, and what is refused by the library never becomes a condition."""
    with suppress(PolicyError):
        Expression(text, NAMES, "here")
        cel.compile(text)


LONG = "a" * 1_000_000
MANY = list(range(20_000))
WIDE = {"items": MANY, "few": MANY[:1_000], "box": {"list": MANY, "one": 1}, "text": LONG, "lists": [MANY[:5_000]] * 20}
ROWS = [{"text": "word", "box": [1, 2, 3, 4]} for _ in range(5_000)]
HOSTILE: list[tuple[str, Any]] = [
    ("x.map(i, i).size() > 0", MANY),
    ("x.filter(i, i >= 0).size() > 0", MANY),
    ("x.map(i, x).size() > 0", MANY[:1_000]),
    ("x.all(i, x.all(j, i + j >= 0))", MANY),
    ("x.all(i, y + y + y != '')", MANY),
    ("x.map(i, y + y).size() > 0", MANY[:1_000]),
    ("x.all(i, y.matches('(a|b)*c'))", MANY),
    ("x.all(i, y.contains('b') || true)", MANY),
    ("x.all(i, 'a'.matches('[a-z]{1,200}'))", MANY),
    (r"x.all(i, 'a'.matches('\\pL|\\w'))", MANY),
    ("x.all(i, 'a'.matches(y))", MANY),
    ("x.all(i, i in x)", MANY),
    ("x.all(i, x == x)", MANY),
    ("x.all(i, [x, x, x].size() == 3)", MANY),
    ("x.exists(i, x.exists(j, i.box == j.box && i.text != j.text))", ROWS),
    ("(" + " + ".join(["x"] * 60) + ").size() > 0", MANY),
    (" + ".join(["y"] * 60) + " != ''", []),
    ("x.items.all(i, has(x.box.list))", WIDE),
    ("x.items.all(i, x.box.one == 1)", WIDE),
    ("x.few.all(i, x.box.list.size() > 0)", WIDE),
    ("x.few.all(i, x.box.list[0] == 1 || true)", WIDE),
    ("x.few.all(i, (x.items - 1 > 0) || true)", WIDE),
    ("x.few.all(i, x.lists.exists(j, false) || true)", WIDE),
    ("x.items.all(i, size(x.text) > 0)", WIDE),
    ("[" + ", ".join(["x"] * 400) + "].size() > 0 && x.map(i, i).size() > 0", MANY),
]


@pytest.mark.parametrize("source, x", HOSTILE)
def test_what_could_take_long_is_never_begun(source: str, x: Any) -> None:
    """A condition that could take long on the values that came is refused, with its steps and what to do."""
    with pytest.raises(PolicyError, match=r"could take [\d,]+ steps; expected at most 10,000,000") as caught:
        Expression(source, NAMES, "rule 'r', when").holds({"x": x, "y": LONG})
    assert caught.value.where == "rule 'r', when"
    assert "Python" in caught.value.fix


@pytest.mark.parametrize(
    "source, x",
    [
        ("x.all(i, i >= 0)", MANY),
        ("x.map(i, i * 2).size() > 0", MANY[:1_000]),
        ("x.exists(i, x.exists(j, i + j == 7))", MANY[:500]),
        ("x.exists(row, row.text == 'word')", ROWS),
        ("x.filter(row, row.box[0] == 1).size() > 0", ROWS[:500]),
        ("y.matches('^a+$')", []),
        ("y + 'b' != y", []),
        ("x.exists(row, row.text.matches('^w.*d$'))", ROWS[:500]),
    ],
)
def test_what_is_usual_is_asked(source: str, x: Any) -> None:
    """Loops over thousands of elements, and patterns over long texts, are within the bound."""
    assert Expression(source, NAMES, "here").holds({"x": x, "y": LONG}) is True


@pytest.mark.parametrize(
    "source",
    [
        "(" * 900 + "true" + ")" * 900,
        "!" * 1_900 + "true",
        "-" * 1_900 + "1 == 1",
        "[" * 900 + "]" * 900 + " == []",
        "{1:" * 400 + "1" + "}" * 400 + " == 1",
        "true?" * 150 + "true" + ":true" * 150,
        "x" + "[x" * 600 + "]" * 600 + " == 1",
        "size(" * 200 + "x" + ")" * 200 + " == 1",
        "x.all(a, " * 100 + "true" + ")" * 100,
        "x" + ".x" * 900 + " == 1",
        "1" + "+1" * 900 + " > 0",
    ],
)
def test_nested_too_deep(source: str) -> None:
    """What is nested deeper than 32 levels is refused before the library sees it."""
    with pytest.raises(PolicyError, match="at most 32 levels"):
        Expression(source, NAMES, "here")


@pytest.mark.parametrize(
    "source",
    [" || ".join(["true"] * 240), " && ".join(["!has(x.a)"] * 150), "1" + "+1" * 60 + " > 0"],
)
def test_long_chains_are_flat(source: str) -> None:
    """A long chain is no nesting."""
    assert Expression(source, NAMES, "here").holds({"x": {}})


def test_deep_data() -> None:
    """Data that no checkpoint holds, being nested too deep, is an error and not a crash."""
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    with pytest.raises(PolicyError, match="nested deeper than 200 levels"):
        Expression("x + x == x", NAMES, "here").holds({"x": deep})


def test_cost_by_hand() -> None:
    """Each part counts once for each time that it is evaluated."""
    # The list of 10 numbers: 1. The loop: 1 + 10 * (3 + body); its body i > 0: comparison 1, its parts 1 and 1, and
    # their weights 1 and 1, so 5.
    assert cost(parse("x.all(i, i > 0)"), {"x": list(range(10))}) == 1 + 1 + 10 * (3 + 5)
    # map copies: 10 * 10 numbers more, and its body i counts 1.
    assert cost(parse("x.map(i, i)"), {"x": list(range(10))}) == 1 + 1 + 10 * (3 + 1) + 10 * 10
    # What is selected is copied, at each level: 1 for x; 5 for the map, its key, the list and its two numbers; 3 for
    # the list; has() itself counts 1.
    assert cost(parse("has(x.a.b.c)"), {"x": {"a": {"b": [1, 2]}}}) == 1 + 1 + 5 + 3
    # Each element of a loop is copied: 2 lists of weight 4 each, 2 * (2 + 4 + 1).
    assert cost(parse("x.all(i, true)"), {"x": [[1, 2, 3], [4, 5, 6]]}) == 1 + 1 + 2 * (2 + 4 + 1)
    assert shape_of({"a": "b" * 640, "c": [1, 2, 3]}).weight == 1 + 1 + 11 + 1 + 4


data = st.recursive(
    st.integers(-5, 5) | st.text("ab", max_size=100) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=10,
)


@given(st.recursive(leaves, grown, max_leaves=8), data, data)
def test_more_data_never_costs_less(source: str, one: Any, other: Any) -> None:
    """The cost is a bound that grows with the data."""
    tree = parse(source)
    names = {"value": 1, "y": "a", "request": {"text": "a"}, "decided": {}}
    assert cost(tree, {**names, "x": [one]}) <= cost(tree, {**names, "x": [one, other]})


def test_evaluation_stays_below_the_bound() -> None:
    """Just below the bound, the worst kinds of conditions end within seconds; the margin is wide, for slow machines."""
    for source, x in [("x.map(i, 'abc').size() > 0", MANY[:3_000]), ("x.map(i, x).size() > 0", MANY[:200])]:
        assert 2_000_000 < cost(parse(source), {"x": x}) < 10_000_000
        began = time.process_time()
        assert Expression(source, NAMES, "here").holds({"x": x})
        assert time.process_time() - began < 30
