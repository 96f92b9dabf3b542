"""What OKX shows of orders, algo orders and fills: a row of each, as REST and the streams have it."""

from decimal import Decimal

from messages.units import Liquidity, OrderType, Side, TradeType, plain
from ops.testbed.exchange.okx.wording import INST_TYPES, Row, size
from ops.testbed.exchange.values import ZERO, Order, Position, Status, Trade, Why

ALGO = "algo"
"""Word of an order that was placed as an algo order: sl, tp, trigger or move_order_stop."""
_CANCEL_SOURCES = {
    Why.USER: ("1", "Order canceled by user"),
    Why.REDUCE_ONLY: ("2", "The reduce-only order was canceled as it would open a position"),
    Why.NO_FUNDS: ("9", "Insufficient balance"),
    Why.WHOLE: ("13", "FOK order was canceled due to incompletely filled"),
    Why.IMMEDIATE: ("14", "IOC order was partially canceled due to incompletely filled"),
    Why.PRICE_BAND: ("15", "The order price is beyond the limit"),
    Why.POST_ONLY: ("31", "The post-only order will take liquidity in taker orders"),
    Why.SELF_TRADE: ("32", "Self trade prevention"),
}
_SOURCES = {"sl": "7", "tp": "7", "trigger": "6", "move_order_stop": "25"}
_ALGO_STATES = {Status.WAITING: "live", Status.TRIGGERED: "effective", Status.REJECTED: "order_failed"}
_NOTHING_ATTACHED: Row = {
    "attachAlgoClOrdId": "",
    "attachAlgoOrds": [],
    "linkedAlgoOrd": {"algoId": ""},
    "slOrdPx": "",
    "slTriggerPx": "",
    "slTriggerPxType": "",
    "tpOrdPx": "",
    "tpTriggerPx": "",
    "tpTriggerPxType": "",
}
_FAIL_CODES = {Why.NO_FUNDS: "51008", Why.REDUCE_ONLY: "51169"}


def is_algo(order: Order) -> bool:
    """Whether it is an algo order, and not what one became."""
    return order.trigger is not None


def state(order: Order) -> str:
    """Return the state of a plain order."""
    if order.status is Status.FILLED:
        return "filled"
    if order.ended:
        return "canceled"
    return "partially_filled" if order.filled else "live"


def order_row(order: Order, *, parent: Order | None, last: Trade | None, leverage: Decimal) -> Row:
    """Return a plain order.

    Args:
        order: It.
        parent: The algo order that it was, if it was one.
        last: Its latest fill, where that is to be shown.
        leverage: Of a perp.
    """
    is_perp = order.market.product is TradeType.PERP
    fee_asset = _fee_asset(order)
    return {
        "instType": INST_TYPES[order.market.product],
        "instId": order.market.symbol,
        "ordId": order.order_id,
        "clOrdId": order.client_order_id,
        "tag": order.words.get("tag", ""),
        "algoId": parent.order_id if parent else "",
        "algoClOrdId": parent.client_order_id if parent else "",
        "ordType": order_type(order),
        "side": order.side.value.lower(),
        "posSide": "net" if is_perp else "",
        "tdMode": order.words.get("tdMode", ""),
        "ccy": "",
        "tgtCcy": order.words.get("tgtCcy", ""),
        "tradeQuoteCcy": order.market.quote,
        "px": "" if order.price is None else plain(order.price),
        "pxType": "",
        "pxUsd": "",
        "pxVol": "",
        "sz": size(order.amount, order.market) if order.quote_amount is None else plain(order.quote_amount),
        "accFillSz": size(order.filled, order.market),
        "avgPx": "" if order.average is None else plain(order.average.normalize()),
        **_last_fill(last),
        "lever": plain(leverage) if is_perp else "",
        **_state(order),
        "fee": plain(-order.fees.get(fee_asset, ZERO)),
        "feeCcy": fee_asset,
        "rebate": "0",
        "rebateCcy": order.market.quote,
        "pnl": "0",
        "reduceOnly": "true" if order.reduce_only else "false",
        "isTpLimit": "false",
        "quickMgnType": "",
        **_NOTHING_ATTACHED,
        "source": _SOURCES.get(parent.words.get(ALGO, ""), "13") if parent else "",
        "stpId": "",
        "stpMode": "cancel_maker",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def _state(order: Order) -> Row:
    source, reason = _CANCEL_SOURCES.get(order.why, ("0", "Order canceled by system"))
    cancelled = state(order) == "canceled"
    return {
        "state": state(order),
        "category": "full_liquidation" if order.why is Why.LIQUIDATION else "normal",
        "cancelSource": source if cancelled else "",
        "cancelSourceReason": reason if cancelled else "",
    }


def order_type(order: Order) -> str:
    """Return the type of a plain order; of what an algo order became, what it is now."""
    if order.parent_id:
        return "market" if order.type is OrderType.MARKET else "limit"
    return order.words.get("ordType", "limit")


def _fee_asset(order: Order) -> str:
    if order.market.product is TradeType.SPOT and order.side is Side.BUY:
        return order.market.base
    return order.market.quote


def _last_fill(last: Trade | None) -> Row:
    if last is None:
        return {"fillPx": "", "fillSz": "0", "fillTime": "", "tradeId": ""}
    return {
        "fillPx": plain(last.price),
        "fillSz": size(last.amount, last.market),
        "fillTime": str(last.at_ms),
        "tradeId": last.trade_id,
    }


def pushed_order(row: Row, order: Order, trade: Trade | None, *, amended: bool) -> Row:
    """Return what the orders channel adds to the row of a plain order: the fill of this update alone."""
    fill: Row = {
        "execType": "",
        "fillFee": "0",
        "fillFeeCcy": "",
        "fillPnl": "0",
        "fillNotionalUsd": "",
    }
    if trade is not None:
        fill = {
            "execType": _exec_type(trade),
            "fillFee": plain(-trade.fee),
            "fillFeeCcy": trade.fee_asset,
            "fillPnl": plain(trade.realised),
            "fillNotionalUsd": plain(trade.price * trade.amount),
        }
    worth = (order.price or order.average or ZERO) * order.amount
    return {
        **row,
        **fill,
        "amendResult": "0" if amended else "",
        "amendSource": "1" if amended else "",
        "reqId": "",
        "code": "0",
        "msg": "",
        "lastPx": "" if trade is None else plain(trade.price),
        "notionalUsd": plain(worth),
    }


def _exec_type(trade: Trade) -> str:
    return "M" if trade.liquidity is Liquidity.MAKER else "T"


def algo_row(order: Order) -> Row:
    """Return an algo order."""
    trigger, kind = order.trigger, order.words.get(ALGO, "")
    at = "" if trigger is None or trigger.price is None else plain(trigger.price)
    by = "" if trigger is None else trigger.by.value.lower()
    to = "-1" if order.price is None else plain(order.price)
    conditional = kind in ("sl", "tp")
    trails = kind == "move_order_stop" and trigger is not None
    row: Row = {
        "instType": INST_TYPES[order.market.product],
        "instId": order.market.symbol,
        "algoId": order.order_id,
        "algoClOrdId": order.client_order_id,
        "clOrdId": "",
        "tag": order.words.get("tag", ""),
        "ordId": order.child_id,
        "ordIdList": [order.child_id] if order.child_id else [],
        "ordType": "conditional" if conditional else kind,
        "side": order.side.value.lower(),
        "posSide": "net" if order.market.product is TradeType.PERP else "",
        "tdMode": order.words.get("tdMode", ""),
        "ccy": "",
        "tgtCcy": order.words.get("tgtCcy", ""),
        "tradeQuoteCcy": order.market.quote,
        "sz": "" if order.close_position else size(order.amount, order.market),
        "closeFraction": "1" if order.close_position else "",
        "state": _ALGO_STATES.get(order.status, "canceled"),
        "failCode": _FAIL_CODES.get(order.why, "") if order.status is Status.REJECTED else "",
        "lever": "",
        "triggerPx": at if kind == "trigger" else "",
        "triggerPxType": by if kind == "trigger" else "",
        "ordPx": to if kind == "trigger" else "",
        "callbackRatio": _plain(trigger.trail_rate) if trails and trigger else "",
        "callbackSpread": _plain(trigger.trail_distance) if trails and trigger else "",
        "activePx": _plain(trigger.activation) if trails and trigger else "",
        "moveTriggerPx": at if trails else "",
        "actualSz": size(order.amount, order.market) if order.child_id else "0",
        "actualPx": at if order.child_id else "",
        "actualSide": kind if conditional and order.child_id else "",
        "triggerTime": str(order.updated_ms) if order.triggered else "",
        "reduceOnly": "true" if order.reduce_only else "false",
        "last": "",
        "attachAlgoOrds": [],
        "linkedOrd": {"ordId": ""},
        "amendPxOnTriggerType": "0",
        "isTradeBorrowMode": "",
        "quickMgnType": "",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }
    for own in ("sl", "tp"):
        mine = kind == own
        row[f"{own}TriggerPx"] = at if mine else ""
        row[f"{own}TriggerPxType"] = by if mine else ""
        row[f"{own}OrdPx"] = to if mine else ""
    return row


def _plain(value: Decimal | None) -> str:
    return "" if value is None else plain(value)


def pushed_algo(row: Row) -> Row:
    """Return what the channels of algo orders add to a row."""
    return {**row, "amendResult": "", "reqId": "", "notionalUsd": "", "count": "", "pTime": row["uTime"]}


def fill_row(trade: Trade) -> Row:
    """Return a fill."""
    is_perp = trade.market.product is TradeType.PERP
    rate = trade.market.maker if trade.liquidity is Liquidity.MAKER else trade.market.taker
    return {
        "instType": INST_TYPES[trade.market.product],
        "instId": trade.market.symbol,
        "tradeId": trade.trade_id,
        "ordId": trade.order_id,
        "clOrdId": trade.client_order_id,
        "billId": str(bill_id(trade)),
        "subType": "1" if trade.side is Side.BUY else "2",
        "tag": "",
        "fillPx": plain(trade.price),
        "fillSz": size(trade.amount, trade.market),
        "fillIdxPx": "",
        "fillPnl": plain(trade.realised),
        "fillPxVol": "",
        "fillPxUsd": "",
        "fillMarkVol": "",
        "fillFwdPx": "",
        "fillMarkPx": "",
        "side": trade.side.value.lower(),
        "posSide": "net",
        "execType": _exec_type(trade),
        "feeCcy": trade.fee_asset,
        "fee": plain(-trade.fee),
        "feeRate": "" if is_perp else plain(-rate),
        "ts": str(trade.at_ms),
        "fillTime": str(trade.at_ms),
        "tradeQuoteCcy": trade.market.quote,
    }


def bill_id(trade: Trade) -> int:
    """Return the number that pages of fills go by."""
    return trade.serial


def position_row(position: Position, *, mark: Decimal, last: Decimal, at_ms: int) -> Row:
    """Return a position."""
    market, quantity = position.market, position.quantity
    upl = quantity * (mark - position.entry_price)
    notional = abs(quantity) * mark
    tier = next((each for each in market.tiers if notional <= each.up_to), None)
    initial = notional / position.leverage
    return {
        "instType": INST_TYPES[market.product],
        "instId": market.symbol,
        "mgnMode": "cross",
        "posId": f"{market.symbol}-{position.uid}",
        "posSide": "net",
        "pos": size(quantity, market),
        "availPos": size(quantity, market),
        "posCcy": "",
        "ccy": market.quote,
        "avgPx": plain(position.entry_price.normalize()) if quantity else "",
        "markPx": plain(mark),
        "last": plain(last),
        "lever": plain(position.leverage),
        "liqPx": "",
        "upl": _money(upl),
        "uplRatio": _money(upl / initial) if initial else "0",
        "imr": _money(initial),
        "mmr": _money(notional * tier.rate - tier.deduction) if tier else "0",
        "margin": "",
        "mgnRatio": "",
        "notionalUsd": _money(notional),
        "realizedPnl": _money(position.realised),
        "pnl": "0",
        "fee": "0",
        "fundingFee": "0",
        "liqPenalty": "0",
        "interest": "0",
        "adl": "1",
        "tradeId": "",
        "idxPx": plain(mark),
        "bePx": "",
        "usdPx": "1",
        "closeOrderAlgo": [],
        "cTime": str(position.opened_ms),
        "uTime": str(position.updated_ms),
        "pTime": str(at_ms),
    }


def _money(value: Decimal) -> str:
    return plain(value.quantize(Decimal("1e-12")))
