"""Intake: the node that opens a turn."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END
from langgraph.types import Command, Overwrite
from pydantic import ValidationError
from pydantic_core import to_json, to_jsonable_python

from ..contracts import (
    BlobError,
    Fault,
    FaultKind,
    GateError,
    GuardrailError,
    Halt,
    Usage,
    check_plain,
    dump,
    load,
)
from .about import about
from .carry import carried
from .entry import INTAKE
from .node import Node, Result, State, now
from .spent import Spent
from .state import NEWS, cleared
from .turn import REPLY

__all__ = ["SUPERVISOR", "Intake"]

SUPERVISOR = "supervisor"
"""The node that decides; intake hands on to it."""


class Intake(Node):
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
            request = inputs.read(raw)
            self.team.entry.check_size(request)
            plain = self._validated(request, as_json=bool(stored))
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
        halt = Halt("rejected", message, at=now().isoformat(timespec="milliseconds"))
        return Command(update={**opened, "faults": [dump(fault)], "moves": [dump(halt)]}, goto=END)


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
