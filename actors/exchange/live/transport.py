"""Where HTTP and WebSockets go: the seam between ccxt and the network.

ccxt takes whatever has the shape of an `aiohttp.ClientSession`: the production transport gives it one of ours, a
simulation gives it a double that never opens a socket.
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import certifi
from aiohttp.abc import AbstractResolver, ResolveResult

UNBOUNDED = 0
"""Connections: aiohttp would have a cancel wait for one in turn, behind whatever a venue does not answer.

Their number is bounded by who sends: so many orders are in flight at once, and so many reads.
"""


class Transport(Protocol):
    """Where HTTP goes. One for each venue and loop."""

    def session(self) -> Any:  # noqa: ANN401 - a ClientSession, or something of its shape
        """Return the session; the same one until `close`. Called on the loop."""

    async def close(self) -> None:
        """Close what was opened. May be called twice, and without a session."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a venue's traffic is sent instead of to the venue. The real host names, TLS and SNI are kept.

    Attributes:
        host: An address, IPv4 or IPv6, or a name.
        ca_file: Certificates in PEM that are trusted instead of the usual ones; None: the usual ones.
    """

    host: str
    port: int
    ca_file: Path | None = None


class AiohttpTransport:
    """The network by aiohttp, or one address of it."""

    def __init__(self, endpoint: Endpoint | None = None) -> None:
        self._endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> "OneAttemptSession":
        """Return the session, opened at the first call."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=self._connector(), cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
            )
        return OneAttemptSession(self._session)

    async def close(self) -> None:
        """Close the session and its connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _connector(self) -> aiohttp.TCPConnector:
        endpoint = self._endpoint
        if endpoint is None:
            return aiohttp.TCPConnector(ssl=_trusting(None), limit=UNBOUNDED)
        return aiohttp.TCPConnector(
            ssl=_trusting(endpoint.ca_file),
            resolver=_OneAddress(endpoint),
            use_dns_cache=False,
            limit=UNBOUNDED,
        )


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is not None:
        return ssl.create_default_context(cafile=str(ca_file))
    trusted = ssl.create_default_context()
    trusted.load_verify_locations(certifi.where())  # a slim machine has no store of its own
    return trusted


class OneAttemptSession:
    """A session that sends a request once: it follows no redirect, and repeats nothing on a lost connection.

    aiohttp sends GET, PUT and DELETE a second time when a kept connection turns out to be dead. A cancel or a change
    would go out twice then, and "could not connect" of the second attempt would be taken for "never sent".
    """

    def __init__(self, session: aiohttp.ClientSession) -> None:
        if not hasattr(session, "_retry_connection"):
            raise RuntimeError("this aiohttp has no _retry_connection: it might send a request twice")
        session._retry_connection = False  # noqa: SLF001 - there is no public way; the version is pinned
        self._session = session
        self.headers = session.headers

    @property
    def closed(self) -> bool:
        """Whether the session below is closed."""
        return self._session.closed

    def get(self, url: Any, **options: Any) -> Any:  # noqa: ANN401 - as aiohttp has it; so below
        """Send a GET."""
        return self._session.get(url, allow_redirects=False, **options)

    def post(self, url: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send a POST."""
        return self._session.post(url, allow_redirects=False, **options)

    def put(self, url: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send a PUT."""
        return self._session.put(url, allow_redirects=False, **options)

    def delete(self, url: Any, **options: Any) -> Any:  # noqa: ANN401
        """Send a DELETE."""
        return self._session.delete(url, allow_redirects=False, **options)

    def ws_connect(self, url: Any, **options: Any) -> Any:  # noqa: ANN401
        """Open a WebSocket."""
        return self._session.ws_connect(url, **options)


class _OneAddress(AbstractResolver):
    """Resolves every name to the endpoint. aiohttp takes the port from the answer, and the name from the URL."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._names = None if _is_numeric(endpoint.host) else aiohttp.DefaultResolver()

    async def resolve(
        self,
        host: str,
        port: int = 0,  # the endpoint has its own
        family: socket.AddressFamily = socket.AF_INET,
    ) -> list[ResolveResult]:
        at, port = self._endpoint.host, self._endpoint.port or port
        if self._names is not None:
            found = await self._names.resolve(at, port, family)
            return [ResolveResult(**{**each, "hostname": host}) for each in found]
        version = socket.AF_INET6 if ":" in at else socket.AF_INET
        numeric = socket.AI_NUMERICHOST
        return [ResolveResult(hostname=host, host=at, port=port, family=version, proto=0, flags=numeric)]

    async def close(self) -> None:
        if self._names is not None:
            await self._names.close()


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
