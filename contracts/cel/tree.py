"""Tree: a condition as its parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Call", "Constant", "Entries", "Has", "Index", "Items", "Loop", "Name", "Node", "Select", "children", "walk"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, true, false or null."""

    value: bool | int | float | str | bytes | None
    """Its value; unsigned integers are integers."""


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str
    """Its name."""


@dataclass(frozen=True, slots=True)
class Select:
    """A field of a map: `operand.field`."""

    operand: Node
    """The map."""
    field: str
    """The name of the field."""


@dataclass(frozen=True, slots=True)
class Has:
    """Whether a map has a field: `has(operand.field)`."""

    operand: Node
    """The map."""
    field: str
    """The name of the field."""


@dataclass(frozen=True, slots=True)
class Index:
    """An element: `operand[key]`."""

    operand: Node
    """The list or map."""
    key: Node
    """The place or the key."""


@dataclass(frozen=True, slots=True)
class Call:
    """A function, a method on its first argument, or an operator."""

    name: str
    """The function's name, or the operator's sign; `-` and `!` with one argument are signs, `?` is the ternary."""
    args: tuple[Node, ...]
    """Its arguments; of a method the first is what it is called on."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list that is written out."""

    items: tuple[Node, ...]
    """Its elements."""


@dataclass(frozen=True, slots=True)
class Entries:
    """A map that is written out."""

    entries: tuple[tuple[Node, Node], ...]
    """Its keys and values."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over the elements of a list or the keys of a map."""

    kind: str
    """`all`, `exists`, `exists_one`, `existsOne`, `map` or `filter`."""
    operand: Node
    """What it goes over."""
    name: str
    """The variable that stands for an element."""
    body: tuple[Node, ...]
    """What is asked of each element; of a `map` with a condition the condition too."""


Node: TypeAlias = Constant | Name | Select | Has | Index | Call | Items | Entries | Loop
"""A part of a condition: a closed union."""


def children(node: Node) -> tuple[Node, ...]:
    """The parts right below a part."""
    match node:
        case Constant() | Name():
            return ()
        case Select(operand) | Has(operand):
            return (operand,)
        case Index(operand, key):
            return (operand, key)
        case Call(_, args):
            return args
        case Items(items):
            return items
        case Entries(entries):
            return tuple(part for entry in entries for part in entry)
        case Loop(operand=operand, body=body):
            return (operand, *body)


def walk(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[tuple[Node, frozenset[str]]]:
    """Each part, from the whole to the smallest, with the names that loops around it have bound."""
    yield node, bound
    if isinstance(node, Loop):
        yield from walk(node.operand, bound)
        for part in node.body:
            yield from walk(part, bound | {node.name})
        return
    for part in children(node):
        yield from walk(part, bound)
