"""Fixtures of the command's tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.command.desk import LANGGRAPH, TEAM, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder with a team, and the command called in it."""
    desk = Desk(tmp_path)
    desk.write("desk.py", TEAM)
    desk.write("langgraph.json", json.dumps(LANGGRAPH))
    return desk
