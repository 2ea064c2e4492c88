"""Output: what an agent returned, checked against its contract and stamped with its origin."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from ..contracts import Claim, Contract, ContractError, Effect, Fault, Field, Usage, check_plain, first_problem
from .evidence import check_evidence
from .excerpt import excerpt
from .said import remember_said, sum_said
from .size import USAGES, check_number, check_size, check_value
from .text import is_text

__all__ = ["Output", "alisted", "answered", "checked", "listed"]

_SHOWN = 50
"""The most claims of an answer that an agent is shown again."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one run of an agent gave."""

    claims: tuple[Claim, ...]
    """Its claims, with plain values and their origin."""
    effects: tuple[Effect, ...]
    """The effects that it proposes."""
    usage: Usage
    """The sum of what it says that it used."""
    faults: tuple[Fault, ...] = ()
    """What was wrong with it, and did not keep it from counting."""


def listed(returned: Any, most: int) -> list[Any]:
    """What a sync agent returned, as a list of at most `most` + 1 claims and effects; a mapping stays one thing."""
    if returned is None:
        return []
    if isinstance(returned, Claim | Effect | Usage | Mapping | BaseModel | str | bytes) or not isinstance(
        returned, Iterable
    ):
        return [returned]
    things: list[Any] = []
    room = most + 1
    try:
        for thing in returned:
            things.append(thing)
            room -= not isinstance(thing, Usage)
            if not room or len(things) > most + USAGES:
                break
    except BaseException:
        remember_said(things)
        raise
    return things


async def alisted(returned: Any, most: int) -> list[Any]:
    """The same for an async agent: a coroutine is awaited, an async generator is read."""
    if isinstance(returned, AsyncIterable):
        things: list[Any] = []
        room = most + 1
        try:
            async for thing in returned:
                things.append(thing)
                room -= not isinstance(thing, Usage)
                if not room or len(things) > most + USAGES:
                    break
        except BaseException:
            remember_said(things)
            raise
        return things
    return listed(await returned, most)


def answered(things: Iterable[Any]) -> str:
    """What the agent returned, as text for itself to repair: of claims the fields and values."""
    return "\n".join(
        f"{thing.field}: {excerpt(thing.value)}" if isinstance(thing, Claim) else excerpt(thing)
        for thing in islice(things, _SHOWN)
    )


def checked(
    things: Iterable[Any],
    contract: Contract,
    fields: Mapping[str, Field],
    inputs: Mapping[str, Any],
    basis: Mapping[str, int],
) -> Output:
    """The agent's output, if it keeps the contract.

    Args:
        things: What the agent returned, as a list.
        contract: Its contract.
        fields: The outcome's fields, by name.
        inputs: What the agent read, by field; evidence is checked against it.
        basis: Versions of the decisions that it read.

    Raises:
        ContractError: A field that it does not write, a value of another type, a confidence outside [0, 1],
            evidence that points nowhere, an effect from an agent that is no action, too many claims.
    """
    claims: list[Claim] = []
    effects: list[Effect] = []
    usage, usages = Usage(), 0
    for thing in things:
        match thing:
            case Claim():
                claims.append(_claim(thing, len(claims), contract, fields, inputs, basis))
            case Effect():
                effects.append(_effect(thing, len(effects), contract, fields, inputs, basis))
                _check_single(effects, contract, fields)
            case Usage():
                usage, usages = sum_said(usage, thing), usages + 1
            case Mapping() | BaseModel():
                for field, value in _values(thing, contract):
                    claim = Claim(field, value, contract.confidence)
                    claims.append(_claim(claim, len(claims), contract, fields, inputs, basis))
            case _:
                raise ContractError(
                    f"agent {contract.name!r}",
                    got=f"{type(thing).__name__} {excerpt(thing)}",
                    expected="Claim, Effect, Usage, or a mapping from written field to value",
                    fix='yield Claim("field", value, confidence=...)',
                )
        check_number(len(claims) + len(effects), usages, contract)
    check_size([*claims, *effects], contract)
    return Output(tuple(claims), tuple(effects), usage)


def _claim(
    claim: Claim,
    sequence: int,
    contract: Contract,
    fields: Mapping[str, Field],
    inputs: Mapping[str, Any],
    basis: Mapping[str, int],
) -> Claim:
    where = f"agent {contract.name!r}, claim on {claim.field!r}"
    if claim.field not in contract.writes:
        raise ContractError(
            where,
            got=f"a claim on {claim.field!r}",
            expected=f"claims on {', '.join(sorted(contract.writes))}",
            fix=f"add {claim.field!r} to `writes`, or do not claim it",
        )
    confidence = claim.confidence
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise ContractError(where, got=f"confidence {confidence!r}", expected="a number in [0, 1]", fix="correct it")
    if not (is_text(claim.reason) and is_text(claim.person)):
        raise ContractError(where, got=f"reason {excerpt(claim.reason)}", expected="text", fix="convert it")
    for evidence in claim.evidence:
        check_evidence(evidence, where, inputs)
    check_value(claim.value, contract)
    return Claim(
        field=claim.field,
        value=_plain_value(claim.value, fields[claim.field], where),
        confidence=float(confidence),
        evidence=tuple(claim.evidence),
        reason=claim.reason,
        agent=contract.name,
        version=contract.version,
        basis=basis,
        person=claim.person,
        sequence=sequence,
    )


def _plain_value(value: Any, field: Field, where: str) -> Any:
    try:
        return field.plain(value)
    except ValueError as error:
        raise ContractError(
            where,
            got=f"{excerpt(value)} of type {type(value).__name__}",
            expected=f"a value of the field's type {_type_name(field.annotation)}",
            fix=f"convert it, or claim nothing: {first_problem(error)}",
        ) from error


def _effect(
    effect: Effect,
    sequence: int,
    contract: Contract,
    fields: Mapping[str, Field],
    inputs: Mapping[str, Any],
    basis: Mapping[str, int],
) -> Effect:
    where = f"agent {contract.name!r}, effect {effect.name!r}"
    if not (is_text(effect.name) and is_text(effect.reason) and is_text(effect.undo)):
        raise ContractError(where, got=excerpt(effect), expected="text as name, reason and undo", fix="convert it")
    if effect.undo == effect.name:
        raise ContractError(
            where,
            got=f"undo={effect.undo!r}, its own name",
            expected="the name of another effect",
            fix="leave `undo` out: a receiver with a method `compensate` undoes what it did",
        )
    if contract.capability != "action":
        raise ContractError(
            where,
            got=f"an effect from an agent of capability {contract.capability!r}",
            expected="effects only from capability 'action'",
            fix="declare capability='action', or claim a value instead",
        )
    unread = sorted(set(effect.identity) - inputs.keys() | (set(effect.identity) - fields.keys()))
    if unread:
        raise ContractError(
            where,
            got=f"identity by {unread[0]!r}",
            expected=f"fields of the outcome that the agent reads: {', '.join(sorted(inputs.keys() & fields.keys()))}",
            fix="name only such fields, or leave `identity` out",
        )
    check_value(dict(effect.args), contract)
    return Effect(
        name=effect.name,
        args=_plain_args(effect.args, where),
        identity=tuple(effect.identity),
        content={name: fields[name].key(inputs[name]) for name in effect.identity},
        reason=effect.reason,
        field=next(iter(contract.writes)),
        agent=contract.name,
        version=contract.version,
        basis=basis,
        undo=effect.undo,
        sequence=sequence,
    )


def _plain_args(args: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        plain: dict[str, Any] = to_jsonable_python(dict(args), inf_nan_mode="strings")
        check_plain(plain)
    except ValueError as error:
        raise ContractError(
            where, got=excerpt(args), expected="arguments that JSON can hold", fix=str(error)
        ) from error
    return plain


def _check_single(effects: list[Effect], contract: Contract, fields: Mapping[str, Field]) -> None:
    *before, last = effects
    if any(other.key == last.key for other in before):
        raise ContractError(
            f"agent {contract.name!r}, effect {last.name!r}",
            got="two effects of the same content in one run",
            expected="one effect for each content",
            fix="propose it once, or name in `identity` the fields that tell them apart",
        )
    if before and not fields[last.field].holds_several:
        raise ContractError(
            f"agent {contract.name!r}, effect {last.name!r}",
            got="a second effect in one run",
            expected=f"one, for {last.field!r} holds the answer to one",
            fix=f"make {last.field!r} a list, which holds the answers to all; or let one agent propose each",
        )


def _values(thing: Mapping[str, Any] | BaseModel, contract: Contract) -> Iterable[tuple[str, Any]]:
    items = (
        thing.items()
        if isinstance(thing, Mapping)
        else ((name, getattr(thing, name)) for name in type(thing).model_fields)
    )
    return ((str(field), value) for field, value in items if value is not None)


def _type_name(annotation: Any) -> str:
    return getattr(annotation, "__name__", None) or str(annotation).replace("typing.", "")
