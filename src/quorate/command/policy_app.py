"""PolicyApp: the commands `quorate policy …` with their arguments and help."""

from __future__ import annotations

from typing import Annotated

import typer

from .failure import reported
from .options import Json

__all__ = ["policy"]

policy = typer.Typer(
    name="policy",
    help="Find what is wrong with a policy, and try its tests. Nothing is run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Given = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE|TEAM",
        help="A policy file, or a team by its name in langgraph.json or module:attribute; default policy.yaml here, "
        "else the one team of langgraph.json.",
        show_default=False,
    ),
]
Team = Annotated[
    str | None,
    typer.Option("--team", metavar="TEAM", help="With FILE: the team that it is for, to check names and types."),
]


@policy.command()
@reported
def check(
    given: Given = None,
    team: Team = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail too.")] = False,
    as_json: Json = False,
) -> None:
    """Find rules that cannot be meant: unknown names, wrong types, never true, unreachable, in conflict, untested.

    Exit status: 0 no error, 1 an error (with --strict a warning too), 2 the policy or the team cannot be read.
    """
    from .policy_findings import check_given

    raise typer.Exit(check_given(given, team, strict=strict, as_json=as_json))


@policy.command("test")
@reported
def try_tests(given: Given = None, team: Team = None, as_json: Json = False) -> None:
    """Try the tests that stand beside the rules of a policy.

    Exit status: 0 all passed, 1 one failed, 2 the policy or the team cannot be read.
    """
    from .policy_trials import try_given

    raise typer.Exit(try_given(given, team, as_json=as_json))
