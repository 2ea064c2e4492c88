"""Random teams: whatever the agents claim and the persons answer, a turn ends, and no order or name matters."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, create_model
from tests.fakes.bench import NOW, Bench

from quorate.agents import Agent
from quorate.contracts import Ask, Claim, Contract, Effect, Finish, Halt, Policy
from quorate.graphs import Roster, next_move
from quorate.graphs.question import allowed

MOVES, ROUNDS = 80, 6


class Request(BaseModel):
    text: str


@dataclass(frozen=True)
class Member:
    """An agent of a random team; what it claims is a function of its number and its inputs."""

    number: int
    writes: tuple[int, ...]
    reads: tuple[int, ...]
    tier: int
    action: bool
    listens: bool
    sees: bool
    temper: int

    def agent(self, name: str) -> Agent:
        reads = {"text", *(f"f{i}" for i in self.reads), *(["messages"] if self.listens else [])}
        reads |= {"others"} if self.sees else set()
        contract = Contract(
            name,
            frozenset(reads),
            frozenset(f"f{i}" for i in self.writes),
            "action" if self.action else "reasoning",
            tier=self.tier,
        )
        return Agent(contract, call=self.call)

    def call(self, **inputs: Any) -> Any:
        if "messages" in inputs:
            inputs["messages"] = len(inputs["messages"])
        if "others" in inputs:
            inputs["others"] = sorted((each.field, each.value, each.confidence) for each in inputs["others"])
        chance = zlib.crc32(repr((self.number, self.temper, sorted(inputs.items()))).encode())
        if chance % 11 == 0:
            raise ValueError("no mood")
        if self.action:
            return Effect(f"act{self.number}", {"what": str(chance % 3)}) if chance % 5 else None
        return [
            Claim(f"f{i}", str((chance >> 8) % 3), (0.3, 0.5, 0.7, 0.9, 0.99)[(chance >> 4) % 5])
            for i in self.writes
            if (chance >> i) % 4
        ]


@st.composite
def teams(draw: st.DrawFn) -> tuple[list[Member], int]:
    """A team without cycles: a field is derived only from fields of a lower number."""
    count = draw(st.integers(1, 5))
    members: list[Member] = []
    for field in range(count):
        action = draw(st.integers(0, 5)) == 0
        for _ in range(draw(st.integers(1, 1 if action else 3))):
            more = () if action or field + 1 == count else draw(st.sampled_from([(), (), (field + 1,)]))
            members.append(
                Member(
                    number=len(members),
                    writes=(field, *more),
                    reads=tuple(sorted(draw(st.sets(st.integers(0, field - 1), max_size=3)))) if field else (),
                    tier=draw(st.sampled_from([0, 0, 1, 2])),
                    action=action,
                    listens=draw(st.integers(0, 4)) == 0,
                    sees=not action and draw(st.booleans()),
                    temper=draw(st.integers(0, 50)),
                )
            )
    return members, count


@st.composite
def policies(draw: st.DrawFn, count: int) -> dict[str, Any]:
    terms = st.fixed_dictionaries(
        {},
        optional={
            "accept": st.sampled_from([0.0, 0.5, 0.75, 0.95]),
            "quorum": st.integers(1, 2),
            "review": st.sampled_from(["unsettled", "always", "never"]),
            "revise": st.integers(0, 2),
        },
    )
    names = [f"f{i}" for i in range(count)]
    rules: list[dict[str, Any]] = []
    for index in range(draw(st.integers(0, 2))):
        low, high = sorted(draw(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))))
        then = draw(st.sampled_from(["forbid", "review", "force", "prefer"]))
        sees = f'has(decided.f{low}) && decided.f{low} == "1"' if low < high else "true"
        when = draw(st.sampled_from(['value == "1"', "confidence > 0.6", sees, f'{sees} && value != "0"']))
        rules.append({"name": f"r{index}", "field": f"f{high}", "then": then, "when": when, "value": "2"})
    return {
        "defaults": draw(terms),
        "fields": draw(st.dictionaries(st.sampled_from(names), terms, max_size=2)),
        "rules": rules,
        "effects": {f"act{i}": {"approve": draw(st.sampled_from([True, False, 'args.what != "1"']))} for i in range(4)},
        "bounds": {"moves": MOVES, "rounds": ROUNDS},
    }


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    members, count = draw(teams())
    fields = {f"f{i}": (str, ...) if draw(st.booleans()) else (str, "0") for i in range(count)}
    return {
        "members": members,
        "outcome": create_model("Random", **fields),  # type: ignore[call-overload]
        "policy": reachable(draw(policies(count)), members),
        "goals": draw(st.lists(st.sampled_from(sorted(fields)), unique=True, max_size=count)),
        "corrections": draw(
            st.lists(st.tuples(st.sampled_from(sorted(fields)), st.sampled_from(["0", "1", "2"])), max_size=3)
        ),
        "temper": draw(st.integers(0, 50)),
    }


def reachable(policy: dict[str, Any], members: Iterable[Member]) -> dict[str, Any]:
    """The policy with no quorum above the number of writers, which a team refuses."""
    for name, terms in policy["fields"].items():
        if "quorum" in terms:
            terms["quorum"] = min(terms["quorum"], sum(int(name[1:]) in member.writes for member in members))
    return policy


class Watched(Bench):
    """A bench that shuffles what nothing may depend on, and checks each step."""

    def __init__(self, case: Mapping[str, Any], names: Mapping[int, str], seed: Any = None) -> None:
        agents = [member.agent(names[member.number]) for member in case["members"]]
        goals = list(case["goals"])
        if seed is not None:
            seed.shuffle(agents)
            seed.shuffle(goals)
        policy = Policy.parse(case["policy"])
        super().__init__(
            agents, case["outcome"], request=Request, inputs={"text": "t"}, policy=policy, goals=sorted(goals)
        )
        if seed is not None:
            self.turn = replace(self.turn, goals=tuple(seed.sample(self.turn.goals, len(self.turn.goals))))
        self.seed = seed
        self.temper = case["temper"]

    def step(self) -> Any:
        before = dict(self.turn.decisions)
        if self.seed is not None:
            shuffled = self.seed.sample(self.turn.claims, len(self.turn.claims))
            effects = dict(self.seed.sample(list(self.turn.effects.items()), len(self.turn.effects)))
            self.turn = replace(self.turn, claims=tuple(shuffled), effects=effects)
        move = super().step()
        for name, old in before.items():
            new = self.turn.decisions[name]
            assert not old.locked or new == old
            same = (old.status, old.value) == (new.status, new.value)
            assert new.version == old.version if same else new.version in (old.version, old.version + 1)
        assert len(self.turn.moves) <= MOVES
        return move

    def verdict(self, ask: Ask) -> Any:
        """A person's answer, as a function of the question."""
        if ask.effect:
            effect = self.turn.effects[ask.effect]
            chance = zlib.crc32(repr((self.temper, effect.name, effect.args, len(self.turn.messages))).encode())
            options: list[Any] = [{"type": "approve"}, {"type": "reject"}, {"type": "edit", "args": {"what": "9"}}]
        else:
            values = [(field, self.turn.decisions[field].value) for field in ask.fields]
            chance = zlib.crc32(repr((self.temper, values, len(self.turn.messages))).encode())
            options = [{"type": "edit", "args": dict.fromkeys(ask.fields, str(chance % 3))}, {"type": "reject"}]
            if "approve" in allowed(self.turn, ask, self.roster):
                options.append({"type": "approve"})
        if "respond" in allowed(self.turn, ask, self.roster) and chance % 3 == 0:
            return {"type": "respond", "message": "again"}
        return options[(chance >> 3) % len(options)]

    def play(self, corrections: list[tuple[str, str]]) -> None:
        move = self.advance()
        for correction in [None, *corrections]:
            if correction is not None:
                move = self.correct(**dict([correction]))
            while isinstance(move, Ask):
                move = self.answer(self.verdict(move))
            assert isinstance(move, Finish | Halt)

    @property
    def result(self) -> dict[str, Any]:
        """What the turn came to, without the names of agents."""
        return {
            name: (each.status, each.value, each.version, round(each.confidence, 12), each.locked)
            for name, each in self.turn.decisions.items()
        }


def names_of(case: Mapping[str, Any]) -> dict[int, str]:
    return {member.number: f"agent{member.number}" for member in case["members"]}


@settings(deadline=None, max_examples=150)
@given(cases())
def test_every_turn_ends(case: dict[str, Any]) -> None:
    """A turn ends within its bounds, runs no agent twice on the same decisions, and leaves nothing half done."""
    desk = Watched(case, names_of(case))
    desk.play(case["corrections"])
    again = Counter((name, tuple(sorted(basis.items()))) for name, basis in desk.runs)
    assert all(count == 1 for count in again.values())
    assert all(count <= ROUNDS for count in Counter(name for name, _ in desk.runs).values())
    assert {name for name, _ in desk.runs} <= Roster(
        list(desk.roster.agents.values()), desk.roster.request, desk.roster.outcome
    ).needed([*desk.turn.goals, *(f for goal in desk.roster.outcome for f in desk.policy.upstream(goal))])
    if desk.turn.status != "halted":
        assert not {effect.status for effect in desk.turn.effects.values()} & {"proposed", "approved", "unknown"}
        for goal in desk.turn.goals:
            assert goal in desk.turn.decisions
    # what was decided last follows from the state alone: asked once more, the supervisor changes nothing
    step = next_move(desk.turn, desk.roster, desk.policy, NOW)
    assert not step.decisions
    assert not step.effects


@settings(deadline=None, max_examples=150)
@given(cases(), st.randoms(use_true_random=False))
def test_no_order_matters(case: dict[str, Any], random: Any) -> None:
    """The order of agents, claims, effects and goals changes neither the decisions nor the moves."""
    plain, shuffled = Watched(case, names_of(case)), Watched(case, names_of(case), random)
    plain.play(case["corrections"])
    shuffled.play(case["corrections"])
    assert shuffled.turn.decisions == plain.turn.decisions
    assert shuffled.turn.moves == plain.turn.moves
    assert dict(shuffled.turn.effects) == dict(plain.turn.effects)


@settings(deadline=None, max_examples=150)
@given(cases(), st.randoms(use_true_random=False))
def test_no_name_matters(case: dict[str, Any], random: Any) -> None:
    """Other names for the agents, in another order of the alphabet, come to the same."""
    numbers = [member.number for member in case["members"]]
    renamed = dict(zip(numbers, (f"z{i:02}" for i in random.sample(range(99), len(numbers))), strict=True))
    plain, other = Watched(case, names_of(case)), Watched(case, renamed)
    plain.play(case["corrections"])
    other.play(case["corrections"])
    assert other.result == plain.result
    assert [move.kind for move in other.turn.moves] == [move.kind for move in plain.turn.moves]
    assert len(other.executed) == len(plain.executed)


def test_cases_reach_every_kind_of_end() -> None:
    """The random teams are no formality: among them are settled, unsettled and asked turns, effects and reruns."""
    seen: Counter[str] = Counter()

    @settings(deadline=None, max_examples=300, database=None, derandomize=True)
    @given(cases())
    def look(case: dict[str, Any]) -> None:
        desk = Watched(case, names_of(case))
        desk.play(case["corrections"])
        seen[desk.turn.status] += 1
        seen.update({move.kind for move in desk.turn.moves})
        seen["rerun"] += max(Counter(name for name, _ in desk.runs).values(), default=0) > 1
        seen.update({f"effect {effect.status}" for effect in desk.turn.effects.values()})
        seen["revised"] += any(":" in key for _, basis in desk.runs for key in basis)
        seen["flip"] += any(each.flip is not None for each in desk.turn.decisions.values())
        seen["locked"] += any(each.locked for each in desk.turn.decisions.values())

    look()
    wanted = {"settled", "unsettled", "dispatch", "ask", "execute", "finish", "rerun", "revised", "flip", "locked"}
    assert wanted | {"effect done", "effect declined"} <= {name for name, count in seen.items() if count >= 3}
