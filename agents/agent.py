"""Agent: a contract with the callable that fulfils it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from typing_extensions import Unpack

from ..contracts import Capability, Contract, ContractError
from .options import Options

__all__ = ["Agent", "agent"]


@dataclass(frozen=True)
class Agent:
    """A contract with the callable that fulfils it; calling it calls the callable.

    The callable takes the fields that the contract reads, by name, and returns nothing (it abstains), a
    `Claim`, an `Effect`, a `Usage`, an iterable of these, or a mapping from written field to value.
    """

    contract: Contract
    """What it promises."""
    call: Callable[..., Any] | None = None
    """The sync callable, or None if it can only be awaited."""
    acall: Callable[..., Any] | None = None
    """The async callable (a coroutine or an async generator function), or None if it is sync."""
    is_team: bool = False
    """Whether it is a team, whose claims may carry the word of a person."""
    repairs: bool = False
    """Whether it looks at `current_run().repair`, so that it is worth asking once more after a broken contract."""
    model: str = ""
    """Name of the model that it asks, where that is known before it runs."""
    charges: bool = False
    """Whether it charges what it takes to tenants' accounts itself, as a team does that has accounts."""

    def __post_init__(self) -> None:
        where = f"agent {self.contract.name!r}"
        if self.call is None and self.acall is None:
            raise ContractError(where, got="no callable", expected="`call`, `acall` or both", fix="pass a function")
        limits = self.contract.limits
        if limits.timed and self.acall is None:
            bound = "timeout" if limits.timeout is not None else "idle_timeout"
            raise ContractError(
                where,
                got=f"a sync function with limits.{bound}={getattr(limits, bound)}",
                expected="an async one, because sync code cannot be cancelled",
                fix="make it `async def`, or take the timeout away",
            )
        if limits.cache is not None and self.is_team:
            raise ContractError(
                where,
                got=f"a team with limits.cache={limits.cache}",
                expected="no cache, because a person may be asked inside",
                fix="give the agents inside a cache",
            )

    @property
    def name(self) -> str:
        """Name of the agent."""
        return self.contract.name

    @property
    def async_only(self) -> bool:
        """Whether the graph must be run with `ainvoke` or `astream`."""
        return self.call is None or self.contract.limits.timed

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself, without a guard."""
        return (self.call or self.acall)(*args, **kwargs)  # type: ignore[misc]


def agent(
    *,
    writes: Iterable[str] | Mapping[str, Any],
    capability: Capability,
    reads: Iterable[str] | None = None,
    name: str | None = None,
    confidence: float = 0.5,
    repairs: bool = False,
    **options: Unpack[Options],
) -> Callable[[Callable[..., Any]], Agent]:
    """Make a function an agent.

    Args:
        writes: Fields that it may claim; a mapping from field to Python type has the types checked when
            the graph is built.
        capability: What it is for.
        reads: Fields that it needs; by default the names of its parameters.
        name: Name of the agent; by default the function's.
        confidence: Confidence of values that are returned in a mapping, in [0, 1].
        repairs: Whether the function looks at `current_run().repair`: after a broken contract it is called once more.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: The function's parameters are not the fields that it reads.
    """

    def decorate(function: Callable[..., Any]) -> Agent:
        title = name or function.__name__
        parameters = _parameters(function)
        fields = frozenset(parameters) if reads is None else frozenset(reads)
        if fields != frozenset(parameters):
            raise ContractError(
                f"agent {title!r}",
                got=f"reads {_list(fields)} but parameters {_list(parameters)}",
                expected="one parameter for each field that it reads",
                fix="make them the same",
            )
        contract = Contract(
            name=title,
            reads=fields,
            writes=frozenset(writes),
            capability=capability,
            confidence=confidence,
            types=_types(function, fields, writes),
            **options,
        )
        if is_async(function):
            return Agent(contract, acall=function, repairs=repairs)
        return Agent(contract, call=function, repairs=repairs)

    return decorate


def is_async(function: Callable[..., Any]) -> bool:
    """Whether the callable is a coroutine or an async generator function, or an object whose `__call__` is one."""
    inner = function if inspect.isroutine(function) else getattr(function, "__call__", function)  # noqa: B004
    return inspect.iscoroutinefunction(inner) or inspect.isasyncgenfunction(inner)


def _parameters(function: Callable[..., Any]) -> list[str]:
    return [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        and (parameter.default is parameter.empty)
    ]


def _types(function: Callable[..., Any], reads: frozenset[str], writes: Any) -> dict[str, Any]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError):
        hints = {}
    types = {field: hint for field, hint in hints.items() if field in reads}
    return {**types, **writes} if isinstance(writes, Mapping) else types


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
