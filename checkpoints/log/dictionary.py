"""Dictionary: what rows have in common, so that none has to say it again."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

import zstandard

from ...contracts import DatabaseError

__all__ = ["DIGEST", "FILE", "LEVEL", "dictionary", "read_dictionary"]

FILE = Path(__file__).with_name("dictionary_1.zdict")
"""The dictionary, in zstd's format, with its number.

`benchmarks/train_dictionary.py` made it, of rows that made-up teams and graphs leave: it holds the names of quorate's,
LangGraph's and LangChain's records, and random letters between them. Nothing of a user's is in it, and nothing of a
user's ever comes in: one trained on a database would keep fragments of threads that have been deleted.

It must never change, for rows that were written with it cannot be read without it. A better one gets a file, a number
and a form of row of its own, beside this one.
"""

DIGEST = "1a568fa7b97c0ca07a8d5b101c1650e8b9b59b4c0518fe91a22bbe0818a53dda"
"""SHA-256 of the file."""

LEVEL = 2
"""The level of zstd at which rows are compressed with it: with a dictionary as quick as 1, and 1 % smaller."""


@cache
def dictionary() -> zstandard.ZstdCompressionDict:
    """The dictionary, ready for use by any thread; read once.

    Raises:
        DatabaseError: The file is not the one that belongs to this quorate.
    """
    made = zstandard.ZstdCompressionDict(read_dictionary(FILE, DIGEST), dict_type=zstandard.DICT_TYPE_FULLDICT)
    made.precompute_compress(level=LEVEL)
    return made


def read_dictionary(file: Path, digest: str) -> bytes:
    """The bytes of a dictionary of that SHA-256.

    Raises:
        DatabaseError: They cannot be read, or are others.
    """
    try:
        content = file.read_bytes()
        found = sha256(content).hexdigest()
        problem = f"a file of SHA-256 {found}"
    except OSError as error:
        content, found, problem = b"", "", str(error)
    if found != digest:
        raise DatabaseError(
            str(file), got=problem, expected=f"the dictionary of SHA-256 {digest}", fix="install quorate again"
        )
    return content
