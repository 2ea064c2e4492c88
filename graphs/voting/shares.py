"""Shares: from scores in log-odds to shares of the probability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

__all__ = ["TIE", "is_tie", "level", "shares"]

from ...contracts import Alternative

TIE = 1e-9
"""The most by which the scores of a tie differ."""


def shares(scores: Mapping[str, float]) -> dict[str, float]:
    """exp(score) / (1 + sum of all exp(score)), by value; the 1 stands for 'none of these'. Exactly rounded sums."""
    top = max(0.0, max(scores.values(), default=0.0))
    parts = {key: math.exp(score - top) for key, score in scores.items()}
    total = math.fsum([math.exp(-top), *parts.values()])
    return {key: part / total for key, part in parts.items()}


def is_tie(candidates: tuple[Alternative, ...]) -> bool:
    """Whether the two best candidates have the same score."""
    return len(candidates) > 1 and abs(candidates[0].score - candidates[1].score) <= TIE


def level(candidates: Sequence[Alternative]) -> tuple[Alternative, ...]:
    """All candidates, best first, that have the score of the best one; it alone where there is no tie."""
    return tuple(each for each in candidates if each is candidates[0] or is_tie((candidates[0], each)))
