"""Policy files: what is accepted, and how each wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from quorate.contracts import Policy, PolicyError

GOOD = """\
format: 1
name: desk
version: "1.2"
defaults: {accept: 0.8, quorum: 2}
fields:
  total: {accept: 0.9, weights: {a: 2.0, b: 0}, review: always}
rules:
  - {name: positive, field: total, then: forbid, when: value <= 0.0, reason: totals are positive}
  - {name: fixed, field: currency, then: force, when: 'has(decided.country) && decided.country == "MY"', value: MYR}
effects:
  post: {approve: decided.total <= 100.0}
  mail: {approve: true}
review: {reason_codes: [a, b]}
bounds: {moves: 10, rounds: 2}
"""


def load(tmp_path: Path, text: str | bytes) -> Policy:
    path = tmp_path / "policy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Policy.load(path)


def test_whole_file(tmp_path: Path) -> None:
    """Every key of a file arrives, and a named field takes what it leaves out from the defaults."""
    policy = load(tmp_path, GOOD)
    assert (policy.name, policy.version) == ("desk", "1.2")
    total, other = policy.of("total"), policy.of("company")
    assert (total.accept, total.quorum, total.review, total.weights) == (0.9, 2, "always", {"a": 2.0, "b": 0.0})
    assert (other.accept, other.quorum, other.review) == (0.8, 2, "unsettled")
    assert [rule.name for rule in policy.rules_for("total")] == ["positive"]
    assert policy.upstream("currency") == {"country"}
    assert policy.effects["post"].upstream == {"total"}
    assert policy.review.reason_codes == ("a", "b")
    assert (policy.bounds.moves, policy.bounds.rounds) == (10, 2)


@pytest.mark.parametrize(
    "text",
    [
        "guardrails: [{name: a, check: injection, on: [request]}]",
        "guardrails:\n- name: a\n  check: pii\n  on: [request]",
    ],
)
def test_the_key_on(tmp_path: Path, text: str) -> None:
    """The key `on` of a guardrail needs no quotes, though YAML 1.1 reads the word as true."""
    (guardrail,) = load(tmp_path, text).guardrails
    assert guardrail.on == ("request",)


@pytest.mark.parametrize(
    "text, where, known",
    [
        (
            "guardrails: [{name: a, chek: pii}]",
            "guardrails.0.chek",
            "name, check, on, then, agents, kinds, allow, deny",
        ),
        ("entry: {max: 1}", "entry.max", "max_bytes, max_depth, require"),
        ("entry: {require: [{nam: a, that: 'true'}]}", "entry.require.0.nam", "name, that, message"),
        ("handoff: {a: [{nam: x, that: 'true'}]}", "handoff.a.0.nam", "name, that, message"),
        ("permissions: {a: {tool: [x]}}", "permissions.a.tool", "tools, effects"),
        ("budgets: {prices: {m: {in: 1}}}", "budgets.prices.m.in", "input, output, cached, cache_write"),
    ],
)
def test_keys_that_stand_there(tmp_path: Path, text: str, where: str, known: str) -> None:
    """A misspelt key is named with those that may stand in its place, also where it leaves another one missing."""
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert caught.value.where.endswith(f": {where}")
    assert caught.value.expected == f"one of {known}"


@pytest.mark.parametrize(
    "text, where, got",
    [
        # unknown keys, at each level
        ("nmae: x", "nmae", "unknown key 'nmae'"),
        ("defaults: {acept: 0.5}", "defaults.acept", "unknown key 'acept'"),
        ("fields: {total: {acept: 0.5}}", "fields.total.acept", "unknown key 'acept'"),
        ("rules: [{name: r, field: f, then: force, when: 'true', vlaue: 1}]", "rules.0.vlaue", "unknown key 'vlaue'"),
        ("effects: {post: {aprove: true}}", "effects.post.aprove", "unknown key 'aprove'"),
        ("review: {codes: []}", "review.codes", "unknown key 'codes'"),
        ("bounds: {steps: 3}", "bounds.steps", "unknown key 'steps'"),
        # values
        ("defaults: {accept: 1.01}", "defaults.accept", "1.01"),
        ("fields: {total: {accept: -0.1}}", "fields.total.accept", "-0.1"),
        ("defaults: {accept: .nan}", "defaults.accept", "nan"),
        ("defaults: {accept: .inf}", "defaults.accept", "inf"),
        ("defaults: {accept: high}", "defaults.accept", "'high'"),
        ("defaults: {quorum: 0}", "defaults.quorum", "0"),
        ("defaults: {quorum: 1.5}", "defaults.quorum", "1.5"),
        ("defaults: {review: sometimes}", "defaults.review", "'sometimes'"),
        ("fields: {total: {weights: {a: -1}}}", "fields.total.weights.a", "-1"),
        ("fields: {total: {weights: {a: .nan}}}", "fields.total.weights.a", "nan"),
        ("fields: {total: {weights: {a: 1.0e+308}}}", "fields.total.weights.a", "1e+308"),
        ("fields: {total: 0.8}", "fields.total", "0.8"),
        ("fields: [total]", "fields", "['total']"),
        ("rules: {name: r}", "rules", "{'name': 'r'}"),
        ("rules: [{name: r, field: f, then: force}]", "rules.0.when", "nothing"),
        ("rules: [{name: r, field: f, then: vetoed, when: 'true'}]", "rules.0.then", "'vetoed'"),
        ("rules: [{name: '', field: f, then: force, when: 'true'}]", "rules.0.name", "''"),
        ("rules: [{name: r, field: f, then: force, when: 'true', value: .nan}]", "rule 'r', value", "nan"),
        ("effects: {post: {approve: 3}}", "effects.post.approve", "3"),
        ("effects: [post]", "effects", "['post']"),
        ("bounds: {moves: 0}", "bounds.moves", "0"),
        ("1: x", "1", "1"),
        # expressions
        ("rules: [{name: r, field: f, then: force, when: 'value >'}]", "rule 'r', when", "'value >'"),
        ("rules: [{name: r, field: f, then: force, when: 'agent == \"x\"'}]", "rule 'r', when", "names agent"),
        ("rules: [{name: r, field: f, then: forbid, when: 'support > 1'}]", "rule 'r', when", "names support"),
        ("rules: [{name: r, field: f, then: force, when: 'decided.f == 1'}]", "rule 'r', when", "its own field 'f'"),
        ("effects: {post: {approve: 'total > 1'}}", "effects.post.approve", "names total"),
        ("effects: {post: {approve: 'args.a >'}}", "effects.post.approve", "'args.a >'"),
        # the file
        ("format: 2", "format", "2"),
        ("format: '1'", "format", "'1'"),
        ("format: true", "format", "True"),
        (
            "rules: [{name: r, field: f, then: force, when: 'true'}, {name: r, field: g, then: force, when: 'true'}]",
            "rules",
            "'r' twice",
        ),
        ("defaults: {accept: 0.9}\nname: x\ndefaults: {quorum: 2}", "line 3", "the key 'defaults' again"),
        ("fields:\n  total: {accept: 0.9, accept: 0.1}", "line 2", "the key 'accept' again"),
        ("", "", "NoneType"),
        ("just text", "", "str"),
        ("- a\n- b", "", "list"),
        ("a: [", "", "while parsing"),
        ("a: !!python/object/apply:os.getcwd []", "", "could not determine a constructor"),
        ("version: 2020-13-45", "", "month must be in 1..12"),
        ("a: &a [*a]", "a", "unknown key 'a'"),
        (b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "", "codec can't decode"),
        (b"name: a\x00b", "", "unacceptable character"),
    ],
)
def test_wrong_file(tmp_path: Path, text: str | bytes, where: str, got: str) -> None:
    """A wrong file is refused by an error that names the file, the key and what came there."""
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    error = caught.value
    assert str(tmp_path / "policy.yaml") in error.where
    assert where in error.where
    assert got in error.got
    assert error.expected
    assert error.fix


@pytest.mark.parametrize(
    "text, where, expected",
    [
        ("rules: {a: 1}", "rules", "input should be a list"),
        ("rules: [{name: a, field: x, then: review, when: true}]", "rules.0.when", "input should be a valid string"),
        ("calibration: 3", "calibration", "the path of a file"),
    ],
)
def test_form_in_words_of_yaml(tmp_path: Path, text: str, where: str, expected: str) -> None:
    """What is expected is said in the words of the file, and the place has no more parts than the file has."""
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, text)
    assert caught.value.where.endswith(f": {where}")
    assert caught.value.expected == expected


@pytest.mark.parametrize("name", ["missing.yaml", ".", "a\x00b"])
def test_unreadable_file(tmp_path: Path, name: str) -> None:
    """A path at which there is no file is named in the error."""
    with pytest.raises(PolicyError, match="expected a readable YAML file"):
        Policy.load(f"{tmp_path}/{name}")


def test_long_garbage_is_not_repeated(tmp_path: Path) -> None:
    """An error quotes no more of a wrong value than helps."""
    with pytest.raises(PolicyError) as caught:
        load(tmp_path, "defaults: {accept: " + "x" * 100_000 + "}")
    assert len(str(caught.value)) < 1_000
