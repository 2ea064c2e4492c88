from __future__ import annotations

import asyncio
import gc
from concurrent.futures import Future
from threading import Thread
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import EmptyInputError
from langgraph.graph import END, START, StateGraph
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.graph_player import thread
from tests.fakes.standing import Turns, given, turns

from quorate.checkpoints.saver.loop import calling_loop, watch

# These tests hold LangGraph to what loop.py relies on. If one fails after an upgrade of LangGraph, a run that begins
# while another one is at work is no longer refused from the start: find the loop's new ways, and mend loop.py.


class WatchingSaver(DelegatingSaver):
    """Notes when a loop reads, begins, writes and ends."""

    def __init__(self) -> None:
        super().__init__(InMemorySaver())
        self.noted: list[str] = []
        self.cut: list[bool] = []
        self.kept: list[object] = []
        self.refusal: Exception | None = None
        self.done: Future[None] | None = None

    def _begin(self) -> None:
        self.noted.append("begins")
        if self.refusal is not None:
            raise self.refusal

    def _end(self, cut: bool) -> Future[None] | None:
        self.noted.append("ended")
        self.cut.append(cut)
        self.kept.clear()
        return self.done

    def _watch(self) -> None:
        loop = calling_loop()
        assert loop is not None, "LangGraph's loop is not found"
        self.noted.append("reads")
        self.kept.append(watch(loop, self._begin, self._end))

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self._watch()
        return super().get_tuple(config)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self._watch()
        return await super().aget_tuple(config)

    def put(self, *args: Any) -> RunnableConfig:
        self.noted.append("writes")
        return super().put(*args)

    async def aput(self, *args: Any) -> RunnableConfig:
        await asyncio.sleep(0)
        self.noted.append("writes")
        return await super().aput(*args)

    def put_writes(self, *args: Any) -> None:
        self.noted.append("writes")
        super().put_writes(*args)

    async def aput_writes(self, *args: Any) -> None:
        await asyncio.sleep(0)
        self.noted.append("writes")
        await super().aput_writes(*args)


def invoke(graph: Any, value: Any, is_async: bool, **options: Any) -> Any:
    if is_async:
        return asyncio.run(graph.ainvoke(value, thread(), **options))
    return graph.invoke(value, thread(), **options)


@pytest.fixture(params=["sync", "async"])
def is_async(request: pytest.FixtureRequest) -> bool:
    return str(request.param) == "async"


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_from_before_the_first_write_to_after_the_last(is_async: bool, durability: str) -> None:
    """LangGraph's loop is found when it reads; it is told to begin before it writes, and to have ended after that."""
    saver = WatchingSaver()
    invoke(turns().compile(checkpointer=saver), given("a"), is_async, durability=durability)
    assert saver.noted[:2] == ["reads", "begins"]
    assert set(saver.noted[2:-1]) == {"writes"}
    assert saver.noted[-1] == "ended"
    assert saver.cut == [False]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failing_run(is_async: bool, durability: str, error: type[BaseException]) -> None:
    """A run that fails has ended when its error is raised; a signal may have kept it from waiting for its writes."""

    def fail(_: str) -> None:
        raise error

    saver = WatchingSaver()
    with pytest.raises(error):
        invoke(turns(fail).compile(checkpointer=saver), given("a"), is_async, durability=durability)
    assert saver.noted[-1] == "ended"
    assert saver.cut == [error is KeyboardInterrupt]


def test_refused_run(is_async: bool) -> None:
    """What is raised at the beginning comes out of the run, which does nothing and has ended."""
    saver = WatchingSaver()
    saver.refusal = ValueError("not now")
    worked: list[str] = []
    with pytest.raises(ValueError, match="not now"):
        invoke(turns(worked.append).compile(checkpointer=saver), given("a"), is_async)
    assert saver.noted == ["reads", "begins", "ended"]
    assert saver.cut == [False]
    assert not worked


def test_run_that_langgraph_refuses(is_async: bool) -> None:
    """A run that LangGraph itself refuses when it begins has ended, though nothing unwinds its exit stack."""
    saver = WatchingSaver()
    with pytest.raises(EmptyInputError):
        invoke(turns().compile(checkpointer=saver), None, is_async)
    assert saver.noted == ["reads", "begins", "ended"]
    assert saver.cut == [True]


def test_subgraph(is_async: bool) -> None:
    """The loop of a subgraph begins and ends within its parent's."""
    saver = WatchingSaver()
    builder = StateGraph(Turns).add_node("inner", turns().compile())
    builder.add_edge(START, "inner").add_edge("inner", END)
    invoke(builder.compile(checkpointer=saver), given("a"), is_async)
    told = [what for what in saver.noted if what != "writes"]
    assert told == ["reads", "begins", "reads", "begins", "ended", "ended"]


def test_end_is_waited_for(is_async: bool) -> None:
    """A run returns when what its end started is done."""
    saver = WatchingSaver()
    saver.done = Future()
    returned = Future[None]()

    def run() -> None:
        invoke(turns().compile(checkpointer=saver), given("a"), is_async)
        returned.set_result(None)

    worker = Thread(target=run)
    saver.done.add_done_callback(lambda _: saver.noted.append(f"returned: {returned.done()}"))
    worker.start()
    while saver.noted[-1:] != ["ended"]:
        pass
    saver.done.set_result(None)
    worker.join()
    assert saver.noted[-1] == "returned: False"


def test_stream_that_is_closed() -> None:
    """A stream has ended when it is closed."""
    saver = WatchingSaver()
    stream: Any = turns().compile(checkpointer=saver).stream(given("a"), thread())
    next(stream)
    assert "ended" not in saver.noted
    stream.close()
    assert saver.noted[-1] == "ended"


async def test_cancelled_run() -> None:
    """A run whose task was cancelled has ended when the task has."""
    saver = WatchingSaver()
    here = asyncio.Event()

    async def stand(state: Turns) -> Turns:
        here.set()
        await asyncio.Event().wait()
        return {}

    builder = StateGraph(Turns).add_node("stand", stand).add_edge(START, "stand")
    task = asyncio.create_task(builder.compile(checkpointer=saver).ainvoke(given("a"), thread()))
    await here.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert saver.noted[-1] == "ended"


def test_run_that_was_never_left() -> None:
    """A run on an event loop that was closed under it has ended when nobody has it any more."""
    saver = WatchingSaver()
    streams: list[Any] = [turns().compile(checkpointer=saver).astream(given("a"), thread())]

    async def begin() -> None:
        await anext(streams[0])

    loop = asyncio.new_event_loop()
    loop.run_until_complete(begin())
    loop.close()
    assert "ended" not in saver.noted
    streams.clear()
    gc.collect()
    assert saver.noted[-1] == "ended"
    assert saver.cut[-1]


def test_nothing_is_left_in_the_loop(is_async: bool) -> None:
    """What was put before the loop's beginning is gone when it has begun."""
    saver = WatchingSaver()
    graph = turns(lambda _: found.extend(vars(loop) for loop in loops)).compile(checkpointer=saver)
    loops: list[Any] = []
    found: list[dict[str, Any]] = []
    watched = saver._watch

    def keep() -> None:
        loops.append(calling_loop())
        watched()

    saver._watch = keep  # type: ignore[method-assign]
    invoke(graph, given("a"), is_async)
    assert found
    assert "_first" not in found[0]


def test_no_loop() -> None:
    """Outside of a loop's reading none is found."""

    class Other:
        def __enter__(self) -> Any:
            return calling_loop()

        def __exit__(self, *_: object) -> None: ...

    assert calling_loop() is None
    with Other() as found:
        assert found is None
