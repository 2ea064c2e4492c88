"""Keys: the commands `quorate keys …`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from ..contracts import DatabaseError
from .location import Location
from .screen import console, errors

if TYPE_CHECKING:
    from ..checkpoints import Database
    from ..checkpoints.sealing.seal import Keyring

__all__ = ["print_key", "rotate_keys"]


def print_key() -> None:
    """Print a new key."""
    from ..checkpoints.sealing.key import generate_key

    print(generate_key())  # noqa: T201 (the result)


def rotate_keys(location: Location, way: Literal["encrypt", "decrypt"] | None) -> None:
    """Seal every row with the newest key, or encrypt or decrypt the whole database.

    Raises:
        DatabaseError: There is no key, one is missing, or another program has the database open that is to be
            encrypted or decrypted.
    """
    from ..checkpoints.rotation import Rotation
    from ..checkpoints.sealing.seal import VARIABLE, Keyring

    keyring = Keyring.from_environment()
    if keyring is None:
        raise DatabaseError(
            VARIABLE,
            got="no key",
            expected="the new key first, then every older one that rows are sealed with",
            fix=f"set {VARIABLE} to the keys of the database; where it has none yet, make one: quorate keys new",
        )
    with _opened(location, keyring, way) as database:
        with _progress() as progress:
            rotation = Rotation(database, progress)
            rotation()
        errors().print("writing the database anew, so that nothing is left of the old rows", soft_wrap=True)
        database.log.store.vacuum()
    now = "in plaintext" if way == "decrypt" else f"sealed with the key {keyring.ids[0]}"
    console().print(f"{rotation.sealed:,} rows changed, all {now}; {location.shown}", soft_wrap=True)
    older = keyring.ids if way == "decrypt" else keyring.ids[1:]
    if way == "encrypt":
        errors().print(
            "Tables of effects and projected tables stay in plaintext: drop those that not everybody should read,"
            f" then {location.command('vacuum')}",
            soft_wrap=True,
        )
    if older:
        console().print(f"no longer needed here: {', '.join(older)}", soft_wrap=True)


@contextmanager
def _opened(location: Location, keyring: Keyring, way: Literal["encrypt", "decrypt"] | None) -> Iterator[Database]:
    from ..checkpoints.address import Address
    from ..checkpoints.conversion import open_to_convert

    if way is None:
        with location.open(existing=True) as database:
            yield database
        return
    location.check_existing()
    with open_to_convert(Address.parse(location.url), keyring, encrypt=way == "encrypt") as database:
        yield database


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Shows how many rows were looked at, on a terminal."""
    screen = errors()
    if not screen.is_terminal:
        yield lambda rows: None
        return
    with screen.status("Sealing") as status:
        yield lambda rows: status.update(f"Sealing: {rows:,} rows")
