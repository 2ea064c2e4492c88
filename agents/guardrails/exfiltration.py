"""Exfiltration: URLs, hosts and addresses in a text through which data could leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .hit import Hit

__all__ = ["destinations", "is_allowed"]

_REST = r"[^\s<>\"'`{}|^]"
_URL = re.compile(
    rf"(?<![\w+.-])(?:https?|wss?):{_REST}+"  # browsers need no slashes there
    rf"|(?:(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{{1,20}}:[\\/]{{2}}|//|/\\|(?<![\w:])\\\\){_REST}+"
    rf"|(?<![\w.])www\.{_REST}+"
    rf"|(?<![\w@./\\-])(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}(?::\d{{1,5}})?(?:/|\?\w){_REST}*",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:(?:https?|wss?):|[A-Za-z][A-Za-z0-9+.-]{1,20}:[\\/]{2})[\\/]*", re.IGNORECASE)
_TRAILING = ".,;:!?)]*_"
_AT = re.compile(r"(?<=[^\s/@])@(\[[^\]\s]+\]|[\w.\u3002\uff61-]+)")
_DOTS = str.maketrans("\u3002\uff61", "..")
_MAILBOX = 320
"""Characters before the host of an address that are looked at: no mail server takes as many."""
_ENDS = " \t\r\n<>\"'`(),;:[]{}|\\/"
_HOST = 253
"""The most characters of a host."""
_MAPPED_OTHERWISE = re.compile("[\u00df\u03c2\u200c\u200d\u1e9e]")
"""Letters that browsers write into a host in another way than Python's codec does."""


def destinations(text: str) -> Iterator[Hit]:
    """The URLs of every scheme, also those without one, and the addresses of mail; `found` is the host or address."""
    for match in _URL.finditer(text):
        url = match[0].rstrip(_TRAILING)
        host = _host(url)
        if host is None or "." in host or ":" in host or host == "localhost" or _SCHEME.match(url):
            yield Hit("url", host or url, repr((host or url)[-80:]))
    for match in _AT.finditer(text):
        host = match[1].translate(_DOTS).rstrip(".-_").lower()
        if "." in host and not host.rpartition(".")[2].isdigit():
            yield Hit("address", f"{_mailbox(text, match.start())}@{host}", repr(f"...@{host[-80:]}"))


def is_allowed(found: str, allowed: frozenset[str]) -> bool:
    """Whether a host or an address is on the list: itself, or the host, or one that it is below."""
    if found in allowed:
        return True
    labels = found.rpartition("@")[2].split(".")
    return any(".".join(labels[start:]) in allowed for start in range(len(labels)))


def _mailbox(text: str, end: int) -> str:
    """What stands before the `@` of an address."""
    before = text[max(0, end - _MAILBOX) : end]
    return before[max(map(before.rfind, _ENDS)) + 1 :].lower()


def _host(url: str) -> str | None:
    """The host that a browser would go to, in small letters; None where it cannot be told."""
    plain = url.replace("\\", "/")
    scheme = _SCHEME.match(plain)
    rest = plain[scheme.end() :] if scheme else plain.lstrip("/")
    try:
        host = urlsplit(f"//{rest}").hostname
        if not host or len(host) > _HOST or _MAPPED_OTHERWISE.search(host):
            return None
        return host.rstrip(".").encode("idna").decode()
    except ValueError:
        return None
