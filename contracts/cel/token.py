"""Token: the smallest parts of a condition's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["CelSyntaxError", "Token", "tokens"]

Kind = Literal["constant", "name", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<space>(?:\s+|//[^\n]*)+)
      | (?P<text>(?P<prefix>[rR]|[bB][rR]?)?
          (?:'{3}(?:\\.|[^\\])*?'{3} | "{3}(?:\\.|[^\\])*?"{3} | '(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*"))
      | (?P<float>(?:\d+\.\d+|\.\d+|\d+(?=[eE]))(?:[eE][+-]?\d+)?)
      | (?P<int>0[xX][0-9a-fA-F]+|\d+)[uU]?(?!\w)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>\|\||&&|[=!<>]=|[-+*/%<>!?:.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_RAW = re.compile(r"""[bB]?[rR](?:'{3}.*?'{3}|"{3}.*?"{3}|'[^'\n]*'|"[^"\n]*")""", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.DOTALL)
_ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_WORDS = {"true": True, "false": False, "null": None}


class CelSyntaxError(ValueError):
    """A text is no condition that can be read; the message says what came where."""


@dataclass(frozen=True, slots=True)
class Token:
    """One of the smallest parts of a condition's text."""

    kind: Kind
    """What it is; `in` is a sign, `true`, `false` and `null` are constants."""
    text: str
    """As it is written."""
    place: int
    """Index of its first character."""
    value: bool | int | float | str | bytes | None = None
    """Of a constant its value."""


def tokens(source: str) -> Iterator[Token]:
    """The tokens of a text, without space and comments, and one of the kind `end`.

    Raises:
        CelSyntaxError: A character begins no token.
    """
    place = 0
    while place < len(source):
        # Within a raw text a backslash is a character like any other.
        match = _TOKEN.match(source, place)
        raw = _RAW.match(source, place)
        if match is None:
            raise CelSyntaxError(f"{source[place]!r} at character {place + 1}")
        end = raw.end() if raw else match.end()
        if raw or not match["space"]:
            yield _raw(raw[0], place) if raw else _token(match, place)
        place = end
    yield Token("end", "", place)


def _token(match: re.Match[str], place: int) -> Token:
    text = match[0]
    if match["text"] is not None:
        content = _unescape(_within(text[len(match["prefix"] or "") :]))
        return Token("constant", text, place, content.encode() if match["prefix"] else content)
    if match["float"] is not None:
        return Token("constant", text, place, float(text))
    if match["int"] is not None:
        return Token("constant", text, place, int(match["int"], 16 if text[:2] in ("0x", "0X") else 10))
    if text in _WORDS:
        return Token("constant", text, place, _WORDS[text])
    return Token("name" if match["name"] and text != "in" else "sign", text, place)


def _raw(text: str, place: int) -> Token:
    quote = min(text.index(each) for each in "'\"" if each in text)
    content = _within(text[quote:])
    return Token("constant", text, place, content.encode() if "b" in text[:quote].lower() else content)


def _within(quoted: str) -> str:
    size = 3 if quoted[:3] in ("'''", '"""') and len(quoted) >= 6 else 1
    return quoted[size:-size]


def _unescape(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        code, octal, letter = match.groups()
        if code or octal:
            number = int(code[1:], 16) if code else int(octal, 8)
            return chr(number) if number <= 0x10FFFF else "\ufffd"
        return _ESCAPED.get(letter, letter)

    return _ESCAPE.sub(character, text)
