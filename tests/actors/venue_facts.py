"""Samples of what live venues report beside our own orders, with defaults."""

from decimal import Decimal

from messages.live import (
    Adjustment,
    BalanceAdjusted,
    ForeignOrderSeen,
    ForeignTrade,
    OpeningPosition,
)
from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderId,
    Price,
    Side,
    TradeId,
    VenueName,
)
from tests.actors.builders import PERP_ID

D = Decimal


def foreign_trade(
    amount: str = "1",
    price: str = "2000",
    *,
    side: str = "BUY",
    fee: str = "0",
    fee_asset: str = "USDT",
    of: InstrumentId = PERP_ID,
    trade: str = "f1",
) -> ForeignTrade:
    return ForeignTrade(
        venue=VenueName(of.partition(":")[0]),
        instrument=of,
        side=Side(side),
        amount=BaseAmount(D(amount)),
        price=Price(D(price)),
        fee=Amount(D(fee)),
        fee_asset=Asset(fee_asset),
        liquidity=Liquidity.TAKER,
        order_id=OrderId("9"),
        client_order_id=ClientOrderId(""),
        trade_id=TradeId(trade),
    )


def opening_position(quantity: str = "2", price: str = "1900", *, of: InstrumentId = PERP_ID) -> OpeningPosition:
    return OpeningPosition(
        venue=VenueName(of.partition(":")[0]),
        instrument=of,
        quantity=BaseAmount(D(quantity)),
        entry_price=Price(D(price)),
    )


def adjusted(
    amount: str = "500",
    asset: str = "USDT",
    *,
    venue: str = "bybit",
    reference: str = "r1",
    reason: Adjustment = Adjustment.DEPOSIT,
) -> BalanceAdjusted:
    return BalanceAdjusted(
        venue=VenueName(venue),
        account=AccountName(venue),
        asset=Asset(asset),
        amount=Amount(D(amount)),
        reason=reason,
        reference=reference,
        detail="",
    )


def foreign_order(order: str = "9", *, of: InstrumentId = PERP_ID) -> ForeignOrderSeen:
    return ForeignOrderSeen(
        venue=VenueName(of.partition(":")[0]),
        instrument=of,
        order_id=OrderId(order),
        client_order_id=ClientOrderId(""),
        side=Side.BUY,
        amount=BaseAmount(D(1)),
        price=Price(D(1800)),
        cancelled=False,
    )
