"""Request: the request of a turn, whose large fields are read when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..contracts import BlobStore, Reference

__all__ = ["Request"]


class Request(Mapping[str, Any]):
    """The fields of a request as plain data; one that is stored as a blob is read when it is looked at, once.

    Args:
        fields: The fields as the state holds them: values, and references.
        blobs: Where the references point to.
    """

    def __init__(self, fields: Mapping[str, Any], blobs: BlobStore | None) -> None:
        self._fields = fields
        self._blobs = blobs
        self._read: dict[str, Any] = {}
        self.references: Mapping[str, Reference] = {
            name: reference for name, each in fields.items() if (reference := Reference.read(each)) is not None
        }
        """The fields that are stored as blobs, by name."""

    @property
    def stored(self) -> Mapping[str, Any]:
        """The fields as the state holds them: values, and references."""
        return self._fields

    def __getitem__(self, name: str) -> Any:
        """The value of a field.

        Raises:
            BlobError: It is stored as a blob that cannot be read.
        """
        if name not in self.references:
            return self._fields[name]
        if name not in self._read:
            self._read[name] = self.references[name].value(self._blobs)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Request({dict(self._fields)!r})"
