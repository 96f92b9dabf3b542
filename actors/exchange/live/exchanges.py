"""ccxt's clients of the three venues, with what would surprise us taken out of their hands.

They sign, know hosts and paths, and speak the streams' protocols. Ours are the clock, the session, the reading of
errors, and the decision what is sent again: nothing. A private frame goes to whoever listens and not through ccxt's own
books, which would cost time and memory and tell nothing more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any, Protocol

from ccxt.async_support.base.exchange import Exchange
from ccxt.base.errors import ExchangeClosedByUser
from ccxt.pro import binance, bybit, okx

from actors.exchange.wire.okx.orders import wired
from messages.units import PERP, SPOT, TradeType


class Attempt:
    """One request under way.

    Attributes:
        group: Whose limits it counts against.
        began: It was handed to the network.
    """

    __slots__ = ("began", "group")

    def __init__(self, group: str) -> None:
        self.group = group
        self.began = False


ATTEMPT: ContextVar[Attempt | None] = ContextVar("attempt", default=None)
"""Of the running task. None while ccxt asks something for itself."""


class Listener(Protocol):
    """Hears of private streams; connections are told apart by their addresses."""

    def on_frame(self, url: str, frame: Any) -> None:  # noqa: ANN401 - decoded JSON
        """A private frame came."""

    def on_confirmed(self, url: str) -> None:
        """The venue confirmed a subscription, or a connection that needs none."""

    def on_broken(self, url: str, error: Exception) -> None:
        """A message could not be dealt with: the connection can't be trusted any more."""


OnAnswer = Callable[[Attempt | None, int, Mapping[str, str], str, Any], None]
"""Looks at every answer (status, headers, text, decoded or None), and raises where it is a refusal."""
Peace = Callable[[], Awaitable[None]]
"""Waits until the venue no more turns this machine away."""


class Obedient(Exchange):  # type: ignore[misc]  # ccxt has no types
    """What all three have in common. Mixed in before ccxt's class of the venue."""

    asyncio_loop: Any

    def __init__(
        self, config: dict[str, Any], *, now_ms: Callable[[], int], on_answer: OnAnswer, peace: Peace | None = None
    ) -> None:
        self._now_ms = now_ms
        self._on_answer = on_answer
        self._peace = peace
        self._listener: Listener | None = None
        super().__init__(config)
        self.timeout_on_exit = 0
        self.has["fetchCurrencies"] = False
        # At level DEBUG ccxt logs whole requests, keys and all.
        self.logger = logging.Logger("ccxt", logging.WARNING)  # noqa: LOG001 - nobody can turn this one up

    def listen(self, listener: Listener) -> None:
        """Hand on private frames from now on."""
        self._listener = listener

    # --- time and network ------------------------------------------------------------------------------------------

    def milliseconds(self) -> int:
        """Return the venue's time as we know it."""
        return self._now_ms()

    def seconds(self) -> int:
        """Return the same in seconds."""
        return self._now_ms() // 1000

    def nonce(self) -> int:
        """Return the time that a request is stamped with."""
        return self._now_ms()

    def open(self, lazy: bool = False) -> None:  # noqa: FBT001, FBT002, ARG002 - as ccxt has it
        """Bind to the loop. The session is ours, with its own TLS."""
        if self.closed_by_user:
            raise ExchangeClosedByUser(f"{self.id} is closed")
        if self.asyncio_loop is None:
            self.asyncio_loop = asyncio.get_running_loop()
            self.throttler.loop = self.asyncio_loop

    def check_proxy_url_settings(self, *_: object) -> None:
        """There is no proxy: an endpoint is the transport's business."""

    def check_proxy_settings(self, *_: object) -> tuple[None, None, None]:
        """There is no proxy."""
        return None, None, None

    def check_conflicting_proxies(self, *_: object) -> None:
        """There is no proxy."""

    async def fetch2(
        self,
        path: str,
        api: Any = "public",  # noqa: ANN401 - as ccxt has it; so below
        method: str = "GET",
        params: Any = None,  # noqa: ANN401
        config: Any = None,  # noqa: ANN401, ARG002
    ) -> Any:  # noqa: ANN401
        """Sign a request and send it, once."""
        attempt = ATTEMPT.get()
        if self._peace is not None and (attempt is None or not attempt.group):
            await self._peace()  # the listen keys and snapshots of its streams
        signed = self.sign(path, api, method, {} if params is None else params)
        if attempt is not None:
            attempt.began = True
        return await self.fetch(signed["url"], signed["method"], signed["headers"], signed["body"])

    def handle_errors(  # noqa: PLR0913, PLR0917 - as ccxt calls it
        self,
        code: int,
        reason: str,  # noqa: ARG002
        url: str,  # noqa: ARG002
        method: str,  # noqa: ARG002
        headers: Mapping[str, str],
        body: str,
        response: Any,  # noqa: ANN401
        request_headers: Any,  # noqa: ANN401, ARG002
        request_body: Any,  # noqa: ANN401, ARG002
    ) -> None:
        """Have the answer looked at."""
        self._on_answer(ATTEMPT.get(), code, headers, body, response)

    # --- streams ---------------------------------------------------------------------------------------------------

    def client(self, url: str) -> Any:  # noqa: ANN401 - ccxt's
        """Return the connection to an address. An error in one of its messages breaks it, instead of silencing it."""
        is_new = url not in self.clients
        client = super().client(url)
        if is_new and self._listener is not None:
            self._guard(client)
        return client

    def _guard(self, client: Any) -> None:  # noqa: ANN401
        take = client.handle_message

        def handle_message(message: Any) -> None:  # noqa: ANN401
            try:
                take(message)
            except Exception as error:  # noqa: BLE001 - whatever it is, nobody else would see it
                if self._listener is not None:
                    self._listener.on_broken(client.url, error)

        client.handle_message = handle_message

    def handle_message(self, client: Any, message: Any) -> None:  # noqa: ANN401
        """Hand on private news; what belongs to the protocol is ccxt's."""
        listener = self._listener
        if listener is None:
            super().handle_message(client, message)
        elif self.clients.get(client.url) is client:
            if self.is_news(message):
                listener.on_frame(client.url, message)
                return
            super().handle_message(client, message)
            if self.confirms(message):
                listener.on_confirmed(client.url)

    def on_connected(self, client: Any, message: Any = None) -> None:  # noqa: ANN401
        """Close what was given up while it was still being dialled."""
        super().on_connected(client, message)
        if self.clients.get(client.url) is not client:
            asyncio.ensure_future(client.close())  # noqa: RUF006 - it ends by itself, and nothing waits for it

    def is_news(self, message: Any) -> bool:  # noqa: ANN401
        """Whether a message is about our orders or account."""
        raise NotImplementedError

    def confirms(self, message: Any) -> bool:  # noqa: ANN401
        """Whether a message confirms a subscription."""
        raise NotImplementedError


class Binance(Obedient, binance):  # type: ignore[misc]  # as above
    """Binance: spot, and USDT perps."""

    NEWS = frozenset(
        {
            "executionReport",
            "listStatus",
            "outboundAccountPosition",
            "balanceUpdate",
            "externalLockUpdate",
            "ORDER_TRADE_UPDATE",
            "TRADE_LITE",
            "ALGO_UPDATE",
            "CONDITIONAL_ORDER_TRIGGER_REJECT",
            "ACCOUNT_UPDATE",
            "ACCOUNT_CONFIG_UPDATE",
            "MARGIN_CALL",
        }
    )
    ENDS = frozenset({"eventStreamTerminated", "listenKeyExpired"})

    def is_news(self, message: Any) -> bool:  # noqa: ANN401
        """Whether it is one of the known events, plain or wrapped."""
        return _event(message) in self.NEWS

    def confirms(self, message: Any) -> bool:  # noqa: ANN401
        """Whether it names a subscription of spot's user data."""
        result = message.get("result") if isinstance(message, dict) else None
        return isinstance(result, dict) and "subscriptionId" in result

    def handle_message(self, client: Any, message: Any) -> None:  # noqa: ANN401
        """Also give up a stream that the venue says is over, while its connection stays."""
        if self._listener is not None and _event(message) in self.ENDS:
            self._listener.on_broken(client.url, ConnectionError(f"the venue says {_event(message)}"))
            return
        super().handle_message(client, message)

    def on_connected(self, client: Any, message: Any = None) -> None:  # noqa: ANN401
        """The stream of perps is subscribed by its address."""
        super().on_connected(client, message)
        if self._listener is not None and "listenKey=" in client.url and self.clients.get(client.url) is client:
            self._listener.on_confirmed(client.url)

    def delay(self, timeout: float, method: Any, *args: Any) -> Any:  # noqa: ANN401
        """Start no timer for a listen key: each connection would start another, and none would renew the right key."""
        if method != self.keep_alive_listen_key:
            return super().delay(timeout, method, *args)
        return None


class Bybit(Obedient, bybit):  # type: ignore[misc]  # as above
    """Bybit: unified account, spot and linear perps."""

    NEWS = frozenset({"order", "execution", "wallet", "position"})

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:  # noqa: ANN401
        """Sign, without a broker's name."""
        signed = super().sign(path, api, method, params)
        if signed["headers"]:
            signed["headers"].pop("Referer", None)
        return signed

    def is_news(self, message: Any) -> bool:  # noqa: ANN401
        """Whether its topic is a private one."""
        topic = message.get("topic") if isinstance(message, dict) else None
        return isinstance(topic, str) and topic.partition(".")[0] in self.NEWS

    def confirms(self, message: Any) -> bool:  # noqa: ANN401
        """Whether it is the answer to a subscription."""
        return isinstance(message, dict) and message.get("op") == "subscribe" and message.get("success") is True


class Okx(Obedient, okx):  # type: ignore[misc]  # as above
    """OKX: spot, and USDT swaps."""

    NEWS = frozenset({"orders", "orders-algo", "algo-advance", "account", "positions", "balance_and_position"})
    TAGGED = "trade/order-algo"

    def sign(self, path: str, api: Any = "public", method: str = "GET", params: Any = None) -> Any:  # noqa: ANN401
        """Sign, with the headers that some requests have, and without a broker's tag."""
        body, headers = wired(params or {})
        if path == self.TAGGED:
            # ccxt gives a request to this very path a client id and a tag of its own, unless it has another kind of id.
            signed = super().sign("trade/{leaf}", api, method, {**body, "leaf": "order-algo"})
        else:
            signed = super().sign(path, api, method, body)
        if headers:
            signed["headers"].update(headers)
        return signed

    def is_news(self, message: Any) -> bool:  # noqa: ANN401
        """Whether it has data of a private channel."""
        if not isinstance(message, dict) or "data" not in message:
            return False
        where = message.get("arg")
        return isinstance(where, dict) and where.get("channel") in self.NEWS

    def confirms(self, message: Any) -> bool:  # noqa: ANN401
        """Whether it is the answer to a subscription."""
        return isinstance(message, dict) and message.get("event") == "subscribe"


def _event(message: Any) -> str:  # noqa: ANN401
    """Return the name of one of Binance's events, plain or wrapped; empty if it is none."""
    if not isinstance(message, dict):
        return ""
    inner = message.get("event")
    name = (inner if isinstance(inner, dict) else message).get("e")
    return name if isinstance(name, str) else ""


CLASSES: Mapping[str, type[Obedient]] = {"binance": Binance, "bybit": Bybit, "okx": Okx}


def options_of(venue: str, products: frozenset[TradeType], *, validity_ms: int) -> dict[str, Any]:
    """Return ccxt's options: only what is traded is loaded, and nothing is asked that we know or do ourselves."""
    perp = "swap" if venue == "okx" else "linear"
    types = [name for product, name in ((SPOT, "spot"), (PERP, perp)) if product in products]
    common: dict[str, Any] = {
        "fetchMarkets": {"types": types},
        "adjustForTimeDifference": False,
        "timeDifference": 0,
        "maxRetriesOnFailure": 0,
        "recvWindow": validity_ms,
        "watchPositions": {"fetchPositionsSnapshot": False, "awaitPositionsSnapshot": False},
        "watchBalance": {"fetchBalanceSnapshot": False, "awaitBalanceSnapshot": False},
    }
    match venue:
        case "binance":
            return common | {"fetchMargins": False, "fetchCurrencies": False, "defaultType": "spot"}
        case "bybit":
            return common | {"enableUnifiedMargin": False, "enableUnifiedAccount": True}
        case _:
            return common
