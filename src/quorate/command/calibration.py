"""Calibration: the command `quorate calibrate`."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from langchain_core.runnables import RunnableConfig

from ..contracts import LEARNED, Calibration, PolicyError
from ..evals import Suite
from ..evals.calibration import Change, Labelled, calibrate, changes
from ..evals.calibration.sources import questions_of_case, questions_of_database, questions_of_file
from ..graphs import Supervisor
from .exit_status import ExitStatus
from .location import Location, scratch
from .patience import patience
from .printable import printable
from .screen import console
from .team import find_team

__all__ = ["Calibrate"]


@dataclass(frozen=True, slots=True)
class Calibrate:
    """Learn the agents' reliability, print what it changes, and write the artefact."""

    graph: str
    """The team."""
    out: Path
    """The artefact's file."""
    location: Location | None = None
    """Where people's decisions are read from, if they are."""
    suites: Sequence[str] = ()
    """Suites that are run for their claims."""
    labels: Sequence[Path] = ()
    """Files of labelled questions."""
    version: str | None = None
    """Version of the artefact."""
    force: bool = False
    """Whether a file of the same version is written over."""
    as_json: bool = False
    """Whether the changes are printed as JSON."""

    def __call__(self) -> ExitStatus:
        """Do it.

        Raises:
            PolicyError: The file is there, and is of this version or no calibration.
            QuorateError: The team cannot be made, a source cannot be read, or the extra is not installed.
        """
        version = self._check_out()
        # A suite executes effects, and a team's module may open a database: neither is to touch a real one.
        place: AbstractContextManager[object] = nullcontext() if self.location is not None else scratch()
        with place, redirect_stdout(sys.stderr), patience() as tell:
            team = find_team(self.graph)
            questions = list(self._questions(team, tell))
            if not questions:
                raise PolicyError(
                    f"calibration of {team.name}",
                    got="no claims on any field",
                    expected="questions that agents made claims on",
                    fix="name a source that has some: --reviews, --suite or --labels",
                )
            labels = sum(each.truth is not None for each in questions)
            source = f"{_count(labels, 'label')}, {_count(len(questions), 'question')}"
            learned = calibrate(
                questions, team.policy, version=version, source=source, fitting=lambda name: tell(f"learning {name}")
            )
            changed = changes(questions, team.policy, learned, fitting=lambda name: tell(f"assessing {name}"))
        self.out.write_text(learned.to_json(), encoding="utf-8")
        self._show(changed, learned, frozenset(team.roster.agents))
        return ExitStatus.SETTLED

    def _check_out(self) -> str:
        """The version to write; an artefact that decisions may name is not lost, and no fit is in vain."""
        folder = self.out.absolute().parent
        if self.out.is_dir() or not folder.is_dir():
            raise PolicyError(
                str(self.out),
                got="a folder" if self.out.is_dir() else f"the folder {folder}, which does not exist",
                expected="a file to write, in a folder that exists",
                fix="correct --out, or make the folder",
            )
        if not self.out.exists() or self.force:
            return self.version or "1"
        old = Calibration.load(self.out)
        if self.version is None or self.version == old.version:
            raise PolicyError(
                str(self.out),
                got=f"version {old.version!r}, which is there",
                expected="a new version, or a new file",
                fix="give --version with another one, or --force",
            )
        return self.version

    def _questions(self, team: Supervisor, tell: Callable[[str], None]) -> Iterator[Labelled]:
        if self.location is not None:
            with self.location.open_to_read() as database:
                yield from questions_of_database(database, team)
        for path in self.suites:
            yield from _run_suite(Suite.load(path), tell)
        for file in self.labels:
            yield from questions_of_file(file, team.roster.outcome, team.policy)

    def _show(self, changed: Iterable[Change], learned: Calibration, known: Container[str]) -> None:
        if self.as_json:
            for each in changed:
                print(json.dumps(_plain(each)))  # noqa: T201 (the result)
            return
        screen = console()
        for each in changed:
            was, now = each.before, each.after
            screen.print(f"{printable(each.field)}: {_count(each.labels, 'label')}, vote {each.vote}")
            if each.vote not in LEARNED:
                screen.print("  this vote uses nothing of what is learned; `vote: pool` does")
            if now.questions:
                screen.print(f"  log loss {was.log_loss:.3f} -> {now.log_loss:.3f}, ece {was.ece:.3f} -> {now.ece:.3f}")
                screen.print(
                    f"  accuracy {was.accuracy:.3f} -> {now.accuracy:.3f}"
                    f" (five folds, {_count(now.questions, 'question')})"
                )
            if each.labels and not learned.fields[each.field].is_enough:
                screen.print("  too few for confidences that are called calibrated; decisions say so")
            for agent, (old, new, count) in sorted(each.competence.items(), key=lambda item: -item[1][1]):
                before = f"{old:.3f} -> " if old is not None else ""
                stranger = "" if agent in known else "; no agent of the team has this name"
                labelled = _count(count, "labelled claim")
                screen.print(f"  {printable(agent)}: competence {before}{new:.3f}, {labelled}{stranger}")
        screen.print(f"wrote {self.out}: version {learned.version}, digest {learned.digest[:12]}, {learned.source}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _run_suite(suite: Suite, tell: Callable[[str], None]) -> Iterator[Labelled]:
    """Run a suite's cases on its own team; the database is one that is removed afterwards."""
    from langgraph.checkpoint.memory import InMemorySaver

    team = find_team(suite.graph, start=Path(suite.where).absolute().parent)
    suite = suite.bind(team.outcome, team.request)
    graph = team.compile(checkpointer=InMemorySaver())
    for number, case in enumerate(suite.cases, start=1):
        tell(f"running case {number} of {len(suite.cases)} of {suite.name}")
        thread: RunnableConfig = {"configurable": {"thread_id": f"calibrate-{uuid.uuid4()}"}}
        values = asyncio.run(graph.ainvoke({"request": case.request}, thread))
        yield from questions_of_case(team.read(values), case, team)


def _plain(change: Change) -> dict[str, object]:
    return {
        "field": change.field,
        "vote": change.vote,
        "labels": change.labels,
        "questions": change.after.questions,
        **{
            f"{name}_{when}": round(getattr(one, name), 6)
            for when, one in (("before", change.before), ("after", change.after))
            for name in ("accuracy", "log_loss", "ece")
        },
        "agents": {
            agent: {"before": old, "after": new, "labels": count}
            for agent, (old, new, count) in sorted(change.competence.items())
        },
    }
