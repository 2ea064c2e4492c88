"""PolicyFindings: the command `quorate policy check`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from .exit_status import ExitStatus
from .given_policy import GivenPolicy
from .printable import printable
from .screen import console

if TYPE_CHECKING:
    from rich.console import Console

    from ..graphs import Finding

__all__ = ["check_given"]

_COLORS = {"error": "red", "warning": "yellow"}


def check_given(given: str | None, team: str | None, *, strict: bool, as_json: bool) -> ExitStatus:
    """Print what is wrong with a policy, and give the exit status: settled where there is no error.

    Raises:
        QuorateError: The policy or the team cannot be read.
    """
    from ..graphs import check_policy

    found = GivenPolicy.find(given, team)
    findings = check_policy(found.policy, found.schema, found.trials)
    errors = sum(each.level == "error" for each in findings)
    if as_json:
        for each in findings:
            print(json.dumps({"policy": found.where, **asdict(each)}, ensure_ascii=False))  # noqa: T201 (the result)
    else:
        screen = console()
        untested = [each for each in findings if each.kind == "untested"]
        for each in findings:
            if each.kind != "untested":
                _show(screen, each)
        if untested:
            _show_untested(screen, untested)
        warnings = len(findings) - errors
        what = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}" if findings else "nothing is wrong"
        rules = _counted(len(found.policy.rules), "rule")
        screen.print(f"{printable(found.where)}: {rules}: {what}; {found.scope}", soft_wrap=True)
    return ExitStatus.FAILED if errors or (strict and findings) else ExitStatus.SETTLED


def _show(screen: Console, finding: Finding) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    head = Text.assemble(
        (finding.level, _COLORS[finding.level]), f" {finding.kind}: ", (printable(finding.where), "bold")
    )
    screen.print(head, soft_wrap=True)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, text in (("got", finding.got), ("expected", finding.expected), ("fix", finding.fix)):
        table.add_row(name, printable(text))
    screen.print(Padding(table, (0, 0, 1, 2)))


def _show_untested(screen: Console, findings: Sequence[Finding]) -> None:
    """All of them at once, for there may be as many as rules."""
    from rich.text import Text

    names = ", ".join(each.where.removeprefix("rule ") for each in findings)
    rules = "rule" if len(findings) == 1 else "rules"
    screen.print(
        Text.assemble(("warning", _COLORS["warning"]), f" untested: no test in which {rules} ", printable(names)),
        Text(" apply: write them under `tests`\n" if len(findings) > 1 else " applies: write one under `tests`\n"),
        sep="",
        soft_wrap=False,
    )


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'s' * (count != 1)}"
