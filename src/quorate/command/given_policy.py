"""GivenPolicy: the policy that a command is about, with the team that it is for."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..contracts import InputError, Policy
from .langgraph_json import NAME, LanggraphJson
from .location import scratch
from .team import find_team

if TYPE_CHECKING:
    from ..graphs import Supervisor, TeamSchema, Trial

__all__ = ["GivenPolicy"]

_FILE = "policy.yaml"
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class GivenPolicy:
    """The policy that a command is about, with the team that it is for."""

    policy: Policy
    """The policy."""
    team: Supervisor | None
    """The team; None for a file alone."""
    where: str
    """The file or the team, for people."""

    @classmethod
    def find(cls, given: str | None, team: str | None) -> GivenPolicy:
        """The policy of a file or of a team. A team is made on a database of its own, so that nothing is touched.

        Raises:
            InputError: There is no such file or team.
            QuorateError: The policy is wrong, or the team cannot be built with it.
        """
        given = _choose() if given is None else given
        path = Path(given)
        if path.is_dir() and (path / _FILE).is_file():
            path = path / _FILE
        if path.suffix in _ENDINGS or path.is_file():
            policy = Policy.load(path)
            return cls(policy, _team(team) if team else None, str(path))
        if team is not None:
            raise InputError(
                "--team",
                got=f"it beside {given!r}, which is no file",
                expected="a FILE",
                fix="leave one of the two out",
            )
        found = _team(given)
        return cls(found.policy, found, given)

    @cached_property
    def schema(self) -> TeamSchema | None:
        """The names and types of the team."""
        from ..graphs import TeamSchema

        return None if self.team is None else TeamSchema.of(self.team.roster, self.team.effects)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """What came of its tests."""
        from ..graphs import try_policy

        if self.schema is None:
            return tuple(try_policy(self.policy))
        return tuple(try_policy(self.policy, self.schema.outcome, self.schema.request))

    @property
    def scope(self) -> str:
        """What it was looked at with, for people."""
        if self.team is None:
            return "without a team: names and types were not checked; --team TEAM does"
        return f"with the team {self.team.name!r}"


def _team(name: str) -> Supervisor:
    with scratch(), redirect_stdout(sys.stderr):
        return find_team(name)


def _choose() -> str:
    """The policy file of this folder, or the one team of the project."""
    if Path(_FILE).is_file():
        return _FILE
    project = LanggraphJson.find(Path.cwd())
    names = list(project.graphs) if project else []
    if len(names) == 1:
        return names[0]
    raise InputError(
        "policy",
        got=f"no {_FILE} in {Path.cwd()}" + (f", and {len(names)} teams in {NAME}" if names else f", and no {NAME}"),
        expected="the name of a policy file or of a team",
        fix=f"name one: {', '.join(names)}" if names else "name a file, or module:attribute",
    )
