"""Projections step by step: whatever becomes of threads, what is added is what making all anew would give."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.projected import all_rows
from tests.fakes.till import Till

from quorate.checkpoints import open_database
from quorate.checkpoints.projection.projection import project
from quorate.checkpoints.upkeep.keep import Kept

pytestmark = pytest.mark.long

Step = Callable[[Till, str], None]

_TEXTS = st.sampled_from(["3 3", "1 2", "9 9", "1 ! 2", "- -"])


def _steps() -> st.SearchStrategy[Step]:
    def opened(text: str) -> Step:
        return lambda till, thread: till.open(thread, text)

    def stopped(text: str, node: str) -> Step:
        return lambda till, thread: till.open(thread, text, stop_before=node)

    def answered(verdict: str) -> Step:
        return lambda till, thread: till.answer(thread, verdict)

    def reviewed(verdict: str) -> Step:
        def step(till: Till, thread: str) -> None:
            till.open(thread, "1 2")
            till.answer(thread, verdict)

        return step

    def forked(back: int, text: str | None) -> Step:
        return lambda till, thread: till.fork(thread, back, text)

    def pruned(kept: Kept) -> Step:
        return lambda till, thread: till.prune(thread, kept)

    return st.one_of(
        _TEXTS.map(opened),
        st.builds(stopped, _TEXTS, st.sampled_from(["intake", "supervisor", "review"])),
        st.sampled_from(["approve", "edit", "reject", "respond"]).map(answered),
        st.sampled_from(["approve", "edit", "reject", "respond"]).map(reviewed),
        st.sampled_from(["2", "4"]).map(lambda total: lambda till, thread: till.correct(thread, total)),
        st.builds(forked, st.integers(0, 25), st.none() | _TEXTS),
        st.sampled_from(["latest", "decided", 7]).map(pruned),
        st.integers(2, 4).map(lambda each: lambda till, thread: till.thin(thread, each)),
        st.sampled_from([Till.go_on, Till.delete, Till.run_other]),
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), _steps(), st.booleans()), min_size=1, max_size=10))
def test_step_by_step(history: list[tuple[str, Step, bool]]) -> None:
    """Turns, answers, corrections, forks, stops, prunings and deletions, projected now and then, are as made anew."""
    with tempfile.TemporaryDirectory() as folder:
        url, anew = (f"sqlite:///{Path(folder, name)}" for name in ("desk.db", "anew.db"))
        with open_database(url) as database:
            with database.saver() as saver:
                till = Till(database, saver)
                for thread, step, projects in history:
                    step(till, thread)
                    if projects:
                        project(database)
            project(database)
            project(database, to=anew)
            rows = all_rows(url)
            assert rows == all_rows(anew)
            assert [row["thread"] for row in rows["threads"]] == sorted(each.id for each in database.threads())
            assert project(database).changed == 0
            project(database, rebuild=True)
            assert all_rows(url) == rows
