"""Treasury: what a team needs to keep to its budgets: prices, purses, the accounts of tenants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..agents import Agent
from ..agents.layers.budget import BudgetLayer
from ..agents.layers.purse import Purses
from ..agents.prices import Prices
from ..contracts import Accounts, BuildError, Policy

__all__ = ["Treasury"]


class Treasury:
    """What a team needs to keep to the budgets of its policy.

    Args:
        policy: The budgets, and prices of its own.
        agents: The agents, by name.
        accounts: What tenants have spent; None where nothing is bounded for tenants.

    Raises:
        BuildError: The budgets name an unknown agent, tenants are bounded and there are no accounts, or something is
            bounded in US dollars and nobody knows the price of an agent's model.
    """

    def __init__(self, policy: Policy, agents: Mapping[str, Agent], accounts: Accounts | None) -> None:
        self._budgets, self._accounts = policy.budgets, accounts
        self.prices = Prices(policy.budgets.prices)
        """What models cost."""
        self._purses = Purses()
        where = f"policy {policy.name!r}, budgets"
        unknown = sorted(policy.budgets.agents.keys() - agents.keys())
        if unknown:
            raise BuildError(
                f"{where}.agents",
                got=f"agent {unknown[0]!r}",
                expected=f"one of {', '.join(sorted(agents))}",
                fix="correct the name",
            )
        if policy.budgets.tenant.limits and accounts is None:
            raise BuildError(
                f"{where}.tenant",
                got="bounds, and no accounts",
                expected="accounts that remember what each tenant has spent",
                fix="pass accounts=open_database(...).accounts to the Supervisor",
            )
        self._check_prices(where, agents)

    def layers_for(self, agent: Agent) -> Sequence[BudgetLayer]:
        """The layer around the agent that keeps to the budgets; none where nothing is bounded."""
        if not self._budgets:
            return ()
        return (BudgetLayer(agent, self._budgets, self._purses, self.prices, self._accounts),)

    def _check_prices(self, where: str, agents: Mapping[str, Agent]) -> None:
        for agent in agents.values() if self._budgets.in_usd else ():
            if agent.model and not self.prices.knows(agent.model, agent.contract.provider):
                raise BuildError(
                    f"{where}, agent {agent.name!r}",
                    got=f"bounds in US dollars, and the model {agent.model!r}, whose price nobody knows",
                    expected="a price for each model",
                    fix=f"write it into the policy (budgets.prices: {{{agent.model}: {{input: ..., output: ...}}}}, "
                    "in US dollars for a million tokens), or install the extra: pip install 'quorate[prices]'",
                )
