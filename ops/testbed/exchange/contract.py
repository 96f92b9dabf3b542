"""What the parts of the local exchange promise each other: one engine a venue, one dialect a venue, one server.

The **engine** (`Engine`) is synchronous and knows no wire: markets, accounts, matching, money. It says no by raising
`RejectError`. A **dialect** (`Dialect`) speaks one venue's protocol in front of it: it checks signatures, limits and
parameters, calls the engine, and words the answers; what it reads from the engine is already what the caller may see
(orders that look-ups are to see later, stale reads and the like are the engine's and the server's business). The
**server** dispatches by host name, plays faults on requests and frames, and writes the record.

A package of a venue (``binance/``, ``bybit/``, ``okx/``) exports one function::

    def dialect(engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> Dialect

Faults never are the dialect's business: it only says what a request does (`operation`), and words refusals (`refuse`).
In tests start the whole exchange in-process with ``tests/ops/testbed/exchange/started.py``: an async context manager
with port, CA file, engines and keys, and an aiohttp session that finds every host there, for ccxt or bare requests.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from messages.units import TradeType, Word
from ops.testbed.exchange.events import Event
from ops.testbed.exchange.money import Bill, Kind, Move, Withdrawal
from ops.testbed.exchange.quotes import Bar, Book, PaidFunding, PublicTrade, Ticker
from ops.testbed.exchange.rejects import Reject
from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.values import (
    Balance,
    Key,
    Margin,
    Market,
    Order,
    Placement,
    Position,
    Trade,
    Uid,
    Wallet,
)


class Engine(Protocol):
    """One venue without its wire. Everything that changes something raises `RejectError` when it says no.

    Parameters `order_id` and `client_order_id`: give one of them (the id goes first if both are there). Of several
    orders with one client id the open one is meant, else the latest. Sequences are in the order in which things were
    made (oldest first), without an end: paging is the dialect's.
    """

    rules: Rules
    markets: Mapping[tuple[TradeType, str], Market]

    def now_ms(self) -> int:
        """The venue's clock (with its skew)."""

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Tell every event, after the change as a whole is done. Returns what ends it."""

    # Accounts
    def key(self, api_key: str) -> Key | None:
        """Return the key, if there is such a key at this venue."""

    def keys(self) -> Sequence[Key]:
        """All keys of this venue."""

    def market(self, product: TradeType, symbol: str) -> Market:
        """Return a market, or raise `RejectError` UNKNOWN_SYMBOL."""

    def commission(self, uid: Uid, market: Market) -> tuple[Decimal, Decimal]:
        """(maker, taker) of an account, positive when paid."""

    def balances(self, uid: Uid, wallet: Wallet) -> Mapping[str, Balance]:
        """By asset; those that are or were not zero."""

    def margin(self, uid: Uid, wallet: Wallet) -> Margin:
        """The margin of a wallet that perps settle in."""

    def spendable(self, uid: Uid, wallet: Wallet, asset: str) -> Decimal:
        """What can be spent or taken out of a wallet: neither held nor needed as margin."""

    def positions(self, uid: Uid) -> Sequence[Position]:
        """Those that are not flat."""

    def position(self, uid: Uid, market: Market) -> Position:
        """One, flat or not."""

    def set_leverage(self, uid: Uid, market: Market, leverage: Decimal) -> Position:
        """Raises LEVERAGE_TOO_HIGH, UNCHANGED (it is done then all the same), NO_MARGIN."""

    def setting(self, uid: Uid, name: str) -> str:
        """A dialect's own setting of an account, such as its position mode; empty until it is set; kept for good."""

    def set_setting(self, uid: Uid, name: str, value: str) -> None:
        """Set it."""

    # Orders
    def place(self, uid: Uid, placement: Placement) -> Order:
        """Place it and match it; the order as it is after that."""

    def amend(
        self,
        uid: Uid,
        market: Market,
        *,
        order_id: str = "",
        client_order_id: str = "",
        price: Decimal | None = None,
        amount: Decimal | None = None,
        trigger_price: Decimal | None = None,
    ) -> Order:
        """Change what is given; `amount` is the new total, and one that is filled already ends the order."""

    def cancel(self, uid: Uid, market: Market, *, order_id: str = "", client_order_id: str = "") -> Order:
        """End an open or a waiting order. Raises ORDER_UNKNOWN, ORDER_FILLED, ORDER_ENDED."""

    def cancel_all(
        self, uid: Uid, product: TradeType, market: Market | None = None, *, waiting: bool | None = None
    ) -> Sequence[Order]:
        """End all: of a market or a product; with `waiting` only trigger orders (True) or only the others (False)."""

    def find(
        self,
        uid: Uid,
        market: Market | None,
        *,
        order_id: str = "",
        client_order_id: str = "",
        recent_ms: int = 0,
        trigger: bool | None = None,
    ) -> Order | None:
        """Look an order up, open or ended. Without a market in all (only where ids don't repeat across symbols).

        With `trigger` only orders that have a trigger of their own (True), or only the others (False): a trigger order
        and the one that it became may share a client id.

        With `recent_ms`, orders that ended longer ago than this are passed over.
        """

    def open_orders(
        self, uid: Uid, product: TradeType, market: Market | None = None, *, waiting: bool | None = None
    ) -> Sequence[Order]:
        """Open and waiting orders; with `waiting` only trigger orders that wait (True) or only the others (False)."""

    def orders(
        self,
        uid: Uid,
        product: TradeType,
        market: Market | None = None,
        *,
        since_ms: int = 0,
        until_ms: int | None = None,
        trigger: bool | None = None,
    ) -> Sequence[Order]:
        """All orders, ended or not, by time of creation, both ends included; `trigger` as in `find`."""

    def trades(
        self,
        uid: Uid,
        product: TradeType,
        market: Market | None = None,
        *,
        order_id: str = "",
        since_ms: int = 0,
        until_ms: int | None = None,
    ) -> Sequence[Trade]:
        """Own trades, by time, both ends included."""

    # Money that moves
    def bills(
        self,
        uid: Uid,
        *,
        kinds: Sequence[Kind] = (),
        wallet: Wallet | None = None,
        since_ms: int = 0,
        until_ms: int | None = None,
    ) -> Sequence[Bill]:
        """The ledger; without kinds all of them."""

    def deposit(
        self, uid: Uid, asset: str, amount: Decimal, *, network: str = "", wallet: Wallet | None = None
    ) -> Move:
        """Money comes from outside (on demand only); credited at once to `wallet`, by default where the venue does."""

    def withdraw(self, uid: Uid, withdrawal: Withdrawal) -> Move:
        """Money goes out: PENDING first; the clock moves it on. Raises NO_BALANCE.

        Whether a client id may repeat is the dialect's rule (`moves` finds it).
        """

    def transfer(
        self, uid: Uid, asset: str, amount: Decimal, *, source: Wallet, target: Wallet, client_id: str = ""
    ) -> Move:
        """Between an account's wallets, at once. Raises NO_BALANCE."""

    def moves(self, uid: Uid, kind: Kind) -> Sequence[Move]:
        """Deposits, withdrawals or transfers."""

    # What everybody sees
    def book(self, market: Market, depth: int = 50) -> Book:
        """The book, our users' orders in it."""

    def ticker(self, market: Market) -> Ticker:
        """Prices now."""

    def bars(self, market: Market, interval_ms: int, *, since_ms: int | None, limit: int) -> Sequence[Bar]:
        """Candles by time: the `limit` first ones from `since_ms` on, or without it the last ones."""

    def public_trades(self, market: Market, limit: int) -> Sequence[PublicTrade]:
        """The latest, oldest first."""

    def funding_history(self, market: Market, *, since_ms: int = 0) -> Sequence[PaidFunding]:
        """Settlements that were."""

    def pay_funding(self, market: Market, rate: Decimal | None = None) -> PaidFunding:
        """Settle funding now, on demand; without a rate at the present one."""


class Op(Word):
    """What a request does. Faults and the record know requests by it."""

    PLACE = "place"
    AMEND = "amend"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel_all"
    LOOK_UP = "lookup"
    OPEN_ORDERS = "open_orders"
    HISTORY = "history"
    TRADES = "trades"
    BALANCES = "balances"
    POSITIONS = "positions"
    LEDGER = "ledger"
    ACCOUNT = "account"
    LEVERAGE = "leverage"
    MODE = "mode"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"
    MOVES = "moves"
    LISTEN_KEY = "listen_key"
    TIME = "time"
    MARKETS = "markets"
    BOOK = "book"
    TICKER = "ticker"
    CANDLES = "candles"
    OTHER = "other"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a request is about, as far as it can be seen without judging it."""

    op: Op
    api_key: str = ""
    symbol: str = ""
    client_order_id: str = ""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request, or a WebSocket handshake.

    Attributes:
        host: Without a port, lower case.
        path: Without the query. `query`: as it was sent, for signatures.
        params: Of the query and of a form body, decoded, the last of each name.
        headers: By lower-case name.
        peer: Address of the client.
        at_ms: When it came, by the venue's clock.
    """

    method: str
    host: str
    path: str
    query: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: str
    at_ms: int


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back. `code`: the venue's error code, for the record; empty when all is well."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = {}
    content_type: str = "application/json"
    code: str = ""


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None, code: str = "") -> Answer:  # noqa: ANN401 - whatever JSON can hold
    """Return an answer of JSON; decimals are refused, so that the dialect writes them as the venue does."""
    body = msgspec.json.encode(value, enc_hook=_refuse)
    return Answer(body=body, status=status, headers=headers or {}, code=code)


def _refuse(value: object) -> object:
    raise TypeError(f"{type(value).__name__} in an answer: write it as the venue does")


class Session(Protocol):
    """One WebSocket connection. What a method returns is sent at once, a text frame each, in that order."""

    def receive(self, text: str) -> Sequence[str]:
        """Answer what the client said: subscriptions, logins, pings."""

    def event(self, event: Event) -> Sequence[str]:
        """Turn an event into frames, those that this connection has subscribed to and may see; else nothing.

        One frame a fact where the venue does so: faults drop, double and reorder frames of private events.
        """

    def second(self, now_ms: int) -> Sequence[str]:
        """Once a second: tickers, books, pings as the venue sends them."""

    def closed(self) -> None:
        """The connection is gone."""


class Dialect(Protocol):
    """One venue's wire in front of its engine."""

    @property
    def hosts(self) -> Sequence[str]:
        """Host names that it answers, WebSockets too, lower case."""

    def operation(self, request: Request) -> Operation:
        """Say what a request is. Never raises, changes nothing, checks nothing."""

    async def http(self, request: Request) -> Answer:
        """Do it. `RejectError` that gets out of here is worded by `refuse`."""

    def refuse(self, request: Request, reject: Reject, detail: str = "", *, retry_after_s: int | None = None) -> Answer:
        """Word a refusal as this venue does for this request, with Retry-After where it sends that."""

    def open(self, request: Request) -> Session | Answer:
        """Open a WebSocket, or say no to its handshake."""
