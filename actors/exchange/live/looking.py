"""Looking at orders: until what should move has moved, and until what is unknown is known.

"Not found" proves that an order is absent only when its request can't arrive any more: after its validity, the clocks'
difference and a margin, by the venue's clock and by the loop's, which nobody sets, three looks must find nothing: by
id, among the open orders, and among the trades since. A look that fails, or finds something that does not fit, proves
nothing. After the horizon a person is asked, and looking goes on, slowly.

Venues forget: of orders that were cancelled without a fill some of them know nothing after hours. So an order that was
there, and of which the same three looks find nothing for more than a minute, has come to its end.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.exchange.live.desk import Desk
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.evidence import Tracked
from actors.exchange.live.ports import Urgency, Venue
from actors.exchange.wire.contract import Market, OrderStatus, SeenOrder, SeenTrade, UnreadableAnswerError
from messages.live import OperatorNeeded
from messages.units import FOK, IOC, MARKET, ClientOrderId

Start = Callable[[Coroutine[Any, Any, None], str], None]
"""Runs a coroutine beside everything else, under a name."""

READ_TROUBLE = (RequestFailedError, UnreadableAnswerError)
_LONGEST_LOOK_S = 5.0
_SLOW_S = 60.0
_AT_ONCE = frozenset({IOC, FOK})
_OLD_MS = 2 * 86_400_000
"""Of an order that is older, some venues tell no fills unless they are asked for a time."""
_MISSED_EVERY_S = 20.0
_MISSED_TIMES = 4


class Looker:
    """Asks the venue about single orders, and feeds what it says to the desk.

    Args:
        venue: What all parts share.
        start: Begins a task.
        recancel: Sends the cancel of an order that was asked for and is open still.
    """

    def __init__(self, venue: Venue, *, start: Start, recancel: Callable[[Tracked], Coroutine[Any, Any, None]]) -> None:
        self._dialect, self._connection, self._options, self._engine = venue
        self._start = start
        self._recancel = recancel
        self._attended: set[ClientOrderId] = set()
        self._resolving: set[ClientOrderId] = set()
        self._asked: set[ClientOrderId] = set()
        self.desk: Desk  # set by whoever makes both: each needs the other

    # --- what should move --------------------------------------------------------------------------------------------

    def attend(self, order: Tracked) -> None:
        """Look at an order until it needs no looking at; once, however often it is asked for."""
        name = order.intent.client_order_id
        if name not in self._attended:
            self._attended.add(name)
            self._start(self._attending(order), f"attend {name}")

    def attend_once(self, order: Tracked) -> None:
        """Look at an order once, soon."""
        name = f"look {order.intent.client_order_id}"
        if name not in self._attended:
            self._attended.add(ClientOrderId(name))
            self._start(self._one_look(order, ClientOrderId(name)), name)

    async def _one_look(self, order: Tracked, name: ClientOrderId) -> None:
        try:
            await self.look(order)
        finally:
            self._attended.discard(name)

    async def _attending(self, order: Tracked) -> None:
        wait_ms = self._options.look_again_ms
        if self._connection.is_streaming:
            wait_ms *= 4  # the stream is likely to tell first
        try:
            while _should_move(order):
                await asyncio.sleep(wait_ms / 1000)
                if _should_move(order):
                    await self.look(order)
                    await self._press(order)
                wait_ms = min(wait_ms * 2, self._options.poll_ms)
        finally:
            self._attended.discard(order.intent.client_order_id)

    async def _press(self, order: Tracked) -> None:
        """Send again the cancel of an order that is open still; give up a change that came to nothing."""
        if order.is_there and order.end is None and order.cancelling and not order.gone:
            await self._recancel(order)
        if order.is_changing and order.change_until_ms and self._connection.now_ms() > order.change_until_ms:
            self.desk.tell(order, order.refuse_change("the venue did not make it"))

    async def look(self, order: Tracked, *, urgency: Urgency = Urgency.READ) -> SeenOrder | None:
        """Look an order up, with the fills that are missing, and return what was found.

        Nothing is raised: what can't be read now is read at the next look.
        """
        try:
            seen = await self._found(order, urgency)
            if seen is not None and order.fits(seen, slack_ms=self._options.margin_ms):
                self.desk.tell(order, order.on_order(seen))
            if order.is_short or (order.end is not None and not order.is_over):
                await self.fetch_trades(order, urgency)
        except READ_TROUBLE:
            return None
        if seen is None and order.is_there and order.end is None:
            self._miss(order)
        return seen

    def _miss(self, order: Tracked) -> None:
        name = f"miss {order.intent.client_order_id}"
        if name not in self._attended:
            self._attended.add(ClientOrderId(name))
            self._start(self._missing(order, ClientOrderId(name)), name)

    async def _missing(self, order: Tracked, name: ClientOrderId) -> None:
        """Say that an order is gone, if nothing finds a trace of it for long enough."""
        try:
            for _ in range(_MISSED_TIMES):
                await asyncio.sleep(_MISSED_EVERY_S)
                if not order.is_there or order.end is not None or not await self.is_absent(order):
                    return
            self.desk.tell(order, order.reject(by="execd", reason="NOT_FOUND", detail=""))
        finally:
            self._attended.discard(name)

    async def fetch_trades(self, order: Tracked, urgency: Urgency = Urgency.READ) -> None:
        """Read all fills of an order whose venue id is known; of an old one, as a venue may tell only the latest."""
        market = self.desk.markets[order.intent.instrument]
        for query in self._dialect.trades_of(order.known, market):
            for trade in await self._connection.read(query, urgency=urgency):
                self.desk.tell(order, order.on_trade(trade))
        now = self._connection.now_ms()
        if not order.is_short or not 0 < order.first_ms < now - _OLD_MS:
            return
        for query in self._dialect.trades_since(market, since_ms=order.first_ms, now_ms=now):
            for trade in await self._connection.read(query, urgency=urgency):
                self.desk.on_trade(trade)

    async def _found(self, order: Tracked, urgency: Urgency) -> SeenOrder | None:
        market = self.desk.markets[order.intent.instrument]
        for query in self._dialect.look_up(order.known, market):
            for seen in await self._connection.read(query, urgency=urgency):
                return seen
        return None

    # --- what is unknown ---------------------------------------------------------------------------------------------

    def resolve(self, order: Tracked) -> None:
        """Find out what became of an order of unknown outcome, however long it takes."""
        name = order.intent.client_order_id
        if name not in self._resolving:
            self._resolving.add(name)
            self._start(self._resolution(order), f"resolve {name}")

    async def _resolution(self, order: Tracked) -> None:
        name = order.intent.client_order_id
        wait_s, proofs = self._options.look_again_ms / 1000, 0
        since_s = asyncio.get_running_loop().time()
        try:
            while order.is_unknown:
                began = self._connection.now_ms()
                closed = self._left_s(order, since_s) < 0
                absent = await self.is_absent(order)
                proofs = proofs + 1 if absent and closed else 0
                if self._is_settled(order, proofs, began):
                    break
                self._call_for_help(order, since_s)
                left_s = self._left_s(order, since_s)
                await asyncio.sleep(_pause_s(left_s, wait_s, closed=closed, late=name in self._asked))
                wait_s = min(wait_s * 2, _LONGEST_LOOK_S)
        finally:
            self._resolving.discard(name)
        self._asked.discard(name)
        if _should_move(order):
            self.attend(order)

    def _is_settled(self, order: Tracked, proofs: int, looked_ms: int) -> bool:
        """Return whether an order is unknown no more; one that is proven absent is rejected here."""
        if order.is_unknown and proofs >= self._options.needed_proofs:
            detail = f"not found by id, open orders and trades, {looked_ms - order.sent_ms} ms after it was sent"
            self.desk.tell(order, order.reject(by="execd", reason="NEVER_ARRIVED", detail=detail))
        return not order.is_unknown

    def _left_s(self, order: Tracked, since_s: float) -> float:
        """Return in how many seconds a request to place the order can't arrive any more.

        By the venue's clock, which we know by ours; and by the loop's, as ours may be set meanwhile.

        Args:
            order: The order.
            since_s: When its outcome was unknown already, by the loop's clock.
        """
        options = self._options
        lasts_ms = self._dialect.lasts_ms(order.intent, options.validity_ms)
        window_ms = lasts_ms + abs(self._connection.skew_ms) + options.margin_ms
        by_venue = order.sent_ms + window_ms - self._connection.now_ms()
        by_loop = (since_s - asyncio.get_running_loop().time()) * 1000 + window_ms
        return max(by_venue, by_loop) / 1000

    async def is_absent(self, order: Tracked) -> bool:
        """Take three looks; return whether all of them were answered and none found a trace of the order."""
        urgency = Urgency.CONTROL
        market = self.desk.markets[order.intent.instrument]
        try:
            seen = await self._found(order, urgency)
            if seen is None:
                seen = await self._among_open(order, market)
            if seen is not None:
                if order.fits(seen, slack_ms=self._options.margin_ms):
                    self.desk.tell(order, order.on_order(seen))
                    if order.is_short or order.end is not None:
                        await self.fetch_trades(order, urgency)
                return False
            return not await self._has_traded(order, market)
        except READ_TROUBLE:
            return False

    async def _among_open(self, order: Tracked, market: Market) -> SeenOrder | None:
        for query in self._dialect.open_orders((market,)):
            for seen in await self._connection.read(query, urgency=Urgency.CONTROL):
                if seen.client_order_id == order.intent.client_order_id:
                    return seen
        return None

    async def _has_traded(self, order: Tracked, market: Market) -> bool:
        """Return whether a trade since the order was sent is its, or may be."""
        since = (order.first_ms or order.sent_ms) - self._options.margin_ms
        traces = False
        now = self._connection.now_ms()
        for query in self._dialect.trades_since(market, since_ms=since, now_ms=now):
            for trade in await self._connection.read(query, urgency=Urgency.CONTROL):
                traces |= await self._is_trace(trade, order, market)
        return traces

    async def _is_trace(self, trade: SeenTrade, order: Tracked, market: Market) -> bool:
        ours, nobody = order.intent.client_order_id, ClientOrderId("")
        name: ClientOrderId | None = trade.client_order_id
        if not name:
            known = self.desk.find(trade.instrument, trade.order_id, nobody)
            if trade.side is not order.intent.side or (known is not None and known is not order):
                return False
            if known is None and self.desk.is_ours(trade.instrument, trade.order_id, nobody):
                return False
            name = ours if known is order else await self.client_id_of(trade, market)
        if name == ours:
            self.desk.tell(order, order.on_trade(trade))
        return name in {ours, None}

    async def client_id_of(self, trade: SeenTrade, market: Market) -> ClientOrderId | None:
        """Return the client id of the order of a trade that does not say it; None where nobody knows."""
        for query in self._dialect.look_up_by_id(trade.order_id, market):
            for seen in await self._connection.read(query, urgency=Urgency.CONTROL):
                if seen.status is not OrderStatus.REJECTED:
                    return seen.client_order_id
        return None

    def _call_for_help(self, order: Tracked, since_s: float) -> None:
        name = order.intent.client_order_id
        waited_ms = int(asyncio.get_running_loop().time() - since_s) * 1000
        if waited_ms < self._options.horizon_ms or name in self._asked:
            return
        self._asked.add(name)
        self._engine(
            OperatorNeeded(
                venue=order.intent.venue,
                instrument=order.intent.instrument,
                client_order_id=name,
                instruction_id=order.instruction_id,
                reason=f"its outcome is unknown after {waited_ms // 1000} s of looking",
            ),
            order.cause,
        )


def _should_move(order: Tracked) -> bool:
    """Return whether something of an order is open that only a look can settle when the stream is silent."""
    if not order.is_there:
        return False
    intent = order.intent
    at_once = intent.order_type is MARKET or intent.time_in_force in _AT_ONCE
    return at_once or order.is_short or order.end is not None or order.cancelling or order.is_changing


def _pause_s(left_s: float, wait_s: float, *, closed: bool, late: bool) -> float:
    """Return how long to wait before the next round: never past the end of the window, so that it ends soon."""
    if late:
        return _SLOW_S
    if closed:
        return min(wait_s, 1.0)
    return max(0.001, min(wait_s, left_s + 0.001))
