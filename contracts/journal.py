"""Journal: what models and tools answered, each under the digest of its exact request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

__all__ = ["Journal", "JournalEntry", "JournalKind", "JournaledThread"]

JournalKind = Literal["model", "tool", "function"]
"""What was asked: a chat model, a LangChain tool, a Python function."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One request of an agent, and what came back. Secrets and marked fields were taken out before it was made."""

    kind: JournalKind
    """What was asked."""
    name: str
    """Name of the model, of the tool, or of the function."""
    digest: str
    """SHA-256 of the canonical JSON of `request`: two requests have the same one if they are the same."""
    request: Any
    """Model and provider, every parameter, bound tools and response format, and the messages; or the arguments."""
    response: Any = None
    """What came back, as plain data, or the error as plain data."""
    error: str = ""
    """What the call raised, as its class and words; empty where it answered."""
    agent: str = ""
    """Name of the agent that asked."""
    version: str = ""
    """Version of the agent's contract."""
    prompt: str = ""
    """Version of the prompt: the beginning of its digest, where the agent has one."""
    thread: str = ""
    """The thread."""
    turn: int = 0
    """Number of the turn."""
    basis: Mapping[str, int] = field(default_factory=dict)
    """Versions of the decisions that the agent read."""
    task: str = ""
    """LangGraph's id of the task: the same for every attempt, also after a crash."""
    run: str = ""
    """Id of the attempt: unlike its number unique, also after a crash."""
    attempt: int = 1
    """Number of the attempt, from 1."""
    order: int = 0
    """The how manieth request of the attempt it was, from 0, in the order of asking."""
    provider: str = ""
    """Who serves the model, as LangChain names it; empty for tools."""
    input_tokens: int = 0
    """Tokens sent to the model."""
    output_tokens: int = 0
    """Tokens that came back."""
    usd: float | None = None
    """What it cost, in US dollars; None where the price is not known."""
    seconds: float = 0.0
    """From the call to the whole answer, in seconds."""
    at: str = ""
    """When it was asked, in ISO 8601 UTC."""
    redactor: str = ""
    """What took secrets out: a playback does it the same way."""
    redacted: tuple[str, ...] = ()
    """What was taken out, each kind once: `openai`, `field ssn`."""


class JournaledThread(NamedTuple):
    """A thread that the journal has entries of."""

    thread: str
    """Its id."""
    entries: int
    """How many."""
    first: str
    """When the oldest was asked, in ISO 8601 UTC."""
    last: str
    """When the newest was asked."""


class Journal(Protocol):
    """Keeps what models and tools answered. Every method is safe to call from several threads.

    Every method raises DatabaseError where the database cannot be read or written.
    """

    def record(self, make: Callable[[], JournalEntry]) -> Future[None]:
        """Store an entry; the future is done when it is durable, or has failed.

        Args:
            make: Gives the entry. It is called in a thread of the journal's, so that whoever asks does not wait.
        """
        ...

    def entries(self, thread: str) -> Sequence[JournalEntry]:
        """The entries of a thread, in the order in which they were stored."""
        ...

    def threads(self) -> Sequence[JournaledThread]:
        """The threads that have entries, those asked last first."""
        ...

    def remove(self, thread: str) -> int:
        """Remove all entries of a thread, and give their number."""
        ...

    def mark(self, secret: str) -> str:
        """What tells two secrets apart without telling what they are: a keyed hash; empty where there is no key."""
        ...
