"""What the tests of the databases share: real processes that start at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Starts processes for all that the tests of the databases do in processes of their own."""
    with Zygote("tests.fakes.children") as zygote:
        yield zygote
