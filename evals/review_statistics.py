"""Review statistics: how often people agree with what was proposed, and how long they take."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from ..contracts import Opinion, same_name
from .turns import turns

if TYPE_CHECKING:
    from ..checkpoints import Database

__all__ = ["ReviewStatistics", "review_statistics"]

_ANSWERS = ("approve", "edit", "reject")


@dataclass(frozen=True, slots=True)
class ReviewStatistics:
    """The answers of one person about one field."""

    field: str
    """Name of the field; of effects the field that their answers are claimed for."""
    reviewer: str
    """The person, in the spelling of the newest answer; empty where nobody gave a name."""
    answers: int
    """How often the person answered: approve, edit, reject."""
    agreed: int
    """Answers that took what was proposed."""
    overridden: int
    """Answers that took something else, or nothing."""
    median_seconds: float | None
    """Median time from the question to the answer; None where it is not known. Bulk answers are left out."""
    bulk: int
    """Answers that were given to several like questions at once."""

    @property
    def agreement(self) -> float | None:
        """agreed / (agreed + overridden), in [0, 1]; None where nothing had been proposed."""
        judged = self.agreed + self.overridden
        return self.agreed / judged if judged else None


def review_statistics(database: Database) -> list[ReviewStatistics]:
    """The statistics of each field and person, by field, those with most answers first."""
    found: dict[tuple[str, str], list[tuple[Opinion, str]]] = defaultdict(list)
    for opinion, matter, field in _answers(database):
        found[field, same_name(opinion.reviewer)].append((opinion, matter))
    made = [_of(field, answers) for (field, _), answers in found.items()]
    return sorted(made, key=lambda each: (each.field, -each.answers, each.reviewer))


def _answers(database: Database) -> Iterator[tuple[Opinion, str, str]]:
    for _, turn in turns(database):
        for opinion in turn.opinions:
            if opinion.turn == turn.number and opinion.kind in _ANSWERS:
                fields = turn.fields_of(opinion)
                for matter, field in zip(opinion.asked, fields or opinion.asked, strict=False):
                    yield opinion, matter, field


def _of(field: str, answers: list[tuple[Opinion, str]]) -> ReviewStatistics:
    judged = [opinion.agrees[matter] for opinion, matter in answers if matter in opinion.agrees]
    times = [time for opinion, _ in answers if not opinion.like and (time := _seconds(opinion)) is not None]
    return ReviewStatistics(
        field=field,
        reviewer=max(answers, key=lambda each: each[0].at)[0].reviewer,
        answers=len(answers),
        agreed=sum(judged),
        overridden=len(judged) - sum(judged),
        median_seconds=median(times) if times else None,
        bulk=sum(bool(opinion.like) for opinion, _ in answers),
    )


def _seconds(opinion: Opinion) -> float | None:
    try:
        asked, said = (datetime.datetime.fromisoformat(time) for time in (opinion.asked_at, opinion.at))
        return (said - asked).total_seconds()
    except (ValueError, TypeError):
        return None
