"""Guardrails layer: looks at what an agent returns for what must not pass, and at the effects that it proposes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from ...contracts import Claim, Contract, Effect, Fault, Guardrail, GuardrailError, GuardrailPlace, Passage
from ..guardrails import Hit, finder
from ..guardrails.texts import texts_in
from ..output import Output
from ..run import Run
from .layer import AsyncProceed, Inputs, Proceed

__all__ = ["Guardrails", "Rail", "doubt"]


class Rail:
    """One guardrail, ready to look.

    Args:
        guardrail: What the policy says.
        agents: Whose output it looks at; by default that of the agents that it names. Empty for all.

    Raises:
        QuorateError: The extra `guardrails` is not installed, and the check needs it.
    """

    def __init__(self, guardrail: Guardrail, agents: Collection[str] | None = None) -> None:
        self.guardrail = guardrail
        self._agents = frozenset(guardrail.agents if agents is None else agents)
        self._find: Callable[[str], Iterator[Hit]] = finder(guardrail)

    def looks_at(self, agent: str, places: Iterable[GuardrailPlace]) -> bool:
        """Whether it looks at what the agent has in one of these places."""
        return (not self._agents or agent in self._agents) and not set(places).isdisjoint(self.guardrail.on)

    def first(self, value: Any) -> Hit | None:
        """The first thing in the texts of a value on which it fires."""
        return self.first_of(texts_in(value))

    def first_of(self, texts: Iterable[str]) -> Hit | None:
        """The first thing in these texts on which it fires."""
        for text in texts:
            for hit in self._find(text):
                return hit
        return None

    def error(self, where: str, hit: Hit) -> GuardrailError:
        """That it fired; the reason code is its name, then what was found."""
        name, check = self.guardrail.name, self.guardrail.check
        return GuardrailError(
            where,
            got=f"{hit.kind}: {hit.shown}",
            expected=f"what guardrail {name!r} ({check}) lets pass",
            fix="look at where it comes from; if it may pass, add it to `allow` of the guardrail",
            code=f"{name}.{hit.kind}",
        )


def doubt(error: GuardrailError, run: Run, fields: Iterable[str]) -> Fault:
    """The record of what a guardrail fired on that may pass if a person decides the fields."""
    message = f"{error.where}: got {error.got}; expected {error.expected}"[:500]
    return Fault(
        agent=run.agent,
        kind="guardrail",
        attempt=run.attempt,
        message=message.encode("utf-8", "backslashreplace").decode(),
        fix=error.fix,
        basis=run.basis,
        code=error.code,
        fields=tuple(sorted(fields)),
    )


class Guardrails:
    """The guardrails around one agent: what fires is a fault in the agent's place, or sends the fields to a person.

    Args:
        rails: All guardrails of the policy.
        contract: The agent's contract.
    """

    def __init__(self, rails: Sequence[Rail], contract: Contract) -> None:
        self._place: GuardrailPlace = "retrieved" if contract.capability == "retrieval" else "output"
        self._rails = [rail for rail in rails if rail.looks_at(contract.name, (self._place, "effect"))]
        self._on_claims = frozenset(rail for rail in self._rails if self._place in rail.guardrail.on)
        self._on_effects = frozenset(rail for rail in self._rails if "effect" in rail.guardrail.on)

    def __bool__(self) -> bool:
        return bool(self._rails)

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent, where it may pass."""
        return self._looked_at(run, proceed(inputs))

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent, where it may pass."""
        return self._looked_at(run, await proceed(inputs))

    def _looked_at(self, run: Run, output: Output) -> Output:
        faults: list[Fault] = []
        parts: list[tuple[Claim | Effect, frozenset[Rail], list[str]]] = [
            *((claim, self._on_claims, [*filter(None, texts_in(_texts(claim)))]) for claim in output.claims),
            *((effect, self._on_effects, [*filter(None, texts_in(_texts(effect)))]) for effect in output.effects),
        ]
        for rail in self._rails:
            for part, rails, texts in parts:
                hit = rail.first_of(texts) if rail in rails else None
                if hit is None:
                    continue
                error = rail.error(_where(run, part), hit)
                if rail.guardrail.then == "fault":
                    raise error
                fault = doubt(error, run, (part.field,))
                if fault not in faults:
                    faults.append(fault)
        return replace(output, faults=(*output.faults, *faults)) if faults else output


def _texts(part: Claim | Effect) -> Any:
    if isinstance(part, Effect):
        return [part.args, part.reason]
    seen = [(each.text, each.source, each.key) for each in part.evidence if isinstance(each, Passage)]
    return [part.value, part.reason, seen]


def _where(run: Run, part: Claim | Effect) -> str:
    what = f"effect {part.name!r}" if isinstance(part, Effect) else f"claim on {part.field!r}"
    return f"agent {run.agent!r}, {what}"
