from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quorate.agents import Document, FullTextIndex
from quorate.contracts import DatabaseError, InputError, Passage

DOCUMENTS = [
    Document("a", "Aeon Big Sdn Bhd, Kuala Lumpur", {"total": "12.50"}),
    Document("b", "Popular Book Store, Kuala Lumpur"),
    Document("c", "Café Zürich"),
]


@pytest.fixture(params=["file", "memory"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> FullTextIndex:
    made = FullTextIndex(tmp_path / "index.db" if request.param == "file" else ":memory:", "vendors")
    made.add(DOCUMENTS)
    return made


def keys(passages: list[Passage]) -> list[str]:
    return [passage.key for passage in passages]


def test_best_first(index: FullTextIndex) -> None:
    """The document that has more of the query's words, and rarer ones, comes first, with a higher score."""
    found = index.search("popular kuala", k=5)
    assert keys(found) == ["b", "a"]
    assert found[0].score is not None
    assert found[1].score is not None
    assert found[0].score > found[1].score > 0
    assert (found[0].source, found[0].text) == ("vendors", "Popular Book Store, Kuala Lumpur")


def test_at_most_k(index: FullTextIndex) -> None:
    """No more than k passages come back."""
    assert keys(index.search("kuala lumpur popular", k=1)) == ["b"]
    assert index.search("kuala", k=0) == []


def test_accents_and_case(index: FullTextIndex) -> None:
    """Case and accents make no difference."""
    assert keys(index.search("ZURICH cafe")) == ["c"]


def test_ties_by_key() -> None:
    """Equal scores come in the order of their keys, whatever the order in which they were added."""
    index = FullTextIndex(":memory:")
    index.add([Document(key, "same words") for key in "cab"])
    assert keys(index.search("words", k=2)) == ["a", "b"]


def test_every_word() -> None:
    """With `match="all"` a document must have every word."""
    index = FullTextIndex(":memory:", match="all")
    index.add(DOCUMENTS)
    assert keys(index.search("kuala popular")) == ["b"]
    assert index.search("kuala zürich") == []


def test_adding_again(index: FullTextIndex) -> None:
    """Adding the same documents again changes neither their number nor what is found."""
    before = index.search("kuala lumpur")
    index.add(DOCUMENTS)
    index.add([*DOCUMENTS, *DOCUMENTS])
    assert len(index) == 3
    assert index.search("kuala lumpur") == before


def test_replacing(index: FullTextIndex) -> None:
    """A document with a known key takes the place of the old one, and the old words find nothing."""
    index.add([Document("a", "Tesco"), Document("a", "Lotus's", {"note": "renamed"})])
    assert index.search("aeon tesco") == []
    assert index.get("a") == Document("a", "Lotus's", {"note": "renamed"})
    assert len(index) == 3


def test_getting_and_removing(index: FullTextIndex) -> None:
    """A document is got by its key with its metadata, and once removed it is neither got nor found."""
    assert index.get("a") == DOCUMENTS[0]
    index.remove(["a", "unknown"])
    assert (index.get("a"), len(index), keys(index.search("kuala"))) == (None, 2, ["b"])


def test_before_the_first_document(tmp_path: Path) -> None:
    """An index to which nothing was added finds nothing, and leaves the file without a table."""
    index = FullTextIndex(tmp_path / "index.db")
    index.add([])
    index.remove(["a"])
    assert (index.search("kuala"), index.get("a"), len(index)) == ([], None, 0)
    assert sqlite_utils.Database(tmp_path / "index.db").table_names() == []


odd_words = st.sampled_from(
    ['"', "'", "*", "NOT", "AND", "OR", "NEAR(", ")", "^", "text:", "-", "+", "{", "}", "\\", ";"]
)
odd_text = st.lists(odd_words | st.text(max_size=4) | st.sampled_from(["\n", "\0", "\ud800", " ", "kuala"])).map(
    "".join
)


@given(query=st.text() | st.text(st.characters()) | odd_text)
@example(query='"a\n* b"')
@example(query='""')
@example(query='"')
@example(query="\0")
@example(query="kuala\0lumpur")
@example(query="\ud83d")
@example(query="NEAR(kuala lumpur, 10)")
@example(query="text : kuala")
@example(query=" ".join(f"w{n}" for n in range(5000)))
@settings(deadline=None)
def test_any_text_is_a_query(query: str) -> None:
    """No query raises, with either way of matching, and each finds at most k."""
    for index in (ANY, ALL):
        assert len(index.search(query, k=2)) <= 2


ANY, ALL = FullTextIndex(":memory:"), FullTextIndex(":memory:", match="all")
ANY.add(DOCUMENTS)
ALL.add(DOCUMENTS)


@given(text=st.text(st.characters(), max_size=20), key=st.text(st.characters(), min_size=1, max_size=5))
@settings(deadline=None)
def test_any_text_is_a_document(text: str, key: str) -> None:
    """Any text can be added, and is got again as far as SQLite can hold it."""
    index = FullTextIndex(":memory:")
    index.add([Document(key, text)])
    index.add([Document(key, text)])
    assert len(index) == 1
    got = index.get(key)
    assert got is not None
    assert got.text == text.encode("utf-8", "ignore").decode().replace("\0", " ")


@pytest.mark.parametrize("query", ["", "   ", "!!!", "— …", '""', "unknown"])
def test_nothing_found(index: FullTextIndex, query: str) -> None:
    """A query without a word, or with unknown ones, finds nothing."""
    assert index.search(query) == []


def test_names_are_names() -> None:
    """A table name with quotes and blanks is only a name."""
    index = FullTextIndex(":memory:", 'my "odd" table; drop')
    index.add(DOCUMENTS)
    assert index.search("zurich")[0].source == 'my "odd" table; drop'


def test_several_threads(index: FullTextIndex) -> None:
    """Threads may search and add at the same time."""

    def work(number: int) -> int:
        index.add([Document(f"{number}-{each}", f"thread lumpur{number}") for each in range(5)])
        return len(index.search(f"lumpur{number}", k=100))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(24))) == [5] * 24
    assert len(index) == 3 + 24 * 5
    assert len(index.search("thread", k=1000)) == 24 * 5


def test_two_indexes_on_one_file(tmp_path: Path) -> None:
    """Two indexes on one file see each other's documents; two tables do not."""
    one, two, other = (FullTextIndex(tmp_path / "x.db", table) for table in ("t", "t", "u"))
    one.add(DOCUMENTS[:1])
    assert keys(two.search("kuala")) == ["a"]
    two.add(DOCUMENTS[1:])
    other.add([Document("z", "kuala")])
    assert (len(one), len(other)) == (3, 1)


def test_several_processes(tmp_path: Path) -> None:
    """Processes that add to a new file at the same time lose nothing."""
    code = (
        "import sys\n"
        "from quorate.agents import Document, FullTextIndex\n"
        "index = FullTextIndex(sys.argv[1])\n"
        "for n in range(20): index.add([Document(f'{sys.argv[2]}-{n}', 'same words')])\n"
    )
    path = str(tmp_path / "index.db")
    running = [subprocess.Popen([sys.executable, "-c", code, path, str(n)]) for n in range(3)]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    assert len(FullTextIndex(path)) == 60


def test_after_vacuum(tmp_path: Path) -> None:
    """A vacuum of the file leaves every document findable under its own words."""
    index = FullTextIndex(tmp_path / "x.db")
    index.add(DOCUMENTS)
    index.remove(["a"])
    index.close()
    sqlite_utils.Database(tmp_path / "x.db").vacuum()
    assert keys(index.search("popular")) == ["b"]
    assert keys(index.search("zurich")) == ["c"]


def test_all_or_none(index: FullTextIndex) -> None:
    """Where one document of several cannot be added, none is."""

    def broken() -> Any:
        yield Document("new", "popular")
        raise LookupError

    with pytest.raises(LookupError):
        index.add(broken())
    with pytest.raises(InputError, match="metadata as plain JSON data"):
        index.add([Document("new", "popular"), Document("x", "x", {"when": object()})])
    assert index.get("new") is None


@pytest.mark.parametrize("document", [Document(1, "x"), Document("", "x"), Document("k", None)])  # type: ignore[arg-type]
def test_wrong_documents(document: Document) -> None:
    """A document without a textual key and text is an input error that names it."""
    with pytest.raises(InputError, match="a key and a text"):
        FullTextIndex(":memory:").add([document])


def test_ways_to_name_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path, a text, a URL and an open database with a file are the same; a path is fixed when the index is made."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.db"
    index = FullTextIndex("x.db")
    monkeypatch.chdir("/")
    index.add(DOCUMENTS)
    for name in (path, str(path), f"sqlite:///{path}", sqlite_utils.Database(path)):
        assert len(FullTextIndex(name)) == 3


@pytest.mark.parametrize("name", ["", "postgresql://localhost/x", sqlite_utils.Database(memory=True)])
def test_databases_of_no_use(name: Any) -> None:
    """What is no SQLite file is refused when the index is made."""
    with pytest.raises(DatabaseError, match="sqlite:///PATH"):
        FullTextIndex(name)


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is no database, and a folder that is not there, are errors that name the path."""
    (tmp_path / "text.db").write_text("this is not a database, and long enough to be looked at as one" * 20)
    for path in (tmp_path / "text.db", tmp_path / "nowhere" / "x.db"):
        with pytest.raises(DatabaseError) as caught:
            FullTextIndex(path).search("x")
        assert caught.value.where == str(path)


def test_another_table(tmp_path: Path) -> None:
    """A table of that name that is no index is an error, and stays as it is."""
    db = sqlite_utils.Database(tmp_path / "x.db")
    db.table("documents").insert({"id": 1, "total": 12})
    for use in (lambda i: i.search("x"), lambda i: i.add(DOCUMENTS), len):
        with pytest.raises(DatabaseError, match="give the index a table name of its own"):
            use(FullTextIndex(tmp_path / "x.db"))
    assert db.table("documents").columns_dict.keys() == {"id", "total"}


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A database that cannot be written can be searched; adding is an error that says so."""
    path = tmp_path / "x.db"
    with FullTextIndex(path) as index:
        index.add(DOCUMENTS)
    path.chmod(stat.S_IRUSR)
    read_only = FullTextIndex(f"sqlite:///{path}")
    assert keys(read_only.search("zurich")) == ["c"]
    if os.access(path, os.W_OK):
        pytest.skip("this user may write every file")
    with pytest.raises(DatabaseError, match="check its permissions"):
        read_only.add([Document("d", "new")])


def test_unknown_tokenizer() -> None:
    """A tokenizer that SQLite does not know is an error in SQLite's words, and leaves no table."""
    index = FullTextIndex(":memory:", tokenize="klingon")
    with pytest.raises(DatabaseError, match="no such tokenizer"):
        index.add(DOCUMENTS)
    assert len(index) == 0


def test_closing(tmp_path: Path) -> None:
    """A closed index opens again when it is used."""
    with FullTextIndex(tmp_path / "x.db") as index:
        index.add(DOCUMENTS)
    assert len(index) == 3
    memory = FullTextIndex(":memory:")
    memory.add(DOCUMENTS)
    memory.close()
    assert len(memory) == 0
