"""Redacted: the mark of fields whose values are kept out of the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .annotation import metadata_of
from .field import Field

__all__ = ["Redacted", "redacted_fields"]


@dataclass(frozen=True, slots=True)
class Redacted:
    """The mark of a field whose value is kept out of the journal: `iban: Annotated[str, Redacted()]`."""


def redacted_fields(fields: Iterable[Field]) -> frozenset[str]:
    """The names of the fields that bear the mark."""
    return frozenset(
        each.name
        for each in fields
        if any(meta is Redacted or isinstance(meta, Redacted) for meta in metadata_of(each.annotation))
    )
