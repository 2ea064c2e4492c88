"""Finder: from a guardrail of the policy to the function that looks for what it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ...contracts import Guardrail, GuardrailCheck
from .exfiltration import destinations, is_allowed
from .hit import Find, Hit
from .injection import injections
from .pii import pii_in
from .secrets import secrets_in

__all__ = ["finder"]

_CHECKS: Mapping[GuardrailCheck, Find] = {
    "injection": injections,
    "secrets": secrets_in,
    "pii": pii_in,
    "exfiltration": destinations,
}


def finder(guardrail: Guardrail) -> Callable[[str], Iterator[Hit]]:
    """What finds the things in a text on which the guardrail fires: without those that it allows.

    Raises:
        QuorateError: The extra `guardrails` is not installed, and the check needs it.
    """
    check = _denied(guardrail) if guardrail.check == "content" else _CHECKS[guardrail.check]
    next(iter(check("")), None)  # a missing extra is told when the team is built
    passes = _passes(guardrail)

    def find(text: str) -> Iterator[Hit]:
        for hit in check(text):
            if not passes(hit.found) and (not guardrail.kinds or hit.kind in guardrail.kinds):
                yield hit

    return find


def _passes(guardrail: Guardrail) -> Callable[[str], bool]:
    allowed = frozenset(entry.lower().removeprefix("@") for entry in guardrail.allow)
    if guardrail.check == "exfiltration":
        return lambda found: is_allowed(found, allowed)
    return lambda found: bool(allowed) and found.lower() in allowed


def _denied(guardrail: Guardrail) -> Find:
    def find(text: str) -> Iterable[Hit]:
        for entry, has in guardrail.denied.items():
            if has(text):
                yield Hit("denied", entry, f"what {entry!r:.60} denies")

    return find
