"""Progress: whether the agents of a turn get anywhere, or go round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..contracts import Decision, Effect, Fault, Policy, digest, fields_revised
from .roster import Roster
from .turn import Turn

__all__ = ["Stuck", "StuckKind", "circle", "contents_of", "stuck"]

StuckKind = Literal["repetition", "ping_pong", "unchanged", "waiting"]
"""How a turn gets nowhere.

`repetition`: one agent is to run again on the same values. `ping_pong`: several are, over the same fields.
`unchanged`: an agent runs again and again on other values, and always claims the same. `waiting`: fields wait for each
other in a circle.
"""

SAME_VALUES = 2
"""How often an agent may run on the same values; the next time it goes round. Once is no proof: a value may return."""
SAME_CLAIMS = 3
"""After how many runs with the same claims another one is in vain."""

_SUPERVISOR = "supervisor"

Bases = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Stuck:
    """Agents that get nowhere, with the fields over which they do."""

    kind: StuckKind
    """How."""
    agents: tuple[str, ...]
    """The agents, sorted."""
    fields: tuple[str, ...]
    """The fields, sorted; of a circle in its order."""
    reason: str
    """What was found, in one line that names them."""

    @property
    def fault(self) -> Fault:
        """The record of it."""
        return Fault(_SUPERVISOR, "progress", 1, self.reason, _FIXES[self.kind], code=self.kind)


_AGAIN = "look at the rules about these fields that ask for `usage`, and at what writes the fields: something undoes it"
_FIXES: Mapping[StuckKind, str] = {
    "repetition": _AGAIN,
    "ping_pong": _AGAIN,
    "unchanged": "let these agents read fewer fields: what changes there does not matter to them",
    "waiting": "let one of these agents read less, or approve the effect without looking at what follows from it",
}


@dataclass(frozen=True, slots=True)
class _Ran:
    """One run of an agent since a person looked last."""

    basis: Mapping[str, int]
    content: str


def contents_of(bases: Bases, turn: Turn, decisions: Mapping[str, Decision], roster: Roster) -> dict[str, str]:
    """Digest of what each agent will read besides the request: equal where the values are, whatever their versions.

    An agent that reads nothing else has none.
    """
    contents: dict[str, str] = {}
    for name, basis in bases.items():
        if basis:
            values = {field: _value(field, decisions.get(field), roster) for field in basis if field in roster.outcome}
            rest = {field: number for field, number in basis.items() if field not in roster.outcome}
            contents[name] = digest([values, rest])[:16]
    return contents


def stuck(
    bases: Bases, contents: Mapping[str, str], turn: Turn, roster: Roster, *, same_values: int = SAME_VALUES
) -> tuple[Stuck, ...]:
    """The circles that the agents are in that are to run next; empty where they get on. A pure function.

    Rounds of revising do not count: they are to look again, and are bounded by the policy. Nor does what was before a
    person answered or corrected something: that begins anew.

    Args:
        bases: The agents that are to run, with the versions that they will read.
        contents: The digests of what they will read.
        turn: The shared state.
        roster: The team.
        same_values: How often an agent may have run on the same values.
    """
    ran = _since_person(turn)
    again = [
        name
        for name, basis in bases.items()
        if not fields_revised(basis) and _count(ran.get(name, []), contents.get(name)) >= same_values
    ]
    found = [_round(members, ran, bases, roster) for members in _groups(again, ran, bases)]
    vain = [
        name for name in bases if name not in again and _in_vain(name, bases[name], ran.get(name, []), turn, roster)
    ]
    return (*found, *(_unchanged(name, ran, bases) for name in vain))


def circle(open_fields: Iterable[str], effects: Mapping[str, Effect], roster: Roster, policy: Policy) -> Stuck | None:
    """The fields that wait for each other in a circle, through agents, rules or the approval of effects; or None.

    Args:
        open_fields: The fields that are not decided.
        effects: The effects of the turn, by slot.
        roster: The team.
        policy: The rules, and what approves effects.
    """
    fields = sorted(open_fields)
    waits = {name: list(_waits(name, set(fields), effects, roster, policy)) for name in fields}
    for start in fields:
        way = _way_back(start, start, waits, [])
        if way:
            agents = sorted({via for _, via in way if via in roster.agents})
            path = " -> ".join([start, *(f"{via} -> {name}" for name, via in way)])
            return Stuck("waiting", tuple(agents), (start, *(name for name, _ in way[:-1])), f"a circle: {path}")
    return None


def _value(field: str, decision: Decision | None, roster: Roster) -> str | None:
    if decision is None or decision.status != "settled" or decision.value is None:
        return None
    return roster.outcome[field].key(decision.value)


def _since_person(turn: Turn) -> dict[str, list[_Ran]]:
    """The runs of each agent since a person answered or corrected something, those of rounds of revising left out."""
    start = 0
    for number, move in enumerate(turn.moves, 1):
        if move.kind == "ask":
            start = number
    for opinion in turn.opinions:
        if opinion.turn == turn.number and opinion.kind == "correct":
            start = max(start, opinion.move)
    ran: dict[str, list[_Ran]] = {}
    for move in turn.moves[start:]:
        if move.kind == "dispatch":
            for agent, basis in move.agents.items():
                if not fields_revised(basis):
                    ran.setdefault(agent, []).append(_Ran(basis, move.contents.get(agent, "")))
    return ran


def _count(ran: Iterable[_Ran], content: str | None) -> int:
    return sum(each.content == content for each in ran) if content else 0


def _in_vain(name: str, basis: Mapping[str, int], ran: list[_Ran], turn: Turn, roster: Roster) -> bool:
    if len(ran) < SAME_CLAIMS or fields_revised(basis):
        return False
    last = ran[-SAME_CLAIMS:]
    claimed = [_claimed(name, each.basis, turn, roster) for each in last]
    return all(each == claimed[0] for each in claimed)


def _claimed(agent: str, basis: Mapping[str, int], turn: Turn, roster: Roster) -> frozenset[tuple[str, str]]:
    return frozenset(
        (claim.field, roster.outcome[claim.field].key(claim.value))
        for claim in turn.claims
        if claim.agent == agent and claim.basis == basis and claim.field in roster.outcome
    )


def _groups(again: list[str], ran: Mapping[str, list[_Ran]], bases: Bases) -> Iterator[list[str]]:
    """The agents that go round, in groups that have a field that changes in common."""
    left = sorted(again)
    while left:
        group, fields = [left.pop(0)], set[str]()
        fields |= _changing(group[0], ran, bases)
        grown = True
        while grown:
            near = [name for name in left if fields & _changing(name, ran, bases)]
            grown = bool(near)
            group += near
            left = [name for name in left if name not in near]
            fields = fields.union(*(_changing(name, ran, bases) for name in near))
        yield sorted(group)


def _changing(agent: str, ran: Mapping[str, list[_Ran]], bases: Bases) -> set[str]:
    """The fields that the agent reads whose versions change from run to run."""
    versions = [each.basis for each in ran.get(agent, [])] + [bases[agent]]
    return {field for basis in versions for field in basis if len({each.get(field) for each in versions}) > 1}


def _round(members: list[str], ran: Mapping[str, list[_Ran]], bases: Bases, roster: Roster) -> Stuck:
    fields = sorted(set().union(*(_changing(name, ran, bases) for name in members)))
    writers = sorted(
        name
        for name, runs in ran.items()
        if name not in members and len(runs) > 1 and roster.agents[name].contract.writes & set(fields)
    )
    agents = sorted([*members, *writers])
    kind: StuckKind = "repetition" if len(agents) == 1 else "ping_pong"
    times = max(len(ran[name]) for name in members)
    reason = (
        f"{_named('agent', agents)} {'goes' if len(agents) == 1 else 'go'} round: after {times} runs the same values "
        f"of {', '.join(fields) or 'what they read'} come again"
    )
    return Stuck(kind, tuple(agents), tuple(fields), reason)


def _unchanged(name: str, ran: Mapping[str, list[_Ran]], bases: Bases) -> Stuck:
    fields = sorted(_changing(name, ran, bases))
    reason = (
        f"agent {name!r} claims the same as in its last {SAME_CLAIMS} runs, though {', '.join(fields)} "
        f"{'changes' if len(fields) == 1 else 'change'} each time"
    )
    return Stuck("unchanged", (name,), tuple(fields), reason)


def _named(what: str, names: list[str]) -> str:
    return f"{what}{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"


def _waits(
    name: str, fields: set[str], effects: Mapping[str, Effect], roster: Roster, policy: Policy
) -> Iterator[tuple[str, str]]:
    """The open fields that a field waits for, each with the agent, rule or effect by which it does."""
    for upstream in sorted(policy.upstream(name) & fields):
        yield upstream, f"a rule about {name}"
    for tier in roster.tiers.get(name, ()):
        for agent in tier:
            for upstream in sorted(agent.contract.reads & fields):
                yield upstream, agent.name
    for effect in effects.values():
        if effect.field == name and effect.status == "proposed" and effect.name in policy.effects:
            for upstream in sorted(policy.effects[effect.name].upstream & fields):
                yield upstream, f"the approval of {effect.name}"


def _way_back(
    name: str, goal: str, waits: Mapping[str, list[tuple[str, str]]], seen: list[str]
) -> list[tuple[str, str]] | None:
    """The way from a field back to where it began, as the fields with what leads to each."""
    for upstream, via in waits[name]:
        if upstream == goal:
            return [(upstream, via)]
        if upstream not in seen:
            seen.append(upstream)
            rest = _way_back(upstream, goal, waits, seen)
            if rest:
                return [(upstream, via), *rest]
    return None
