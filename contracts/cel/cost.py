"""Cost: the most steps that a condition can take on given values, counted before it runs.

Nothing can stop the CEL library once it has begun, so what could take too long is never begun.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

from .shape import ATOM, Shape, joined, shape_of
from .tree import Call, Constant, Entries, Has, Index, Items, Loop, Name, Node, Select, children, walk

__all__ = ["MOST_STEPS", "cost", "is_cheap"]

MOST_STEPS = 10_000_000
"""The most steps that a condition may take. A step takes up to half a microsecond on a machine of today."""

_FEW_PARTS = 100
_COSTLY = frozenset({"+", "matches"})
_PATTERN = 2_000
_COSTLY_PATTERN = 400_000
_UNKNOWN_PATTERN = 2_000_000
_COSTLY_IN_A_PATTERN = re.compile(r"\{|\\[pPwWdDsSbB]|\(\?")


def is_cheap(node: Node) -> bool:
    """Whether it is short, and has no loop, sum or pattern: it is done before the counting would be."""
    return sum(1 for _ in walk(node)) <= _FEW_PARTS and _is_plain(node)


def _is_plain(node: Node) -> bool:
    if isinstance(node, Loop) or (isinstance(node, Call) and node.name in _COSTLY):
        return False
    if isinstance(node, Items | Entries):
        return all(isinstance(part, Constant) for part in children(node))
    return all(_is_plain(part) for part in children(node))


def cost(node: Node, values: Mapping[str, Any]) -> int:
    """The most steps that it can take on these values.

    Each part counts once for each time that it may be evaluated. A comparison counts the weight of what is compared,
    a sum the weight of what comes out of it, for it is copied. So are what `.` selects, and each element of a loop.
    `map` and `filter` copy what they have collected at each element, so over n elements they count n * n copies of
    one. A pattern counts what compiling it can take.

    Args:
        node: The condition.
        values: Its variables as plain data.

    Raises:
        ValueError: A value is nested deeper than 200 levels.
    """
    return _Meter(values).measure(node)[1]


@dataclass
class _Meter:
    values: Mapping[str, Any]
    bound: dict[str, Shape] = field(default_factory=dict)
    known: dict[tuple[str, ...], Shape] = field(default_factory=dict)

    def measure(self, node: Node) -> tuple[Shape, int]:
        """The shape of its result, and its steps."""
        match node:
            case Constant(value):
                return shape_of(value), 1
            case Name() | Select():
                return self._path(node)
            case Has(operand):
                return ATOM, 1 + self.measure(operand)[1]
            case Index(operand, key):
                shape, steps = self.measure(operand)
                return shape.item, 1 + steps + self.measure(key)[1]
            case Items():
                return self._written(node, len(node.items))
            case Entries():
                return self._written(node, len(node.entries))
            case Call():
                return self._call(node)
            case Loop():
                return self._loop(node)
            case _:
                assert_never(node)

    def _path(self, node: Name | Select) -> tuple[Shape, int]:
        """Of a variable's field the size is known, and need not be that of the largest of all."""
        names: list[str] = []
        at: Node = node
        while isinstance(at, Select):
            names.append(at.field)
            at = at.operand
        names.reverse()
        if not isinstance(at, Name) or at.name in self.bound or at.name not in self.values:
            shape, steps = (self.bound.get(at.name, ATOM), 1) if isinstance(at, Name) else self.measure(at)
            for _ in names:
                shape = shape.item
                steps += shape.weight
            return shape, steps
        shapes = [self._known(at.name, *names[:count]) for count in range(len(names) + 1)]
        return shapes[-1], 1 + sum(shape.weight for shape in shapes[1:])

    def _known(self, *path: str) -> Shape:
        """The shape of what stands at a path of a variable."""
        if path not in self.known:
            value = self.values[path[0]]
            for name in path[1:]:
                value = value.get(name) if isinstance(value, Mapping) else None
            self.known[path] = shape_of(value)
        return self.known[path]

    def _written(self, node: Items | Entries, length: int) -> tuple[Shape, int]:
        parts = [self.measure(part) for part in children(node)]
        weight = 1 + sum(shape.weight for shape, _ in parts)
        return Shape(weight, length, joined(shape for shape, _ in parts)), weight + sum(steps for _, steps in parts)

    def _call(self, node: Call) -> tuple[Shape, int]:
        parts = [self.measure(part) for part in node.args]
        weight = sum(shape.weight for shape, _ in parts)
        steps = 1 + sum(each for _, each in parts)
        match node.name:
            case "&&" | "||" | "!":
                return ATOM, steps
            case "?":
                return joined(shape for shape, _ in parts[1:]), steps
            case "+":
                length = sum(shape.length for shape, _ in parts)
                inner = [shape.part for shape, _ in parts if shape.part is not None]
                return Shape(weight, length, joined(inner) if inner else None), steps + 2 * weight
            case "matches":
                return ATOM, steps + weight * 8 + _pattern_cost(node, [shape for shape, _ in parts])
            case "size":
                return ATOM, steps
            case "-" | "*" | "/" | "%":
                return ATOM, steps + weight  # copied before they are found to be no numbers
            case _:
                return joined(shape for shape, _ in parts), steps + weight

    def _loop(self, node: Loop) -> tuple[Shape, int]:
        shape, steps = self.measure(node.operand)
        shadowed = self.bound.get(node.name)
        self.bound[node.name] = shape.item
        bodies = [self.measure(part) for part in node.body]
        if shadowed is None:
            del self.bound[node.name]
        else:
            self.bound[node.name] = shadowed
        times = shape.length
        steps += 1 + times * (2 + shape.item.weight + sum(each for _, each in bodies))
        if node.kind not in ("map", "filter"):
            return ATOM, steps
        item = bodies[-1][0] if node.kind == "map" else shape.item
        return Shape(1 + times * item.weight, times, item), steps + times * times * item.weight


def _pattern_cost(node: Call, shapes: list[Shape]) -> int:
    pattern = node.args[-1]
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        return _UNKNOWN_PATTERN + 64 * 64 * shapes[-1].weight
    if _COSTLY_IN_A_PATTERN.search(pattern.value):
        return _COSTLY_PATTERN
    return _PATTERN + 100 * len(pattern.value)
