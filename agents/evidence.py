"""Evidence check: whether a claim's evidence points into what the agent read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contracts import ContractError, Evidence, Items, Passage, Quote
from .excerpt import excerpt
from .text import is_text

__all__ = ["check_evidence"]


def check_evidence(evidence: Evidence, where: str, inputs: Mapping[str, Any]) -> None:
    """Check that evidence is well formed and points into what the agent read.

    Args:
        evidence: The evidence; that of a `Passage` points outside and cannot be checked further.
        where: The agent and the claim, for errors.
        inputs: What the agent read, by field.

    Raises:
        ContractError: It is no evidence, or points nowhere.
    """
    if not _well_formed(evidence):
        raise ContractError(
            where,
            got=f"evidence {excerpt(evidence)}",
            expected="Quote, Items or Passage with parts of the declared types",
            fix="correct the evidence",
        )
    if isinstance(evidence, Passage):
        return
    if evidence.field not in inputs:
        raise ContractError(
            where,
            got=f"evidence in {evidence.field!r}",
            expected=f"evidence in a field that the agent reads: {', '.join(sorted(inputs)) or 'none'}",
            fix="point at what was read",
        )
    content = inputs[evidence.field]
    size = len(content) if isinstance(content, str | list | tuple) else 0
    if isinstance(evidence, Quote):
        inside = 0 <= evidence.start <= evidence.end <= size and isinstance(content, str)
        got = f"characters {evidence.start} to {evidence.end}"
    else:
        inside = all(0 <= index < size for index in evidence.indices)
        got = f"indices {', '.join(map(str, evidence.indices))}"
    if not inside:
        raise ContractError(
            where, got=got, expected=f"a place in {evidence.field!r}, which has {size}", fix="correct the evidence"
        )


def _well_formed(evidence: Any) -> bool:
    match evidence:
        case Quote(field=str(), start=int(), end=int()):
            return True
        case Items(field=str(), indices=tuple() | list() as indices):
            return all(isinstance(index, int) for index in indices)
        case Passage(score=None | int() | float()):
            return is_text(evidence.source) and is_text(evidence.key) and is_text(evidence.text)
        case _:
            return False
