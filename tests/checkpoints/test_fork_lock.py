from __future__ import annotations

import os
from threading import Event, Thread

import pytest
from tests.fakes.forking import ended

from quorate.checkpoints.fork_lock import ForkLock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked here")


def test_free_in_a_child() -> None:
    """A lock that another thread held at the fork is free in the child, and still held in the parent."""
    lock, held, over = ForkLock(), Event(), Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait()

    thread = Thread(target=hold)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        with lock:
            os._exit(7)
    assert ended(child) == 7
    assert lock._lock.locked()
    over.set()
    thread.join()
    with lock:
        pass
