"""All that children of the saver's tests run, in one module for a zygote to import."""

from __future__ import annotations

from tests.fakes.race import race_in_process
from tests.fakes.saver_jobs import run_for, write_runs

__all__ = ["race_in_process", "run_for", "write_runs"]
