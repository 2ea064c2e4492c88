"""Finder: from a guardrail of the policy to the function that looks for what it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ...contracts import Guardrail, GuardrailCheck
from .exfiltration import destinations, is_allowed
from .folding import folded
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
_AS_IT_STANDS = (injections, destinations)
"""Checks that see a text only as it stands: one folds it itself, and of a host accents are a part."""
_UNREAD = "unread"
"""The kind of a text that could not be looked at. No list lets it pass."""


def finder(guardrail: Guardrail, checks: Mapping[GuardrailCheck, Find] = _CHECKS) -> Callable[[str], Iterator[Hit]]:
    """What finds the things in a text on which the guardrail fires: without those that it allows.

    It looks at the text as it stands, and without what is put in to hide words. A check that fails fires, too, with the
    kind `unread`.

    Args:
        guardrail: What the policy says.
        checks: What looks for what, by name; all but `content`.

    Raises:
        QuorateError: The extra `guardrails` is not installed, and the check needs it.
    """
    check = _denied(guardrail) if guardrail.check == "content" else checks[guardrail.check]
    next(iter(check(" ")), None)  # a missing extra is told when the team is built; of no line nothing is asked
    passes = _passes(guardrail)

    def find(text: str) -> Iterator[Hit]:
        for hit in _hits(check, text):
            if hit.kind == _UNREAD or not (passes(hit.found) or (guardrail.kinds and hit.kind not in guardrail.kinds)):
                yield hit

    return find


def _hits(check: Find, text: str) -> Iterator[Hit]:
    """What the check finds; closed where it fails: nothing passes that nobody has looked at."""
    try:
        yield from check(text)
        if check not in _AS_IT_STANDS and not text.isascii() and (plain := folded(text)) != text:
            yield from check(plain)
    except Exception as error:  # of whatever library the check stands on
        yield Hit(_UNREAD, "", f"{len(text)} characters that the check failed on: {type(error).__name__}")


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
