from __future__ import annotations

import asyncio
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Annotated, Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.errors import EmptyInputError
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from tests.fakes.delegating_saver import DelegatingSaver
from tests.fakes.graph_player import thread
from tests.fakes.standing import Pause, Turns, given, log_of, stand_here, stand_there, turns
from tests.fakes.zygote import Zygote
from typing_extensions import TypedDict

from quorate.checkpoints import open_database
from quorate.contracts import StaleThreadError

pytestmark = pytest.mark.long

DURABILITIES = ["sync", "async", "exit"]


@pytest.fixture
def saver(database_url: str) -> Iterator[BaseCheckpointSaver[Any]]:
    with open_database(database_url) as database, database.saver() as saver:
        yield saver


broken: list[str] = []


def added(old: list[str], new: list[str]) -> list[str]:
    if new == broken:
        raise ValueError(*broken)
    return old + new


class Corrected(TypedDict):
    log: Annotated[list[str], added]


def log(saver: BaseCheckpointSaver[Any]) -> Any:
    state = turns().compile(checkpointer=saver).get_state(thread())
    assert not state.tasks
    return state.values["log"]


def run(saver: BaseCheckpointSaver[Any], name: str, **options: Any) -> Any:
    return turns().compile(checkpointer=saver).invoke(given(name), thread(), **options)["log"]


class TestLateRuns:
    @pytest.mark.parametrize("durability", DURABILITIES)
    @pytest.mark.parametrize("where", ["thread", "task", "process"])
    def test_late_run_is_refused(
        self, database_url: str, zygote: Zygote, tmp_path: Path, where: str, durability: str
    ) -> None:
        """A run that begins while another one is at work is refused, and the first one ends with everything."""
        with open_database(database_url) as database, database.saver() as saver:
            run(saver, "before")
            if where == "process":
                first: Any = stand_there(zygote, tmp_path, database_url, "first", durability, is_async=True)
            else:
                first = stand_here(saver, "first", durability, is_async=where == "task")
            for later in DURABILITIES:
                with pytest.raises(StaleThreadError):
                    run(saver, "late", durability=later)
                graph = turns().compile(checkpointer=saver)
                with pytest.raises(StaleThreadError):
                    asyncio.run(graph.ainvoke(given("late"), thread(), durability=later))
            assert first.end() == log_of("before", "first")
            assert log(saver) == log_of("before", "first")
            assert run(saver, "late") == log_of("before", "first", "late")

    def test_late_process_is_refused(self, database_url: str, zygote: Zygote, tmp_path: Path) -> None:
        """A run of another process is refused while one of this process is at work."""
        with open_database(database_url) as database, database.saver() as saver:
            first = stand_here(saver, "first", "async", is_async=False)
            child = zygote.start("stand_in_process", database_url, str(tmp_path), "late", "async", False)
            assert zygote.wait(child) == 1
            assert first.end() == log_of("first")
            assert log(saver) == log_of("first")

    async def test_late_task_is_refused(self, database_url: str) -> None:
        """A task of the same event loop is refused while another one is at work."""
        pause = Pause("first")
        with open_database(database_url) as database:
            async with database.asaver() as saver:
                graph = turns(pause).compile(checkpointer=saver)
                first = asyncio.create_task(graph.ainvoke(given("first"), thread()))
                await asyncio.to_thread(pause.reached)
                with pytest.raises(StaleThreadError):
                    await graph.ainvoke(given("late"), thread())
                pause.go_on()
                assert (await first)["log"] == log_of("first")

    def test_another_handle_is_refused(self, database_url: str) -> None:
        """A run on another handle of the same process is refused, and let in when the first has ended."""
        with open_database(database_url) as one, one.saver() as saver, open_database(database_url) as other:
            first = stand_here(saver, "first", "async", is_async=False)
            with other.saver() as second:
                with pytest.raises(StaleThreadError):
                    run(second, "late")
                assert first.end() == log_of("first")
                assert run(second, "late") == log_of("first", "late")

    def test_no_node_of_a_late_run_works(self, saver: BaseCheckpointSaver[Any]) -> None:
        """A run that is refused has done nothing: none of its nodes was called."""
        first = stand_here(saver, "first", "async", is_async=False)
        worked: list[str] = []
        with pytest.raises(StaleThreadError):
            turns(worked.append).compile(checkpointer=saver).invoke(given("late"), thread())
        assert not worked
        first.end()

    def test_error_says_what_to_do(self, saver: BaseCheckpointSaver[Any]) -> None:
        """The error names the thread, the checkpoint, where the other run is, and the ways out."""
        run(saver, "before")
        newest = saver.get_tuple(thread())
        assert newest is not None
        first = stand_here(saver, "first", "exit", is_async=False)
        with pytest.raises(StaleThreadError) as refused:
            run(saver, "late")
        assert "'t'" in refused.value.where
        assert newest.checkpoint["id"] in refused.value.got
        assert "in this process" in refused.value.got
        assert newest.checkpoint["id"] in refused.value.expected
        assert all(word in refused.value.fix for word in ("wait", "checkpoint_id", "update_state"))
        first.end()

    def test_error_names_the_process(self, sqlite_url: str, zygote: Zygote, tmp_path: Path) -> None:
        """Of a run in another process the error gives the process, where the system tells it."""
        first = stand_there(zygote, tmp_path, sqlite_url, "first", "async", is_async=False)
        with open_database(sqlite_url) as database, database.saver() as saver:
            with pytest.raises(StaleThreadError) as refused:
                run(saver, "late")
            named = f"process {first.process}" if sys.platform == "linux" else "another process"
            assert f"in {named}" in refused.value.got
            first.end()

    def test_other_threads_are_free(self, saver: BaseCheckpointSaver[Any]) -> None:
        """A run keeps nobody from other threads, nor from reading its own."""
        first = stand_here(saver, "first", "sync", is_async=False)
        graph = turns().compile(checkpointer=saver)
        assert graph.invoke(given("other"), thread("another"))["log"] == log_of("other")
        assert graph.get_state(thread()).next == ("middle",)
        assert list(graph.get_state_history(thread()))
        first.end()

    @pytest.mark.parametrize("durability", DURABILITIES)
    def test_sixteen_at_once(self, saver: BaseCheckpointSaver[Any], durability: Any) -> None:
        """Of sixteen runs that begin together one ends, whose nodes worked once each; the others do nothing."""
        refused, worked, turn, done = [], [], Lock(), Event()

        def middle(name: str) -> None:
            worked.append(name)
            assert done.wait(60)

        graph = turns(middle).compile(checkpointer=saver)

        def one(number: int) -> None:
            time.sleep(random.Random(number).random() / 100)
            try:
                graph.invoke(given(f"run{number}"), thread(), durability=durability)
            except StaleThreadError:
                with turn:
                    refused.append(number)
                    if len(refused) == 15:
                        done.set()

        threads = [Thread(target=one, args=(number,)) for number in range(16)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(refused) == 15
        assert len(worked) == 1
        assert log(saver) == log_of(worked[0])


class TestAfterARun:
    """The next run goes on at once."""

    @pytest.mark.parametrize("durability", DURABILITIES)
    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_failed(self, saver: BaseCheckpointSaver[Any], error: type[BaseException], durability: Any) -> None:
        """After a run that failed, though its error is kept with all that it refers to."""

        def fail(name: str) -> None:
            raise error(name)

        graph = turns(fail).compile(checkpointer=saver)
        with pytest.raises(error) as kept:
            graph.invoke(given("first"), thread(), durability=durability)
        assert run(saver, "next")[-4:] == log_of("next")
        with pytest.raises(error) as kept_too:
            asyncio.run(graph.ainvoke(given("first"), thread(), durability=durability))
        assert run(saver, "next")[-4:] == log_of("next")
        assert kept.value.__traceback__ is not None
        assert kept_too.value.__traceback__ is not None

    def test_could_not_begin(self, saver: BaseCheckpointSaver[Any]) -> None:
        """After a run that LangGraph did not let begin, in either face, though its error is kept."""
        graph = turns().compile(checkpointer=saver)
        with pytest.raises(EmptyInputError) as kept:
            graph.invoke(None, thread())
        with pytest.raises(EmptyInputError) as kept_too:
            asyncio.run(graph.ainvoke(None, thread()))
        assert run(saver, "next") == log_of("next")
        assert kept.value.__traceback__ is not None
        assert kept_too.value.__traceback__ is not None

    def test_began_badly(self, saver: BaseCheckpointSaver[Any]) -> None:
        """After a run that wrote its input and then could not apply it, though its error is kept."""
        builder = StateGraph(Corrected).add_node("node", lambda state: {"log": ["node"]}).add_edge(START, "node")
        graph = builder.compile(checkpointer=saver)
        graph.invoke({"log": ["in"]}, thread())
        broken.append("correction")
        with pytest.raises(ValueError, match="correction") as kept:
            graph.invoke(Command(update={"log": ["correction"]}), thread())
        broken.clear()
        assert graph.invoke({"log": ["next"]}, thread())["log"][-2:] == ["next", "node"]
        assert kept.value.__traceback__ is not None

    @pytest.mark.parametrize("durability", DURABILITIES)
    def test_interrupted(self, saver: BaseCheckpointSaver[Any], durability: Any) -> None:
        """After a run that asks a person the answer goes on with it."""

        def ask(name: str) -> None:
            assert interrupt("who?") == name

        graph = turns(ask).compile(checkpointer=saver)
        assert graph.invoke(given("first"), thread(), durability=durability)["__interrupt__"]
        assert graph.invoke(Command(resume="first"), thread(), durability=durability)["log"] == log_of("first")

    @pytest.mark.parametrize("durability", DURABILITIES)
    async def test_cancelled(self, database_url: str, durability: Any) -> None:
        """After a run whose task was cancelled."""
        here = asyncio.Event()

        async def stand(state: Turns) -> Turns:
            here.set()
            await asyncio.Event().wait()
            return {}

        builder = StateGraph(Turns).add_node("stand", stand).add_edge(START, "stand")
        with open_database(database_url) as database:
            async with database.asaver() as saver:
                graph = builder.compile(checkpointer=saver)
                task = asyncio.create_task(graph.ainvoke(given("first"), thread(), durability=durability))
                await here.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                found = await turns().compile(checkpointer=saver).ainvoke(given("next"), thread())
        assert found["log"][-4:] == log_of("next")

    async def test_cancelled_while_it_reads(self, database_url: str) -> None:
        """After a run that was cancelled while it still read the thread, though its error is kept."""
        with open_database(database_url) as database:
            async with database.asaver() as saver:
                graph = turns().compile(checkpointer=saver)
                kept = []
                for steps in range(12):
                    task = asyncio.create_task(graph.ainvoke(given("first"), thread(f"thread {steps}")))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    task.cancel()
                    with pytest.raises(asyncio.CancelledError) as error:
                        await task
                    kept.append(error)
                    found = await graph.ainvoke(given("next"), thread(f"thread {steps}"))
                    assert found["log"][-4:] == log_of("next")

    @pytest.mark.parametrize("is_async", [False, True])
    def test_killed(self, database_url: str, zygote: Zygote, tmp_path: Path, is_async: bool) -> None:
        """After a run whose process was killed."""
        with open_database(database_url) as database, database.saver() as saver:
            first = stand_there(zygote, tmp_path, database_url, "first", "sync", is_async=is_async)
            with pytest.raises(StaleThreadError):
                run(saver, "late")
            zygote.kill(first.process)
            gone = turns().compile(checkpointer=saver)
            _until_free(lambda: gone.invoke(None, thread()), database_url)
            assert log(saver) == log_of("first")

    @pytest.mark.parametrize("end", ["close", "drop"])
    def test_half_read_stream(self, saver: BaseCheckpointSaver[Any], end: str) -> None:
        """A stream that was left half-read counts as at work until it is closed, or nobody has it any more."""
        stream = turns().compile(checkpointer=saver).stream(given("first"), thread())
        next(stream)
        with pytest.raises(StaleThreadError):
            run(saver, "late")
        if end == "close":
            stream.close()
        else:
            del stream
            gc.collect()
        assert run(saver, "next")[-4:] == log_of("next")

    async def test_half_read_async_stream(self, database_url: str) -> None:
        """An async stream that was left half-read counts as at work until it is closed."""
        with open_database(database_url) as database:
            async with database.asaver() as saver:
                graph = turns().compile(checkpointer=saver)
                stream = graph.astream(given("first"), thread())
                await anext(stream)
                with pytest.raises(StaleThreadError):
                    await graph.ainvoke(given("late"), thread())
                await stream.aclose()
                assert (await graph.ainvoke(given("next"), thread()))["log"][-4:] == log_of("next")

    def test_event_loop_closed(self, saver: BaseCheckpointSaver[Any]) -> None:
        """A run on an event loop that was closed under it does not count as at work."""
        stream = turns().compile(checkpointer=saver).astream(given("first"), thread())

        async def begin() -> None:
            await anext(stream)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(begin())
        with pytest.raises(StaleThreadError):
            run(saver, "late")
        loop.close()
        assert run(saver, "next")[-4:] == log_of("next")

    def test_database_closed(self, database_url: str) -> None:
        """A run that stood still when its database was closed does not count as at work, and cannot go on."""
        with open_database(database_url) as database, database.saver() as saver:
            stream = turns().compile(checkpointer=saver).stream(given("first"), thread())
            next(stream)
        with open_database(database_url) as database, database.saver() as saver:
            assert run(saver, "next")[-4:] == log_of("next")
        stream.close()

    def test_one_file_is_left(self, sqlite_url: str, tmp_path: Path) -> None:
        """What told other processes of the runs is gone when the last handle is closed."""
        with open_database(sqlite_url) as database, database.saver() as saver:
            run(saver, "first")
            assert (tmp_path / "quorate.db-lock").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["quorate.db"]


def _until_free(work: Callable[[], Any], url: str) -> None:
    """Do it as soon as Postgres has noticed that a client is gone; of a file the system knows at once."""
    while True:
        try:
            work()
            return
        except StaleThreadError:
            assert url.startswith("postgres")


class TestForks:
    @pytest.mark.parametrize("by", ["update_state", "checkpoint_id"])
    def test_declared_forks_are_let_in(self, saver: BaseCheckpointSaver[Any], by: str) -> None:
        """A declared fork is let in while a run is at work; that run is told so at its next write."""
        run(saver, "before")
        graph = turns().compile(checkpointer=saver)
        earlier = [state.config for state in graph.get_state_history(thread())][2]
        first = stand_here(saver, "first", "sync", is_async=False)
        if by == "update_state":
            graph.update_state(thread(), {"log": ["corrected"]})
        else:
            assert graph.invoke(None, earlier)["log"] == log_of("before")
        with pytest.raises(StaleThreadError, match="newest checkpoint"):
            first.end()

    def test_a_fork_is_a_run_too(self, saver: BaseCheckpointSaver[Any]) -> None:
        """While a replay is at work on a thread another run is refused."""
        run(saver, "before")
        pause = Pause("before")
        graph = turns(pause).compile(checkpointer=saver)
        earlier = next(state.config for state in graph.get_state_history(thread()) if state.next == ("middle",))
        replay = Thread(target=graph.invoke, args=(None, earlier))
        replay.start()
        pause.reached()
        with pytest.raises(StaleThreadError):
            run(saver, "late")
        pause.go_on()
        replay.join()
        assert run(saver, "next")[-4:] == log_of("next")


class TestSubgraphs:
    @pytest.mark.parametrize("memory", [None, True])
    def test_late_run_stays_out_of_subgraphs(self, saver: BaseCheckpointSaver[Any], memory: bool | None) -> None:
        """A run with a subgraph, which may have a memory of its own, is refused before the subgraph sees it."""
        pause = Pause("first")
        inner = turns().compile(checkpointer=memory)
        builder = StateGraph(Turns).add_node("inner", inner)
        builder.add_node("middle", lambda state: pause(state["name"]) or {"log": ["middle"]})
        builder.add_node("again", inner)
        builder.add_edge(START, "inner").add_edge("inner", "middle").add_edge("middle", "again").add_edge("again", END)
        graph = builder.compile(checkpointer=saver)
        first = Thread(target=graph.invoke, args=(given("first"), thread()))
        first.start()
        pause.reached()
        for durability in DURABILITIES:
            with pytest.raises(StaleThreadError):
                graph.invoke(given("late"), thread(), durability=durability)
        pause.go_on()
        first.join()
        state = graph.get_state(thread())
        assert not state.tasks
        everything = [row.checkpoint["channel_values"] for row in saver.list(thread())]
        assert not [values for values in everything if "late" in str(values)]

    def test_subgraphs_side_by_side(self, saver: BaseCheckpointSaver[Any]) -> None:
        """Subgraphs of one run work side by side, and one after the other in a node."""

        def twice(state: Turns) -> Turns:
            logs = [inner.invoke(given(f"{state['name']}{number}"))["log"] for number in range(2)]
            return {"log": logs[0] + logs[1]}

        inner = turns().compile()
        builder = StateGraph(Turns).add_node("one", inner).add_node("two", twice).add_node("three", twice)
        for name in ("one", "two", "three"):
            builder.add_edge(START, name)
        found = builder.compile(checkpointer=saver).invoke({"name": "a", "log": []}, thread())
        assert len(found["log"]) == 3 + 8 + 8

    def test_second_writer_inside_a_node(self, saver: BaseCheckpointSaver[Any]) -> None:
        """A node that runs a graph on its own thread, from outside of its own run, is told that it is a second one."""
        errors: list[BaseException] = []

        def second(_: str) -> None:
            def apart() -> None:
                try:
                    run(saver, "second")
                except StaleThreadError as error:
                    errors.append(error)

            other = Thread(target=apart)
            other.start()
            other.join()

        found = turns(second).compile(checkpointer=saver).invoke(given("first"), thread())
        assert found["log"] == log_of("first")
        assert len(errors) == 1


class ElsewhereSaver(DelegatingSaver):
    """Reads in another thread, where LangGraph's loop cannot be found."""

    def get_tuple(self, config: Any) -> CheckpointTuple | None:
        return asyncio.run(asyncio.to_thread(self.inner.get_tuple, config))


class TestWithoutTheLoop:
    def test_first_write_wins(self, saver: BaseCheckpointSaver[Any]) -> None:
        """Where LangGraph's loop is not found, of two runs the first to write goes on, and the other is told so."""
        first = stand_here(ElsewhereSaver(saver), "first", "sync", is_async=False)
        assert run(ElsewhereSaver(saver), "second")[-4:] == log_of("second")
        with pytest.raises(StaleThreadError):
            first.end()
        assert log(saver)[-4:] == log_of("second")

    def test_savers_around_are_looked_through(self, saver: BaseCheckpointSaver[Any]) -> None:
        """A saver that passes everything on to this one changes nothing."""
        first = stand_here(DelegatingSaver(DelegatingSaver(saver)), "first", "sync", is_async=True)
        with pytest.raises(StaleThreadError):
            run(DelegatingSaver(saver), "late")
        assert first.end() == log_of("first")
