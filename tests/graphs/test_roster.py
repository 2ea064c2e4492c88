"""A team that does not fit together is an error when the graph is built; the message names fields and agents."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, create_model

from quorate.agents import Agent
from quorate.checkpoints import MemoryLedger
from quorate.contracts import BuildError, Capability, Contract, Policy, fields_of
from quorate.graphs import Roster, Supervisor


class Document(BaseModel):
    text: str
    words: list[str] = []


class Receipt(BaseModel):
    total: Decimal
    company: str


def member(
    name: str, writes: str, reads: str = "text", *, capability: Capability = "extraction", tier: int = 0, **types: Any
) -> Agent:
    contract = Contract(name, frozenset(reads.split()), frozenset(writes.split()), capability, tier=tier, types=types)
    return Agent(contract, call=lambda **fields: None)


def roster(agents: Sequence[Agent], outcome: type[BaseModel] = Receipt) -> Roster:
    return Roster(agents, fields_of(Document), fields_of(outcome))


GOOD = (member("a", "total company"),)


def chain(**reads: str) -> tuple[list[Agent], type[BaseModel]]:
    """One agent `by_<field>` for each field, that reads what is given."""
    agents = [member(f"by_{field}", field, names) for field, names in reads.items()]
    outcome: type[BaseModel] = create_model("Out", **dict.fromkeys(reads, (str, ...)))  # type: ignore[call-overload]
    return agents, outcome


@pytest.mark.parametrize(
    "agents, words",
    [
        ((member("a", "total"),), ["'company'", "no agent that writes it", "add 'company'"]),
        ((member("a", "total", "company"),), ["'company'", "though a read it"]),
        ((member("a", "total company"), member("a", "total")), ["2 agents of the name 'a'"]),
        (
            (member("a", "total company", "txt"),),
            ["agent 'a'", "unknown field 'txt'", "company, messages, others, text, total"],
        ),
        ((member("a", "total company vat"),), ["agent 'a'", "a write of the unknown field 'vat'"]),
        ((member("a", "total company text"),), ["agent 'a'", "a write of the unknown field 'text'"]),
        ((*GOOD, member("b", "total", total=float)), ["agent 'b'", "claims 'total' as float", "type Decimal"]),
        ((*GOOD, member("b", "total", "text", text=bytes)), ["agent 'b'", "reads 'text' as bytes", "type str"]),
        (
            (*GOOD, member("b", "total", "words", words=dict[str, int])),
            ["reads 'words' as dict[str, int]", "list[str]"],
        ),
        ((*GOOD, member("review", "total")), ["an agent of the name 'review'"]),
        ((*GOOD, member("supervisor", "total")), ["an agent of the name 'supervisor'"]),
        ((*GOOD, member("claims", "total")), ["an agent of the name 'claims'"]),
        (
            (*GOOD, member("post", "total company", capability="action")),
            ["action agent 'post'", "writes company, total", "exactly one"],
        ),
    ],
)
def test_teams_that_do_not_fit(agents: Sequence[Agent], words: Sequence[str]) -> None:
    """Each error names the agents and fields, and what to do."""
    with pytest.raises(BuildError) as caught:
        roster(agents)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.fix


@pytest.mark.parametrize(
    "reads, shown",
    [
        ({"a": "a"}, ["a -> by_a -> a"]),
        ({"a": "b", "b": "a"}, ["a -> by_a -> b -> by_b -> a"]),
        ({"a": "b", "b": "c", "c": "b"}, ["b -> by_b -> c -> by_c -> b"]),
        ({"a": "text", "b": "a c", "c": "d", "d": "b"}, ["b -> by_b -> c -> by_c -> d -> by_d -> b"]),
    ],
)
def test_cycles_are_shown_whole(reads: dict[str, str], shown: list[str]) -> None:
    """A cycle is written out from a field back to itself, with the agents between and nothing before it."""
    agents, outcome = chain(**reads)
    with pytest.raises(BuildError) as caught:
        roster(agents, outcome)
    assert caught.value.got == f"a cycle: {shown[0]}"


def test_cycle_where_agents_are_named_like_fields() -> None:
    """An agent that has a field's name does not confuse the drawing of the cycle."""
    agents = [member("net", "total", "gross"), member("gross", "gross", "net"), member("total", "net", "gross")]
    outcome = create_model("Out", total=(str, ...), gross=(str, ...), net=(str, ...))
    with pytest.raises(BuildError) as caught:
        roster(agents, outcome)
    assert caught.value.got == "a cycle: gross -> gross -> net -> total -> gross"


def test_wide_teams_are_checked_quickly() -> None:
    """Many ways to one field are walked once each, not once for each way: 60 layers of 3 are no 3**60."""
    reads = {
        f"f{i}_{j}": "text" if not i else " ".join(f"f{i - 1}_{k}" for k in range(3))
        for i in range(60)
        for j in range(3)
    }
    agents, outcome = chain(**reads)
    assert len(roster(agents, outcome).needed(["f59_0"])) == 178


def test_field_in_both_models() -> None:
    """A field of the request is none of the outcome."""
    with pytest.raises(BuildError, match="text in the request and in the outcome"):
        roster([member("a", "text")], create_model("Out", text=(str, ...)))


def test_messages_is_not_a_field_of_the_outcome() -> None:
    """The conversation's name is taken."""
    with pytest.raises(BuildError, match="'messages' in the outcome"):
        roster([member("a", "messages")], create_model("Out", messages=(str, ...)))


@pytest.mark.parametrize(
    "policy, words",
    [
        ({"fields": {"totl": {}}}, ["fields.totl", "field 'totl'", "company, total"]),
        ({"rules": [{"name": "r", "field": "totl", "then": "force", "when": "true"}]}, ["rule 'r'", "field 'totl'"]),
        (
            {"rules": [{"name": "r", "field": "total", "then": "review", "when": "has(decided.compny)"}]},
            ["rule 'r', when", "field 'compny'"],
        ),
        (
            {"rules": [{"name": "r", "field": "total", "then": "veto", "agent": ["z"], "when": "true"}]},
            ["rule 'r', agent", "agent 'z'"],
        ),
        (
            {"rules": [{"name": "r", "field": ["total", "totl"], "then": "veto", "when": "true"}]},
            ["rule 'r'", "field 'totl'"],
        ),
        ({"effects": {"post": {"approve": "decided.totl < 1.0"}}}, ["effects.post", "field 'totl'"]),
        ({"fields": {"total": {"weights": {"z": 1}}}}, ["weights of 'total'", "agent 'z'"]),
        ({"defaults": {"weights": {"z": 1}}}, ["weights of", "agent 'z'"]),
        ({"fields": {"total": {"veto": ["z"]}}}, ["veto of 'total'", "agent 'z'"]),
        ({"defaults": {"context": "z"}}, ["context of", "field 'z'", "a field of the request"]),
        (
            {"rules": [{"name": "r", "field": "total", "then": "force", "when": "true", "value": "much"}]},
            ["rule 'r'", "value 'much'", "the type of 'total'"],
        ),
        (
            {"rules": [{"name": "r", "field": "*", "then": "force", "when": "true", "value": "much"}]},
            ["rule 'r'", "the type of 'total'"],
        ),
        ({"rules": [{"name": "r", "field": "total", "then": "force", "when": "true"}]}, ["rule 'r'", "value None"]),
        (
            {
                "rules": [
                    {"name": "r", "field": "total", "then": "review", "when": "has(decided.company)"},
                    {"name": "s", "field": "company", "then": "review", "when": "has(decided.total)"},
                ]
            },
            ["a cycle: total -> rule 'r' -> company -> rule 's' -> total"],
        ),
    ],
)
def test_policies_that_do_not_fit(policy: dict[str, Any], words: Sequence[str]) -> None:
    """A policy that speaks of fields or agents that are not there is an error before anything runs."""
    with pytest.raises(BuildError) as caught:
        roster(GOOD).check_policy(Policy.parse(policy))
    for word in words:
        assert word in str(caught.value)


def test_rule_that_looks_downstream() -> None:
    """A rule must not look at what is derived from its field: the cycle leads through agents and rules."""
    agents = [member("by_total", "total"), member("by_company", "company", "total")]
    policy = Policy.parse(
        {"rules": [{"name": "r", "field": "total", "then": "review", "when": "has(decided.company)"}]}
    )
    with pytest.raises(BuildError, match="total -> rule 'r' -> company -> by_company -> total"):
        roster(agents).check_policy(policy)


def test_rule_for_every_field_leaves_out_its_own() -> None:
    """A rule for `*` that looks at a field is not asked to look at it for that field itself."""
    policy = Policy.parse({"rules": [{"name": "r", "field": "*", "then": "review", "when": "has(decided.total)"}]})
    agents = [member("by_total", "total"), member("by_company", "company")]
    roster(agents).check_policy(policy)
    assert policy.upstream("total") == frozenset()
    assert policy.upstream("company") == {"total"}


def test_action_agent_needs_a_ledger_and_a_receiver() -> None:
    """A team with an action agent says at once that its effects would get lost."""
    team = (*GOOD, member("post", "total", "company", capability="action"))
    with pytest.raises(BuildError, match="action agents post and no ledger"):
        Supervisor("desk", request=Document, outcome=Receipt, agents=team)


@pytest.mark.parametrize(
    "options, got",
    [
        ({"receivers": {"post": MemoryLedger}}, "got the class MemoryLedger"),
        ({"receivers": {"post": print}}, "got <built-in function print>"),
        ({"patience": -1}, "patience: got -1; expected seconds >= 0"),
        ({"patience": math.nan}, "patience: got nan"),
    ],
)
def test_receivers_and_patience(options: dict[str, Any], got: str) -> None:
    """A class or a function in place of a receiver, and patience below zero, are refused when the team is built."""
    with pytest.raises(BuildError, match=re.escape(got)):
        Supervisor("desk", request=Document, outcome=Receipt, agents=GOOD, **options)


def test_reply_is_a_field() -> None:
    """The reply is one of the outcome's fields."""
    with pytest.raises(BuildError, match="'answer'"):
        Supervisor("desk", request=Document, outcome=Receipt, agents=GOOD, reply="answer")


def test_tiers_and_needs() -> None:
    """Writers stand tier by tier, the cheapest first; backward chaining finds all that a goal may need."""
    agents = [
        member("late", "total", "company", tier=5),
        member("early", "total", tier=1),
        member("twin", "total", tier=1),
        member("firm", "company", "text"),
    ]
    made = roster(agents[::-1])
    assert [[agent.name for agent in tier] for tier in made.tiers["total"]] == [["early", "twin"], ["late"]]
    assert made.needed(["total"]) == {"early", "twin", "late", "firm"}
    assert made.needed(["company"]) == {"firm"}


def test_who_hears_a_reviewer() -> None:
    """A reviewer is heard about a field if an agent upstream of it reads the conversation."""
    agents = [member("a", "total", "messages"), member("b", "company", "text")]
    assert roster(agents).hears(["total"])
    assert not roster(agents).hears(["company"])
    other = [member("a", "total", "company"), member("b", "company", "messages")]
    assert roster(other).hears(["total"])
