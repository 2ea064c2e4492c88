"""Secrets: keys, tokens and passwords in a text, as detect-secrets knows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ...contracts import missing_extra
from .hit import Hit, masked

__all__ = ["secrets_in"]

_LEFT_OUT = frozenset({"BasicAuthDetector", "NpmDetector", "IPPublicDetector"})
"""Two that take minutes on a line of slashes, for which there are patterns here, and one of what is no secret."""
_OWN = {
    "password": re.compile(r"://[^\s/:@]{1,100}:([^\s/@]{1,200})@"),
    "npm": re.compile(r"(?<!\w)(npm_[A-Za-z0-9]{36})(?!\w)"),
}
_LONGEST = 4_000
"""Characters of a line that a detector sees at a time; some of its patterns take longer than in proportion."""
_OVERLAP = 500


def secrets_in(text: str) -> Iterator[Hit]:
    """The secrets in the text, line by line.

    Raises:
        QuorateError: The extra `guardrails` is not installed.
    """
    for kind, pattern in _OWN.items():
        yield from (Hit(kind, match[1], masked(match[1])) for match in pattern.finditer(text))
    for line in text.splitlines():
        for start in range(0, max(len(line), 1), _LONGEST - _OVERLAP):
            piece = line[start : start + _LONGEST]
            for kind, detector in _detectors():
                for pattern in detector.denylist:
                    for match in pattern.finditer(piece):
                        if any(True for _ in detector.analyze_string(match[0])):
                            yield Hit(kind, match[0], masked(match[0]))


@cache
def _detectors() -> tuple[tuple[str, Any], ...]:
    """Every detector that knows its secrets by their form; those that guess by entropy or names are left out."""
    try:
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.plugins.base import RegexBasedDetector
    except ModuleNotFoundError as error:
        raise missing_extra("detect_secrets", "guardrails", "the guardrail `secrets`") from error
    mapping: Mapping[str, Any] = get_mapping_from_secret_type_to_class()
    classes: dict[str, Any] = {each.__name__: each for each in mapping.values()}
    return tuple(
        (name.removesuffix("Detector").lower(), each())
        for name, each in sorted(classes.items())
        if issubclass(each, RegexBasedDetector) and name not in _LEFT_OUT
    )
