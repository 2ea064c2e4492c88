from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.tampering import Desk, build, repacked

from quorate.checkpoints import open_database
from quorate.checkpoints.audit.finding import Finding
from quorate.checkpoints.audit.prover import Prover
from quorate.checkpoints.log.digest import chain
from quorate.checkpoints.log.envelope import unwrap
from quorate.checkpoints.log.line import LineKey
from quorate.checkpoints.log.proof import digest_of_writes, mask_of_writes
from quorate.contracts import DatabaseError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "quorate.db")


def kinds(found: list[Finding]) -> set[tuple[str, str, int | None]]:
    return {(each.kind, each.thread, each.place) for each in found}


def only(found: list[Finding], kind: str) -> Finding:
    """The one finding, apart from those that say what cannot be proved by that."""
    (finding,) = [each for each in found if each.kind != "unproven"]
    assert finding.kind == kind
    return finding


def with_value(channel: str, value: bytes) -> Callable[[list[Any]], list[Any]]:
    def change(content: list[Any]) -> list[Any]:
        *header, own = content
        assert channel in own
        return [*header, {**own, channel: value}]

    return change


def test_nothing_is_found_where_nothing_was_done(desk: Desk) -> None:
    """An untouched database is proved, thread by thread too."""
    assert not desk.audit()
    assert not desk.audit(thread="t")


@pytest.mark.parametrize("which", [0, 4, -1])
def test_one_byte_of_a_payload(desk: Desk, which: int) -> None:
    """A payload of which one byte is another is found, whichever byte it is, with its checkpoint."""
    place, id_ = desk.checkpoints()[which]
    ((payload,),) = desk.sql("SELECT payload FROM quorate_checkpoints WHERE seq = ?", (place,))
    for number in range(0, len(payload), 7):
        changed = bytearray(payload)
        changed[number] ^= 0x10
        desk.sql("UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", (bytes(changed), place))
        found = [each for each in desk.audit() if each.kind != "unproven"]
        assert {(each.thread, each.place, each.checkpoint) for each in found} == {("t", place, id_)}, number


def test_another_value_in_a_valid_row(desk: Desk) -> None:
    """A value that was replaced in a row of quorate's own form is found; what was said of it later is not blamed."""
    place, id_ = desk.checkpoints()[3]
    desk.rewrite(place, with_value("note", b"\xa8approved"))
    finding = only(desk.audit(), "changed")
    assert (finding.thread, finding.checkpoint, finding.place) == ("t", id_, place)
    assert not desk.audit(thread="u")


def test_a_list_to_which_later_ones_add(desk: Desk) -> None:
    """Where a list was changed, what adds to it is not called changed, but cannot be proved."""
    place, id_ = desk.checkpoints()[2]
    desk.rewrite(place, with_value("log", b"\x91\xa9all other"))
    found = desk.audit()
    assert only(found, "changed").checkpoint == id_
    assert {each.kind for each in found} == {"changed", "unproven"}


def test_metadata(desk: Desk) -> None:
    """Metadata that was changed is found; the checkpoints whose headers build on it are not called changed."""
    place, id_ = desk.checkpoints()[0]

    def change(content: list[Any]) -> list[Any]:
        content[1]["m"]["source"] = "update"
        return content

    desk.rewrite(place, change)
    assert only(desk.audit(), "changed").checkpoint == id_


def test_a_write(desk: Desk) -> None:
    """What a task wrote is found if it was changed, with the task and its checkpoint."""
    place, task = desk.writes()[1]

    def change(content: list[Any]) -> list[Any]:
        content[1][0][2] = "other"
        return content

    desk.rewrite(place, change, "quorate_writes")
    finding = only(desk.audit(), "changed")
    ((id_,),) = desk.sql(
        "SELECT id FROM quorate_checkpoints WHERE seq = (SELECT checkpoint FROM quorate_writes WHERE seq = ?)", (place,)
    )
    assert (finding.task, finding.checkpoint, finding.place) == (task, id_, place)


@pytest.mark.parametrize("table", ["quorate_checkpoints", "quorate_writes"])
def test_a_digest(desk: Desk, table: str) -> None:
    """A digest that was changed is found where it stands, and nowhere else."""
    place = (desk.checkpoints() if table == "quorate_checkpoints" else desk.writes())[2][0]
    desk.sql(f"UPDATE {table} SET digest = zeroblob(32) WHERE seq = ?", (place,))
    assert kinds(desk.audit()) == {("changed", "t", place)}


@pytest.mark.parametrize("one, other", [(3, 4), (2, 6), (0, 1)])
def test_two_checkpoints_that_changed_places(desk: Desk, one: int, other: int) -> None:
    """Two checkpoints that changed places are both found there."""
    (first, _), (second, _) = desk.checkpoints()[one], desk.checkpoints()[other]
    sql = "UPDATE quorate_checkpoints SET seq = ? WHERE seq = ?"
    for new, old in ((-1, first), (first, second), (second, -1)):
        desk.sql(sql, (new, old))
    found = {each.place for each in desk.audit()}
    assert {first, second} <= found


def test_two_writes_that_changed_places(desk: Desk) -> None:
    """Two tasks' writes that changed places are found, and where they belong is said."""
    first, second = (place for place, _ in desk.writes()[1:3])
    for new, old in ((-1, first), (first, second), (second, -1)):
        desk.sql("UPDATE quorate_writes SET seq = ? WHERE seq = ?", (new, old))
    assert {(each.kind, each.place) for each in desk.audit()} >= {("moved", first), ("moved", second)}


@pytest.mark.parametrize("which", [0, 1, 5, -2, -1])
def test_a_checkpoint_that_was_deleted(desk: Desk, which: int) -> None:
    """A checkpoint that is gone is found, the first, one in the middle and the last."""
    place, _ = desk.checkpoints()[which]
    desk.sql("DELETE FROM quorate_checkpoints WHERE seq = ?", (place,))
    found = [each for each in desk.audit() if each.kind != "unproven"]
    assert {each.thread for each in found} == {"t"}
    assert "missing" in {each.kind for each in found}


@pytest.mark.parametrize("which", [0, 1, 5])
def test_writes_that_were_deleted(desk: Desk, which: int) -> None:
    """Writes that are gone are found at the event after them."""
    place, _ = desk.writes()[which]
    after = min(seq for seq, _ in (*desk.checkpoints(), *desk.writes()) if seq > place)
    desk.sql("DELETE FROM quorate_writes WHERE seq = ?", (place,))
    assert kinds(desk.audit()) == {("missing", "t", after)}


def test_the_last_events_that_were_deleted(desk: Desk) -> None:
    """That the last writes are gone the line's own row tells."""
    for place, _ in desk.writes()[-1:]:
        desk.sql("DELETE FROM quorate_writes WHERE seq >= ? AND line = ?", (place, desk.line()))
        desk.sql("DELETE FROM quorate_checkpoints WHERE seq >= ? AND line = ?", (place, desk.line()))
    assert "missing" in {each.kind for each in desk.audit()} <= {"missing", "head"}


def inserted(desk: Desk, after: int, *, fitting: bool) -> int:
    """A task's writes that quorate did not add, after a place that has a free one behind it; their place."""
    place = after + 1
    ((digest,),) = desk.sql(
        "SELECT digest FROM quorate_writes WHERE seq = ?1 UNION SELECT digest FROM quorate_checkpoints WHERE seq = ?1",
        (after,),
    )
    source, _ = desk.writes()[1]
    ((checkpoint, payload),) = desk.sql("SELECT checkpoint, payload FROM quorate_writes WHERE seq = ?", (source,))
    payload = repacked(payload, lambda content: [content[0], [[0, *content[1][0][1:]]]])
    ids = dict(desk.checkpoints())
    content = digest_of_writes(ids[checkpoint], "forged", unwrap(payload, ""), b"", "t")
    mask = mask_of_writes(unwrap(payload, ""), "")
    digest = chain(digest, content) if fitting else bytes(32)
    row = (place, desk.line(), checkpoint, None, "forged", mask, digest, payload)
    desk.sql("INSERT INTO quorate_writes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return place


@pytest.mark.parametrize("fitting", [True, False])
def test_a_row_that_was_inserted(desk: Desk, fitting: bool) -> None:
    """A row between two others is found, whether its digest follows from the one before or not."""
    places = sorted(seq for seq, _ in (*desk.checkpoints(), *desk.writes()))
    after = next(one for one, two in pairwise(places) if two > one + 3)
    ((taken,),) = desk.sql("SELECT count(*) FROM quorate_writes WHERE seq = ?", (after + 1,))
    if taken:
        desk.sql("DELETE FROM quorate_threads WHERE line != ?", (desk.line(),))
        desk.sql("DELETE FROM quorate_writes WHERE line != ?", (desk.line(),))
        desk.sql("DELETE FROM quorate_checkpoints WHERE line != ?", (desk.line(),))
    place = inserted(desk, after, fitting=fitting)
    finding = only(desk.audit(thread="t"), "inserted")
    assert (finding.place, finding.task) == (place, "forged")


@pytest.mark.parametrize("fitting", [True, False])
def test_a_row_that_was_appended(desk: Desk, fitting: bool) -> None:
    """A row behind the last one is found: the line's row does not know it."""
    desk.sql("DELETE FROM quorate_threads WHERE line > 2")
    desk.sql("DELETE FROM quorate_writes WHERE line > 2")
    desk.sql("DELETE FROM quorate_checkpoints WHERE line > 2")
    place = inserted(desk, max(seq for seq, _ in desk.checkpoints()), fitting=fitting)
    assert only(desk.audit(), "inserted").place == place


def test_a_parent(desk: Desk) -> None:
    """A row that names another checkpoint as its parent, or none, is found."""
    (first, _), (place, id_) = desk.checkpoints()[1], desk.checkpoints()[4]
    for parent in (first, None, 10_000, desk.checkpoints("u")[1][0]):
        desk.sql("UPDATE quorate_checkpoints SET parent = ? WHERE seq = ?", (parent, place))
        found = [each for each in desk.audit() if each.kind != "unproven"]
        assert any(each.place == place and each.checkpoint == id_ for each in [*found, *desk.audit()]), parent


def test_a_parent_of_a_row_that_stands_by_itself(desk: Desk) -> None:
    """The parent's column is proved too where the header does not need it."""
    place, id_ = next(
        (seq, id_)
        for seq, id_ in desk.checkpoints()[1:]
        if desk.sql("SELECT depth FROM quorate_checkpoints WHERE seq = ?", (seq,)) == [(0,)]
    )
    for parent in (desk.checkpoints()[1][0], None, 10_000, desk.checkpoints("u")[1][0]):
        desk.sql("UPDATE quorate_checkpoints SET parent = ? WHERE seq = ?", (parent, place))
        finding = desk.audit()[0]
        assert (finding.kind, finding.checkpoint) == ("reference", id_)


def test_a_value_from_another_place(desk: Desk) -> None:
    """A row that takes a value from another place than the checkpoint before it is found; no row is missed there."""
    place, id_ = next(
        (seq, id_)
        for seq, id_ in desk.checkpoints()[1:]
        if desk.sql("SELECT depth FROM quorate_checkpoints WHERE seq = ?", (seq,)) == [(0,)]
    )

    def change(content: list[Any]) -> list[Any]:
        channel = next(iter(content[3]))
        content[3][channel] -= 1
        return content

    desk.rewrite(place, change)
    found = [each for each in desk.audit() if each.kind != "unproven"]
    assert {(each.kind, each.checkpoint) for each in found} == {("reference", id_), ("unreadable", id_)}


@pytest.mark.parametrize(
    "column, value, kind",
    [
        ("thread", "x", "changed"),
        ("namespace", "x", "changed"),
        ("head", 3, "head"),
        ("head", None, "head"),
        ("tip", bytes(32), "head"),
        ("tip", None, "head"),
        ("events", 3, "head"),
        ("events", 10_000, "head"),
        ("early", 1, "head"),
        ("events", "many", "unreadable"),
    ],
)
def test_a_column_of_the_line(desk: Desk, column: str, value: Any, kind: str) -> None:
    """What a line's own row says is proved: its thread and namespace by the chain, the rest by its events."""
    first = desk.checkpoints()[0][0]  # before which there may be its first writes
    desk.sql(f"UPDATE quorate_threads SET {column} = ? WHERE line = ?", (value, desk.line()))
    assert (only(desk.audit(), kind).place or 0) <= first


def test_threads_that_changed_names(desk: Desk) -> None:
    """Two threads that have each other's names are both found."""
    for new, old in (("-", "t"), ("t", "u"), ("u", "-")):
        desk.sql("UPDATE quorate_threads SET thread = ? WHERE thread = ? AND namespace = ''", (new, old))
    assert {(each.thread, each.kind) for each in desk.audit()} == {("t", "changed"), ("u", "changed")}


def test_a_row_in_another_thread(desk: Desk) -> None:
    """A checkpoint that was given to another thread is found in both."""
    place, id_ = desk.checkpoints()[3]
    desk.sql("UPDATE quorate_checkpoints SET line = ? WHERE seq = ?", (desk.line("u"), place))
    found = desk.audit()
    assert ("u", id_) in {(each.thread, each.checkpoint) for each in found}
    assert ("missing", "t") in {(each.kind, each.thread) for each in found}


def test_an_old_row_again(desk: Desk) -> None:
    """An older checkpoint's content in the place of a newer one's is found, and a copy of a row behind the others."""
    (old, _), (new, id_) = desk.checkpoints()[2], desk.checkpoints()[-1]
    ((before,),) = desk.sql("SELECT payload FROM quorate_checkpoints WHERE seq = ?", (new,))
    ((payload,),) = desk.sql("SELECT payload FROM quorate_checkpoints WHERE seq = ?", (old,))
    desk.sql("UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", (payload, new))
    assert only(desk.audit(), "changed").checkpoint == id_
    desk.sql("UPDATE quorate_checkpoints SET payload = ? WHERE seq = ?", (before, new))
    assert not desk.audit()
    columns = "line, checkpoint, early, task, mask, digest, payload"
    source, task = desk.writes()[1]
    desk.sql(f"INSERT INTO quorate_writes SELECT 9000, {columns} FROM quorate_writes WHERE seq = ?", (source,))
    finding = only(desk.audit(), "copied")
    assert (finding.place, finding.task) == (9000, task)


def test_writes_that_are_cut_off_from_their_checkpoint(desk: Desk) -> None:
    """Writes that say that their checkpoint is missing, or name another one, are found."""
    place, task = desk.writes()[1]
    ((at,),) = desk.sql("SELECT checkpoint FROM quorate_writes WHERE seq = ?", (place,))
    ids = dict(desk.checkpoints())
    sql = "UPDATE quorate_writes SET checkpoint = ?, early = ? WHERE seq = ?"
    desk.sql(sql, (None, ids[at], place))
    assert ("reference", "t", place) in kinds(desk.audit())
    desk.sql(sql, (desk.checkpoints()[-1][0], None, place))
    assert only(desk.audit(), "changed").task == task
    desk.sql(sql, (10_000, None, place))
    assert {each.place for each in desk.audit()} == {place, 10_000}


def test_a_mask(desk: Desk) -> None:
    """Writes that a reader would not look at, by their mask, are found."""
    place, _ = desk.writes()[1]
    desk.sql("UPDATE quorate_writes SET mask = 1 WHERE seq = ?", (place,))
    assert only(desk.audit(), "reference").place == place


@pytest.mark.parametrize("column", ["payload", "task"])
def test_text_that_is_none(desk: Desk, column: str) -> None:
    """Bytes that are no text where SQLite is told that they are are found where they stand."""
    place, _ = desk.writes()[1]
    desk.sql(f"UPDATE quorate_writes SET {column} = CAST(X'80FF41' AS TEXT) WHERE seq = ?", (place,))
    assert only(desk.audit(), "unreadable").place == place


def test_rows_without_their_line(desk: Desk) -> None:
    """Rows whose line is gone are found."""
    line = desk.line()
    desk.sql("DELETE FROM quorate_threads WHERE line = ?", (line,))
    finding = only(desk.audit(), "stray")
    assert finding.thread == f"line {line}"


def test_everything_is_found_at_once(desk: Desk) -> None:
    """What is wrong with one line does not hide what is wrong with others, or later in the same."""
    first, _ = desk.checkpoints()[2]
    last, _ = desk.checkpoints()[-1]
    other, _ = desk.writes("u")[0]
    for place in (first, last):
        desk.rewrite(place, with_value("note", b"\xa1x"))
    desk.sql("UPDATE quorate_writes SET payload = X'07' WHERE seq = ?", (other,))
    found = [each for each in desk.audit() if each.kind != "unproven"]
    assert {(each.kind, each.thread, each.place) for each in found} == {
        ("changed", "t", first),
        ("changed", "t", last),
        ("unreadable", "u", other),
    }


def test_a_tail_that_was_cut_off(desk: Desk) -> None:
    """A line that was cut back to an earlier end, its own row too, is found by the signed heads, not without."""
    heads = desk.heads()
    assert not desk.audit(heads)
    line = desk.line()
    (end, _), (_, _) = desk.checkpoints()[-2:]
    desk.sql("DELETE FROM quorate_checkpoints WHERE line = ? AND seq > ?", (line, end))
    desk.sql("DELETE FROM quorate_writes WHERE line = ? AND seq > ?", (line, end))
    desk.sql(
        "UPDATE quorate_threads SET head = ?1, tip = (SELECT digest FROM quorate_checkpoints WHERE seq = ?1),"
        " events = (SELECT count(*) FROM quorate_checkpoints WHERE line = ?2)"
        " + (SELECT count(*) FROM quorate_writes WHERE line = ?2) WHERE line = ?2",
        (end, line),
    )
    assert not desk.audit()
    finding = only(desk.audit(heads), "cut")
    assert (finding.thread, finding.namespace) == ("t", "")


def test_a_thread_that_is_gone(desk: Desk) -> None:
    """A thread that was signed and is gone is found, in each namespace that it had, or when it alone is audited."""
    heads = desk.heads()
    for table in ("quorate_checkpoints", "quorate_writes", "quorate_threads"):
        desk.sql(f"DELETE FROM {table} WHERE line IN (SELECT line FROM quorate_threads WHERE thread = 'u')")
    assert not desk.audit()
    assert {(each.kind, each.thread, each.namespace) for each in desk.audit(heads)} == {
        ("removed", "u", ""),
        ("removed", "u", "inner"),
    }
    assert len(desk.audit(heads, thread="u")) == 2
    assert not desk.audit(heads, thread="t")


def test_a_thread_that_quorate_deleted(desk: Desk) -> None:
    """Of a thread that was deleted through quorate the audit says so, and when; its name is nowhere in the file."""
    heads = desk.heads()
    with open_database(desk.url) as database, database.saver() as saver:
        saver.delete_thread("u")
    assert not desk.audit()
    found = desk.audit(heads)
    assert [(each.kind, each.thread) for each in found] == [("deleted", "u"), ("deleted", "u")]
    assert f"deleted by quorate at {datetime.now(UTC).date().isoformat()}" in found[0].what
    assert desk.sql("SELECT count(*) FROM quorate_removed WHERE name = 'u' OR salt = CAST('u' AS BLOB)") == [(0,)]


def test_a_thread_that_began_anew(desk: Desk) -> None:
    """A thread that was deleted and has begun anew is not the one that was signed."""
    heads = desk.heads()
    with open_database(desk.url) as database, database.saver() as saver:
        saver.delete_thread("u")
        graph = build().compile(checkpointer=saver)
        for _ in range(4):
            graph.invoke({"log": ["anew"]}, {"configurable": {"thread_id": "u"}})
    found = desk.audit(heads)
    assert {(each.kind, each.thread, each.namespace) for each in found} == {("cut", "u", ""), ("cut", "u", "inner")}
    assert "deleted by quorate" in found[0].what


@pytest.mark.parametrize("change", ["events = 0", "events = 'many'", "tip = X'00'", "tip = 'none'"])
def test_no_head_of_a_row_that_is_none(desk: Desk, change: str) -> None:
    """A thread's row that cannot be the end of a chain is not exported, and the error says what to do."""
    desk.sql(f"UPDATE quorate_threads SET {change} WHERE line = ?", (desk.line(),))
    with pytest.raises(DatabaseError) as caught:
        desk.heads()
    assert caught.value.fix


def test_a_line_that_was_written_anew(desk: Desk) -> None:
    """A chain that was made anew after a change is whole, and only what was signed tells that it is another."""
    heads = desk.heads()
    place, _ = desk.writes()[-1]
    ((checkpoint, task, payload),) = desk.sql(
        "SELECT checkpoint, task, payload FROM quorate_writes WHERE seq = ?", (place,)
    )

    def change(content: list[Any]) -> list[Any]:
        content[1][0][2] = "forged"
        return content

    payload = repacked(payload, change)
    rest = sorted((*desk.checkpoints(), *desk.writes()))
    before = max(seq for seq, _ in rest if seq < place)
    sql = "SELECT digest FROM quorate_writes WHERE seq = ?1 UNION SELECT digest FROM quorate_checkpoints WHERE seq = ?1"
    ((digest,),) = desk.sql(sql, (before,))
    id_ = dict(desk.checkpoints())[checkpoint]
    digest = chain(digest, digest_of_writes(id_, task, unwrap(payload, ""), b"", "t"))
    desk.sql("UPDATE quorate_writes SET payload = ?, digest = ? WHERE seq = ?", (payload, digest, place))
    last, _ = rest[-1]
    assert last > place
    with open_database(desk.url) as database, database.log.store.reading() as reader:
        line = reader.line(LineKey("t", ""))
        assert line is not None
        prover = Prover(reader, database.log.sealer, line)
        proofs = {row.seq: prover(row).contents for row in reader.events(line.id) if row.seq > place}
    for seq, (content,) in proofs.items():
        digest = chain(digest, content)
        for table in ("quorate_checkpoints", "quorate_writes"):
            desk.sql(f"UPDATE {table} SET digest = ? WHERE seq = ?", (digest, seq))
    desk.sql("UPDATE quorate_threads SET tip = ? WHERE line = ?", (digest, desk.line()))
    assert not desk.audit()
    assert only(desk.audit(heads), "cut").thread == "t"
