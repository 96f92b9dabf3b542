"""OKX's dialect: one unified account, spot and USDT swaps. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.contract import (
    Call,
    Failure,
    Known,
    Market,
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
from actors.exchange.wire.okx import errors, frames, orders, queries
from actors.exchange.wire.okx.limits import BUCKETS
from actors.exchange.wire.okx.values import only, optional, text
from messages.orders import OrderSubmitted
from messages.units import TRIGGERED, BaseAmount, InstrumentId, OrderId, Price, TradeType, VenueName


class Okx:
    """Speaks to OKX's v5 interface; see `actors.exchange.wire.contract.Dialect`.

    Params named `orders.EXP_TIME` and `orders.BODY` need `orders.wired` before they are signed.
    """

    venue: VenueName = VenueName("okx")
    buckets: Mapping[str, tuple[Bucket, ...]] = BUCKETS

    def place(self, intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:
        return orders.place(intent, market, now_ms=now_ms, validity_ms=validity_ms)

    def placed(self, answer: Any, intent: OrderSubmitted, market: Market) -> Placed:  # noqa: ANN401, ARG002 - contract
        row = only(answer)
        algo = intent.order_type in TRIGGERED
        named = optional(row, "algoClOrdId" if algo else "clOrdId")
        if named not in ("", intent.client_order_id):
            raise UnreadableAnswerError("okx: the answer is about another order")
        return Placed(order_id=OrderId(text(row, "algoId" if algo else "ordId")))

    def cancel(self, order: Known, market: Market) -> Call:
        return orders.cancel(order, market)

    def cancelled(self, answer: Any, order: Known, market: Market) -> None:  # noqa: ANN401, ARG002 - contract
        _same(answer, order)

    def amend(
        self, order: Known, market: Market, *, price: Price, amount: BaseAmount, now_ms: int, validity_ms: int
    ) -> Call:
        return orders.amend(order, market, price=price, amount=amount, now_ms=now_ms, validity_ms=validity_ms)

    def amended(self, answer: Any, order: Known, market: Market) -> SeenOrder | None:  # noqa: ANN401, ARG002 - contract
        _same(answer, order)
        return None  # It is taken, no more: what became of it comes by the stream or a look-up.

    def look_up(self, order: Known, market: Market) -> Sequence[Query[SeenOrder]]:
        return queries.look_up(order, market)

    def look_up_by_id(self, order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:
        return queries.look_up_by_id(order_id, market)

    def open_orders(self, markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:
        return queries.open_orders(markets)

    def trades_of(self, order: Known, market: Market) -> Sequence[Query[SeenTrade]]:
        return queries.trades_of(order, market)

    def trades_since(self, market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:
        return queries.trades_since(market, since_ms=since_ms, now_ms=now_ms)

    def balances(self, markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:  # noqa: ARG002 - one account for all
        return queries.balances()

    def positions(self, markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:
        return queries.positions(markets)

    def funding_since(self, markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:
        return queries.funding_since(markets, since_ms=since_ms, now_ms=now_ms)

    def transfers_since(
        self,
        markets: Sequence[Market],  # noqa: ARG002 - one account for all
        *,
        since_ms: int,
        now_ms: int,
    ) -> Sequence[Query[SeenTransfer]]:
        return queries.transfers_since(since_ms=since_ms, now_ms=now_ms)

    def account(self, markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:
        return queries.account(markets)

    def set_one_way(self, market: Market) -> Sequence[Call]:  # noqa: ARG002 - of the whole account
        return orders.set_one_way()

    def set_cross(self, market: Market) -> Sequence[Call]:  # noqa: ARG002 - contract
        return ()  # Every order says it: tdMode.

    def set_leverage(self, market: Market, leverage: Decimal) -> Sequence[Call]:
        return orders.set_leverage(market, leverage)

    def leverage(self, markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:
        return queries.leverage(markets)

    def lasts_ms(self, intent: OrderSubmitted, validity_ms: int) -> int:
        """How long after it was signed a request to place this order may still arrive and be taken."""
        return orders.lasts_ms(intent, validity_ms)

    def server_time(self) -> Query[int]:
        return queries.server_time()

    def judge(self, failure: Failure) -> Verdict:
        return errors.judge(failure)

    def frame(self, message: Any, markets: Mapping[tuple[TradeType, str], Market]) -> Update:  # noqa: ANN401 - contract
        return frames.frame(message, markets)


def _same(answer: Any, order: Known) -> None:  # noqa: ANN401 - decoded JSON
    """Hold the answer to a cancel or an amendment against the order that it should be about."""
    row = only(answer)
    key = "algoId" if orders.is_algo(order) else "ordId"
    named, known = text(row, key), orders.reference(order).get(key, "")
    if known not in ("", named):
        raise UnreadableAnswerError("okx: the answer is about another order")
