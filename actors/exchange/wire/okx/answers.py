"""What OKX's rows mean: orders, trades, positions, balances, bills. Pure."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from actors.exchange.wire.contract import (
    Known,
    Market,
    OrderStatus,
    SeenAccount,
    SeenBalance,
    SeenFunding,
    SeenOrder,
    SeenPosition,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
)
from actors.exchange.wire.okx.values import Row, base, millis, number, number_or, optional, side, text
from messages.units import (
    BUY,
    MAKER,
    PERP,
    SPOT,
    TAKER,
    AccountName,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderId,
    Price,
    TradeId,
)

ACCOUNT = AccountName("okx")
"""The unified trading account: spot and perps settle in it."""

ZERO = Decimal(0)
_STATES = {
    "live": OrderStatus.OPEN,
    "partially_filled": OrderStatus.OPEN,
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "mmp_canceled": OrderStatus.CANCELLED,
}
_ALGO_STATES = {
    "live": OrderStatus.WAITING,
    "pause": OrderStatus.WAITING,
    "partially_effective": OrderStatus.OPEN,
    "effective": OrderStatus.OPEN,
    "canceled": OrderStatus.CANCELLED,
    # It triggered, and the order that it should have become was refused: of what was taken, nothing is left.
    "order_failed": OrderStatus.CANCELLED,
    "partially_failed": OrderStatus.CANCELLED,
}
_TRIGGERED = frozenset({"effective", "partially_effective", "order_failed", "partially_failed"})
_NO_PRICE = frozenset({"", "0", "-1"})
_LIQUIDITY = {"M": MAKER, "T": TAKER, "": TAKER}  # liquidations and ADL have none

_TRADED = frozenset({"2", "5", "8", "9"})
"""Bills of trades, liquidations and ADL, which are trades, and of funding."""
_BILLS = {
    "1": "transfer",
    "3": "delivery",
    "4": "forced_repayment",
    "6": "margin_transfer",
    "7": "interest",
    "10": "clawback",
    "11": "token_conversion",
    "12": "strategy_transfer",
    "14": "block_trade",
    "16": "borrowing",
    "22": "repayment",
    "24": "spread_trade",
    "27": "convert",
    "28": "easy_convert",
    "29": "one_click_repay",
    "30": "simple_trade",
}
_SPOT_MODE = "1"


def order(row: Row, market: Market, *, of: Known | None = None) -> SeenOrder:
    """Return a plain order, or the child of a trigger order under the first one's names.

    Args:
        row: Of /trade/order, orders-pending or the orders channel.
        market: That it is about.
        of: The trigger order whose child it was asked for as; None where only the row can say.
    """
    state = text(row, "state")
    if state not in _STATES:
        raise UnreadableAnswerError("okx: an order in a state that is not documented")
    filled = base(number_or(row, "accFillSz", ZERO), market)
    order_id, algo_id = text(row, "ordId"), optional(row, "algoId")
    seen = SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(order_id),
        client_order_id=ClientOrderId(optional(row, "clOrdId")),
        side=side(row),
        status=_STATES[state],
        # A spot order may be counted in quote; only other programs send such, and the rest of it is never on the book.
        amount=filled if _in_quote(row, market) else base(number(row, "sz"), market),
        filled=filled,
        price=_price(optional(row, "px")),
        reason=_ended(row) if state.endswith("canceled") else "",
        updated_ms=millis(row, "uTime"),
    )
    if of is None and not algo_id:
        return seen
    parent, client, trigger = algo_id, optional(row, "algoClOrdId"), None
    if of is not None:
        parent, client, trigger = of.order_id or parent, of.intent.client_order_id, of.intent.trigger_price
    if not parent:
        raise UnreadableAnswerError("okx: a triggered order without the id of the one that it was")
    return _renamed(seen, OrderId(parent), ClientOrderId(client), trigger)


def _renamed(seen: SeenOrder, parent: OrderId, client: ClientOrderId, trigger: Price | None) -> SeenOrder:
    return SeenOrder(
        instrument=seen.instrument,
        order_id=parent,
        client_order_id=client,
        side=seen.side,
        status=seen.status,
        amount=seen.amount,
        filled=seen.filled,
        price=seen.price,
        reason=seen.reason,
        triggered=True,
        trigger_price=trigger,
        child=seen.order_id,
        updated_ms=seen.updated_ms,
    )


def _in_quote(row: Row, market: Market) -> bool:
    if market.trade_type is not SPOT:
        return False
    unit = optional(row, "tgtCcy")
    # Without a word about it, a market buy of spot is in quote.
    return unit == "quote_ccy" or (unit == "" and text(row, "ordType") == "market" and side(row) is BUY)


def _price(value: str) -> Price | None:
    return None if value in _NO_PRICE else Price(number({"px": value}, "px"))


def _ended(row: Row) -> str:
    said, source = optional(row, "cancelSourceReason"), optional(row, "cancelSource")
    return said or (f"cancelSource {source}" if source else "")


def algo(row: Row, market: Market) -> SeenOrder:
    """Return a trigger order, waiting or triggered; what was filled is of its child."""
    state = text(row, "state")
    if state not in _ALGO_STATES:
        raise UnreadableAnswerError("okx: an algo order in a state that is not documented")
    kind = text(row, "ordType")
    amount = ZERO if _algo_in_quote(row, market) else number_or(row, "sz", ZERO)
    trigger = _first(row, "slTriggerPx", "tpTriggerPx", "triggerPx")
    fail_code = optional(row, "failCode")
    return SeenOrder(
        instrument=market.instrument,
        order_id=OrderId(text(row, "algoId")),
        client_order_id=ClientOrderId(optional(row, "algoClOrdId")),
        side=side(row),
        status=_ALGO_STATES[state],
        amount=base(amount, market),
        filled=BaseAmount(ZERO),
        price=_price(_first(row, "slOrdPx", "tpOrdPx", "ordPx")),
        reason=f"{state} {fail_code}" if state.endswith("failed") else "",
        triggered=state in _TRIGGERED,
        trigger_price=None if kind == "move_order_stop" else _price(trigger),
        child=_child(row),
        updated_ms=millis(row, "uTime") or millis(row, "cTime"),
    )


def _algo_in_quote(row: Row, market: Market) -> bool:
    return market.trade_type is SPOT and optional(row, "tgtCcy") == "quote_ccy"


def _first(row: Row, *keys: str) -> str:
    return next((value for key in keys if (value := optional(row, key))), "")


def _child(row: Row) -> OrderId | None:
    several = row.get("ordIdList") or []
    if not isinstance(several, list):
        raise UnreadableAnswerError("okx: ordIdList is not a list")
    if len(several) > 1:
        raise UnreadableAnswerError("okx: an algo order that became several orders")
    found = str(several[0]) if several else optional(row, "ordId")
    return OrderId(found) if found not in ("", "0") else None


def trade(row: Row, market: Market) -> SeenTrade:
    """Return a fill of /trade/fills."""
    return SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(text(row, "tradeId")),
        order_id=OrderId(optional(row, "ordId")),
        client_order_id=ClientOrderId(optional(row, "clOrdId")),
        side=side(row),
        amount=base(number(row, "fillSz"), market),
        price=Price(number(row, "fillPx")),
        fee=-number(row, "fee"),
        fee_asset=Asset(text(row, "feeCcy")),
        liquidity=_liquidity(row),
        at_ms=millis(row, "fillTime") or millis(row, "ts"),
    )


def pushed_trade(row: Row, market: Market) -> SeenTrade | None:
    """Return the fill that a row of the orders channel tells of; None where it tells none or not all of it."""
    if optional(row, "tradeId") in ("", "0") or not number_or(row, "fillSz", ZERO):
        return None
    if not optional(row, "fillFee") or not optional(row, "fillFeeCcy"):
        return None
    return SeenTrade(
        instrument=market.instrument,
        trade_id=TradeId(text(row, "tradeId")),
        order_id=OrderId(text(row, "ordId")),
        client_order_id=ClientOrderId(optional(row, "algoClOrdId") or optional(row, "clOrdId")),
        side=side(row),
        amount=base(number(row, "fillSz"), market),
        price=Price(number(row, "fillPx")),
        fee=-number(row, "fillFee"),
        fee_asset=Asset(text(row, "fillFeeCcy")),
        liquidity=_liquidity(row),
        at_ms=millis(row, "fillTime"),
    )


def _liquidity(row: Row) -> Liquidity:
    kind = optional(row, "execType")
    if kind not in _LIQUIDITY:
        raise UnreadableAnswerError("okx: execType is neither M nor T")
    return _LIQUIDITY[kind]


def balances(data: Sequence[Row]) -> tuple[SeenBalance, ...]:
    """Return what /account/balance holds that is not zero."""
    details = data[0].get("details") if len(data) == 1 else None
    if not isinstance(details, list) or not all(isinstance(row, dict) for row in details):
        raise UnreadableAnswerError("okx: a balance without details")
    found = (
        SeenBalance(
            account=ACCOUNT,
            asset=Asset(text(row, "ccy")),
            total=number(row, "cashBal"),
            free=number_or(row, "availBal", number_or(row, "availEq", ZERO)),
        )
        for row in details
    )
    return tuple(balance for balance in found if balance.total or balance.free)


def positions(data: Iterable[Row], markets: Sequence[Market]) -> tuple[SeenPosition, ...]:
    """Return the net positions of these perps that are not flat; cross and isolated ones of a perp are added up."""
    perps = {market.symbol: market for market in markets if market.trade_type is PERP}
    held: dict[str, tuple[Decimal, Decimal]] = {}
    for row in data:
        symbol = text(row, "instId")
        if symbol not in perps:
            continue
        if text(row, "posSide") != "net":
            raise UnreadableAnswerError(f"okx: the positions of {symbol} are not net; posMode must be net_mode")
        quantity = base(number_or(row, "pos", ZERO), perps[symbol])
        was, cost = held.get(symbol, (ZERO, ZERO))
        held[symbol] = (was + quantity, cost + quantity * number_or(row, "avgPx", ZERO))
    return tuple(
        SeenPosition(
            instrument=perps[symbol].instrument,
            quantity=BaseAmount(quantity),
            entry_price=Price(cost / quantity) if quantity else None,
        )
        for symbol, (quantity, cost) in held.items()
    )


def fundings(data: Iterable[Row], markets: Sequence[Market]) -> tuple[SeenFunding, ...]:
    """Return the funding payments among bills."""
    perps = {market.symbol: market for market in markets if market.trade_type is PERP}
    return tuple(
        SeenFunding(
            instrument=perps[text(row, "instId")].instrument,
            payment_id=text(row, "billId"),
            asset=Asset(text(row, "ccy")),
            amount=number(row, "balChg"),
            at_ms=millis(row, "ts"),
        )
        for row in data
        if text(row, "type") == "8" and text(row, "instId") in perps
    )


def transfers(data: Iterable[Row]) -> tuple[SeenTransfer, ...]:
    """Return the bills that moved something other than by trades and funding."""
    return tuple(
        SeenTransfer(
            account=ACCOUNT,
            transfer_id=text(row, "billId"),
            kind=_BILLS.get(kind, f"bill_type_{kind}"),
            asset=Asset(text(row, "ccy")),
            amount=number(row, "balChg"),
            at_ms=millis(row, "ts"),
        )
        for row in data
        if (kind := text(row, "type")) not in _TRADED and number(row, "balChg")
    )


def account(row: Row, markets: Sequence[Market]) -> SeenAccount:
    """Return whose account it is, and whether its mode allows what these markets need."""
    rights = text(row, "perm").split(",")
    problem = ""
    if text(row, "acctLv") == _SPOT_MODE and any(market.trade_type is PERP for market in markets):
        problem = "the account is in Spot mode (acctLv 1), which has no perps: choose Futures mode in OKX's settings"
    return SeenAccount(
        uid=text(row, "uid"),
        may_trade="trade" in rights,
        may_withdraw="withdraw" in rights,
        one_way=text(row, "posMode") == "net_mode",
        problem=problem,
    )


def leverages(data: Iterable[Row], markets: Sequence[Market]) -> tuple[tuple[InstrumentId, Decimal], ...]:
    """Return the cross leverage of these perps."""
    perps = {market.symbol: market for market in markets if market.trade_type is PERP}
    return tuple(
        (perps[text(row, "instId")].instrument, number(row, "lever"))
        for row in data
        if text(row, "instId") in perps and text(row, "mgnMode") == "cross"
    )
