from __future__ import annotations

import hashlib
import os
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from quorate.checkpoints.log.dictionary import DIGEST, FILE, dictionary, read_dictionary
from quorate.contracts import DatabaseError

SHIPPED = "1a568fa7b97c0ca07a8d5b101c1650e8b9b59b4c0518fe91a22bbe0818a53dda"
SOURCES = ("quorate", "langgraph", "langchain_core", "pydantic")
"""Where the names of records come from."""
FREQUENT = "etaoin"
"""Half of the letters of an English text, and a quarter of random letters."""


def words(text: str) -> list[str]:
    """Runs of at least four letters."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[a-z]{4,}|[A-Z]{4,}", text)]


def names_of(package: str) -> set[str]:
    """The words of a package's code."""
    spec = find_spec(package)
    assert spec is not None
    found: set[str] = set()
    for start in spec.submodule_search_locations or ():
        for folder, _, files in os.walk(start, followlinks=True):
            for file in files:
                if file.endswith(".py"):
                    found.update(words((Path(folder) / file).read_text("utf-8")))
    return found


def test_dictionary_never_changes() -> None:
    """The dictionary is the one with which rows have been written, under its number."""
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == DIGEST == SHIPPED
    assert dictionary().as_bytes() == FILE.read_bytes()
    assert dictionary().dict_id() == 1
    assert dictionary() is dictionary()


def test_dictionary_has_names_of_records_and_random_letters() -> None:
    """What reads as a word in it is in the code of quorate, LangGraph or LangChain, or is of random letters."""
    known = set().union(*map(names_of, SOURCES))
    found = words(FILE.read_bytes().decode("latin-1"))
    others = "".join(word for word in found if word not in known)
    assert 2 * len(others) < len("".join(found))
    assert sum(letter in FREQUENT for letter in others) < 0.3 * len(others)


def test_dictionary_tells_no_day() -> None:
    """The times in it are random ones of many years, so that it is as good for rows of any year."""
    years = re.findall(rb"(20\d\d)-\d\d-\d\dT", FILE.read_bytes())
    assert len(set(years)) > 5
    assert max(map(years.count, years)) < len(years) / 3


def test_another_dictionary_is_refused(tmp_path: Path) -> None:
    """A file that is missing or was changed is refused before a row is written with it."""
    changed = tmp_path / "dictionary.zdict"
    with pytest.raises(DatabaseError, match="install quorate again"):
        read_dictionary(changed, DIGEST)
    changed.write_bytes(FILE.read_bytes()[:-1] + b"\0")
    with pytest.raises(DatabaseError, match=rf"SHA-256 {DIGEST}"):
        read_dictionary(changed, DIGEST)
