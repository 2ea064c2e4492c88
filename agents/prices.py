"""Prices: what a call of a model costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..contracts import Price, Usage

__all__ = ["Prices"]

_MILLION = 1_000_000
_NANO = 9


class Prices:
    """What calls of models cost: by the prices of a policy, then by those of `genai-prices`, where it is installed.

    `genai-prices` is imported when a model is first priced.

    Args:
        own: Prices by model, before any other.
    """

    def __init__(self, own: Mapping[str, Price] | None = None) -> None:
        self._own = dict(own or {})

    def usd(self, used: Usage, provider: str = "") -> float | None:
        """What a call cost, in US dollars; None where nobody knows the price of its model.

        Args:
            used: The call, with the name of the model.
            provider: Whose service it is, such as `openai`, for a model that several offer.
        """
        if not used.input_tokens and not used.output_tokens:
            return 0.0
        price = self._own.get(used.model)
        if price is not None:
            return round(_cost(price, used) / _MILLION, _NANO)
        return _published(used, provider) if used.model else None

    def knows(self, model: str, provider: str = "") -> bool:
        """Whether there is a price for a model."""
        return self.usd(Usage(model=model, input_tokens=1), provider) is not None


def _cost(price: Price, used: Usage) -> float:
    cached = price.input if price.cached is None else price.cached
    written = price.input if price.cache_write is None else price.cache_write
    fresh = max(0, used.input_tokens - used.cached_tokens - used.cache_write_tokens)
    return (
        fresh * price.input
        + used.cached_tokens * cached
        + used.cache_write_tokens * written
        + used.output_tokens * price.output
    )


def _published(used: Usage, provider: str) -> float | None:
    calculate = _genai_prices()
    if calculate is None:
        return None
    for service in (provider, "") if provider else ("",):
        usd = calculate(used, service)
        if usd is not None:
            return usd
    return None


@cache
def _genai_prices() -> Callable[[Usage, str], float | None] | None:
    try:
        import genai_prices
    except ModuleNotFoundError:
        return None

    def calculate(used: Usage, provider: str) -> float | None:
        counted: Any = genai_prices.Usage(
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cache_read_tokens=used.cached_tokens or None,
            cache_write_tokens=used.cache_write_tokens or None,
        )
        try:
            found = genai_prices.calc_price(counted, used.model, provider_id=provider or None)
        except (LookupError, ValueError):  # no such model or service; more cached tokens than sent
            return None
        return round(float(found.total_price), _NANO)

    return calculate
