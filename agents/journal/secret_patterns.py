"""Secret patterns: the forms of the commonest keys, which are looked for without any extra."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

__all__ = ["NAME", "without_known_secrets"]

NAME = "patterns/1"
"""Name and version of these patterns; a change of a pattern is a new version."""

_FORMS = {
    "private key": r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[A-Za-z0-9+/=\s:,.\\-]{1,20000}?"
    r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----",
    "api key": r"(?<![\w-])sk-[A-Za-z0-9_-]{16,400}(?![\w-])",
    "aws key": r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])",
    "github token": r"(?<!\w)(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{20,255})(?!\w)",
    "google key": r"(?<![\w-])AIza[\w-]{35}(?![\w-])",
    "slack token": r"(?<!\w)xox[abeoprs]-[A-Za-z0-9-]{10,255}(?![\w-])",
    "stripe key": r"(?<!\w)[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}(?!\w)",
    "jwt": r"(?<![\w-])eyJ[\w-]{8,4000}\.eyJ[\w-]{4,8000}\.[\w-]{10,2000}",
    "bearer token": r"(?i:\bbearer)\s{1,4}(?P<bearer>[A-Za-z0-9._~+/-]{16,4000}=*)",
    "password": r"(?i:\b(?:password|passwd|pwd|secret|api_?key|access_?token))[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
    r"(?P<password>[^\s\"',;&}{<>]{6,200})",
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
    *((part, "password") for part in ("passw", "pwd", "secret", "apikey", "api_key", "accesstoken", "access_token")),
    ("://", "password in a url"),
)
_SHORTEST = 7
"""Characters below which a text holds no secret that is known by its form: `://:x@y` has as many."""


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
