"""Small stand-ins: keys, a dialect, and a session that never opens a socket."""
# ruff: noqa: ANN401 - answers are decoded JSON

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, cast

from actors.exchange.live.client import VenueClient
from actors.exchange.live.transport import Transport
from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.contract import (
    Call,
    Dialect,
    Failure,
    Page,
    Query,
    UnreadableAnswerError,
    Verdict,
)
from actors.runtime.clock import Clock, SystemClock
from messages.units import PERP, SPOT, TradeType, VenueName

API_KEY = "aPublicKeyOfAnAccount"
SECRET = "aSecret/that+signs=="  # noqa: S105 - opens nothing
PASSPHRASE = "open sesame 77"  # noqa: S105


@dataclass(frozen=True)
class Keys:
    """Credentials that are easily found where they must not be."""

    api_key: str = API_KEY
    secret: str = SECRET
    passphrase: str = ""


def bucket(amount: int = 1_000, window_ms: int = 1_000, *, reserved: str = "0.1", header: str | None = None) -> Bucket:
    """Return a limit that is seldom met."""
    return Bucket(amount=amount, window_ms=window_ms, reserved=Decimal(reserved), header=header, source="made up")


class SmallDialect:
    """Knows a handful of codes, and how to ask for the time. For what the client needs of a dialect."""

    VERDICTS: ClassVar = {
        "-1021": Verdict.CLOCK,
        "-2010": Verdict.REJECTED,
        "10002": Verdict.CLOCK,
        "110007": Verdict.REJECTED,
    }

    def __init__(self, venue: str = "binance", buckets: Mapping[str, tuple[Bucket, ...]] | None = None) -> None:
        self.venue = VenueName(venue)
        self.buckets = buckets or {"orders": (bucket(),), "reads": (bucket(),)}

    def judge(self, failure: Failure) -> Verdict:
        """Say what a failure means."""
        if not failure.sent:
            return Verdict.NOT_SENT
        if failure.status in {418, 429}:
            return Verdict.THROTTLED
        return self.VERDICTS.get(failure.code, Verdict.UNKNOWN)

    def server_time(self) -> Query[int]:
        """Ask for the time as Binance has it."""
        call = Call(api="publicGetTime", params={}, group="reads")
        return Query(call=call, read=lambda answer: Page(items=(part_of(answer, "serverTime"),)))


def part_of(answer: Any, name: str) -> Any:
    """Return a field that must be there."""
    if not isinstance(answer, dict) or name not in answer:
        raise UnreadableAnswerError(f"no {name}")
    return answer[name]


def client_of(
    transport: Transport,
    dialect: SmallDialect | Dialect | None = None,
    *,
    clock: Clock | None = None,
    keys: Keys | None = None,
    products: frozenset[TradeType] = frozenset({SPOT, PERP}),
    sandbox: bool = False,
) -> VenueClient:
    """Return a client that is not open yet."""
    return VenueClient(
        cast("Dialect", dialect or SmallDialect()),
        products,
        credentials=keys or Keys(),
        transport=transport,
        clock=clock or SystemClock(),
        jitter=lambda: 0.5,
        sandbox=sandbox,
    )


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A request as it was handed to the session."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str


@dataclass(kw_only=True)
class Reply:
    """An answer of the shape that ccxt reads."""

    text_of: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    reason: str = "as told"
    content: object = None

    async def text(self, errors: str = "strict") -> str:  # noqa: ARG002 - as aiohttp has it
        return self.text_of


Answering = Callable[[Sent], Reply | BaseException]


class MemorySession:
    """Of the shape of aiohttp's session as far as ccxt uses it. Answers from a function, and opens nothing.

    Attributes:
        sent: What was sent, in order.
        ws_connect: Opens a WebSocket, where there are any.
    """

    def __init__(self, answer: Answering, *, before: Callable[[], Any] | None = None) -> None:
        self.headers: Mapping[str, str] = {}
        self.sent: list[Sent] = []
        self.ws_connect: Callable[..., Any] | None = None
        self._answer = answer
        self._before = before

    def post(self, url: object, **options: Any) -> "_Exchange":
        return self._send("POST", url, options)

    def get(self, url: object, **options: Any) -> "_Exchange":
        return self._send("GET", url, options)

    def put(self, url: object, **options: Any) -> "_Exchange":
        return self._send("PUT", url, options)

    def delete(self, url: object, **options: Any) -> "_Exchange":
        return self._send("DELETE", url, options)

    def _send(self, method: str, url: object, options: dict[str, Any]) -> "_Exchange":
        body = (options["data"] or b"").decode()
        self.sent.append(Sent(method=method, url=str(url), headers=dict(options["headers"]), body=body))
        return _Exchange(self._answer, self.sent[-1], self._before)


class _Exchange:
    def __init__(self, answer: Answering, sent: Sent, before: Callable[[], Any] | None) -> None:
        self._answer = answer
        self._sent = sent
        self._before = before

    async def __aenter__(self) -> Reply:
        if self._before is not None:
            await self._before()
        reply = self._answer(self._sent)
        if isinstance(reply, BaseException):
            raise reply
        return reply

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""


class MemoryTransport:
    """Hands out a session that never opens a socket."""

    def __init__(self, session: MemorySession) -> None:
        self._session = session
        self.closed = 0

    def session(self) -> MemorySession:
        return self._session

    async def close(self) -> None:
        self.closed += 1
