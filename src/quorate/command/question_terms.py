"""Question terms: who is asked, until when, and what people have said so far, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..checkpoints.open_question import OpenQuestion
from .printable import line_of, local_time, text_of

__all__ = ["terms_of"]

_LONGEST = 80


def terms_of(question: OpenQuestion) -> Iterator[str]:
    """Lines on who is asked until when, and what has been said; how many must agree stands in the reason."""
    terms = [
        f"asked: {', '.join(question.to)}" if question.to else "",
        f"until {local_time(question.deadline)}" if question.deadline else "",
    ]
    if any(terms):
        yield line_of("; ".join(filter(None, terms)))
    for each in question.opinions:
        yield line_of(f"{each['reviewer'] or 'a person'}, {local_time(str(each['at']), 'minutes')}: {_said(each)}")


def _said(opinion: Mapping[str, Any]) -> str:
    kind, message = str(opinion["kind"]), str(opinion.get("message") or "")
    values = opinion["values"] if kind in ("approve", "edit") else {}
    wanted = ", ".join(f"{name}: {text_of(value, _LONGEST)}" for name, value in values.items())
    told = wanted if wanted and not _is_effect(values) else ""
    return " ".join(filter(None, [kind, told, message]))


def _is_effect(values: Mapping[str, Any]) -> bool:
    """Whether it is about an effect, whose slot is a digest."""
    return all(len(name) == 64 for name in values)
