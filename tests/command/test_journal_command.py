"""`quorate journal` and `quorate run --journal`, `--playback`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.command.desk import Desk
from tests.fakes.openai_server import OpenAIServer, reading

TEAM = """
from decimal import Decimal

from pydantic import BaseModel

from quorate.agents import chat_agent, openai_chat
from quorate.graphs import Supervisor


class Document(BaseModel):
    text: str


class Receipt(BaseModel):
    total: Decimal


reader = chat_agent("reader", openai_chat(base_url={url!r}), prompt={prompt!r}, writes={{"total": Decimal}})
team = Supervisor("reading", request=Document, outcome=Receipt, agents=[reader])
"""
KEY = "sk-abcdefghijklmnopqrstuvwxyz"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        server.always({"total": reading("12.50", quote="12.50")})
        yield server


def fill(desk: Desk, url: str, prompt: str = "Read the total of {text}.") -> None:
    desk.write("team.py", TEAM.format(url=url, prompt=prompt))
    desk.write("inbox/a.txt", f"Total 12.50, {KEY}\n")
    desk.write("inbox/b.txt", "Total 12.50 again\n")


def test_recorded_and_played_back(desk: Desk, server: OpenAIServer) -> None:
    """An inbox that was recorded is played back with the same values, without a request; the threads stay."""
    fill(desk, server.url)
    first = desk("run", "team:team", "inbox", "--journal", "--json")
    assert [line["status"] for line in first.lines] == ["settled"] * 2
    before = desk("threads", "--json").lines
    again = desk("run", "team:team", "inbox", "--playback", "strict", "--json")
    assert {line["thread"]: line["values"] for line in again.lines} == {
        line["thread"]: line["values"] for line in first.lines
    }
    assert len(server.requests) == 2
    assert desk("threads", "--json").lines == before
    said = desk("run", "team:team", "inbox", "--playback", "strict").out
    assert "Played back (strict): 2 answers from the journal, 0 requests made" in said


def test_refused_and_lenient(desk: Desk, server: OpenAIServer) -> None:
    """A changed prompt is refused with the first difference; lenient makes the requests and records them."""
    fill(desk, server.url)
    desk("run", "team:team", "inbox", "--journal")
    fill(desk, server.url, "Read the sum of {text}.")
    refused = desk("run", "team:team", "inbox", "--playback", "strict", "--json", status=1)
    assert {line["status"] for line in refused.lines} == {"failed"}
    assert all("messages[0].content, from character 10 on" in line["reason"] for line in refused.lines)
    assert "2 threads refused" in desk("run", "team:team", "inbox", "--playback", "strict", status=1).out
    assert len(server.requests) == 2
    desk("run", "team:team", "inbox", "--playback", "lenient")
    assert len(server.requests) == 4
    desk("run", "team:team", "inbox", "--playback", "strict")
    assert len(server.requests) == 4


def test_playback_without_a_database(desk: Desk, server: OpenAIServer) -> None:
    """A database that is not there is an error, and is not made."""
    fill(desk, server.url)
    done = desk("run", "team:team", "inbox", "--playback", "strict", "--db", "sqlite:///none.db", status=2)
    assert "no file" in done.err
    assert not (desk.folder / "none.db").exists()


def test_list_and_show(desk: Desk, server: OpenAIServer) -> None:
    """The journal is listed by thread, and shown by entry, for people and as JSON; without secrets."""
    fill(desk, server.url)
    first = desk("run", "team:team", "inbox", "--journal", "--json")
    listed = desk("journal", "list", "--json").lines
    assert {line["thread"]: line["entries"] for line in listed} == {line["thread"]: 1 for line in first.lines}
    assert "2 threads with 2 entries" in desk("journal", "list").out
    thread = next(line["thread"] for line in first.lines if line["input"].endswith("a.txt"))
    (entry,) = desk("journal", "show", thread, "--json").lines
    assert (entry["agent"], entry["name"], entry["input_tokens"]) == ("reader", "gpt-4.1-mini", 11)
    assert entry["redacted"] == ["api key"]
    shown = desk("journal", "show", thread[:9])
    assert "reader" in shown.out
    assert "without api key" in shown.out
    assert "1 entry: 11 tokens in, 7 out" in shown.out
    assert "Read the total of" not in shown.out
    full = desk("journal", "show", thread, "--full").out
    assert "Read the total of" in full
    assert "[redacted: api key]" in full
    assert KEY not in full


def test_what_is_not_there(desk: Desk, server: OpenAIServer) -> None:
    """A thread or turn that the journal does not have is an error that says where to look."""
    fill(desk, server.url)
    desk("run", "team:team", "inbox")
    assert "0 threads with 0 entries" in desk("journal", "list").out
    assert "quorate journal list" in desk("journal", "show", "x", status=2).err
    desk("run", "team:team", "inbox", "--journal", "--db", "sqlite:///other.db")
    (thread, *_) = desk("journal", "list", "--json", "--db", "sqlite:///other.db").lines
    done = desk("journal", "show", thread["thread"], "--turn", "7", "--db", "sqlite:///other.db", status=2)
    assert "no entry of turn 7" in done.err
