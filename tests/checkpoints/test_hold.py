from __future__ import annotations

from itertools import product

import pytest
from tests.fakes.locks import FakeHolder, FakeLocks

from quorate.checkpoints.log.hold import Hold, Holds, number_of

LINE = number_of("t", "")


def hold(holds: Holds, *, shared: bool = True, line: int = LINE) -> Hold:
    return Hold(holds, line, FakeHolder(), shared=shared)


class TestOneProcess:
    def test_one_run_at_a_time(self) -> None:
        """The first run holds a line until it releases it; then the next one may."""
        holds = Holds()
        first, second = hold(holds), hold(holds)
        assert first.take() is None
        assert second.take() == "this process"
        first.release()
        third = hold(holds)
        assert third.take() is None
        assert hold(holds).take() == "this process"

    def test_refused_run_releases_nothing(self) -> None:
        """What a run that was refused does at its end does not concern the one that holds the line."""
        holds = Holds(FakeLocks("process 1", taken := {}))
        first, second = hold(holds), hold(holds)
        assert first.take() is None
        assert second.take() == "this process"
        second.release()
        second.release()
        assert taken == {LINE: "process 1"}
        assert hold(holds).take() == "this process"

    def test_other_lines_are_free(self) -> None:
        """A run holds its own line and no other."""
        holds = Holds()
        assert hold(holds).take() is None
        assert hold(holds, line=number_of("t", "sub")).take() is None

    def test_run_that_is_gone(self) -> None:
        """A run that is found not to be alive holds its line no longer."""
        holds = Holds(FakeLocks("process 1", taken := {}))
        holder = FakeHolder()
        first = Hold(holds, LINE, holder, shared=True)
        assert first.take() is None
        holder.alive = False
        second = hold(holds)
        assert second.take() is None
        assert first.release() is None
        assert taken == {LINE: "process 1"}
        assert hold(holds).take() == "this process"

    def test_run_that_ended_before_it_began(self) -> None:
        """A run that was ended while it began does not hold the line."""
        holds = Holds(FakeLocks("process 1", taken := {}))
        early = hold(holds)
        early.release()
        assert early.take() is None
        assert not taken
        assert hold(holds).take() is None


class TestProcesses:
    @pytest.mark.parametrize("waits", [False, True])
    def test_one_process_at_a_time(self, waits: bool) -> None:
        """A run of another process is told where the first one is, until that has released the line."""
        taken: dict[int, str] = {}
        one, other = (Holds(FakeLocks(f"process {number}", taken, waits=waits)) for number in (1, 2))
        first, second = hold(one), hold(other)
        first.prepare()
        assert first.take() is None
        second.prepare()
        assert second.take() == "process 1"
        done = first.release()
        assert done is not None
        assert done.done()
        third = hold(other)
        third.prepare()
        assert third.take() is None

    def test_what_takes_time_is_asked_ahead(self) -> None:
        """Locks that one waits for are asked when a run reads, others when it begins; each once."""
        for waits in (False, True):
            locks = FakeLocks("process 1", {}, waits=waits)
            first = hold(Holds(locks))
            first.prepare()
            first.prepare()
            assert locks.asked == [LINE] * waits
            first.take()
            assert locks.asked == [LINE]

    def test_run_that_never_began(self) -> None:
        """What was asked ahead is released when the run ends, though it never began."""
        holds = Holds(FakeLocks("process 1", taken := {}, waits=True))
        first = hold(holds)
        first.prepare()
        assert taken
        first.release()
        assert not taken

    def test_own_lines_are_not_shown(self) -> None:
        """A line that other processes cannot come to is held in this process only."""
        locks = FakeLocks("process 1", {})
        holds = Holds(locks)
        assert hold(holds, shared=False).take() is None
        assert hold(holds, shared=False).take() == "this process"
        assert not locks.asked

    def test_forked_process(self) -> None:
        """A forked process holds nothing of what its parent holds, and sees that the parent does."""
        holds = Holds(FakeLocks("process 1", taken := {}))
        first = hold(holds)
        assert first.take() is None
        holds.forget()
        assert hold(holds).take() == "process 1"
        assert taken == {LINE: "process 1"}

    def test_closed(self) -> None:
        """When all is closed nothing is held."""
        holds = Holds(FakeLocks("process 1", taken := {}))
        assert hold(holds).take() is None
        holds.close()
        assert not taken


def test_numbers() -> None:
    """A line's number is above 0, fits a signed 64-bit integer, and tells lines apart; any text has one."""
    names = ["", "t", "t\0", "\0t", "t ", "é", "\ud800", "t" * 10_000]
    numbers = {number_of(thread, namespace) for thread, namespace in product(names, names) if "\0" not in thread}
    assert all(0 < number < 1 << 62 for number in numbers)
    assert len(numbers) == (len(names) - 2) * len(names)
    assert number_of("t", "") == number_of("t", "")
