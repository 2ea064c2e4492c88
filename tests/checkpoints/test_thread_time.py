from __future__ import annotations

from datetime import UTC, datetime

import pytest
from langgraph.checkpoint.base.id import uuid6

from quorate.checkpoints.thread import time_of


def test_time_of_an_id_of_langgraph() -> None:
    """The id of a checkpoint tells when it was made."""
    before = datetime.now(UTC)
    found = time_of(str(uuid6()))
    after = datetime.now(UTC)
    assert found is not None
    assert before.replace(microsecond=0) <= found <= after


def test_time_of_a_known_id() -> None:
    """The example of RFC 9562, section A.5, has the time that stands there."""
    assert time_of("1EC9414C-232A-6B00-B3C8-9F6BDECED846") == datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)


@pytest.mark.parametrize("checkpoint_id", ["", "1", "not a uuid", "00000000-0000-4000-8000-000000000000"])
def test_another_id_tells_nothing(checkpoint_id: str) -> None:
    """An id that is not a UUID of version 6 gives no time."""
    assert time_of(checkpoint_id) is None


def test_a_time_beyond_the_calendar() -> None:
    """An id whose time is not in the calendar gives no time, or the last one that is."""
    assert time_of("ffffffff-ffff-6fff-8000-000000000000") == datetime(5236, 3, 31, 21, 21, 0, 684697, tzinfo=UTC)
