"""Large inputs: what of a request is stored as a blob, so that the state only refers to it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from ..contracts import BlobStore, Reference, check_plain
from .request import Request

__all__ = ["BLOB_LIMIT", "LargeInputs"]

BLOB_LIMIT = 65_536
"""Size in bytes of a field's JSON text above which it is stored as a blob, if nobody says otherwise."""

_WIDEST = 6
"""The most bytes that JSON needs for one character: `\\u0000`."""


@dataclass(frozen=True, slots=True)
class LargeInputs:
    """Stores the large fields of a request as blobs, and reads them back."""

    blobs: BlobStore | None = None
    """Where they are stored; None to leave everything as it is."""
    limit: int = BLOB_LIMIT
    """Size in bytes of a field's JSON text above which it is stored."""

    def refer(self, request: Any, known: Collection[str] = ()) -> Any:
        """The request with a reference in the place of each large field; one that is not large is given back itself.

        It may be anything: it has not been validated. What JSON cannot hold stays as it is, to be refused later.

        Args:
            request: The request, mostly a mapping of fields or a model.
            known: Digests of blobs that are known to be stored.
        """
        if self.blobs is None:
            return request
        fields = dict(request) if isinstance(request, BaseModel) else request
        if not isinstance(fields, Mapping) or Reference.read(fields) is not None:
            return self._refer(fields, known)
        referred = {name: self._refer(value, known) for name, value in fields.items()}
        return request if all(referred[name] is value for name, value in fields.items()) else referred

    def stored(self, request: Any) -> frozenset[str]:
        """The digests of the blobs that a request as `refer` gave it refers to."""
        if self.blobs is None or not isinstance(request, Mapping):
            return frozenset()
        found = (Reference.read(each) for each in (request, *request.values()))
        return frozenset(reference.digest for reference in found if reference is not None)

    def read(self, request: Any) -> Any:
        """The request with its values in the place of references.

        Raises:
            BlobError: A blob cannot be read.
        """
        whole = Reference.read(request)
        if whole is not None:
            return whole.value(self.blobs)
        return dict(Request(request, self.blobs)) if isinstance(request, Mapping) else request

    def _refer(self, value: Any, known: Collection[str]) -> Any:
        if self.blobs is None or self._is_small(value):
            return value
        content = _json(value)
        if content is None or (len(content) <= self.limit and Reference.read(value) is None):
            return value
        reference = Reference.to(content)
        if reference.digest not in known:
            self.blobs.put(content)
        return reference.plain

    def _is_small(self, value: Any) -> bool:
        """Whether it is seen at once that the value is within the limit."""
        longest = len(value) if isinstance(value, str) else 20  # characters of a number
        return isinstance(value, str | int | float | None) and _WIDEST * longest + 2 <= self.limit


def _json(value: Any) -> bytes | None:
    """The JSON text of a value, keys in their order; None where JSON cannot hold it."""
    if isinstance(value, Iterator):
        return None  # it could be read only once
    try:
        plain = to_jsonable_python(value)
        check_plain(plain)
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
