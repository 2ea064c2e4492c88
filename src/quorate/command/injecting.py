"""Injecting: the faults of a profile within one run of the command, and the report of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..contracts import Faults, InjectedKind, ProfileError
from .screen import heading, listing

if TYPE_CHECKING:
    from rich.console import Console

    from ..agents import Injection
    from ..graphs import Supervisor

__all__ = ["Injecting", "injecting"]


@dataclass(frozen=True)
class Injecting:
    """A profile of faults at work."""

    profile: Path
    """The file."""
    injection: Injection
    """What was injected so far."""

    def report(self, screen: Console) -> None:
        """Print how often which fault happened to whom."""
        injected, calls = self.injection.injected, self.injection.calls
        faults = self.injection.faults
        count = f"{len(injected)} fault{'s' * (len(injected) != 1)} in {sum(calls.values())} calls"
        screen.print(heading(f"Injected by {self.profile.name}, seed {faults.seed}: {count}"))
        by_agent: dict[str, Counter[str]] = {name: Counter() for name in sorted(calls)}
        for each in injected:
            by_agent[each.agent][each.kind] += 1
        if injected:
            table = listing("agent", "calls", "what happened to it")
            table.columns[1].justify = "right"
            for name, kinds in by_agent.items():
                parts = [f"{kinds[kind]} {_words(kind)}" for kind in get_args(InjectedKind) if kinds[kind]]
                table.add_row(name, str(calls[name]), ", ".join(parts) or "nothing")
            screen.print(table)
        if faults.deaths is not None and faults.deaths.exists():
            deaths = len(faults.deaths.read_text().splitlines())
            screen.print(f"Deaths of workers so far: {deaths}, written down in {faults.deaths}", soft_wrap=True)


@contextmanager
def injecting(profile: Path | None, supervisor: Supervisor) -> Iterator[Injecting | None]:
    """Within it, calls of agents go wrong as the profile says; without one nothing does.

    Raises:
        ProfileError: The profile cannot be read, is wrong, or names an agent that the team does not have.
    """
    if profile is None:
        yield None
        return
    from ..agents import inject

    faults = Faults.load(profile)
    agents = supervisor.roster.agents
    unknown = sorted(faults.agents.keys() - agents.keys())
    if unknown and not any(agent.is_team for agent in agents.values()):  # those of a team within are not known here
        raise ProfileError(
            f"{profile}: agents.{unknown[0]}",
            got="no agent of that name",
            expected=f"one of {', '.join(agents)}",
            fix="correct the name",
        )
    with inject(faults) as injection:
        yield Injecting(profile, injection)


def _words(kind: str) -> str:
    return kind.replace("_", " ")
