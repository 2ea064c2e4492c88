"""FakeLocks: the locks of one of several processes, on a table that they share."""

from __future__ import annotations

from concurrent.futures import Future

__all__ = ["FakeHolder", "FakeLocks"]


class FakeLocks:
    """Locks of a process.

    Args:
        process: Its name.
        taken: Which process has a number: the same table for all of them.
        waits: See `Locks`.
    """

    def __init__(self, process: str, taken: dict[int, str], *, waits: bool = False) -> None:
        self.process = process
        self.taken = taken
        self.waits = waits
        self.asked: list[int] = []

    def take(self, number: int) -> str | None:
        self.asked.append(number)
        holder = self.taken.setdefault(number, self.process)
        return None if holder == self.process else holder

    def release(self, number: int) -> Future[None]:
        assert self.taken.pop(number) == self.process
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def has(self, number: int) -> bool:
        return self.taken.get(number) == self.process

    def close(self) -> None:
        for number in [number for number, process in self.taken.items() if process == self.process]:
            del self.taken[number]

    def anew(self) -> FakeLocks:
        return FakeLocks(f"child of {self.process}", self.taken, waits=self.waits)


class FakeHolder:
    """A run that is alive as long as it is said to be."""

    def __init__(self) -> None:
        self.alive = True
