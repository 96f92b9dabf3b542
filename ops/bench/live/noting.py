"""A transport that notes when the first byte of each request is written, and what the request was."""

import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import aiohttp

from actors.exchange.live.transport import AiohttpTransport, Endpoint, OneAttemptSession

_OUR_ID = re.compile(r"x[0-9A-Za-z]{31}")


class Noted(NamedTuple):
    """A request.

    Attributes:
        at: When its first byte was handed to the connection, by `time.perf_counter`, in seconds.
        said: Its address and body.
    """

    at: float
    method: str
    said: str

    @property
    def our_id(self) -> str:
        """The client order id in it; empty where there is none."""
        found = _OUR_ID.search(self.said)
        return found[0] if found else ""


Note = Callable[[Noted], None]


class NotingTransport(AiohttpTransport):
    """The network by aiohttp, as always, and a note of every request."""

    def __init__(self, endpoint: Endpoint | None, note: Note) -> None:
        super().__init__(endpoint)
        self._note = note

    def session(self) -> OneAttemptSession:
        """Return the session."""
        session = super().session()
        inner: Any = session._session  # noqa: SLF001 - a bench looks inside; nobody else may
        inner._request_class = _noting(self._note)  # noqa: SLF001 - as above
        return session


def _noting(note: Note) -> type[aiohttp.ClientRequest]:
    """Return a class of requests that note when they are written."""

    class NotedRequest(aiohttp.ClientRequest):
        """Headers and body leave together, from `write_bytes`; what has no body leaves within `send`."""

        def _noted(self) -> None:
            body: Any = self.body
            text = getattr(body, "_value", None) or b""
            note(Noted(time.perf_counter(), self.method, f"{self.url} {text.decode()}"))

        async def send(self, conn: Any) -> Any:  # noqa: ANN401 - aiohttp's own
            if not self.body:
                self._noted()
            return await super().send(conn)

        async def write_bytes(self, writer: Any, conn: Any, content_length: int | None = None) -> None:  # noqa: ANN401
            self._noted()
            await super().write_bytes(writer, conn, content_length)

    return NotedRequest
