"""Projection rows: what a turn's records give in each table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...contracts import (
    Ask,
    Claim,
    Decision,
    Dispatch,
    Effect,
    Execute,
    Fault,
    Finish,
    Halt,
    Move,
    Opinion,
    Usage,
    dump,
    load,
)
from .cell import cell, seconds_between, text_of, type_of
from .column import ProjectedTable
from .tables import CLAIMS, DECISIONS, EFFECTS, FAULTS, MOVES, OPINIONS, USAGE

__all__ = ["CHANNELS", "Records", "Row", "Rows", "row_of", "rows_of"]

Row = tuple[str | int | float | bool | None, ...]
"""A row of a table, in the order of its columns."""

Rows = dict[str, list[Row]]
"""Rows by table."""

CHANNELS = ("request", "goals", "claims", "decisions", "effects", "opinions", "faults", "usage", "moves")
"""The channels that hold a turn's records."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one turn, typed."""

    request: Any = None
    """The validated request, large fields by reference."""
    goals: tuple[str, ...] | None = None
    """The fields that it must settle."""
    claims: tuple[Claim, ...] = ()
    decisions: Mapping[str, Decision] | None = None
    effects: Mapping[str, Effect] | None = None
    opinions: tuple[Opinion, ...] = ()
    faults: tuple[Fault, ...] = ()
    usage: tuple[Usage, ...] = ()
    moves: tuple[Move, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Records:
        """The records in the values of a checkpoint.

        Raises:
            pydantic.ValidationError: One is not of its kind.
        """
        return cls(
            request=values.get("request"),
            goals=load(tuple[str, ...], values.get("goals") or ()),
            claims=load(tuple[Claim, ...], values.get("claims") or ()),
            decisions=load(dict[str, Decision], values.get("decisions") or {}),
            effects=load(dict[str, Effect], values.get("effects") or {}),
            opinions=load(tuple[Opinion, ...], values.get("opinions") or ()),
            faults=load(tuple[Fault, ...], values.get("faults") or ()),
            usage=load(tuple[Usage, ...], values.get("usage") or ()),
            moves=load(tuple[Move, ...], values.get("moves") or ()),
        )

    @property
    def outcome(self) -> dict[str, Any]:
        """The plain values of the settled fields."""
        return {name: each.value for name, each in (self.decisions or {}).items() if each.status == "settled"}


def row_of(table: ProjectedTable, values: Mapping[str, Any]) -> Row:
    """A row of a table.

    Raises:
        TypeError: A value is of another type than its column.
        ValueError: A value cannot be stored.
    """
    cells = [cell(column.type, values[column.name]) for column in table.columns]
    # Of a key nothing is NULL: a thread's id may be an empty text.
    return (*("" if each is None else each for each in cells[: table.key]), *cells[table.key :])


def rows_of(thread: str, turn: int, records: Records) -> Rows:
    """The rows of a turn in the tables that hold one row for each record.

    Raises:
        TypeError: A value is of another type than its column.
        ValueError: A value cannot be stored.
    """
    made = (
        (CLAIMS, _claims(records)),
        (DECISIONS, map(_decision, (records.decisions or {}).values())),
        (EFFECTS, (_effect(slot, each) for slot, each in (records.effects or {}).items())),
        (OPINIONS, _opinions(turn, records)),
        (FAULTS, map(_fault, records.faults)),
        (USAGE, map(_usage, records.usage)),
        (MOVES, map(_move, records.moves)),
    )
    place = {"thread": thread, "turn": turn}
    return {
        table.name: [row_of(table, {**place, "number": number, **each}) for number, each in enumerate(values, 1)]
        for table, values in made
    }


def _claims(records: Records) -> Iterator[dict[str, Any]]:
    decisions = records.decisions or {}
    for claim in records.claims:
        yield {
            "field": claim.field,
            "value": text_of(claim.value),
            "value_type": type_of(claim.value),
            "confidence": claim.confidence,
            "agent": claim.agent,
            "version": claim.version,
            "agrees": _agrees(claim, decisions.get(claim.field)),
            "person": claim.person,
            "sequence": claim.sequence,
            "reason": claim.reason,
            "evidence": [dump(each) for each in claim.evidence],
            "basis": dict(claim.basis),
        }


def _agrees(claim: Claim, decision: Decision | None) -> bool | None:
    if decision is None or decision.status != "settled" or claim.agent not in _voters(decision):
        return None
    return claim.agent not in decision.dissent


def _voters(decision: Decision) -> set[str]:
    return {agent for each in decision.tally for agent in each.agents}


def _decision(decision: Decision) -> dict[str, Any]:
    best = decision.tally[0] if decision.tally else None
    return {
        "field": decision.field,
        "status": decision.status,
        "value": text_of(decision.value),
        "value_type": type_of(decision.value),
        "confidence": decision.confidence,
        "decided_by": decision.by,
        "reason": decision.reason,
        "version": decision.version,
        "voted_value": None if best is None else text_of(best.value),
        "voted_confidence": None if best is None else best.confidence,
        "voters": len(_voters(decision)),
        # Those who claim the value that was decided are not in the dissent, whatever form they gave it.
        "overridden": _is_by_person(decision) and best is not None and set(best.agents) <= set(decision.dissent),
        "locked": decision.locked,
        "reviewer": decision.reviewer,
        "reason_code": decision.reason_code,
        "decided_at": decision.decided_at,
        "asks_review": decision.review,
        "rules": list(decision.rules),
        "dissent": list(decision.dissent),
        "tally": [dump(each) for each in decision.tally],
        "conflicts": [dump(each) for each in decision.conflicts],
        "flip": None if decision.flip is None else dump(decision.flip),
        "policy": decision.policy,
    }


def _is_by_person(decision: Decision) -> bool:
    return decision.locked and decision.by.startswith("person:")


def _opinions(turn: int, records: Records) -> Iterator[dict[str, Any]]:
    """A row for each matter of each opinion; what was carried over stands with the turn in which it was said."""
    for opinion in records.opinions:
        for matter in opinion.asked if opinion.turn == turn else ():
            effect = (records.effects or {}).get(opinion.effect)
            yield {
                "kind": opinion.kind,
                "field": (opinion.field or (effect.field if effect else "")) if opinion.effect else matter,
                "effect": opinion.effect,
                "move": opinion.move,
                "value": text_of(opinion.values.get(matter)),
                "value_type": type_of(opinion.values.get(matter)),
                "proposed": text_of(opinion.proposed.get(matter)),
                "agrees": opinion.agrees.get(matter),
                "reviewer": opinion.reviewer,
                "reason_code": opinion.reason_code,
                "message": opinion.message,
                "handed_to": list(opinion.to) or None,
                "asked_at": opinion.asked_at,
                "said_at": opinion.at,
                # Of an answer to many questions nobody knows how long it took for each.
                "seconds": None if opinion.like else seconds_between(opinion.asked_at, opinion.at),
                "bulk": bool(opinion.like),
                "claims": opinion.claims,
            }


def _effect(slot: str, effect: Effect) -> dict[str, Any]:
    return {
        "slot": slot,
        "name": effect.name,
        "status": effect.status,
        "key": effect.key,
        "digest": effect.digest,
        "args": dict(effect.args),
        "result": effect.result,
        "note": effect.note,
        "field": effect.field,
        "agent": effect.agent,
        "version": effect.version,
        "reason": effect.reason,
        "decided_by": effect.by,
        "reviewer": effect.reviewer,
        "reason_code": effect.reason_code,
        "decided_at": effect.decided_at,
        "uncertain": effect.uncertain,
        "basis": dict(effect.basis),
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {
        "agent": fault.agent,
        "kind": fault.kind,
        "code": fault.code,
        "attempt": fault.attempt,
        "message": fault.message,
        "fix": fault.fix,
        "basis": dict(fault.basis),
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "agent": usage.agent,
        "model": usage.model,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "usd": usage.usd,
        "seconds": usage.seconds,
        "attempts": usage.attempts,
        "claims": usage.claims,
        "failed": usage.failed,
        "cached": usage.cached,
        "basis": dict(usage.basis),
    }


def _move(move: Move) -> dict[str, Any]:
    row: dict[str, Any] = {"kind": move.kind, "reason": move.reason, "made_at": move.at}
    row |= dict.fromkeys(("agents", "fields", "effects", "outcome"))
    match move:
        case Dispatch(agents=agents):
            row["agents"] = {name: dict(basis) for name, basis in agents.items()}
        case Ask(fields=fields, effect=effect):
            row["fields"], row["effects"] = list(fields), [effect] if effect else []
        case Execute(effects=effects):
            row["effects"] = list(effects)
        case Finish(outcome=outcome) | Halt(outcome=outcome):
            row["outcome"] = outcome
    return row
