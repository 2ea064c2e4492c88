"""Budget layer: sets aside what an attempt may take before it begins, and settles it when it has ended."""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from langgraph.errors import GraphBubbleUp

from ...contracts import Accounts, BudgetError, Budgets, Fault, Spend, TenantBudget, Unit, Usage, digest
from ...contracts.budget import shown
from ..agent import Agent
from ..attempt import Attempt
from ..journal.playback import current_playback
from ..output import Output
from ..prices import Prices
from ..run import Run
from .layer import AsyncProceed, Inputs, Proceed
from .purse import Purses

__all__ = ["BudgetLayer"]

_SUPERVISOR = "supervisor"
"""The node that faults about budgets carry the name of: no agent has failed."""


def _now() -> datetime:
    return datetime.now(UTC)


class BudgetLayer:
    """Around one agent: refuses an attempt that there is no budget for.

    The supervisor has set aside what the first attempt may take of the budgets that the state tells about; this sets
    aside what each later one may take, and every attempt's share of the tenant's account.

    Args:
        agent: The agent.
        budgets: The bounds.
        purses: What is left of the budgets, of all agents of the team.
        prices: What models cost.
        accounts: What tenants have spent; needed where `budgets.tenant` bounds anything.
        now: The time.
    """

    def __init__(
        self,
        agent: Agent,
        budgets: Budgets,
        purses: Purses,
        prices: Prices,
        accounts: Accounts | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._agent, self._purses, self._prices, self._now = agent, purses, prices, now
        self._tenant: TenantBudget = budgets.tenant
        charges = bool(budgets.tenant.limits) and not agent.charges
        self._accounts = accounts if charges else None

    def call(self, run: Run, inputs: Inputs, proceed: Proceed) -> Output:
        """The output of a sync agent, if there is a budget for the attempt."""
        accounts, over = self._charged_accounts(), tuple[Fault, ...]()
        with self._set_aside(run) as hold:
            if accounts is not None:
                self._reserve(accounts, run, hold.key)
            try:
                output = proceed(inputs)
                hold.said = output.usage
            except GraphBubbleUp:
                hold.goes_on = self._agent.is_team
                raise
            finally:
                if accounts is not None:
                    over = self._settle(accounts, run, hold.key, hold.charged)
        return _with_faults(output, over)

    async def acall(self, run: Run, inputs: Inputs, proceed: AsyncProceed) -> Output:
        """The output of an async agent; the accounts are asked in a worker thread."""
        accounts, over = self._charged_accounts(), tuple[Fault, ...]()
        with self._set_aside(run) as hold:
            if accounts is not None:
                await self._areserve(accounts, run, hold.key)
            try:
                output = await proceed(inputs)
                hold.said = output.usage
            except GraphBubbleUp:
                hold.goes_on = self._agent.is_team
                raise
            finally:
                if accounts is not None:  # an attempt that is cancelled has spent what it has spent
                    over = await asyncio.shield(asyncio.to_thread(self._settle, accounts, run, hold.key, hold.charged))
        return _with_faults(output, over)

    def _charged_accounts(self) -> Accounts | None:
        """The accounts, where what the attempt takes is to be paid for: in a strict playback nothing is."""
        playback = current_playback() if self._accounts is not None else None
        return self._accounts if playback is None or playback.mode != "strict" else None

    @contextmanager
    def _set_aside(self, run: Run) -> Iterator[_Hold]:
        with self._purses.calling(_key(run)) as key:
            hold = _Hold(self._prices, self._agent, run, key)
            if not run.left:
                with hold.attempt.measured():
                    yield hold
                return
            purse = self._purses.of(run)
            short = purse.take(run.agent, run.reserved, first=run.attempt == 1)
            if short is not None:
                scope, unit, left = short
                raise _refusal(run.agent, scope, _unit(unit), left, run.reserved[unit], run.attempt)
            try:
                with hold.attempt.measured():
                    yield hold
            finally:
                purse.settle(run.agent, run.reserved, hold.spent)

    async def _areserve(self, accounts: Accounts, run: Run, key: str) -> None:
        """The same in a worker thread; nothing stays set aside where the attempt is cancelled meanwhile."""
        reserving = asyncio.ensure_future(asyncio.to_thread(self._reserve, accounts, run, key))
        try:
            await asyncio.shield(reserving)
        except asyncio.CancelledError:
            await asyncio.wait([reserving])
            if not reserving.exception():
                await asyncio.shield(asyncio.to_thread(accounts.settle, key, spent=Spend()))
            raise

    def _reserve(self, accounts: Accounts, run: Run, key: str) -> None:
        amount, budget = _amount(run), self._tenant
        spent = accounts.reserve(key, tenant=run.tenant, amount=amount, budget=budget, now=self._now())
        if spent is None:
            return
        for unit, left in budget.left(spent).items():
            if amount.of(unit) > left:
                code = f"budget_tenant_{unit}"
                raise _refusal(run.agent, _account(run), unit, left, amount.of(unit), run.attempt, code)
        raise _refusal(run.agent, _account(run), "steps", 0.0, 1, run.attempt, "budget_tenant_refused")

    def _settle(self, accounts: Accounts, run: Run, key: str, charged: Spend) -> tuple[Fault, ...]:
        """Settle what was taken; faults where it was more than was set aside, and more than the account has."""
        amount, budget = _amount(run), self._tenant
        accounts.settle(key, spent=charged)
        if all(charged.of(unit) <= amount.of(unit) for unit in budget.limits):
            return ()
        since = None if budget.period is None else self._now() - budget.period
        spent = accounts.spent(run.tenant, since=since)
        return tuple(_overrun(run, unit, budget.limits[unit], spent, charged) for unit in budget.over(spent))


class _Hold:
    """One attempt, with what the agent says that it took."""

    def __init__(self, prices: Prices, agent: Agent, run: Run, key: str) -> None:
        self.key = key
        """Under which it is reserved."""
        self.attempt = Attempt(prices, agent.contract.provider, run.said)
        self.said = Usage()
        self.goes_on = False
        """Whether it will say of this part, too, what it took, when a person has answered it."""

    @property
    def spent(self) -> Spend:
        return Spend() if self.goes_on else self.attempt.taken(self.said).spent

    @property
    def charged(self) -> Spend:
        return Spend() if self.goes_on else self.attempt.charged(self.said)


def _key(run: Run) -> str:
    """Which call it is: the same when it is made again after a crash, even if its step's checkpoint was lost."""
    if not run.thread:
        return digest([run.task or uuid.uuid4().hex, run.attempt])
    return digest([run.thread, run.turn, run.place, run.agent, run.attempt])


def _amount(run: Run) -> Spend:
    """What the supervisor set aside for one attempt."""
    held = run.reserved
    return Spend(math.ceil(held.get("tokens", 0)), held.get("usd", 0.0), held.get("seconds", 0.0), 1)


def _account(run: Run) -> str:
    return f"tenant {run.tenant!r}" if run.tenant else "runs without a tenant"


def _overrun(run: Run, unit: Unit, bound: float, spent: Spend, charged: Spend) -> Fault:
    message = (
        f"{_account(run)}, {unit}: {shown(unit, spent.of(unit))} were spent of {shown(unit, bound)}; "
        f"{run.agent} took {shown(unit, charged.of(unit))}"
    )
    fix = f"set limits.{unit if unit in ('tokens', 'usd') else 'tokens'} of the agent to what it may take"
    return Fault(_SUPERVISOR, "budget", run.attempt, message, fix, code=f"budget_tenant_{unit}")


def _with_faults(output: Output, faults: tuple[Fault, ...]) -> Output:
    return replace(output, faults=(*output.faults, *faults)) if faults else output


def _unit(text: str) -> Unit:
    units: dict[str, Unit] = {"tokens": "tokens", "usd": "usd", "seconds": "seconds", "steps": "steps"}
    return units[text]


def _refusal(
    agent: str, scope: str, unit: Unit, left: float, amount: float, attempt: int, code: str = ""
) -> BudgetError:
    takes = f"; it may take {shown(unit, amount)}" if amount else ""
    return BudgetError(
        f"agent {agent!r}, attempt {attempt}",
        got=f"{shown(unit, max(0.0, left))} left for {scope}{takes}",
        expected="as much as one attempt may take",
        fix="raise the budget in the policy, lower the agent's limits, or wait until the period is over",
        code=code or f"budget_{unit}",
    )
