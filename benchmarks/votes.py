"""How good the votes are, on real disagreement: of people who label, and of language models that answer.

    python benchmarks/votes.py [--models FILE] [--calibrate FILE] [--form monotone|signed]

Crowds: six sets of labels that people gave. No label's truth is used: the agreement of the people is fitted to an
artefact (`dawid_skene`), and each item is then decided. Models: the answers of 28 models to exam questions. Five folds
of the questions: calibrated on four, with all that is chosen chosen inside them, measured on the fifth; the category of
a question is the context. With --models that file is measured, five folds within it; with --calibrate everything is
learned on that file and measured on the other. FILE has one JSON object on each line, with `category`, `gold` and
`votes` (by model).

All goes the way of a product: fit, artefact, policy, `decide`. The pool is the monotone one, in which more support
never hurts, unless --form says signed. It prints tables, and as the last line one JSON object:

    crowd.<set>              accuracy of majority, dawid_skene (crowd-kit's, in the extra `benchmark`; null without it)
                             and quorate; of a tie each share counts
    crowd_gain               mean of quorate minus dawid_skene
    crowd_worst              smallest of quorate minus majority
    models.<pool>            accuracy of best_single, majority and quorate; of quorate's confidences the area under the
                             risk-coverage curve (aurc), coverage_at_10pct_risk, and ece with 10 bins; a question that
                             nobody answers counts as wrong, at confidence 0
    form                     of the pool: monotone or signed
    decisions_per_s          of 4 claims on one text field, decided by the pool, one process; the best of
                             twenty rounds of 2,000
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

from quorate.contracts import Calibration, Claim, Decision, Field, FieldPolicy, InputError, Policy, QuorateError, Vote
from quorate.evals.calibration import (
    Labelled,
    aurc,
    calibrate,
    coverage_at_risk,
    expected_calibration_error,
    folds_of,
)
from quorate.graphs import Context, decide

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "votes"
SETS = ("rte", "dog", "web", "CF", "MS", "face")
SMALL = (
    *("Meta-Llama-3_1-8B-Instruct", "Phi-3-mini-4k-instruct", "mathstral-7B"),
    *("Mistral-7B-Instruct-v0.2", "Yi-6b-Chat"),
)
ANSWER = Field("answer", str)
STATED = 0.5
"""No model and no worker states a confidence."""
LINES = "one JSON object on each line, with category, gold and votes"
Form = Literal["monotone", "signed"]
FORMS: Mapping[Form, Vote] = {"monotone": "pool", "signed": "signed_pool"}


@dataclass(frozen=True)
class Question:
    """One question with the claims on it and the right answer."""

    category: str
    gold: str
    claims: tuple[Claim, ...]

    @classmethod
    def of(cls, category: str, gold: str, votes: Mapping[str, Any]) -> Question:
        """A question with the answers of some voters; null is none."""
        given = [(agent, answer) for agent, answer in votes.items() if answer is not None]
        return cls(category, gold, tuple(Claim(ANSWER.name, str(a), STATED, agent=agent) for agent, a in given))

    def only(self, agents: frozenset[str]) -> Question:
        """The same with the claims of these alone."""
        return Question(self.category, self.gold, tuple(claim for claim in self.claims if claim.agent in agents))

    def labelled(self, *, with_truth: bool = True) -> Labelled:
        """What is learned from."""
        known = Labelled.of(ANSWER, self.claims, self.gold, self.category)
        return known if with_truth else Labelled(known.field, known.claims, None, self.category)

    def majority(self) -> float:
        """Whether the majority is right; of a tie its share."""
        counts = Counter(ANSWER.key(claim.value) for claim in self.claims)
        top = [key for key, count in counts.items() if count == max(counts.values())]
        return (ANSWER.key(self.gold) in top) / len(top) if top else 0.0


def main() -> int:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=Path, default=DATA / "models.jsonl", metavar="FILE")
    parser.add_argument("--calibrate", type=Path, metavar="FILE")
    parser.add_argument("--crowd", type=Path, default=DATA / "crowd", metavar="FOLDER")
    parser.add_argument("--form", choices=list(FORMS), default="monotone")
    parser.add_argument("--pool", action="append", metavar="NAME", help="Only this pool; may be given several times.")
    arguments = parser.parse_args()
    try:
        measured = read_questions(arguments.models)
        learned = read_questions(arguments.calibrate) if arguments.calibrate else None
        crowd = {name: measure_crowd(arguments.crowd / name) for name in SETS if (arguments.crowd / name).is_dir()}
        wanted = arguments.pool or None
        models = {
            name: measure_pool(measured, learned, agents, arguments.form)
            for name, agents in pools_of(measured).items()
            if wanted is None or name in wanted
        }
        speed = decisions_per_second(arguments.form)
    except QuorateError as error:
        print(error, file=sys.stderr)
        return 2
    show(crowd, models, arguments.form)
    result: dict[str, Any] = {"crowd": crowd, **crowd_summary(crowd), "models": models}
    print(json.dumps({**result, "form": arguments.form, "decisions_per_s": speed}))
    return 0


def read_questions(path: Path) -> list[Question]:
    """The questions of a file.

    Raises:
        InputError: The file cannot be read, or a line is no question.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), got=str(error), expected=LINES, fix="check the path") from error
    questions = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = json.loads(line)
                questions.append(Question.of(str(row.get("category", "")), row["gold"], row["votes"]))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    f"{path}:{number}", got=f"{line[:80]!r}", expected=LINES, fix="correct the line"
                ) from error
    if len(questions) < 2:
        raise InputError(str(path), got=f"{len(questions)} questions", expected="at least two", fix="give more")
    return questions


def pools_of(questions: Sequence[Question]) -> dict[str, frozenset[str]]:
    """The pools, by the models' rank on these questions; one that this file has too few models for is left out."""
    right: Counter[str] = Counter()
    for each in questions:
        right.update({claim.agent: int(claim.value == each.gold) for claim in each.claims})
    ranked = sorted(right, key=lambda agent: (-right[agent], agent))
    pools = {
        "all28": ranked,
        "top3": ranked[:3],
        "mid5": ranked[5:10],
        "small5": [name for name in SMALL if name in right],
        "weak9": ranked[-9:],
        "adversarial": [*ranked[:2], *ranked[-5:]],
    }
    return {name: frozenset(agents) for name, agents in pools.items() if len(agents) > 1}


def measure_pool(
    measured: Sequence[Question], learned: Sequence[Question] | None, agents: frozenset[str], form: Form
) -> dict[str, float]:
    """The figures of one pool."""
    questions = [each.only(agents) for each in measured]
    outcomes = _decide_all(questions, [each.only(agents) for each in learned] if learned else None, form)
    count = len(questions)
    singles = Counter(claim.agent for each in questions for claim in each.claims if claim.value == each.gold)
    return {
        "best_single": round(max(singles.values(), default=0) / count, 4),
        "majority": round(sum(each.majority() for each in questions) / count, 4),
        "quorate": round(sum(right for _, right in outcomes) / count, 4),
        "aurc": round(aurc(outcomes), 4),
        "coverage_at_10pct_risk": round(coverage_at_risk(outcomes, 0.1), 4),
        "ece": round(expected_calibration_error(outcomes), 4),
    }


def _decide_all(
    questions: Sequence[Question], learned: Sequence[Question] | None, form: Form
) -> list[tuple[float, bool]]:
    """Confidence and rightness of each question, decided with what is learned of others."""
    if learned is not None:
        policy = policy_of([each.labelled() for each in learned], FORMS[form])
        return [_outcome(each, policy) for each in questions]
    outcomes = []
    entries = [each.labelled() for each in questions]
    place = {id(entry): number for number, entry in enumerate(entries)}
    for inner, outer in folds_of(entries, 5):
        policy = policy_of(inner, FORMS[form])
        outcomes += [_outcome(questions[place[id(entry)]], policy) for entry in outer]
    return outcomes


def policy_of(known: Sequence[Labelled], vote: Vote) -> Policy:
    """The policy with what is learned, through the text of its artefact, as a product reads it."""
    terms = FieldPolicy(vote=vote, accept=0, review="never", context="category")
    policy = Policy(fields={ANSWER.name: terms})
    learned = Calibration.model_validate_json(calibrate(known, policy).to_json())
    return Policy(fields={ANSWER.name: terms}, calibration=learned)


def _outcome(question: Question, policy: Policy) -> tuple[float, bool]:
    decision = _decision(question, policy)
    return decision.confidence, decision.value is not None and ANSWER.key(decision.value) == ANSWER.key(question.gold)


def _decision(question: Question, policy: Policy) -> Decision:
    return decide(ANSWER, question.claims, policy, Context({"category": question.category}, {}))


def measure_crowd(folder: Path) -> dict[str, float | None]:
    """The figures of one set of labels.

    Raises:
        InputError: Its files cannot be read.
    """
    try:
        with (folder / "label.csv").open(newline="", encoding="utf-8") as file:
            rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
        with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
            truth = {row["item"]: row["truth"] for row in csv.DictReader(file)}
    except (OSError, KeyError) as error:
        raise InputError(
            str(folder), got=str(error), expected="label.csv: item,worker,label; truth.csv: item,truth", fix="check it"
        ) from error
    votes: dict[str, dict[str, str]] = {}
    for item, worker, label in rows:
        votes.setdefault(item, {})[worker] = label
    questions = {item: Question.of("", truth.get(item, ""), each) for item, each in votes.items()}
    policy = policy_of([each.labelled(with_truth=False) for each in questions.values()], "dawid_skene")
    known = [each for item, each in questions.items() if item in truth]
    rival = crowd_kit(rows)
    hits = sum(rival[item] == truth[item] for item in votes if item in truth) if rival else 0
    return {
        "majority": round(sum(each.majority() for each in known) / len(known), 4),
        "dawid_skene": round(hits / len(known), 4) if rival else None,
        "quorate": round(sum(_outcome(each, policy)[1] for each in known) / len(known), 4),
    }


def crowd_kit(rows: Sequence[tuple[str, str, str]]) -> dict[str, str] | None:
    """What crowd-kit's Dawid-Skene makes of labels, by item; None where it is not installed."""
    try:
        pandas, crowdkit = import_module("pandas"), import_module("crowdkit.aggregation")
    except ModuleNotFoundError:
        return None
    frame = pandas.DataFrame(rows, columns=["task", "worker", "label"])
    return {str(item): str(label) for item, label in crowdkit.DawidSkene(n_iter=100).fit_predict(frame).items()}


def crowd_summary(crowd: Mapping[str, Mapping[str, float | None]]) -> dict[str, float | None]:
    """The mean gain over Dawid-Skene, and the smallest over the majority."""
    gains = [
        each["quorate"] - each["dawid_skene"] for each in crowd.values() if each["quorate"] and each["dawid_skene"]
    ]
    over = [(each["quorate"] or 0.0) - (each["majority"] or 0.0) for each in crowd.values()]
    return {
        "crowd_gain": round(sum(gains) / len(gains), 4) if gains else None,
        "crowd_worst": round(min(over), 4) if over else None,
    }


def decisions_per_second(form: Form, count: int = 2_000) -> float:
    """How many decisions of 4 claims a second: the best of twenty rounds, so that other work counts less."""
    votes = [{f"agent{n}": answer for n, answer in enumerate(word)} for word in ("AABC", "ABAB", "DDDD", "CABC")]
    questions = [Question.of("law", "A", each) for each in votes]
    policy = policy_of([Question.of("law", "A", each).labelled() for each in votes * 30], FORMS[form])
    context = Context({"category": "law"}, {})
    best = 0.0
    for _ in range(20):
        started = time.perf_counter()
        for number in range(count):
            decide(ANSWER, questions[number % len(questions)].claims, policy, context)
        best = max(best, count / (time.perf_counter() - started))
    return round(best)


def show(crowd: Mapping[str, Mapping[str, Any]], models: Mapping[str, Mapping[str, Any]], form: str) -> None:
    """Print the tables."""
    console = Console(width=110)
    for title, rows in (("Crowds, no labels used: accuracy", crowd), (f"Models, {form} pool", models)):
        if rows:
            table = Table(title=title)
            keys = list(next(iter(rows.values())))
            for name in ("", *keys):
                table.add_column(name, justify="right" if name else "left")
            for name, row in rows.items():
                table.add_row(name, *("-" if row[key] is None else f"{row[key]:.4f}" for key in keys))
            console.print(table)


if __name__ == "__main__":
    sys.exit(main())
