"""How well, and how fast, the receipt desk does on real receipts.

The receipts are split into folds. For each fold the readers' reliability and the vendor register are learned on
the other folds only; then every receipt of the fold goes through the whole graph: readers, vote, policy, posting to
one ledger in a database file, with checkpoints. Nobody reviews: what needs a person is not posted.

    python benchmarks/receipts.py [--data FILE] [--train FILE] [--folds 5]

With --train, everything is learned on that file and measured on --data. FILE has one JSON object on each line, with
`words`, `boxes`, `size` and `gold` (company, date, address, total; a key may be missing).

A field is right where it equals the gold: an amount by its number, a date by its day, text by its letters and
digits. It prints a table, and as the last line one JSON object:

    receipts            how many were measured
    company, date, total, address
                        share of right values, settled or not, of the receipts that have a gold value
    all_three           share of receipts with company, date and total right
    posted_share        share of receipts posted without a person
    posted_precision    share of the posted ones with company, date and total right
    ledger_duplicates   receipts that were posted although one with the same gold company, date and total was before
    seconds             wall time of all runs, without the learning
    runs_per_s          receipts a second
    anchors             of the same run: the best single reader of each field, the majority of the same readers
                        (ties to the value claimed by the reader that comes first by name), the majority without the
                        readers of the vendor register, the oracle (any reader right)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from examples.receipt_desk.answers import Answers, answers_of  # noqa: E402
from examples.receipt_desk.desk import receipt_desk  # noqa: E402
from examples.receipt_desk.learning import learn, register_of  # noqa: E402
from examples.receipt_desk.page import ReceiptPage  # noqa: E402
from examples.receipt_desk.register import letters_and_digits  # noqa: E402
from langchain_core.runnables import RunnableConfig  # noqa: E402 (the examples are found from the root)
from pydantic import ValidationError  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.progress import Progress  # noqa: E402
from rich.table import Table  # noqa: E402

from quorate.checkpoints import Database, open_database  # noqa: E402
from quorate.contracts import InputError  # noqa: E402
from quorate.evals import AMOUNT, DATE, TEXT, Case, CaseResult, Evaluator, Prediction, Suite, arun_suite  # noqa: E402
from quorate.evals import prediction_of as predict  # noqa: E402
from quorate.graphs import Turn  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "receipts" / "open.jsonl"
EVALUATORS: dict[str, Evaluator] = {"company": TEXT, "date": DATE, "total": AMOUNT, "address": TEXT}
THREE = ("company", "date", "total")
CONCURRENCY = 8
REGISTER = {"vendor_by_number", "vendor_by_name"}
"""The readers that know what was posted before."""
LINES = "one JSON object on each line, with words, boxes, size and gold"
VOTES = ("majority", "majority_without_register", "oracle")


@dataclass(frozen=True)
class Receipt:
    """One receipt with its gold."""

    id: str
    request: dict[str, Any]
    page: ReceiptPage | None
    """None where it is not a page; the graph rejects it then, and it is learned nothing from."""
    answers: Answers


@dataclass(frozen=True)
class Measured:
    """What the graph made of one receipt."""

    case: CaseResult
    turn: Turn


def read(path: Path) -> list[Receipt]:
    """The receipts of a file; a receipt without an id is called by its line.

    Raises:
        InputError: The file cannot be read, a line is not a JSON object, or there is none.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), got=str(error), expected=LINES, fix="correct the path") from error
    receipts = [_receipt(f"{path}:{at}", at, line) for at, line in enumerate(lines, 1) if line.strip()]
    if not receipts:
        raise InputError(str(path), got="no receipt", expected=LINES, fix="add some")
    return receipts


def _receipt(where: str, number: int, line: str) -> Receipt:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InputError(where, got=f"invalid JSON: {error}", expected=LINES, fix="correct the line") from error
    gold = data.pop("gold", {}) if isinstance(data, dict) else None
    if not isinstance(gold, dict):
        raise InputError(where, got=line[:60], expected=LINES, fix="write an object, with `gold` as an object")
    data["id"] = str(data.get("id", f"line-{number}"))
    try:
        page = ReceiptPage.model_validate(data)
    except ValidationError:
        page = None
    return Receipt(data["id"], data, page, answers_of(gold))


def folds_of(receipts: Sequence[Receipt], folds: int) -> Iterable[tuple[list[Receipt], list[Receipt]]]:
    """For each fold the receipts to learn from, and those to measure on."""
    for fold in range(folds):
        yield (
            [receipt for at, receipt in enumerate(receipts) if at % folds != fold],
            [receipt for at, receipt in enumerate(receipts) if at % folds == fold],
        )


async def measure(
    train: Sequence[Receipt], test: Sequence[Receipt], database: Database, progress: Any
) -> tuple[list[Measured], float, float]:
    """Learn on the one, run the other through the graph; with the seconds of the learning and of the runs."""
    started = time.perf_counter()
    labelled = [(receipt.page, receipt.answers) for receipt in train if receipt.page is not None]
    desk = receipt_desk(database, reliability=learn(labelled), register=register_of(labelled))
    learned = time.perf_counter() - started
    turns: dict[str, Turn] = {}
    started = time.perf_counter()
    async with database.asaver() as saver:
        graph = desk.compile(checkpointer=saver)

        async def target(request: dict[str, Any]) -> Prediction:
            thread = RunnableConfig(configurable={"thread_id": request["id"]})
            turn = desk.read(await graph.ainvoke({"request": request}, thread))
            turns[request["id"]] = turn
            return predict(turn)

        cases = [Case(id=each.id, request=each.request, expected=_plain(each.answers)) for each in test]
        suite = Suite(name="receipts", cases=tuple(cases), evaluators=EVALUATORS)
        result = await arun_suite(suite, target, concurrency=CONCURRENCY, progress=lambda *_: progress())
    seconds = time.perf_counter() - started
    failed = [case for case in result.cases if case.error]
    if failed:
        raise SystemExit(f"{len(failed)} receipts failed; the first, {failed[0].id}: {failed[0].error}")
    return [Measured(case, turns[case.id]) for case in result.cases], learned, seconds


def _plain(answers: Answers) -> dict[str, str]:
    return {field: str(value) for field, value in answers.items()}


def figures_of(measured: Sequence[Measured], seconds: float) -> dict[str, Any]:
    """The figures of the last line."""
    right = [all(each.case.scores.get(field, 1.0) == 1 for field in THREE) for each in measured]
    posted = [any(effect.status == "done" for effect in each.turn.effects.values()) for each in measured]
    contents = Counter(_content(each.case) for each, done in zip(measured, posted, strict=True) if done)
    posted_right = [good for good, done in zip(right, posted, strict=True) if done]
    return {
        "receipts": len(measured),
        **{
            field: _mean([each.case.scores[field] == 1 for each in measured if field in each.case.scores])
            for field in EVALUATORS
        },
        "all_three": _mean(right),
        "posted_share": _mean(posted),
        "posted_precision": _mean(posted_right),
        "ledger_duplicates": sum(count - 1 for content, count in contents.items() if None not in content),
        "seconds": round(seconds, 1),
        "runs_per_s": round(len(measured) / seconds, 1),
        "anchors": anchors_of(measured),
    }


def _content(case: CaseResult) -> tuple[str | None, ...]:
    """What a receipt really says, whatever was read of it; None for what nobody labelled."""
    return tuple(letters_and_digits(case.expected[field]) if field in case.expected else None for field in THREE)


def anchors_of(measured: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """The best single reader, the majority and the oracle, on the claims of the same run."""
    single: dict[str, Counter[str]] = {field: Counter() for field in EVALUATORS}
    right: dict[str, dict[str, list[bool]]] = {name: defaultdict(list) for name in VOTES}
    for each in measured:
        three = dict.fromkeys(VOTES, True)
        for field, evaluator in EVALUATORS.items():
            if field not in each.case.expected:
                continue
            gold = each.case.expected[field]
            claims = _best_claims(each.turn, field)
            good = {agent for agent, value in claims.items() if evaluator.score(gold, value) == 1}
            single[field].update(good)
            pages = {agent: value for agent, value in claims.items() if agent not in REGISTER}
            outcome = {
                "majority": _is_right(evaluator, gold, _plurality(claims, evaluator)),
                "majority_without_register": _is_right(evaluator, gold, _plurality(pages, evaluator)),
                "oracle": bool(good),
            }
            for name in VOTES:
                right[name][field].append(outcome[name])
                three[name] &= outcome[name] or field not in THREE
        for name in VOTES:
            right[name]["all_three"].append(three[name])
    judged = {field: len(right["oracle"][field]) or 1 for field in EVALUATORS}
    best = {field: round(max(seen.values(), default=0) / judged[field], 3) for field, seen in single.items()}
    return {"best_single": best, **{name: {field: _mean(r) for field, r in right[name].items()} for name in VOTES}}


def _is_right(evaluator: Evaluator, gold: Any, value: Any) -> bool:
    return value is not None and evaluator.score(gold, value) == 1


def _best_claims(turn: Turn, field: str) -> dict[str, Any]:
    """Each reader's most confident value, by reader, in the order of their names."""
    best: dict[str, tuple[float, Any]] = {}
    for claim in turn.claims:
        if claim.field == field and claim.confidence > best.get(claim.agent, (-1.0, None))[0]:
            best[claim.agent] = (claim.confidence, claim.value)
    return {agent: best[agent][1] for agent in sorted(best)}


def _plurality(claims: Mapping[str, Any], evaluator: Evaluator) -> Any:
    groups: list[list[Any]] = []
    for value in claims.values():
        group = next((group for group in groups if evaluator.score(group[0], value) == 1), None)
        if group is None:
            groups.append([value])
        else:
            group.append(value)
    return max(groups, key=len)[0] if groups else None


def _mean(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0


def show(figures: Mapping[str, Any], measured: Sequence[Measured], learned: float) -> None:
    """Print the table."""
    table = Table("", "company", "date", "total", "address", "all three", title=f"{figures['receipts']} receipts")
    anchors = figures["anchors"]
    for name in ("best_single", *VOTES):
        row = anchors[name]
        cells = [f"{row[field]:.3f}" if field in row else "" for field in (*EVALUATORS, "all_three")]
        table.add_row(name.replace("_", " "), *cells)
    table.add_row("quorate", *(f"{figures[f]:.3f}" for f in EVALUATORS), f"{figures['all_three']:.3f}", style="bold")
    console = Console()
    console.print(table)
    known = sum(any(effect.status == "duplicate" for effect in each.turn.effects.values()) for each in measured)
    ends = Counter(each.turn.status for each in measured)
    console.print(f"how the turns ended: {', '.join(f'{count} {status}' for status, count in ends.most_common())}")
    share, precision = figures["posted_share"], figures["posted_precision"]
    console.print(f"posted without a person: {share:.3f} of the receipts, {precision:.3f} of them right")
    console.print(f"recognised as posted before, and not posted: {known}")
    console.print(f"learning took {learned:.1f} s, the runs {figures['seconds']} s")


async def main() -> None:
    """Measure, print a table, and the figures as the last line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="receipts to measure on")
    parser.add_argument("--train", type=Path, help="receipts to learn on; without it, the other folds of --data")
    parser.add_argument("--folds", type=int, default=5, help="folds of --data, where there is no --train")
    options = parser.parse_args()
    try:
        receipts = read(options.data)
        train = read(options.train) if options.train else []
    except InputError as error:
        parser.error(str(error))
    if not train and not 2 <= options.folds <= len(receipts):
        parser.error(f"--folds {options.folds}: from 2 up to the number of receipts, which is {len(receipts)}")
    splits = [(train, receipts)] if train else folds_of(receipts, options.folds)
    measured: list[Measured] = []
    learning = running = 0.0
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("receipts", total=len(receipts))
        with open_database(f"sqlite:///{folder}/desk.db") as database:
            for train, test in splits:
                some, learned, seconds = await measure(train, test, database, lambda: bar.advance(task))
                measured += some
                learning += learned
                running += seconds
            figures = figures_of(measured, running)
    show(figures, measured, learning)
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
