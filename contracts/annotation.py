"""Annotation: which type an annotation names, apart from `None` and metadata."""

from __future__ import annotations

import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from typing_extensions import is_typeddict

__all__ = ["alternatives", "is_optional", "metadata_of", "same_type", "takes_none"]

_ABSTRACT: Mapping[Any, str] = {
    list: "sequence",
    tuple: "sequence",
    Sequence: "sequence",
    Iterable: "sequence",
    Collection: "sequence",
    dict: "mapping",
    Mapping: "mapping",
}


def alternatives(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation allows: the parts of a union, each without its metadata and aliases resolved.

    One alone where it is no union. `Literal` stands as it is; `None` is `NoneType`.
    """
    within = _within_wrapping(annotation)
    return tuple(part for each in within for part in alternatives(each)) if within else (annotation,)


def metadata_of(annotation: Any) -> tuple[Any, ...]:
    """What stands beside the type in `Annotated`, also beside one part of a union, the outermost first."""
    outer = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return (*outer, *(meta for each in _within_wrapping(annotation) for meta in metadata_of(each)))


def _within_wrapping(annotation: Any) -> tuple[Any, ...]:
    """The parts of a union, the type in `Annotated`, or what an alias stands for; none where it is a type itself."""
    if get_origin(annotation) is Annotated:
        return (get_args(annotation)[0],)
    if get_origin(annotation) in (Union, types.UnionType):
        return get_args(annotation)
    if isinstance(annotation, typing.NewType):
        return (annotation.__supertype__,)
    if type(annotation).__name__ == "TypeAliasType":  # of `typing` and of `typing_extensions`
        return (annotation.__value__,)
    return ()


def is_optional(annotation: Any) -> bool:
    """Whether `None` is one of its values."""
    return any(each in (None, type(None)) for each in alternatives(annotation))


def takes_none(annotation: Any) -> bool:
    """Whether a parameter of that annotation may be None: an optional one, `Any` and `object`."""
    return is_optional(annotation) or any(each in (Any, object) for each in alternatives(annotation))


def same_type(one: Any, other: Any) -> bool:
    """Whether two annotations name the same type, apart from `None`, `Annotated` and a list's element type.

    A subclass is the same as its base (but an `int` is no `bool`), a literal as the type of its values, and a
    union as another if all parts of the one are among the parts of the other. `Any` is the same as everything.
    """
    a, b = _parts(one), _parts(other)
    if Any in a or Any in b:
        return True
    return all(any(_alike(x, y) for y in b) for x in a) or all(any(_alike(x, y) for x in a) for y in b)


def _parts(annotation: Any) -> list[Any]:
    """The alternatives without `None`; of a literal the types of its values; of `list[int]` the `list`."""
    parts: list[Any] = []
    for each in alternatives(annotation):
        if get_origin(each) is Literal:
            parts.extend(type(value) for value in get_args(each))
        elif each not in (None, type(None)):
            parts.append(get_origin(each) or each)
    return parts


def _alike(a: Any, b: Any) -> bool:
    if a is b or a == b:
        return True
    if not (isinstance(a, type) and isinstance(b, type)):
        return not (isinstance(a, type) or isinstance(b, type))
    if a in _ABSTRACT and _ABSTRACT.get(a) == _ABSTRACT.get(b):
        return True
    if is_typeddict(a) or is_typeddict(b):
        return a in (dict, Mapping) or b in (dict, Mapping)
    try:
        return issubclass(a, b) or (issubclass(b, a) and b is not bool)
    except TypeError:  # a protocol with data members
        return False
