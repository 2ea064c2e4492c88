"""The policy's digest: the same for the same content, and no other."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from quorate.contracts import FieldPolicy, Policy, PolicyError, Rule

BASE: dict[str, Any] = {
    "name": "desk",
    "version": "1",
    "defaults": {"accept": 0.8},
    "fields": {"total": {"accept": 0.9, "weights": {"a": 2.0}}, "date": {}},
    "rules": [
        {"name": "r1", "field": "total", "then": "forbid", "when": "value < 0.0"},
        {"name": "r2", "field": "*", "then": "force", "when": "false", "value": {"a": [1, 2]}},
    ],
    "effects": {"post": {"approve": "args.total < 5.0"}},
    "review": {"reason_codes": ["x", "y"]},
    "bounds": {"moves": 9, "rounds": 3},
}


def turned(data: Any) -> Any:
    """The same mapping with all keys in the other order."""
    if isinstance(data, dict):
        return {key: turned(data[key]) for key in reversed(list(data))}
    return [turned(item) for item in data] if isinstance(data, list) else data


def changed(*place: Any, to: Any) -> dict[str, Any]:
    """BASE with another value at a place."""
    result = copy.deepcopy(BASE)
    node: Any = result
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = to
    return result


def big_amount(variables: Mapping[str, Any]) -> bool:
    return bool(variables["value"] > 500)


def small_amount(variables: Mapping[str, Any]) -> bool:
    return bool(variables["value"] < 5)


class Condition:
    def __call__(self, variables: Mapping[str, Any]) -> bool:
        return True


def test_order_of_keys_does_not_matter() -> None:
    """The same content in another order of keys has the same digest."""
    assert Policy.parse(turned(BASE)).digest == Policy.parse(BASE).digest


def test_numbers_count_as_what_they_are() -> None:
    """A threshold of 1 is one of 1.0."""
    assert Policy.parse({"defaults": {"accept": 1}}).digest == Policy.parse({"defaults": {"accept": 1.0}}).digest


@pytest.mark.parametrize(
    "other",
    [
        changed("name", to="dusk"),
        changed("version", to="2"),
        changed("defaults", "accept", to=0.81),
        changed("defaults", "quorum", to=2),
        changed("fields", "total", "accept", to=0.91),
        changed("fields", "total", "weights", to={"a": 2.5}),
        changed("fields", "total", "weights", to={"b": 2.0}),
        changed("fields", "total", "review", to="never"),
        changed("fields", "date", "accept", to=0.75),  # the built-in default, where the file's own is .8
        changed("rules", 0, "name", to="r3"),
        changed("rules", 0, "field", to="date"),
        changed("rules", 0, "then", to="prefer"),
        changed("rules", 0, "when", to="value < 0.1"),
        changed("rules", 0, "reason", to="why"),
        changed("rules", 1, "value", to={"a": [2, 1]}),
        changed("rules", to=BASE["rules"][::-1]),
        changed("rules", to=BASE["rules"][:1]),
        changed("effects", "post", "approve", to="args.total < 6.0"),
        changed("effects", "post", "approve", to=True),
        changed("effects", to={}),
        changed("review", "reason_codes", to=["y", "x"]),
        changed("bounds", "moves", to=10),
        changed("bounds", "rounds", to=4),
    ],
)
def test_any_change_of_content_changes_it(other: dict[str, Any]) -> None:
    """Whatever could change a decision changes the digest; the order of rules is content."""
    assert Policy.parse(other).digest != Policy.parse(BASE).digest


def test_copy_has_its_own_digest() -> None:
    """A copy with other content is another policy, also when the first was already in use."""
    policy = Policy.parse(BASE)
    before = policy.digest, policy.of("total").accept, policy.of("company").accept
    copied = policy.model_copy(update={"defaults": FieldPolicy(accept=0.1), "fields": {}})
    assert copied.of("total").accept == copied.of("company").accept == 0.1
    assert copied.digest != policy.digest
    assert before == (policy.digest, policy.of("total").accept, policy.of("company").accept)


def test_function_stands_by_its_qualified_name() -> None:
    """A rule in Python counts by the name of its function: another function is another policy."""

    def policy(when: Any) -> Policy:
        return Policy(rules=(Rule(name="r", field="f", then="review", when=when),))

    assert policy(big_amount).digest == policy(big_amount).digest
    assert policy(big_amount).digest != policy(small_amount).digest
    assert policy(big_amount).rules[0].describe()["when"] == f"{__name__}:big_amount"
    for other in (Condition(), partial(big_amount)):
        assert len(policy(other).digest) == 64


def test_with_rules_adds_after_its_own() -> None:
    """Rules in Python follow those of the file, and change the digest."""
    policy = Policy.parse(BASE)
    more = policy.with_rules(Rule(name="r9", field="total", then="review", when=big_amount))
    assert [rule.name for rule in more.rules_for("total")] == ["r1", "r2", "r9"]
    assert more.digest != policy.digest
    assert more.of("date").accept == 0.8
    with pytest.raises(PolicyError, match="'r1' twice"):
        policy.with_rules(Rule(name="r1", field="total", then="review", when=big_amount))
