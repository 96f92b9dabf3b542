"""One request on its way through the venue, and what handlers of several products share."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypedDict

from messages.units import TradeType
from ops.testbed.exchange.binance.budgets import Budgets
from ops.testbed.exchange.binance.params import Params
from ops.testbed.exchange.contract import Engine, Op
from ops.testbed.exchange.events import Event, OrderChanged
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key, Market, Permission, Trade, Uid

_CLIENT_ID = {
    "spot": re.compile(r"[a-zA-Z0-9-_]{1,36}"),
    "perp": re.compile(r"[\.A-Z\:/a-z0-9_-]{1,36}"),
}
NOBODY = Uid("")


class Named(TypedDict):
    """Which order is meant: one of the two is empty."""

    order_id: str
    client_order_id: str


@dataclass(frozen=True, slots=True)
class Venue:
    """What handlers work with."""

    engine: Engine
    budgets: Budgets
    listen_keys: ListenKeys
    made_ids: Iterator[int]


@dataclass(frozen=True, slots=True)
class Call:
    """One request whose key and signature are checked already.

    Attributes:
        key: None of a public request.
    """

    venue: Venue
    params: Params
    key: Key | None = None

    @property
    def engine(self) -> Engine:
        """The engine."""
        return self.venue.engine

    @property
    def uid(self) -> Uid:
        """Whose request it is."""
        return NOBODY if self.key is None else self.key.uid

    def market(self, product: TradeType) -> Market:
        """Return the market that must be named."""
        return self.engine.market(product, self.params.need("symbol"))

    def market_or_all(self, product: TradeType) -> Market | None:
        """Return the market that may be named."""
        symbol = self.params.text("symbol")
        return self.engine.market(product, symbol) if symbol else None

    def client_id(self, name: str, pool: str) -> str:
        """Return the client id that was given, or one that the venue makes up."""
        given = self.params.text(name)
        if not given:
            return self.made_id()
        if not _CLIENT_ID[pool].fullmatch(given):
            raise RejectError(Reject.BAD_CLIENT_ID, name)
        return given

    def made_id(self) -> str:
        """Return an id that the venue makes up."""
        text = f"{self.uid}:{self.engine.now_ms()}:{next(self.venue.made_ids)}"
        return hashlib.sha256(text.encode()).hexdigest()[:22]


def named(call: Call, order_id: str = "orderId", client_order_id: str = "origClientOrderId") -> Named:
    """Return which order a request means, by the names of its two parameters."""
    number, client_id = call.params.whole(order_id), call.params.text(client_order_id)
    if number is None and not client_id:
        raise RejectError(Reject.MISSING_PARAMETER, order_id)
    return Named(order_id="" if number is None else str(number), client_order_id=client_id)


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """What a path does.

    Attributes:
        pool: Whose limits it counts against: spot, perp or wallet.
        weight: What it costs.
        open: Needs no key; `keyed`: needs a key but no signature.
        orders: It places or changes an order, which is counted.
        client_id: Name of the parameter that holds a client order id.
    """

    op: Op
    pool: str
    handler: Handler
    weight: Callable[[Params], int]
    open: bool = False
    keyed: bool = False
    orders: bool = False
    permission: Permission | None = None
    client_id: str = ""


Routes = Mapping[tuple[str, str], Route]
"""By method and path."""


def always(weight: int) -> Callable[[Params], int]:
    """Return a weight that does not depend on the parameters."""
    return lambda _params: weight


def unless_symbol(one: int, all_of_them: int) -> Callable[[Params], int]:
    """Return a weight that is larger without a symbol."""
    return lambda params: one if params.text("symbol") else all_of_them


@contextmanager
def collected(engine: Engine) -> Iterator[list[Trade]]:
    """Collect the fills that happen meanwhile: a list of the trades of everybody."""
    found: list[Trade] = []

    def listen(event: Event) -> None:
        if isinstance(event, OrderChanged) and event.trade is not None:
            found.append(event.trade)

    stop = engine.subscribe(listen)
    try:
        yield found
    finally:
        stop()


def page_of_trades(call: Call, trades: Sequence[Trade], *, most: int, usual: int) -> list[Trade]:
    """Return the page of own trades that is asked for: from an id or a time on, else the last ones."""
    limit, first = call.params.limit(most, usual), call.params.whole("fromId")
    if first is not None:
        return [trade for trade in trades if int(trade.trade_id) >= first][:limit]
    if call.params.text("startTime") or call.params.text("orderId"):
        return list(trades[:limit])
    return list(trades[-limit:])


def span_of(call: Call, *, longest_ms: int) -> tuple[int, int | None]:
    """Return start and end of the time that is asked for. Raises where it is longer than allowed."""
    start, end = call.params.whole("startTime"), call.params.whole("endTime")
    if start is not None and end is not None:
        if start > end:
            raise RejectError(Reject.BAD_PARAMETER, "startTime")
        if end - start > longest_ms:
            raise RejectError(Reject.BAD_PARAMETER, "endTime")
    return start or 0, end
