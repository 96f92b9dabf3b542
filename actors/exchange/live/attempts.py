"""One attempt at a request: limits before it, ccxt's signature on it, and the exact failure after it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.exchanges import ATTEMPT, CLASSES, Attempt, Obedient, options_of
from actors.exchange.live.failures import answer_failure, raised_failure
from actors.exchange.live.limits import Bans, Limits, TooLateError
from actors.exchange.live.ports import Urgency
from actors.exchange.live.scrub import Scrubber
from actors.exchange.live.transport import Transport
from actors.exchange.wire.contract import Call, Dialect, Failure, NotSupportedError, UnreadableAnswerError, Verdict
from messages.units import PERP, TradeType

R = TypeVar("R")
Markets = Mapping[str, Any]
"""ccxt's markets by unified symbol; they may be shared between clients of one venue."""

TIMEOUT_MS = 10_000
"""How long an answer is waited for. Binance itself gives up after 10 s."""
PING_MS = 15_000
"""Between pings of a stream. Two that stay unanswered break it: ccxt's own patience with Binance is six minutes."""
CLOSE_S = 2.0
_BANS = frozenset({403, 418, 429})
_HTTP = range(100, 600)
"""Status codes."""


class Credentials(Protocol):
    """Opens one account. Its repr shows nothing of it."""

    @property
    def api_key(self) -> str:
        """The public part."""

    @property
    def secret(self) -> str:
        """What signs."""

    @property
    def passphrase(self) -> str:
        """OKX has one; empty elsewhere."""


class Attempts:
    """Sends requests to one venue, each once. For one loop.

    Args:
        dialect: The venue's.
        products: What is traded; nothing else is loaded.
        credentials: None for public data alone.
        transport: Where HTTP goes. Closed with it.
        now_ms: The venue's clock.
        sandbox: Speak to the venue's test system.
        validity_ms: How long a request is valid at the venue, where it has that.
        bans: Shared with the process's other clients; None: its own.

    Raises:
        NotSupportedError: The venue has no sandbox for a product.
    """

    def __init__(
        self,
        dialect: Dialect,
        products: frozenset[TradeType],
        *,
        credentials: Credentials | None,
        transport: Transport,
        now_ms: Callable[[], int],
        sandbox: bool,
        validity_ms: int,
        bans: Bans | None = None,
    ) -> None:
        if sandbox and dialect.venue == "binance" and PERP in products:
            raise NotSupportedError("binance has no sandbox for perps")
        self._dialect = dialect
        self._products = products
        self._credentials = credentials
        self._transport = transport
        self._now_ms = now_ms
        self._sandbox = sandbox
        self._validity_ms = validity_ms
        self._limits = Limits(dialect.buckets, now_ms=now_ms, bans=bans)
        self._exchange: Obedient | None = None
        secrets = (credentials.api_key, credentials.secret, credentials.passphrase) if credentials else ()
        self.clean = Scrubber(secrets).clean

    @property
    def exchange(self) -> Obedient:
        """The client of ccxt. `RuntimeError` where it is not open."""
        if self._exchange is None:
            raise RuntimeError(f"the client of {self._dialect.venue} is not open")
        return self._exchange

    def open(self, markets: Markets | None, *, timeout_ms: int) -> None:
        """Make ccxt's client, on the loop. Sends nothing."""
        keys = self._credentials
        config: dict[str, Any] = {
            "session": self._transport.session(),
            "enableRateLimit": False,
            "number": Decimal,
            "timeout": timeout_ms,
            "streaming": {"keepAlive": PING_MS},
            "enableLastHttpResponse": False,
            "enableLastJsonResponse": False,
            "enableLastResponseHeaders": False,
            "options": options_of(self._dialect.venue, self._products, validity_ms=self._validity_ms),
        }
        if keys is not None:
            config |= {"apiKey": keys.api_key, "secret": keys.secret}
            if keys.passphrase:
                config["password"] = keys.passphrase
        exchange = CLASSES[self._dialect.venue](
            config, now_ms=self._now_ms, on_answer=self._on_answer, peace=self._limits.peace
        )
        if self._sandbox:
            exchange.set_sandbox_mode(True)
        exchange.open()
        if markets is not None:
            exchange.set_markets(markets)
        self._exchange = exchange

    async def close(self) -> None:
        """Close connections and session. May be called twice, and before `open`."""
        exchange, self._exchange = self._exchange, None
        try:
            if exchange is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CLOSE_S):
                        await exchange.close()
        finally:
            await self._transport.close()

    async def admit(self, call: Call, urgency: Urgency, *, until: float | None) -> None:
        """Wait until the limit lets a request out; `RequestFailedError`, not sent, if that is after the deadline."""
        late = ""
        try:
            await self._limits.take(call.group, call.weight, urgency, until=until)
        except TooLateError as error:
            late = str(error)
        if late:
            raise RequestFailedError(Failure(status=None, code="", text=f"not sent: {late}", sent=False))

    async def make(self, call: Call) -> Any:  # noqa: ANN401 - decoded JSON
        """Send a request and return the answer.

        Raises:
            RequestFailedError: With the failure.
            UnreadableAnswerError: The answer is no JSON at all.
        """
        request = getattr(self.exchange, call.api)
        answer = await self.judged(request(dict(call.params)), Attempt(call.group))
        if not isinstance(answer, dict | list):
            shown = answer if isinstance(answer, str) else type(answer).__name__
            raise UnreadableAnswerError(self.clean(f"no JSON: {shown[:100]!r}"))
        return answer

    async def load_markets(self) -> Markets:
        """Load what is traded, unless it is there."""
        loaded: Markets = await self.judged(self.exchange.load_markets(), Attempt(""))
        return loaded

    async def judged(self, request: Awaitable[R], attempt: Attempt) -> R:
        """Do a request; what it raises becomes an exact failure, raised without what it came from: that names keys."""
        token = ATTEMPT.set(attempt)
        try:
            answer = await request
        except RequestFailedError as error:
            failure = error.failure
        except Exception as error:  # noqa: BLE001 - whatever it is, the request may have been sent
            failure = raised_failure(error, began=attempt.began, clean=self.clean)
        else:
            if attempt.group:
                self._limits.passed(attempt.group)
            return answer
        finally:
            ATTEMPT.reset(token)
        if attempt.group and (failure.status in _BANS or self._dialect.judge(failure) is Verdict.THROTTLED):
            self._limits.close(attempt.group, for_ms=failure.retry_after_ms, banned=failure.status in _BANS)
        raise RequestFailedError(failure)

    def _on_answer(
        self,
        attempt: Attempt | None,
        status: int,
        headers: Mapping[str, str],
        body: str,
        answer: Any,  # noqa: ANN401
    ) -> None:
        if attempt is not None and attempt.group:
            self._limits.heard(attempt.group, headers)
        failure = answer_failure(
            self._dialect.venue,
            status if status in _HTTP else None,  # streams hand in codes of their own
            headers,
            body,
            answer,
            now_ms=self._now_ms(),
            clean=self.clean,
        )
        if failure is None:
            return
        if failure.status in _BANS and (attempt is None or not attempt.group):
            self._limits.ban(failure.retry_after_ms)
        raise RequestFailedError(failure)
