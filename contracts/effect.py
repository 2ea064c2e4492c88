"""Effect: one change to the outside world, from proposal to record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .record import digest

__all__ = ["Attested", "Effect", "EffectStatus", "compensation_key", "generation_key"]

EffectStatus = Literal[
    "proposed", "approved", "declined", "withdrawn", "done", "duplicate", "failed", "unknown", "compensated"
]
"""Where an effect stands. While it is executed it is `approved` here, and `executing` in the ledger.

`proposed`: waits for the policy or a person. `approved`: may be executed, with these exact arguments.
`declined`: a person said no. `withdrawn`: what it was based on has changed before it was executed.
`done`: executed and recorded. `duplicate`: the ledger knows the same content from before; nothing was executed.
`failed`: the receiver refused; nothing was done. `unknown`: it may or may not have happened; a person must look.
`compensated`: it was done, and has been undone since.
"""

Attested = Literal["", "happened", "not_happened"]
"""What a person says of an effect of which it was not known."""


def generation_key(key: str, generation: int) -> str:
    """The key under which a content is executed for the n-th time, from 1: anew each time that it was undone."""
    return key if generation == 1 else digest([key, "generation", generation])


def compensation_key(key: str) -> str:
    """The key under which the effect of `key` is undone."""
    return digest([key, "compensation"])


@dataclass(frozen=True, slots=True)
class Effect:
    """One change to the outside world. An action agent writes the first four and `undo`; the framework the rest."""

    name: str
    """What is done: the name of the receiver, such as `post`."""
    args: Mapping[str, Any]
    """The exact arguments, as plain JSON data."""
    identity: tuple[str, ...] = ()
    """The fields, of those that the agent reads, that make two effects the same; none means all of `args`."""
    reason: str = ""
    """One line for the person who approves."""
    content: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The canonical values of the identity's fields, so that 12.0 and 12.00 are the same. Added by the guard."""
    field: str = ""
    """The field that the receiver's answer is claimed for. Added by the guard."""
    agent: str = ""
    """Name of the agent that proposes. Added by the guard."""
    version: str = ""
    """Version of that agent's contract. Added by the guard."""
    basis: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Versions of the decisions that the agent read. Added by the guard."""
    status: EffectStatus = "proposed"
    """Where the effect stands."""
    approved: str = ""
    """Digest of the arguments that were approved; the effect is executed only while it equals `digest`."""
    again: bool = False
    """Whether a person allowed to execute it although it may have been executed before."""
    before: str = ""
    """What became of an earlier proposal of the same content in this turn, where only a person may approve it again."""
    uncertain: bool = False
    """Whether it was `unknown` at any time: it may have been executed, whatever became of it since."""
    by: str = ""
    """Who approved or declined: `policy` or `person:<reviewer>`."""
    reviewer: str = ""
    """The person, where one decided."""
    reason_code: str = ""
    """The person's reason, from the policy's list."""
    decided_at: str = ""
    """When the person decided, in ISO 8601 UTC."""
    result: Any = None
    """The receiver's answer, as plain JSON data, once done."""
    note: str = ""
    """What there is to say about the status: the error, the earlier thread, the reviewer's message."""
    undo: str = ""
    """Name of the effect that undoes it, such as `refund`: it is executed with `key`, `args` and `result` of this one.

    Its own name, added when it is done, where its receiver can compensate; empty where nothing undoes it.
    """
    undoes: str = ""
    """Of a compensation: the key under which the effect was executed that it undoes. Added by the supervisor."""
    generation: int = 1
    """How often the content was executed with this time; more than 1 where it was undone in between."""
    sequence: int = 0
    """Its place among the effects of one run, from 0. Added by the guard."""
    attested: Attested = ""
    """What a person said of it when it was not known whether it happened; the ledger records it."""
    recall: bool = False
    """Whether it is not wanted any more, and it is to be looked up if it was begun; it is not begun then."""

    @property
    def key(self) -> str:
        """The idempotency key: a digest of the name and the content. The same content has the same key."""
        if self.undoes:
            return compensation_key(self.undoes)
        return digest([self.name, dict(self.content or self.args)])

    @property
    def executed_key(self) -> str:
        """The key that the ledger and the receiver know it by: `key`, until the content was undone and done anew."""
        return generation_key(self.key, self.generation)

    @property
    def slot(self) -> str:
        """Its place among the effects of a turn: a digest of agent and key, for two agents may propose one key."""
        return digest([self.agent, self.key])

    @property
    def digest(self) -> str:
        """A digest of the name and the exact arguments; an approval is bound to it."""
        return digest([self.name, dict(self.args)])
