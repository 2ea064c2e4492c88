from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel
from tests.fakes.openai_server import OpenAIServer, reading

from quorate.agents import Agent, Repair, agent, as_agent, chat_agent, current_run, openai_chat
from quorate.contracts import Claim, Limits, Usage
from quorate.graphs import Supervisor


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: Decimal


def run(one: Agent) -> Any:
    team = Supervisor("team", request=Document, outcome=Receipt, agents=[one])
    return team.read(team.compile().invoke({"request": {"text": "TOTAL 12.50"}}))


async def arun(one: Agent) -> Any:
    team = Supervisor("team", request=Document, outcome=Receipt, agents=[one])
    return team.read(await team.compile().ainvoke({"request": {"text": "TOTAL 12.50"}}))


class Learner:
    """Claims words where a number belongs, until it is told; how often it wants to be told."""

    def __init__(self, mistakes: int = 1, *, repairs: bool = True, **limits: Any) -> None:
        self.mistakes, self.seen = mistakes, list[Repair | None]()
        options: Any = {"writes": {"total"}, "capability": "extraction", "repairs": repairs}
        limited = Limits(backoff=0, **limits)
        self.agent = agent(name="learner", limits=limited, **options)(self._read)
        self.async_agent = agent(name="learner", limits=limited, **options)(self._aread)

    def _read(self, text: str) -> Iterator[Claim | Usage]:
        current = current_run()
        assert current is not None
        self.seen.append(current.repair)
        yield Usage("small", 10, 2)
        yield Claim("total", "twelve" if len(self.seen) <= self.mistakes else "12.50", 0.95)

    async def _aread(self, text: str) -> AsyncIterator[Claim | Usage]:
        for thing in self._read(text):
            yield thing


async def test_agent_is_told_what_was_wrong() -> None:
    """After a broken contract the agent runs once more, and knows its answer and what was wrong with it."""
    for learner, turn in [
        ((one := Learner()), run(one.agent)),
        ((other := Learner()), await arun(other.async_agent)),
        ((third := Learner()), await arun(third.agent)),
    ]:
        assert (turn.values, turn.faults) == ({"total": "12.50"}, ())
        first, second = learner.seen
        assert first is None
        assert second is not None
        assert second.answer.splitlines()[-1] == "total: 'twelve'"
        assert "expected a value of the field's type Decimal" in second.error


def test_once() -> None:
    """A second broken contract is the fault, and nothing is tried again."""
    learner = Learner(mistakes=9)
    turn = run(learner.agent)
    assert (turn.faults[0].kind, turn.faults[0].attempt, len(learner.seen)) == ("contract", 1, 2)


@pytest.mark.parametrize("repairs, calls", [(0, 1), (1, 2), (3, 4)])
def test_as_often_as_the_limits_say(repairs: int, calls: int) -> None:
    """The limits say how often."""
    learner = Learner(mistakes=9, repairs=True)
    again = agent(
        name="again", writes={"total"}, capability="extraction", repairs=True, limits=Limits(repairs=repairs)
    )(learner._read)
    run(again)
    assert len(learner.seen) == calls


def test_not_without_a_sign() -> None:
    """An agent that does not say that it looks is not asked again: it would give the same answer."""
    learner = Learner(mistakes=1, repairs=False)
    assert (run(learner.agent).faults[0].kind, len(learner.seen)) == ("contract", 1)


def test_runnable() -> None:
    """A Runnable's `prepare` can add what to say."""
    asked: list[Any] = []

    def prepare(fields: dict[str, Any]) -> Any:
        current = current_run()
        again = current.repair.messages if current and current.repair else []
        return [fields["text"], *(message.text for message in again)]

    def answer(prompt: list[str]) -> Any:
        asked.append(prompt)
        return {"total": "twelve"} if len(asked) == 1 else {"total": "12.50"}

    runnable = RunnableLambda(answer)
    reader = as_agent(runnable, name="r", reads={"text"}, writes={"total"}, prepare=prepare, repairs=True, confidence=1)
    assert run(reader).values == {"total": "12.50"}
    assert asked[1][1] == "{'total': 'twelve'}"
    assert asked[1][2].startswith("That answer was refused: got 'twelve' of type str; expected")


@pytest.mark.parametrize("method", [None, "function_calling"])
async def test_chat_model_sees_its_answer(method: str | None) -> None:
    """A chat model is shown its bad answer and the error in the next messages; the tokens of both calls count."""
    with OpenAIServer() as server:
        reader = chat_agent(
            "reader",
            openai_chat("m", base_url=server.url),
            prompt="Read the total in {text}.",
            writes={"total": Decimal},
            method=method,
        )
        server.answer({"total": {**reading("twelve"), "confidence": 7}})
        server.answer({"total": reading("12.50", quote="12.50", confidence=0.95)})
        turn = await arun(reader)
        assert (turn.values, turn.faults) == ({"total": "12.50"}, ())
        (usage,) = turn.usage
        assert (usage.input_tokens, usage.output_tokens, usage.attempts) == (22, 14, 1)
        first, second = (request["messages"] for request in server.requests)
        assert second[: len(first)] == first
        assert [message["role"] for message in second[len(first) :]] == ["assistant", "user"]
        assert '"twelve"' in second[-2]["content"]
        assert second[-1]["content"].startswith("That answer was refused: got in ")


def test_chat_model_that_does_not_learn() -> None:
    """A second bad answer is a contract fault, with the tokens of both calls."""
    with OpenAIServer() as server:
        model = openai_chat("m", base_url=server.url)
        reader = chat_agent("reader", model, prompt="Read {text}.", writes={"total": Decimal})
        server.always({"total": {**reading("twelve"), "confidence": 7}})
        turn = run(reader)
        assert (turn.faults[0].kind, len(server.requests)) == ("contract", 2)
        assert (turn.usage[0].failed, turn.usage[0].input_tokens) == (True, 22)
