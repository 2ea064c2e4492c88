"""Records: every kind becomes plain JSON data and itself again, and equal data has one digest."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from quorate.contracts import (
    Alternative,
    Ask,
    Claim,
    Decision,
    Dispatch,
    Effect,
    Entry,
    Evidence,
    Execute,
    Fault,
    Finish,
    Halt,
    Items,
    Move,
    Passage,
    Quote,
    Usage,
    canonical_json,
    check_plain,
    digest,
    dump,
    load,
)

text = st.text(st.characters(codec="utf-8"), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
share = st.floats(0, 1)
count = st.integers(0, 2**62)
basis = st.dictionaries(text, count, max_size=3)
texts = st.lists(text, max_size=3).map(tuple)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | number | text
plain = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3))

quotes = st.builds(Quote, field=text, start=count, end=count)
items = st.builds(Items, field=text, indices=st.lists(count, max_size=3).map(tuple))
passages = st.builds(Passage, source=text, key=text, text=text, score=st.none() | number)
evidence = quotes | items | passages
claims = st.builds(
    Claim,
    field=text,
    value=plain,
    confidence=share,
    evidence=st.lists(evidence, max_size=2).map(tuple),
    reason=text,
    agent=text,
    version=text,
    basis=basis,
    sequence=count,
)
alternatives = st.builds(Alternative, value=plain, key=text, score=number, confidence=share, agents=texts)
decisions = st.builds(
    Decision,
    field=text,
    status=st.sampled_from(["settled", "contested", "abstained"]),
    version=count,
    value=plain,
    confidence=share,
    by=text,
    reason=text,
    tally=st.lists(alternatives, max_size=2).map(tuple),
    dissent=texts,
    rules=texts,
    policy=text,
    review=st.booleans(),
    locked=st.booleans(),
    reviewer=text,
    reason_code=text,
    decided_at=text,
)
effects = st.builds(
    Effect,
    name=text,
    args=st.dictionaries(text, plain, max_size=3),
    identity=texts,
    reason=text,
    content=st.dictionaries(text, text, max_size=3),
    field=text,
    agent=text,
    version=text,
    basis=basis,
    status=st.sampled_from(["proposed", "approved", "declined", "withdrawn", "done", "duplicate", "failed", "unknown"]),
    approved=text,
    again=st.booleans(),
    by=text,
    result=plain,
    note=text,
)
faults = st.builds(
    Fault,
    agent=text,
    kind=st.sampled_from(["request", "contract", "error", "timeout", "effect"]),
    attempt=count,
    message=text,
    fix=text,
    basis=basis,
)
usages = st.builds(
    Usage,
    model=text,
    input_tokens=count,
    output_tokens=count,
    agent=text,
    basis=basis,
    attempts=count,
    seconds=number,
    claims=count,
)
entries = st.builds(
    Entry, key=text, status=st.sampled_from(["executing", "done"]), thread=text, digest=text, result=plain
)
moves = st.one_of(
    st.builds(Dispatch, agents=st.dictionaries(text, basis, max_size=3), reason=text, at=text),
    st.builds(Ask, fields=texts, effect=text, reason=text, at=text),
    st.builds(Execute, effects=texts, reason=text, at=text),
    st.builds(Finish, outcome=st.sampled_from(["settled", "unsettled"]), reason=text, at=text),
    st.builds(Halt, outcome=st.sampled_from(["halted", "rejected"]), reason=text, at=text),
)


@given(st.one_of(claims, decisions, effects, faults, usages, entries))
def test_record_round_trip(record: Any) -> None:
    """A record becomes plain data that JSON can carry, and the same record again."""
    data = dump(record)
    check_plain(data)
    assert load(type(record), json.loads(json.dumps(data))) == record


@given(moves, evidence)
def test_unions_are_told_apart(move: Any, seen: Any) -> None:
    """A member of a closed union is loaded as the same member."""
    assert load(Move, json.loads(json.dumps(dump(move, Move)))) == move  # type: ignore[arg-type]
    assert load(Evidence, dump(seen)) == seen  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "kind, data",
    [
        (Claim, {"field": "a"}),
        (Decision, {"field": "a", "status": "open", "version": 1}),
        (Effect, {"name": "post", "args": [1]}),
        (Move, {"kind": "jump", "reason": ""}),
        (Move, {"reason": ""}),
        (Evidence, {"kind": "rumour"}),
    ],
)
def test_other_data_is_refused(kind: Any, data: Any) -> None:
    """Data that is no record of the kind is refused."""
    with pytest.raises(ValidationError):
        load(kind, data)


@given(st.dictionaries(text, plain, max_size=5), st.randoms())
def test_digest_does_not_depend_on_order_of_keys(data: dict[str, Any], random: Any) -> None:
    """Equal data has one digest, whatever the order of its keys."""
    keys = list(data)
    random.shuffle(keys)
    shuffled = {key: data[key] for key in keys}
    assert digest(shuffled) == digest(data)
    assert canonical_json(shuffled) == canonical_json(json.loads(canonical_json(data)))


@given(plain, plain)
def test_digest_tells_data_apart(one: Any, other: Any) -> None:
    """Data that JSON writes differently has different digests."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) is same


@pytest.mark.parametrize(
    "data",
    [
        math.nan,
        math.inf,
        [-math.inf],
        2**64,
        -(2**63) - 1,
        "\ud800",
        {"\udfff": 1},
        {1: 2},
        {"a": {1, 2}},
        b"bytes",
        object(),
    ],
)
def test_what_is_not_plain(data: Any) -> None:
    """What a checkpoint cannot hold as data is refused, at any depth."""
    for nested in (data, [data], {"a": [data]}):
        with pytest.raises(ValueError, match=r"."):
            check_plain(nested)
