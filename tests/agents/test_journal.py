from __future__ import annotations

import asyncio
import copy
import dataclasses
import enum
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool, tool
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError

from quorate.agents import openai_chat, playback, recorded
from quorate.agents.journal.chat_request import chat_request
from quorate.agents.journal.difference import Difference, differences
from quorate.agents.journal.plain import plain
from quorate.agents.journal.playback import Playback
from quorate.agents.journal.recorded_error import RecordedError, error_of, told_error
from quorate.agents.journal.redaction import DETECT_SECRETS, PATTERNS, Marked, Redaction
from quorate.agents.journal.session import Session, in_session
from quorate.agents.rejected import rejected
from quorate.agents.run import Run
from quorate.checkpoints import MemoryJournal
from quorate.contracts import JournalEntry, JournalError, canonical_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)


class Money(BaseModel):
    amount: Decimal
    on: date


def attempt(journal: MemoryJournal, work: Callable[[], Any], playing: Playback | None = None) -> Any:
    """What the work gives, within one attempt of an agent that records or plays back."""
    run = Run("a", thread="t", turn=1)
    session = Session(run, None if playing else journal, playing.playing(run) if playing else None)
    with in_session(session):
        result = work()
    session.settle()
    return result


def again(journal: MemoryJournal, work: Callable[[], Any]) -> Any:
    """What a strict playback gives."""
    return attempt(journal, work, Playback(journal))


# --- plain ---


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    y: Any


@pytest.mark.parametrize(
    "value, expected",
    [
        (Colour.RED, "red"),
        (Point(1, {Decimal("2.50")}), {"x": 1, "y": ["2.50"]}),
        (Money(amount=Decimal("1.0"), on=date(2026, 1, 2)), {"amount": "1.0", "on": "2026-01-02"}),
        (b"abc", {"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "bytes": 3}),
        (SecretStr("x"), "<secret>"),
        (float("nan"), "nan"),
        ((1, [2]), [1, [2]]),
        ({1: True, None: 2}, {"1": True, "None": 2}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00Z"),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    """Values of any class become plain data."""
    assert plain(value) == expected


def test_plain_has_no_addresses() -> None:
    """Of an object that is no data the name of its class is left, of a function its own; of a model its schema."""
    assert plain(threading.Lock()) == plain(threading.Lock())
    assert plain(test_plain) == f"{__name__}.test_plain"
    assert plain(Money)["schema"]["properties"].keys() == {"amount", "on"}
    assert "0x" not in canonical_json(plain([object(), Money, lambda: 1, int, open]))


@given(JSON)
def test_plain_data_stays(data: Any) -> None:
    """Plain data stays as it is, and is a copy."""
    found = plain(data)
    assert found == data
    assert found is not data or not isinstance(data, dict | list)


def test_plain_has_a_bottom() -> None:
    """Data that holds itself ends."""
    data: list[Any] = []
    data.append(data)
    assert "deeper" in json.dumps(plain(data))


# --- redaction ---


@pytest.mark.parametrize(
    "kind, secret",
    [
        ("api key", "sk-proj-abcdefghijklmnopqrstuvwxyz_0123"),
        ("aws key", "AKIAIOSFODNN7EXAMPLE"),
        ("github token", "ghp_" + "a1B2" * 9),
        ("google key", "AIza" + "a1B2c" * 7),
        ("slack token", "xoxb-123456789012-abcdefABCDEF"),
        ("stripe key", "sk_live_" + "a1B2" * 6),
        ("jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop"),
        ("private key", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"),
    ],
)
@pytest.mark.parametrize("text", ["{}", "the key is {}, keep it", '{{"key": "{}"}}', "a={}\nb"])
def test_known_secrets(kind: str, secret: str, text: str) -> None:
    """A key of the commonest forms is taken out, wherever it stands, and the rest stays."""
    redaction = Redaction(PATTERNS, lambda secret: "")
    assert redaction({"a": [text.format(secret)]}) == {"a": [text.format(f"[redacted: {kind}]")]}
    assert list(redaction.kinds) == [kind]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("password: hunter22", "password: [redacted: password]"),
        ('"api_key": "abcdef-123"', '"api_key": "[redacted: password]"'),
        ("postgresql://me:pw@host/db", "postgresql://me:[redacted: password in a url]@host/db"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [redacted: bearer token]"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted: basic credentials]"),
        ("AWS_SECRET_ACCESS_KEY=abcd/efgh1234", "AWS_SECRET_ACCESS_KEY=[redacted: password]"),
        (r"{\"password\": \"hunter22\"}", r"{\"password\": \"[redacted: password]\"}"),
        ("cut: -----BEGIN RSA PRIVATE KEY-----\nMIIEow", "cut: [redacted: private key]"),
        ("a basic understanding; secretary: Ms Miller", "a basic understanding; secretary: Ms Miller"),
        ("the task-runner asked-for-something-long", "the task-runner asked-for-something-long"),
        ("see https://host:8080/path and me@host", "see https://host:8080/path and me@host"),
    ],
)
def test_secrets_in_their_context(text: str, expected: str) -> None:
    """Of what is told by what stands around it the secret alone is taken out; what only looks alike stays."""
    assert Redaction(PATTERNS, lambda secret: "")(text) == expected


@pytest.mark.parametrize("key", ["password", "apiKey", "x-api-key", "client_secret", "Authorization", "DB_PASSWORD"])
def test_secrets_under_their_names(key: str) -> None:
    """What stands under the name of a secret is one, in arguments of tools as in parameters; a schema is none."""
    redaction = Redaction(PATTERNS, lambda secret: "")
    once = redaction({"arguments": {key: "correct horse", "text": "correct horse"}})
    assert once == {"arguments": {key: "[redacted: password]", "text": "correct horse"}}
    assert redaction(once) == once
    assert redaction({key: "Bearer abcdefghijklmnop"}) == redaction(redaction({key: "Bearer abcdefghijklmnop"}))
    schema = {"properties": {key: {"type": "string"}}, "required": [key], "max_tokens": 5}
    assert redaction(schema) == schema


@given(JSON)
def test_redaction_is_done_once(data: Any) -> None:
    """What was redacted stays as it is when it is redacted again."""
    once = Redaction(PATTERNS, lambda secret: "")(data)
    assert Redaction(PATTERNS, lambda secret: "")(once) == once


def test_marks_tell_secrets_apart() -> None:
    """Where there is a key, what stands in place of two secrets differs."""
    redaction = Redaction(PATTERNS, lambda secret: secret[-1] * 3)
    assert redaction("AKIAIOSFODNN7EXAMPL1 AKIAIOSFODNN7EXAMPL2") == "[redacted: aws key 111] [redacted: aws key 222]"


def test_marked_values() -> None:
    """The values of marked fields are taken out as whole words, also from JSON, and under their fields' names."""
    marked = Marked.of(
        frozenset({"iban", "n", "who", "gone"}), {"iban": 'DE "02"', "n": 7, "who": ["Ann", None], "x": 1}
    )
    redaction = Redaction(PATTERNS, lambda secret: "", marked)
    assert redaction('pay DE "02", 7 times, not 77, to Ann, not Anna') == (
        "pay [redacted: field iban], [redacted: field n] times, not 77, to [redacted: field who], not Anna"
    )
    assert redaction({"n": 7, "iban": None, "y": 7}) == {
        "n": "[redacted: field n]",
        "iban": None,
        "y": "[redacted: field n]",
    }
    assert json.loads(redaction(json.dumps({"who": {"value": "Bob"}, "b": 1}))) == {
        "who": "[redacted: field who]",
        "b": 1,
    }
    assert redaction(json.dumps(['DE "02"'])) == '["[redacted: field iban]"]'
    assert redaction({"properties": {"who": {"type": "string"}}}) == {"properties": {"who": {"type": "string"}}}


def test_redactor_that_is_not_there() -> None:
    """An entry of another quorate's redactor is refused."""
    with pytest.raises(JournalError, match="patterns/9"):
        Redaction("patterns/9", lambda secret: "")


def test_detect_secrets_finds_more() -> None:
    """With detect-secrets what it knows by its form is taken out, too."""
    pytest.importorskip("detect_secrets", reason="the extra guardrails is not installed")
    secret = "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"
    assert Redaction(PATTERNS, lambda secret: "")(secret) == secret
    assert secret not in Redaction(DETECT_SECRETS, lambda secret: "")(f"a {secret} b")


# --- differences ---


@given(JSON, JSON)
def test_differences(one: Any, other: Any) -> None:
    """There is none exactly where the data is the same."""
    assert not list(differences(one, copy.deepcopy(one)))
    assert bool(list(differences(one, other))) == (canonical_json(one) != canonical_json(other))


@pytest.mark.parametrize(
    "one, other, expected",
    [
        ({"a": [1, 2]}, {"a": [1, 3]}, Difference("a[1]", "2", "3")),
        ({"a": 1}, {"b": 1}, Difference("a", "1", "nothing")),
        ([], [{}], Difference("[0]", "nothing", "{}")),
        ("yes", "no", Difference("", "'yes'", "'no'")),
        ("x" * 100 + "a", "x" * 100 + "b", Difference(", from character 101 on", f"…'{'x' * 20}a'", f"…'{'x' * 20}b'")),
        (1, True, Difference("", "1", "true")),
    ],
)
def test_first_difference(one: Any, other: Any, expected: Difference) -> None:
    """The first difference has its place, and what stands there on both sides."""
    assert next(differences(one, other)) == expected


# --- errors ---


def test_errors_come_back_as_they_were() -> None:
    """An error keeps the name of its class, its words and its status, and what it is by Python's own classes."""

    class SlowDown(TimeoutError):
        status_code = 429

    found = error_of(told_error(SlowDown("wait")))
    assert (type(found).__name__, str(found), isinstance(found, TimeoutError)) == ("SlowDown", "wait", True)
    assert isinstance(found, RecordedError)
    assert found.status_code == 429
    with pytest.raises(json.JSONDecodeError) as broken:
        json.loads("{x")
    assert str(error_of(told_error(broken.value))) == str(broken.value)
    with pytest.raises(ValidationError) as invalid:
        Money.model_validate({"amount": "x"})
    back = error_of(told_error(invalid.value))
    assert isinstance(back, ValidationError)
    assert [(each["loc"], each["msg"], each["input"]) for each in back.errors()] == [
        (each["loc"], each["msg"], each["input"]) for each in invalid.value.errors()
    ]


# --- functions ---


@recorded
def money(amount: str, *, on: date = date(2026, 1, 2)) -> list[Money]:
    """Money."""
    return [Money(amount=Decimal(amount), on=on)]


@recorded
async def amoney(amount: str) -> dict[str, Decimal]:
    await asyncio.sleep(0)
    return {"sum": Decimal(amount)}


def test_errors_keep_what_the_model_answered() -> None:
    """An error that keeps the response has its body again: what was paid for, and can be shown to the model."""

    class Response:
        status_code = 200

        def json(self) -> Any:
            return {"usage": {"prompt_tokens": 5, "completion_tokens": 6}, "choices": [{"message": {"content": "no"}}]}

    with pytest.raises(ValidationError) as caught:
        Money.model_validate_json("no")
    caught.value.response = Response()  # type: ignore[attr-defined]
    answer = rejected(error_of(told_error(caught.value)))
    assert answer is not None
    assert (answer.text, answer.usage.input_tokens, answer.usage.output_tokens) == ("no", 5, 6)


def test_functions_pass_when_there_is_no_journal() -> None:
    """Outside of a team a recorded function is the function."""
    assert money("1.50")[0].amount == Decimal("1.50")
    assert asyncio.run(amoney("1"))["sum"] == 1
    assert money.__doc__ == "Money."


def test_functions_come_back_typed() -> None:
    """A result comes back as the type that the function says; arguments are told apart, defaults included."""
    journal = MemoryJournal()
    first = attempt(journal, lambda: (money("1.50"), money("1.50", on=date(2026, 1, 3)), asyncio.run(amoney("2"))))
    assert (
        again(journal, lambda: (money("1.50"), money("1.50", on=date(2026, 1, 3)), asyncio.run(amoney("2")))) == first
    )
    assert again(journal, lambda: money("1.50", on=date(2026, 1, 2))) == first[0]
    with pytest.raises(JournalError, match=r"arguments.amount: got '1.60'.*expected '1.50'"):
        again(journal, lambda: money("1.60"))
    assert [each.kind for each in journal.entries("t")] == ["function"] * 3


def test_results_that_cannot_be_recorded() -> None:
    """A result that would come back as something else is an error when it is recorded."""
    for result in (object(), (1, 2), Decimal(1)):
        untyped = recorded(lambda result=result: result)
        with pytest.raises(JournalError, match="behind ->"):
            attempt(MemoryJournal(), untyped)

    def wrong() -> int:
        return "x"  # type: ignore[return-value]

    with pytest.raises(JournalError, match="cannot be recorded"):
        attempt(MemoryJournal(), recorded(wrong))


def test_functions_that_changed_their_type() -> None:
    """A recorded result that is no longer of the function's type is an error."""
    journal = MemoryJournal()

    def count() -> str:
        return "x"

    attempt(journal, recorded(count))
    count.__annotations__["return"] = int
    with pytest.raises(JournalError, match="record the thread again"):
        again(journal, recorded(count))


def test_what_cannot_be_recorded() -> None:
    """A generator, and what cannot be called, are errors at once."""

    def generate() -> Iterator[int]:
        yield 1

    with pytest.raises(JournalError, match="a generator"):
        recorded(generate)
    with pytest.raises(JournalError, match="a chat model, a tool, a Runnable or a function"):
        recorded(3)


def test_errors_of_functions() -> None:
    """What a function raised is raised again."""
    journal = MemoryJournal()

    @recorded
    def fail() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError):
        attempt(journal, fail)
    with pytest.raises(LookupError, match="nothing there"):
        again(journal, fail)


# --- tools ---


@tool
def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


@tool(response_format="content_and_artifact")
async def find(word: str) -> tuple[str, list[int]]:
    """Find a word."""
    return f"found {word}", [1, 2]


def test_tools() -> None:
    """A recorded tool answers again, sync and async, with its artifact, and looks to a model as before."""
    journal = MemoryJournal()
    made: tuple[BaseTool, BaseTool] = (recorded(double), recorded(find))

    def ask() -> list[Any]:
        call = {"type": "tool_call", "id": "c", "name": "find", "args": {"word": "x"}}
        return [
            made[0].invoke({"number": 4}),
            asyncio.run(made[0].ainvoke({"number": 5})),
            asyncio.run(made[1].ainvoke(call)),
        ]

    first = attempt(journal, ask)
    assert (first[:2], first[2].artifact) == ([8, 10], [1, 2])
    assert again(journal, ask) == first
    assert [(each.kind, each.name) for each in journal.entries("t")] == [
        ("tool", "double"),
        ("tool", "double"),
        ("tool", "find"),
    ]
    assert made[0].args == double.args
    assert isinstance(made[0], type(double))
    assert recorded(made[0]) is made[0]
    assert made[0].invoke({"number": 1}) == 2


def test_a_tool_whose_answer_is_no_data() -> None:
    """A tool that answers with an object cannot be recorded."""

    @tool
    def strange() -> Any:
        """Strange."""
        return object()

    with pytest.raises(JournalError, match="plain JSON data"):
        attempt(MemoryJournal(), lambda: recorded(strange).invoke({}))


# --- models ---


def test_a_recorded_model_is_the_model() -> None:
    """The copy is of the model's class, names the same, streams where it does, and leaves the model as it was."""
    model = openai_chat(api_key="sk-x", temperature=0.5)
    made = recorded(model, prompt="p1")
    assert isinstance(made, type(model))
    assert type(made).__name__ == type(model).__name__
    assert (made.temperature, made.get_name(), made.lc_id()) == (0.5, model.get_name(), model.lc_id())
    assert recorded(made) is made
    assert type(model).__mro__[1].__name__ != "_Recorded"
    silent = recorded(GenericFakeChatModel(messages=iter(["a"])))
    assert silent.invoke("hi").text == "a"


def test_models_of_other_classes() -> None:
    """A model that cannot tell its request's body is recorded by its parameters and messages, without ids."""
    journal = MemoryJournal()
    model = recorded(FakeListChatModel(responses=["one", "two"]))
    asked = [HumanMessage("hi", id="1"), AIMessage("yes", id="2", response_metadata={"at": 1}), HumanMessage("so")]
    first = attempt(journal, lambda: model.invoke(asked, stop=["."]))
    assert first.text == "one"
    (entry,) = journal.entries("t")
    assert entry.request["parameters"] == {"responses": ["one", "two"], "stop": ["."]}
    other = [HumanMessage("hi", id="8"), AIMessage("yes", id="9"), HumanMessage("so")]
    assert again(journal, lambda: model.invoke(other, stop=["."])).text == "one"
    assert again(journal, lambda: asyncio.run(model.ainvoke(other, stop=["."]))).text == "one"
    assert "".join(chunk.text for chunk in again(journal, lambda: list(model.stream(other, stop=["."])))) == "one"
    with pytest.raises(JournalError, match=r"messages\[2\].content"):
        again(journal, lambda: model.invoke([*other[:2], HumanMessage("then")], stop=["."]))


def test_tool_calls_come_back() -> None:
    """A message with tool calls and usage comes back whole, in a stream too."""
    journal = MemoryJournal()
    call = {"name": "double", "args": {"number": 1}, "id": "c1", "type": "tool_call"}
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7, "input_token_details": {"cache_read": 2}}
    told = AIMessage("", tool_calls=[call], usage_metadata=usage, response_metadata={"model_name": "small"})
    model = recorded(GenericFakeChatModel(messages=iter([told])))
    attempt(journal, lambda: model.invoke("hi"))
    (entry,) = journal.entries("t")
    assert (entry.input_tokens, entry.output_tokens) == (3, 4)
    found = again(journal, lambda: model.invoke("hi"))
    assert (found.tool_calls, found.usage_metadata["total_tokens"]) == ([call], 7)
    chunks = again(journal, lambda: list(model.stream("hi")))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert (whole.tool_calls, whole.usage_metadata["total_tokens"]) == ([call], 7)


def test_a_stream_that_is_left() -> None:
    """Of a stream that is left early what came is recorded."""
    journal = MemoryJournal()
    model = recorded(GenericFakeChatModel(messages=iter(["one two three"])))

    def leave() -> str:
        stream = model.stream("hi")
        first = next(stream).text
        stream.close()
        return first

    assert attempt(journal, leave) == "one"
    assert len(journal.entries("t")) == 1
    assert again(journal, leave) == "one"


def test_requests_of_chat_models() -> None:
    """The request has tools and parameters, and nothing of how it is sent."""
    model = openai_chat("small", api_key="sk-a", timeout=3, seed=7, base_url="http://a/v1")
    bound = model.bind_tools([double])
    request = chat_request(model, [HumanMessage("hi")], ["."], bound.kwargs, "p1")  # type: ignore[attr-defined]
    assert (request.name, request.provider, request.prompt) == ("small", "openai", "p1")
    parameters = request.data["parameters"]
    assert (parameters["seed"], parameters["stop"]) == (7, ["."])
    assert parameters["tools"][0]["function"]["name"] == "double"
    assert request.data["messages"] == [{"role": "user", "content": "hi"}]
    text = canonical_json(request.data)
    assert not any(part in text for part in ("sk-a", "http://", "timeout", "stream"))


def test_models_that_can_be_seen() -> None:
    """In a Runnable the models that can be seen are recorded; one without a model stays itself."""
    journal = MemoryJournal()
    one, two = FakeListChatModel(responses=["one"]), FakeListChatModel(responses=["two"])
    chain = RunnableParallel(a=one.bind(stop=["."]), b=RunnableLambda(lambda text: text) | two.with_retry())
    made = recorded(chain)
    attempt(journal, lambda: made.invoke("hi"))
    assert len(journal.entries("t")) == 2
    found = again(journal, lambda: made.invoke("hi"))
    assert (found["a"].text, found["b"].text) == ("one", "two")
    plain_one = RunnableLambda(lambda text: text)
    assert recorded(plain_one) is plain_one


# --- sessions ---


class SlowJournal(MemoryJournal):
    """A journal that is on disk when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.futures: list[Future[None]] = []

    def record(self, make: Callable[[], JournalEntry]) -> Future[None]:
        super().record(make)
        self.futures.append(Future())
        return self.futures[-1]


def test_a_session_waits_until_all_is_on_disk() -> None:
    """An attempt is over when its entries are stored, and fails where one cannot be."""

    async def work() -> None:
        journal = SlowJournal()
        session = Session(Run("a", thread="t"), journal)
        with in_session(session):
            money("1")
        waiting = asyncio.create_task(session.asettle())
        await asyncio.sleep(0)
        assert not waiting.done()
        journal.futures[0].set_exception(OSError("the disk is full"))
        with pytest.raises(OSError, match="full"):
            await waiting
        with in_session(session):
            money("1")
        journal.futures[1].set_result(None)
        await session.asettle()
        session.settle()

    asyncio.run(work())


def test_requests_side_by_side() -> None:
    """Requests of several threads and tasks of one attempt are numbered in the order of asking."""
    journal = MemoryJournal()

    async def work() -> None:
        await asyncio.gather(*(amoney(str(number)) for number in range(20)))

    attempt(journal, lambda: asyncio.run(work()))
    assert sorted(each.order for each in journal.entries("t")) == list(range(20))
    found = again(journal, lambda: asyncio.run(amoney("7")))
    assert found == {"sum": 7}


def test_playback_reads_the_thread_once() -> None:
    """A thread's entries are read when the first of its agents runs, and no more."""
    journal = MemoryJournal()
    attempt(journal, lambda: money("1"))
    with playback(journal) as played:
        run = Run("a", thread="t", turn=1)
        assert not played.is_loaded(run)
        played.playing(run)
        assert played.is_loaded(run)
        assert journal.remove("t") == 1
        assert attempt(journal, lambda: money("1"), played)[0].amount == 1


def test_entries_are_plain_data() -> None:
    """Every entry is data that JSON holds, and comes back from it."""
    journal = MemoryJournal()
    attempt(journal, lambda: (money("1"), asyncio.run(amoney("2"))))
    adapter = TypeAdapter(JournalEntry)
    for entry in journal.entries("t"):
        assert adapter.validate_json(adapter.dump_json(entry)) == entry
