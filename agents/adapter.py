"""Adapters: objects, Runnables and compiled graphs as agents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel
from typing_extensions import Unpack

from ..contracts import Capability, Contract, ContractError
from .agent import Agent, is_async
from .journal.runnable import recorded_runnable
from .options import Options

__all__ = ["as_agent"]


def as_agent(  # noqa: PLR0913 (keyword-only: what a Runnable does not say itself)
    thing: Any,
    *,
    reads: Iterable[str] = (),
    writes: Iterable[str] | Mapping[str, Any] = (),
    capability: Capability = "reasoning",
    name: str | None = None,
    confidence: float = 0.5,
    prepare: Callable[[dict[str, Any]], Any] | None = None,
    claims: Callable[[Any], Any] | None = None,
    repairs: bool = False,
    **options: Unpack[Options],
) -> Agent:
    """Make an agent of an object with a contract, a Runnable, or a compiled graph.

    The chat models that can be seen in a Runnable pass the journal; those in a compiled graph do if `recorded`.

    An object that has a `contract` and can be called needs nothing else. For a Runnable the contract is
    made from the other arguments, as with the `agent` decorator.

    Args:
        thing: The object, Runnable or compiled graph. An `Agent` is returned as it is.
        reads: Fields that it needs.
        writes: Fields that it may claim, or a mapping from field to type.
        capability: What it is for.
        name: Name of the agent; by default the Runnable's.
        confidence: Confidence of the values that it returns, in [0, 1].
        prepare: From the fields that it reads to the Runnable's input; by default the fields themselves.
        claims: From the Runnable's output to claims or a mapping; by default the written fields are taken from
            a mapping, a pydantic model, a `structured_response`, or, for one written field, the last message's text.
        repairs: Whether `prepare` looks at `current_run().repair`: after a broken contract it runs once more.
        **options: `version`, `tier`, `limits`, `owner`, `provider` and `instead_of`, as in `Contract`.

    Raises:
        ContractError: It is none of these.
    """
    if isinstance(thing, Agent):
        return thing
    own = getattr(thing, "contract", None)
    if isinstance(own, Contract) and callable(thing):
        return Agent(own, acall=thing) if is_async(thing) else Agent(own, call=thing)
    if not isinstance(thing, Runnable):
        raise _no_agent(thing, name)
    runnable: Runnable[Any, Any] = recorded_runnable(thing)
    contract = Contract(
        name=name or runnable.get_name(),
        reads=frozenset(reads),
        writes=frozenset(writes),
        capability=capability,
        confidence=confidence,
        types=writes if isinstance(writes, Mapping) else {},
        **options,
    )
    return _calling(runnable, contract, prepare, claims, repairs=repairs)


def _no_agent(thing: Any, name: str | None) -> ContractError:
    return ContractError(
        f"agent {name or thing!r}",
        got=type(thing).__name__,
        expected="an Agent, a callable object with a `contract`, or a Runnable",
        fix="decorate a function with @agent(writes=..., capability=...)",
    )


def _calling(
    runnable: Runnable[Any, Any],
    contract: Contract,
    prepare: Callable[[dict[str, Any]], Any] | None,
    claims: Callable[[Any], Any] | None,
    *,
    repairs: bool,
) -> Agent:
    """The agent that calls a Runnable with what it reads, and claims what that gives."""
    before = prepare or (lambda fields: fields)
    after = claims or (lambda output: written_values(output, contract.writes))

    def call(**fields: Any) -> Any:
        return after(runnable.invoke(before(fields)))

    async def acall(**fields: Any) -> Any:
        return after(await runnable.ainvoke(before(fields)))

    return Agent(contract, call=call, acall=acall, repairs=repairs)


def written_values(output: Any, writes: frozenset[str]) -> Mapping[str, Any] | None:
    """The written fields in what a Runnable returned; a missing field, None and an empty message abstain."""
    if isinstance(output, Mapping):
        if output.get("structured_response") is not None:
            return written_values(output["structured_response"], writes)
        if not writes & output.keys() and len(writes) == 1 and output.get("messages"):
            return written_values(output["messages"][-1], writes)
        return {field: output.get(field) for field in writes}
    if isinstance(output, BaseMessage):
        output = str(output.text) or None
    elif isinstance(output, BaseModel):
        return {field: getattr(output, field, None) for field in writes}
    if len(writes) == 1:
        return {next(iter(writes)): output}
    raise ContractError(
        f"output of a Runnable that writes {', '.join(sorted(writes))}",
        got=type(output).__name__,
        expected="a mapping or a model with these fields",
        fix="pass `claims=` to as_agent",
    )
