"""Guardrail: what must not pass, where it is looked for, and what happens then; a part of the policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .errors import PolicyError

__all__ = ["Guardrail", "GuardrailCheck", "GuardrailPlace", "Permissions", "read_lists"]

GuardrailCheck = Literal["injection", "secrets", "pii", "exfiltration", "content"]
"""What is looked for.

`injection`: text that speaks to the model instead of to the reader: a weak heuristic. `secrets`: keys, tokens
and passwords, as detect-secrets knows them. `pii`: what tells who a person is. `exfiltration`: URLs, hosts and
addresses of mail that are not on the list. `content`: what `deny` says.
"""

GuardrailPlace = Literal["request", "retrieved", "output", "effect"]
"""Where it is looked for.

`request`: the request and what was said, before any agent runs. `retrieved`: what agents of capability `retrieval`
claim. `output`: what all other agents claim. `effect`: the arguments of effects.
"""

_Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
_MATCHES = "text.matches(pattern)"
_PLACES: tuple[GuardrailPlace, ...] = get_args(GuardrailPlace)


_DESTINATION = re.compile(r"(?:[^\s@/:*]*@)?(?:\w(?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)")
"""A host, an address of mail, or an address of IPv6."""


class Guardrail(BaseModel):
    """What must not pass, where it is looked for, and what happens then."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: _Name
    """Its name; the reason code begins with it."""
    check: GuardrailCheck
    """What is looked for."""
    on: tuple[GuardrailPlace, ...] = _PLACES
    """Where; by default everywhere."""
    then: Literal["fault", "review"] = "review"
    """`fault`: what it was found in is refused, and the fault recorded. `review`: a person decides the fields."""
    agents: tuple[str, ...] = ()
    """Only in what these agents return; empty for all."""
    kinds: tuple[str, ...] = ()
    """Only these kinds, such as `email` of `pii`; empty for all."""
    allow: tuple[str, ...] = ()
    """What may pass all the same: of `exfiltration` hosts (with all below them) and addresses, else the text found."""
    deny: tuple[str, ...] = ()
    """Of `content`: words that must not pass, in any case; after `re:` a regular expression of RE2's kind."""

    @model_validator(mode="after")
    def _check_lists(self) -> Self:
        if (self.check == "content") != bool(self.deny):
            raise ValueError("`deny` is for `check: content`, which needs it")
        if any(not entry.removeprefix("re:").strip() for entry in self.deny):
            raise ValueError("`deny` has an entry that says nothing")
        strange = [entry for entry in self.allow if self.check == "exfiltration" and not _DESTINATION.fullmatch(entry)]
        if strange:
            raise ValueError(
                f"`allow` of `exfiltration` names hosts, such as example.com, which allows what is below it, and "
                f"addresses of mail: {strange[0]!r:.80} is neither"
            )
        if not self.on:
            raise ValueError("`on` must name a place, or be left out for all")
        return self

    def model_post_init(self, context: Any, /) -> None:
        """Compile what `deny` names, so that a wrong pattern is found when the policy is loaded."""
        _ = self.denied

    @cached_property
    def denied(self) -> Mapping[str, Callable[[str], bool]]:
        """Whether a text has what an entry of `deny` names, by entry."""
        return {
            entry: _pattern(entry.removeprefix("re:")) if entry.startswith("re:") else _words(entry)
            for entry in self.deny
        }


class Permissions(BaseModel):
    """What one agent may use."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    tools: tuple[str, ...] = ()
    """Names of the LangChain tools that it may call; `*` for all."""
    effects: tuple[str, ...] = ()
    """Names of the effects that it may propose; `*` for all."""


def read_lists(guardrails: Any, folder: Path) -> Any:
    """Guardrails as plain data, with `@path` in `allow` and `deny` replaced by the lines of the file.

    A line that is empty or begins with `#` is left out.

    Raises:
        PolicyError: A file cannot be read.
    """
    if not isinstance(guardrails, list | tuple):
        return guardrails
    return [
        {
            key: _lines(value, folder, f"guardrails.{place}.{key}") if key in ("allow", "deny") else value
            for key, value in each.items()
        }
        if isinstance(each, Mapping)
        else each
        for place, each in enumerate(guardrails)
    ]


def _words(entry: str) -> Callable[[str], bool]:
    """Plain words: however much white space is between them, and not within other words."""
    words = r"\s+".join(map(re.escape, entry.split()))
    compiled = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    return lambda text: compiled.search(text) is not None


def _pattern(pattern: str) -> Callable[[str], bool]:
    """A regular expression, as CEL's `matches` takes it: it needs time in proportion to the text, whatever it says."""
    import cel

    program = cel.compile(_MATCHES)

    def found(text: str) -> bool:
        return bool(program.execute({"text": text, "pattern": pattern}))

    try:
        found("")
    except Exception as error:
        raise ValueError(f"`deny`: {pattern!r:.80} is no regular expression: {error!s:.200}") from error
    return found


def _lines(entries: Any, folder: Path, where: str) -> Any:
    given = [entries] if isinstance(entries, str) else entries
    if not isinstance(given, list | tuple):
        return entries
    found: list[Any] = []
    for entry in given:
        if not (isinstance(entry, str) and entry.startswith("@")):
            found.append(entry)
            continue
        path = folder / entry.removeprefix("@")
        try:
            lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise PolicyError(
                where, got=str(error), expected="a readable list, one entry a line", fix="check the path"
            ) from error
        found += [line for line in lines if line and not line.startswith("#")]
    return found
