"""Outage: which errors say that the outside world failed, and not the agent."""

from __future__ import annotations

from socket import gaierror

__all__ = ["is_outage", "status_of"]

_PASSING = frozenset({408, 409, 425, 429})
"""HTTP statuses of 4xx after which the same request may do well."""

_NAMES = frozenset(
    {
        "APIConnectionError",
        "ClientConnectionError",
        "ConnectTimeoutError",
        "ConnectionError",
        "EndpointConnectionError",
        "NewConnectionError",
        "NodeTimeoutError",
        "ProtocolError",
        "ReadTimeoutError",
        "ServerTimeoutError",
        "ServiceUnavailable",
        "Timeout",
        "TransportError",
    }
)
"""Names of the errors by which HTTP clients say that nothing came back; by name, because none of them is imported."""


def is_outage(error: BaseException) -> bool:
    """Whether it is a timeout, a failure of the network, a status of 5xx, or one of 4xx that may pass.

    Such errors count for circuit breakers, and are worth another attempt.
    """
    if isinstance(error, TimeoutError | ConnectionError | gaierror):
        return True
    status = status_of(error)
    if status is not None and status >= 400:
        return status >= 500 or status in _PASSING
    return any(each.__name__ in _NAMES for each in type(error).__mro__)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that a client's error carries, or None."""
    try:
        status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    except Exception:  # an error that cannot say what it is
        return None
    return status if isinstance(status, int) else None
