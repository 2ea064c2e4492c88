"""Conflict: in which ways the claims on a contested field do not fit together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..contracts import Alternative, Claim, Conflict, Decision, Evidence, Field, Items, Passage, Quote
from .form import differs_in_form
from .voting import is_tie, level

__all__ = ["conflicts", "joined", "listed", "more_values", "place", "short"]

_LONGEST_VALUE = 40
_MOST_NAMED = 4


def conflicts(
    field: Field,
    decision: Decision,
    claims: Iterable[Claim],
    *,
    quorum: int = 1,
    silent: Collection[str] = (),
    stale: Iterable[Claim] = (),
    vetoes: Mapping[str, str] | None = None,
) -> tuple[Conflict, ...]:
    """In which ways the claims do not fit together; the same for every order of them.

    In the order veto, tie, quorum, value, format, evidence, stale.

    Args:
        field: The field.
        decision: What became of the claims.
        claims: The claims that voted.
        quorum: The least number of agents that must have claimed a value.
        silent: The agents that were asked, and claimed nothing.
        stale: Claims of agents that were made on inputs that have changed since.
        vetoes: Who is against the leading value with a word that is enough, by agent, and why.
    """
    ballot = tuple(sorted(claims, key=lambda each: (each.agent, -each.confidence, repr(each))))
    found = [
        *_veto(vetoes or {}),
        *_tie(decision.tally),
        *_quorum(decision.tally, quorum, silent),
        *_value(field, decision.tally, ballot),
        *_format(field, decision.tally),
        *_evidence(field, decision.tally, ballot),
        *_stale(stale),
    ]
    return tuple(found)


def place(evidence: Evidence) -> str:
    """Where the evidence is, in a few characters: `text[10:15]`, `words[3,4]`, `register 42`."""
    match evidence:
        case Quote(field=name, start=start, end=end):
            return f"{name}[{start}:{end}]"
        case Items(field=name, indices=indices):
            shown = ",".join(map(str, indices[:_MOST_NAMED])) + (",…" if len(indices) > _MOST_NAMED else "")
            return f"{name}[{shown}]"
        case Passage(source=source, key=key):
            return f"{short(source)} {short(key)}"


def short(value: Any) -> str:
    """The value in at most 40 characters, on one line."""
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def listed(names: Sequence[str]) -> str:
    """The names, of more than four the first three and how many more there are."""
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} more"
    return ", ".join(names)


def joined(names: Sequence[str]) -> str:
    """The same within a sentence: of two to four names the last comes after `and`."""
    if 1 < len(names) <= _MOST_NAMED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return listed(names)


def more_values(number: int) -> str:
    """How many other values there are that are not named."""
    return f"and {number} more value{'s' * (number != 1)}"


def _veto(vetoes: Mapping[str, str]) -> Iterator[Conflict]:
    if vetoes:
        notes = dict.fromkeys(f"{agent}: {why}" if why else agent for agent, why in sorted(vetoes.items()))
        yield Conflict("veto", tuple(sorted(vetoes)), "; ".join(notes))


def _tie(tally: Sequence[Alternative]) -> Iterator[Conflict]:
    if not is_tie(tuple(tally[:2])):
        return
    tied = level(tally)
    agents = sorted({agent for each in tied for agent in each.agents})
    yield Conflict("tie", tuple(agents), f"{joined([short(each.value) for each in tied])} have the same support")


def _quorum(tally: Sequence[Alternative], quorum: int, silent: Collection[str]) -> Iterator[Conflict]:
    voters = sorted({agent for each in tally for agent in each.agents})
    if voters and len(voters) < quorum:
        nothing = f"; {listed(sorted(silent))} claimed nothing" if silent else ""
        claimed = f"{listed(voters)} claimed a value"
        yield Conflict("quorum", tuple(voters), f"{len(voters)} of {quorum} needed: {claimed}{nothing}")


def _value(field: Field, tally: Sequence[Alternative], ballot: Sequence[Claim]) -> Iterator[Conflict]:
    others = tally[1:]
    if not others:
        return
    sure: dict[tuple[str, str], str] = {}
    for claim in ballot:  # the surest of an agent first
        sure.setdefault((claim.agent, field.key(claim.value)), f"{claim.agent} ({claim.confidence:.2f})")
    parts = []
    for each in others[:_MOST_NAMED]:
        who = [sure.get((agent, each.key), agent) for agent in each.agents]
        parts.append(f"{short(each.value)} by {listed(who)}")
    more = f"; {more_values(len(others) - _MOST_NAMED)}" if len(others) > _MOST_NAMED else ""
    agents = sorted({agent for each in others for agent in each.agents})
    yield Conflict("value", tuple(agents), f"against {short(tally[0].value)}: {'; '.join(parts)}{more}")


def _format(field: Field, tally: Sequence[Alternative]) -> Iterator[Conflict]:
    notes, agents = [], set[str]()
    for each in tally[1:]:
        how = differs_in_form(field.parse(tally[0].value), field.parse(each.value))
        if how:
            notes.append(f"{short(tally[0].value)} and {short(each.value)}: {how}")
            agents.update(each.agents)
    if notes:
        yield Conflict("format", tuple(sorted(agents)), "; ".join(notes[:_MOST_NAMED]))


def _evidence(field: Field, tally: Sequence[Alternative], ballot: Sequence[Claim]) -> Iterator[Conflict]:
    if not tally:
        return
    seen: dict[str, list[tuple[str, Evidence]]] = {}
    for claim in ballot:
        seen.setdefault(field.key(claim.value), []).extend((claim.agent, each) for each in claim.evidence)
    leading = seen.get(tally[0].key)
    if not leading:
        return
    notes, agents = [], set[str]()
    for other in tally[1:]:
        against = seen.get(other.key)
        if not against:
            continue
        agents.update(agent for agent, _ in against)
        same = next(((mine, theirs) for _, mine in leading for _, theirs in against if _overlap(mine, theirs)), None)
        if same:
            notes.append(f"{place(same[1])} is read as {short(tally[0].value)} and as {short(other.value)}")
        else:
            at = [place(each[0][1]) for each in (leading, against)]
            notes.append(f"{short(tally[0].value)} was seen at {at[0]}, {short(other.value)} at {at[1]}")
    if notes:
        yield Conflict("evidence", tuple(sorted(agents)), "; ".join(notes[:_MOST_NAMED]))


def _overlap(one: Evidence, other: Evidence) -> bool:
    match one, other:
        case Quote(), Quote():
            return one.field == other.field and one.start < other.end and other.start < one.end
        case Items(), Items():
            return one.field == other.field and not set(one.indices).isdisjoint(other.indices)
        case Passage(), Passage():
            return (one.source, one.key) == (other.source, other.key)
        case _:
            return False


def _stale(claims: Iterable[Claim]) -> Iterator[Conflict]:
    old: dict[str, set[str]] = {}
    for claim in claims:
        old.setdefault(claim.agent, set()).add(short(claim.value))
    if old:
        said = [f"{agent} claimed {listed(sorted(values))}" for agent, values in sorted(old.items())]
        note = f"{'; '.join(said[:_MOST_NAMED])} before its inputs changed, and not since"
        yield Conflict("stale", tuple(sorted(old)), note)
