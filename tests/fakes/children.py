"""All that the tests of the databases do in processes of their own, in one module for a zygote to import."""

from __future__ import annotations

from tests.fakes.database_children import (
    begin_and_wait,
    begin_many,
    die_while_importing,
    die_while_opening,
    insert_rows,
    open_and_count,
    store_and_wait,
)
from tests.fakes.full_disk import write_into_a_limit
from tests.fakes.lock_children import take_and_stand, take_turns
from tests.fakes.race import race_in_process
from tests.fakes.saver_jobs import run_for, write_runs
from tests.fakes.standing import stand_in_process

__all__ = [
    "begin_and_wait",
    "begin_many",
    "die_while_importing",
    "die_while_opening",
    "insert_rows",
    "open_and_count",
    "race_in_process",
    "run_for",
    "stand_in_process",
    "store_and_wait",
    "take_and_stand",
    "take_turns",
    "write_into_a_limit",
    "write_runs",
]
