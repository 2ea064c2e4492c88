"""One-coin: each agent is right with one probability, its competence, and else claims any other value alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ...contracts import Alternative
from .ballot import Ballot
from .confidence import CERTAINTY

__all__ = ["coin", "one_coin", "posterior"]


def one_coin(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

    With K values, the competence c of an agent (learned; its stated confidence where nothing was learned) and the
    prior P of a value (learned; else alike for all),

        score(v)      = log P(v) + sum over the agents of weight * (log c if it claims v, else log((1 - c) / (K - 1)))
        confidence(v) = exp(score(v)) / sum over all K values u of exp(score(u))

    c is kept in [1 / K, .99], so a claim never counts against its value. K is the number of learned and claimed values,
    at least one more than the claimed ones: the others together are 'none of these'. A value that was not learned has
    the prior of the rarest learned one. An agent votes with its most confident claim.
    Source: the homogeneous Dawid-Skene model, Dawid and Skene (1979); Li and Yu (2014).

    Ties keep the order of their keys. No claims give no candidates. NaN cannot occur: the ballot and the artefact
    refuse it.
    """
    classes = ballot.calibration.classes if ballot.calibration else {}
    count = max(len(classes.keys() | ballot.groups.keys()), len(ballot.groups) + 1)
    rare = min(classes.values(), default=-math.log(count))
    parts = {key: [classes.get(key, rare)] for key in ballot.groups}
    unclaimed = [classes[key] for key in classes if key not in parts] or [rare] * (1 if classes else count - len(parts))
    others = [_log_sum(unclaimed)]
    for agent, label in ballot.labels.items():
        right, wrong = coin(ballot, agent, ballot.groups[label][agent].confidence, count)
        weight = ballot.weight(agent)
        others.append(weight * wrong)
        for key, part in parts.items():
            part.append(weight * (right if key == label else wrong))
    return posterior(ballot, {key: math.fsum(part) for key, part in parts.items()}, math.fsum(others))


def coin(ballot: Ballot, agent: str, stated: float, count: int) -> tuple[float, float]:
    """The log probabilities that an agent claims what is right, and one certain other value of `count`."""
    known = ballot.calibration.agents.get(agent) if ballot.calibration else None
    competence = min(max(known.competence if known else stated, 1 / count), CERTAINTY)
    return math.log(competence), math.log((1 - competence) / (count - 1))


def posterior(ballot: Ballot, scores: Mapping[str, float], others: float) -> tuple[Alternative, ...]:
    """The candidates of these log joint probabilities, best first; `others` is that of all unclaimed values."""
    top = max([others, *scores.values()], default=0.0)
    parts = {key: math.exp(score - top) for key, score in scores.items()}
    total = math.fsum([math.exp(others - top), *parts.values()])
    return ballot.ranked(scores, {key: part / total for key, part in parts.items()})


def _log_sum(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + math.log(math.fsum(math.exp(each - top) for each in logs))
