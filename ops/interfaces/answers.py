"""What calls are answered: plain dicts, floats for reading and exact texts (``_exact``) for computing.

Status of a trade:

    FILLED            the whole order was traded
    PARTIALLY_FILLED  a part was; the rest waits (`is_open`), or ended for `reason`
    OPEN              the order waits at the venue, or is on its way to it
    CANCELLED, EXPIRED, REJECTED    nothing was traded; `reason` says why, for REJECTED `by` says who (execd or venue)
    UNKNOWN           it may or may not exist
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, TypedDict

from actors.data.series import iso
from actors.rounding import entry_price
from messages.book import Position
from messages.orders import OrderFilled
from messages.units import Nanoseconds, plain
from ops.interfaces.followed_trade import FollowedTrade, Status, fee_in_quote
from ops.interfaces.listening import Change, instrument_of

_ZERO = Decimal(0)


class TradeAnswer(TypedDict):
    """Answer of `execute_trade`.

    Keys: `amount` is what was filled, in base, before fees; `price` the average price in quote, 0 before a fill; `fee`
    in quote, base fees counted at the fill's price; `order_id` the venue's id, empty where there is none;
    `client_order_id` ours; `is_open`: something may still come of it; `timestamp` the clock of the answer.
    """

    status: Status
    amount: float
    price: float
    fee: float
    amount_exact: str
    price_exact: str
    fee_exact: str
    order_id: str
    client_order_id: str
    instruction_id: str
    execution_mode: str
    venue: str
    pair: str
    side: Literal["BUY", "SELL"]
    is_open: bool
    by: str | None
    reason: str | None
    detail: str | None
    timestamp: str


class TransferAnswer(TypedDict):
    """Answer of `execute_transfer`; this version refuses all of them."""

    status: Status
    by: str
    reason: str
    detail: str
    execution_mode: str


class CancelAnswer(TypedDict):
    """Answer of `cancel_all_orders`.

    Keys: `cancelled` the venue's ids of the orders that are cancelled now, in the order of their submission;
    `instruction_ids` those of their instructions; `pending` instruction ids of orders whose cancel is on its way.
    """

    cancelled: list[str]
    instruction_ids: list[str]
    pending: list[str]
    execution_mode: str


class PositionAnswer(TypedDict):
    """Answer of `get_position`. Flat is all zeros.

    Keys: `amount` in base, signed (of a spot pair: what the account holds of the base asset, which has no entry price);
    `entry_price` and `mark_price` in quote; `unrealised` P&L at the mark, in quote. Over several venues amounts and
    costs are added, and the mark is that of the total: unrealised = amount * mark - cost.
    """

    symbol: str
    venue: str | None
    amount: float
    entry_price: float
    mark_price: float
    unrealised: float
    amount_exact: str
    entry_price_exact: str
    mark_price_exact: str
    unrealised_exact: str


class LoggedEvent(TypedDict):
    """One event of `event_logger`: a journaled entry. A fill is CEX_TRADE_EXECUTED."""

    event_type: str
    timestamp: str
    timestamp_ns: int
    seq: int
    data: dict[str, object]


class PositionChange(TypedDict):
    """What a `position_update_handler` is called with, when the tight loop is through.

    Keys: `event_type` as in `LoggedEvent`; `pair` is empty where a balance changed otherwise than by trading, as by
    a deposit; `position` the perp position after it, None for spot; `balances` of the account, by asset, after it;
    `data` the fact itself.
    """

    event_type: str
    timestamp: str
    venue: str
    pair: str
    account: str
    position: PositionAnswer | None
    balances: dict[str, float]
    balances_exact: dict[str, str]
    data: dict[str, object]


class Executed(TypedDict):
    """`data` of CEX_TRADE_EXECUTED: one fill."""

    venue: str
    pair: str
    side: str
    amount: float
    price: float
    fee: float
    amount_exact: str
    price_exact: str
    fee_exact: str
    fee_asset: str
    liquidity: str
    order_id: str
    client_order_id: str
    trade_id: str
    instruction_id: str
    execution_mode: str


def trade_answer(trade: FollowedTrade, mode: str, at: Nanoseconds, *, hint: str = "") -> TradeAnswer:
    """Return the answer about a trade as it stands.

    Args:
        trade: What became of it.
        mode: The execution mode's name.
        at: The clock.
        hint: Added to the detail.
    """
    instruction = trade.instruction
    price = trade.price
    return {
        "status": trade.status,
        "amount": float(trade.filled),
        "price": float(price),
        "fee": float(trade.fee),
        "amount_exact": plain(trade.filled),
        "price_exact": plain(price),
        "fee_exact": plain(trade.fee),
        "order_id": trade.order_id,
        "client_order_id": trade.client_order_id,
        "instruction_id": instruction.instruction_id,
        "execution_mode": mode,
        "venue": instruction.venue,
        "pair": trade.instrument.symbol,
        "side": "BUY" if instruction.side == "BUY" else "SELL",
        "is_open": trade.is_open,
        "by": trade.by,
        "reason": trade.reason,
        "detail": f"{trade.detail}{hint}" if trade.detail is not None else None,
        "timestamp": iso(at),
    }


def executed(fill: OrderFilled, trade: FollowedTrade, mode: str) -> Executed:
    """Return what is logged of a fill."""
    fee = fee_in_quote(fill, trade.instrument)
    return {
        "venue": fill.venue,
        "pair": trade.instrument.symbol,
        "side": fill.side.value,
        "amount": float(fill.amount),
        "price": float(fill.price),
        "fee": float(fee),
        "amount_exact": plain(fill.amount),
        "price_exact": plain(fill.price),
        "fee_exact": plain(fee),
        "fee_asset": fill.fee_asset,
        "liquidity": fill.liquidity.value,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "trade_id": fill.trade_id,
        "instruction_id": fill.instruction_id,
        "execution_mode": mode,
    }


def position_answer(
    symbol: str, venue: str | None, held: Iterable[tuple[Decimal, Decimal, Decimal]], *, has_cost: bool = True
) -> PositionAnswer:
    """Return the answer about positions of one symbol.

    Args:
        symbol: As in instructions.
        venue: None for all of them.
        held: Signed quantity, signed cost and mark of each.
        has_cost: It is about perps; what lies in a spot account has no entry price.
    """
    quantity = cost = value = _ZERO
    mark = _ZERO
    for each, its_cost, its_mark in held:
        quantity, cost, value = quantity + each, cost + its_cost, value + each * its_mark
        mark = mark or its_mark
    if quantity and value:
        mark = mark if value == quantity * mark else value / quantity
    entry = entry_price(cost, quantity) if quantity and has_cost else _ZERO
    gain = value - cost if has_cost else _ZERO
    return {
        "symbol": symbol,
        "venue": venue,
        "amount": float(quantity),
        "entry_price": float(entry),
        "mark_price": float(mark) if quantity else 0.0,
        "unrealised": float(gain),
        "amount_exact": plain(quantity),
        "entry_price_exact": plain(entry),
        "mark_price_exact": plain(mark) if quantity else "0",
        "unrealised_exact": plain(gain),
    }


def position_change(
    change: Change, event_type: str, data: dict[str, object], at: Nanoseconds, mark: Decimal
) -> PositionChange:
    """Return what a handler is told of a change; `mark` is the instrument's last price."""
    fact, position = change.fact, change.position
    symbol = (instrument_of(fact) or "").partition(":")[2]
    return {
        "event_type": event_type,
        "timestamp": iso(at),
        "venue": fact.venue,
        "pair": symbol,
        "account": change.account,
        "position": None if position is None else _position(symbol, position, mark),
        "balances": {asset: float(amount) for asset, amount in change.balances.items()},
        "balances_exact": {asset: plain(amount) for asset, amount in change.balances.items()},
        "data": data,
    }


def _position(symbol: str, position: Position, mark: Decimal) -> PositionAnswer:
    return position_answer(symbol, position.venue, [(position.quantity, position.cost, mark)])
