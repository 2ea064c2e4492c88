"""Fixtures of the command's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.command.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder with a team, and the command called in it."""
    return Desk.new(tmp_path)
