"""HttpReceiver: the key goes along, and what each status means, through the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import BaseModel
from tests.fakes.bench import turn_of

from quorate.agents import HttpReceiver
from quorate.checkpoints import MemoryLedger
from quorate.contracts import Effect, Execute, fields_of
from quorate.graphs.act import Executor


class Out(BaseModel):
    paid: dict[str, Any]


PAY = Effect("pay", {"amount": "12"}, field="paid", agent="payer")
APPROVED = replace(PAY, status="approved", approved=PAY.digest, by="policy")


class Server:
    """A server that does each key once, and answers with these statuses first."""

    def __init__(self, *first: int, **headers: str) -> None:
        self.first = list(first)
        self.headers = headers
        self.done: dict[str, dict[str, Any]] = {}
        self.requests: list[httpx.Request] = []
        self.loses = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.first:
            return httpx.Response(self.first.pop(0), text="not now", headers={"retry-after": "0"})
        key = request.headers["Idempotency-Key"]
        answer = self.done.setdefault(key, {"number": f"N{len(self.done) + 1}"})
        if self.loses:
            self.loses -= 1
            raise httpx.ReadTimeout("lost", request=request)
        return httpx.Response(201, json=answer)


def run(server: Any, ledger: MemoryLedger | None = None, **options: Any) -> dict[str, Any]:
    """The effect's record after it was executed."""
    options = {"url": "http://bank.test/payments", **options}
    receiver = HttpReceiver(client=httpx.Client(transport=httpx.MockTransport(server)), **options)
    act = Executor(ledger or MemoryLedger(), {"pay": receiver}, fields_of(Out))
    record: dict[str, Any] = act(turn_of(effects={"slot": APPROVED}), Execute(("slot",), "now"), "t")["effects"]["slot"]
    return record


def test_request() -> None:
    """The arguments are the body, and the key, which does not change, is in its header."""
    server = Server()
    effect = run(server, headers={"Authorization": "Bearer x"}, url=lambda args: f"http://bank.test/{args['amount']}")
    assert (effect["status"], effect["result"]) == ("done", {"number": "N1"})
    (request,) = server.requests
    assert (request.method, str(request.url), request.content) == ("POST", "http://bank.test/12", b'{"amount":"12"}')
    assert request.headers["Idempotency-Key"] == APPROVED.key
    assert request.headers["Authorization"] == "Bearer x"


@pytest.mark.parametrize(
    "status, expected, requests",
    [
        *((status, "failed", 1) for status in (302, 400, 422)),
        (429, "failed", 3),
        *((status, "unknown", 3) for status in (408, 409, 500, 503)),
    ],
)
def test_statuses(status: int, expected: str, requests: int) -> None:
    """3xx and 4xx are refusals; 408, 409 and 5xx are told again with the same key, and then not known."""
    server = Server(*[status] * 9)
    effect = run(server)
    assert (effect["status"], len(server.requests)) == (expected, requests)
    assert f"HTTP {status}: not now" in effect["note"]
    assert {request.headers["Idempotency-Key"] for request in server.requests} == {APPROVED.key}


@pytest.mark.parametrize("status, expected", [(429, "failed"), (503, "unknown")])
def test_service_that_asks_for_long_patience(status: int, expected: str) -> None:
    """A server that asks to be left alone for longer than is waited is not told again, and the note says how long."""
    requests: list[httpx.Request] = []

    def busy(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(status, headers={"retry-after": "7200"})

    effect = run(busy)
    assert (effect["status"], len(requests)) == (expected, 1)
    assert effect["note"].endswith(f"HTTP {status} (Retry-After: 7200 s)")


def test_lost_answers() -> None:
    """A response that is lost is asked for again, and the server does the payment once."""
    server = Server()
    server.loses = 2
    effect = run(server)
    assert (effect["status"], effect["result"]) == ("done", {"number": "N1"})
    assert (len(server.requests), len(server.done)) == (3, 1)


def test_taken_up_again() -> None:
    """After more losses than it is patient with it is not known; taken up again the server says what it did."""
    server, ledger = Server(), MemoryLedger()
    server.loses = 3
    assert run(server, ledger)["status"] == "unknown"
    assert run(server, ledger)["status"] == "done"
    assert len(server.done) == 1


def test_answer_that_is_no_json() -> None:
    """A response that is no JSON is recorded as its status and text."""
    effect = run(lambda request: httpx.Response(202, text="accepted"))
    assert effect["result"] == {"status": 202, "text": "accepted"}
