"""Items: a vote on each item of a set, where the value of a field is a list of items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ...contracts import Alternative, Claim, canonical_json
from .ballot import Ballot
from .confidence import CERTAINTY, confidence
from .shares import TIE

__all__ = ["items"]


def items(ballot: Ballot) -> tuple[Alternative, ...]:
    """The candidates, best first: the set of the items that win, then the claimed sets.

    Each agent votes with the set that it is surest of: for each item in it, and against each item that others have and
    it has not. With l = weight * log(p / (1 - p)), at least 0,

        margin(item)    = sum of l for it - sum of l against it;  the item wins where it is positive
        score(set)      = the least of margin, over its items, and -margin, over the items left out
        confidence(set) = 1 / (1 + exp(-score)), for the set that wins; the claimed sets share what is left

    So the set is as sure as its least sure item, which is the most that it can be; one claim alone keeps its
    confidence. The claimed sets behind it are those of the `confidence` vote.
    Source: majority on each proposition, List and Pettit (2002); the bound is Frechet's.

    Items are equal where two values of the field are that hold just them. An item whose margin is 0 is a tie: the set
    with it and the set without it have the same score. No claims give no candidates; an empty list is a claim against
    every item. Values that are no lists vote as by `confidence`, and so do all where the set that wins is no value of
    the field: an empty one, say. NaN cannot occur: the ballot refuses it.

    One more agent for the set that wins leaves it in the lead, no less sure.
    """
    chosen = {agent: ballot.groups[key][agent] for agent, key in ballot.labels.items()}
    if not chosen or not all(isinstance(claim.value, list | tuple) for claim in chosen.values()):
        return confidence(ballot)
    margins, forms = _margins(ballot, chosen)
    doubtful = {each for each, margin in margins.items() if abs(margin) <= TIE}
    score = min((abs(margin) for margin in margins.values()), default=_least_odds(ballot, chosen))
    score = 0.0 if doubtful else score
    won = {each for each, margin in margins.items() if margin > TIE}
    sure = 1 / (1 + math.exp(-score))
    share = sure / 2 if doubtful else sure
    sets = [won, won | doubtful] if doubtful else [won]
    try:
        winners = [_candidate(ballot, forms, each, score, share) for each in sets]
    except ValueError:
        return confidence(ballot)  # no value of the field
    keys = {each.key for each in winners}
    rest = [each for each in confidence(ballot) if each.key not in keys]
    room = 1 - math.fsum(each.confidence for each in winners)
    behind = [
        Alternative(each.value, each.key, min(each.score, score - 1), each.confidence * room, each.agents)
        for each in rest
    ]
    return (*winners, *sorted(behind, key=lambda each: (-each.score, each.key)))


def _margins(ballot: Ballot, chosen: Mapping[str, Claim]) -> tuple[dict[str, float], dict[str, Any]]:
    """For each item the balance of the votes, and the item as it is written."""
    sets = {agent: {_key(ballot, item): item for item in claim.value} for agent, claim in chosen.items()}
    forms: dict[str, Any] = {}
    for each in sets.values():
        for key, item in each.items():
            if key not in forms or canonical_json(item) > canonical_json(forms[key]):
                forms[key] = item
    odds = {agent: _odds(ballot, agent, claim) for agent, claim in chosen.items()}
    margins = {
        key: math.fsum(odds[agent] if key in each else -odds[agent] for agent, each in sets.items()) for key in forms
    }
    return margins, forms


def _candidate(ballot: Ballot, forms: Mapping[str, Any], won: set[str], score: float, share: float) -> Alternative:
    value = [forms[key] for key in sorted(won)]
    key = ballot.write(value)
    same = [(name, each) for name, each in ballot.groups.items() if {_key(ballot, item) for item in _list(each)} == won]
    if same:  # somebody claims just these: in the words, and the order, of the surest
        key, by_agent = max(same, key=lambda each: (max(c.confidence for c in each[1].values()), each[0]))
        value = max(by_agent.values(), key=lambda claim: (claim.confidence, canonical_json(claim.value))).value
    agents = sorted({agent for _, each in same for agent in each})
    return Alternative(value, key, score, share, tuple(agents))


def _list(by_agent: Mapping[str, Claim]) -> list[Any]:
    value = next(iter(by_agent.values())).value
    return list(value) if isinstance(value, list | tuple) else []


def _key(ballot: Ballot, item: Any) -> str:
    """The text that equal items share: that of a list with this item alone, where the field may have one."""
    try:
        return ballot.write([item])
    except ValueError:
        return canonical_json(item)


def _odds(ballot: Ballot, agent: str, claim: Claim) -> float:
    clipped = min(max(claim.confidence, 0.5), CERTAINTY)
    return ballot.weight(agent) * math.log(clipped / (1 - clipped))


def _least_odds(ballot: Ballot, chosen: Mapping[str, Claim]) -> float:
    """Where all claim the empty list: what they say of it together."""
    return math.fsum(_odds(ballot, agent, claim) for agent, claim in chosen.items())
