"""Nodes: supervisor, review and act as LangGraph runs them; a few lines each around pure functions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END
from langgraph.types import Command, interrupt

from ..agents import needs_async
from ..contracts import Ask, Dispatch, Execute, Finish, Halt, Move, dump
from .act import Executor
from .next_move import next_move
from .node import Node, Result, State, Team, in_thread, now
from .question import question
from .review import answer_type, apply_answer
from .turn import REPLY, Turn

__all__ = ["ACT", "REVIEW", "Act", "Review", "Supervise"]

REVIEW, ACT = "review", "act"


class Supervise(Node):
    """Makes the next move."""

    looks_at_request = True

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """The decisions, the move, and where the graph goes."""
        roster, policy = self.team.roster, self.team.policy
        turn = self.team.read(state)
        step = next_move(turn, roster, policy, now())
        if wait and isinstance(step.move, Dispatch):
            for name in step.move.agents:
                if roster.agents[name].async_only:
                    raise needs_async(roster.agents[name])
        update: dict[str, Any] = {"moves": [dump(step.move)]}
        if step.decisions:
            update["decisions"] = {name: dump(decision) for name, decision in step.decisions.items()}
        if step.effects:
            update["effects"] = {key: dump(effect) for key, effect in step.effects.items()}
        if step.faults:
            update["faults"] = [dump(fault) for fault in step.faults]
        if isinstance(step.move, Finish) and self.team.reply:
            update |= self._reply(self.team.reply, turn, update)
        return Command(update=update, goto=_goto(step.move))

    def _reply(self, field: str, turn: Turn, update: Mapping[str, Any]) -> dict[str, Any]:
        decision = update.get("decisions", {}).get(field) or dump(turn.decisions.get(field))
        if not decision or decision["status"] != "settled":
            return {}
        return {"messages": [AIMessage(str(decision["value"]), id=f"{REPLY}-{turn.number}-{len(turn.moves)}")]}


class Review(Node):
    """Stops for a person, and applies the answer."""

    looks_at_request = True

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """One interrupt, first thing; its answer is validated before anything is written."""
        turn = self.team.read(state)
        ask = turn.moves[-1]
        if not isinstance(ask, Ask):
            return {}
        roster, policy = self.team.roster, self.team.policy
        known = tuple(field for field in ask.fields if field in roster.outcome)
        if known != ask.fields and not known:
            return {}  # the team has lost the fields since: the supervisor looks again
        ask, at = replace(ask, fields=known), now()
        answer = interrupt(
            question(turn, ask, roster, _thread(config)), response_schema=answer_type(turn, ask, roster, policy, at)
        )
        return apply_answer(answer, turn, ask, roster, policy, at)


class Act(Node):
    """Executes approved effects."""

    def __init__(self, name: str, team: Team, executor: Executor) -> None:
        super().__init__(name, team)
        self.executor = executor

    async def ainvoke(
        self,
        input: State,  # noqa: A002 (the name in Runnable)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Result:
        """Execute in a worker thread: receivers and the ledger wait for the outside world."""
        return await in_thread(lambda: self.invoke(input, config))

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """What became of the effects."""
        turn = self.team.read(state)
        move = turn.moves[-1]
        if not isinstance(move, Execute):
            return {}
        thread = _thread(config) or f"run-{uuid.uuid4()}"
        origin = thread if turn.number == 1 else f"{thread} (turn {turn.number})"
        return self.executor(turn, move, origin)


def _goto(move: Move) -> str | list[str]:
    match move:
        case Dispatch(agents=agents):
            return list(agents)
        case Ask():
            return REVIEW
        case Execute():
            return ACT
        case Finish() | Halt():
            return END


def _thread(config: RunnableConfig) -> str:
    return str(config.get("configurable", {}).get("thread_id") or "")
