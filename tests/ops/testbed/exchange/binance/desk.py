"""The local exchange with Binance alone, and those who talk to it: the real ccxt, and our dialect through it."""

import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import ccxt.pro
import msgspec

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import Call, Failure, Known, Market, Page, Placed, Query, SeenOrder, SeenTrade
from messages.orders import OrderSubmitted
from messages.units import LIMIT, PERP, SPOT, ClientOrderId, OrderId, OrderType, Price, Side
from tests.actors.exchange.wire.binance_samples import PERP_ETH, SPOT_ETH, VALID_MS, intent, known
from tests.ops.testbed.exchange.started import Running, exchange

T = TypeVar("T")
D = Decimal
MARKETS = {SPOT: SPOT_ETH, PERP: PERP_ETH}
OPTIONS = {"fetchMarkets": {"types": ["spot", "linear"]}, "fetchMargins": False, "fetchCurrencies": False}


@contextlib.asynccontextmanager
async def client(running: Running, **settings: Any) -> AsyncIterator[Any]:  # noqa: ANN401 - ccxt has no types
    """Yield the real ccxt (with streams), unchanged, at its real URLs."""
    key = running.key("binance")
    async with running.session() as session:
        known_by = {"apiKey": key.api_key, "secret": key.secret, "session": session}
        made = ccxt.pro.binance({**known_by, "enableRateLimit": False, "options": OPTIONS, **settings})
        try:
            yield made
        finally:
            await made.close()


class RefusedError(Exception):
    """A request brought no good answer.

    Attributes:
        failure: As the dialect's judge takes it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


@dataclass
class Desk:
    """Our dialect at work: it asks as it says, and reads what comes."""

    running: Running
    ccxt: Any
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def send(self, call: Call) -> Any:  # noqa: ANN401 - JSON
        """Send one request as the dialect wants it."""
        try:
            return await getattr(self.ccxt, call.api)(dict(call.params))
        except ccxt.pro.BaseError as error:
            body = json.loads(self.ccxt.last_http_response)
            raise RefusedError(Failure(status=400, code=str(body["code"]), text=body["msg"])) from error

    async def read(self, queries: Sequence[Query[T]]) -> list[T]:
        """Read all pages of all queries; an absent thing is an empty page."""
        found: list[T] = []
        for query in queries:
            following: Query[T] | None = query
            while following is not None:
                page = await self._page(following)
                found += page.items
                following = page.next
        return found

    async def _page(self, query: Query[T]) -> Page[T]:
        try:
            return query.read(await self.send(query.call))
        except RefusedError as refused:
            if refused.failure.code in query.absent:
                return Page(items=())
            raise

    def intent(self, market: Market, *, side: Side, kind: OrderType = LIMIT, **terms: Any) -> OrderSubmitted:  # noqa: ANN401
        """Return an intent with a client id of its own."""
        wanted = intent(market, side=side, kind=kind, **terms)
        return msgspec.structs.replace(wanted, client_order_id=ClientOrderId(f"x{next(self.numbers):030d}"))

    async def place(self, market: Market, *, side: Side, kind: OrderType = LIMIT, **terms: Any) -> tuple[Known, Placed]:  # noqa: ANN401
        """Place an order, and return it as we know it then."""
        wanted = self.intent(market, side=side, kind=kind, **terms)
        placed = await self.place_intent(wanted, market)
        return known(wanted, order_id=placed.order_id), placed

    async def place_intent(self, wanted: OrderSubmitted, market: Market) -> Placed:
        """Place an order."""
        now_ms = self.running.engines["binance"].now_ms()
        answer = await self.send(BINANCE.place(wanted, market, now_ms=now_ms, validity_ms=VALID_MS))
        return BINANCE.placed(answer, wanted, market)

    async def look_up(self, order: Known, market: Market) -> SeenOrder:
        """Find an order that is there."""
        [seen] = await self.read(BINANCE.look_up(order, market))
        return seen

    async def cancel(self, order: Known, market: Market) -> None:
        """Cancel an order."""
        BINANCE.cancelled(await self.send(BINANCE.cancel(order, market)), order, market)

    async def trades(self, order: Known, market: Market) -> list[SeenTrade]:
        """Read the fills of an order."""
        return await self.read(BINANCE.trades_of(order, market))

    async def amend(self, order: Known, market: Market, *, price: str, amount: str) -> SeenOrder | None:
        """Change an order."""
        call = BINANCE.amend(order, market, price=Price(D(price)), amount=_base(amount), now_ms=0, validity_ms=VALID_MS)
        return BINANCE.amended(await self.send(call), order, market)


def _base(amount: str) -> Any:  # noqa: ANN401 - a BaseAmount
    return D(amount)


def child_of(order: Known, seen: SeenOrder) -> Known:
    """Return a trigger order with the one that it became."""
    assert seen.child is not None
    return msgspec.structs.replace(order, child=OrderId(str(seen.child)))


@contextlib.asynccontextmanager
async def desk(state: Path, **settings: Any) -> AsyncIterator[Desk]:  # noqa: ANN401 - of the exchange
    """Start an exchange with Binance and a desk in front of it; ETH is at 2,500."""
    async with exchange(state, venues=("binance",), **settings) as running:
        for product in (SPOT, PERP):
            running.move("binance", product, "2500")
        async with client(running) as made:
            yield Desk(running, made)


def frames_by_name(frames: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of events, in order."""
    return [str(frame.get("event", frame).get("e")) for frame in frames]
