"""Ballot: the claims on one field as a voting rule sees them, each agent once for each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...contracts import Alternative, Claim, ContractError, FieldCalibration, FieldPolicy, canonical_json
from ...contracts.scale import place_of

__all__ = ["Ballot"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """The claims on one field, by canonical key, and what a voting rule may look at besides."""

    groups: Mapping[str, Mapping[str, Claim]]
    """For each value, by its canonical text, the strongest claim of each agent that claims it."""
    weights: Mapping[str, float]
    """Factor on an agent's say, in [0, 1000]; 1 where it is not named."""
    terms: FieldPolicy
    """The policy of the field."""
    calibration: FieldCalibration | None = None
    """What was learned of the field; None for nothing."""
    context: str = ""
    """The context of the request, for the calibration."""
    write: Callable[[Any], str] = canonical_json
    """From a plain value to its canonical text."""
    place: Callable[[Any], Decimal | None] = place_of
    """From a plain value to where it stands on the line of its type; None where it has no place."""

    @classmethod
    def of(
        cls,
        claims: Iterable[Claim],
        key: Callable[[Claim], str],
        terms: FieldPolicy,
        calibration: FieldCalibration | None = None,
        context: str = "",
        write: Callable[[Any], str] = canonical_json,
        place: Callable[[Any], Decimal | None] = place_of,
    ) -> Ballot:
        """The ballot of these claims; agents of weight 0 have no say.

        Args:
            claims: The claims that vote.
            key: From a claim to the canonical text of its value.
            terms: The policy of the field.
            calibration: What was learned of the field.
            context: The context of the request.
            write: From a plain value to its canonical text, for values that the vote puts together itself.
            place: From a plain value to where it stands on the line of its type.

        Raises:
            ContractError: A confidence is not in [0, 1]: NaN, an infinity.
        """
        weights = terms.weights
        groups: dict[str, dict[str, Claim]] = {}
        for claim in claims:
            if not 0.0 <= claim.confidence <= 1.0:
                raise ContractError(
                    f"agent {claim.agent!r}, claim on {claim.field!r}",
                    got=f"confidence {claim.confidence!r}",
                    expected="a number in [0, 1]",
                    fix="correct it",
                )
            if weights and not weights.get(claim.agent, 1.0):
                continue
            by_agent = groups.setdefault(key(claim), {})
            known = by_agent.get(claim.agent)
            if known is None or _is_stronger(claim, known):
                by_agent[claim.agent] = claim
        return cls(groups, weights, terms, calibration, context, write, place)

    @property
    def labels(self) -> Mapping[str, str]:
        """The one value of each agent: that of its most confident claim, of equally sure ones the last in order."""
        best: dict[str, tuple[float, str]] = {}
        for key, by_agent in self.groups.items():
            for agent, claim in by_agent.items():
                mine = (claim.confidence, key)
                if agent not in best or mine > best[agent]:
                    best[agent] = mine
        return {agent: key for agent, (_, key) in best.items()}

    def weight(self, agent: str) -> float:
        """The policy's factor on the say of an agent."""
        return self.weights.get(agent, 1.0)

    def ranked(self, scores: Mapping[str, float], shares: Mapping[str, float]) -> tuple[Alternative, ...]:
        """The claimed values as candidates, best score first; ties in the order of their keys."""
        groups = self.groups
        return tuple(
            Alternative(_value(groups[key]), key, score, shares[key], tuple(sorted(groups[key])))
            for key, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        )


def _value(by_agent: Mapping[str, Claim]) -> Any:
    """The value in the form of its strongest claim."""
    best: Claim | None = None
    for claim in by_agent.values():
        if best is None or _is_stronger(claim, best):
            best = claim
    assert best is not None  # a group has a claim
    return best.value


def _is_stronger(one: Claim, other: Claim) -> bool:
    """Whether a claim stands for its value before another: confidence, then the value's text, never the arrival."""
    if one.confidence != other.confidence:
        return one.confidence > other.confidence
    return one.value != other.value and canonical_json(one.value) > canonical_json(other.value)
