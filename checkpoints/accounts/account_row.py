"""Account row: an account's name as a database stores it."""

from __future__ import annotations

from dataclasses import dataclass

from ..sealing.seal import Sealer
from .account import checked_tenant

__all__ = ["AccountNames"]

_TABLE = "quorate_accounts"


@dataclass(frozen=True, slots=True)
class AccountNames:
    """Makes names of tenants, and tenants of names: sealed where the database is encrypted."""

    sealer: Sealer
    """What seals them."""

    def names_of(self, tenant: str) -> tuple[str, ...]:
        """The names under which an account's rows may stand. New ones take the first.

        Raises:
            InputError: No tenant can have that name.
        """
        return self.sealer.names_of(checked_tenant(tenant))

    def sealed(self, tenant: str) -> bytes | None:
        """What is stored beside the name, so that it can be made anew from another key; None without encryption."""
        name = self.names_of(tenant)[0]
        return self.sealer.seal(tenant.encode(), _context(name)) if self.sealer.encrypts else None

    def is_current(self, name: str, sealed: bytes | None) -> bool:
        """Whether a row is as it would be stored today."""
        return self.sealer.is_current(name.encode() if sealed is None else sealed)

    def tenant_of(self, name: str, sealed: bytes | None) -> str:
        """Whose account it is.

        Raises:
            DatabaseError: The row was not sealed with a key that is here, or not sealed as the others are.
        """
        if sealed is None:
            self.sealer.open(name.encode(), _context(name))  # refuses what is not sealed where all is
            return name
        return self.sealer.open(sealed, _context(name)).decode()


def _context(name: str) -> bytes:
    """What a sealed row is bound to: its own name."""
    return f"{_TABLE}\0{name}".encode()
