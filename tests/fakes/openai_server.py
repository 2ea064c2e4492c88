"""A server on this machine that speaks OpenAI's chat protocol and answers what a test wrote down."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

__all__ = ["OpenAIServer", "reading"]

Answer = Mapping[str, Any] | Callable[[dict[str, Any]], Mapping[str, Any]]


def reading(value: Any, *, confidence: float = 0.9, quote: str = "", reason: str = "as written") -> dict[str, Any]:
    """What a model says about one field, in the form that `chat_agent` asks for."""
    return {"quote": quote, "reason": reason, "value": value, "confidence": confidence}


class _Server(HTTPServer):
    def thread_target(self) -> None:
        """Serve; look every hundredth of a second whether to stop, because each test stops a server of its own."""
        assert self.server is not None
        self.server.serve_forever(poll_interval=0.01)


class OpenAIServer:
    """Answers `POST /v1/chat/completions`; a context manager.

    Answers that were put in line are given first, one a request. After them comes the standing answer, if one was
    set, and else status 500 with a message that says so. An answer goes out in the form that the request asks for:
    as content where it has a `response_format`, as a call of the first tool where it has tools,
    in one piece or streamed.
    """

    def __init__(self) -> None:
        self._server = _Server(host="127.0.0.1", port=0, threaded=True)
        self._server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(self._respond)
        self._line: deque[Callable[[dict[str, Any]], Response]] = deque()
        self._standing: Callable[[dict[str, Any]], Response] | None = None
        self._lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []
        """The JSON bodies of the requests, in the order of their arrival."""
        self.headers: list[dict[str, str]] = []
        """Their headers, with names in lower case."""

    def __enter__(self) -> OpenAIServer:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.clear()
        self._server.stop()

    @property
    def url(self) -> str:
        """What `OPENAI_BASE_URL` must be."""
        return f"http://127.0.0.1:{self._server.port}/v1"

    def answer(self, fields: Answer, *, input_tokens: int = 11, output_tokens: int = 7) -> None:
        """Put an answer in line: the JSON object that the model gives, or a function from the request to it."""
        self._line.append(self._answering(fields, input_tokens, output_tokens))

    def always(self, fields: Answer, *, input_tokens: int = 11, output_tokens: int = 7) -> None:
        """Give this answer to every request for which none is in line."""
        self._standing = self._answering(fields, input_tokens, output_tokens)

    def answer_text(self, content: str, *, finish_reason: str = "stop") -> None:
        """Put in line an answer whose content is this text, whatever the request asks for."""
        self._line.append(lambda body: _completion({"content": content}, finish_reason, 11, 7))

    def refuse(self, message: str) -> None:
        """Put in line that the model refuses."""
        self._line.append(lambda body: _completion({"content": None, "refusal": message}, "stop", 11, 7))

    def fail(self, status: int, message: str = "scripted failure", headers: Mapping[str, str] | None = None) -> None:
        """Put an error of this HTTP status in line, in OpenAI's form."""
        self._line.append(lambda body: _error(status, message, headers))

    def break_off(self) -> None:
        """Put in line a response that says it is JSON, and ends in the middle."""
        self._line.append(lambda body: Response('{"id": "chatcmpl-1", "choi', content_type="application/json"))

    def system(self, index: int = -1) -> str:
        """The system message of a request."""
        return self._content("system", index)

    def user(self, index: int = -1) -> str:
        """The user message of a request."""
        return self._content("user", index)

    def _content(self, role: str, index: int) -> str:
        return "".join(m["content"] for m in self.requests[index]["messages"] if m["role"] == role)

    def _respond(self, request: Request) -> Response:
        body = request.get_json()
        with self._lock:
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in request.headers.items()})
            respond = self._line.popleft() if self._line else self._standing
        return respond(body) if respond else _error(500, "the test wrote down no answer for this request")

    @staticmethod
    def _answering(fields: Answer, input_tokens: int, output_tokens: int) -> Callable[[dict[str, Any]], Response]:
        def respond(body: dict[str, Any]) -> Response:
            text = json.dumps(fields(body) if callable(fields) else fields)
            message: dict[str, Any] = {"content": text}
            if "response_format" not in body and body.get("tools"):
                function = {"name": body["tools"][0]["function"]["name"], "arguments": text}
                message = {"content": None, "tool_calls": [{"id": "call-1", "type": "function", "function": function}]}
            completion = _streamed if body.get("stream") else _completion
            return completion(message, "stop", input_tokens, output_tokens)

        return respond


def _completion(message: dict[str, Any], finish_reason: str, input_tokens: int, output_tokens: int) -> Response:
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted-model",
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", **message}}],
        "usage": {
            "prompt_tokens": input_tokens,
            "completion_tokens": output_tokens,
            "total_tokens": input_tokens + output_tokens,
        },
    }
    return Response(json.dumps(body), content_type="application/json")


def _streamed(message: dict[str, Any], finish_reason: str, input_tokens: int, output_tokens: int) -> Response:
    """The same as server-sent events: the message in one chunk, the reason, the tokens."""
    common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "scripted-model"}
    calls = [{"index": index, **call} for index, call in enumerate(message.get("tool_calls") or ())]
    delta = {"role": "assistant", **message, **({"tool_calls": calls} if calls else {})}
    total = input_tokens + output_tokens
    usage = {"prompt_tokens": input_tokens, "completion_tokens": output_tokens, "total_tokens": total}
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]},
        {"choices": [], "usage": usage},
    ]
    events = "".join(f"data: {json.dumps({**common, **chunk})}\n\n" for chunk in chunks)
    return Response(events + "data: [DONE]\n\n", content_type="text/event-stream")


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"message": message, "type": "scripted", "param": None, "code": None}}
    return Response(json.dumps(body), status=status, content_type="application/json", headers=dict(headers or {}))
