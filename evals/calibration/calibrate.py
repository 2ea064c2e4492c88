"""Calibrate: from labelled questions to the artefact, with what it changes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...contracts import Calibration, FieldCalibration, Policy, missing_extra
from .assessment import Assessment, assess, cross_validate
from .labelled import Labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Change", "calibrate", "calibrate_field", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """What calibrating changes on one field."""

    field: str
    """Name of the field."""
    vote: str
    """The voting rule that is assessed: the policy's."""
    labels: int
    """How many labels it was learned from."""
    before: Assessment
    """Of the policy as it is, on the labelled questions."""
    after: Assessment
    """With what is learned of the other folds."""
    competence: Mapping[str, tuple[float | None, float, int]]
    """By agent: what was held before, what is learned, and from how many labelled claims."""


def _nobody(field: str) -> None:
    """Hear of a fit, and tell nobody."""


def calibrate(
    questions: Iterable[Labelled],
    policy: Policy,
    *,
    version: str = "1",
    source: str = "",
    fitting: Callable[[str], None] = _nobody,
) -> Calibration:
    """What is learned of the agents, for every field that has a question with a claim.

    Args:
        questions: What was claimed, and what was right where it is known. Without any label it is learned from the
            agents' agreement alone.
        policy: Says which fields have a signed pool.
        version: Version of the artefact.
        source: What it is learned from, in one line.
        fitting: Called before each fit with the name of its field: there may be much to wait for.

    Raises:
        QuorateError: The extra `calibration` is not installed.
    """
    fields = {}
    for name, group in sorted(_by_field(questions).items()):
        fitting(name)
        fields[name] = calibrate_field(group, signed=policy.of(name).vote == "signed_pool")
    return Calibration(version=version, source=source, fields=fields)


def calibrate_field(questions: Sequence[Labelled], *, signed: bool = False) -> FieldCalibration:
    """What is learned of one field; nothing where nobody claims anything.

    Raises:
        QuorateError: The extra `calibration` is not installed.
    """
    try:
        from threadpoolctl import threadpool_limits

        from .field_fit import fit_field
    except ModuleNotFoundError as error:
        raise missing_extra(error.name or "scipy", "calibration", "calibrate") from error
    if not any(each.claims for each in questions):
        return FieldCalibration()
    # Of vectors as short as these the threads of BLAS make twenty times the work.
    with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
        warnings.simplefilter("ignore", RuntimeWarning)  # an exponent that is rounded to 0
        return fit_field(questions, signed=signed)


def changes(
    questions: Iterable[Labelled],
    policy: Policy,
    learned: Calibration,
    *,
    fitting: Callable[[str], None] = _nobody,
) -> tuple[Change, ...]:
    """What the new calibration changes, by field, on the labelled questions; five folds.

    Args:
        questions: Those that it was learned from.
        policy: The policy before.
        learned: The new calibration.
        fitting: As in `calibrate`; each fold is a fit.
    """

    def fit(part: Sequence[Labelled]) -> FieldCalibration:
        fitting(part[0].field)
        return calibrate_field(part, signed=policy.of(part[0].field).vote == "signed_pool")

    found = []
    for name, group in sorted(_by_field(questions).items()):
        terms = policy.of(name)
        old = policy.calibration.fields.get(name) if policy.calibration else None
        new = learned.fields[name]
        labelled = [each for each in group if each.truth is not None]
        after = cross_validate(group, terms, fit)
        competence = {
            agent: (old.agents[agent].competence if old and agent in old.agents else None, each.competence, each.labels)
            for agent, each in new.agents.items()
        }
        found.append(Change(name, terms.vote, new.labels, assess(labelled, terms, old), after, competence))
    return tuple(found)


def _by_field(questions: Iterable[Labelled]) -> dict[str, list[Labelled]]:
    groups: dict[str, list[Labelled]] = {}
    for each in questions:
        if each.claims:
            groups.setdefault(each.field, []).append(each)
    return groups
