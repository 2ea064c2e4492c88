"""Budget: which agents there is a budget for, and where more was spent than was allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..agents import Agent
from ..contracts import Budget, Fault, Policy, Spend, Unit, base_of
from ..contracts.budget import shown
from .roster import Roster
from .turn import Turn

__all__ = ["Affordable", "affordable", "is_refused", "overruns", "refused_among"]

_SUPERVISOR = "supervisor"
_LEAST: Mapping[Unit, float] = {"tokens": 1, "usd": 1e-9, "seconds": 0.0, "steps": 1}
"""What a model takes at least of which nothing is known yet."""
_ROUNDING = 1e-9

Bases = Mapping[str, Mapping[str, int]]
Amounts = Mapping[Unit, float]


@dataclass(frozen=True, slots=True)
class Affordable:
    """Which of the agents that are ready there is a budget for."""

    now: Bases
    """Those that run now, with the versions that they will read."""
    refused: tuple[Fault, ...] = ()
    """For each of those that what is left does not suffice for, whatever the others take: that it is not run."""
    waiting: tuple[str, ...] = ()
    """Those for which there is enough only if the others take less than is set aside for them."""
    reserved: Mapping[str, Amounts] = field(default_factory=dict)
    """What is set aside for one attempt of each, in the units that are bounded."""
    left: Mapping[str, Amounts] = field(default_factory=dict)
    """What is left of each budget before that, by scope."""


def affordable(ready: Bases, turn: Turn, roster: Roster, policy: Policy) -> Affordable:
    """Which of the agents there is a budget for; a pure function.

    For one attempt of each is set aside what its contract says that it may take, else the most that a run of it took
    before in the thread. Those of a cheaper tier come first, then those that take less.

    Args:
        ready: The agents, with the versions that they will read.
        turn: The shared state: what was spent.
        roster: The team.
        policy: The budgets.
    """
    if not policy.budgets:
        return Affordable(ready)
    left = _left(turn, policy)
    rest = {scope: dict(amounts) for scope, amounts in left.items()}
    units = set[Unit]().union(*left.values(), policy.budgets.tenant.limits)
    expected = {name: _expected(roster.agents[name], turn, units, in_usd=policy.budgets.in_usd) for name in ready}
    now, refused, waiting = dict[str, Mapping[str, int]](), [], []
    for name in sorted(ready, key=lambda name: _order(roster.agents[name], expected[name])):
        amounts, scopes = expected[name], [scope for scope in ("turn", "thread", f"agent:{name}") if scope in left]
        short = next(_short(amounts, scopes, left), None)
        if short is not None:
            refused.append(_refusal(roster.agents[name], ready[name], amounts, *short, policy))
        elif next(_short(amounts, scopes, rest), None) is not None:
            waiting.append(name)
        else:
            now[name] = ready[name]
            for scope in scopes:
                for unit, bound in rest[scope].items():
                    rest[scope][unit] = round(bound - amounts[unit], 9)
    return Affordable(
        dict(sorted(now.items())),
        tuple(refused),
        tuple(sorted(waiting)),
        {name: expected[name] for name in sorted(now)} if units else {},
        left,
    )


def overruns(turn: Turn, roster: Roster, policy: Policy) -> tuple[Fault, ...]:
    """A fault for each budget of which more was spent than it allows, and for what no price is known of, once each."""
    if not policy.budgets:
        return ()
    known = {(fault.code, fault.message.partition(":")[0]) for fault in turn.faults if fault.agent == _SUPERVISOR}
    return tuple(
        fault
        for fault in [*_overspent(turn, policy), *_beyond_limits(turn, roster, policy), *_unpriced(turn, policy)]
        if (fault.code, fault.message.partition(":")[0]) not in known
    )


def is_refused(turn: Turn, agent: str, basis: Mapping[str, int] | None) -> bool:
    """Whether there was no budget for the agent on what it would read."""
    return any(fault.agent == agent and fault.kind == "budget" and fault.basis == basis for fault in turn.faults)


def refused_among(turn: Turn, bases: Bases) -> list[str]:
    """The agents that there was no budget for on what they would read, also not in a round of revising; sorted."""
    found = (fault for fault in turn.faults if fault.kind == "budget" and fault.agent in bases)
    return sorted({fault.agent for fault in found if base_of(fault.basis) == bases[fault.agent]})


def _left(turn: Turn, policy: Policy) -> dict[str, Amounts]:
    left: dict[str, Amounts] = {}
    for scope, budget in policy.budgets.scopes:
        if budget.limits:
            left[scope] = budget.left(_spent(turn, scope))
    return left


def _spent(turn: Turn, scope: str) -> Spend:
    match scope.partition(":"):
        case ("turn", _, _):
            return turn.spent
        case ("thread", _, _):
            return turn.thread_spent
        case (_, _, name):
            return turn.spent_by.get(name, Spend())


def _expected(agent: Agent, turn: Turn, units: set[Unit], *, in_usd: bool) -> dict[Unit, float]:
    """What one attempt of an agent may take, in each unit."""
    limits, most = agent.contract.limits, turn.most.get(agent.name)
    said: Mapping[Unit, float | None] = {"tokens": limits.tokens, "usd": limits.usd, "steps": 1}
    expected: dict[Unit, float] = {}
    for unit in sorted(units):
        known = said.get(unit)
        if known is None and most is not None:
            known = most.of(unit)
        if known is None:
            known = _LEAST[unit] if agent.model else 0.0
        expected[unit] = known
    if in_usd and limits.usd is None and agent.name in _without_price(turn):
        expected["usd"] = float(10**12)  # nobody knows: no budget has room for it
    return expected


def _without_price(turn: Turn) -> Mapping[str, str]:
    """The agents that used tokens which nobody knows the price of, each with the model."""
    return {usage.agent: usage.model for usage in turn.usage if usage.unpriced}


def _order(agent: Agent, amounts: Amounts) -> tuple[int, float, float, str]:
    return agent.contract.tier, amounts.get("usd", 0.0), amounts.get("tokens", 0.0), agent.name


def _short(amounts: Amounts, scopes: list[str], left: Mapping[str, Amounts]) -> Iterator[tuple[str, Unit, float]]:
    for scope in scopes:
        for unit, room in left[scope].items():
            if amounts[unit] > 0 and amounts[unit] > room + _ROUNDING:
                yield scope, unit, room


def _refusal(
    agent: Agent, basis: Mapping[str, int], amounts: Amounts, scope: str, unit: Unit, room: float, policy: Policy
) -> Fault:
    where = _shown_scope(scope)
    if unit == "usd" and amounts[unit] >= 10**12:
        message = f"not run: nobody knows the price of its model, and {where} is bounded in US dollars"
        return Fault(agent.name, "budget", 0, message, _PRICE, basis, "budget_price")
    bound = _of_scope(policy, scope).limits[unit]
    rest = shown(unit, max(0.0, room))
    message = f"not run: of {shown(unit, bound)} for {where} {rest} left, and it may take {shown(unit, amounts[unit])}"
    fix = f"raise budgets.{_key(scope)}.{unit} in the policy, or lower what the agent takes (limits.{unit})"
    return Fault(agent.name, "budget", 0, message, fix, basis, f"budget_{unit}")


_PRICE = "write the model's price into the policy (budgets.prices), or install the extra: pip install 'quorate[prices]'"


def _overspent(turn: Turn, policy: Policy) -> Iterator[Fault]:
    for scope, budget in policy.budgets.scopes:
        spent = _spent(turn, scope)
        for unit in budget.over(spent):
            by = sorted(
                ((each.of(unit), name) for name, each in turn.spent_by.items() if each.of(unit)),
                key=lambda item: (-item[0], item[1]),
            )
            shares = ", ".join(f"{name} {shown(unit, amount)}" for amount, name in by[:5])
            message = (
                f"{_shown_scope(scope)}, {unit}: {shown(unit, spent.of(unit))} were spent of "
                f"{shown(unit, budget.limits[unit])}; in this turn: {shares}"
            )
            fix = f"set limits.{unit if unit in ('tokens', 'usd') else 'tokens'} of these agents to what they may take"
            yield Fault(_SUPERVISOR, "budget", 1, message, fix, code=f"budget_{unit}")


def _beyond_limits(turn: Turn, roster: Roster, policy: Policy) -> Iterator[Fault]:
    units = {unit for _, budget in policy.budgets.scopes for unit in budget.limits}
    for usage in turn.usage:
        agent = roster.agents.get(usage.agent)
        if agent is None:
            continue
        limits = agent.contract.limits
        bounds: Mapping[Unit, float | None] = {"tokens": limits.tokens, "usd": limits.usd}
        for unit, bound in bounds.items():
            if bound is not None and unit in units and usage.spent.of(unit) > bound * usage.attempts + _ROUNDING:
                took = shown(unit, usage.spent.of(unit))
                message = (
                    f"agent {usage.agent!r}, limits.{unit}: took {took} in "
                    f"{shown('steps', usage.attempts)}, and {shown(unit, bound)} were set aside for each"
                )
                yield Fault(_SUPERVISOR, "budget", 1, message, f"raise limits.{unit}", code=f"budget_{unit}")


def _unpriced(turn: Turn, policy: Policy) -> Iterator[Fault]:
    if policy.budgets.in_usd:
        for agent, model in sorted(_without_price(turn).items()):
            message = f"agent {agent!r}, model {model!r}: its tokens have no price, and a budget is in US dollars"
            yield Fault(_SUPERVISOR, "budget", 1, message, _PRICE, code="budget_price")


def _of_scope(policy: Policy, scope: str) -> Budget:
    return dict(policy.budgets.scopes)[scope]


def _shown_scope(scope: str) -> str:
    _, is_agent, name = scope.partition(":")
    return f"agent {name!r} in this turn" if is_agent else f"this {scope}"


def _key(scope: str) -> str:
    return scope.replace("agent:", "agents.")
