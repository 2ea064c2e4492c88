"""Calibrating: what is learned, from how much, and that nothing is learned where nothing is known."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from quorate.contracts import (
    AgentCalibration,
    Calibration,
    Claim,
    ConfidenceMap,
    Field,
    FieldCalibration,
    FieldPolicy,
    Policy,
)
from quorate.evals.calibration import (
    Assessment,
    Labelled,
    Stated,
    assess,
    aurc,
    calibrate,
    calibrate_field,
    changes,
    coverage_at_risk,
    cross_validate,
    expected_calibration_error,
    folds_of,
)
from quorate.graphs import VOTING_RULES, Ballot, Context, decide

pytest.importorskip("scipy", reason="the extra `calibration` is not installed")
np = pytest.importorskip("numpy")
from quorate.evals.calibration.confusion import fit_confusion  # noqa: E402 (needs the extra)

CROWD = Path(__file__).resolve().parents[3] / "shared" / "data" / "votes" / "crowd"
COMPETENCE = {"good": 0.9, "able": 0.8, "fair": 0.7, "weak": 0.55, "poor": 0.4}
POOL = FieldPolicy(vote="pool")


def questions(count: int, *, labelled: int, copies: int = 0, seed: int = 0, context: str = "") -> list[Labelled]:
    """Questions with four answers; `copies` agents say what the poor one says."""
    random = Random(seed)
    made = []
    for number in range(count):
        truth = random.choice("abcd")
        said = {
            agent: truth if random.random() < share else random.choice("abcd".replace(truth, ""))
            for agent, share in COMPETENCE.items()
        }
        said |= {f"copy{n}": said["poor"] for n in range(copies)}
        claims = tuple(Stated(agent, answer, 0.6) for agent, answer in said.items())
        made.append(Labelled("answer", claims, truth if number < labelled else None, context))
    return made


def confident(count: int, seed: int = 0) -> list[Labelled]:
    """Questions in which one agent states what it knows, too surely, and the other states the same always."""
    random = Random(seed)
    made = []
    for _ in range(count):
        truth = random.choice("abcd")
        sure = random.choice([0.5, 0.7, 0.9, 0.99])
        first = truth if random.random() < sure**2 else "x"
        second = truth if random.random() < 0.6 else "y"
        made.append(Labelled("answer", (Stated("knows", first, sure), Stated("same", second, 0.6)), truth))
    return made


def test_without_labels() -> None:
    """The agreement alone orders the agents; the form of the vote is that of the stated confidences, held low."""
    learned = calibrate_field(questions(300, labelled=0))
    assert learned.labels == 0
    assert not learned.is_enough
    weights = {name: each.weight for name, each in learned.agents.items()}
    assert weights["good"] > weights["fair"] > weights["poor"] >= 0
    assert (learned.offset, set(learned.values.values()), learned.order[0]) == (0, {0.0}, "good")
    assert all(each.lead == each.second == 0 and not each.bloc for each in learned.agents.values())


def test_few_labels_move_little() -> None:
    """Three labels move the weights by little, and by less than three hundred do."""
    none, few, many = (calibrate_field(questions(300, labelled=count)) for count in (0, 3, 300))

    def distance(learned: object) -> float:
        weights = {name: each.weight for name, each in learned.agents.items()}  # type: ignore[attr-defined]
        return math.dist([none.agents[name].weight for name in weights], list(weights.values()))

    assert distance(few) < 0.25
    assert distance(few) < distance(many)


def test_labels_calibrate() -> None:
    """With labels the shares come true, and the right agent is believed against two that are worse."""
    known = questions(600, labelled=600)
    after = cross_validate(known, POOL, calibrate_field)
    before = assess(known, POOL, None)
    assert after.questions == 600
    assert after.log_loss < before.log_loss
    assert after.ece < 0.06
    learned = calibrate_field(known)
    assert learned.is_enough
    assert learned.agents["good"].competence == pytest.approx(0.9, abs=0.04)
    assert learned.agents["poor"].labels == 600


def test_copies_are_found() -> None:
    """Copies of a poor agent are one bloc, and do not outvote two that are independent."""
    learned = calibrate_field(questions(200, labelled=200, copies=4))
    blocs = {name: each.bloc for name, each in learned.agents.items()}
    copies = {"poor", "copy0", "copy1", "copy2", "copy3"}
    assert {name for name, bloc in blocs.items() if bloc} == copies
    assert learned.agents["poor"].correlation > 0.9
    policy = Policy(defaults=POOL, calibration=Calibration(fields={"answer": learned}))
    ballot = [Claim("answer", "a", 0.6, agent=name) for name in sorted(copies)]
    ballot += [Claim("answer", "b", 0.6, agent=name) for name in ("good", "fair")]
    assert decide(Field("answer", str), ballot, policy, Context({}, {})).value == "b"


def test_contexts() -> None:
    """An agent that is good in one context only is believed there."""
    there = [*questions(300, labelled=300, context="law"), *questions(300, labelled=300, seed=1, context="art")]
    swap = {**dict(zip(COMPETENCE, COMPETENCE, strict=True)), "good": "poor", "poor": "good"}
    turned = [
        each
        if each.context == "law"
        else Labelled(
            each.field, tuple(Stated(swap[c.agent], c.key, c.confidence) for c in each.claims), each.truth, "art"
        )
        for each in there
    ]
    learned = calibrate_field(turned)
    assert learned.weights("law")["good"] > learned.weights("law")["poor"]
    assert learned.weights("art")["poor"] > learned.weights("art")["good"]


def test_confidences() -> None:
    """A stated confidence that means something gets a map and a slope; one that is always the same does not."""
    learned = calibrate_field(confident(800))
    knows, same = learned.agents["knows"], learned.agents["same"]
    assert isinstance(knows.confidence, ConfidenceMap)
    assert knows.slope > 0.3
    # it is right in sure ** 2 of the cases: .25 where it says .5, .81 where it says .9
    assert knows.confidence(0.5) == pytest.approx(0.25, abs=0.1)
    assert knows.confidence(0.9) == pytest.approx(0.81, abs=0.1)
    assert same.confidence is None


def test_signed() -> None:
    """Only a signed pool has weights below 0."""
    known = questions(200, labelled=200, copies=2)
    assert all(each.weight >= 0 for each in calibrate_field(known).agents.values())
    assert calibrate_field(known, signed=True).form == "signed"


def test_free_text() -> None:
    """Where values are not of a few classes there are competences and weights, and no confusion matrix."""
    random = Random(0)
    made = []
    for number in range(200):
        truth = f"company {number}"
        claims = [
            Stated(agent, truth if random.random() < share else f"other {agent} {number}", 0.6)
            for agent, share in COMPETENCE.items()
        ]
        made.append(Labelled("company", tuple(claims), truth if number % 2 else None))
    learned = calibrate_field(made)
    assert learned.classes == {}
    assert not any(each.confusion for each in learned.agents.values())
    assert learned.agents["good"].weight > learned.agents["poor"].weight


def test_the_same_again() -> None:
    """The same questions give the same artefact."""
    known = questions(120, labelled=80)
    policy = Policy(fields={"answer": POOL})
    assert calibrate(known, policy).digest == calibrate(known, policy).digest


@pytest.mark.parametrize("known", [[], [Labelled("f", ())], [Labelled("f", (), "a")] * 3])
def test_nothing_to_learn(known: Sequence[Labelled]) -> None:
    """Without a claim nothing is learned, and nothing fails."""
    assert calibrate(known, Policy()).fields == {}


@pytest.mark.parametrize("truth", [None, "a", "b"])
def test_one_claim(truth: str | None) -> None:
    """One question with one claim is enough for an artefact, in which little is learned."""
    learned = calibrate_field([Labelled("f", (Stated("a", "a", 0.6),), truth)])
    assert learned.labels == (truth is not None)
    assert all(math.isfinite(each.weight) for each in learned.agents.values())


def test_what_changes() -> None:
    """What calibrating changes is said by field: before and after, and the competences."""
    known = questions(200, labelled=150)
    policy = Policy(fields={"answer": POOL})
    (change,) = changes(known, policy, calibrate(known, policy))
    assert (change.field, change.vote, change.labels) == ("answer", "pool", 150)
    assert change.before.questions == change.after.questions == 150
    assert change.after.log_loss < change.before.log_loss
    old, new, labels = change.competence["good"]
    assert (old, labels) == (None, 150)
    assert new > 0.8


def test_figures() -> None:
    """The figures of confidences, by hand."""
    four = [(0.95, True), (0.85, True), (0.75, False), (0.65, True)]
    # each in a bin of its own: (.05 + .15 + .75 + .35) / 4 = .325
    assert expected_calibration_error(four) == pytest.approx(0.325)
    # wrong of the surest: 0/1, 0/2, 1/3, 1/4; mean (0 + 0 + 1/3 + 1/4) / 4 = .1458
    assert aurc(four) == pytest.approx(0.1458, abs=1e-4)
    # at most a quarter wrong: all four; at most a tenth: the first two
    assert coverage_at_risk(four, 0.25) == 1.0
    assert coverage_at_risk(four, 0.1) == 0.5
    # equal confidences are taken together, in any order: one wrong of two is too much
    assert coverage_at_risk([(0.9, True), (0.9, False)], 0.1) == 0.0
    assert aurc([(0.9, True), (0.9, False)]) == aurc([(0.9, False), (0.9, True)]) == 0.5
    assert (expected_calibration_error([]), aurc([]), coverage_at_risk([], 0.1)) == (0, 0, 0)


def test_assessment() -> None:
    """Log loss and accuracy, by hand; what is not labelled does not count."""
    vote = [Labelled("f", (Stated("a", "x", 0.8),), truth) for truth in ("x", "y", None)]
    found = assess(vote, FieldPolicy(), None)
    # x has .8; y is none of the claimed, .2: -(log .8 + log .2) / 2 = .9163. One bin: |.8 - .5| = .3
    assert found == Assessment(2, 0.5, pytest.approx(0.9163, abs=1e-4), pytest.approx(0.3))  # type: ignore[arg-type]


def test_folds() -> None:
    """Each question is held out once; with less than two there is no fold."""
    made = questions(7, labelled=7)
    parts = folds_of(made, 5)
    assert sorted(id(each) for _, outer in parts for each in outer) == sorted(map(id, made))
    assert all(len(inner) + len(outer) == 7 for inner, outer in parts)
    assert folds_of(made[:1], 5) == []


@cache
def crowd(name: str) -> tuple[list[tuple[str, str, str]], dict[str, str], Any]:
    """The labels of a set as item, worker and label; what is right; and crowd-kit's Dawid-Skene of them, converged."""
    if not (CROWD / name).is_dir():
        pytest.skip("no shared data")
    kit = pytest.importorskip("crowdkit.aggregation", reason="the extra `benchmark` is not installed")
    pandas = pytest.importorskip("pandas")
    with (CROWD / name / "label.csv").open() as file:
        rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
    with (CROWD / name / "truth.csv").open() as file:
        truth = {row["item"]: row["truth"] for row in csv.DictReader(file)}
    model = kit.DawidSkene(n_iter=500, tol=1e-12)
    model.fit(pandas.DataFrame(rows, columns=["task", "worker", "label"]))
    return rows, truth, model


@pytest.mark.parametrize("name", ["MS", "face"])
def test_the_vote_against_crowd_kit(name: str) -> None:
    """With the matrices and priors that crowd-kit has fitted, the vote gives the probabilities that crowd-kit gives."""
    rows, _, model = crowd(name)
    tables: dict[str, dict[str, dict[str, float]]] = {}
    for (worker, said), by_truth in model.errors_.iterrows():
        for right, p in by_truth.items():
            tables.setdefault(worker, {}).setdefault(str(right), {})[said] = min(math.log(p), 0.0)
    learned = FieldCalibration(
        classes={str(key): math.log(p) for key, p in model.priors_.items()},
        agents={worker: AgentCalibration(confusion=table) for worker, table in tables.items()},
    )
    votes: dict[str, list[Claim]] = {}
    for item, worker, label in rows:
        votes.setdefault(item, []).append(Claim("label", label, 0.5, agent=worker))
    terms = FieldPolicy(vote="dawid_skene")
    for item, claims in votes.items():
        ballot = Ballot.of(claims, lambda claim: str(claim.value), terms, learned, write=str)
        shares = {each.key: each.confidence for each in VOTING_RULES["dawid_skene"](ballot)}
        for key, theirs in model.probas_.loc[item].items():
            assert shares.get(str(key), theirs) == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("name", ["MS", "face"])
def test_the_fit_against_crowd_kit(name: str) -> None:
    """The shrunk fit is right of no fewer items of shared data than crowd-kit's plain one, and agrees on most."""
    rows, truth, model = crowd(name)
    places = [{key: n for n, key in enumerate(sorted({row[i] for row in rows}))} for i in range(3)]
    codes = [np.array([place[row[i]] for row in rows]) for i, place in enumerate(places)]
    items, agents, classes = places
    fitted = fit_confusion(codes[0], codes[1], codes[2], (len(items), len(agents), len(classes)))
    best = dict(zip(items, np.array(list(classes))[fitted.posterior.argmax(1)], strict=True))
    known = [item for item in best if item in truth]
    ours = sum(best[item] == truth[item] for item in known)
    assert ours >= sum(model.labels_[item] == truth[item] for item in known)
    assert sum(best[item] == model.labels_[item] for item in best) / len(best) > 0.8
    assert np.allclose(fitted.posterior.sum(1), 1)


def test_the_fit_finds_what_made_the_labels() -> None:
    """Of labels that were drawn from known matrices, enough for each agent, the fit finds the matrices."""
    random = Random(0)
    tables = {"a": {"x": 0.9, "y": 0.8}, "b": {"x": 0.95, "y": 0.6}, "c": {"x": 0.7, "y": 0.7}}
    made = []
    for _ in range(3_000):
        truth = random.choice("xxy")
        said = {n: truth if random.random() < rows[truth] else "xy"[truth == "x"] for n, rows in tables.items()}
        made.append(Labelled("f", tuple(Stated(n, key, 0.6) for n, key in said.items())))
    learned = calibrate_field(made)
    assert math.exp(learned.classes["x"]) == pytest.approx(2 / 3, abs=0.08)
    for name, rows in tables.items():
        for key, right in rows.items():
            assert math.exp(learned.agents[name].confusion[key][key]) == pytest.approx(right, abs=0.1)


def test_without_the_extra() -> None:
    """`quorate.evals` needs no extra; calibrating without it names it."""
    code = (
        "import sys; sys.modules['numpy'] = sys.modules['scipy'] = None\n"
        "from quorate.evals.calibration import Labelled, Stated, calibrate_field\n"
        "try: calibrate_field([Labelled('f', (Stated('a', 'x', .5),))])\n"
        "except Exception as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert "pip install 'quorate[calibration]'" in done.stdout


def test_fits_are_told() -> None:
    """Whoever waits hears of each fit before it begins: one for the field, and one for each of five folds."""
    told: list[str] = []
    known = questions(50, labelled=50)
    policy = Policy(defaults=POOL)
    learned = calibrate(known, policy, fitting=told.append)
    assert told == ["answer"]
    changes(known, policy, learned, fitting=told.append)
    assert told == ["answer"] * 6


def test_one_thread_of_blas() -> None:
    """A fit is done by one thread of BLAS, and leaves as many as there were."""
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads() -> list[int]:
        return [each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]

    before, within = threads(), list[list[int]]()

    class Curious(str):
        """A context that looks while the questions are put in order."""

        __slots__ = ()

        def __hash__(self) -> int:
            within.append(threads())
            return super().__hash__()

    calibrate_field([Labelled("answer", (Stated("a", "x", 0.5),), "x", Curious("here"))])
    assert within
    assert set(within[-1]) <= {1}
    assert threads() == before
