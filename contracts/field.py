"""Field: one named, typed value of a request or an outcome."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from .annotation import alternatives, is_optional, metadata_of
from .equality import Canonical, canonical_of, key_of
from .record import canonical_json, check_plain
from .scale import place_of

__all__ = ["Field", "fields_of"]

_SIMPLE = (str, int, float, bool, decimal.Decimal, datetime.date, datetime.datetime, datetime.time)
"""Types whose plain data is known to load and to compare."""


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
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            return self._parse_json(value, error)

    def plain(self, value: Any) -> Any:
        """The value as plain JSON data, validated, and known to be storable and comparable.

        Raises:
            ValueError: The value is not of the field's type, no checkpoint can hold it, or it cannot be
                loaded or compared again.
        """
        adapter = self.adapter
        plain = adapter.dump_python(adapter.validate_python(value), mode="json")
        check_plain(plain)
        if not self._is_simple:
            self._check_comparable(plain)
        return plain

    def of_answer(self, result: Any) -> Any:
        """A receiver's answer as a value of the field; as the one item of a list where it is no list itself.

        Raises:
            ValueError: It is not of the field's type.
        """
        try:
            return self.plain(result)
        except ValueError:
            if not self.holds_several:
                raise
            return self.plain([result])

    def key(self, plain: Any) -> str:
        """The text that all equal values share: by the field's own `Canonical`, else by `key_of`."""
        value = self.parse(plain)
        canonical = self._canonical
        return canonical.key(value) if canonical is not None and value is not None else key_of(value)

    def place(self, plain: Any) -> decimal.Decimal | None:
        """Where a value stands on the line of its type: a number, days, or seconds; None where it has no place."""
        return place_of(self.parse(plain))

    @cached_property
    def holds_several(self) -> bool:
        """Whether its value is a list, of whatever length."""
        kinds = (list, Sequence, Iterable, Collection)
        for each in alternatives(self.annotation):
            origin = get_origin(each) or each
            if any(origin is kind for kind in kinds) or (origin is tuple and get_args(each)[-1:] == (...,)):
                return True
        return False

    @cached_property
    def _canonical(self) -> Canonical | None:
        return canonical_of(metadata_of(self.annotation))

    @cached_property
    def _is_simple(self) -> bool:
        return any(self.annotation is each for each in _SIMPLE)

    def _parse_json(self, value: Any, error: ValidationError) -> Any:
        """A strict model refuses in Python what it takes from JSON: the text of a date."""
        try:
            return self.adapter.validate_json(canonical_json(value))
        except (ValueError, TypeError):
            raise error from None

    def _check_comparable(self, plain: Any) -> None:
        try:
            key = self.key(plain)
        except Exception as error:
            raise ValueError(f"{plain!r:.80} cannot be compared: {type(error).__name__}: {error}") from error
        if not isinstance(key, str):
            raise ValueError(f"{plain!r:.80} cannot be compared: `Canonical` gave {key!r:.80}, which is no text")


def fields_of(model: type[BaseModel]) -> dict[str, Field]:
    """The fields of a pydantic model, by name, in the order of their declaration."""
    return {name: _field(name, info) for name, info in model.model_fields.items()}


def _field(name: str, info: FieldInfo) -> Field:
    metadata = tuple(info.metadata)
    annotation = Annotated[(info.annotation, *metadata)] if metadata else info.annotation
    if info.is_required():
        return Field(name, annotation, required=not is_optional(info.annotation))
    return Field(name, annotation, required=False, default=info.get_default(call_default_factory=True))
