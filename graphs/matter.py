"""Matter: what people are asked about, so that an opinion counts for that alone."""

from __future__ import annotations

from ..contracts import Decision, Effect, digest

__all__ = ["asked_of_effect", "asked_of_field"]


def asked_of_field(decision: Decision) -> str:
    """What a question about a field is about: the version of its decision, which is new with each value or status."""
    return str(decision.version)


def asked_of_effect(effect: Effect) -> str:
    """What a question about an effect is about: its exact arguments, what it is based on, and where it stands."""
    return digest([effect.digest, dict(effect.basis), effect.status == "unknown"])
