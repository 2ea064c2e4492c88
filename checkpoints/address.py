"""Address: a database URL, taken apart, whose password is never shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from ..contracts import DatabaseError

__all__ = ["FORMS", "Address"]

FORMS = "sqlite:///file.db (sqlite:////absolute/file.db) or postgresql://user@host/name"
"""The two forms of a URL, for messages."""

_HIDDEN = "***"
_OPTION = re.compile(
    r"(host|hostaddr|port|dbname|user|password|passfile|options|application_name|service|ssl[a-z_]+|gss[a-z]+|krb[a-z]+"
    r"|connect_timeout|client_encoding|keepalives[a-z_]*|tcp_user_timeout|target_session_attrs|load_balance_hosts"
    r"|channel_binding|require_auth|replication|requirepeer)="
)
"""How the options of a URL may begin: libpq knows these names and no others."""
_SECRET_KEY = re.compile(r"(?P<key>\b(?:ssl)?password=)(?P<secret>[^&#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """A database URL, taken apart."""

    scheme: Literal["sqlite", "postgresql"]
    """The kind of database."""
    url: str = field(repr=False)
    """The URL as it was given, with its password."""
    shown: str
    """The URL for people: without its password."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The passwords in the URL, as they stand there."""

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address that a URL gives.

        Raises:
            DatabaseError: The URL is of neither form.
        """
        scheme, separator, rest = url.partition("://")
        hidden, secrets = _hide(rest)
        shown = f"{scheme}{separator}{hidden}"
        if scheme in ("postgresql", "postgres") and separator:
            return cls("postgresql", url, shown, secrets)
        if scheme != "sqlite" or not separator:
            raise DatabaseError(
                "database URL", got=repr(shown), expected=FORMS, fix="give a URL of one of the two forms"
            )
        _check_file(shown, rest)
        return cls("sqlite", url, url)

    @property
    def path(self) -> Path:
        """The file of a SQLite address, absolute: a later change of folder does not move the database."""
        return Path(self.url.removeprefix("sqlite:///")).absolute()

    def scrub(self, text: str) -> str:
        """A driver's message as one line, without the password that it may repeat."""
        line = _one_line(text).replace(_one_line(self.url), self.shown)
        for secret in self.secrets:
            for form in filter(None, (_one_line(secret), _one_line(unquote(secret)))):
                line = line.replace(form, _HIDDEN)
        return line


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _check_file(shown: str, rest: str) -> None:
    name = rest.removeprefix("/")
    if name == ":memory:":
        raise DatabaseError(
            f"database URL {shown}",
            got="a database in memory",
            expected="a file, which several connections share and which outlives the process",
            fix="name a file in a temporary folder; in a test, MemoryLedger and InMemorySaver need no database",
        )
    if not rest.startswith("/") or not name:
        raise DatabaseError(
            f"database URL {shown}",
            got="no file name after three slashes",
            expected=FORMS,
            fix="write three slashes before a relative path, and four before an absolute one",
        )
    if "?" in name or "\0" in name:
        raise DatabaseError(
            f"database URL {shown!r}",
            got="a question mark or a NUL in the path",
            expected="a plain path, without options",
            fix="take what follows the path out of the URL",
        )


def _hide(rest: str) -> tuple[str, tuple[str, ...]]:
    """What follows `//`, with its passwords hidden, and the passwords. In doubt it hides more."""
    secrets = [match["secret"] for match in _SECRET_KEY.finditer(rest) if match["secret"]]
    rest = _SECRET_KEY.sub(rf"\g<key>{_HIDDEN}", rest)
    head, question, query = rest.partition("?")
    if "@" not in head and question and not _OPTION.match(query):
        head, question, query = rest, "", ""  # a password with a bare question mark in it
    credentials, at, host = head.rpartition("@")
    user, colon, password = credentials.partition(":")
    if at and password:
        secrets.append(password)
        head = f"{user}{colon}{_HIDDEN}{at}{host}"
    return f"{head}{question}{query}", tuple(sorted(secrets, key=len, reverse=True))
