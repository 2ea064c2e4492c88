"""Field: one named, typed value of a request or an outcome, and when two of its values are equal."""

from __future__ import annotations

import datetime
import decimal
import types
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from .record import canonical_json

__all__ = ["Canonical", "Field", "fields_of", "same_type"]


@dataclass(frozen=True, slots=True)
class Canonical:
    """A field's own equality: `Annotated[str, Canonical(f)]`; values with equal `f(value)` are the same vote."""

    key: Callable[[Any], str]
    """From a typed value to the text that equal values share."""


@dataclass(frozen=True)
class Field:
    """One named, typed value of a request or an outcome."""

    name: str
    """Name of the field."""
    annotation: Any
    """Its Python type, as declared, with its metadata."""
    required: bool = True
    """Whether it must be settled; a field with a default, or one that may be None, need not be."""
    default: Any = None
    """The value that it has where it stays empty."""

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """pydantic's validator and serializer of the type."""
        return TypeAdapter(self.annotation)

    def parse(self, value: Any) -> Any:
        """The typed value: a `Decimal`, a `date`, a model.

        Raises:
            pydantic.ValidationError: The value is not of the field's type.
        """
        return self.adapter.validate_python(value)

    def plain(self, value: Any) -> Any:
        """The value as plain JSON data, validated.

        Raises:
            pydantic.ValidationError: The value is not of the field's type.
        """
        adapter = self.adapter
        return adapter.dump_python(adapter.validate_python(value), mode="json")

    def key(self, plain: Any) -> str:
        """The text that all equal values share.

        Text: compatibility form (NFKC), case folded, white space collapsed. Decimal: without trailing
        zeros. Date and time: ISO 8601, an aware time in UTC. Other types: canonical JSON. A field may
        bring its own with `Canonical`.
        """
        return self._canonical(self.parse(plain))

    @cached_property
    def _canonical(self) -> Callable[[Any], str]:
        for meta in _metadata(self.annotation):
            if isinstance(meta, Canonical):
                return meta.key
        return self._by_type

    def _by_type(self, value: Any) -> str:
        match value:
            case str():
                return " ".join(unicodedata.normalize("NFKC", value).casefold().split())
            case decimal.Decimal():
                return _decimal_key(value)
            case datetime.datetime() if value.tzinfo is not None:
                return value.astimezone(datetime.UTC).isoformat()
            case datetime.date() | datetime.time():
                return value.isoformat()
            case _:
                return canonical_json(self.adapter.dump_python(value, mode="json"))


def _decimal_key(value: decimal.Decimal) -> str:
    if not value.is_finite():
        return str(value)
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def fields_of(model: type[BaseModel]) -> dict[str, Field]:
    """The fields of a pydantic model, by name, in the order of their declaration."""
    return {name: _field(name, info) for name, info in model.model_fields.items()}


def _field(name: str, info: FieldInfo) -> Field:
    metadata = tuple(info.metadata)
    annotation = Annotated[(info.annotation, *metadata)] if metadata else info.annotation
    if info.is_required():
        return Field(name, annotation, required=type(None) not in get_args(info.annotation))
    return Field(name, annotation, required=False, default=info.get_default(call_default_factory=True))


def _metadata(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return (*metadata, *_metadata(inner))
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(meta for arg in get_args(annotation) for meta in _metadata(arg))
    return ()


def _bare(annotation: Any) -> Any:
    """The annotation without `Annotated` metadata and without `| None`; of a literal, the type of its values."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        some = [_bare(arg) for arg in get_args(annotation) if arg is not type(None)]
        return some[0] if len(some) == 1 else frozenset(some)
    return annotation


_ABSTRACT: Mapping[Any, Any] = {list: "sequence", tuple: "sequence", dict: "mapping"}


def same_type(one: Any, other: Any) -> bool:
    """Whether two annotations name the same type, apart from `None`, `Annotated` and a list's element type."""
    a, b = _bare(one), _bare(other)
    if a is Any or b is Any or a == b:
        return True
    a, b = get_origin(a) or a, get_origin(b) or b
    if isinstance(a, type) and isinstance(b, type):
        return issubclass(a, b) or (issubclass(b, a) and not issubclass(b, bool)) or _abstract(a) == _abstract(b)
    return not (isinstance(a, type) or isinstance(b, type))


def _abstract(kind: type) -> Any:
    name = kind.__name__
    if name in ("Sequence", "Iterable", "Collection"):
        return "sequence"
    return _ABSTRACT.get(kind, "mapping" if name == "Mapping" else kind)
