"""Field fit: all that is learned of one field, from labelled and unlabelled questions to its part of the artefact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...contracts import AgentCalibration, ConfidenceMap, ContextCalibration, FieldCalibration
from .bloc_fit import fit_blocs
from .competence import agreement, competence
from .confidence_fit import fit_confidence
from .confusion import Confusion, fit_confusion
from .design import Blocs, Design, Options, Prior
from .labelled import Labelled
from .pool_fit import Scaling, fit_pool, fit_scaling, log_loss
from .table import Bools, Floats, Table

__all__ = ["fit_field"]

_GRID = tuple(Options(context, value) for context in (15.0, 30.0, 60.0) for value in (0.0, 30.0))
_FOLDS = 4
_FEWEST = 40
"""With fewer labels nothing is chosen by cross-validation: the middle of the grid, and no scaling."""


@dataclass(frozen=True)
class _Learned:
    design: Design
    theta: Floats
    scaling: Scaling
    maps: tuple[ConfidenceMap | None, ...]
    confusion: Confusion | None
    means: Floats


def fit_field(questions: Sequence[Labelled], *, signed: bool = False, seed: int = 0) -> FieldCalibration:
    """What is learned of a field.

    The agents' agreement on all questions gives competences and confusion matrices, without a label. From the labelled
    ones come the weights of the pool, held to these; blocs; and the maps of stated confidences. How strongly contexts
    are held is chosen by the log loss of four folds, and the same folds give one factor and one shift by which the
    shares come out calibrated. The order of the questions has no part in it but for the folds; `seed` shuffles them.

    Args:
        questions: The questions; at least one with a claim.
        signed: Whether weights may be below 0.
        seed: Of the folds.
    """
    table = Table.of(questions)
    confusion = _confusion(table)
    prior_competence = confusion.competence if confusion else agreement(table)
    train = np.ones(table.size, dtype=np.bool_)
    maps = _maps(table)
    stated, means = _stated(table, maps)
    prior = Prior(
        odds=_odds(prior_competence, table),
        competence=competence(table, train, prior_competence),
        stated=stated,
        blocs=fit_blocs(table, train) if table.labelled.any() else Blocs.none(len(table.agents)),
    )
    design, scaling = _choose(table, prior, signed=signed, seed=seed)
    learned = _Learned(design, fit_pool(design, train), scaling, maps, confusion, means)
    return _calibration(table, learned, signed=signed)


def _choose(table: Table, prior: Prior, *, signed: bool, seed: int) -> tuple[Design, Scaling]:
    """The design of the least log loss on held-out folds of the labelled questions, with its scaling."""
    labelled = np.flatnonzero(table.labelled)
    if len(labelled) < _FEWEST:
        return Design(table, prior, Options(), signed), Scaling()
    fold = np.full(table.size, -1)
    fold[labelled] = np.random.default_rng(seed).permutation(len(labelled)) % _FOLDS
    best: tuple[float, Design, Floats] | None = None
    for options in _GRID if len(table.contexts) > 1 else (Options(value=0.0),):
        design = Design(table, prior, options, signed)
        held_out = np.zeros(len(table.question))
        for number in range(_FOLDS):
            score = design.columns @ fit_pool(design, (fold >= 0) & (fold != number))
            held_out = np.where((fold == number)[table.question], score, held_out)
        loss = log_loss(table, held_out, fold >= 0)
        if best is None or loss < best[0]:
            best = loss, design, held_out
    assert best is not None  # the grid is not empty
    return best[1], fit_scaling(table, best[2], fold >= 0)


def _confusion(table: Table) -> Confusion | None:
    """Confusion matrices where the values are classes; None for free text."""
    if not table.is_closed or not len(table.question):
        return None
    classes = sorted(set(table.keys))
    place = {key: number for number, key in enumerate(classes)}
    row, agent = np.nonzero(_surest(table))
    label = np.array([place[key] for key in table.keys], dtype=np.int64)[row]
    shape = (table.size, len(table.agents), len(classes))
    return fit_confusion(table.question[row], agent.astype(np.int64), label, shape)


def _surest(table: Table) -> Bools:
    """R x A: of each agent's claims on a question only the surest, of equals the last in order."""
    chosen = table.claims.copy()
    best = np.zeros((table.size, len(table.agents)))
    np.maximum.at(best, table.question, table.stated)
    chosen &= table.stated == best[table.question]
    last = np.full((table.size, len(table.agents)), -1)
    row, agent = np.nonzero(chosen)
    np.maximum.at(last, (table.question[row], agent), row)
    only: Bools = chosen & (last[table.question] == np.arange(len(table.question))[:, None])
    return only


def _odds(share: Floats, table: Table) -> Floats:
    """Log-odds of a claim against any one of the other values; at least 0."""
    others = max(len(set(table.keys)) - 1, 1) if table.is_closed else max(float(table.distinct.mean()), 1.0)
    clipped = np.clip(share, 0.05, 0.97)
    return np.maximum(np.log(clipped * others / (1 - clipped)), 0.0)


def _maps(table: Table) -> tuple[ConfidenceMap | None, ...]:
    known = table.labelled[table.question]
    return tuple(
        fit_confidence(table.stated[rows, agent], table.right[rows].astype(float))
        for agent in range(len(table.agents))
        for rows in [known & table.claims[:, agent]]
    )


def _stated(table: Table, maps: Sequence[ConfidenceMap | None]) -> tuple[Floats, Floats]:
    """R x A: log-odds of the calibrated confidences less the agent's mean; and the means."""
    odds, means = np.zeros(table.stated.shape), np.zeros(len(maps))
    for agent, map_ in enumerate(maps):
        rows = table.claims[:, agent]
        stated = table.stated[rows, agent]
        if len(set(stated)) < 2:
            continue
        chance = np.clip([map_(p) if map_ else p for p in stated], 0.01, 0.99)
        log_odds = np.log(chance / (1 - chance))
        means[agent] = log_odds.mean()
        odds[rows, agent] = log_odds - means[agent]
    return odds, means


def _calibration(table: Table, learned: _Learned, *, signed: bool) -> FieldCalibration:
    """The artefact's part: all that is added up comes with the factor, and the shift is in the offset."""
    design, by = learned.design, learned.scaling

    def scaled(name: str) -> Floats:
        return by.factor * design.part(learned.theta, name)

    spread = scaled("spread")[design.bins[:8]]
    values, at = table.values, len(table.values)
    by_value = at if "context_value" in design.places else 0
    context_values = scaled("context_value").reshape(len(table.contexts), by_value)
    weights = scaled("context").reshape(len(table.contexts), -1)
    mean = scaled("weight")
    contexts = {
        name: ContextCalibration(
            offset=_round(scaled("context_offset")[c]),
            weights={a: _round(weights[c, n] - mean[n]) for n, a in enumerate(table.agents)},
            values={v: _round(context_values[c, n]) for n, v in enumerate(values[:by_value])},
        )
        for c, name in enumerate(table.contexts)
    }
    return FieldCalibration(
        labels=int(table.labelled.sum()),
        form="signed" if signed else "monotone",
        agents=_agents(table, learned, scaled("lead"), scaled("second"), scaled("slope")),
        order=tuple(table.agents[n] for n in design.order),
        trust=max(0.0, _round(float(scaled("trust")[0]))),
        offset=_round(float(scaled("offset")[0]) + by.shift),
        spread=tuple(_round(each) for each in spread),
        values={v: _round(each) for v, each in zip(values, scaled("value"), strict=False)},
        contexts=contexts,
        classes=_classes(table, learned.confusion),
    )


def _agents(
    table: Table, learned: _Learned, lead: Floats, second: Floats, slope: Floats
) -> dict[str, AgentCalibration]:
    design, prior = learned.design, learned.design.prior
    mean = learned.scaling.factor * design.part(learned.theta, "weight")
    falling = np.cumsum(lead[::-1])[::-1] if len(lead) else lead
    falling_second = np.cumsum(second[::-1])[::-1] if len(second) else second
    rank = {int(agent): place for place, agent in enumerate(design.order)}
    known = table.labelled[table.question]
    agents: dict[str, AgentCalibration] = {}
    for n, name in enumerate(table.agents):
        place = rank[n]
        agents[name] = AgentCalibration(
            labels=int((table.claims[:, n] & known).sum()),
            competence=_round(float(prior.competence[n])),
            weight=_round(mean[n]),
            lead=max(0.0, _round(falling[place])) if place < len(falling) else 0.0,
            second=max(0.0, _round(falling_second[place - 1])) if 0 < place <= len(falling_second) else 0.0,
            confidence=learned.maps[n] if len(slope) else None,
            slope=max(0.0, _round(slope[n])) if len(slope) else 0.0,
            centre=_round(learned.means[n]),
            bloc=prior.blocs.name[n],
            correlation=_round(float(prior.blocs.correlation[n])),
            confusion=_matrix(table, learned.confusion, n),
        )
    return agents


def _matrix(table: Table, confusion: Confusion | None, agent: int) -> dict[str, dict[str, float]]:
    if confusion is None:
        return {}
    classes = sorted(set(table.keys))
    logs = confusion.logs[agent]
    return {k: {v: _round(logs[i, j]) for j, v in enumerate(classes)} for i, k in enumerate(classes)}


def _classes(table: Table, confusion: Confusion | None) -> dict[str, float]:
    if confusion is None:
        return {}
    return {key: _round(log) for key, log in zip(sorted(set(table.keys)), confusion.classes, strict=True)}


def _round(number: float) -> float:
    """Five digits behind the point are more than any fit knows."""
    return round(float(number), 5) + 0.0
