"""Assessment: how well a vote, with a calibration or without, does on labelled questions of one field."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ...contracts import Alternative, Claim, FieldCalibration, FieldPolicy
from ...graphs import VOTING_RULES, Ballot
from .figures import expected_calibration_error
from .labelled import Labelled

__all__ = ["Assessment", "assess", "cross_validate", "folds_of"]

_LEAST = 1e-4
"""The least probability that counts: nothing is infinitely wrong."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """How well a vote does on labelled questions."""

    questions: int
    """How many questions were labelled, and claimed by anybody."""
    accuracy: float
    """Share of them in which the leading value is right."""
    log_loss: float
    """Mean of -log of the share of the right value, or of none, in nats."""
    ece: float
    """Expected calibration error of the leading values' confidences, in [0, 1]."""

    @classmethod
    def of(cls, votes: Sequence[tuple[Labelled, tuple[Alternative, ...]]]) -> Assessment:
        """The assessment of votes on questions; a question without a label, or without a claim, does not count."""
        known = [(each, candidates) for each, candidates in votes if each.truth is not None and candidates]
        predictions = [(found[0].confidence, found[0].key == each.truth) for each, found in known]
        count = max(len(known), 1)
        return cls(
            len(known),
            sum(right for _, right in predictions) / count,
            math.fsum(_loss(each, found) for each, found in known) / count,
            expected_calibration_error(predictions),
        )


def assess(questions: Sequence[Labelled], terms: FieldPolicy, calibration: FieldCalibration | None) -> Assessment:
    """How well the vote of these terms does with a calibration, or without any."""
    return Assessment.of([(each, _vote(each, terms, calibration)) for each in questions])


def cross_validate(
    questions: Sequence[Labelled],
    terms: FieldPolicy,
    fit: Callable[[Sequence[Labelled]], FieldCalibration],
    folds: int = 5,
) -> Assessment:
    """How well the vote does with what is learned of the other folds.

    Unlabelled questions are learned from in every fold. Fewer labelled questions than folds make as many folds as
    there are.
    """
    labelled = [each for each in questions if each.truth is not None]
    rest = [each for each in questions if each.truth is None]
    votes = []
    for inner, outer in folds_of(labelled, folds):
        learned = fit([*inner, *rest])
        votes += [(each, _vote(each, terms, learned)) for each in outer]
    return Assessment.of(votes)


def folds_of(questions: Sequence[Labelled], folds: int, seed: int = 0) -> list[tuple[list[Labelled], list[Labelled]]]:
    """For each fold the others and itself; shuffled by the seed. At least two questions are needed."""
    count = min(folds, len(questions))
    if count < 2:
        return []
    order = Random(seed).sample(range(len(questions)), len(questions))
    fold = {question: place % count for place, question in enumerate(order)}
    return [
        (
            [each for number, each in enumerate(questions) if fold[number] != part],
            [each for number, each in enumerate(questions) if fold[number] == part],
        )
        for part in range(count)
    ]


def _vote(question: Labelled, terms: FieldPolicy, calibration: FieldCalibration | None) -> tuple[Alternative, ...]:
    claims = [Claim(question.field, each.key, each.confidence, agent=each.agent) for each in question.claims]
    ballot = Ballot.of(claims, lambda claim: str(claim.value), terms, calibration, question.context, str)
    return VOTING_RULES[terms.vote](ballot)


def _loss(question: Labelled, candidates: Sequence[Alternative]) -> float:
    share = next((each.confidence for each in candidates if each.key == question.truth), None)
    if share is None:
        share = 1 - math.fsum(each.confidence for each in candidates)
    return -math.log(max(share, _LEAST))
