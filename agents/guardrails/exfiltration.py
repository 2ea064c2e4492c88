"""Exfiltration: URLs, hosts and addresses in a text through which data could leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from .hit import Hit
from .pii import EMAIL

__all__ = ["destinations", "is_allowed"]

_URL = re.compile(
    r"(?:(?<![\w+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}:[\\/]{2}|//)[^\s<>\"'`{}|^]{1,4000}"
    r"|(?<![\w.])www\.[^\s<>\"'`]{1,4000}"
)
_TRAILING = ".,;:!?)]*_"


def destinations(text: str) -> Iterator[Hit]:
    """The URLs of every scheme, also those without one, and the addresses of mail; `found` is the host or address."""
    if "//" in text or "www." in text or ":\\" in text:
        for match in _URL.finditer(text):
            url = match[0].rstrip(_TRAILING)
            host = _host(url)
            if host is None or "." in host or ":" in host or host == "localhost":
                yield Hit("url", host or url, repr(url[:80]))
    if "@" in text:
        for match in EMAIL.finditer(text):
            yield Hit("address", match[0].lower(), repr(match[0][:80]))


def is_allowed(found: str, allowed: frozenset[str]) -> bool:
    """Whether a host or an address is on the list: itself, or the host, or one that it is below."""
    if found in allowed:
        return True
    labels = found.rpartition("@")[2].split(".")
    return any(".".join(labels[start:]) in allowed for start in range(len(labels)))


def _host(url: str) -> str | None:
    """The host that a browser would go to, in small letters; None where it cannot be told."""
    plain = url.replace("\\", "/")
    try:
        host = urlsplit(plain if "//" in plain else f"//{plain}").hostname
        return host.rstrip(".").encode("idna").decode() if host else None
    except ValueError:
        return None
