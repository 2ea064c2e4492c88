from __future__ import annotations

import asyncio
import copy
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from langgraph.checkpoint.base import Checkpoint
from tests.fakes.database_faces import DatabaseFaces
from tests.fakes.saver_model import Kept, SaverModel, following, place, shown
from tests.fakes.transcript import differences, plain

from quorate.contracts import StaleThreadError

pytestmark = pytest.mark.long

CHANNELS = ("a", "b", "c", "delta")
SPECIAL = ("__error__", "__interrupt__", "__resume__", "__scheduled__")

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(max_size=12),
    st.binary(max_size=12),
    st.sampled_from(["", "the same words again and again " * 150, b"\0" * 5000]),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=6,
)
wanted_metadata = st.fixed_dictionaries(
    {}, optional={"source": st.sampled_from(["loop", "update"]), "step": st.integers(0, 3), "run_id": st.just("r1")}
)
picks = st.integers(0, 1000)
faces = st.booleans()
examples = count()

How = tuple[DatabaseFaces, bool]
Line = tuple[str, str]
Changes = dict[str, Any]


class SaverMachine(RuleBasedStateMachine):
    """Two handles of one database, each with both faces, against plain dicts."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.example = f"{next(examples):05x}"  # its own threads and ids: the database is that of all examples
        self.clock = count(1)
        self.runner = asyncio.Runner()
        self.handles = [DatabaseFaces(url, self.runner) for _ in range(2)]
        self.model = SaverModel()
        self.pruned: set[str] = set()

    def line(self, pick: int) -> tuple[str, str]:
        return f"thread {self.example} {pick % 3}", ("", "sub", "sub|deep:1")[pick % 5 % 3]

    def handle(self, pick: int) -> DatabaseFaces:
        return self.handles[pick % 2]

    def known(self, pick: int) -> Kept:
        kept = self.model.all()
        return kept[pick % len(kept)]

    def some(self) -> bool:
        return bool(self.model.all())

    def make(self, parent: Kept | None, changes: Changes) -> tuple[Checkpoint, dict[str, Any]]:
        """A checkpoint after `parent`, and the new versions."""
        number = next(self.clock)
        id_ = f"1f0{self.example}-{number:04x}-6000-8000-000000000000"
        return following(parent, changes, id_, self.handles[0].next_version)

    def do_put(self, how: How, line: Line, parent: Kept | None, changes: Changes, metadata: dict[str, Any]) -> None:
        handle, is_async = how
        checkpoint, new = self.make(parent, changes)
        kept = Kept(line, copy.deepcopy(checkpoint), {**metadata, "who": "me"}, parent and parent.id)
        config = {**place(line, kept.parent), "metadata": {"who": "me"}}
        assert handle.put(is_async, config, checkpoint, metadata, new) == place(line, kept.id)
        self.model.keep(kept)

    @rule(
        handle=picks,
        is_async=faces,
        pick=picks,
        changes=st.dictionaries(st.sampled_from(CHANNELS), values, max_size=4),
        source=st.sampled_from(["input", "loop"]),
    )
    def put(self, handle: int, is_async: bool, pick: int, changes: dict[str, Any], source: str) -> None:
        line = self.line(pick)
        metadata = {"source": source, "step": pick % 4, "parents": {}}
        self.do_put((self.handle(handle), is_async), line, self.model.head(line), changes, metadata)

    @precondition(some)
    @rule(
        handle=picks,
        is_async=faces,
        pick=picks,
        changes=st.dictionaries(st.sampled_from(CHANNELS), values, max_size=2),
        source=st.sampled_from(["update", "fork"]),
    )
    def fork(self, handle: int, is_async: bool, pick: int, changes: dict[str, Any], source: str) -> None:
        parent = self.known(pick)
        metadata = {"source": source, "step": pick % 4, "parents": {"": "x"}, "run_id": f"r{pick % 2}"}
        self.do_put((self.handle(handle), is_async), parent.line, parent, changes, metadata)

    @precondition(some)
    @rule(handle=picks, is_async=faces, pick=picks)
    def put_after_an_old_one(self, handle: int, is_async: bool, pick: int) -> None:
        parent = self.known(pick)
        head = self.model.head(parent.line)
        assert head is not None
        if head.id == parent.id:
            return
        checkpoint, new = self.make(parent, {"a": "lost"})
        config, metadata = place(parent.line, parent.id), {"source": "loop", "step": 1, "parents": {}}
        with pytest.raises(StaleThreadError) as error:
            self.handle(handle).put(is_async, config, checkpoint, metadata, new)
        assert parent.id in str(error.value)
        assert head.id in str(error.value)

    @precondition(some)
    @rule(
        handle=picks,
        is_async=faces,
        pick=picks,
        task=st.integers(0, 2),
        writes=st.lists(st.tuples(st.sampled_from(CHANNELS), values), max_size=3),
        special=st.lists(st.tuples(st.sampled_from(SPECIAL), values), max_size=2, unique_by=lambda write: write[0]),
    )
    def put_writes(
        self, handle: int, is_async: bool, pick: int, task: int, writes: list[Any], special: list[Any]
    ) -> None:
        kept = self.known(pick)
        if kept is not self.model.head(kept.line):  # as LangGraph does: the checkpoints after it would read it
            writes = [write for write in writes if write[0] != "delta"]
        name, path = f"{task:08x}-0000-5000-8000-000000000000", ("~b", "", "~a")[task]
        self.handle(handle).put_writes(is_async, place(kept.line, kept.id), [*writes, *special], name, path)
        kept.write(name, path, [*writes, *special])

    @rule(handle=picks, is_async=faces, pick=picks)
    def get_newest(self, handle: int, is_async: bool, pick: int) -> None:
        line = self.line(pick)
        head = self.model.head(line)
        same(shown(self.handle(handle).get_tuple(is_async, place(line))), head and head.shown())

    @precondition(some)
    @rule(handle=picks, is_async=faces, pick=picks)
    def get_one(self, handle: int, is_async: bool, pick: int) -> None:
        kept = self.known(pick)
        same(shown(self.handle(handle).get_tuple(is_async, place(kept.line, kept.id))), kept.shown())
        elsewhere = (f"{kept.line[0]} that is not there", kept.line[1])
        assert self.handle(handle).get_tuple(is_async, place(elsewhere, kept.id)) is None

    @rule(
        handle=picks,
        is_async=faces,
        pick=picks,
        wanted=st.fixed_dictionaries(
            {},
            optional={
                "source": st.sampled_from(["loop", "update"]),
                "step": st.integers(0, 3),
                "run_id": st.just("r1"),
            },
        ),
        before=st.none() | picks,
        limit=st.none() | st.integers(1, 3),
    )
    def list(
        self, handle: int, is_async: bool, pick: int, wanted: dict[str, Any], before: int | None, limit: int | None
    ) -> None:
        line = self.line(pick)
        bound = self.known(before).id if before is not None and self.some() else None
        found = self.handle(handle).list(
            is_async, place(line), filter=wanted, before=bound and place(line, bound), limit=limit
        )
        expected = self.model.listed(line, wanted=wanted, before=bound, limit=limit)
        same([shown(one) for one in found], list_of(expected))

    @precondition(some)
    @rule(handle=picks, is_async=faces, pick=picks)
    def delta_history(self, handle: int, is_async: bool, pick: int) -> None:
        kept = self.known(pick)
        found, walk = self.handle(handle).delta_history(is_async, place(kept.line, kept.id), ["delta", "a", "never"])
        if kept.line[0] not in self.pruned:  # from there on the walk ends where the first pruned one was
            same(plain(dict(found)), plain(dict(walk)))

    @rule(handle=picks, is_async=faces, pick=picks)
    def delete_thread(self, handle: int, is_async: bool, pick: int) -> None:
        thread = self.line(pick)[0]
        self.handle(handle).delete_thread(is_async, thread)
        self.model.forget(thread)
        self.pruned.discard(thread)

    @precondition(some)
    @rule(handle=picks, is_async=faces, pick=picks)
    def copy_thread(self, handle: int, is_async: bool, pick: int) -> None:
        source, target = self.known(pick).line[0], f"copy {self.example} {next(self.clock)}"
        self.handle(handle).copy_thread(is_async, source, target)
        self.model.copy(source, target)
        self.pruned |= {target} if source in self.pruned else set()

    @precondition(some)
    @rule(handle=picks, is_async=faces, pick=picks)
    def prune(self, handle: int, is_async: bool, pick: int) -> None:
        faces, thread = self.handle(handle), self.known(pick).line[0]
        heads = [head for line in self.model.lines if line[0] == thread and (head := self.model.head(line))]
        before = [self.all_of(faces, is_async, head) for head in heads]
        faces.prune(is_async, thread)
        same([self.all_of(faces, is_async, head) for head in heads], before)
        self.pruned.add(thread)
        left = {(row["line"], row["checkpoint"]["id"]) for row in self.found(faces, is_async)}
        assert {(head.line, head.id) for head in heads} <= left
        for kept in self.model.all():
            if kept.line[0] == thread and (kept.line, kept.id) not in left:
                self.model.drop(kept)

    def all_of(self, faces: DatabaseFaces, is_async: bool, kept: Kept) -> Any:
        """A checkpoint, and what LangGraph would ask of before it: a delta channel with a version, but no value."""
        config = place(kept.line, kept.id)
        asked = {"delta"} & kept.checkpoint["channel_versions"].keys() - kept.checkpoint["channel_values"].keys()
        return [
            shown(faces.get_tuple(is_async, config)),
            plain(dict(faces.delta_history(is_async, config, list(asked))[0])),
        ]

    @rule(pick=picks)
    def reopen(self, pick: int) -> None:
        self.handles[pick % 2].close()
        self.handles[pick % 2] = DatabaseFaces(self.url, self.runner)

    @rule(handle=picks, is_async=faces)
    def list_all(self, handle: int, is_async: bool) -> None:
        mine = self.found(self.handle(handle), is_async)
        expected = [kept.shown() for kept in self.model.all()]
        same(sorted(mine, key=by_place), sorted(expected, key=by_place))

    def found(self, faces: DatabaseFaces, is_async: bool) -> Any:
        """All that is in this example's threads."""
        rows = [shown(one) for one in faces.list(is_async, None)]
        return [row for row in rows if row and f" {self.example} " in row["line"][0]]

    def teardown(self) -> None:
        try:
            self.list_all(0, False)
            self.list_all(1, True)
        finally:
            for handle in self.handles:
                handle.close()
            self.runner.close()


list_of = list


def same(found: Any, expected: Any) -> None:
    assert not [text[:500] for text in differences(found, expected)]


def by_place(one: Any) -> tuple[Any, ...]:
    return one["line"], one["checkpoint"]["id"]


def test_saver_beside_a_model(database_url: str) -> None:
    """Through any order of calls, faces, handles and reopenings a saver holds what plain dicts would."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: SaverMachine(database_url),
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
