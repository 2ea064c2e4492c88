"""Rules: conditions in CEL or Python, and the fields that they read."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from quorate.contracts import PolicyError, Rule


def cheap(variables: Mapping[str, Any]) -> bool:
    return bool(variables["value"] < variables["decided"]["limit"])


def test_fields_that_a_rule_reads() -> None:
    """A condition in CEL reads what it names; a function what is declared; both add up."""
    named = Rule(name="r", field="f", then="review", when="decided.a == 1 && value > 1")
    declared = Rule(name="r", field="f", then="review", when=cheap, reads=("limit",))
    both = Rule(name="r", field="f", then="review", when="decided.a == 1", reads=("b",))
    assert named.upstream == {"a"}
    assert declared.upstream == {"limit"}
    assert both.upstream == {"a", "b"}


def test_own_field_is_not_read() -> None:
    """A rule sees its own field as `value`; to look it up among the decided ones is an error."""
    with pytest.raises(PolicyError, match="its own field 'f'"):
        Rule(name="r", field="f", then="review", when=cheap, reads=("f",))


def test_python_condition_gets_the_variables() -> None:
    """A function is called with the variables, and whatever is true of its answer counts."""
    rule = Rule(name="r", field="f", then="review", when=cheap, reads=("limit",))
    assert rule.holds({"value": 1, "decided": {"limit": 2}})
    assert not rule.holds({"value": 3, "decided": {"limit": 2}})
    with pytest.raises(KeyError):
        rule.holds({"value": 3, "decided": {}})


@pytest.mark.parametrize("value", [float("nan"), 2**70, "\ud800", {"a": [float("inf")]}])
def test_value_that_cannot_be_recorded(value: Any) -> None:
    """A forced value that no checkpoint holds is refused when the rule is made."""
    with pytest.raises(PolicyError, match="rule 'r', value"):
        Rule(name="r", field="f", then="force", when="true", value=value)


def test_value_from_yaml() -> None:
    """YAML's own dates are values."""
    rule = Rule(name="r", field="f", then="force", when="true", value=datetime.date(2020, 1, 2))
    assert rule.describe()["value"] == "2020-01-02"
