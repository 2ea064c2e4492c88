"""Logic: whether a condition can hold, as far as that can be proved from its text.

A condition is taken apart into comparisons of a term with a constant, and into what cannot be seen through. Such a
part may be true or false, but is the same wherever it stands. What is proved here holds for every value; what is not
proved may still be so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...contracts.cel import Call, Constant, Items, Name, Node, walk
from .domain import ANYTHING, Domain

__all__ = ["OTHER_CLAIM", "Atom", "Demand", "apart", "can_hold", "demand", "with_value"]

_MOST_CASES = 400
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True, slots=True)
class Atom:
    """A comparison of a term with a constant, which must come out so."""

    term: Node
    """What is compared."""
    sign: str
    """The comparison."""
    constant: Any
    """With what."""
    wanted: bool
    """What must come out."""


Case = tuple[Atom, ...]
"""Atoms that must all come out as wanted."""

Demand = tuple[Case, ...] | None
"""Cases of which one must hold; None where there are too many to look at."""

OTHER_CLAIM = "of another claim"
"""The call that stands around a term of another claim."""

Domains = Callable[[Node], Domain]


def demand(node: Node, wanted: bool) -> Demand:
    """The cases in which the condition is true, or is false; where it fails it is neither.

    Args:
        node: The condition.
        wanted: Whether it is to be true or to be false.
    """
    match node:
        case Constant(bool(value)):
            return ((),) if value is wanted else ()
        case Call("!", (inner,)):
            return demand(inner, not wanted)
        case Call("&&" | "||" as sign, parts):
            every = [demand(part, wanted) for part in parts]
            return _all(every) if (sign == "&&") is wanted else _any(every)
        case Call("?", (condition, yes, no)):
            then = _all([demand(condition, True), demand(yes, wanted)])
            return _any([then, _all([demand(condition, False), demand(no, wanted)])])
        case Call("in", (term, Items(items))) if all(isinstance(item, Constant) for item in items):
            equal = [demand(Call("==", (term, item)), wanted) for item in items]
            return _any(equal) if wanted else _all(equal)
        case Call(sign, (Constant(one), Constant(other))) if sign in _FLIPPED:
            return ((),) if _outcome(one, Atom(node, sign, other, wanted)) is wanted else ()
        case Call(sign, (left, right)) if sign in _FLIPPED:
            return ((_comparison(left, sign, right, wanted),),)
        case _:
            return ((Atom(node, "==", True, wanted),),)


def can_hold(demands: Iterable[Demand], domains: Domains) -> bool:
    """Whether all demands may hold at once; True also where that cannot be told.

    Args:
        demands: What must hold.
        domains: What is known of a term.
    """
    cases = _all(list(demands))
    return cases is None or any(_is_possible(case, domains) for case in cases)


def _comparison(left: Node, sign: str, right: Node, wanted: bool) -> Atom:
    if isinstance(right, Constant):
        return Atom(left, sign, right.value, wanted)
    if isinstance(left, Constant):
        return Atom(right, _FLIPPED[sign], left.value, wanted)
    # Of two terms only the order is known: that of their difference and 0, whatever kind of values they are.
    if repr(left) > repr(right):
        left, sign, right = right, _FLIPPED[sign], left
    return Atom(Call("-", (left, right)), sign, 0, wanted)


def _all(demands: Sequence[Demand]) -> Demand:
    cases: tuple[Case, ...] = ((),)
    unknown = False
    for each in demands:
        if each is None:
            unknown = True
            continue
        if len(cases) * len(each) > _MOST_CASES:
            return None
        cases = tuple((*one, *other) for one in cases for other in each)
    return None if unknown and cases else cases


def _any(demands: Sequence[Demand]) -> Demand:
    cases: list[Case] = []
    for each in demands:
        if each is None or len(cases) + len(each) > _MOST_CASES:
            return None
        cases.extend(each)
    return tuple(cases)


def _is_possible(case: Case, domains: Domains) -> bool:
    by_term: dict[str, list[Atom]] = {}
    for atom in case:
        by_term.setdefault(repr(atom.term), []).append(atom)
    for atoms in by_term.values():
        difference = isinstance(atoms[0].term, Call) and atoms[0].term.name == "-" and len(atoms[0].term.args) == 2
        domain = ANYTHING if difference else domains(atoms[0].term)
        candidates = domain.candidates([atom.constant for atom in atoms])
        if not any(all(_outcome(value, atom) is atom.wanted for atom in atoms) for value in candidates):
            return False
    return True


def _outcome(value: Any, atom: Atom) -> bool | None:
    """What the comparison gives, as in CEL; None where it fails."""
    other = atom.constant
    alike = _kind(value) == _kind(other)
    if atom.sign in ("==", "!="):
        return (alike and value == other) is (atom.sign == "==")
    if not alike or _kind(value) not in ("number", "text", "bool"):
        return None
    match atom.sign:
        case "<":
            return bool(value < other)
        case "<=":
            return bool(value <= other)
        case ">":
            return bool(value > other)
        case _:
            return bool(value >= other)


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "text"
        case _:
            return type(value).__name__


def with_value(cases: Demand, term: Node, value: Any) -> Demand:
    """The same demand where a term has a known value: its comparisons are worked out.

    Args:
        cases: The demand.
        term: The term.
        value: Its value.
    """
    if cases is None:
        return None
    agreeing = (
        case for case in cases if all(_outcome(value, each) is each.wanted for each in case if each.term == term)
    )
    return tuple(tuple(each for each in case if each.term != term) for case in agreeing)


def apart(cases: Demand, shared: frozenset[str]) -> Demand:
    """The same demand about another claim: all variables but the shared ones are taken for others of the same name.

    Args:
        cases: The demand.
        shared: Variables that are the same for both.
    """
    if cases is None:
        return None
    return tuple(tuple(replace(atom, term=_apart(atom.term, shared)) for atom in case) for case in cases)


def _apart(term: Node, shared: frozenset[str]) -> Node:
    names = {part.name for part, bound in walk(term) if isinstance(part, Name) and part.name not in bound}
    return term if names <= shared else Call(OTHER_CLAIM, (term,))
