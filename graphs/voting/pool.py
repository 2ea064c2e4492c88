"""Pool: the calibrated log-linear pool, with a learned weight for each agent in each context."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ...contracts import Alternative, Claim, FieldCalibration
from ...contracts.confidence_map import log_odds
from .ballot import Ballot
from .confidence import confidence
from .shares import shares

__all__ = ["pool", "signed_pool"]


def pool(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first.

    With what was learned of the field,

        score(v)      = offset + offset of the context + offset of the number of different values + offset of v
                        + sum of the weights of the agents that claim v
                        + lead of the most competent of them + second of the next
        confidence(v) = exp(score(v)) / (1 + sum over all claimed u of exp(score(u)))

    The weight of an agent is that of the context, plus `slope` times the log-odds of its calibrated confidence less
    their mean, and at least 0. In a bloc the k-th largest of n weights counts k**(1-r) - (k-1)**(1-r), with the bloc's
    correlation r, and the bloc has one head for lead and second. An agent that was not measured adds `trust` times its
    stated log-odds, at least 0. More support never lowers a value: weight, lead and second are not negative, and
    the offsets do not depend on who claims it.
    Source: the logarithmic opinion pool, Genest and Zidek (1986); its weights by the conditional logit, McFadden
    (1974); lead and second are ordered weights, Yager (1988).

    Where nothing was learned it is the `confidence` vote. Ties keep the order of their keys. No claims give no
    candidates. NaN cannot occur: the ballot and the artefact refuse it.
    """
    return _pool(ballot, signed=False)


def signed_pool(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first: the `pool`, in which a learned weight may be negative.

    Where the weaker agents share their errors, their support makes a value less likely, and the pool says so. More
    support never lowers a value only as far as it comes from agents of weights that are not negative.
    Source, ties, empty input and NaN: as in `pool`.
    """
    return _pool(ballot, signed=True)


def _pool(ballot: Ballot, *, signed: bool) -> tuple[Alternative, ...]:
    known = ballot.calibration
    if known is None or not known.agents:
        return confidence(ballot)
    groups = ballot.groups
    base = known.base(ballot.context)
    if known.spread:
        base += known.spread[min(len(groups), len(known.spread)) - 1]
    priors = known.priors(ballot.context)
    table = known.weights(ballot.context)
    scores: dict[str, float] = {}
    for key, by_agent in groups.items():
        own = {agent: _own(ballot, known, table, claim, signed=signed) for agent, claim in by_agent.items()}
        parts = [base, priors.get(key, 0.0), *_lead(known, by_agent)]
        parts.extend(_discounted(known, own) if known.blocs else own.values())
        scores[key] = math.fsum(parts)
    return ballot.ranked(scores, shares(scores))


def _own(ballot: Ballot, known: FieldCalibration, table: Mapping[str, float], claim: Claim, *, signed: bool) -> float:
    agent = claim.agent
    weight = table.get(agent)
    if weight is None:
        weight = max(0.0, known.trust * log_odds(claim.confidence))
    elif agent in known.stated:
        learned = known.stated[agent]
        stated = learned.confidence(claim.confidence) if learned.confidence else claim.confidence
        weight += learned.slope * (log_odds(stated) - learned.centre)
    if weight < 0 and not signed:
        return 0.0
    return weight * ballot.weights.get(agent, 1.0) if ballot.weights else weight


def _lead(known: FieldCalibration, agents: Iterable[str]) -> tuple[float, ...]:
    """What the two most competent supporters add; of a bloc only the first counts as one."""
    ranks = known.ranks
    order = sorted(rank for agent in agents if (rank := ranks.get(agent)) is not None)
    if not order:
        return ()
    first = known.agents[known.order[order[0]]]
    for rank in order[1:]:
        second = known.agents[known.order[rank]]
        if not second.bloc or second.bloc != first.bloc:
            return first.lead, second.second
    return (first.lead,)


def _discounted(known: FieldCalibration, own: Mapping[str, float]) -> Iterable[float]:
    """The weights, those of a bloc in falling order and ever less of each."""
    blocs: dict[str, list[float]] = {}
    power = 1.0
    for agent, weight in own.items():
        learned = known.agents.get(agent)
        if learned is None or not learned.bloc or weight < 0:
            yield weight
        else:
            blocs.setdefault(learned.bloc, []).append(weight)
    for name, weights in blocs.items():
        power = 1 - next(each.correlation for each in known.agents.values() if each.bloc == name)
        for place, weight in enumerate(sorted(weights, reverse=True)):
            yield weight * ((place + 1) ** power - place**power if place else 1.0)
