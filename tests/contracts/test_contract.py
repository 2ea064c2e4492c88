"""Contracts and limits: what is refused when an agent is declared."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from quorate.contracts import BuildError, Contract, ContractError, Limits, QuorateError


def contract(**parts: Any) -> Contract:
    return Contract(**{"name": "a", "reads": {"text"}, "writes": {"total"}, "capability": "reasoning", **parts})


def test_names_become_sets() -> None:
    """Any iterable of names will do for what it reads and writes."""
    made = contract(reads=["a", "b"], writes=("c",))
    assert (made.reads, made.writes) == (frozenset({"a", "b"}), frozenset({"c"}))


@pytest.mark.parametrize(
    "parts, message",
    [
        ({"name": ""}, "name ''"),
        ({"name": "a b"}, "name 'a b'"),
        ({"name": "1a"}, "name '1a'"),
        ({"name": "__start__"}, "name '__start__'"),
        ({"capability": "magic"}, "one of retrieval, extraction, transformation, reasoning, action"),
        ({"writes": ()}, "at least one"),
        ({"writes": "total"}, "write writes={'total'}"),
        ({"reads": "text"}, "write reads={'text'}"),
        ({"confidence": 1.1}, "confidence 1.1"),
        ({"confidence": float("nan")}, "confidence nan"),
        ({"tier": -1}, "tier -1"),
        ({"tier": 0.5}, "tier 0.5"),
    ],
)
def test_wrong_contract(parts: dict[str, Any], message: str) -> None:
    """A wrong part is refused with the agent's name, what came and what to do."""
    with pytest.raises(ContractError) as caught:
        contract(**parts)
    assert message in str(caught.value)
    assert "contract of agent" in caught.value.where


@pytest.mark.parametrize(
    "parts",
    [
        {"attempts": 0},
        {"attempts": float("nan")},
        {"attempts": "3"},
        {"attempts": 1.5},
        {"backoff": -0.1},
        {"backoff": float("nan")},
        {"claims": 0},
        {"claims": 2.5},
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "5"},
    ],
)
def test_wrong_limits(parts: dict[str, Any]) -> None:
    """A bound that is no bound is refused with its name."""
    with pytest.raises(ContractError, match=f"Limits.{next(iter(parts))}"):
        Limits(**parts)


def test_errors_say_four_things_and_travel() -> None:
    """An error says where, what came, what was expected and what to do, and survives pickling."""
    error = BuildError("here", got="a", expected="b", fix="do c")
    assert str(error) == "here: got a; expected b. Fix: do c"
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is BuildError
    assert isinstance(back, QuorateError)
    assert (back.where, back.got, back.expected, back.fix) == ("here", "a", "b", "do c")
