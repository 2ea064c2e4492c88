"""What the person who reviews a contested field is told about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.contracts import Change, Claim, Conflict, Decision, Field, FieldPolicy, Flip, Policy, Rule, dump, load
from quorate.graphs import Context, decide, explained
from quorate.graphs.explanation import in_words, shortly

TOTAL = Field("total", Decimal)


def claim(value: str, confidence: float, agent: str, **more: Any) -> Claim:
    return Claim("total", value, confidence, agent=agent, **more)


def told(*claims: Claim, rules: tuple[Rule, ...] = (), silent: tuple[str, ...] = (), **terms: Any) -> Decision:
    policy, context = Policy(fields={"total": FieldPolicy(**terms)}, rules=rules), Context({}, {})
    decision = decide(TOTAL, claims, policy, context)
    return explained(TOTAL, decision, claims, policy, context, silent=silent)


A, B, C = claim("12", 0.8, "a"), claim("12.00", 0.7, "b"), claim("15", 0.8, "c")


def test_low_confidence() -> None:
    """It is told who is for what, and what would have settled it."""
    decision = told(A, B, C)
    assert decision.reason == ("confidence 0.651 is below 0.75; c claims 15; without c, 12 would be settled")
    assert decision.flip == Flip((Change("c", "drop"),), "12")
    assert [each.kind for each in decision.conflicts] == ["value"]


def test_tie() -> None:
    """Of a tie too."""
    decision = told(A, C)
    assert decision.reason == "tie between 12 and 15; without c, 12 would be settled"
    assert [each.kind for each in decision.conflicts] == ["tie", "value"]


def test_alone() -> None:
    """Of one claim that is not sure enough nothing more is to be told."""
    decision = told(claim("12", 0.4, "a"))
    assert decision.reason == "confidence 0.400 is below 0.75"
    assert decision.flip == Flip((Change("a", "raise", "12", 0.75),), "12")
    assert decision.conflicts == ()


def test_quorum() -> None:
    """Who was silent is named."""
    assert told(A, quorum=2, silent=("b",)).reason == (
        "1 of 2 agents needed for a quorum claimed a value; 12 would be settled if b, now silent, claimed it"
    )


def test_person_wanted() -> None:
    """Where a rule wants a person, no claims would have spared the review, and none are looked for."""
    decision = told(A, B, claim("15", 0.3, "c"), review="always")
    assert decision.flip is None
    assert decision.reason == "the policy asks for a person; c claims 15"


def test_veto() -> None:
    """The agent with a veto is named, and what it should have claimed."""
    auditor = Rule(name="auditor", field="total", then="veto", when='agent == "c"')
    decision = told(A, B, claim("15", 0.2, "c"), rules=(auditor,))
    assert decision.status == "contested"
    assert decision.conflicts[0].kind == "veto"
    assert decision.conflicts[0].agents == ("c",)
    assert decision.flip == Flip((Change("c", "drop"),), "12")


def test_veto_of_the_policy() -> None:
    """So is an agent that holds a veto by the policy, or by a vote that must be unanimous."""
    decision = told(A, B, claim("15", 0.2, "c"), veto=("c",))
    assert decision.conflicts[0] == Conflict("veto", ("c",), "c: holds a veto")
    assert decision.reason == "vetoed by c; c claims 15; without c, 12 would be settled"
    against = told(A, B, claim("15", 0.2, "c"), vote="unanimity")
    assert against.conflicts[0] == Conflict("veto", ("c",), "c: the vote must be unanimous")
    assert against.flip == Flip((Change("c", "drop"),), "12")


def test_forbidden_claims_are_no_conflict() -> None:
    """A claim that a rule keeps from the vote contradicts nobody."""
    rule = Rule(name="small", field="total", then="forbid", when="value > 14.0")
    decision = told(claim("12", 0.5, "a"), C, rules=(rule,))
    assert (decision.status, decision.conflicts) == ("contested", ())


def test_rule_that_fails() -> None:
    """A rule that cannot be evaluated leaves the explanation whole."""
    rule = Rule(name="broken", field="total", then="forbid", when=lambda variables: variables["nothing"])
    decision = told(A, C, rules=(rule,))
    assert "could not be evaluated" in decision.reason
    assert {each.kind for each in decision.conflicts} == {"tie", "value"}


def test_not_contested() -> None:
    """What is settled, or empty, needs none."""
    assert told(A).flip is None
    assert told(A).reason == "1 of 1 agents agree, confidence 0.800"
    assert told().conflicts == ()


def test_words() -> None:
    """Each kind of change has its words."""
    changes = (
        Change("a", "add", "12", 0.6),
        Change("b", "change", "12", 0.8),
        Change("c", "drop"),
        Change("d", "drop"),
        Change("e", "raise", "12", 0.9),
        Change("f", "raise", "15", 0.9),
    )
    assert in_words(Flip(changes, "12")) == (
        "without c and d, 12 would be settled if a, now silent, claimed it with 0.60 and b claimed it with 0.80 and "
        "e were 0.90 sure of it and f were 0.90 sure of 15"
    )
    assert in_words(Flip((Change("c", "drop"),), None, exact=False)) == (
        "without c, nothing would be settled (fewer may be enough)"
    )
    assert in_words(None) == ""


def test_many_values_and_long_ones() -> None:
    """The reason stays short, whatever is claimed."""
    text = Field("total", str)
    claims = [Claim("total", f"{i} " + "long\n" * 50, 0.5, agent=f"agent-{i:02}-{'x' * 40}") for i in range(30)]
    policy, context = Policy(), Context({}, {})
    decision = explained(text, decide(text, claims, policy, context), claims, policy, context)
    assert len(decision.reason) <= 500
    assert "\n" not in decision.reason
    assert "is below" in decision.reason or "tie between" in decision.reason


def test_many_values() -> None:
    """Of many other values two are told."""
    decision = told(claim("12", 0.8, "a"), *(claim(str(30 + i), 0.2 + i / 10, f"b{i}") for i in range(4)), accept=0.99)
    assert "; b3 claims 33, b2 claims 32, and 2 more values; " in decision.reason
    three = told(claim("12", 0.8, "a"), *(claim(str(30 + i), 0.3, f"b{i}") for i in range(3)), accept=0.99)
    assert ", and 1 more value; " in three.reason
    one = told(claim("12", 0.9, "a"), claim("15", 0.3, "b"), claim("15", 0.3, "c"), accept=0.99)
    assert "; b, c claim 15; " in one.reason


def test_shortly() -> None:
    """The short form leaves out what was added, and only that."""
    assert shortly(told(A, B, C)) == "confidence 0.651 is below 0.75"
    assert shortly(told(A, C)) == "tie between 12 and 15"
    assert shortly(told(A)) == told(A).reason


claims = st.builds(
    claim, st.sampled_from(["12", "12.0", "15", "1200"]), st.sampled_from([0.2, 0.5, 0.8, 0.99]), st.sampled_from("abc")
)


@settings(deadline=None, max_examples=100)
@given(st.lists(claims, max_size=6), st.integers(1, 3), st.sampled_from([0.0, 0.5, 0.9]), st.randoms())
def test_explaining_decides_nothing(ballot: list[Claim], quorum: int, accept: float, random: Any) -> None:
    """No order of the claims changes a word; the decision itself stays as it is, and survives a checkpoint."""
    shuffled = list(ballot)
    random.shuffle(shuffled)
    one, other = (told(*each, quorum=quorum, accept=accept, silent=("d",)) for each in (ballot, shuffled))
    assert one == other
    bare = decide(TOTAL, ballot, Policy(fields={"total": FieldPolicy(quorum=quorum, accept=accept)}), Context({}, {}))
    assert (one.status, one.value, one.confidence, one.tally) == (bare.status, bare.value, bare.confidence, bare.tally)
    assert load(Decision, dump(one)) == one


def test_what_did_not_hold_is_not_asked_again() -> None:
    """Explaining asks no rule again that had no part in the decision; a veto that was cast is told with its reason."""
    asked: list[str] = []

    def never(variables: Any) -> bool:
        asked.append(variables["agent"])
        return False

    rules = (
        Rule(name="no-veto", field="total", then="veto", when=never),
        Rule(name="no-forbid", field="total", then="forbid", when=never),
        Rule(name="look", field="total", then="review", when="true"),
    )
    claims, context = (A, B, C), Context({}, {})
    policy = Policy(fields={"total": FieldPolicy(accept=0.5)}, rules=rules)
    decision = decide(TOTAL, claims, policy, context)
    assert sorted(asked) == ["a", "b", "c", "c"]  # all three for the forbid, c alone is for another value
    asked.clear()
    assert explained(TOTAL, decision, claims, policy, context).rules == ("look",)
    assert asked == []
    vetoed = told(A, B, C, rules=(Rule(name="audit", field="total", then="veto", when="agent == 'c'"),))
    assert vetoed.conflicts[0].agents == ("c",)


def test_a_veto_by_the_terms_stands_against_rules() -> None:
    """Who holds a veto by the terms has it also where a rule prefers or forces another value."""
    prefer = Rule(name="mine", field="total", then="prefer", when="agent == 'a'")
    force = Rule(name="fix", field="total", then="force", when="true", value="12")
    for rule in (prefer, force):
        decision = told(A, C, rules=(rule,), veto=("c",))
        assert (decision.status, decision.value, decision.review) == ("contested", rule.value or "12", True)
        assert decision.reason.startswith("vetoed by c")
        assert (decision.conflicts[0].kind, decision.conflicts[0].agents) == ("veto", ("c",))
        assert told(A, C, rules=(rule,), veto=("a",)).status == "settled"
        assert told(A, C, claim("12", 0.1, "c"), rules=(rule,), veto=("c",)).status == "settled"
        assert told(A, C, rules=(rule,), veto=("c",), weights={"c": 0.0}).status == "settled"
