"""Roster: the agents of a team, checked against each other and against the fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ..agents import Agent
from ..contracts import OTHERS, BuildError, Field, Policy, same_type, takes_none
from .fallback import fallbacks_of
from .state import State

__all__ = ["Roster"]

RESERVED = frozenset({"intake", "supervisor", "review", "act"})
_MESSAGES = "messages"


class Roster:
    """The agents of a team with the fields of its request and outcome; an error if they do not fit together.

    Args:
        agents: The agents.
        request: Fields of the request, by name.
        outcome: Fields of the outcome, by name.

    Raises:
        BuildError: Two agents of one name, a field that nobody writes or that is read but unknown, a cycle,
            a type that is not the field's; the message names the agents and the fields.
    """

    def __init__(self, agents: Sequence[Agent], request: Mapping[str, Field], outcome: Mapping[str, Field]) -> None:
        self.request = dict(request)
        self.outcome = dict(outcome)
        self._check_names(agents)
        self.agents: dict[str, Agent] = {agent.name: agent for agent in sorted(agents, key=lambda each: each.name)}
        self.fallbacks = fallbacks_of(self.agents)
        """For each agent those that take its place where it fails, one after the other."""
        self._check_fields()
        self._check_types()
        self._check_optional()
        self._check_actions()
        self._check_cycles()

    @cached_property
    def tiers(self) -> dict[str, tuple[tuple[Agent, ...], ...]]:
        """The writers of each outcome field, tier by tier, the cheapest first; without fallbacks."""
        writers: dict[str, dict[int, list[Agent]]] = {name: defaultdict(list) for name in self.outcome}
        for agent in self.agents.values():
            for field in agent.contract.writes if not agent.contract.instead_of else ():
                writers[field][agent.contract.tier].append(agent)
        return {field: tuple(tuple(tiers[tier]) for tier in sorted(tiers)) for field, tiers in writers.items()}

    @cached_property
    def actions(self) -> frozenset[str]:
        """The fields that action agents write: what became of an effect."""
        return frozenset(
            field
            for agent in self.agents.values()
            if agent.contract.capability == "action"
            for field in agent.contract.writes
        )

    def line(self, agent: Agent) -> Sequence[Agent]:
        """The agent, and those that take its place where it fails, one after the other."""
        return (agent, *self.fallbacks.get(agent.name, ()))

    def lines(self, names: Iterable[str]) -> frozenset[str]:
        """The agents of these names, and those that take their places."""
        return frozenset(each.name for name in names for each in self.line(self.agents[name]))

    def hears(self, fields: Iterable[str]) -> bool:
        """Whether an agent that the fields may need reads `messages`, so that a reviewer can be heard."""
        return any(
            _MESSAGES in self.agents[name].contract.reads and _MESSAGES not in self.request
            for name in self.needed(fields)
        )

    def shows_others(self, agent: str) -> bool:
        """Whether the agent wants to see what the others claim, and may revise what it claims."""
        return OTHERS in self.agents[agent].contract.reads - self.request.keys() - self.outcome.keys()

    def needed(self, goals: Iterable[str]) -> frozenset[str]:
        """The names of all agents that the goals may need, by backward chaining."""
        fields, agents = list(goals), set[str]()
        seen = set(fields)
        while fields:
            for tier in self.tiers.get(fields.pop(), ()):
                for agent in (each for principal in tier for each in self.line(principal)):
                    agents.add(agent.name)
                    upstream = (agent.contract.reads & self.outcome.keys()) - seen
                    seen |= upstream
                    fields.extend(sorted(upstream))
        return frozenset(agents)

    def check_policy(self, policy: Policy) -> None:
        """Check that the policy speaks of fields and agents that exist.

        Raises:
            BuildError: It names an unknown field or agent, forces a value of another type, or its rules look
                in a circle.
        """
        for place, field in [
            *((f"fields.{name}", name) for name in policy.fields),
            *((f"rule {rule.name!r}", name) for rule in policy.rules for name in rule.fields if name != "*"),
            *((f"rule {rule.name!r}, when", name) for rule in policy.rules for name in sorted(rule.upstream)),
            *((f"effects.{key}", name) for key, terms in policy.effects.items() for name in sorted(terms.upstream)),
        ]:
            if field not in self.outcome:
                raise BuildError(
                    f"policy {policy.name!r}, {place}",
                    got=f"field {field!r}",
                    expected=f"one of {_list(self.outcome)}",
                    fix="correct the name",
                )
        self._check_agents(policy)
        for name in [*policy.fields, *self.outcome]:
            context = policy.of(name).context
            if context and context not in self.request:
                raise BuildError(
                    f"policy {policy.name!r}, context of {name!r}",
                    got=f"field {context!r}",
                    expected=f"a field of the request: {_list(self.request)}",
                    fix="correct the name",
                )
        for name, terms in policy.fields.items():
            writers = sum(map(len, self.tiers[name]))
            if terms.quorum > writers:
                raise BuildError(
                    f"policy {policy.name!r}, quorum of {name!r}",
                    got=str(terms.quorum),
                    expected=f"at most {writers}, the number of agents that write it",
                    fix="lower the quorum, add an agent, or set `review: always`",
                )
        for rule in policy.rules:
            if rule.then == "force":
                self._check_force(policy, rule.name, rule.fields, rule.value)
        self._check_cycles(policy)

    def _check_agents(self, policy: Policy) -> None:
        for place, names in [
            *((f"weights of {name!r}", policy.of(name).weights.keys()) for name in [*policy.fields, *self.outcome]),
            *((f"veto of {name!r}", set(policy.of(name).veto)) for name in [*policy.fields, *self.outcome]),
            *((f"rule {rule.name!r}, agent", rule.agents) for rule in policy.rules),
            ("handoff", policy.handoff.keys()),
            ("permissions", policy.permissions.keys()),
            *((f"guardrail {each.name!r}, agents", set(each.agents)) for each in policy.guardrails),
        ]:
            unknown = sorted(names - self.agents.keys())
            if unknown:
                raise BuildError(
                    f"policy {policy.name!r}, {place}",
                    got=f"agent {unknown[0]!r}",
                    expected=f"one of {_list(self.agents)}",
                    fix="correct the name",
                )

    def _check_force(self, policy: Policy, rule: str, fields: Sequence[str], value: Any) -> None:
        for name in self.outcome if "*" in fields else fields:
            try:
                self.outcome[name].plain(value)
            except ValueError as error:
                raise BuildError(
                    f"policy {policy.name!r}, rule {rule!r}",
                    got=f"value {value!r}",
                    expected=f"a value of the type of {name!r}",
                    fix="correct `value`",
                ) from error

    def _check_names(self, agents: Sequence[Agent]) -> None:
        names = [agent.name for agent in agents]
        for name in names:
            if names.count(name) > 1:
                raise BuildError(
                    "agents",
                    got=f"{names.count(name)} agents of the name {name!r}",
                    expected="a name of its own for each",
                    fix="pass `name=` to one of them",
                )
            if name in RESERVED or name in _CHANNELS:
                raise BuildError(
                    "agents",
                    got=f"an agent of the name {name!r}",
                    expected=f"a name other than {_list(RESERVED | _CHANNELS)}",
                    fix="rename it",
                )
        if _MESSAGES in self.outcome:
            raise BuildError(
                "fields",
                got=f"{_MESSAGES!r} in the outcome",
                expected=f"another name: {_MESSAGES!r} is the conversation",
                fix="rename it in the outcome",
            )
        both = self.request.keys() & self.outcome.keys()
        if both:
            raise BuildError(
                "fields",
                got=f"{_list(both)} in the request and in the outcome",
                expected="each field in one of them",
                fix="rename it in one of the models",
            )

    def _check_fields(self) -> None:
        known = self.request.keys() | self.outcome.keys() | {_MESSAGES, OTHERS}
        for agent in self.agents.values():
            for field in sorted(agent.contract.reads - known):
                raise BuildError(
                    f"agent {agent.name!r}",
                    got=f"a read of the unknown field {field!r}",
                    expected=f"one of {_list(known)}",
                    fix="correct `reads`, or add the field to the request or the outcome",
                )
            for field in sorted(agent.contract.writes - self.outcome.keys()):
                raise BuildError(
                    f"agent {agent.name!r}",
                    got=f"a write of the unknown field {field!r}",
                    expected=f"one of {_list(self.outcome)}",
                    fix="correct `writes`, or add the field to the outcome",
                )
        for field in self.outcome:
            if not any(field in agent.contract.writes for agent in self.agents.values()):
                readers = [agent.name for agent in self.agents.values() if field in agent.contract.reads]
                raise BuildError(
                    f"outcome field {field!r}",
                    got="no agent that writes it" + (f", though {_list(readers)} read it" if readers else ""),
                    expected="at least one agent with it in `writes`",
                    fix=f"add {field!r} to the `writes` of an agent, or take it out of the outcome",
                )

    def _check_types(self) -> None:
        fields = {**self.request, **self.outcome}
        for agent in self.agents.values():
            for name, annotation in agent.contract.types.items():
                field = fields.get(name)
                if field is not None and not same_type(annotation, field.annotation):
                    verb = "claims" if name in agent.contract.writes else "reads"
                    raise BuildError(
                        f"agent {agent.name!r}",
                        got=f"{verb} {name!r} as {_type(annotation)}",
                        expected=f"the field's type {_type(field.annotation)}",
                        fix="make the types the same",
                    )

    def _check_optional(self) -> None:
        for agent in self.agents.values():
            for name in sorted(agent.contract.reads & self.outcome.keys() & agent.contract.types.keys()):
                field, annotation = self.outcome[name], agent.contract.types[name]
                if not field.required and field.default is None and not takes_none(annotation):
                    raise BuildError(
                        f"agent {agent.name!r}",
                        got=f"reads {name!r} as {_type(annotation)}",
                        expected=f"{_type(annotation)} | None, because the field may stay empty",
                        fix="take None, or give the field a default of its type",
                    )

    def _check_actions(self) -> None:
        for agent in self.agents.values():
            if agent.contract.capability == "action" and len(agent.contract.writes) != 1:
                raise BuildError(
                    f"action agent {agent.name!r}",
                    got=f"writes {_list(agent.contract.writes)}",
                    expected="exactly one field, for what became of its effect",
                    fix="split it into one agent for each field",
                )

    def _check_cycles(self, policy: Policy | None = None) -> None:
        done: set[str] = set()
        for field in self.outcome:
            self._walk(field, [], [], done, policy)

    def _walk(self, field: str, fields: list[str], ways: list[str], done: set[str], policy: Policy | None) -> None:
        """Follow the field upstream; `ways` holds what leads from each of `fields` to the next."""
        if field in fields:
            start = fields.index(field)
            loop = [name for step in zip(fields[start:], ways[start:], strict=True) for name in step]
            raise BuildError(
                "contracts" if policy is None else f"policy {policy.name!r}",
                got="a cycle: " + " -> ".join([*loop, field]),
                expected="fields that can be derived one after the other",
                fix="let one of these agents or rules read less, or write a field of its own",
            )
        if field in done:
            return
        for way, upstream in self._upstream(field, policy):
            self._walk(upstream, [*fields, field], [*ways, way], done, policy)
        done.add(field)

    def _upstream(self, field: str, policy: Policy | None) -> Iterator[tuple[str, str]]:
        """The fields that a field waits for, each with the agent or rule by which it does."""
        for tier in self.tiers[field]:
            for agent in (each for principal in tier for each in self.line(principal)):
                for upstream in sorted(agent.contract.reads & self.outcome.keys()):
                    yield agent.name, upstream
        for rule in policy.rules_for(field) if policy is not None else ():
            for upstream in sorted(rule.upstream - {field}):
                yield f"rule {rule.name!r}", upstream


_CHANNELS = frozenset(State.__annotations__)


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _type(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
