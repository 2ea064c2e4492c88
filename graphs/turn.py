"""Turn: the shared state of one turn of a thread, typed and frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from langchain_core.messages import BaseMessage

from ..contracts import (
    BlobStore,
    Claim,
    Decision,
    Effect,
    Fault,
    Move,
    Opinion,
    Reference,
    Spend,
    TurnStatus,
    Usage,
    load,
    turn_status,
)
from .about import REPLY, SAID, about
from .request import Request
from .spent import Spent, spent_by
from .state import NEWS

__all__ = ["REPLY", "SAID", "Turn", "TurnStatus"]


@dataclass(frozen=True)
class Turn:
    """The shared state of one turn: what a checkpoint holds, typed."""

    number: int
    """1 for the first turn of the thread."""
    request: Mapping[str, Any]
    """The validated request, as plain data; a field that is stored as a blob is read when it is looked at."""
    goals: tuple[str, ...]
    """The fields that this turn must settle."""
    messages: tuple[BaseMessage, ...]
    """The conversation of the thread."""
    claims: tuple[Claim, ...]
    """The claims of this turn."""
    decisions: Mapping[str, Decision]
    """The standing decision of each field that has one."""
    effects: Mapping[str, Effect]
    """The effects of this turn, by slot: agent and idempotency key."""
    faults: tuple[Fault, ...]
    """What failed."""
    usage: tuple[Usage, ...]
    """What each run of an agent took."""
    moves: tuple[Move, ...]
    """What the supervisor did, in order."""
    opinions: tuple[Opinion, ...] = ()
    """What people said to its questions; of the turn before, what they said about the same."""
    spent_before: Spent = Spent()  # noqa: RUF009 (frozen)
    """What the thread had spent before this turn."""

    @classmethod
    def read(cls, values: Mapping[str, Any], blobs: BlobStore | None = None) -> Turn:
        """The turn that the state's values hold: a graph's result, or `snapshot.values`.

        Args:
            values: The state's values.
            blobs: Where the large fields of the request are; without it they cannot be looked at.

        Raises:
            pydantic.ValidationError: A record in the state is not of its kind.
        """
        request = Request(values.get("request") or {}, blobs)
        return cls(
            number=values.get("turn", 0),
            request=request if request.references else values.get("request") or {},
            goals=tuple(goal for goal in values.get("goals") or () if goal != NEWS),
            messages=tuple(values.get("messages") or ()),
            claims=load(tuple[Claim, ...], values.get("claims") or ()),
            decisions=load(dict[str, Decision], values.get("decisions") or {}),
            effects=load(dict[str, Effect], values.get("effects") or {}),
            faults=load(tuple[Fault, ...], values.get("faults") or ()),
            usage=load(tuple[Usage, ...], values.get("usage") or ()),
            moves=load(tuple[Move, ...], values.get("moves") or ()),
            opinions=load(tuple[Opinion, ...], values.get("opinions") or ()),
            spent_before=load(Spent, values.get("spent") or {}),
        )

    @cached_property
    def runs(self) -> Mapping[str, tuple[Mapping[str, int], ...]]:
        """For each agent that was dispatched, the versions of decisions that each of its runs read.

        An agent that there was no budget for counts as one that ran, and found nothing.
        """
        runs: dict[str, tuple[Mapping[str, int], ...]] = {}
        for move in self.moves:
            if move.kind == "dispatch":
                for agent, basis in move.agents.items():
                    runs[agent] = (*runs.get(agent, ()), basis)
        for fault in self.faults:
            if fault.kind == "budget" and not fault.attempt:
                runs[fault.agent] = (*runs.get(fault.agent, ()), fault.basis)
        return runs

    @property
    def spent(self) -> Spend:
        """What the turn has spent so far, as far as prices are known."""
        return Spend.total(self.spent_by.values())

    @property
    def thread_spent(self) -> Spend:
        """What the thread has spent so far, this turn included."""
        return self.spent_before.total + self.spent

    @cached_property
    def spent_by(self) -> Mapping[str, Spend]:
        """What each agent has spent in this turn."""
        return spent_by(self.usage)

    @cached_property
    def most(self) -> Mapping[str, Spend]:
        """The most of each unit that a run of each agent took, in the thread."""
        return self.spent_before.after(self.usage).most

    @property
    def references(self) -> Mapping[str, Reference]:
        """The fields of the request that are stored as blobs, by name."""
        return self.request.references if isinstance(self.request, Request) else {}

    @cached_property
    def about(self) -> str:
        """A digest of what it is about: the request, and what was said from outside."""
        return about(self.request.stored if isinstance(self.request, Request) else self.request, self.messages)

    @cached_property
    def heard(self) -> int:
        """How many messages there are for agents to read; the turn's own replies are not news to them."""
        own = f"{REPLY}-{self.number}-"
        return sum(not (message.id or "").startswith(own) for message in self.messages)

    def fields_of(self, opinion: Opinion) -> tuple[str, ...]:
        """The fields that an opinion is about; of an effect the one that its answer is claimed for."""
        if not opinion.effect:
            return tuple(opinion.asked)
        effect = self.effects.get(opinion.effect)  # an older record does not name the field
        field = opinion.field or (effect.field if effect is not None else "")
        return (field,) if field else ()

    @property
    def status(self) -> TurnStatus:
        """How the turn ended, or that it waits or runs."""
        return turn_status(self.moves)

    @property
    def reason(self) -> str:
        """Why the supervisor made its last move."""
        return self.moves[-1].reason if self.moves else ""

    @property
    def values(self) -> dict[str, Any]:
        """The plain values of the settled fields."""
        return {name: each.value for name, each in self.decisions.items() if each.status == "settled"}
