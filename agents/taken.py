"""Taken: what one attempt of an agent took, from what its models report or what it says itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..contracts import Spend, Usage
from .prices import Prices

__all__ = ["charged_of", "sum_of", "taken_by"]


def taken_by(calls: Sequence[Usage], said: Usage, prices: Prices, provider: str = "") -> Usage:
    """What an attempt took: what its models report, or what the agent says, whichever is more.

    An answer that a cache gave counts as if it had been asked for: so a run that is played back makes the same moves.

    Args:
        calls: What each call of a model used.
        said: What the agent says.
        prices: What models cost.
        provider: Whose service the agent calls.
    """
    if not calls and not _tokens(said):
        return replace(said, usd=said.usd or 0.0)
    priced = [replace(each, usd=prices.usd(each, provider)) for each in calls]
    metered = sum_of(priced)
    if _tokens(said) < _tokens(metered):
        return replace(metered, usd=max(said.usd, metered.usd or 0.0)) if said.usd else metered
    if said.usd:
        return said
    if _tokens(said) == _tokens(metered) and priced:
        return replace(metered, model=said.model or metered.model)
    return replace(said, usd=prices.usd(said, provider))


def charged_of(unpaid: Iterable[Usage], taken: Usage, prices: Prices, provider: str = "") -> Spend:
    """What of it is to be paid for: all but the calls that were not made."""
    unpaid = tuple(unpaid)
    if not unpaid:
        return taken.spent
    free = sum_of([replace(each, usd=prices.usd(each, provider)) for each in unpaid])
    paid = taken.spent - Spend(_tokens(free), free.usd or 0.0)
    return replace(paid, tokens=max(0, paid.tokens), usd=max(0.0, paid.usd))


def sum_of(runs: Iterable[Usage]) -> Usage:
    """All together; without a price where one of them has tokens without one."""
    total = Usage(usd=0.0, attempts=0)
    for each in runs:
        unknown = total.usd is None or each.unpriced
        total = replace(
            total,
            model=each.model or total.model,
            input_tokens=total.input_tokens + each.input_tokens,
            output_tokens=total.output_tokens + each.output_tokens,
            cached_tokens=total.cached_tokens + each.cached_tokens,
            cache_write_tokens=total.cache_write_tokens + each.cache_write_tokens,
            usd=None if unknown else round((total.usd or 0.0) + (each.usd or 0.0), 9),
            seconds=round(total.seconds + each.seconds, 6),
            attempts=total.attempts + each.attempts,
        )
    return total


def _tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens
