"""Orders: placing, changing, cancelling. Answers hold ids alone: what became of it comes by frames and look-ups."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeVar

from messages.units import OrderType, Side, TimeInForce, TradeType, TriggerBy
from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.bybit.settings import is_hedged
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market, Order, Placement, SelfTrade, Status, Trigger

T = TypeVar("T")
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_SIDES: Mapping[str, Side] = {"Buy": Side.BUY, "Sell": Side.SELL}
_TYPES: Mapping[str, OrderType] = {"Limit": OrderType.LIMIT, "Market": OrderType.MARKET}
_TIFS: Mapping[str, TimeInForce] = {
    "GTC": TimeInForce.GTC,
    "PostOnly": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
}
_SMP: Mapping[str, SelfTrade] = {
    "None": SelfTrade.NONE,
    "CancelMaker": SelfTrade.EXPIRE_MAKER,
    "CancelTaker": SelfTrade.EXPIRE_TAKER,
    "CancelBoth": SelfTrade.EXPIRE_BOTH,
}
_TRIGGER_BY: Mapping[str, TriggerBy] = {
    "LastPrice": TriggerBy.LAST,
    "IndexPrice": TriggerBy.MARK,
    "MarkPrice": TriggerBy.MARK,
}
_STOPS = frozenset({"StopOrder", "tpslOrder"})


def create(asked: Asked) -> Result:
    """POST /v5/order/create."""
    return _ids(asked.engine.place(asked.uid, _placement(asked)))


def _ids(order: Order) -> Result:
    return {"orderId": order.order_id, "orderLinkId": order.client_order_id}


def _placement(asked: Asked) -> Placement:
    product = asked.traded
    market = asked.market(product)
    side = _of(_SIDES, asked, "side")
    kind = _of(_TYPES, asked, "orderType")
    is_limit = kind is OrderType.LIMIT
    tif = _of(_TIFS, asked, "timeInForce", "GTC") if is_limit else TimeInForce.GTC
    price = asked.number("price") if is_limit else None
    if is_limit and price is None:
        raise RejectError(Reject.MISSING_PARAMETER, "price")
    amount, quote_amount, closes = _size(asked, product, side, kind)
    stop, trigger = _trigger(asked, market)
    if product is TradeType.PERP:
        _check_mode(asked, market)
    return Placement(
        market=market,
        side=side,
        type=kind,
        amount=amount,
        quote_amount=quote_amount,
        price=price,
        tif=tif,
        post_only=is_limit and asked.text("timeInForce") == "PostOnly",
        reduce_only=product is TradeType.PERP and asked.flag("reduceOnly"),
        close_position=closes,
        client_order_id=_client_id(asked),
        trigger=trigger,
        self_trade=_of(_SMP, asked, "smpType", "None"),
        max_slippage=_slippage(asked, market),
        words={"smpType": asked.text("smpType", "None"), **({"stopOrderType": stop} if stop else {})},
    )


def _of(words: Mapping[str, T], asked: Asked, name: str, default: str = "") -> T:
    """Return what a word stands for. Raises `RejectError`."""
    word = asked.text(name, default) if default else asked.needed(name)
    if word not in words:
        raise RejectError(Reject.BAD_PARAMETER, name)
    return words[word]


def _client_id(asked: Asked) -> str:
    found = asked.text("orderLinkId")
    if found and not _CLIENT_ID.fullmatch(found):
        raise RejectError(Reject.BAD_CLIENT_ID, "orderLinkId")
    return found


def _size(asked: Asked, product: TradeType, side: Side, kind: OrderType) -> tuple[Decimal | None, Decimal | None, bool]:
    """Return amount, amount in quote, and whether the whole position is to be closed."""
    quantity = asked.number("qty")
    if quantity is None:
        raise RejectError(Reject.MISSING_PARAMETER, "qty")
    if product is TradeType.PERP:
        closes = not quantity and asked.flag("reduceOnly") and asked.flag("closeOnTrigger")
        return (None, None, True) if closes else (quantity, None, False)
    # A market buy on spot is by value unless it says otherwise.
    unit = asked.text("marketUnit", "quoteCoin" if side is Side.BUY else "baseCoin")
    if unit not in {"baseCoin", "quoteCoin"}:
        raise RejectError(Reject.BAD_PARAMETER, "marketUnit")
    by_value = kind is OrderType.MARKET and unit == "quoteCoin"
    return (None, quantity, False) if by_value else (quantity, None, False)


def _trigger(asked: Asked, market: Market) -> tuple[str, Trigger | None]:
    """Return what a conditional order waits for, with the venue's word for its kind.

    On spot only with an orderFilter (without one the trigger price is passed over), and from whichever side the market
    stands on; perps say the direction.
    """
    price = asked.number("triggerPrice")
    if market.product is TradeType.SPOT:
        kind = asked.text("orderFilter", "Order")
        if kind not in _STOPS:
            return "", None
        if price is None:
            raise RejectError(Reject.MISSING_PARAMETER, "triggerPrice")
        rising = price > asked.engine.ticker(market).last
        return ("tpslOrder" if kind == "tpslOrder" else "Stop"), Trigger(by=TriggerBy.LAST, rising=rising, price=price)
    if not price:
        return "", None
    direction = asked.integer("triggerDirection")
    if direction not in {1, 2}:
        raise RejectError(Reject.BAD_PARAMETER, "triggerDirection")
    return "Stop", Trigger(by=_of(_TRIGGER_BY, asked, "triggerBy", "LastPrice"), rising=direction == 1, price=price)


def _slippage(asked: Asked, market: Market) -> Decimal | None:
    """Return how far from the best price a market order may go, as a fraction."""
    value = asked.number("slippageTolerance")
    if value is None:
        return None
    if asked.text("slippageToleranceType") == "TickSize":
        return value * market.tick / asked.engine.ticker(market).last
    return value / 100


def _check_mode(asked: Asked, market: Market) -> None:
    """Raise where the position index does not fit the account's mode; in hedge mode no order is taken here."""
    index = asked.integer("positionIdx") or 0
    if is_hedged(asked, market):
        raise RejectError(Reject.POSITION_SIDE if index == 0 else Reject.UNSUPPORTED, "positionIdx")
    if index != 0:
        raise RejectError(Reject.POSITION_SIDE, "positionIdx")


def _meant(asked: Asked) -> tuple[Market, str, str]:
    """Return market, order id and client id; the first goes before the second."""
    market = asked.market(asked.traded)
    order_id, client_order_id = asked.text("orderId"), asked.text("orderLinkId")
    if not order_id and not client_order_id:
        raise RejectError(Reject.MISSING_PARAMETER, "orderId or orderLinkId")
    return market, order_id, "" if order_id else client_order_id


def cancel(asked: Asked) -> Result:
    """POST /v5/order/cancel. On spot an order is found among those of its filter alone."""
    market, order_id, client_order_id = _meant(asked)
    if market.product is TradeType.SPOT:
        order = asked.engine.find(asked.uid, market, order_id=order_id, client_order_id=client_order_id)
        if order is not None and not order.ended and not _in_filter(order, asked.text("orderFilter", "Order")):
            raise RejectError(Reject.ORDER_UNKNOWN, order.order_id)
    return _ids(asked.engine.cancel(asked.uid, market, order_id=order_id, client_order_id=client_order_id))


def _in_filter(order: Order, kind: str) -> bool:
    """Return whether an order is of a filter: a conditional one is an active order once it was triggered."""
    if order.status is not Status.WAITING:
        return kind == "Order"
    return kind == ("tpslOrder" if order.words.get("stopOrderType") == "tpslOrder" else "StopOrder")


def amend(asked: Asked) -> Result:
    """POST /v5/order/amend."""
    market, order_id, client_order_id = _meant(asked)
    amount = asked.number("qty")
    before = asked.engine.find(asked.uid, market, order_id=order_id, client_order_id=client_order_id)
    if before is not None and not before.ended and amount is not None and amount <= before.filled:
        raise RejectError(Reject.NOT_AMENDABLE, "qty")
    return _ids(
        asked.engine.amend(
            asked.uid,
            market,
            order_id=order_id,
            client_order_id=client_order_id,
            price=asked.number("price"),
            amount=amount,
            trigger_price=asked.number("triggerPrice"),
        )
    )


def cancel_all(asked: Asked) -> Result:
    """POST /v5/order/cancel-all. Spot leaves conditional orders unless its filter says otherwise; perps take all."""
    product = asked.traded
    market = asked.market_or_none(product)
    kind = asked.text("orderFilter")
    if product is TradeType.PERP and not (market or asked.text("baseCoin") or asked.text("settleCoin")):
        raise RejectError(Reject.MISSING_PARAMETER, "symbol, baseCoin or settleCoin")
    waiting: bool | None = None
    if kind:
        waiting = kind != "Order"
    elif product is TradeType.SPOT:
        waiting = False
    markets: list[Market | None] = [market]
    if market is None and asked.text("baseCoin"):
        markets = [each for each in asked.engine.markets.values() if each.base == asked.text("baseCoin")]
    ended = [
        order
        for each in markets
        if each is None or each.product is product
        for order in asked.engine.cancel_all(asked.uid, product, each, waiting=waiting)
    ]
    return {"list": [_ids(order) for order in ended], "success": "1"}
