from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import BaseModel
from tests.fakes.openai_server import OpenAIServer, reading

from quorate.agents import Playback, agent, as_agent, chat_agent, openai_chat, playback, recorded, recording
from quorate.checkpoints import MemoryJournal, MemoryLedger, open_database
from quorate.contracts import Claim, Effect, EffectPolicy, Journal, JournalError, Limits, Policy, Redacted
from quorate.graphs import Supervisor

PROMPT = "Read the total of {text}."
KEY = "sk-abcdefghijklmnopqrstuvwxyz"
REQUEST = {"request": {"text": f"Total 12.50, key {KEY}"}}
CONFIG: Any = {"configurable": {"thread_id": "t"}}


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: Decimal


class Taxed(Receipt):
    tax: int | None = None


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.always({"total": reading("12.50", quote="12.50")})
        yield server


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


def reader(model: BaseChatModel, prompt: str = PROMPT, **options: Any) -> Any:
    return chat_agent("reader", model, prompt=prompt, writes={"total": Decimal}, **options)


def team(*agents: Any, journal: Journal | None = None, **options: Any) -> Supervisor:
    return Supervisor("desk", request=Document, outcome=Receipt, agents=agents, journal=journal, **options)


def run(made: Supervisor, *, is_async: bool = False, **options: Any) -> dict[str, Any]:
    """The values of a turn on the thread, with a saver of its own."""
    graph = made.compile(checkpointer=InMemorySaver())
    if is_async:
        return dict(asyncio.run(graph.ainvoke(REQUEST, CONFIG, **options)))
    return dict(graph.invoke(REQUEST, CONFIG, **options))


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(one[part] == other[part] for part in ("claims", "decisions", "faults"))


def refusal(made: Supervisor, journal: Journal, **options: Any) -> str:
    with playback(journal), pytest.raises(JournalError) as caught:
        run(made, **options)
    return str(caught.value)


@pytest.mark.parametrize("is_async", [False, True])
def test_strict_playback_asks_nobody(database_url: str, is_async: bool) -> None:
    """A run that was recorded in a database gives the same claims and decisions when its server is gone."""
    with OpenAIServer() as server, open_database(database_url) as database:
        server.always({"total": reading("12.50", quote="12.50")})
        url = server.url
        first = run(team(reader(openai_chat(base_url=url)), journal=database.journal), is_async=is_async)
        assert len(server.requests) == 1
        with playback(database.journal) as played:
            assert same(run(team(reader(openai_chat(base_url=url))), is_async=is_async), first)
        assert len(server.requests) == 1
    with open_database(database_url) as database:
        for is_async_now in (False, True):
            with playback(database.journal) as played:
                again = run(team(reader(openai_chat(base_url=url))), is_async=is_async_now)
            assert same(again, first)
            assert (played.answered, played.called) == (1, 0)
            assert again["usage"][0]["input_tokens"] == first["usage"][0]["input_tokens"]
        assert len(database.journal.entries("t")) == 1


def test_what_is_recorded(server: OpenAIServer, journal: MemoryJournal) -> None:
    """An entry says who asked whom for what, with what the answer took, and holds no secret."""
    run(team(reader(openai_chat(base_url=server.url, temperature=0.5), version="1.2.0"), journal=journal))
    (entry,) = journal.entries("t")
    assert (entry.kind, entry.name, entry.provider) == ("model", "gpt-4.1-mini", "openai")
    assert (entry.agent, entry.version, entry.thread, entry.turn, entry.attempt) == ("reader", "1.2.0", "t", 1, 1)
    assert (entry.input_tokens, entry.output_tokens, entry.usd is None or entry.usd > 0) == (11, 7, True)
    assert entry.seconds > 0
    assert len(entry.prompt) == 12
    assert entry.request["parameters"]["temperature"] == 0.5
    assert "total" in str(entry.request["parameters"]["response_format"])
    assert [each["role"] for each in entry.request["messages"]] == ["system", "user"]
    assert KEY not in str(entry)
    assert entry.redacted == ("api key",)


def test_changed_prompt_is_refused(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A request that was changed stops the graph, with the first difference from the nearest one."""
    run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    changed = reader(openai_chat(base_url=server.url), "Read the sum of {text}.")
    for is_async in (False, True):
        message = refusal(team(changed), journal, is_async=is_async)
        assert "thread 't', turn 1, agent 'reader'" in message
        assert "messages[0].content, from character 10 on" in message
        assert "'Read the sum of" in message
        assert "'Read the total of" in message
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "options, place",
    [
        ({"temperature": 1}, "parameters.temperature: got 1"),
        ({"model": "other"}, "model: got 'other'"),
        ({"max_tokens": 7}, "parameters.max_completion_tokens: got 7"),
    ],
)
def test_changed_parameter_is_refused(
    server: OpenAIServer, journal: MemoryJournal, options: dict[str, Any], place: str
) -> None:
    """A parameter that was changed, added or left out is named."""
    run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    message = refusal(team(reader(openai_chat(base_url=server.url, **options))), journal)
    assert place in message
    assert len(server.requests) == 1


def test_changed_response_format_is_refused(server: OpenAIServer, journal: MemoryJournal) -> None:
    """The form in which the model is to answer is part of the request."""
    run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    other = chat_agent("reader", openai_chat(base_url=server.url), prompt=PROMPT, writes={"total": Decimal, "tax": int})
    made = Supervisor("desk", request=Document, outcome=Taxed, agents=[other])
    assert "parameters.response_format.schema" in refusal(made, journal)


def test_how_an_answer_comes_is_no_part_of_the_request(server: OpenAIServer, journal: MemoryJournal) -> None:
    """Another key, another time limit and another address of the same service are the same request."""
    first = run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    moved = openai_chat(base_url="http://127.0.0.1:9/v1", api_key="sk-another-key-than-before", timeout=3)
    with playback(journal):
        assert same(run(team(reader(moved))), first)


def test_request_that_nobody_recorded(server: OpenAIServer, journal: MemoryJournal) -> None:
    """Of a thread without entries, and of an agent without any, that is what the refusal says."""
    model = openai_chat(base_url=server.url)
    assert "no entry of this thread" in refusal(team(reader(model)), journal)
    run(team(reader(model), journal=journal))
    other = chat_agent("other", model, prompt=PROMPT, writes={"total": Decimal})
    assert "the thread's entries are of reader" in refusal(team(other), journal)
    assert len(server.requests) == 1


def test_lenient_playback_asks_and_records(server: OpenAIServer, journal: MemoryJournal) -> None:
    """What was not recorded is asked, and what was is not; then all of it is recorded."""
    run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    server.always({"total": reading("13.50")})
    changed = team(reader(openai_chat(base_url=server.url), "Read the sum of {text}."))
    with playback(journal, "lenient") as played:
        values = run(changed)
    assert (played.answered, played.called, len(server.requests)) == (0, 1, 2)
    with playback(journal) as played:
        assert same(run(changed), values)
    with playback(journal, "lenient") as played:
        assert same(run(changed), values)
    assert (played.answered, played.called, len(server.requests)) == (1, 0, 2)
    assert len(journal.entries("t")) == 3


def test_playback_on_another_thread(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A thread is played back on another one where its name is given."""
    first = run(team(reader(openai_chat(base_url=server.url)), journal=journal))
    graph = team(reader(openai_chat(base_url=server.url))).compile()
    with playback(journal, thread="t"):
        assert same(graph.invoke(REQUEST, {"configurable": {"thread_id": "u"}}), first)
    with pytest.raises(JournalError, match="no entry of this thread"), playback(journal):
        graph.invoke(REQUEST, {"configurable": {"thread_id": "u"}})


def test_mode_that_does_not_exist(journal: MemoryJournal) -> None:
    """A mode that there is not is an error at once."""
    with pytest.raises(JournalError, match="strict"), playback(journal, "loose"):  # type: ignore[arg-type]
        pass


def test_equal_requests_of_one_run(server: OpenAIServer, journal: MemoryJournal) -> None:
    """Of equal requests the nth gets the nth answer; one more than was recorded is refused."""

    def sampler(times: int) -> Any:
        model = recorded(openai_chat(base_url=server.url))

        @agent(reads={"text"}, writes={"total"}, capability="extraction", name="sampler")
        def sample(text: str) -> Iterator[Claim]:
            for _ in range(times):
                yield Claim("total", model.invoke(text).text, confidence=0.5)

        return sample

    for number in range(3):
        server.answer_text(str(number))
    first = run(team(sampler(3), journal=journal))
    assert [each["value"] for each in first["claims"]] == ["0", "1", "2"]
    with playback(journal):
        assert same(run(team(sampler(3))), first)
    assert "once more than it was recorded; expected 3 answers" in refusal(team(sampler(4)), journal)
    with playback(journal):
        assert [each["value"] for each in run(team(sampler(2)))["claims"]] == ["0", "1"]


def test_the_last_run_counts(server: OpenAIServer, journal: MemoryJournal) -> None:
    """After an error and another attempt, and when a thread is recorded anew, the last run is played back."""
    server.fail(500)
    server.answer({"total": reading("1", quote="12.50")})
    limits = Limits(attempts=2, backoff=0)
    made = team(reader(openai_chat(base_url=server.url), limits=limits), journal=journal)
    first = run(made)
    entries = journal.entries("t")
    assert [bool(each.error) for each in entries] == [True, False]
    assert (entries[0].attempt, entries[1].attempt, entries[0].task == entries[1].task) == (1, 2, True)
    with playback(journal) as played:
        assert run(team(reader(openai_chat(base_url=server.url), limits=limits)))["claims"] == first["claims"]
    assert played.answered == 1
    again = run(made)
    assert again["claims"] != first["claims"]
    with playback(journal):
        assert run(made)["claims"] == again["claims"]


def test_recorded_error(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A call that failed fails in a strict playback, too; a lenient one makes it."""
    server.fail(400)
    made = team(reader(openai_chat(base_url=server.url)), journal=journal)
    first = run(made)
    assert first["faults"]
    with playback(journal):
        assert same(run(made), first)
    with playback(journal, "lenient") as played:
        assert not run(made)["faults"]
    assert (played.called, len(server.requests)) == (1, 2)


@pytest.mark.parametrize("status", [429, 500])
def test_recorded_error_that_is_tried_again(server: OpenAIServer, journal: MemoryJournal, status: int) -> None:
    """An error on every attempt ends in the same fault."""
    for _ in range(2):
        server.fail(status)
    made = team(reader(openai_chat(base_url=server.url), limits=Limits(attempts=2, backoff=0)), journal=journal)
    first = run(made)
    with playback(journal):
        assert same(run(made), first)
    assert len(server.requests) == 2


def test_an_agent_that_hides_the_refusal(server: OpenAIServer, journal: MemoryJournal) -> None:
    """An agent that catches what it can does not hide that a request was refused."""
    model = recorded(openai_chat(base_url=server.url))

    @agent(reads={"text"}, writes={"total"}, capability="extraction")
    def hiding(text: str) -> Claim | None:
        try:
            return Claim("total", model.invoke(text).text, confidence=0.5)
        except Exception:
            return Claim("total", 1, confidence=0.1)

    assert "no entry of this thread" in refusal(team(hiding), journal)


def test_an_agent_with_a_timeout(server: OpenAIServer, journal: MemoryJournal) -> None:
    """The refusal stops the graph also where the agent has a timeout."""
    made = team(reader(openai_chat(base_url=server.url), limits=Limits(timeout=20)), journal=journal)
    first = run(made, is_async=True)
    with playback(journal):
        assert same(run(made, is_async=True), first)
    changed = team(reader(openai_chat(base_url=server.url), "Read the sum of {text}.", limits=Limits(timeout=20)))
    assert "from character 10 on" in refusal(changed, journal, is_async=True)


def test_repair_is_played_back(server: OpenAIServer, journal: MemoryJournal) -> None:
    """An answer that was shown to the model again is played back with what came of it."""
    server.answer_text("no JSON at all")
    made = team(reader(openai_chat(base_url=server.url)), journal=journal)
    first = run(made)
    asked = len(server.requests)
    assert len(journal.entries("t")) == asked
    with playback(journal):
        assert same(run(made), first)
    assert len(server.requests) == asked


# --- other ways to ask ---


def test_streaming(server: OpenAIServer, journal: MemoryJournal) -> None:
    """What was recorded whole is played back in a stream, and the other way round."""
    model = openai_chat(base_url=server.url)
    whole = run(team(reader(model, method="function_calling"), journal=journal))
    made = team(reader(model, method="function_calling")).compile(checkpointer=InMemorySaver())
    with playback(journal):
        parts = list(made.stream(REQUEST, CONFIG, stream_mode=["messages", "values"]))
    assert same([part for mode, part in parts if mode == "values"][-1], whole)  # type: ignore[arg-type]
    assert any(mode == "messages" for mode, _ in parts)
    other = MemoryJournal()
    made = team(reader(model, method="function_calling"), journal=other).compile(checkpointer=InMemorySaver())
    streamed = list(made.stream(REQUEST, CONFIG, stream_mode=["messages", "values"]))
    assert "stream" in server.requests[-1]
    (one,), (two,) = journal.entries("t"), other.entries("t")
    assert (one.digest, one.input_tokens) == (two.digest, two.input_tokens)
    with playback(other):
        assert same(run(team(reader(model, method="function_calling"))), streamed[-1][1])  # type: ignore[arg-type]


@pytest.mark.parametrize("is_async", [False, True])
def test_stream_of_a_model(server: OpenAIServer, journal: MemoryJournal, is_async: bool) -> None:
    """A model that an agent streams itself is recorded when the stream ends."""
    model = recorded(openai_chat(base_url=server.url))

    @agent(reads={"text"}, writes={"total"}, capability="extraction", name="streaming")
    def streaming(text: str) -> Claim:
        return Claim("total", "".join(chunk.text for chunk in model.stream(text)), confidence=0.9)

    @agent(reads={"text"}, writes={"total"}, capability="extraction", name="streaming")
    async def astreaming(text: str) -> Claim:
        return Claim("total", "".join([chunk.text async for chunk in model.astream(text)]), confidence=0.9)

    server.always(lambda body: 12)  # type: ignore[arg-type, return-value]
    made = team(astreaming if is_async else streaming, journal=journal)
    first = run(made, is_async=is_async)
    assert first["claims"][0]["value"] == "12"
    with playback(journal):
        assert same(run(made, is_async=is_async), first)
    assert len(server.requests) == 1


def test_runnable_with_a_model(server: OpenAIServer, journal: MemoryJournal) -> None:
    """The model that can be seen in a Runnable is recorded without a word."""
    model = openai_chat(base_url=server.url)
    chain = RunnableLambda(lambda fields: fields["text"]) | model.with_fallbacks([model.bind(temperature=0)])
    server.answer_text("3")
    made = team(as_agent(chain, reads={"text"}, writes={"total"}, name="chain"), journal=journal)
    first = run(made)
    with playback(journal):
        assert same(run(made), first)
    assert len(server.requests) == len(journal.entries("t")) == 1


def test_compiled_graph(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A compiled graph with a model and tools is played back where both are recorded."""
    looked: list[str] = []

    @tool
    def look_up(word: str) -> str:
        """Look a word up."""
        looked.append(word)
        return f"{word} is 12.50"

    model = recorded(openai_chat(base_url=server.url)).bind_tools([look_up])
    builder = StateGraph(MessagesState).add_node("tools", ToolNode([recorded(look_up)]))
    builder.add_node("model", lambda state: {"messages": [model.invoke(state["messages"])]})
    builder.add_edge(START, "model").add_conditional_edges("model", tools_condition).add_edge("tools", "model")
    graph = builder.compile()
    made = team(
        as_agent(
            graph,
            reads={"text"},
            writes={"total"},
            name="searching",
            prepare=lambda fields: {"messages": [HumanMessage("look total up")]},
        ),
        journal=journal,
    )
    server.answer({"word": "total"})
    server.answer_text("12.50")
    first = run(made)
    assert [each.kind for each in journal.entries("t")] == ["model", "tool", "model"]
    assert looked == ["total"]
    for is_async in (False, True):
        with playback(journal) as played:
            assert same(run(made, is_async=is_async), first)
        assert played.answered == 3
    assert looked == ["total"]
    assert len(server.requests) == 2


def test_a_model_past_the_journal(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A model that is not recorded is told of when it is recorded, and stops a strict playback before it is asked."""
    model = openai_chat(base_url=server.url)

    @agent(reads={"text"}, writes={"total"}, capability="extraction")
    def hidden(text: str) -> Claim:
        return Claim("total", model.invoke(text).text, confidence=0.5)

    server.answer_text("3")
    with pytest.warns(UserWarning, match="gpt-4.1-mini, which is not recorded"):
        run(team(hidden, journal=journal))
    assert "which is not recorded" in refusal(team(hidden), journal)
    assert len(server.requests) == 1


def test_a_model_that_is_no_chat_model(journal: MemoryJournal) -> None:
    """A completion model, which cannot be recorded by itself, stops a strict playback before it is asked, too."""
    asked = []

    class Completion(FakeListLLM):
        def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
            asked.append(prompt)
            return "3"

    model = Completion(responses=[])

    @agent(reads={"text"}, writes={"total"}, capability="extraction")
    def hidden(text: str) -> Claim:
        return Claim("total", model.invoke(text), confidence=0.5)

    assert "which is not recorded" in refusal(team(hidden), journal)
    assert not asked


def test_team_within_a_team(server: OpenAIServer, journal: MemoryJournal) -> None:
    """What a team within the team asks is played back, whether it has a journal of its own or not."""
    for own in (None, journal):
        inner = team(reader(openai_chat(base_url=server.url)), journal=own)
        made = team(inner.as_agent(name="inner"), journal=journal)
        first = run(made)
        asked = len(server.requests)
        with playback(journal):
            assert same(run(made), first)
        assert len(server.requests) == asked


# --- what is kept out ---


class Account(BaseModel):
    text: Annotated[str, Redacted()]
    number: Annotated[int, Redacted()] = 0


def test_marked_fields(sqlite_url: str, server: OpenAIServer) -> None:
    """What a marked field holds is not in the journal, and the run is played back nevertheless."""
    request = {"request": {"text": "the person's own words", "number": 4711}}
    made = chat_agent(
        "reader",
        openai_chat(base_url=server.url),
        prompt="Read {text} and {number}.",
        writes={"total": Decimal},
    )
    with open_database(sqlite_url) as database:
        desk = Supervisor("desk", request=Account, outcome=Receipt, agents=[made], journal=database.journal).compile()
        first = desk.invoke(request, CONFIG)
        (entry,) = database.journal.entries("t")
        assert "the person's own words" not in str(entry)
        assert "4711" not in str(entry)
        assert set(entry.redacted) == {"field number", "field text"}
        with playback(database.journal):
            assert same(desk.invoke(request, CONFIG), first)
    assert len(server.requests) == 1


def test_marked_outcome(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A marked field that a model answers is kept out of the answer; then it cannot be played back."""

    class Secret(BaseModel):
        total: Annotated[Decimal, Redacted()]

    made = Supervisor(
        "desk", request=Document, outcome=Secret, agents=[reader(openai_chat(base_url=server.url))], journal=journal
    ).compile()
    first = made.invoke({"request": {"text": "Total"}}, CONFIG)
    (entry,) = journal.entries("t")
    assert "12.50" not in str(entry.response)
    with playback(journal), pytest.raises(JournalError, match="marked as Redacted"):
        made.invoke({"request": {"text": "Total"}}, CONFIG)
    with playback(journal, "lenient") as played:
        assert same(made.invoke({"request": {"text": "Total"}}, CONFIG), first)
    assert played.called == 1


def test_secrets_make_two_requests_where_there_is_a_key(
    sqlite_url: str, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an encrypted database another secret is another request; in one in plaintext nobody can tell."""
    pytest.importorskip("cryptography", reason="the extra security is not installed")
    import secrets

    other = {"request": {"text": REQUEST["request"]["text"].replace("abc", "xyz")}}
    for suffix, key in (("1", None), ("2", secrets.token_urlsafe(32))):
        if key:
            monkeypatch.setenv("QUORATE_KEYS", key)
        with open_database(sqlite_url + suffix) as database:
            made = team(reader(openai_chat(base_url=server.url)), journal=database.journal)
            run(made)
            assert KEY not in str(database.journal.entries("t"))
            with playback(database.journal):
                graph = made.compile()
                if key:
                    with pytest.raises(JournalError, match=r"redacted: api key [0-9a-f]{12}\]"):
                        graph.invoke(other, CONFIG)
                else:
                    graph.invoke(other, CONFIG)


def test_detect_secrets(server: OpenAIServer, journal: MemoryJournal) -> None:
    """With detect-secrets more is found, and played back in the same way."""
    pytest.importorskip("detect_secrets", reason="the extra guardrails is not installed")
    secret = "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"
    request = {"request": {"text": f"Total 12.50, {secret}"}}
    for redactor, found in (("patterns", True), ("detect-secrets", False)):
        made = team(reader(openai_chat(base_url=server.url)), journal=journal, redactor=redactor)
        first = made.compile().invoke(request, CONFIG)
        assert (secret in str(journal.entries("t")[-1])) is found
        with playback(journal):
            assert same(made.compile().invoke(request, CONFIG), first)


def test_redactor_that_does_not_exist() -> None:
    """A redactor that there is not is told of when the team is built."""
    with pytest.raises(JournalError, match="patterns/1"):
        team(reader(openai_chat(api_key="sk-x")), redactor="all")


# --- effects ---


def test_no_effect_is_executed(journal: MemoryJournal) -> None:
    """A playback takes the answers of effects from the ledger, and executes none that is not there."""
    posted: list[Any] = []

    class Poster:
        def execute(self, key: str, args: Any) -> Any:
            posted.append(args)
            return args["total"]

    class Posted(BaseModel):
        total: Decimal
        posted: str

    @agent(reads={"text"}, writes={"total"}, capability="extraction")
    def read(text: str) -> Claim:
        return Claim("total", 3, confidence=1)

    @agent(reads={"total"}, writes={"posted"}, capability="action")
    def post(total: Decimal) -> Effect:
        return Effect("post", {"total": str(total)})

    policy = Policy(effects={"post": EffectPolicy(approve=True)})

    def desk(ledger: MemoryLedger) -> Any:
        return Supervisor(
            "desk",
            request=Document,
            outcome=Posted,
            agents=[read, post],
            ledger=ledger,
            receivers={"post": Poster()},
            policy=policy,
            journal=journal,
        ).compile()

    ledger = MemoryLedger()
    first = desk(ledger).invoke(REQUEST, CONFIG)
    assert len(posted) == 1
    with playback(journal):
        assert same(desk(ledger).invoke(REQUEST, CONFIG), first)
        without = desk(MemoryLedger()).invoke(REQUEST, CONFIG)
    (effect,) = without["effects"].values()
    assert (effect["status"], "playback" in effect["note"]) == ("failed", True)
    assert len(posted) == 1


def test_playback_tells_how_it_went(server: OpenAIServer, journal: MemoryJournal) -> None:
    """The playback counts what it answered and what it made, and keeps its refusal."""
    made = team(reader(openai_chat(base_url=server.url)))
    with playback(journal) as played, pytest.raises(JournalError) as caught:
        run(made)
    assert isinstance(played, Playback)
    assert (played.answered, played.called, played.refusals) == (0, 0, {"t": caught.value})


def test_recording_around_a_team(server: OpenAIServer, journal: MemoryJournal) -> None:
    """Within a recording a team without a journal records; one that has its own records there."""
    own = MemoryJournal()
    with recording(journal):
        run(team(reader(openai_chat(base_url=server.url))))
        run(team(reader(openai_chat(base_url=server.url)), journal=own))
        run(team(team(reader(openai_chat(base_url=server.url))).as_agent(name="inner")))
    assert [each.agent for each in journal.entries("t")] == ["reader", "inner"]
    assert [each.agent for each in own.entries("t")] == ["reader"]


def test_threads_side_by_side(server: OpenAIServer, journal: MemoryJournal) -> None:
    """A refusal stops its own thread, and no other one of the same playback."""
    made = team(reader(openai_chat(base_url=server.url)), journal=journal)
    first = run(made)
    with playback(journal):
        graph = made.compile()
        with pytest.raises(JournalError):
            graph.invoke(REQUEST, {"configurable": {"thread_id": "u"}})
        assert same(graph.invoke(REQUEST, CONFIG), first)
