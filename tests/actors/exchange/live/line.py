"""How a live exchange reaches the venue in memory: a dialect whose requests are what they mean, and a faulty line."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.ports import Urgency
from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.contract import (
    Call,
    Failure,
    Known,
    Market,
    NotSupportedError,
    Page,
    Placed,
    Query,
    SeenAccount,
    SeenBalance,
    SeenFunding,
    SeenOrder,
    SeenPosition,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
    Update,
    Verdict,
)
from actors.runtime.virtual_time import VirtualClock
from messages.orders import OrderSubmitted
from messages.units import AccountName, Asset, BaseAmount, InstrumentId, OrderId, Price, TradeType
from tests.actors.exchange.live.venue import PERP_ID, VENUE, Resting, Venue, seen

STALE_MS = 4_000
"""So much behind what a stale read shows is at most."""


class Words:
    """A dialect whose requests are what they mean: parameters hold the objects themselves."""

    venue = VENUE
    buckets: Mapping[str, tuple[Bucket, ...]] = {}

    def __init__(self) -> None:
        self.unsupported: set[str] = set()

    def _call(self, api: str, **params: Any) -> Call:  # noqa: ANN401 - anything
        if api in self.unsupported:
            raise NotSupportedError(f"{api} is not offered")
        return Call(api=api, params=params, group="all")

    def place(self, intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:  # noqa: ARG002
        return self._call("place", intent=intent)

    def placed(self, answer: Any, intent: OrderSubmitted, market: Market) -> Placed:  # noqa: ANN401, ARG002
        if not isinstance(answer, Resting):
            raise UnreadableAnswerError(f"{answer!r}")
        return Placed(order_id=answer.order_id)

    def cancel(self, order: Known, market: Market) -> Call:  # noqa: ARG002
        return self._call("cancel", name=order.intent.client_order_id, order_id=order.order_id)

    def cancelled(self, answer: Any, order: Known, market: Market) -> None:  # noqa: ANN401, ARG002
        if not isinstance(answer, Resting):
            raise UnreadableAnswerError(f"{answer!r}")

    def amend(
        self,
        order: Known,
        market: Market,  # noqa: ARG002
        *,
        price: Price,
        amount: BaseAmount,
        now_ms: int,  # noqa: ARG002
        validity_ms: int,  # noqa: ARG002
    ) -> Call:
        return self._call("amend", name=order.intent.client_order_id, price=price, amount=amount)

    def amended(self, answer: Any, order: Known, market: Market) -> SeenOrder | None:  # noqa: ANN401, ARG002
        if not isinstance(answer, Resting):
            raise UnreadableAnswerError(f"{answer!r}")
        return None

    def look_up(self, order: Known, market: Market) -> Sequence[Query[SeenOrder]]:  # noqa: ARG002
        return (self._query("look_up", name=order.intent.client_order_id),)

    def look_up_by_id(self, order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:  # noqa: ARG002
        return (self._query("look_up_by_id", order_id=order_id),)

    def open_orders(self, markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:  # noqa: ARG002
        return (self._query("open_orders"),)

    def trades_of(self, order: Known, market: Market) -> Sequence[Query[SeenTrade]]:  # noqa: ARG002
        return (self._query("trades_of", order_id=order.child or order.order_id),)

    def trades_since(self, market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:  # noqa: ARG002
        return (self._query("trades_since", since_ms=since_ms),)

    def balances(self, markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:  # noqa: ARG002
        return (self._query("balances"),)

    def positions(self, markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:  # noqa: ARG002
        return (self._query("positions"),)

    def funding_since(self, markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:  # noqa: ARG002
        return (self._query("funding"),)

    def transfers_since(
        self,
        markets: Sequence[Market],  # noqa: ARG002
        *,
        since_ms: int,  # noqa: ARG002
        now_ms: int,  # noqa: ARG002
    ) -> Sequence[Query[SeenTransfer]]:
        return (self._query("transfers"),)

    def account(self, markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:  # noqa: ARG002
        return ()

    def set_one_way(self, market: Market) -> Sequence[Call]:  # noqa: ARG002
        return ()

    def set_cross(self, market: Market) -> Sequence[Call]:  # noqa: ARG002
        return ()

    def set_leverage(self, market: Market, leverage: Decimal) -> Sequence[Call]:  # noqa: ARG002
        return ()

    def leverage(self, markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:  # noqa: ARG002
        return ()

    def lasts_ms(self, intent: OrderSubmitted, validity_ms: int) -> int:  # noqa: ARG002
        return validity_ms

    def server_time(self) -> Query[int]:
        return self._query("time")

    def judge(self, failure: Failure) -> Verdict:
        if not failure.sent:
            return Verdict.NOT_SENT
        return Verdict(failure.code) if failure.code in Verdict.__members__ else Verdict.UNKNOWN

    def frame(self, message: Any, markets: Mapping[tuple[TradeType, str], Market]) -> Update:  # noqa: ANN401, ARG002
        if not isinstance(message, Update):
            raise UnreadableAnswerError(f"{message!r}")
        return message

    def _query(self, api: str, **params: Any) -> Query[Any]:  # noqa: ANN401 - anything
        return Query(call=self._call(api, **params), read=lambda answer: Page(items=tuple(answer)))


class Line:
    """The connection: each request takes a while, and may go wrong as the faults say.

    Args:
        venue: Where it leads.
        seed: Of the faults.
        faults: By kind of request (``place``, ``cancel``, ``amend``, ``read``), and of a ``frame``: what may happen to
            one, drawn evenly.
    """

    def __init__(
        self, venue: Venue, *, clock: VirtualClock, seed: int = 0, faults: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._venue = venue
        self._clock = clock
        self._random = random.Random(seed)  # noqa: S311 - seeded on purpose
        self.faults = dict(faults or {})
        self.skew_ms = 0
        self.is_streaming = False
        self.sent: list[str] = []
        self.urgencies: list[tuple[str, Urgency]] = []
        self._before: dict[str, tuple[int, Sequence[Any]]] = {}

    def now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000

    async def open(self) -> None:
        await asyncio.sleep(0.01)

    async def measure_skew(self) -> int:
        return self.skew_ms

    async def close(self) -> None:
        self._venue.frames = None

    def watch(
        self,
        *,
        on_frame: Callable[[Any], None],
        on_gap: Callable[[str], None],  # noqa: ARG002
        start: Callable[[Coroutine[Any, Any, None], str], None],  # noqa: ARG002
    ) -> None:
        if self.is_streaming:
            self._venue.frames = partial(self._frame, on_frame)

    def _frame(self, on_frame: Callable[[Any], None], frame: Any) -> None:  # noqa: ANN401 - decoded JSON
        """Bring a frame: at once, late, twice, or never."""
        fault, loop = self._fault("frame"), asyncio.get_running_loop()
        if fault in {"", "twice"}:
            on_frame(frame)
        if fault in {"late", "twice"}:
            loop.call_later(self._random.uniform(0.01, 5), self._late, on_frame, frame)

    def _late(self, on_frame: Callable[[Any], None], frame: Any) -> None:  # noqa: ANN401 - as above
        current = self._venue.frames
        if isinstance(current, partial) and current.args == (on_frame,):  # the same connection still
            on_frame(frame)

    async def send_surely_once(self, call: Call, *, urgency: Urgency, deadline_ms: int) -> Any:  # noqa: ANN401
        while True:
            try:
                return await self.send(call, urgency=urgency)
            except RequestFailedError as error:
                if error.failure.sent or self.now_ms() >= deadline_ms:
                    raise
                await asyncio.sleep(0.5)

    async def send(self, call: Call, *, urgency: Urgency, deadline_ms: int | None = None) -> Any:  # noqa: ANN401, ARG002
        self.sent.append(call.api)
        self.urgencies.append((call.api, urgency))
        fault = self._fault(call.api)
        await asyncio.sleep(0.01)
        match fault:
            case "not_sent":
                raise RequestFailedError(Failure(status=None, code="", text="refused", sent=False))
            case "dropped":
                raise RequestFailedError(Failure(status=None, code="", text="dropped before it was taken"))
            case "rejected":
                raise RequestFailedError(Failure(status=400, code="REJECTED", text="no"))
            case "crash":
                raise RuntimeError("a mistake of ours")
        arrival = asyncio.ensure_future(self._arrived(call))
        arrival.add_done_callback(lambda done: done.cancelled() or done.exception())  # also where nobody waits for it
        answer = await asyncio.shield(arrival)
        if fault == "denied":
            raise RequestFailedError(Failure(status=400, code="REJECTED", text="no, it says, and takes it"))
        if fault == "duplicate":
            raise RequestFailedError(Failure(status=400, code="DUPLICATE", text="this id is taken"))
        match fault:
            case "time_out":
                await asyncio.sleep(10)
                raise RequestFailedError(Failure(status=None, code="", text="timed out"))
            case "late":
                await asyncio.sleep(3)
            case "html":
                return "<html>"
        return answer

    async def read(self, query: Query[Any], *, urgency: Urgency = Urgency.READ, deadline_s: float = 10.0) -> Any:  # noqa: ANN401, ARG002
        self.urgencies.append((query.call.api, urgency))
        fault = self._fault("read")
        await asyncio.sleep(0.01)
        if fault == "stale":
            return await self._stale(query)
        match fault:
            case "fails":
                raise RequestFailedError(Failure(status=503, code="", text="unavailable"))
            case "html":
                raise UnreadableAnswerError("<html>")
        shown = self._shown(query.call)
        self._before[f"{query.call.api} {query.call.params}"] = self.now_ms(), shown
        return query.read(shown).items

    async def _stale(self, query: Query[Any]) -> Any:  # noqa: ANN401 - as read
        """Answer as a little while ago, where that was asked."""
        at, shown = self._before.get(f"{query.call.api} {query.call.params}", (0, ()))
        if self.now_ms() - at > STALE_MS:
            shown = self._shown(query.call)
        return query.read(shown).items

    def _fault(self, kind: str) -> str:
        return self._random.choice([*self.faults.get(kind, ()), ""]) if self.faults.get(kind) else ""

    async def _arrived(self, call: Call) -> Any:  # noqa: ANN401 - whatever it is
        """Do what arrives, a little later, whatever became of whoever sent it."""
        await asyncio.sleep(0.01)
        return self._done(call)

    def _done(self, call: Call) -> Any:  # noqa: ANN401 - whatever it is
        venue = self._venue
        if call.api == "place":
            return venue.place(call.params["intent"])
        order = venue.find(call.params["name"]) or venue.orders.get(call.params.get("order_id") or OrderId(""))
        if call.api == "cancel":
            venue.cancels.append(call.params["name"])
        if order is None:
            raise RequestFailedError(Failure(status=400, code="ABSENT", text="no such order"))
        if not order.is_open:
            raise RequestFailedError(Failure(status=400, code="ENDED", text="done"))
        if call.api == "cancel":
            venue.cancel(order)
        else:
            venue.amend(order, call.params["price"], call.params["amount"])
        return order

    def _shown(self, call: Call) -> Sequence[Any]:
        venue, params = self._venue, call.params
        match call.api:
            case "look_up":
                return [seen(each) for each in venue.visible() if each.client_order_id == params["name"]]
            case "look_up_by_id":
                return [seen(each) for each in venue.visible() if params["order_id"] in {each.order_id, each.child}]
            case "open_orders":
                return [seen(each) for each in venue.visible() if each.is_open]
            case "trades_of":
                since = 0 if venue.keeps_ms is None else venue.now_ms() - venue.keeps_ms
                found = [each for each in venue.seen_trades() if each.order_id == params["order_id"]]
                return [each for each in found if each.at_ms >= since]
            case "trades_since":
                return [each for each in venue.seen_trades() if each.at_ms >= params["since_ms"]]
            case "balances":
                return [
                    SeenBalance(account=AccountName("bybit"), asset=Asset("USDT"), total=venue.cash, free=venue.cash)
                ]
            case "positions":
                return [SeenPosition(instrument=PERP_ID, quantity=BaseAmount(venue.position), entry_price=None)]
            case "funding":
                return venue.funding
            case "transfers":
                return venue.transfers
            case _:
                return [self.now_ms()]
