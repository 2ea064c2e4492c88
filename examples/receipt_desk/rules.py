"""Rules of the desk that are better said in Python than in the policy file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from quorate.contracts import Rule

__all__ = ["RULES"]

_INSTRUCTION = re.compile(
    r"\b(ignore|disregard|forget|override)\b.{0,20}\b(previous|prior|above|instructions?|rules?)\b"
    r"|\b(approve|settle|pay)\b.{0,30}\bwithout\b.{0,20}\b(review|approval|asking)\b|\byou are now\b",
    re.IGNORECASE,
)


def holds_an_instruction(variables: Mapping[str, Any]) -> bool:
    """Whether a line of the receipt speaks to its reader. A weak check: it knows the usual phrases only."""
    return any(_INSTRUCTION.search(word) for word in variables["request"].get("words", ()))


RULES = (
    Rule(
        name="speaks-to-the-reader",
        field="total",
        then="review",
        when=holds_an_instruction,
        reason="the receipt holds an instruction, not only a sale",
    ),
)
"""The rules in Python; they follow those of the policy file."""
