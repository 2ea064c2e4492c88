"""A bench on which a team takes its turn without a graph: `next_move`, and its moves done by hand."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import BaseModel

from quorate.agents import Agent
from quorate.agents.others import others_of
from quorate.agents.output import checked, listed
from quorate.contracts import (
    Answer,
    Ask,
    Claim,
    Decision,
    Dispatch,
    Effect,
    Execute,
    Fault,
    Finish,
    Halt,
    Move,
    Opinion,
    Passage,
    Policy,
    dump,
    fields_of,
    load,
)
from quorate.graphs import Roster, Step, Turn, next_move
from quorate.graphs.review import answer_type, apply_answer, correct
from quorate.graphs.state import propose

__all__ = ["NOW", "Bench", "turn_of"]

NOW = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC)


def turn_of(request: Mapping[str, Any] | None = None, goals: Iterable[str] = (), **parts: Any) -> Turn:
    """A turn with nothing in it but what is given."""
    empty: dict[str, Any] = {
        "number": 1,
        "request": request or {},
        "goals": tuple(goals),
        "messages": (),
        "claims": (),
        "decisions": {},
        "effects": {},
        "faults": (),
        "usage": (),
        "moves": (),
    }
    return Turn(**{**empty, **parts})


class Bench:
    """A team with its turn. An agent that raises is a fault; effects are done as they are approved."""

    def __init__(
        self,
        agents: Iterable[Agent],
        outcome: type[BaseModel],
        *,
        request: type[BaseModel],
        inputs: Mapping[str, Any],
        policy: Policy | None = None,
        goals: Iterable[str] = (),
    ) -> None:
        self.roster = Roster(list(agents), fields_of(request), fields_of(outcome))
        self.policy = policy or Policy()
        self.roster.check_policy(self.policy)
        plain = request.model_validate(inputs).model_dump(mode="json")
        self.turn = turn_of(plain, tuple(goals) or tuple(self.roster.outcome))
        self.steps: list[Step] = []
        self.runs: list[tuple[str, dict[str, int]]] = []
        self.executed: list[Mapping[str, Any]] = []
        self.now = NOW
        self.undo = ""
        """The name of what undoes an effect that is done from now on."""

    def step(self) -> Move:
        """One step of the supervisor, written to the turn."""
        step = next_move(self.turn, self.roster, self.policy, self.now)
        self.steps.append(step)
        self._write(decisions=step.decisions, effects=step.effects, moves=(step.move,), faults=step.faults)
        return step.move

    def advance(self, stop: type[Any] | None = None) -> Move:
        """Steps until somebody outside is needed, or the turn ends: the move that waits.

        With `stop`, until a move of that kind, which is not carried out.
        """
        while True:
            match self.step():
                case move if stop is not None and isinstance(move, stop):
                    return move
                case Dispatch() as move:
                    for name in reversed(list(move.agents)):  # the order must not matter
                        self._run(name, move.agents[name])
                case Execute() as move:
                    for key in move.effects:
                        self._execute(key)
                case Ask() | Finish() | Halt() as move:
                    return move

    def answer(self, data: Any) -> Move:
        """The person's answer to the question that waits, then on."""
        ask = self.turn.moves[-1]
        assert isinstance(ask, Ask)
        answer: Answer = load(answer_type(self.turn, ask, self.roster, self.policy, self.now), data)
        self._apply(apply_answer(answer, self.turn, ask, self.roster, self.policy, self.now))
        return self.advance()

    def correct(self, **values: Any) -> Move:
        """A person's correction, then on."""
        return self.correct_until(None, **values)

    def correct_until(self, stop: type[Any] | None, **values: Any) -> Move:
        """A person's correction, then on until a move of that kind."""
        answer = load(Answer, {"type": "approve", "reviewer": "ann"})
        self._apply(correct(self.turn, values, self.roster, self.policy, answer, self.now))
        return self.advance(stop)

    def say(self, text: str) -> None:
        """A message in the conversation."""
        self._write(messages=(HumanMessage(text, id=str(len(self.turn.messages))),))

    @property
    def dispatched(self) -> list[list[str]]:
        """The agents of each dispatch, in order."""
        return [sorted(move.agents) for move in self.turn.moves if isinstance(move, Dispatch)]

    def status(self, field: str) -> str:
        """Where the field stands."""
        return self.turn.decisions[field].status

    def _run(self, name: str, basis: Mapping[str, int]) -> None:
        agent = self.roster.agents[name]
        self.runs.append((name, dict(basis)))
        inputs = {field: self._input(field, name) for field in agent.contract.reads}
        assert agent.call is not None
        try:
            output = checked(listed(agent.call(**inputs), 100), agent.contract, self.roster.outcome, inputs, basis)
        except Exception as error:
            self._write(faults=(Fault(name, "error", 1, str(error), "", basis),))
            return
        self._write(
            claims=output.claims,
            effects={effect.slot: effect for effect in output.effects},
            usage=(replace(output.usage, agent=name, basis=basis),),
        )

    def _input(self, field: str, name: str) -> Any:
        if field in self.roster.request:
            return self.roster.request[field].parse(self.turn.request[field])
        if field == "messages":
            return list(self.turn.messages)
        if field == "others":
            parts = {part: [dump(each) for each in getattr(self.turn, part)] for part in ("moves", "claims", "faults")}
            return others_of(name, parts, self.roster.outcome)
        decision = self.turn.decisions.get(field)
        known = self.roster.outcome[field]
        return known.parse(decision.value) if decision and decision.status == "settled" else known.default

    def _execute(self, key: str) -> None:
        effect = self.turn.effects[key]
        assert effect.approved == effect.digest
        self.executed.append(effect.args)
        if effect.undoes:
            undone = {
                slot: replace(each, status="compensated")
                for slot, each in self.turn.effects.items()
                if each.executed_key == effect.undoes and each.status == "done"
            }
            self._write(effects={key: replace(effect, status="done", result="undone"), **undone})
            return
        seen = (Passage("ledger", effect.key),)
        result = f"done {len(self.executed)}"
        plain = self.roster.outcome[effect.field].of_answer(result)
        claim = Claim(effect.field, plain, 1.0, seen, agent=effect.agent, basis=effect.basis, sequence=effect.sequence)
        self._write(effects={key: replace(effect, status="done", result=result, undo=self.undo)}, claims=(claim,))

    def _apply(self, update: Mapping[str, Any]) -> None:
        self._write(
            decisions=load(dict[str, Decision], update.get("decisions", {})),
            effects=load(dict[str, Effect], update.get("effects", {})),
            messages=tuple(update.get("messages", ())),
            opinions=load(tuple[Opinion, ...], update.get("opinions", ())),
        )

    def _write(self, **parts: Any) -> None:
        if parts.get("effects"):
            old, new = (
                {slot: dump(each) for slot, each in some.items()} for some in (self.turn.effects, parts["effects"])
            )
            parts["effects"] = load(dict[str, Effect], propose(old, new))
        merged = {
            name: {**getattr(self.turn, name), **part}
            if isinstance(part, Mapping)
            else (*getattr(self.turn, name), *part)
            for name, part in parts.items()
        }
        self.turn = replace(self.turn, **merged)
