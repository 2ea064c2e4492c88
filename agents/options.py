"""Options: the part of a contract that may be left out, as keyword arguments of everything that makes an agent."""

from __future__ import annotations

from typing_extensions import TypedDict

from ..contracts import Limits

__all__ = ["Options"]


class Options(TypedDict, total=False):
    """What an agent may say about itself beyond what it reads and writes. What is left out is as in `Contract`."""

    version: str
    """Version, recorded with each claim."""
    tier: int
    """Cost class; a tier runs only where the cheaper ones did not settle the field."""
    limits: Limits
    """Bounds of one run."""
    owner: str
    """Who answers for it: a team or a person."""
    provider: str
    """Whose service it calls; agents of one provider share a circuit breaker and queues."""
    instead_of: str
    """The agent whose place it takes where that one ended in a fault."""
