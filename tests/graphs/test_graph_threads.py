"""Threads: turns, corrections, history, time travel, and savers that load nothing but data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from pydantic import BaseModel
from tests.fakes.desk import AGENTS, desk, thread
from tests.fakes.ledgers import Receiving

from quorate import Claim, Supervisor, agent
from quorate.agents import Agent

STRICT = JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=None)
ONE = {"request": {"text": "PETRO TOTAL 12.00"}}
TWO = {"request": {"text": "ZETA TOTAL 13.00"}}
UNSURE = {"request": {"text": "ACME TOTAL 12.00 CASH 20.00"}}


@pytest.fixture(params=["memory", "sqlite"])
def saver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BaseCheckpointSaver[Any]]:
    """The stock savers, with LangGraph's own serializer in strict mode: nothing but data is loaded."""
    if request.param == "memory":
        yield InMemorySaver(serde=STRICT)
        return
    with SqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as opened:
        opened.serde = STRICT
        yield opened


class Chat(BaseModel):
    topic: str = ""


class Said(BaseModel):
    answer: str
    mood: str = "calm"


def chat(calls: list[str] | None = None, **options: Any) -> Supervisor:
    log = calls if calls is not None else []

    @agent(writes={"answer"}, capability="reasoning")
    def echo(messages: list[Any]) -> Claim | None:
        log.append("echo")
        return Claim("answer", f"you said {messages[-1].text}", 0.9) if messages else None

    @agent(writes={"mood"}, capability="reasoning")
    def mood(topic: str) -> Claim:
        log.append("mood")
        return Claim("mood", topic or "calm", 0.9)

    return Supervisor("chat", request=Chat, outcome=Said, agents=[echo, mood], reply="answer", **options)


def test_second_turn_starts_clear(saver: BaseCheckpointSaver[Any]) -> None:
    """A second input opens a turn of its own: the channels of the turn are empty, the old ones in the history."""
    team = desk(posting=True)
    graph = team.compile(saver)
    first = team.read(graph.invoke(ONE, thread()))
    second = team.read(graph.invoke(TWO, thread()))
    assert (first.number, second.number) == (1, 2)
    assert second.values == {"company": "ZETA", "total": "13.00", "posted": {"number": "N2"}}
    assert {claim.value for claim in second.claims if claim.field == "company"} == {"ZETA"}
    assert [len(turn.effects) for turn in (first, second)] == [1, 1]
    assert all(decision.version == 1 for decision in second.decisions.values())
    assert len(second.usage) == len(first.usage)
    history = [state for state in graph.get_state_history(thread()) if not state.next and state.values.get("turn") == 1]
    assert team.read(history[0].values) == first


def test_second_turn_after_a_first_that_waits(saver: BaseCheckpointSaver[Any]) -> None:
    """A turn that was left waiting, or was refused, does not colour the next."""
    team = desk()
    graph = team.compile(saver)
    graph.invoke(UNSURE, thread())
    refused = team.read(graph.invoke({"request": {"txt": 1}}, thread()))
    assert (refused.number, refused.status, refused.decisions, refused.claims) == (2, "rejected", {}, ())
    third = team.read(graph.invoke(ONE, thread()))
    assert (third.number, third.status, third.faults) == (3, "settled", ())


def test_goals_are_of_their_turn(saver: BaseCheckpointSaver[Any]) -> None:
    """The goals of one turn are not those of the next."""
    team = desk()
    graph = team.compile(saver)
    assert team.read(graph.invoke({**ONE, "goals": ["company"]}, thread())).goals == ("company",)
    assert team.read(graph.invoke(ONE, thread())).goals == ("company", "total", "category")
    assert team.read(graph.invoke({**ONE, "goals": ["total", "total"]}, thread())).goals == ("total",)


def test_conversation(saver: BaseCheckpointSaver[Any]) -> None:
    """Messages are kept from turn to turn, each once, with the reply as a message of its own."""
    team = chat()
    graph = team.compile(saver)
    graph.invoke({"request": {}, "messages": [("user", "one")]}, thread())
    state = graph.invoke({"request": {}, "messages": HumanMessage("two", id="mine")}, thread())
    assert [(type(message), message.text) for message in state["messages"]] == [
        (HumanMessage, "one"),
        (AIMessage, "you said one"),
        (HumanMessage, "two"),
        (AIMessage, "you said two"),
    ]
    state = graph.invoke({"request": {}, "messages": [HumanMessage("TWO", id="mine")]}, thread())
    assert [message.text for message in state["messages"]][2:] == ["TWO", "you said two", "you said you said two"]


def test_reply_only_where_there_is_one() -> None:
    """A turn without an answer adds no message."""
    team = chat(policy=None)
    graph = team.compile(InMemorySaver())
    state = graph.invoke({"request": {}}, thread())
    assert state["messages"] == []
    assert team.read(state).status == "waiting"


def test_correction_after_the_end(saver: BaseCheckpointSaver[Any]) -> None:
    """A person corrects a finished turn: what was derived from the field is derived again, nothing else."""
    team = desk()
    graph = team.compile(saver)
    first = team.read(graph.invoke(ONE, thread()))
    update = team.correction(graph.get_state(thread()).values, {"company": "ACME"}, reviewer="bob", reason_code="typo")
    graph.update_state(thread(), update, as_node="review")
    turn = team.read(graph.invoke(None, thread()))
    assert turn.values == {"company": "ACME", "total": "12.00"}
    decision = turn.decisions["company"]
    assert (decision.locked, decision.reviewer, decision.reason_code) == (True, "bob", "typo")
    assert {name: len(turn.runs[name]) for name in turn.runs} == {
        "by_company": 2, "by_label": 1, "by_place": 1, "by_size": 1
    }  # fmt: skip
    assert turn.decisions["total"] == first.decisions["total"]
    assert turn.number == 1


def test_reply_is_given_again_after_a_correction_and_disturbs_nobody() -> None:
    """A corrected answer is a new reply; the listeners do not run again on their own team's words."""
    calls: list[str] = []
    team = chat(calls)
    graph = team.compile(InMemorySaver())
    graph.invoke({"request": {}, "messages": [("user", "one")]}, thread())
    update = team.correction(graph.get_state(thread()).values, {"mood": "merry"}, reviewer="bob")
    graph.update_state(thread(), update, as_node="review")
    turn = team.read(graph.invoke(None, thread()))
    assert turn.values == {"answer": "you said one", "mood": "merry"}
    assert sorted(calls) == ["echo", "mood"]


def test_nothing_to_go_on_with() -> None:
    """To go on with a turn that has ended changes nothing."""
    team = desk()
    graph = team.compile(InMemorySaver())
    first = team.read(graph.invoke(ONE, thread()))
    graph.invoke(None, thread())
    assert team.read(graph.get_state(thread()).values) == first


def test_time_travel(saver: BaseCheckpointSaver[Any]) -> None:
    """From an old checkpoint a run goes on as it did then, and the history of both stays."""
    team = desk()
    graph = team.compile(saver)
    done = team.read(graph.invoke(ONE, thread()))
    history = list(graph.get_state_history(thread()))
    before = next(state for state in history if len(state.values.get("moves", ())) == 1)
    again = team.read(graph.invoke(None, before.config))
    assert again.values == done.values
    assert {name: each.version for name, each in again.decisions.items()} == dict.fromkeys(again.decisions, 1)
    assert len(list(graph.get_state_history(thread()))) > len(history)


def test_fork_at_a_question(saver: BaseCheckpointSaver[Any]) -> None:
    """A question that was answered can be answered otherwise from its checkpoint, on a branch."""
    team = desk()
    graph = team.compile(saver)
    (question,) = graph.invoke(UNSURE, thread())["__interrupt__"]
    waiting = graph.get_state(thread())
    first = team.read(graph.invoke(Command(resume={question.id: {"type": "approve"}}), thread()))
    assert first.values["total"] == "12.00"
    update = team.correction(waiting.values, {"total": "20"}, reviewer="bob")
    branch = graph.update_state(waiting.config, update, as_node="review")
    assert team.read(graph.invoke(None, branch)).values["total"] == "20"
    assert team.read(graph.get_state(thread()).values).values["total"] == "20"
    parent = graph.get_state(branch).parent_config
    assert parent is not None
    assert parent["configurable"]["checkpoint_id"] == waiting.config["configurable"]["checkpoint_id"]
    ends = [state for state in graph.get_state_history(thread()) if not state.next]
    assert [team.read(state.values).values["total"] for state in ends] == ["20", "12.00"]


def test_replay_executes_nothing_twice(saver: BaseCheckpointSaver[Any]) -> None:
    """A run that is repeated from before an effect finds it in the ledger: the same answer, and no second call."""
    receiver = Receiving()
    team = desk(posting=True, receiver=receiver)
    graph = team.compile(saver)
    done = team.read(graph.invoke(ONE, thread()))
    for state in list(graph.get_state_history(thread())):
        if state.values.get("turn") and state.next:
            again = team.read(graph.invoke(None, state.config))
            assert again.values == done.values
            assert [effect.status for effect in again.effects.values()] == ["done"]
    assert receiver.calls == 1


def test_restart_between_any_two_steps(saver: BaseCheckpointSaver[Any]) -> None:
    """Stopped after any step and taken up by a new graph, the turn comes to the same end, and agents ran once."""
    plain = desk(posting=True)
    whole = plain.read(plain.compile().invoke(ONE))
    steps = len(list(plain.compile().stream(ONE, stream_mode="values")))
    for stop in range(1, steps):
        receiver = Receiving()
        runs: list[str] = []

        def counted(each: Agent, log: list[str] = runs) -> Agent:
            def call(**fields: Any) -> Any:
                log.append(each.name)
                return each.call and each.call(**fields)

            return Agent(each.contract, call=call)

        team = desk(agents=[counted(each) for each in AGENTS], posting=True, receiver=receiver)
        config = thread(f"stop-{stop}")
        stream = team.compile(saver).stream(ONE, config, stream_mode="values", durability="sync")
        for _ in range(stop):
            next(stream)
        stream.close()
        turn = team.read(team.compile(saver).invoke(None, config))
        assert turn.status == "settled"
        assert turn.values == whole.values
        assert receiver.calls == 1
        assert all(runs.count(name) <= 2 for name in runs)  # what was at work when it stopped runs again


async def test_async_saver(tmp_path: Path) -> None:
    """The same on the stock saver for async runs: a turn, a question, an answer, a second turn."""
    async with AsyncSqliteSaver.from_conn_string(str(tmp_path / "threads.db")) as saver:
        saver.serde = STRICT
        team = desk(posting=True)
        graph = team.compile(saver)
        (question,) = (await graph.ainvoke(UNSURE, thread()))["__interrupt__"]
        values = await graph.ainvoke(Command(resume={question.id: {"type": "approve", "reviewer": "ann"}}), thread())
        assert team.read(values).values["posted"] == {"number": "N1"}
        assert team.read(await graph.ainvoke(TWO, thread())).number == 2


def test_runs_of_many_threads_do_not_mix() -> None:
    """Threads on one graph and one saver have nothing to do with each other."""
    team = desk()
    graph = team.compile(InMemorySaver())
    texts = [f"FIRM{i} TOTAL {i}.00" for i in range(20)]
    results = graph.batch([{"request": {"text": text}} for text in texts], [thread(str(i)) for i in range(20)])
    assert [team.read(values).values["company"] for values in results] == [f"FIRM{i}" for i in range(20)]


def test_recursion_limit_covers_the_bound_on_moves() -> None:
    """The graph's own limit of steps is never reached before the policy's bound on moves."""

    @agent(writes={"answer"}, capability="reasoning")
    def never(messages: list[Any]) -> Claim:
        return Claim("answer", "x", 0.1)

    from quorate import Policy

    team = Supervisor(
        "chat", request=Chat, outcome=Said, policy=Policy.parse({"bounds": {"moves": 40, "rounds": 99}}),
        agents=[never, *[each for each in chat().roster.agents.values() if each.name == "mood"]],
    )  # fmt: skip
    graph = team.compile(InMemorySaver())
    values = graph.invoke({"request": {}}, thread())
    while "__interrupt__" in values:
        (question,) = values["__interrupt__"]
        again = {"type": "assign", "to": ["bob"], "reviewer": "ann"}
        values = graph.invoke(Command(resume={question.id: again}), thread())
    turn = team.read(values)
    assert (turn.status, len(turn.moves)) == ("halted", 40)
    assert "the bound of 40 moves is reached; open: answer" in turn.reason
