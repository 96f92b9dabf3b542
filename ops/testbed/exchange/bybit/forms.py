"""How Bybit writes orders, fills, positions, wallets and markets: the same rows in answers and in frames."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from messages.units import MAKER, OrderType, Side, TradeType, TriggerBy, plain
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.money import Bill
from ops.testbed.exchange.values import ZERO, Balance, Margin, Order, Position, Status, Trade, Why

Row = dict[str, object]
_PLACES = Decimal("0.00000001")
SIDES: Mapping[Side, str] = {Side.BUY: "Buy", Side.SELL: "Sell"}
CATEGORIES: Mapping[TradeType, str] = {TradeType.SPOT: "spot", TradeType.PERP: "linear"}
TRIGGER_WORDS: Mapping[TriggerBy, str] = {TriggerBy.LAST: "LastPrice", TriggerBy.MARK: "MarkPrice"}
_REASONS: Mapping[Why, tuple[str, str]] = {
    Why.NONE: ("UNKNOWN", "EC_NoError"),
    Why.USER: ("CancelByUser", "EC_PerCancelRequest"),
    Why.AMENDED: ("CancelByUser", "EC_PerCancelRequest"),
    Why.POST_ONLY: ("UNKNOWN", "EC_PostOnlyWillTakeLiquidity"),
    Why.IMMEDIATE: ("UNKNOWN", "EC_NoImmediateQtyToFill"),
    Why.NO_LIQUIDITY: ("UNKNOWN", "EC_NoImmediateQtyToFill"),
    Why.WHOLE: ("UNKNOWN", "EC_CancelForNoFullFill"),
    Why.REDUCE_ONLY: ("CancelByReduceOnly", "EC_NoError"),
    Why.SELF_TRADE: ("CancelBySmp", "EC_BySelfMatch"),
    Why.NO_FUNDS: ("CancelByCannotAffordOrderCost", "EC_NoError"),
    Why.PRICE_BAND: ("UNKNOWN", "EC_ReachRiskPriceLimit"),
    Why.DISCONNECTED: ("CancelByDCP", "EC_PerCancelRequest"),
    Why.LIQUIDATION: ("CancelAllBeforeLiq", "EC_PerCancelRequest"),
}
"""cancelType and rejectReason. Source: docs/v5/enum.mdx."""


def short(value: Decimal) -> str:
    """Return a computed number with at most eight places, as the venue shows averages and values."""
    return plain(value.quantize(_PLACES, rounding=ROUND_HALF_EVEN))


def status_of(order: Order) -> str:
    """Return the venue's word for where an order stands."""
    match order.status:
        case Status.WAITING:
            return "Untriggered"
        case Status.OPEN:
            return "PartiallyFilled" if order.filled else "New"
        case Status.FILLED:
            return "Filled"
    if order.trigger is not None and not order.triggered:
        return "Deactivated"
    if order.filled and order.market.product is TradeType.SPOT:
        return "PartiallyFilledCanceled"
    return "Cancelled"


def order_row(order: Order) -> Row:
    """Return an order."""
    cancel_type, reject_reason = _REASONS[order.why]
    market_order = order.type is OrderType.MARKET
    trigger = order.trigger
    by_quote = order.quote_amount is not None
    left = ZERO if order.ended else order.left
    row: Row = {
        "orderId": order.order_id,
        "orderLinkId": order.client_order_id,
        "blockTradeId": "",
        "symbol": order.market.symbol,
        "price": "0" if order.price is None else plain(order.price),
        "qty": plain(order.amount if order.quote_amount is None else order.quote_amount),
        "side": SIDES[order.side],
        "isLeverage": "0" if order.market.product is TradeType.SPOT else "",
        "positionIdx": 0,
        "orderStatus": status_of(order),
        "cancelType": cancel_type if order.ended else "UNKNOWN",
        "rejectReason": reject_reason if order.ended else "EC_NoError",
        "avgPrice": "" if order.average is None else short(order.average),
        "leavesQty": plain(left),
        "leavesValue": short(left * (order.price or ZERO)),
        "cumExecQty": plain(order.filled),
        "cumExecValue": short(order.filled_quote),
        "cumExecFee": short(sum(order.fees.values(), ZERO)),
        "cumFeeDetail": {asset: plain(fee) for asset, fee in order.fees.items()},
        "timeInForce": "IOC" if market_order else "PostOnly" if order.post_only else order.tif.value,
        "orderType": "Market" if market_order else "Limit",
        "stopOrderType": "" if trigger is None else order.words.get("stopOrderType", "Stop"),
        "orderIv": "",
        "marketUnit": ("quoteCoin" if by_quote else "baseCoin") if market_order else "",
        "triggerPrice": "" if trigger is None or trigger.price is None else plain(trigger.price),
        "triggerDirection": 0 if trigger is None else 1 if trigger.rising else 2,
        "triggerBy": "" if trigger is None else TRIGGER_WORDS[trigger.by],
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "lastPriceOnCreated": "",
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": order.close_position,
        "placeType": "",
        "smpType": order.words.get("smpType", "None"),
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
    }
    if order.market.product is TradeType.PERP:
        row |= {"createType": "CreateByUser" if trigger is None else "CreateByStopOrder", "tpslMode": ""}
    return row


def trade_row(trade: Trade, order: Order | None) -> Row:
    """Return a fill, with what it shows of its order."""
    is_market = order is not None and order.type is OrderType.MARKET
    return {
        "symbol": trade.market.symbol,
        "orderId": trade.order_id,
        "orderLinkId": trade.client_order_id,
        "side": SIDES[trade.side],
        "orderPrice": "0" if order is None or order.price is None else plain(order.price),
        "orderQty": plain(trade.amount if order is None else order.amount),
        "leavesQty": plain(ZERO if order is None else order.left),
        "createType": "CreateByUser",
        "orderType": "Market" if is_market else "Limit",
        "stopOrderType": "UNKNOWN" if order is None or order.trigger is None else "Stop",
        "execFee": plain(trade.fee),
        "execId": trade.trade_id,
        "execPrice": plain(trade.price),
        "execQty": plain(trade.amount),
        "execType": "Trade",
        "execValue": plain(trade.price * trade.amount),
        "execTime": str(trade.at_ms),
        "feeCurrency": trade.fee_asset if trade.market.product is TradeType.SPOT else "",
        "isMaker": trade.liquidity is MAKER,
        "feeRate": plain(trade.market.maker if trade.liquidity is MAKER else trade.market.taker),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(trade.price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": "",
        "isLeverage": "0",
        "seq": trade.serial,
    }


def funding_row(bill: Bill) -> Row:
    """Return a funding payment as an execution: its fee is positive when paid."""
    quantity, mark = bill.quantity or ZERO, bill.mark or ZERO
    return {
        "symbol": "" if bill.market is None else bill.market.symbol,
        "orderId": f"{bill.at_ms // 1000}-{bill.bill_id}",
        "orderLinkId": "",
        "side": "Buy" if quantity >= 0 else "Sell",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "createType": "",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "execFee": plain(-bill.amount),
        "execId": funding_id(bill),
        "execPrice": plain(mark),
        "execQty": plain(abs(quantity)),
        "execType": "Funding",
        "execValue": plain(abs(quantity) * mark),
        "execTime": str(bill.at_ms),
        "feeCurrency": "",
        "isMaker": False,
        "feeRate": plain(bill.rate or ZERO),
        "markPrice": plain(mark),
        "closedSize": "",
        "seq": bill.bill_id,
    }


def funding_id(bill: Bill) -> str:
    """Return the id that a funding payment has as an execution and in the ledger."""
    return f"funding-{bill.bill_id}"


def position_row(engine: Engine, position: Position) -> Row:
    """Return a position, flat or not."""
    market, quantity = position.market, position.quantity
    mark = engine.ticker(market).mark
    size = abs(quantity)
    side = "" if not quantity else "Buy" if quantity > 0 else "Sell"
    tier = next((tier for tier in market.tiers if size * mark <= tier.up_to), None)
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": plain(market.tiers[0].up_to) if market.tiers else "",
        "symbol": market.symbol,
        "side": side,
        "size": plain(size),
        "avgPrice": short(position.entry_price),
        "positionValue": short(size * position.entry_price),
        "tradeMode": 0,
        "positionStatus": "Normal",
        "autoAddMargin": 0,
        "adlRankIndicator": 0 if not quantity else 1,
        "leverage": plain(position.leverage),
        "positionBalance": "0",
        "markPrice": plain(mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionMM": short(size * mark * tier.rate - tier.deduction if quantity and tier else ZERO),
        "positionIM": short(size * mark / position.leverage),
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "unrealisedPnl": short(quantity * (mark - position.entry_price)),
        "curRealisedPnl": short(position.realised),
        "cumRealisedPnl": short(position.realised),
        "seq": position.updated_ms or -1,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": str(position.opened_ms),
        "updatedTime": str(position.updated_ms),
    }


def coin_row(asset: str, balance: Balance, price: Decimal, margin: Margin | None) -> Row:
    """Return a coin of the wallet.

    Args:
        asset: Its name.
        balance: What the account has of it.
        price: Of one coin, in USD.
        margin: Of the coin that perps settle in.
    """
    unrealised = ZERO if margin is None else margin.unrealised
    for_perps = ZERO if margin is None else margin.held - balance.held
    return {
        "coin": asset,
        "equity": plain(balance.total + unrealised),
        "usdValue": short((balance.total + unrealised) * price),
        "walletBalance": plain(balance.total),
        "locked": plain(balance.held),
        "borrowAmount": "0",
        "spotBorrow": "0",
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "accruedInterest": "0",
        "totalOrderIM": plain(for_perps),
        "totalPositionIM": plain(ZERO if margin is None else margin.initial),
        "totalPositionMM": plain(ZERO if margin is None else margin.maintenance),
        "unrealisedPnl": plain(unrealised),
        "cumRealisedPnl": "0",
        "bonus": "0",
        "collateralSwitch": True,
        "marginCollateral": True,
        "spotHedgingQty": "0",
    }
