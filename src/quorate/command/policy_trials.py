"""PolicyTrials: the command `quorate policy test`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .exit_status import ExitStatus
from .given_policy import GivenPolicy
from .printable import line_of, printable
from .screen import console

if TYPE_CHECKING:
    from rich.console import Console

    from ..graphs import Trial

__all__ = ["try_given"]


def try_given(given: str | None, team: str | None, *, as_json: bool) -> ExitStatus:
    """Print what came of each test of a policy, and give the exit status: settled where all passed.

    Raises:
        QuorateError: The policy or the team cannot be read.
    """
    found = GivenPolicy.find(given, team)
    failed = sum(not trial.passed for trial in found.trials)
    if as_json:
        for trial in found.trials:
            print(json.dumps(_plain(trial), ensure_ascii=False))  # noqa: T201 (the result)
        return ExitStatus.FAILED if failed else ExitStatus.SETTLED
    screen = console()
    for trial in found.trials:
        _show(screen, trial)
    total = len(found.trials)
    if not total:
        what = "no tests; write them under `tests`"
    else:
        what = f"{total} test{'s' * (total != 1)}, " + (f"{failed} FAILED" if failed else "all passed")
    screen.print(f"{printable(found.where)}: {what}", soft_wrap=True)
    applied = {name for trial in found.trials if trial.decision for name in trial.decision.rules}
    rest = [rule.name for rule in found.policy.rules if rule.name not in applied]
    if rest:
        screen.print(f"Rules that applied in no test: {printable(', '.join(rest))}", soft_wrap=True)
    return ExitStatus.FAILED if failed else ExitStatus.SETTLED


def _show(screen: Console, trial: Trial) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    word = ("passed", "green") if trial.passed else ("FAILED", "red")
    screen.print(Text.assemble(word, "  ", line_of(trial.test.name)), soft_wrap=True)
    if trial.passed:
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for each in trial.differences:
        table.add_row(each.key, "got", printable(each.got))
        table.add_row("", "expected", printable(each.expected))
    screen.print(Padding(table, (0, 0, 0, 8)))


def _plain(trial: Trial) -> dict[str, object]:
    return {
        "test": trial.test.name,
        "passed": trial.passed,
        "differences": [asdict(each) for each in trial.differences],
        "rules": list(trial.decision.rules) if trial.decision else [],
    }
