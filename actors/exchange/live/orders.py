"""Placing, cancelling and changing orders. What was sent is sent again only if the venue certainly never had it.

A request that may have been done leaves an order of unknown outcome, which is looked for and never placed again. A
cancel is another matter: it names one order and may be repeated until that order is gone, so it is; whether the venue
says "cancelled" or "no such order", only a look tells what the order came to, with all its fills.
"""

import asyncio

from actors.exchange.live.desk import Desk
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.evidence import Tracked
from actors.exchange.live.looking import Looker
from actors.exchange.live.ports import Urgency, Venue
from actors.exchange.live.stages import Stage
from actors.exchange.reports import amend_rejected, cancel_rejected
from actors.exchange.wire.contract import (
    Failure,
    Market,
    NotSupportedError,
    Placed,
    UnreadableAnswerError,
    VenueRefusalError,
    Verdict,
)
from messages.orders import AmendSubmitted, CancelSubmitted, OrderSubmitted
from messages.units import GTC, MARKET, ClientOrderId, Seq

_NOT_TAKEN = frozenset({Verdict.NOT_SENT, Verdict.THROTTLED, Verdict.CLOCK})
_DEFINITE = frozenset({Verdict.REJECTED, Verdict.FORBIDDEN})
_GONE = frozenset({Verdict.ABSENT, Verdict.ENDED})
NOT_OPEN = "there is no such open order"


class Brake:
    """Stops all placing; pulled in one epoch, it holds in all that follow.

    Attributes:
        reason: Why nothing new is placed, or None.
    """

    def __init__(self) -> None:
        self.reason: str | None = None


class Orders:
    """Does what the engine asks for."""

    def __init__(self, venue: Venue, *, desk: Desk, looker: Looker, brake: Brake) -> None:
        self._dialect, self._connection, self._options, self._engine = venue
        self._desk = desk
        self._looker = looker
        self._brake = brake
        self._placing: dict[ClientOrderId, asyncio.Event] = {}

    # --- placing -----------------------------------------------------------------------------------------------------

    async def place(self, intent: OrderSubmitted, cause: Seq | None) -> None:
        """Place an order, unless this process has begun to before."""
        order = self._desk.orders.get(intent.client_order_id)
        if order is None:
            if self._desk.was_over(intent.client_order_id):
                return
            order = Tracked(intent, cause=cause)
            self._desk.take(order)
        if order.stage is not Stage.FOLLOWED:
            return
        order.cause, order.stage = cause, Stage.SENDING
        if self._brake.reason is not None:
            self._desk.tell(order, order.reject(by="execd", reason="HALTED", detail=self._brake.reason))
            return
        market = self._desk.markets[intent.instrument]
        done = self._placing[intent.client_order_id] = asyncio.Event()
        try:
            placed = await self._sent(order, market)
        except NotSupportedError as error:
            self._desk.tell(order, order.reject(by="execd", reason="NOT_SUPPORTED", detail=str(error)))
        except (RequestFailedError, VenueRefusalError) as error:
            self._not_placed(order, error.failure)
        except UnreadableAnswerError as error:
            self._lost(order, f"the answer can't be read: {error}")
        else:
            self._placed(order, placed)
        finally:
            del self._placing[intent.client_order_id]
            done.set()

    async def _sent(self, order: Tracked, market: Market) -> Placed:
        now, began_s = self._connection.now_ms(), asyncio.get_running_loop().time()
        order.first_ms = order.sent_ms = now
        validity = self._options.validity_ms
        call = self._dialect.place(order.intent, market, now_ms=now, validity_ms=validity)
        try:
            answer = await self._connection.send_surely_once(call, urgency=Urgency.ORDER, deadline_ms=now + validity)
        finally:
            # Our clock may have been set right on the way: what is found must fit the right one.
            took_ms = round((asyncio.get_running_loop().time() - began_s) * 1000)
            order.first_ms = min(order.first_ms, self._connection.now_ms() - took_ms)
        return self._dialect.placed(answer, order.intent, market)

    def _placed(self, order: Tracked, placed: Placed) -> None:
        self._desk.accepted(order)
        self._desk.tell(order, order.on_placed(placed.order_id))
        for trade in placed.trades:
            self._desk.tell(order, order.on_trade(trade))
        if placed.seen is not None:
            self._desk.tell(order, order.on_order(placed.seen))
        if order.is_there and (order.cancelling or not _rests(order)):
            self._looker.attend(order)

    def _not_placed(self, order: Tracked, failure: Failure) -> None:
        verdict = self._dialect.judge(failure)
        if order.is_there:  # it was seen meanwhile, whatever the answer is about
            self._lost(order, failure.text)
        elif verdict in _NOT_TAKEN:
            detail = f"not taken by the venue in {self._options.validity_ms} ms: {failure.text}"
            self._desk.tell(order, order.reject(by="execd", reason="NOT_SENT", detail=detail))
        elif verdict in _DEFINITE:
            reason = failure.code or "REJECTED"
            self._desk.tell(order, order.reject(by="venue", reason=reason, detail=failure.text))
        else:
            self._lost(order, f"{verdict.value}: {failure.text}")

    def _lost(self, order: Tracked, reason: str) -> None:
        # A request that was repeated may have been taken at any of its attempts: the window starts at the latest.
        order.sent_ms = self._connection.now_ms()
        self._desk.tell(order, order.lose(reason))
        self._looker.resolve(order)

    def crashed(self, order: Tracked, error: BaseException, *, alive: bool) -> None:
        """A request to place an order ended in an exception of ours, or was cancelled: it may have been sent."""
        if not order.is_sending:
            return
        order.sent_ms = self._connection.now_ms()
        self._desk.tell(order, order.lose(f"{type(error).__name__} while it was sent"))
        if alive:
            self._looker.resolve(order)

    # --- cancelling --------------------------------------------------------------------------------------------------

    async def cancel(self, wanted: CancelSubmitted, cause: Seq | None) -> None:
        """Cancel an order: the answer comes with its end, or says that there is nothing to cancel."""
        order = self._desk.orders.get(wanted.client_order_id)
        if order is None or (order.cancelling and not order.recalled):
            reason = NOT_OPEN if order is None else "another cancel of it is under way"
            self._engine(cancel_rejected(wanted, reason), cause)
            return
        order.cancelling, order.recalled = True, False
        await self.cancel_now(order)

    async def cancel_now(self, order: Tracked) -> None:
        """Send the cancel of an order that was asked for. `Looker` sees to the rest."""
        market = self._desk.markets[order.intent.instrument]
        try:
            call = self._dialect.cancel(order.known, market)
            answer = await self._connection.send(call, urgency=Urgency.CONTROL)
            self._dialect.cancelled(answer, order.known, market)
        except NotSupportedError as error:
            self._desk.tell(order, order.refuse_cancel(str(error)))
        except (RequestFailedError, VenueRefusalError) as error:
            verdict = self._dialect.judge(error.failure)
            order.gone = verdict in _GONE
            if verdict in _DEFINITE and order.is_there:
                self._desk.tell(order, order.refuse_cancel(f"{error.failure.code} {error.failure.text}".strip()))
        except UnreadableAnswerError:
            pass  # a look tells
        if order.is_there:
            self._looker.attend(order)
        elif order.is_unknown:
            self._looker.resolve(order)

    async def cancel_all(self) -> None:
        """Cancel every order of ours that may be open, at once, past the core."""
        for order in self._desk.orders.values():
            order.cancelling = True  # of what is being sent: as soon as it is there
        open_now = [each for each in self._desk.orders.values() if each.stage in {Stage.LIVE, Stage.UNKNOWN}]
        await asyncio.gather(*(self.cancel_now(order) for order in open_now), return_exceptions=True)

    # --- changing ----------------------------------------------------------------------------------------------------

    async def amend(self, wanted: AmendSubmitted, cause: Seq | None) -> None:
        """Change an order: the answer is what a look then shows, or that the venue refused.

        One that is still being placed is changed when the venue has taken it.
        """
        order = self._desk.orders.get(wanted.client_order_id)
        placing = self._placing.get(wanted.client_order_id)
        if order is not None and order.is_sending and placing is not None:
            await placing.wait()
            order = self._desk.orders.get(wanted.client_order_id)
        if order is None or order.is_changing or not order.is_there:
            self._engine(amend_rejected(wanted, _why_not_changed(order)), cause)
            return
        market, now, validity = (
            self._desk.markets[wanted.instrument],
            self._connection.now_ms(),
            self._options.validity_ms,
        )
        order.changing = (wanted.amount, wanted.price)
        order.change_until_ms = 0
        try:
            call = self._dialect.amend(
                order.known, market, price=wanted.price, amount=wanted.amount, now_ms=now, validity_ms=validity
            )
            answer = await self._connection.send_surely_once(call, urgency=Urgency.ORDER, deadline_ms=now + validity)
            seen = self._dialect.amended(answer, order.known, market)
            if seen is not None:
                self._desk.tell(order, order.on_order(seen))
        except NotSupportedError as error:
            self._desk.tell(order, order.refuse_change(f"NOT_SUPPORTED: {error}"))
        except (RequestFailedError, VenueRefusalError) as error:
            verdict = self._dialect.judge(error.failure)
            if verdict in _DEFINITE or verdict in _NOT_TAKEN:
                self._desk.tell(order, order.refuse_change(f"{error.failure.code} {error.failure.text}".strip()))
        except UnreadableAnswerError:
            pass  # a look tells
        self.await_change(order)

    def await_change(self, order: Tracked) -> None:
        """Have a change looked for that was asked for and not answered definitely."""
        order.change_until_ms = self._connection.now_ms() + self._options.validity_ms + self._options.margin_ms
        if order.is_there and order.is_changing:
            self._looker.attend(order)


def _why_not_changed(order: Tracked | None) -> str:
    if order is None:
        return NOT_OPEN
    return "another change of it is under way" if order.is_changing else "the venue has not said that it has it"


def _rests(order: Tracked) -> bool:
    return order.intent.order_type is not MARKET and order.intent.time_in_force is GTC
