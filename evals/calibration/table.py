"""Table: labelled questions on one field as arrays, one row for each value that was claimed of a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .labelled import Labelled

__all__ = ["Bools", "Floats", "Ints", "Table"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MOST_VALUES = 50
_COMMON = 0.02
"""The least share of the questions in which a value is claimed that counts as a class of its own."""


@dataclass(frozen=True)
class Table:
    """Questions on one field. Q questions, R rows (a question and a claimed value of it), A agents."""

    agents: tuple[str, ...]
    """The A agents, sorted."""
    contexts: tuple[str, ...]
    """The contexts, sorted."""
    values: tuple[str, ...]
    """Values that many questions share, sorted; empty for free text."""
    question: Ints
    """R: the question of each row, rising."""
    context: Ints
    """Q: the context of each question."""
    value: Ints
    """R: place of the row's value in `values`, -1 for a rare one."""
    keys: tuple[str, ...]
    """R: the row's value."""
    claims: Bools
    """R x A: who claims the row's value."""
    stated: Floats
    """R x A: the stated confidences; 0 where nothing is claimed."""
    right: Bools
    """R: whether the row's value is right."""
    labelled: Bools
    """Q: whether the right value is known."""
    truth: tuple[str | None, ...]
    """Q: the right value."""

    @classmethod
    def of(cls, questions: Sequence[Labelled]) -> Table:
        """The table of questions on one field; one row a value, in the order of the values."""
        agents = tuple(sorted({claim.agent for each in questions for claim in each.claims}))
        contexts = tuple(sorted({each.context for each in questions}))
        place = {name: number for number, name in enumerate(agents)}
        rows = [(number, key) for number, each in enumerate(questions) for key in sorted({c.key for c in each.claims})]
        index = {row: number for number, row in enumerate(rows)}
        claims = np.zeros((len(rows), len(agents)), dtype=np.bool_)
        stated = np.zeros((len(rows), len(agents)))
        for number, each in enumerate(questions):
            for claim in each.claims:
                cell = index[number, claim.key], place[claim.agent]
                claims[cell] = True
                stated[cell] = max(stated[cell], claim.confidence)
        values = _common([key for _, key in rows], len(questions))
        at = {value: number for number, value in enumerate(values)}
        in_context = {name: number for number, name in enumerate(contexts)}
        return cls(
            agents,
            contexts,
            values,
            np.array([number for number, _ in rows], dtype=np.int64),
            np.array([in_context[each.context] for each in questions], dtype=np.int64),
            np.array([at.get(key, -1) for _, key in rows], dtype=np.int64),
            tuple(key for _, key in rows),
            claims,
            stated,
            np.array([questions[number].truth == key for number, key in rows], dtype=np.bool_),
            np.array([each.truth is not None for each in questions], dtype=np.bool_),
            tuple(each.truth for each in questions),
        )

    @property
    def size(self) -> int:
        """Number of questions."""
        return len(self.truth)

    @property
    def is_closed(self) -> bool:
        """Whether all claimed values are of a few classes, as in a choice."""
        return bool(len(set(self.keys)) <= _MOST_VALUES)

    @property
    def distinct(self) -> Ints:
        """Q: how many different values were claimed."""
        return np.bincount(self.question, minlength=self.size)

    def none_right(self) -> Bools:
        """Q: whether none of the claimed values is right."""
        found = np.zeros(self.size, dtype=np.bool_)
        found[self.question[self.right]] = True
        return ~found


def _common(keys: Iterable[str], questions: int) -> tuple[str, ...]:
    """The values that occur most often, at most 50, and each in a fair share of the questions."""
    counted = Counter(keys).most_common(_MOST_VALUES)
    return tuple(sorted(key for key, count in counted if count >= max(2, _COMMON * questions)))
