from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.thread_history import Step, ThreadHistory, seen, steps

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.audit import Audit
from quorate.checkpoints.log.candidate import Candidate
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.retention import Retention
from quorate.checkpoints.upkeep.upkeep import Upkeep

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 21, tzinfo=UTC)

Round = tuple[list[Step], int, bool]

rounds: st.SearchStrategy[list[Round]] = st.lists(
    st.tuples(st.lists(steps, max_size=14), st.integers(0, 2**16 - 1), st.booleans()), min_size=1, max_size=4
)
numbers = count()
cases = {"sqlite_url": 100, "empty_postgres_url": 25}


def choice(bits: int, newest: bool) -> Any:
    """A rule that keeps any checkpoints, at least one of a line, and the newest where that is wished."""

    def choose(key: LineKey, candidates: Sequence[Candidate], pending: bool) -> set[int]:
        kept = {each.place for number, each in enumerate(candidates) if bits >> number % 16 & 1}
        return kept | {candidates[-1].place} if newest or not kept else kept

    return choose


@pytest.fixture(params=list(cases))
def case(request: pytest.FixtureRequest) -> tuple[str, int]:
    """The URL of a new database of each kind, and how many examples it is to have."""
    return str(request.getfixturevalue(request.param)), cases[request.param]


def test_pruned_threads_read_as_before(case: tuple[str, int]) -> None:
    """What a prune leaves reads as before, goes on, and is proved; copied or exported it reads the same elsewhere."""
    url, examples = case
    with open_database(url) as database, database.saver() as saver:
        log = database.log
        upkeep, retention = Upkeep(log.store, log.sealer, log.writer), Retention(database)

        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(rounds)
        def prune(wanted: list[Round]) -> None:
            thread = f"thread {next(numbers)}"
            history = ThreadHistory(saver, thread)
            for steps, bits, newest in wanted:
                for step in steps:
                    history.do(step)
                before = seen(saver, thread)
                upkeep.prune(thread, choice(bits, newest), "for a test", NOW)
                after = seen(saver, thread)
                assert after == {key: content for key, content in before.items() if key in after}
                assert list(after) == [key for key in before if key in after]
                assert {key[0] for key in after} == {key[0] for key in before}
                history.forget(set(after))
            if not before:
                return
            retention.copy(thread, f"copy of {thread}")
            retention.restore(retention.export(f"copy of {thread}"), f"import of {thread}")
            assert seen(saver, f"import of {thread}") == seen(saver, f"copy of {thread}") == after
            for each in (thread, f"copy of {thread}", f"import of {thread}"):
                assert list(Audit(log.store, log.sealer, thread=each)) == []
                retention.delete(each)

        prune()
