"""Redaction: secrets and marked values, taken out of what the journal stores."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from ...contracts import JournalError, missing_extra
from .plain import plain
from .secret_patterns import NAME, names_secret, without_known_secrets

__all__ = ["DETECT_SECRETS", "FIELD", "PATTERNS", "Marked", "Redaction", "Redactor", "redactor_of"]

PATTERNS = NAME
"""The redactor that looks for the commonest keys."""

DETECT_SECRETS = f"{NAME}+detect-secrets"
"""The redactor that also looks for what detect-secrets knows by its form."""

FIELD = "[redacted: field "
"""With what begins what stands in the place of a marked value."""

Redactor = Literal["patterns", "detect-secrets"]
"""What takes secrets out: `patterns` of the commonest keys; `detect-secrets` too, which takes longer."""

_SHORTEST = 6
"""Characters below which what stands under a secret's name is none."""

Mark = Callable[[str], str]
Token = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Marked:
    """What is kept out of the journal because it is marked."""

    values: Mapping[str, str] = field(default_factory=dict)
    """The texts of marked values, each with the name of its field."""
    fields: frozenset[str] = frozenset()
    """Names of marked fields: what stands under such a key goes, too."""

    @classmethod
    def of(cls, fields: frozenset[str], inputs: Mapping[str, Any]) -> Marked:
        """What is marked among the values that an agent reads.

        Args:
            fields: Names of all marked fields.
            inputs: What the agent reads, typed, by field.
        """
        found: dict[str, str] = {}
        for name in sorted(fields & inputs.keys()):
            for text in _texts(plain(inputs[name])):
                found.setdefault(text, name)
        return cls(found, fields)


class Redaction:
    """Takes secrets and marked values out of plain data, and counts what kinds there were.

    In their place stands `[redacted: api key]`, with a keyed hash behind it where the database has keys, so that two
    secrets make two requests.

    Args:
        name: The redactor, as an entry names it.
        mark: `Journal.mark`.
        marked: What is marked.

    Raises:
        JournalError: There is no such redactor.
        QuorateError: It needs the extra `guardrails`, which is not installed.
    """

    def __init__(self, name: str, mark: Mark, marked: Marked = Marked()) -> None:
        self.name = name
        self._without = _finder(name)
        self._mark, self._marked = mark, marked
        self._values = _pattern_of(marked.values)
        self.kinds: dict[str, None] = {}
        """What was taken out, in the order of finding."""

    def __call__(self, data: Any) -> Any:
        """New plain data without them."""
        match data:
            case str():
                return self._text(data)
            case list():
                return [self(item) for item in data]
            case dict():
                return {self._text(key): self._under(key, item) for key, item in data.items()}
            case int() | float() if not isinstance(data, bool) and self._marked.values.get(str(data)):
                return self._token(f"field {self._marked.values[str(data)]}", str(data))
            case _:
                return data

    def _under(self, key: str, item: Any) -> Any:
        if key in self._marked.fields and item is not None and not _is_schema(item):
            return self._token(f"field {key}", json.dumps(item, sort_keys=True))
        if isinstance(item, str) and len(item) >= _SHORTEST and names_secret(key):
            cleaned = self(item)
            return self._token("password", item) if cleaned == item and "[redacted" not in item else cleaned
        return self(item)

    def _text(self, text: str) -> str:
        if self._marked.fields and text[:1] in "{[" and any(f'"{name}"' in text for name in self._marked.fields):
            text = self._json(text)
        if self._values is not None:
            text = self._values.sub(self._valued, text)
        return self._without(text, self._token)

    def _json(self, text: str) -> str:
        """JSON within a text, such as a structured answer, with its marked keys emptied."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return text
        before = len(self.kinds)
        cleaned = self(data)
        return json.dumps(cleaned, ensure_ascii=False) if len(self.kinds) > before or cleaned != data else text

    def _valued(self, match: re.Match[str]) -> str:
        found = match[0]
        return self._token(f"field {self._marked.values.get(found) or self._escaped[found]}", found)

    @property
    def _escaped(self) -> Mapping[str, str]:
        return {_in_json(text): name for text, name in self._marked.values.items()}

    def _token(self, kind: str, secret: str) -> str:
        self.kinds[kind] = None
        mark = self._mark(secret)
        return f"[redacted: {kind} {mark}]" if mark else f"[redacted: {kind}]"


def redactor_of(name: Redactor) -> str:
    """The redactor as entries name it.

    Raises:
        JournalError: There is no such redactor.
        QuorateError: It needs the extra `guardrails`, which is not installed.
    """
    made = {"patterns": PATTERNS, "detect-secrets": DETECT_SECRETS}.get(name, name)
    _finder(made)
    return made


def _finder(name: str) -> Callable[[str, Token], str]:
    if name == NAME:
        return without_known_secrets
    if name == DETECT_SECRETS:
        if find_spec("detect_secrets") is None:
            raise missing_extra("detect_secrets", "guardrails", "the journal, whose secrets it has taken out")
        return _without_any
    raise JournalError(
        "the journal",
        got=f"{name!r} to take secrets out",
        expected=f"{NAME} or {DETECT_SECRETS}",
        fix="correct the name; play back what another quorate recorded with that one",
    )


def _without_any(text: str, token: Token) -> str:
    from ..guardrails.secrets import secrets_in

    text = without_known_secrets(text, token)
    for hit in sorted(secrets_in(text), key=lambda hit: (-len(hit.found), hit.found, hit.kind)):
        if hit.found in text and "[redacted" not in hit.found:
            text = text.replace(hit.found, token(hit.kind, hit.found))
    return text


def _texts(value: Any) -> Iterator[str]:
    """The texts and numbers in plain data, without empty ones, true, false and null."""
    match value:
        case str() if value.strip():
            yield value
        case bool() | None:
            return
        case int() | float():
            yield str(value)
        case list():
            for item in value:
                yield from _texts(item)
        case dict():
            for item in value.values():
                yield from _texts(item)


def _pattern_of(values: Iterable[str]) -> re.Pattern[str] | None:
    """What finds any of the values in a text, the longest first, as whole words, also as JSON writes them."""
    forms = {form for value in values for form in (value, _in_json(value))}
    if not forms:
        return None
    return re.compile("|".join(map(_whole, sorted(forms, key=lambda form: (-len(form), form)))))


def _whole(form: str) -> str:
    start = r"(?<!\w)" if re.match(r"\w", form) else ""
    end = r"(?!\w)" if re.search(r"\w\Z", form) else ""
    return f"{start}{re.escape(form)}{end}"


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _is_schema(item: Any) -> bool:
    """Whether it describes a field, as a response format does, and is not its value."""
    return isinstance(item, dict) and bool({"type", "anyOf", "$ref", "allOf", "properties"} & item.keys())
