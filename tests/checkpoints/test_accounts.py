"""Accounts of tenants: one suite for every store, and a model that random schedules are compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quorate.checkpoints import MemoryAccounts, open_database
from quorate.checkpoints.address import Address
from quorate.checkpoints.database import open_sealed
from quorate.checkpoints.rotation import Rotation
from quorate.checkpoints.sealing.encryption import Transition
from quorate.checkpoints.sealing.seal import Keyring, Sealer
from quorate.contracts import Accounts, InputError, Spend, TenantBudget

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
FREE = TenantBudget()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    """New accounts of each kind."""
    if request.param == "memory":
        yield MemoryAccounts()
        return
    name = "sqlite_url" if request.param == "sqlite" else "empty_postgres_url"
    with open_database(request.getfixturevalue(name)) as database:
        yield database.accounts


def reserve(accounts: Accounts, key: str, amount: Spend, budget: TenantBudget = FREE, **options: Any) -> Spend | None:
    return accounts.reserve(
        key, tenant=options.get("tenant", "acme"), amount=amount, budget=budget, now=options.get("now", NOW)
    )


def test_what_is_reserved_counts_until_it_is_settled(accounts: Accounts) -> None:
    """A reservation counts as spent; once it is settled, what was really taken does, in every unit exactly."""
    assert reserve(accounts, "k", Spend(600, 0.5, 2.0, 1)) is None
    assert accounts.spent("acme") == Spend(600, 0.5, 2.0, 1)
    accounts.settle("k", spent=Spend(431, 0.000000123, 1.25, 1))
    assert accounts.spent("acme") == Spend(431, 0.000000123, 1.25, 1)


def test_no_room(accounts: Accounts) -> None:
    """Where what is left does not suffice, nothing is set aside, and the answer is what is spent."""
    budget = TenantBudget(tokens=1000, steps=10)
    assert reserve(accounts, "a", Spend(600, steps=1), budget) is None
    assert reserve(accounts, "b", Spend(401, steps=1), budget) == Spend(600, steps=1)
    assert accounts.spent("acme") == Spend(600, steps=1)
    assert reserve(accounts, "c", Spend(400, steps=1), budget) is None
    assert reserve(accounts, "d", Spend(0, steps=1), budget) is None  # it takes no tokens


def test_key_twice(accounts: Accounts) -> None:
    """A key that is reserved twice is set aside once, and one that is settled twice counts once."""
    budget = TenantBudget(tokens=1000)
    assert reserve(accounts, "k", Spend(600), budget) is None
    assert reserve(accounts, "k", Spend(600), budget) is None
    accounts.settle("k", spent=Spend(500))
    accounts.settle("k", spent=Spend(500))
    accounts.settle("never reserved", spent=Spend(500))
    assert accounts.spent("acme") == Spend(500)


def test_same_call_again(accounts: Accounts) -> None:
    """A call that is really made again after it was settled is paid for again."""
    for _ in range(2):
        assert reserve(accounts, "k", Spend(600)) is None
        accounts.settle("k", spent=Spend(500))
    assert accounts.spent("acme") == Spend(1000)


def test_tenants_are_apart(accounts: Accounts) -> None:
    """Each tenant has an account of its own; runs without a tenant share one."""
    for tenant in ("acme", "", "x\0y", "\U0001f9fe", "it's \\ 100%"):
        assert reserve(accounts, f"key of {tenant!r}", Spend(len(tenant) + 1), tenant=tenant) is None
    for tenant in ("acme", "", "x\0y", "\U0001f9fe", "it's \\ 100%"):
        assert accounts.spent(tenant) == Spend(len(tenant) + 1)
    with pytest.raises(InputError, match="surrogate"):
        reserve(accounts, "k", Spend(1), tenant="half \ud83d")


def test_period(accounts: Accounts) -> None:
    """What was spent before the hour in which the period began does not count any more; what was in it does."""
    budget = TenantBudget(tokens=1000, period=timedelta(hours=24))
    assert reserve(accounts, "k", Spend(1000), budget) is None
    assert reserve(accounts, "l", Spend(1), budget, now=NOW + timedelta(hours=24, minutes=29)) == Spend(1000)
    assert reserve(accounts, "m", Spend(1), budget, now=NOW + timedelta(hours=25)) is None
    assert accounts.spent("acme", since=NOW + timedelta(hours=1)) == Spend(1)
    assert accounts.spent("acme") == Spend(1001)


def test_side_by_side(accounts: Accounts) -> None:
    """Of many reservations at the same time no more succeed than there is room for."""
    budget = TenantBudget(tokens=1000, usd=0.7)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda key: reserve(accounts, str(key), Spend(90, 0.1, 0, 1), budget), range(24)))
    assert answers.count(None) == 7
    assert accounts.spent("acme") == Spend(630, 0.7, 0, 7)


AMOUNTS = st.builds(
    Spend, st.integers(0, 400), st.integers(0, 10**9).map(lambda nano: nano / 10**9), st.just(0.0), st.just(1)
)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(["reserve", "settle"]), st.sampled_from("abcd"), st.sampled_from(["t", "u"]), AMOUNTS),
    max_size=40,
)


@given(ACTIONS)
@settings(max_examples=60, deadline=None)
def test_random_schedules(actions: list[tuple[str, str, str, Spend]]) -> None:
    """Whatever is reserved, settled, and done again after a crash: nothing counts twice, and nothing is left out."""
    budget = TenantBudget(tokens=1000, usd=1.5)
    with TemporaryDirectory() as folder, open_database(f"sqlite:///{Path(folder) / 'q.db'}") as database:
        for accounts in (MemoryAccounts(), database.accounts):
            settled = {"t": Spend(), "u": Spend()}
            held: dict[str, tuple[str, Spend]] = {}
            for action, key, tenant, amount in actions:
                if action == "settle":
                    accounts.settle(key, spent=amount)
                    if key in held:
                        whose, _ = held.pop(key)
                        settled[whose] += amount
                    continue
                before = settled[tenant] + Spend.total(each for whose, each in held.values() if whose == tenant)
                answer = accounts.reserve(key, tenant=tenant, amount=amount, budget=budget, now=NOW)
                if key in held:
                    assert answer is None
                elif budget.over(before + amount) and any(amount.of(unit) for unit in budget.over(before + amount)):
                    assert answer == before
                else:
                    assert answer is None
                    held[key] = tenant, amount
                for name, sum_ in settled.items():
                    assert accounts.spent(name) == sum_ + Spend.total(
                        each for whose, each in held.values() if whose == name
                    )


class TestSealed:
    """Accounts of an encrypted database."""

    NEW, OLD = bytes(range(32)), bytes(range(1, 33))

    @pytest.fixture
    def opened(self, database_url: str) -> Callable[[Sealer], Any]:
        """Opens one database with a sealer."""
        pytest.importorskip("cryptography", reason="the extra security is not installed")
        return lambda sealer: open_sealed(Address.parse(database_url), sealer)

    def test_row_tells_nothing(self, opened: Callable[[Sealer], Any], database_url: str) -> None:
        """The tenant's name is nowhere in the file; with the key the account is found by it."""
        with opened(Keyring([self.NEW])) as database:
            reserve(database.accounts, "k", Spend(600), tenant="a customer of ours")
            assert database.accounts.spent("a customer of ours") == Spend(600)
            if database_url.startswith("sqlite"):
                path = Address.parse(database_url).path
                everything = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
                assert b"customer" not in everything

    def test_rotation(self, opened: Callable[[Sealer], Any]) -> None:
        """With a new key an account goes on under its new name, with what was reserved; then no old key is needed."""
        with opened(Keyring([self.OLD])) as database:
            for tenant in ("acme", "", "x\0y"):
                reserve(database.accounts, f"k{tenant}", Spend(600), tenant=tenant)
        with opened(Keyring([self.NEW, self.OLD])) as database:
            assert reserve(database.accounts, "l", Spend(500), TenantBudget(tokens=1000)) == Spend(600)
            reserve(database.accounts, "m", Spend(30))
            Rotation(database)()
            assert database.accounts.spent("acme") == Spend(630)
        with opened(Keyring([self.NEW])) as database:
            database.accounts.settle("kacme", spent=Spend(100))
            assert database.accounts.spent("acme") == Spend(130)
            assert database.accounts.spent("") == database.accounts.spent("x\0y") == Spend(600)

    def test_encrypting(self, opened: Callable[[Sealer], Any], database_url: str) -> None:
        """A database in plaintext is encrypted with its accounts."""
        with open_database(database_url) as database:
            reserve(database.accounts, "k", Spend(600))
            reserve(database.accounts, "l", Spend(600), tenant="x\0y")
        keys = Keyring([self.NEW])
        with opened(Transition(keys, encrypt=True)) as database:
            Rotation(database)()
        with opened(keys) as database:
            database.accounts.settle("k", spent=Spend(7))
            assert database.accounts.spent("acme") == Spend(7)
            assert database.accounts.spent("x\0y") == Spend(600)
