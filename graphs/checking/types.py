"""Types: conditions that compare what cannot be compared."""

from __future__ import annotations

from collections.abc import Iterator

from ...contracts import PolicyError
from ...contracts.cel import Call, Constant, Index, Items, Name, Node, Select, walk
from ...contracts.expression import Expression
from .domain import Kind
from .finding import Finding
from .surroundings import Surroundings, kind_of

__all__ = ["check_types"]

_NUMBERS = frozenset({"+", "-", "*", "/", "%"})
_RESULTS: dict[str, Kind] = {
    **dict.fromkeys(("size", "int", "uint", "double", "*", "/", "%"), "number"),
    **dict.fromkeys(("string", "bytes"), "text"),
    **dict.fromkeys(("&&", "||", "!", "==", "!=", "<", "<=", ">", ">=", "in"), "bool"),
    **dict.fromkeys(("contains", "startsWith", "endsWith", "matches"), "bool"),
}
_ORDERED: frozenset[Kind] = frozenset({"number", "text", "bool"})


def check_types(where: str, condition: Expression | None, setting: Surroundings) -> Iterator[Finding]:
    """Comparisons of different types in a condition, and conditions that fail on all values of a field.

    Args:
        where: The place of the condition, for the findings.
        condition: The condition; None for one in Python, of which nothing is found.
        setting: What is known of its variables.
    """
    if condition is None:
        return
    found = list(_comparisons(where, condition.tree, setting))
    yield from found
    if not found:
        yield from _failures(where, condition, setting)


def _comparisons(where: str, tree: Node, setting: Surroundings) -> Iterator[Finding]:
    for part, bound in walk(tree):
        if not isinstance(part, Call) or len(part.args) != 2 or any(_uses(each, bound) for each in part.args):
            continue
        left, right = (_kinds(each, setting) for each in part.args)
        items = part.args[1].items if isinstance(part.args[1], Items) else ()
        if part.name == "in" and items and left is not None:
            of_items = [_kinds(each, setting) for each in items]
            if all(each is not None and not _fits("==", left, each) for each in of_items):
                right = of_items[0]
        if left is None or right is None or _fits(part.name, left, right):
            continue
        names = [_shown(each, kinds) for each, kinds in zip(part.args, (left, right), strict=True)]
        yield Finding(
            "error",
            "type",
            where,
            f"{names[0]} {part.name} {names[1]}",
            "two values of one type",
            _fix(part.args, left | right),
        )


def _fits(sign: str, left: frozenset[Kind], right: frozenset[Kind]) -> bool:
    if sign in ("==", "!="):
        return not left.isdisjoint(right) or "null" in left | right
    if sign in ("<", "<=", ">", ">="):
        return not (left & right).isdisjoint(_ORDERED)
    if sign == "in":
        return not right.isdisjoint({"list", "map"})
    return True


def _failures(where: str, condition: Expression, setting: Surroundings) -> Iterator[Finding]:
    errors: list[PolicyError] = []
    without_value: PolicyError | None = None
    asked = 0
    for environment in setting.known_environments(condition.tree):
        empty = setting.asked_without_value and environment["value"] is None
        asked += not empty
        try:
            condition.holds(environment)
        except PolicyError as error:
            if empty:
                without_value = error
            else:
                errors.append(error)
    if asked and len(errors) == asked:
        yield Finding(
            "error",
            "type",
            where,
            f"a condition that fails on every value that was tried: {errors[0].got:.300}",
            "true or false",
            "compare values of one type; decimals are doubles, dates are text",
        )
    elif without_value is not None:
        yield Finding(
            "warning",
            "no-value",
            where,
            f"a condition that fails where nobody claimed a value: {condition.source}",
            "true or false also where `value` is null: a rule that fails sends the field to a person",
            "begin it with `value != null &&`",
        )


def _kinds(node: Node, setting: Surroundings) -> frozenset[Kind] | None:
    match node:
        case Constant(value):
            return frozenset({kind_of(value)})
        case Items():
            return frozenset({"list"})
        case Name() | Select() | Index():
            return setting.kinds(node) or None
        case Call(name, args):
            if name in _RESULTS:
                return frozenset({_RESULTS[name]})
            return frozenset({"number"}) if name == "-" and len(args) == 1 else None
        case _:
            return None


def _uses(node: Node, names: frozenset[str]) -> bool:
    return any(isinstance(part, Name) and part.name in names for part, _ in walk(node))


def _shown(node: Node, kinds: frozenset[Kind]) -> str:
    kind = " or ".join(sorted(kinds - {"null"} or kinds))
    match node:
        case Constant(value):
            text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
        case Items():
            return f"a list of {kind}s"
        case Call(name, _) if name[0].isalpha():
            text = f"{name}(…)"
        case _:
            text = path_of(node) or "a result"
    return f"{text} ({kind})"


def path_of(node: Node) -> str:
    """A path as it is written, or nothing where it is none."""
    match node:
        case Name(name):
            return name
        case Select(operand, field):
            return f"{path_of(operand)}.{field}"
        case Index(operand, Constant(key)):
            return f"{path_of(operand)}[{key!r}]"
        case _:
            return ""


def _fix(args: tuple[Node, ...], kinds: frozenset[Kind]) -> str:
    texts = [each.value for each in args if isinstance(each, Constant) and isinstance(each.value, str)]
    if texts and "number" in kinds:
        try:
            return f"write the number without quotes: {float(texts[0])!r}"
        except ValueError:
            pass
    return "compare it with a value of its own type; decimals are numbers, dates are text such as '2026-02-03'"
