"""Prune: the command `quorate prune`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..contracts import DatabaseError, InputError
from .age import age_of
from .bytes_text import bytes_text
from .confirmation import check_askable, confirmed
from .exit_status import ExitStatus
from .failure import show_error
from .location import Location
from .printable import LONGEST_ID, id_of
from .progress import progressing
from .screen import console, errors, listing, unbroken
from .thread_prefix import whole_threads

if TYPE_CHECKING:
    from ..checkpoints.retention import Pruned, Retention
    from ..checkpoints.upkeep.keep import Keep, Kept

__all__ = ["Prune", "forget_policy"]


@dataclass
class _Done:
    """What was done so far."""

    pruned: list[Pruned] = field(default_factory=list)
    failed: int = 0
    stopped: bool = False


@dataclass
class Prune:
    """One call of `quorate prune`."""

    location: Location
    """The database."""
    threads: Sequence[str]
    """Only these threads; all where there is none."""
    older_than: str | None
    """From which age on checkpoints go, as it was given."""
    keep: str | None
    """What stays, as it was given."""
    remember: bool
    """Whether the database is to remember both."""
    dry_run: bool
    """Whether nothing is changed."""
    yes: bool
    """Whether nobody is asked."""
    as_json: bool
    """Whether stdout gets one JSON object per thread of which something goes, and nothing else."""

    def __call__(self) -> ExitStatus:
        """Prune, print what went, and give the exit status."""
        from ..checkpoints.log.refusals import Refusals
        from ..checkpoints.retention import Retention

        given = self._given()
        if not self.dry_run:
            check_askable("quorate prune", yes=self.yes)
        location = self.location
        with location.open_to_read() if self.dry_run else location.open(existing=True) as database:
            retention = Retention(database)
            keep = retention.policy if given is None else given
            if keep is None:
                raise InputError(
                    "quorate prune",
                    got="no word on what stays, and nothing that the database remembers",
                    expected="which checkpoints stay, or from which age on they go",
                    fix="add --keep latest, --keep decided, --keep 10, or --older-than 30d",
                )
            refused = Refusals()
            named = whole_threads(database, self.threads, self.location) if self.threads else None
            threads = retention.threads(refused) if named is None else named
            if not self.dry_run and not self.yes and not self._agreed(retention, keep, threads):
                return ExitStatus.FAILED
            if self.remember:
                retention.decide(keep)
            status = self._report(self._prune(retention, keep, threads, trial=self.dry_run), keep)
            refused.check()
            return status

    def _given(self) -> Keep | None:
        from ..checkpoints.upkeep.keep import Keep

        if self.keep is None and self.older_than is None:
            if self.remember:
                raise InputError(
                    "--remember",
                    got="neither --keep nor --older-than",
                    expected="what is to be remembered",
                    fix="quorate prune --older-than 30d --keep latest --remember, say",
                )
            return None
        age = None if self.older_than is None else age_of(self.older_than, "--older-than")
        return Keep(_kept(self.keep or "latest"), age)

    def _agreed(self, retention: Retention, keep: Keep, threads: Sequence[str]) -> bool:
        found = self._prune(retention, keep, threads, trial=True)
        gone = [each for each in found.pruned if each.checkpoints]
        if found.stopped or not gone:
            return not found.stopped
        self._show(gone)
        agreed = confirmed(f"Remove {_summary(gone)}?", yes=False)
        if not agreed:
            errors().print("Nothing was removed.")
        return agreed

    def _prune(self, retention: Retention, keep: Keep, threads: Sequence[str], *, trial: bool) -> _Done:
        now = datetime.now(UTC)
        done = _Done()
        silent = self.as_json or not errors().is_terminal
        try:
            with progressing("look" if trial else "prune", len(threads), silent=silent) as progress:
                for thread in threads:
                    self._prune_one(retention, keep, thread, now, done, trial=trial)
                    progress.advance(thread, "done")
        except KeyboardInterrupt:
            done.stopped = True
        return done

    def _prune_one(
        self, retention: Retention, keep: Keep, thread: str, now: datetime, done: _Done, *, trial: bool
    ) -> None:
        try:
            found = retention.prune([thread], keep, now=now, dry_run=trial)
        except DatabaseError as error:  # one damaged thread does not keep the others
            if not trial or self.dry_run:
                show_error(error)
                done.failed += 1
            return
        except InputError:  # somebody has deleted it meanwhile
            return
        done.pruned += found
        if self.as_json and (not trial or self.dry_run):
            for each in found:
                if each.checkpoints:
                    print(json.dumps({**asdict(each), "deleted": each.deleted}), flush=True)  # noqa: T201 (the result)

    def _report(self, done: _Done, keep: Keep) -> ExitStatus:
        gone = [each for each in done.pruned if each.checkpoints]
        if not self.as_json:
            if gone and (self.dry_run or self.yes):
                self._show(gone)
            verb = "would go" if self.dry_run else "removed"
            said = f"{_summary(gone)} {verb}" if gone else "nothing removed" if done.failed else "nothing to remove"
            if done.failed:
                said += f"; {done.failed} thread{'s' * (done.failed != 1)} could not be pruned"
            console().print(f"{said} ({keep}); {self.location.shown}", soft_wrap=True)
            if gone and not self.dry_run:
                console().print(f"To give the space back: {self.location.command('vacuum')}", soft_wrap=True)
        if done.stopped:
            errors().print("Stopped; run the same again, and it goes on.")
            return ExitStatus.STOPPED
        return ExitStatus.FAILED if done.failed else ExitStatus.SETTLED

    def _show(self, gone: Sequence[Pruned]) -> None:
        table = listing("thread", "go", "stay", "about")
        for column in table.columns[1:]:
            column.justify = "right"
        for each in gone:
            stay = "none: deleted" if each.deleted else f"{each.kept:,}"
            table.add_row(id_of(each.thread, LONGEST_ID), f"{each.checkpoints:,}", stay, bytes_text(each.freed))
        unbroken(table)
        console().print(table)
        console().print()


def forget_policy(location: Location) -> None:
    """Let the database forget what it remembers of what stays."""
    from ..checkpoints.retention import Retention

    with location.open(existing=True) as database:
        Retention(database).decide(None)
    console().print(f"Nothing is remembered of what stays; {location.shown}", soft_wrap=True)


def _kept(text: str) -> Kept:
    word = text.strip().lower()
    if word in ("none", "latest", "decided"):
        return word  # type: ignore[return-value]
    if word.isdecimal() and 0 < int(word) < 10**9:
        return int(word)
    raise InputError(
        "--keep",
        got=repr(text),
        expected="latest, decided, none, or how many of the newest checkpoints",
        fix="--keep latest, say",
    )


def _summary(gone: Sequence[Pruned]) -> str:
    checkpoints, deleted = sum(each.checkpoints for each in gone), sum(each.deleted for each in gone)
    whole = f" ({deleted:,} of these threads entirely)" if deleted else ""
    return (
        f"{checkpoints:,} checkpoint{'s' * (checkpoints != 1)} of {len(gone):,} thread{'s' * (len(gone) != 1)}{whole},"
        f" about {bytes_text(sum(each.freed for each in gone))}"
    )
