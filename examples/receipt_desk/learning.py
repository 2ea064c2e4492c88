"""Learning: from labelled receipts to the reliability of the readers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .answers import ANSWER_FIELDS, Answers, same
from .layout import Layout, layout_of
from .page import ReceiptPage
from .panel import PAGE_READERS
from .reading import Reader, Reading
from .register import Vendor, VendorRegister, letters_and_digits, vendor_of
from .reliability import Reliability
from .vendor_readers import vendor_readers

__all__ = ["learn", "register_of"]

_RARE = 5
"""Circumstances seen in fewer readings are taken together."""
_PRIOR = 4.0
"""How many readings of the reader at large the precision of its circumstances is shrunk by."""
_SHARED = 0.4
"""Part of the log-odds of a reader that is its own before the vote is fitted; it shares the rest with others."""
_HOLD = 3.0
"""Strength with which the fit holds on to that start: the inverse variance of the log-odds."""
_UNMET = 0.5
"""Part of that which is left for circumstances that were never met in learning."""
_ROUNDS = 40
_LEAST = 0.01
"""Confidences are kept in [0.01, 0.99], as the vote clips them there."""

Bucket = tuple[str, str]
"""A reader and the circumstances of a reading; empty circumstances for rare ones."""


@dataclass(frozen=True, slots=True)
class _Option:
    """One value that was claimed for a field of a receipt."""

    buckets: tuple[Bucket, ...]
    right: bool


Ballot = tuple[_Option, ...]
"""All the values that were claimed for one field of one receipt."""


def register_of(receipts: Iterable[tuple[ReceiptPage, Answers]]) -> VendorRegister:
    """The vendor register after these receipts were posted with these values."""
    return VendorRegister(vendor_of(page, answers) for page, answers in receipts if "company" in answers)


def learn(receipts: Iterable[tuple[ReceiptPage, Answers]], parts: int = 5) -> Reliability:
    """The reliability of every reader, learned from receipts of which the right values are known.

    First the precision of each reader in each of its circumstances, shrunk towards the reader's own. Then the
    confidences are fitted so that the vote of all readers is calibrated: a conditional logit over the claimed
    values and `none of these`, started from a part of the log-odds of the precision and held to it.
    The readers of the vendor register are measured on receipts that it has not seen: it is learned from the
    other parts each time.

    Args:
        receipts: Pages with their answers, as `answers_of` gives them; a field without an answer is left out.
        parts: How many parts the receipts are split into for the register, at least 2.
    """
    known = [(page, answers) for page, answers in receipts if answers]
    layouts = [layout_of(page.words, page.boxes) for page, _ in known]
    readings: list[list[tuple[str, Reading]]] = []
    vendors: list[Vendor | None] = []
    for (page, answers), layout in zip(known, layouts, strict=True):
        readings.append(list(_read(PAGE_READERS, layout)))
        vendors.append(vendor_of(page, answers) if "company" in answers else None)
    for part in range(min(parts, len(known))):
        others = VendorRegister(v for at, v in enumerate(vendors) if v is not None and at % parts != part)
        knowing = vendor_readers(others)
        for at in range(part, len(known), parts):
            readings[at].extend(_read(knowing, layouts[at]))
    values = [answers for _, answers in known]
    confidence: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for field in ANSWER_FIELDS:
        for (reader, how), value in _learn_field(field, readings, values).items():
            confidence[reader].setdefault(field, {})[how] = round(value, 3)
    return Reliability(receipts=len(known), confidence=dict(confidence))


def _read(readers: Sequence[Reader], page: Layout) -> Iterator[tuple[str, Reading]]:
    for reader in readers:
        for reading in reader.read(page):
            yield reader.name, reading


def _learn_field(
    field: str, readings: Sequence[Sequence[tuple[str, Reading]]], answers: Sequence[Answers]
) -> dict[Bucket, float]:
    rows = [
        ([(name, reading) for name, reading in some if reading.field == field], values[field])
        for some, values in zip(readings, answers, strict=True)
        if field in values
    ]
    seen = Counter((name, reading.how) for some, _ in rows for name, reading in some)
    common = {bucket for bucket, times in seen.items() if times >= _RARE}
    ballots: Counter[Ballot] = Counter()
    for some, right in rows:
        options: dict[object, list[Bucket]] = defaultdict(list)
        values: dict[object, object] = {}
        for name, reading in some:
            key = letters_and_digits(reading.value) if isinstance(reading.value, str) else reading.value
            values[key] = reading.value
            options[key].append((name, reading.how) if (name, reading.how) in common else (name, ""))
        ballots[tuple(_Option(tuple(sorted(b)), same(values[k], right)) for k, b in options.items())] += 1
    precision, met = _precision(ballots), {b for ballot in ballots for option in ballot for b in option.buckets}
    start = {b: _SHARED * _log_odds(p) * (1 if b in met else _UNMET) for b, p in precision.items()}
    return {bucket: _probability(weight) for bucket, weight in _fit(ballots, start).items()}


def _precision(ballots: Mapping[Ballot, int]) -> dict[Bucket, float]:
    """Smoothed precision of each bucket: (right + 4 p) / (all + 4), with p = (right + 1) / (all + 2) of the reader.

    Every reader has the bucket of rare circumstances, if need be with p itself.
    """
    every: Counter[Bucket] = Counter()
    right: Counter[Bucket] = Counter()
    for ballot, times in ballots.items():
        for option in ballot:
            for reader, how in option.buckets:
                every[reader, how] += times
                right[reader, how] += times * option.right
    found: dict[Bucket, float] = {}
    for reader in sorted({name for name, _ in every}):
        own = [bucket for bucket in every if bucket[0] == reader]
        p = (sum(right[b] for b in own) + 1) / (sum(every[b] for b in own) + 2)
        for bucket in sorted({*own, (reader, "")}):
            found[bucket] = (right[bucket] + _PRIOR * p) / (every[bucket] + _PRIOR)
    return found


def _fit(ballots: Mapping[Ballot, int], start: Mapping[Bucket, float]) -> dict[Bucket, float]:
    """The log-odds that make the vote's probabilities most likely, by damped diagonal Newton steps."""
    weights = dict(start)
    most = _log_odds(1 - _LEAST)
    for _ in range(_ROUNDS):
        slope = {bucket: _HOLD * (start[bucket] - weight) for bucket, weight in weights.items()}
        bend = dict.fromkeys(weights, _HOLD)
        for ballot, times in ballots.items():
            counted = [_counted(option.buckets, weights) for option in ballot]
            odds = [math.exp(sum(weights[b] for b in buckets)) for buckets in counted]
            total = 1 + sum(odds)
            for option, buckets, part in zip(ballot, counted, odds, strict=True):
                p = part / total
                for bucket in buckets:
                    slope[bucket] += times * (option.right - p)
                    bend[bucket] += times * p * (1 - p) * len(buckets)
        step = {bucket: max(-1.0, min(1.0, 0.7 * slope[bucket] / bend[bucket])) for bucket in weights}
        weights = {bucket: max(-most, min(most, weight + step[bucket])) for bucket, weight in weights.items()}
        if max(map(abs, step.values()), default=0.0) < 0.01:
            break
    return weights


def _counted(buckets: Sequence[Bucket], weights: Mapping[Bucket, float]) -> list[Bucket]:
    """The buckets that count in the vote: the strongest, and the others that speak for the value."""
    strongest = max(buckets, key=lambda bucket: weights[bucket])
    return [bucket for bucket in buckets if bucket == strongest or weights[bucket] > 0]


def _log_odds(p: float) -> float:
    p = max(_LEAST, min(1 - _LEAST, p))
    return math.log(p / (1 - p))


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
