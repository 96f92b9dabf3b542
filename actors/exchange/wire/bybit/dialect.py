"""The dialect of Bybit v5: a unified account, spot and USDT perpetuals in one-way mode."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from actors.exchange.wire.buckets import Bucket
from actors.exchange.wire.bybit import account, answers, errors, frames, orders
from actors.exchange.wire.bybit.limits import BUCKETS
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
    Update,
    Verdict,
)
from messages.orders import OrderSubmitted
from messages.units import BaseAmount, InstrumentId, OrderId, Price, TradeType, VenueName


class Bybit:
    """Puts the parts together; see `Dialect`.

    How long a request is valid is no parameter of it: it goes in the header X-BAPI-RECV-WINDOW, of all requests alike.
    """

    venue = VenueName("bybit")
    buckets: Mapping[str, tuple[Bucket, ...]] = BUCKETS

    def place(self, intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:
        del now_ms, validity_ms
        return orders.place(intent, market)

    def placed(self, answer: object, intent: OrderSubmitted, market: Market) -> Placed:
        del market
        return orders.placed(answer, intent)

    def cancel(self, order: Known, market: Market) -> Call:
        return orders.cancel(order, market)

    def cancelled(self, answer: object, order: Known, market: Market) -> None:
        del market
        orders.acknowledged(answer, order.intent.client_order_id, order.order_id)

    def amend(
        self, order: Known, market: Market, *, price: Price, amount: BaseAmount, now_ms: int, validity_ms: int
    ) -> Call:
        del now_ms, validity_ms
        return orders.amend(order, market, price=price, amount=amount)

    def amended(self, answer: object, order: Known, market: Market) -> SeenOrder | None:
        del market
        orders.acknowledged(answer, order.intent.client_order_id, order.order_id)
        return None

    def look_up(self, order: Known, market: Market) -> Sequence[Query[SeenOrder]]:
        return answers.look_up(order, market)

    def look_up_by_id(self, order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:
        return answers.look_up_by_id(order_id, market)

    def open_orders(self, markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:
        return answers.open_orders(markets)

    def trades_of(self, order: Known, market: Market) -> Sequence[Query[SeenTrade]]:
        return answers.trades_of(order, market)

    def trades_since(self, market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:
        return answers.trades_since(market, since_ms=since_ms, now_ms=now_ms)

    def balances(self, markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:
        return account.balances(markets)

    def positions(self, markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:
        return account.positions(markets)

    def funding_since(self, markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:
        return account.funding_since(markets, since_ms=since_ms, now_ms=now_ms)

    def transfers_since(
        self, markets: Sequence[Market], *, since_ms: int, now_ms: int
    ) -> Sequence[Query[SeenTransfer]]:
        return account.transfers_since(markets, since_ms=since_ms, now_ms=now_ms)

    def account(self, markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:
        return account.account(markets)

    def set_one_way(self, market: Market) -> Sequence[Call]:
        return account.set_one_way(market)

    def set_cross(self, market: Market) -> Sequence[Call]:
        return account.set_cross(market)

    def set_leverage(self, market: Market, leverage: Decimal) -> Sequence[Call]:
        return account.set_leverage(market, leverage)

    def leverage(self, markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:
        return account.leverage(markets)

    def lasts_ms(self, intent: OrderSubmitted, validity_ms: int) -> int:  # noqa: ARG002 - all orders alike
        """How long after it was signed a request to place this order may still arrive and be taken."""
        return validity_ms

    def server_time(self) -> Query[int]:
        return account.server_time()

    def judge(self, failure: Failure) -> Verdict:
        return errors.judge(failure)

    def frame(self, message: object, markets: Mapping[tuple[TradeType, str], Market]) -> Update:
        return frames.frame(message, markets)
