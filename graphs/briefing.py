"""Briefing: what a reviewer reads of a field before deciding, as plain data and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..contracts import (
    Alternative,
    BlobError,
    Claim,
    Decision,
    Evidence,
    Field,
    Items,
    Passage,
    Quote,
    dump,
)
from .counted import counted
from .turn import Turn

__all__ = ["alternatives", "as_markdown", "literal", "rationale"]

_MOST = 8
"""The most alternatives that are told, and the most places of evidence of one."""

_AROUND = 60
"""Characters of context on each side of a quotation, to the next word."""

_LONGEST = 240
"""The most characters of a quotation, a passage or a rationale."""

_ACTIVE = re.compile(r"[\\`*\[\]<~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|:(?=//)|(?<=www)\.", re.IGNORECASE)
"""What begins something in a line of Markdown: emphasis, code, a link, a tag, a character by its name."""


def alternatives(turn: Turn, decision: Decision, field: Field) -> list[dict[str, Any]]:
    """The candidates of a field, best first: value, confidence, agents, rationale, and evidence in its context.

    Args:
        turn: The shared state; evidence in a large field that cannot be read stands without its context.
        decision: The field's decision.
        field: The field.
    """
    return [_alternative(turn, each, field) for each in decision.tally[:_MOST]]


def rationale(claims: Iterable[Claim]) -> str:
    """Why this value, in one line: the reason of the most confident claim that gives one; empty where none does."""
    given = [each for each in claims if each.reason.strip()]
    best = max(given, key=lambda each: (each.confidence, each.agent), default=None)
    return "" if best is None else _cut(best.reason)


def as_markdown(name: str, told: Sequence[Mapping[str, Any]], dissent: Iterable[str]) -> str:
    """The alternatives of a field as a Markdown list; what agents and documents say stands as code, without effect."""
    lines = [f"**{_code(name)}**"]
    for rank, each in enumerate(told, 1):
        why = f": {_code(each['rationale'])}" if each["rationale"] else ""
        lines.append(
            f"{rank}. {_code(each['value'])} {each['confidence']:.3f}, {literal(', '.join(each['agents']))}{why}"
        )
        lines += [f"   - {_place(seen)}" for seen in each["evidence"]]
    against = list(dissent)
    return "\n".join([*lines, *([f"\nDissent: {literal(', '.join(against))}"] if against else [])])


def literal(text: str) -> str:
    """The text on one line of Markdown, in which none of it means anything."""
    return _ACTIVE.sub(r"\\\g<0>", " ".join(text.split()))


def _alternative(turn: Turn, each: Alternative, field: Field) -> dict[str, Any]:
    claims = [claim for claim in counted(turn, field.name) if claim.agent in each.agents]
    claims = [claim for claim in claims if _key(field, claim.value) == each.key]
    seen = [evidence for claim in sorted(claims, key=lambda c: (-c.confidence, c.agent)) for evidence in claim.evidence]
    unique = list(dict.fromkeys(seen))
    return {
        "value": each.value,
        "confidence": each.confidence,
        "agents": list(each.agents),
        "rationale": rationale(claims),
        "evidence": [_in_context(turn, evidence) for evidence in unique[:_MOST]],
    }


def _key(field: Field, value: Any) -> str | None:
    try:
        return field.key(value)
    except (TypeError, ValueError):
        return None


def _in_context(turn: Turn, evidence: Evidence) -> dict[str, Any]:
    data: dict[str, Any] = dump(evidence)
    match evidence:
        case Passage(text=text):
            return {**data, "text": _cut(text)}
        case Quote(field=name, start=start, end=end):
            content = _content(turn, name)
            if not isinstance(content, str) or end > len(content):
                return data
            around = {"before": _before(content, start), "after": _after(content, end)}
            return {**data, "quoted": _cut(content[start:end]), **around}
        case Items(field=name, indices=indices):
            content = _content(turn, name)
            if not isinstance(content, list) or any(index >= len(content) for index in indices):
                return data
            items = [_cut(str(content[index])) for index in indices[:_MOST]]
            return {**data, "items": items, **_neighbours(content, indices)}


def _neighbours(content: list[Any], indices: Sequence[int]) -> dict[str, str]:
    before = content[indices[0] - 1] if indices and indices[0] else ""
    after = content[indices[-1] + 1] if indices and indices[-1] + 1 < len(content) else ""
    return {"before": _cut(str(before)), "after": _cut(str(after))}


def _content(turn: Turn, name: str) -> Any:
    decided = turn.decisions.get(name)
    try:
        return turn.request.get(name, decided.value if decided else None)
    except BlobError:
        return None


def _before(content: str, start: int) -> str:
    part = content[max(0, start - _AROUND) : start]
    return part if start <= _AROUND or " " not in part else part[part.index(" ") + 1 :]


def _after(content: str, end: int) -> str:
    part = content[end : end + _AROUND]
    return part if end + _AROUND >= len(content) or " " not in part else part[: part.rindex(" ")]


def _place(seen: Mapping[str, Any]) -> str:
    match seen["kind"]:
        case "passage":
            return f"{_code(seen['source'])} {_code(seen['key'])}: {_code(seen['text'])}"
        case "quote" if "quoted" in seen:
            return f"{seen['field']}: {_code(seen['before'] + '«' + seen['quoted'] + '»' + seen['after'])}"
        case "items" if "items" in seen:
            text = f"{seen['before']} «{' '.join(seen['items'])}» {seen['after']}"
            return f"{seen['field']}{list(seen['indices'])}: {_code(text)}"
        case _:
            return f"{seen['field']}, which cannot be read here"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def _code(value: Any) -> str:
    """The value as a code span on one line, in which Markdown means nothing."""
    return f"`{_cut(str(value)).replace('`', chr(39)) or ' '}`"
