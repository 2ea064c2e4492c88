from __future__ import annotations

import pytest
from tests.fakes.openai_server import OpenAIServer

from quorate.agents import openai_chat
from quorate.contracts import AgentError


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing about models."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_neither_key_nor_server() -> None:
    """Without a key and a server the error says what to set."""
    with pytest.raises(AgentError) as caught:
        openai_chat()
    assert "OPENAI_API_KEY=" in caught.value.fix
    assert "OPENAI_BASE_URL=http://localhost" in caught.value.fix


def test_server_without_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is set needs no key."""
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        server.answer_text("hello")
        assert openai_chat().invoke("hi").text == "hello"
        assert server.requests[0]["model"] == "gpt-4.1-mini"


def test_server_with_key_and_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, server and model are taken from the environment, each where it is not given."""
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
        monkeypatch.setenv("OPENAI_MODEL", "small")
        for _ in range(2):
            server.answer_text("hello")
        openai_chat(base_url=server.url).invoke("hi")
        openai_chat("large", base_url=server.url, api_key="sk-given").invoke("hi")
        assert [request["model"] for request in server.requests] == ["small", "large"]
        assert [headers["authorization"] for headers in server.headers] == [
            "Bearer sk-of-the-environment",
            "Bearer sk-given",
        ]


def test_settings() -> None:
    """The client leaves retries to the agent's limits and waits a minute, unless it is told otherwise."""
    model = openai_chat(api_key="sk-x")
    assert (model.max_retries, model.request_timeout) == (0, 60)
    model = openai_chat("large", api_key="sk-x", max_retries=2, timeout=5, temperature=0)
    assert (model.max_retries, model.request_timeout, model.temperature) == (2, 5, 0)
