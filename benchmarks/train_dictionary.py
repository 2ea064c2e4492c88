"""How the dictionary of the store's rows was made, and what each size and level of one is worth.

Rows are short and much alike: without a dictionary each would have to spell out again what all of them say. This
makes rows by running made-up teams and LangGraph graphs through the store, trains dictionaries on some, and measures
them on others. Nothing of a user's is in them: names and texts are random letters, ids and times random ones. The
receipt desk and the other benchmarks are not among the samples, so that what they measure is what others get too.

    PYTHONHASHSEED=0 python benchmarks/train_dictionary.py [--write FILE]

With --write, the dictionary of the chosen size goes to a new file. One that is shipped is never made anew: rows that
were written with it need it. A better one gets the next number, beside the old one.

It prints tables: bytes left of each 100 for rows that it was not trained on, with the microseconds to compress one,
by size of the dictionary and level of zstd; then by length of the row, for the chosen size and level, also the
microseconds to expand one, and the share of rows that get shorter.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import zstandard

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.dictionary_samples import samples

__all__ = ["train"]

NUMBER = 1
"""Number of the dictionary that is made."""
SIZES = (4, 8, 16, 32)
"""Sizes that are tried, in KiB."""
SIZE = 16
"""The chosen one: the next costs twice the memory for one byte of a hundred."""
LEVELS = (-1, 1, 2, 3)
"""Levels that are tried."""
LEVEL = 2
"""The chosen one: no slower than 1, with a dictionary; 3 takes a quarter more time for one byte of a hundred."""
SEEDS = (7, 9)
"""Of the rows to train on, and of those to measure on."""
AMOUNTS = (6_000_000, 4_000_000)
"""Bytes of each."""
LONGEST = 4096
"""Bytes of a row that are trained on; what comes later in a long row is like what came before in the same one."""
PASSES = 5
"""How often a time is taken; the shortest counts."""
LENGTHS = (0, 16, 32, 64, 128, 256, 512, 1024, 4096, 1 << 30)
"""Bounds of the rows' lengths in the second table."""


def train(rows: Sequence[bytes], size: int) -> bytes:
    """A dictionary of that many KiB, of fragments that are long because records are."""
    cut: Any = [row[:LONGEST] for row in rows]
    options: Any = {"k": 1024, "d": 8, "f": 20, "accel": 1, "split_point": 1.0}
    return zstandard.train_dictionary(size << 10, cut, dict_id=NUMBER, level=LEVEL, **options).as_bytes()


def compressor(trained: bytes, level: int) -> zstandard.ZstdCompressor:
    """What compresses as the envelope does."""
    dictionary = zstandard.ZstdCompressionDict(trained)
    dictionary.precompute_compress(level=level)
    return zstandard.ZstdCompressor(level=level, dict_data=dictionary, write_checksum=False, write_dict_id=False)


def microseconds(work: Callable[[bytes], object], rows: Sequence[bytes]) -> float:
    """What it takes for a row."""
    best = float("inf")
    for _ in range(PASSES):
        started = time.perf_counter()
        for row in rows:
            work(row)
        best = min(best, time.perf_counter() - started)
    return best / len(rows) * 1e6


def stored(packed: Sequence[bytes], rows: Sequence[bytes]) -> int:
    """Bytes that the rows take: each with one that says how, and without the four by which all of them begin."""
    return sum(1 + min(len(short) - 4, len(row)) for short, row in zip(packed, rows, strict=True))


def show_sizes(dictionaries: dict[int, bytes], rows: Sequence[bytes]) -> None:
    """Print the table of sizes and levels."""
    total = sum(map(len, rows))
    plain = zstandard.ZstdCompressor(level=1, write_checksum=False)
    left = 100 * stored([plain.compress(row) for row in rows], rows) / total
    print(f"{len(rows)} rows of {total / len(rows):.0f} bytes")
    print(f"{'none':>8}  level 1: {left:5.1f} in {microseconds(plain.compress, rows):4.1f} us")
    for size, trained in dictionaries.items():
        cells = []
        for level in LEVELS:
            compress = compressor(trained, level).compress
            left = 100 * stored([compress(row) for row in rows], rows) / total
            cells.append(f"level {level}: {left:5.1f} in {microseconds(compress, rows):4.1f} us")
        print(f"{size:4} KiB  {'   '.join(cells)}")


def show_lengths(trained: bytes, rows: Sequence[bytes]) -> None:
    """Print the table of lengths."""
    compress = compressor(trained, LEVEL).compress
    expand = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(trained)).decompress
    for least, most in pairwise(LENGTHS):
        some = [row for row in rows if least <= len(row) < most]
        if not some:
            continue
        packed = [compress(row) for row in some]
        left = 100 * stored(packed, some) / sum(map(len, some))
        shorter = 100 * sum(len(short) - 4 < len(row) for short, row in zip(packed, some, strict=True)) / len(some)
        print(
            f"from {least:4} bytes: {len(some):4} rows, {shorter:3.0f} % shorter, {left:5.1f} left,"
            f" {microseconds(compress, some):4.1f} us in, {microseconds(expand, packed):4.1f} us out"
        )


def main() -> None:
    """Train, measure, print, and write where that is wanted."""
    parser = argparse.ArgumentParser(description="Train and measure dictionaries for the store's rows.")
    parser.add_argument("--write", type=Path, help="a new file for the dictionary of the chosen size")
    arguments = parser.parse_args()
    if arguments.write is not None and sys.flags.hash_randomization:
        parser.error("run it with PYTHONHASHSEED=0, so that the same can be made again")
    trained_on, measured_on = (samples(seed, amount) for seed, amount in zip(SEEDS, AMOUNTS, strict=True))
    dictionaries = {size: train(trained_on, size) for size in SIZES}
    show_sizes(dictionaries, measured_on)
    show_lengths(dictionaries[SIZE], measured_on)
    print(f"SHA-256 of the chosen one: {hashlib.sha256(dictionaries[SIZE]).hexdigest()}")
    if arguments.write is not None:
        with arguments.write.open("xb") as file:  # never over one that is there
            file.write(dictionaries[SIZE])


if __name__ == "__main__":
    main()
