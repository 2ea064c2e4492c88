"""Any data as a policy: it is accepted, or refused with the place; nothing else ever comes out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quorate.contracts import Policy, PolicyError

scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
conditions = st.sampled_from(["true", "value > 1.0", "1 +", "x.map(a, a)", "decided.b == 1", "(" * 50, "'\\U00110000'"])


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys, each with what is likely or with anything."""
    return st.fixed_dictionaries({}, optional={name: likely | anything for name, likely in keys.items()})


names = st.sampled_from(["a", "b", "*", "", "total"])
rules = some(
    name=names,
    field=names | st.lists(names, max_size=2),
    then=st.sampled_from(["forbid", "prefer", "force", "veto", "review", "route"]),
    when=conditions,
    agent=names | st.lists(names, max_size=2),
    priority=st.integers(-5, 5),
    reviewers=st.integers(-1, 5),
    reviewers_from=names | st.lists(names, max_size=2),
    to=names | st.lists(names, max_size=2),
)
claims = some(agent=names, value=scalars, confidence=st.floats(0, 1), evidence=st.lists(st.just("quote"), max_size=1))
policy_tests = some(
    name=names, field=names, claims=st.lists(claims, max_size=2), expect=some(status=st.just("settled"))
)
policies = some(
    name=names,
    defaults=some(accept=st.floats(0, 1), quorum=st.integers(1, 3)),
    fields=st.dictionaries(names, some(review=st.just("never")), max_size=2),
    rules=st.lists(rules, max_size=3),
    effects=st.dictionaries(names, some(approve=st.booleans() | conditions), max_size=2),
    review=some(reviewers=st.integers(0, 3), to=st.lists(names, max_size=2)),
    tests=st.lists(policy_tests, max_size=2),
)


@given(policies | anything)
def test_any_data_is_a_policy_or_refused(data: Any) -> None:
    """Whatever stands in the file, a policy comes of it that has a digest, or an error that names the file."""
    policy = parsed(data)
    if isinstance(policy, PolicyError):
        assert policy.where.startswith("policy.yaml")
        assert policy.expected
        assert policy.fix
        assert len(str(policy)) < 5_000
        return
    assert len(policy.digest) == 64
    assert {rule.name for rule in policy.rules_for("a")} <= {rule.name for rule in policy.rules}


def parsed(data: Any) -> Policy | PolicyError:
    try:
        return Policy.parse(data, where="policy.yaml")
    except PolicyError as error:
        return error
