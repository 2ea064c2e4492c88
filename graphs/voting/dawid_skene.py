"""Dawid-Skene: each agent's claim is read by its confusion matrix, how often it claims this where that is right."""

from __future__ import annotations

import math

from ...contracts import Alternative
from .ballot import Ballot
from .one_coin import coin, one_coin, posterior

__all__ = ["dawid_skene"]


def dawid_skene(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

    With the learned prior P of each value and the confusion matrix pi of each agent,

        score(v)      = log P(v) + sum over the agents of weight * log pi[v][what it claims]
        confidence(v) = exp(score(v)) / sum over all learned values u of exp(score(u))

    The probability of values that nobody claims is that of 'none of these'. An agent votes with its most confident
    claim. Its matrix may make a claim of one value evidence for another, so more support may hurt a value: where that
    must not be, take `one_coin` or `pool`. An agent that was not learned counts as in `one_coin`. Where a claimed value
    was not learned, or fewer than two values were, with no other one to compare, the vote is `one_coin`.
    Source: Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm" (1979).

    Ties keep the order of their keys. No claims give no candidates. NaN cannot occur: the ballot and the artefact
    refuse it.
    """
    known = ballot.calibration
    if known is None or len(known.classes) < 2 or not all(key in known.classes for key in ballot.groups):
        return one_coin(ballot)
    count = len(known.classes)
    scores = {key: [prior] for key, prior in known.classes.items()}
    for agent, label in ballot.labels.items():
        weight = ballot.weight(agent)
        learned = known.agents.get(agent)
        right, wrong = coin(ballot, agent, ballot.groups[label][agent].confidence, count)
        rows = learned.confusion if learned else {}
        for key, part in scores.items():
            row = rows.get(key)
            log = row.get(label) if row else None
            part.append(weight * (log if log is not None else right if key == label else wrong))
    sums = {key: math.fsum(part) for key, part in scores.items()}
    claimed = {key: sums[key] for key in ballot.groups}
    rest = [score for key, score in sums.items() if key not in claimed]
    top = max(rest, default=0.0)
    others = top + math.log(math.fsum(math.exp(each - top) for each in rest)) if rest else -math.inf
    return posterior(ballot, claimed, others)
