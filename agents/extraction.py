"""Extraction: agents that claim what a pattern finds in a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from typing_extensions import Unpack

from ..contracts import Claim, Contract, ContractError, Quote
from .agent import Agent
from .options import Options

__all__ = ["pattern_agent"]


def pattern_agent(
    name: str,
    pattern: str | re.Pattern[str],
    *,
    reads: str,
    writes: str,
    group: int | str | None = None,
    convert: Callable[[str], Any] | None = None,
    confidence: float | Callable[[re.Match[str]], float] = 0.5,
    most: int = 100,
    **options: Unpack[Options],
) -> Agent:
    """An agent that claims what a regular expression finds in a text field; each match is a claim with its quote.

    It abstains where the field is empty or nothing matches. A group that took no part in a match claims nothing.

    Args:
        name: Name of the agent.
        pattern: The regular expression, as Python's `re` reads it.
        reads: The text field.
        writes: The field that it claims.
        group: The group that holds the value; by default the one named like the written field, or else the first
            group, or else the whole match.
        convert: From the matched text to the value; None, a ValueError or an ArithmeticError from it mean that this
            match is no value. By default the field's own type reads the text.
        confidence: Confidence of each claim, in [0, 1], or a function from the match to it.
        most: The most matches that are looked at, first to last, at least 1.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: The pattern does not compile, has no such group, or `most` is below 1.
    """
    compiled = _compiled(name, pattern)
    wanted = _group(name, compiled, group, writes)
    if not isinstance(most, int) or most < 1:
        raise ContractError(f"agent {name!r}", got=f"most={most!r}", expected="an integer >= 1", fix="correct it")
    contract = Contract(
        name=name,
        reads=frozenset({reads}),
        writes=frozenset({writes}),
        capability="extraction",
        confidence=confidence if not callable(confidence) else 0.5,
        types={reads: str},
        **options,
    )

    def call(**fields: Any) -> Iterator[Claim]:
        for match in islice(compiled.finditer(fields[reads] or ""), most):
            value = _value(match[wanted], convert)
            if value is not None:
                sure = confidence(match) if callable(confidence) else confidence
                place = Quote(reads, *match.span(wanted))
                yield Claim(writes, value, sure, (place,), reason=f"matches the pattern of {name}")

    return Agent(contract, call=call)


def _compiled(name: str, pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ContractError(
            f"agent {name!r}",
            got=f"pattern {pattern!r}",
            expected="a regular expression of Python's re",
            fix=f"correct it: {error}",
        ) from error


def _group(name: str, pattern: re.Pattern[str], group: int | str | None, writes: str) -> int | str:
    if group is None:
        return writes if writes in pattern.groupindex else min(pattern.groups, 1)
    if group in pattern.groupindex or (isinstance(group, int) and 0 <= group <= pattern.groups):
        return group
    named = ", ".join(pattern.groupindex) or "none"
    raise ContractError(
        f"agent {name!r}",
        got=f"group {group!r}",
        expected=f"a group of {pattern.pattern!r}: 0 to {pattern.groups}, or by name: {named}",
        fix="correct the group, or name it in the pattern with (?P<name>...)",
    )


def _value(text: str | None, convert: Callable[[str], Any] | None) -> Any:
    if text is None or convert is None:
        return text
    try:
        return convert(text)
    except (ValueError, ArithmeticError):
        return None
