"""The dialect of Binance: the parts put together as the contract wants them.

What a client must do beside it: sign with ccxt's implicit methods, and let ccxt's `recvWindow` option stand for
requests that bring none. ccxt's broker ids never go out, as every order has a client id.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.exchange.wire.binance import accounts, answers, errors, frames, ledgers, limits, orders, reads
from actors.exchange.wire.binance.fields import Fields
from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.contract import (
    Call,
    Failure,
    Known,
    Market,
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
    Update,
    Verdict,
)
from messages.orders import OrderSubmitted
from messages.units import BaseAmount, InstrumentId, OrderId, Price, TradeType, VenueName


class Binance:
    """Binance as `Dialect` has it."""

    venue: VenueName = VenueName("binance")
    buckets: Mapping[str, tuple[Bucket, ...]] = limits.BUCKETS

    def place(self, intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:  # noqa: ARG002
        """Place the order; the window in which the venue takes it counts from the time of ccxt's signature."""
        return orders.place(intent, market, validity_ms=validity_ms)

    def placed(self, answer: Any, intent: OrderSubmitted, market: Market) -> Placed:  # noqa: ANN401 - decoded JSON
        return answers.placed(answer, intent, market, algo=orders.is_algo(intent, market))

    def cancel(self, order: Known, market: Market) -> Call:
        return orders.cancel(order, market)

    def cancelled(self, answer: Any, order: Known, market: Market) -> None:  # noqa: ANN401 - decoded JSON
        algo = orders.is_algo(order.intent, market) and order.child is None
        answers.cancelled(answer, order, market, algo=algo)

    def amend(
        self,
        order: Known,
        market: Market,
        *,
        price: Price,
        amount: BaseAmount,
        now_ms: int,  # noqa: ARG002 - as for place
        validity_ms: int,
    ) -> Call:
        return orders.amend(order, market, price=price, amount=amount, validity_ms=validity_ms)

    def amended(self, answer: Any, order: Known, market: Market) -> SeenOrder | None:  # noqa: ANN401 - decoded JSON
        return answers.amended(answer, order, market)

    def look_up(self, order: Known, market: Market) -> Sequence[Query[SeenOrder]]:
        return [reads.look_up(order, market)]

    def look_up_by_id(self, order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:
        return reads.look_up_by_id(order_id, market)

    def open_orders(self, markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:
        return reads.open_orders(markets)

    def trades_of(self, order: Known, market: Market) -> Sequence[Query[SeenTrade]]:
        return reads.trades_of(order, market)

    def trades_since(self, market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:
        return [reads.trades_since(market, since_ms=since_ms, now_ms=now_ms)]

    def balances(self, markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:
        return accounts.balances(markets)

    def positions(self, markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:
        return accounts.positions(markets)

    def funding_since(self, markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:
        return ledgers.funding_since(markets, since_ms=since_ms, now_ms=now_ms)

    def transfers_since(
        self, markets: Sequence[Market], *, since_ms: int, now_ms: int
    ) -> Sequence[Query[SeenTransfer]]:
        return ledgers.transfers_since(markets, since_ms=since_ms, now_ms=now_ms)

    def account(self, markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:
        return accounts.account(markets)

    def set_one_way(self, market: Market) -> Sequence[Call]:
        return accounts.set_one_way(market)

    def set_cross(self, market: Market) -> Sequence[Call]:
        return accounts.set_cross(market)

    def set_leverage(self, market: Market, leverage: Decimal) -> Sequence[Call]:
        return accounts.set_leverage(market, leverage)

    def leverage(self, markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:
        return accounts.leverage(markets)

    def lasts_ms(self, intent: OrderSubmitted, validity_ms: int) -> int:  # noqa: ARG002 - all orders alike
        """How long after it was signed a request to place this order may still arrive and be taken."""
        return validity_ms

    def server_time(self) -> Query[int]:
        call = Call(api="publicGetTime", params={}, group=limits.SPOT_WEIGHT)
        return Query(call=call, read=lambda answer: Page(items=(Fields(answer, "server time").whole("serverTime"),)))

    def judge(self, failure: Failure) -> Verdict:
        return errors.judge(failure)

    def frame(self, message: Any, markets: Mapping[tuple[TradeType, str], Market]) -> Update:  # noqa: ANN401 - as above
        return frames.frame(message, markets)
