"""Terms: keys of a field's terms that its voting rule does not look at, or that it makes something else of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...contracts import FieldPolicy, Policy, Vote
from ..floor import floor_of
from .finding import Finding

__all__ = ["check_terms"]

_BY_CONTEXT: tuple[Vote, ...] = ("pool", "signed_pool")
_SHARES: Mapping[Vote, str] = {"plurality": "votes", "borda": "points"}
"""Voting rules whose confidence is a share, and of what."""


def _has_waves(terms: FieldPolicy) -> bool:
    return floor_of(terms) is not None


_LOOKED_AT: Mapping[str, tuple[Callable[[FieldPolicy], bool], str, str]] = {
    "tolerance": (lambda terms: terms.vote == "median", "`vote: median`", "write `vote: median`"),
    "wave": (_has_waves, "`vote: confidence` and nobody's veto: all agents of a tier run at once", "take that vote"),
    "context": (lambda terms: terms.vote in _BY_CONTEXT, "`vote: pool` or `signed_pool`", "take one of these"),
}
"""By key: which terms look at it, as a test and in words, and what else to do than to take it out."""


def check_terms(policy: Policy) -> Iterator[Finding]:
    """Keys that have no part in the vote, and thresholds that are a probability where the confidence is a share.

    A key of the defaults is for those fields that can use it; it is found where none can.
    """
    merged = {name: policy.of(name) for name in policy.fields}
    for key, (looks, expected, other) in _LOOKED_AT.items():
        if getattr(policy.defaults, key) and not any(map(looks, (policy.defaults, *merged.values()))):
            yield _unused(f"defaults.{key}", key, policy.defaults, expected, other)
        for name, terms in merged.items():
            if getattr(policy.fields[name], key) and not looks(terms):
                yield _unused(f"fields.{name}.{key}", key, terms, expected, other)
    for where, terms in (("defaults", policy.defaults), *((f"fields.{name}", each) for name, each in merged.items())):
        if terms.accept_source and terms.vote in _SHARES:
            yield Finding(
                "warning",
                "type",
                f"{where}.cost_of_error",
                f"a threshold from costs, {terms.accept:g}, for `vote: {terms.vote}`",
                f"a vote whose confidence is a probability: here it is a share of {_SHARES[terms.vote]}",
                "take `vote: pool` or `confidence`, or write `accept` as the share that is enough",
            )


def _unused(where: str, key: str, terms: FieldPolicy, expected: str, other: str) -> Finding:
    holders = f" and `veto: {', '.join(terms.veto)}`" if terms.veto and key == "wave" else ""
    return Finding(
        "warning",
        "unused",
        where,
        f"`{key}` with `vote: {terms.vote}`{holders}",
        f"it with {expected}",
        f"take it out, or {other}",
    )
