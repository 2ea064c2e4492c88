"""Dictionary teams: teams of random agents, fields and policies, with persons that answer and correct."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from benchmarks.dictionary_messages import any_message, question
from benchmarks.dictionary_words import Words
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from pydantic import create_model

from quorate import Claim, Contract, Effect, Items, Limits, Passage, Policy, QuorateError, Quote, Supervisor, Usage
from quorate.checkpoints.effects.memory_ledger import MemoryLedger

__all__ = ["play_team"]

_KINDS: tuple[Any, ...] = (str, str, str, int, float, bool, Decimal, datetime.date, list[str], dict[str, Any])
_ERRORS = (ValueError, KeyError, TypeError, TimeoutError, ArithmeticError)
_ANSWERS = 6
"""How many questions of a run are answered at most."""


def play_team(words: Words, saver: Any, config: RunnableConfig) -> None:
    """One conversation with a team that is made up: turns, questions, answers, corrections."""
    team = _team(words)
    graph = team.compile(checkpointer=saver)
    for turn in range(words.count(1, 4)):
        given: dict[str, Any] = {"request": _request(words, team)}
        if turn and words.chance(0.2):
            del given["request"]
        if words.chance(0.2):
            given["goals"] = words.some(list(team.roster.outcome), 1)
        if words.chance(0.4):
            given["messages"] = [any_message(words) if words.chance(0.3) else question(words) for _ in range(2)]
        state = graph.invoke(given, config)
        _answer(words, team, graph, config, state)
        if words.chance(0.2):
            _correct(words, team, graph, config)


@dataclass(frozen=True)
class _Member:
    """An agent that claims what it is told, or something else, or fails."""

    contract: Contract
    words: Words
    values: Mapping[str, tuple[Any, Any]]
    """For each field its type, and the value that most agree on."""
    effect: str = ""

    def __call__(self, **fields: Any) -> list[Claim | Effect | Usage] | None:
        words = self.words
        if words.chance(0.08):
            raise words.one(_ERRORS)(words.text(1, 8))
        if words.chance(0.1):
            return None
        found: list[Claim | Effect | Usage] = []
        for field in sorted(self.contract.writes):
            if self.effect:
                args = {words.identifier(): str(words.value(words.one((str, int, Decimal)))) for _ in range(2)}
                found.append(Effect(self.effect, args, reason=words.text(1, 6) if words.chance(0.5) else ""))
                continue
            for _ in range(words.count(1, 2)):
                why = words.text(1, 8) if words.chance(0.6) else ""
                found.append(Claim(field, self._value(field), words.confidence(), self._evidence(fields), why))
        if words.chance(0.3):
            found.append(Usage(words.name(), words.count(1, 9_000), words.count(1, 900)))
        return found

    def _value(self, field: str) -> Any:
        kind, usual = self.values[field]
        return usual if self.words.chance(0.7) else self.words.value(kind)

    def _evidence(self, fields: Mapping[str, Any]) -> tuple[Any, ...]:
        words = self.words
        seen: list[Any] = []
        for name, value in sorted(fields.items()):
            if isinstance(value, str) and value and words.chance(0.6):
                start = words.random.randrange(len(value))
                seen.append(Quote(name, start, words.random.randint(start + 1, len(value))))
            elif isinstance(value, list) and value and isinstance(value[0], str) and words.chance(0.6):
                seen.append(Items(name, tuple(sorted(words.some(range(len(value)), 1)))))
        if words.chance(0.15):
            seen.append(Passage(words.name(), words.token(8), words.text(2, 12), words.one((None, words.confidence()))))
        return tuple(seen[:3])


@dataclass(frozen=True)
class _Receiver:
    """The outside world, which mostly answers."""

    words: Words

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        if self.words.chance(0.2):
            raise self.words.one((ValueError, ConnectionError, TimeoutError))(self.words.text(1, 5))
        return {self.words.identifier(): self.words.token(6)}


def _team(words: Words, inner: bool = False) -> Supervisor:
    """A team; some have a team among their agents."""
    given, made = words.count(1, 3), words.count(2, 5)
    names = words.identifiers(given + made + 1)
    request: dict[str, Any] = {
        name: (str if words.chance(0.7) else words.one((list[str], int, float)), ...) for name in names[:given]
    }
    kinds = {name: words.one(_KINDS) for name in names[given:-1]}
    outcome: dict[str, Any] = {
        name: (kind, ...) if words.chance(0.7) else (kind | None, None) for name, kind in kinds.items()
    }
    agents = _agents(words, list(request), kinds)
    effects = []
    if not inner and words.chance(0.4):
        effects = [words.identifier()]
        outcome[names[-1]] = (dict[str, Any], ...)
        contract = Contract(words.name() + "x", frozenset(words.some(list(kinds), 1)), frozenset(names[-1:]), "action")
        agents.append(_Member(contract, words.child(), {}, effects[0]))
    if not inner and words.chance(0.15):
        team = _team(words, inner=True)
        request |= {name: (field.annotation, ...) for name, field in team.request.model_fields.items()}
        outcome |= {name: (field.annotation, ...) for name, field in team.outcome.model_fields.items()}
        agents.append(team.as_agent())
    texts = [name for name, kind in kinds.items() if kind is str]
    return Supervisor(
        words.name(),
        request=create_model(words.word(), **request),
        outcome=create_model(words.word(), **outcome),
        agents=agents,
        policy=Policy.parse(_policy(words, kinds, effects)),
        ledger=MemoryLedger(),
        receivers={name: _Receiver(words.child()) for name in effects},
        reply=words.one(texts) if texts and words.chance(0.4) else None,
    )


def _agents(words: Words, request: list[str], kinds: Mapping[str, Any]) -> list[Any]:
    """One to four agents for each field; a field is derived from the request, and from fields before it."""
    agents: list[Any] = []
    fields = list(kinds)
    names = words.identifiers(4 * len(fields))
    for place, field in enumerate(fields):
        usual = words.value(kinds[field])
        for number in range(words.count(1, 4)):
            reads = {*words.some(request, 1), *(words.some(fields[:place]) if words.chance(0.3) else ())}
            contract = Contract(
                names[4 * place + number],
                frozenset(reads | ({"messages"} if words.chance(0.15) else set())),
                frozenset({field}),
                words.one(("retrieval", "extraction", "transformation", "reasoning")),
                version=words.one(("0.0.0", "1.0.0", f"{words.digits(1)}.{words.digits(1)}.{words.digits(1)}")),
                tier=words.one((0, 0, 0, 1, 2)),
                limits=Limits(attempts=1),
            )
            agents.append(_Member(contract, words.child(), {field: (kinds[field], usual)}))
    return agents


def _policy(words: Words, kinds: Mapping[str, Any], effects: list[str]) -> dict[str, Any]:
    fields = {
        name: words.one(({"accept": 0.5}, {"accept": 0.9}, {"quorum": 1, "review": "never"}, {"review": "always"}))
        for name in words.some(list(kinds))
    }
    rules = []
    for name in words.some(list(kinds)):
        rule = {"name": words.name(), "field": name, "then": words.one(("review", "review", "forbid", "prefer"))}
        rule["when"] = words.one(("confidence > 0.6", "confidence < 0.4", "true", f"value == {words.word()!r}"))
        if words.chance(0.5):
            rule["reason"] = words.text(1, 6)
        rules.append(rule)
    return {
        "name": words.name(),
        "version": words.digits(1),
        "fields": fields,
        "rules": rules,
        "effects": {name: {"approve": words.chance(0.6)} for name in effects},
        "bounds": {"moves": 30, "rounds": 3},
    }


def _request(words: Words, team: Supervisor) -> dict[str, Any]:
    request = {
        name: words.text(2, 60) if field.annotation is str else words.value(field.annotation)
        for name, field in team.request.model_fields.items()
    }
    if words.chance(0.05):
        request.popitem()  # it is refused
    return request


def _answer(words: Words, team: Supervisor, graph: Any, config: RunnableConfig, state: dict[str, Any]) -> None:
    """Answer as a person would, as long as there are questions; now and then leave one open."""
    for _ in range(_ANSWERS):
        if "__interrupt__" not in state or words.chance(0.1):
            return
        asked = state["__interrupt__"][0]
        kind = words.one(asked.value["review_configs"][0]["allowed_decisions"])
        verdict: dict[str, Any] = {"type": kind}
        if kind == "edit":
            verdict["edited_action"] = {"name": "", "args": _edited(words, team, asked.value)}
        elif kind in ("reject", "respond"):
            verdict["message"] = words.text(1, 10)
        answer = {"decisions": [verdict], "reviewer": words.person(), "reason_code": ""}
        try:
            state = graph.invoke(Command(resume={asked.id: answer}), config)
        except ValueError:  # it was not a fitting answer; the question stays
            return


def _edited(words: Words, team: Supervisor, asked: Mapping[str, Any]) -> dict[str, Any]:
    args: dict[str, Any] = asked["action_requests"][0]["args"]
    if asked["action_requests"][0]["name"] != "decide":
        return {**args, **dict.fromkeys(list(args)[:1], words.text(1, 3))}
    return {name: _value(words, team, name) for name in args}


def _value(words: Words, team: Supervisor, name: str) -> Any:
    kind = team.outcome.model_fields[name].annotation if name in team.outcome.model_fields else str
    kinds = [known for known in _KINDS if kind in (known, known | None)]
    value = words.value(kinds[0] if kinds else str)
    return str(value) if isinstance(value, Decimal | datetime.date) else value


def _correct(words: Words, team: Supervisor, graph: Any, config: RunnableConfig) -> None:
    values = graph.get_state(config).values
    decided = list(team.read(values).decisions)
    if not decided:
        return
    name = words.one(decided)
    with contextlib.suppress(ValueError, QuorateError):
        update = team.correction(values, {name: _value(words, team, name)}, reviewer=words.person())
        graph.update_state(config, update, as_node="review")
        _answer(words, team, graph, config, graph.invoke(None, config))
