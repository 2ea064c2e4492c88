from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quorate.checkpoints.log.fence import admit_checkpoint, admit_writes, occupied, over
from quorate.checkpoints.log.line import Line, LineKey
from quorate.checkpoints.log.request import PutCheckpoint, PutWrites
from quorate.checkpoints.log.run import Load, Run
from quorate.checkpoints.log.written import Written
from quorate.contracts import StaleThreadError

KEY = LineKey("t", "")
BEFORE, NOW = "checkpoint 1", "checkpoint 2"


def line(**changes: Any) -> Line:
    """A line with two checkpoints that the run 77 wrote."""
    return Line(**{"id": 1, "key": KEY, "head": 2, "head_id": NOW, "owner": 77, "events": 5, **changes})


def run(**changes: Any) -> Run:
    """A run that has loaded the line as it is."""
    load = {"head": NOW, "owner": 77, "addressed": False, "events": 5, "generation": 0, **changes}
    return Run(loads={KEY: Load(**load)})


def checkpoint(by: Run | None, parent: str | None = NOW, *, forks: bool = False) -> PutCheckpoint:
    return PutCheckpoint(KEY, "checkpoint 3", parent, b"", {}, (), False, by, forks)


def writes(by: Run | None, on: str = NOW) -> PutWrites:
    return PutWrites(KEY, on, "task", (), Written(b"", ()), by)


class TestCheckpoints:
    def test_run_that_has_loaded_the_newest(self) -> None:
        """A run that has loaded all that the line holds may go on with it."""
        admit_checkpoint(line(), checkpoint(run()))

    def test_first_of_a_line(self) -> None:
        """So may one that has found nothing, as long as nothing is there."""
        empty = {"head": None, "head_id": None, "owner": 0, "events": 0}
        first = run(head=None, owner=0, events=0)
        admit_checkpoint(line(**empty), checkpoint(first, None))
        with pytest.raises(StaleThreadError):
            admit_checkpoint(line(), checkpoint(first, None))

    def test_owner(self) -> None:
        """The run that wrote last goes on from what it wrote, whatever it had loaded."""
        owner = run(head=BEFORE, owner=1, events=1)
        admit_checkpoint(line(owner=owner.token), checkpoint(owner))
        with pytest.raises(StaleThreadError):
            admit_checkpoint(line(owner=owner.token), checkpoint(owner, BEFORE))

    @pytest.mark.parametrize("since", [{"head_id": "other"}, {"owner": 78}, {"owner": 0}, {"events": 6}])
    def test_anything_since_it_loaded(self, since: dict[str, Any]) -> None:
        """A run that has not written yet is refused when anything came to the line since it loaded it."""
        with pytest.raises(StaleThreadError):
            admit_checkpoint(line(**since), checkpoint(run()))

    def test_pruned_since_it_loaded(self) -> None:
        """Pruning the line in between is not going on with it."""
        admit_checkpoint(line(events=6, generation=1), checkpoint(run()))

    def test_declared_forks(self) -> None:
        """What says that it forks is let in from anywhere."""
        for by in (None, run(head="other", owner=1)):
            for parent in (None, BEFORE, "anything"):
                admit_checkpoint(line(), checkpoint(by, parent, forks=True))

    def test_replay(self) -> None:
        """A run on an explicit earlier checkpoint branches off once, and then goes on as any other."""
        replay = run(addressed=True)
        assert admit_checkpoint(line(), checkpoint(replay, BEFORE))
        replay.forked.add(KEY)
        with pytest.raises(StaleThreadError):
            admit_checkpoint(line(), checkpoint(replay, BEFORE))
        assert not admit_checkpoint(line(owner=replay.token, events=9), checkpoint(replay))

    def test_outside_of_a_run(self) -> None:
        """A checkpoint that no run puts follows the newest one, or begins anew."""
        admit_checkpoint(line(), checkpoint(None))
        admit_checkpoint(line(), checkpoint(None, None))
        admit_checkpoint(line(head=None, head_id=None), checkpoint(None, BEFORE))
        with pytest.raises(StaleThreadError):
            admit_checkpoint(line(), checkpoint(None, BEFORE))

    def test_error(self) -> None:
        """The error names the thread, both checkpoints and the remedy."""
        with pytest.raises(StaleThreadError) as refused:
            admit_checkpoint(line(), checkpoint(run(head=BEFORE), BEFORE))
        assert refused.value.where == "thread 't'"
        assert BEFORE in refused.value.got
        assert NOW in refused.value.expected
        assert "run again" in refused.value.fix


class TestWrites:
    def test_first_writes_take_the_line(self) -> None:
        """A run's first writes take the line, if nothing came to it since the run loaded it; later ones have it."""
        first = run()
        assert admit_writes(line(), writes(first))
        assert not admit_writes(line(owner=first.token, events=6), writes(first))

    @pytest.mark.parametrize("since", [{"head_id": "other"}, {"owner": 78}, {"events": 6}])
    def test_anything_since_it_loaded(self, since: dict[str, Any]) -> None:
        """They are refused when anything came to the line in between."""
        with pytest.raises(StaleThreadError):
            admit_writes(line(**since), writes(run()))

    def test_outside_of_a_run(self) -> None:
        """Writes that no run puts are let in, and take nothing."""
        assert not admit_writes(line(), writes(None))

    def test_replay(self) -> None:
        """What a replay writes on the checkpoint that it was given takes nothing before it has branched off."""
        replay = run(addressed=True)
        assert not admit_writes(line(owner=78, events=9), writes(replay, BEFORE))


@given(st.lists(st.integers(0, 3), max_size=12))
def test_one_of_several_runs_goes_on(turns: list[int]) -> None:
    """Of runs that have loaded the same state only the first to write is let in, in whatever order they write on."""
    here = line()
    runs = [run() for _ in range(4)]
    parents = [NOW] * 4
    for number, who in enumerate(turns):
        request = PutCheckpoint(KEY, f"new {number}", parents[who], b"", {}, (), False, runs[who], False)
        if who != turns[0]:
            with pytest.raises(StaleThreadError):
                admit_checkpoint(here, request)
            continue
        admit_checkpoint(here, request)
        here.head_id = parents[who] = request.id
        here.owner = runs[who].token
        here.events += 1


def test_occupied() -> None:
    """A run that is not let in is told from where it would go on, where the other run is, and what to do."""
    error = occupied(LineKey("t", "sub"), Load(NOW, 1, False), "process 4711")
    assert error.where == "thread 't', namespace 'sub'"
    assert NOW in error.got
    assert "process 4711" in error.got
    assert NOW in error.expected
    assert "wait for the other run" in error.fix
    assert "beginning of the thread" in occupied(KEY, Load(None, 0, False), "this process").got


def test_over() -> None:
    """A run that was broken off is told that nothing is taken of it any more."""
    assert "broken off" in over().got
