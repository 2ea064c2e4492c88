"""HttpReceiver: an effect as one HTTP request that carries its idempotency key."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import httpx

__all__ = ["HttpReceiver", "HttpRefusal"]

_SHOWN = 200
"""Characters of a response that an error repeats."""


class HttpRefusal(Exception):
    """A response that is no success.

    Args:
        status: Its HTTP status.
        text: What it says, cut to 200 characters.
        retry_after: Seconds after which to try again, where it says so.
    """

    def __init__(self, status: int, text: str, retry_after: float | None = None) -> None:
        said = f": {text[:_SHOWN]}" if text.strip() else ""
        later = f" (Retry-After: {retry_after:g} s)" if retry_after else ""
        super().__init__(f"HTTP {status}{later}{said}")
        self.status_code = status
        self.retry_after = retry_after


class HttpReceiver:
    """A receiver that sends the arguments of an effect as JSON, with the key as `Idempotency-Key`.

    The server must do each key only once, for as long as an effect may be told again: after a crash, a time-out or a
    status of 5xx it is sent once more with the same key. The statuses, as in the IETF's draft of that header:

    - 2xx: done. The answer is the JSON of the response; of any other content `{"status": ..., "text": ...}`.
    - 409: the server is still at work on this key: it is asked again, and then not known.
    - 422: the key was used with other arguments; and other 4xx, and 3xx: refused, nothing was done by this request.
    - 429: nothing was done; it is sent again after `Retry-After`, a few times, then it is refused. Where that is more
      than 10 seconds, it is refused at once.
    - 408, 425, 5xx, a time-out, a broken connection: not known. It is sent again, a few times, then a person is asked.

    Args:
        url: Where to send it, or a function from the arguments to the URL.
        method: The HTTP method.
        headers: Further headers, such as `Authorization`.
        timeout: Seconds for connecting, and for each part of the response.
        key_header: Name of the header that carries the key.
        client: An `httpx.Client` of the caller's own, which is not closed; by default one is made when it is needed.
    """

    idempotent: Literal[True] = True

    def __init__(
        self,
        url: str | Callable[[Mapping[str, Any]], str],
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        key_header: str = "Idempotency-Key",
        client: httpx.Client | None = None,
    ) -> None:
        self._url = url
        self._method = method
        self._headers = dict(headers or {})
        self._timeout = timeout
        self._key_header = key_header
        self._given = client
        self._made: tuple[int, httpx.Client] | None = None

    def execute(self, key: str, args: Mapping[str, Any]) -> Any:
        """Send it, and return what the server answers.

        Raises:
            HttpRefusal: The response is no success.
            httpx.TransportError: There was no response.
        """
        url = self._url if isinstance(self._url, str) else self._url(args)
        headers = {**self._headers, self._key_header: key}
        response = self._client().request(self._method, url, json=dict(args), headers=headers)
        if not response.is_success:
            raise HttpRefusal(response.status_code, response.text, _retry_after(response))
        try:
            return response.json()
        except ValueError:
            return {"status": response.status_code, "text": response.text}

    def close(self) -> None:
        """Close the connections that it has made."""
        made, self._made = self._made, None
        if made is not None and made[0] == os.getpid():
            made[1].close()

    def _client(self) -> httpx.Client:
        """The client of this process: a parent's connections are its own."""
        import httpx

        if self._given is not None:
            return self._given
        if self._made is None or self._made[0] != os.getpid():
            self._made = (os.getpid(), httpx.Client(timeout=self._timeout))
        return self._made[1]


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds of `Retry-After`; None where it is left out, or a date."""
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else None
