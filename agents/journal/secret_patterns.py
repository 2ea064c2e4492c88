"""Secret patterns: the forms of the commonest keys, which are looked for without any extra."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

__all__ = ["NAME", "names_secret", "without_known_secrets", "without_secrets"]

NAME = "patterns/1"
"""Name and version of these patterns; a change of a pattern is a new version."""

_IS = r"\\{0,4}[\"']?\s{0,4}[:=]\s{0,4}\\{0,4}[\"']?"
"""Between a name and its value, also in JSON within JSON."""
_NAMES = (
    r"password|passwd|pwd|secret(?:[_-]?access)?(?:[_-]?key)?|api[_-]?key|private[_-]?key"
    r"|(?:access|auth|refresh|bearer)[_-]?token"
)
_FORMS = {
    "private key": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s:,.\\-]{1,20000}?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)",  # an error's words may be cut
    "api key": r"(?<![\w-])sk-[A-Za-z0-9_-]{16,400}(?![\w-])",
    "aws key": r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",
    "github token": r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{20,255})(?!\w)",
    "google key": r"(?<![\w-])AIza[\w-]{35}(?![\w-])",
    "slack token": r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,255}(?![\w-])",
    "stripe key": r"(?<!\w)[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}(?!\w)",
    "jwt": r"(?<![\w-])eyJ[\w-]{8,4000}\.eyJ[\w-]{4,8000}\.[\w-]{10,2000}",
    "bearer token": r"(?i:\bbearer)\s{1,4}(?P<bearer>[A-Za-z0-9._~+/-]{16,4000}=*)",
    "basic credentials": rf"(?i:\bauthorization{_IS}basic)\s{{1,4}}(?P<basic>[A-Za-z0-9+/_-]{{4,2000}}=*)",
    "password": rf"(?i:(?<![^\W_])(?:{_NAMES})){_IS}"
    r"(?P<password>(?:[^\s\"',;&}{<>\\]|\\(?![\"'])){6,200})",
    "password in a url": r"://[^\s:/@]{0,100}:(?P<url>[^\s/@]{1,200})@",
}
_PATTERNS = {kind: re.compile(form) for kind, form in _FORMS.items()}
# What a secret of each kind cannot be without, in small letters, so that most texts are searched for it alone.
_NEEDED = (
    ("private key-----", "private key"),
    ("sk-", "api key"),
    *((part, "aws key") for part in ("akia", "asia", "abia", "acca")),
    *((part, "github token") for part in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_")),
    ("aiza", "google key"),
    ("xox", "slack token"),
    ("k_live_", "stripe key"),
    ("k_test_", "stripe key"),
    ("eyj", "jwt"),
    ("bearer", "bearer token"),
    ("basic", "basic credentials"),
    *((part, "password") for part in ("passw", "pwd", "secret", "apikey", "api_key", "api-key", "privatekey")),
    *((part, "password") for part in ("private_key", "private-key", "_token", "-token", "sstoken", "thtoken")),
    *((part, "password") for part in ("shtoken", "ertoken")),
    ("://", "password in a url"),
)
_NAME = re.compile(rf"(?i:.*(?:{_NAMES}|authorization))")
"""Under what keys a secret stands."""
_LONGEST_NAME = 100
_SHORTEST = 7
"""Characters below which a text holds no secret that is known by its form: `://:x@y` has as many."""


def names_secret(key: str) -> bool:
    """Whether what stands under a key is a secret by its name, as a password is."""
    return len(key) <= _LONGEST_NAME and _NAME.fullmatch(key) is not None


def without_secrets(text: str) -> str:
    """The text with a mark in the place of each secret in it, for what is shown and stored as it is."""
    return without_known_secrets(text, lambda kind, secret: f"[redacted: {kind}]")


def without_known_secrets(text: str, token: Callable[[str, str], str]) -> str:
    """The text without the secrets in it.

    Args:
        text: The text.
        token: From what a secret is, and the secret itself, to what stands in its place.
    """
    if len(text) < _SHORTEST:
        return text
    small = text.lower()
    kinds = [kind for part, kind in _NEEDED if part in small]
    if kinds:
        for kind, pattern in _PATTERNS.items():
            if kind in kinds:
                text = pattern.sub(partial(_replaced, kind, token), text)
    return text


def _replaced(kind: str, token: Callable[[str, str], str], match: re.Match[str]) -> str:
    group = match.lastgroup or 0
    secret = match[group]
    if secret.startswith("[redacted"):
        return match[0]
    start, end = match.start(group) - match.start(), match.end(group) - match.start()
    return match[0][:start] + token(kind, secret) + match[0][end:]
