"""Revision: how the basis of a run records that the agent was shown what the others claim."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["OTHERS", "base_of", "fields_revised", "round_key"]

OTHERS = "others"
"""The input by which an agent asks to be shown what the others claim, where a field that it writes is contested."""

_PREFIX = f"{OTHERS}:"


def round_key(field: str) -> str:
    """The key under which a basis holds the round of revision of a field, 1 for the first."""
    return f"{_PREFIX}{field}"


def base_of(basis: Mapping[str, int]) -> dict[str, int]:
    """The versions of what was read, without the rounds."""
    return {name: version for name, version in basis.items() if not name.startswith(_PREFIX)}


def fields_revised(basis: Mapping[str, int]) -> dict[str, int]:
    """The fields that the run was to revise, each with its round; empty for a first run."""
    return {name.removeprefix(_PREFIX): number for name, number in basis.items() if name.startswith(_PREFIX)}
