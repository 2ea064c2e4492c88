"""Nodes: intake, supervisor, review and act as LangGraph runs them; a few lines each around pure functions."""

from __future__ import annotations

import asyncio
import contextvars
import datetime
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.graph import END
from langgraph.types import Command, Overwrite, interrupt
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json, to_jsonable_python

from ..agents import needs_async
from ..agents.trace import mark_run
from ..contracts import (
    Ask,
    BlobError,
    Dispatch,
    Execute,
    Fault,
    FaultKind,
    Finish,
    GateError,
    GuardrailError,
    Halt,
    Move,
    Policy,
    Usage,
    check_plain,
    dump,
    load,
)
from .about import about
from .act import Executor
from .carry import carried
from .entry import INTAKE, Entry
from .large_inputs import LargeInputs
from .next_move import next_move
from .question import question
from .review import answer_type, apply_answer
from .roster import Roster
from .spent import Spent
from .state import NEWS, cleared
from .turn import REPLY, Turn

__all__ = ["ACT", "INTAKE", "REVIEW", "SUPERVISOR", "Act", "Intake", "Review", "Supervise", "Team"]

SUPERVISOR, REVIEW, ACT = "supervisor", "review", "act"

State = Mapping[str, Any]
Result = dict[str, Any] | Command[Any]


@dataclass(frozen=True, slots=True)
class Team:
    """What every node knows of the team."""

    roster: Roster
    policy: Policy
    request: type[BaseModel]
    reply: str | None
    inputs: LargeInputs
    entry: Entry

    def read(self, state: State) -> Turn:
        """The state, typed."""
        return Turn.read(state, self.inputs.blobs)


class _Node(Runnable[State, Result]):
    """A node of the graph that works on the state alone, in this thread."""

    looks_at_request = False
    """Whether the values of the request's fields are needed."""

    def __init__(self, name: str, team: Team) -> None:
        self.name = name
        self.team = team

    def invoke(
        self,
        input: State,  # noqa: A002 (the name in Runnable)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Result:
        """Do the node's work."""
        return self._enter(input, config or {}, wait=True)

    async def ainvoke(
        self,
        input: State,  # noqa: A002 (the name in Runnable)
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Result:
        """Do the node's work in the event loop: it computes for microseconds, and waits for nothing.

        Where the request has blobs to read, do it in a worker thread.
        """
        if not (self.looks_at_request and self.team.inputs.stored(input.get("request"))):
            return self._enter(input, config or {}, wait=False)
        return await _in_thread(lambda: self._enter(input, config or {}, wait=False))

    def _enter(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        mark_run(config, state.get("turn", 0) + (self.name == INTAKE))
        return self.work(state, config, wait=wait)

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """From the state to an update; `wait` is false where the graph is awaited."""
        raise NotImplementedError


class Intake(_Node):
    """Opens a turn: validates the request and empties the turn's channels."""

    looks_at_request = True

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """The validated request, or a recorded refusal."""
        outcome = self.team.roster.outcome
        given = state.get("goals") or []
        asked = given[1:] if given[:1] == [NEWS] else []
        unknown = [goal for goal in asked if not isinstance(goal, str) or goal not in outcome]
        goals = list(dict.fromkeys(goal for goal in asked if goal not in unknown))
        opened = {
            **cleared(),
            "turn": state.get("turn", 0) + 1,
            "goals": Overwrite(goals or list(outcome)),
        }
        opened |= _spent(state)
        raw, inputs = state.get("request") or {}, self.team.inputs
        stored = inputs.stored(raw)
        try:
            given = inputs.read(raw)
            self.team.entry.check_size(given)
            plain = self._validated(given, as_json=bool(stored))
            faults = self.team.entry.check(plain, _just_said(state), goals or outcome)
            opened["request"] = inputs.refer(plain, stored)
        except (BlobError, GateError, GuardrailError) as error:
            too_much = error.code in ("too_large", "too_deep")
            opened["request"] = {} if too_much else _readable(raw)
            said = f"{error.where}: got {error.got}; expected {error.expected}"
            kind: FaultKind = "guardrail" if isinstance(error, GuardrailError) else "request"
            return self._refuse(opened, said, error.fix, kind, error.code)
        except ValueError as error:  # of pydantic's validator, or of its serializer
            opened["request"] = _readable(raw)
            return self._refuse(opened, _explain(error), "correct the request and send it again")
        if faults:
            opened["faults"] = Overwrite([dump(fault) for fault in faults])
        opened |= self._carried(state, opened["request"])
        if unknown:
            message = f"goals: got {unknown[0]!r:.80}; expected fields of the outcome"
            return self._refuse(opened, message, f"use {', '.join(outcome)}")
        return Command(update=opened, goto=SUPERVISOR)

    def _carried(self, state: State, request: dict[str, Any]) -> dict[str, Any]:
        """The channels with what people decided in the turn before, where that was about the same."""
        try:
            kept = carried(state, about(request, convert_to_messages(state.get("messages") or ())), self.team.roster)
        except ValidationError:
            return {}  # records of another form: nothing can be said of them
        return {channel: Overwrite(records) for channel, records in kept.items()}

    def _validated(self, given: Any, *, as_json: bool) -> Any:
        """The request as plain data, validated; `as_json` where a part of it has been JSON on its way."""
        model = self.team.request
        try:
            request = model.model_validate(given, by_alias=True, by_name=True)
        except ValidationError as error:
            if not as_json:
                raise
            try:  # a strict model refuses in Python what it takes from JSON: the text of a date
                request = model.model_validate_json(to_json(given), by_alias=True, by_name=True)
            except ValueError:
                raise error from None
        plain = request.model_dump(mode="json")
        check_plain(plain)
        return plain

    def _refuse(
        self, opened: dict[str, Any], message: str, fix: str, kind: FaultKind = "request", code: str = ""
    ) -> Result:
        fault = Fault(INTAKE, kind, 1, message, fix, code=code)
        halt = Halt("rejected", message, at=_now().isoformat(timespec="milliseconds"))
        return Command(update={**opened, "faults": [dump(fault)], "moves": [dump(halt)]}, goto=END)


class Supervise(_Node):
    """Makes the next move."""

    looks_at_request = True

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """The decisions, the move, and where the graph goes."""
        roster, policy = self.team.roster, self.team.policy
        turn = self.team.read(state)
        step = next_move(turn, roster, policy, _now())
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


class Review(_Node):
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
        ask, now = replace(ask, fields=known), _now()
        answer = interrupt(
            question(turn, ask, roster, _thread(config)), response_schema=answer_type(turn, ask, roster, policy, now)
        )
        return apply_answer(answer, turn, ask, roster, policy, now)


class Act(_Node):
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
        return await _in_thread(lambda: self.invoke(input, config))

    def work(self, state: State, config: RunnableConfig, *, wait: bool) -> Result:
        """What became of the effects."""
        turn = self.team.read(state)
        move = turn.moves[-1]
        if not isinstance(move, Execute):
            return {}
        thread = _thread(config) or f"run-{uuid.uuid4()}"
        origin = thread if turn.number == 1 else f"{thread} (turn {turn.number})"
        return self.executor(turn, move, origin)


async def _in_thread(work: Callable[[], Result]) -> Result:
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(None, lambda: context.run(work))


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


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _explain(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return f"request: {error}"[:500]
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "request"
    return f"{place}: got {repr(first['input'])[:120]}; {first['msg']}"


def _spent(state: State) -> dict[str, Any]:
    """The channel with what the thread has spent, the turn before included; nothing where that is nothing."""
    try:
        before = load(Spent, state.get("spent") or {})
        spent = before.after(load(tuple[Usage, ...], state.get("usage") or ()))
    except ValidationError:
        return {}  # records of another form
    return {"spent": dump(spent)} if spent != Spent() else {}


def _just_said(state: State) -> list[BaseMessage]:
    """What was said since the team spoke last; what others have said in its name is looked at like all the rest."""
    said: list[BaseMessage] = []
    for message in reversed(convert_to_messages(state.get("messages") or ())):
        if message.type == "ai" and (message.id or "").startswith(f"{REPLY}-"):
            break
        said.append(message)
    return said


def _readable(request: Any) -> dict[str, Any]:
    """A refused request as plain data, as far as it goes."""
    plain = to_jsonable_python(request, serialize_unknown=True, bytes_mode="base64", inf_nan_mode="strings")
    return plain if isinstance(plain, dict) else {}
