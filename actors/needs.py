"""What an order takes out of its account at the most, and its prices as the venue can take them. Pure.

A spot buy needs its quote at the worst price, a spot sale its base. A perp order needs its taker fee at the worst
price, and what it loses against the mark if it trades at once; its margin is counted apart (actors/margin.py).

The worst price is the limit where there is one. Of what trades at the market it is price(tau) moved by the slippage
model, for a stop the worse of that and its trigger, moved likewise.
"""

from decimal import Decimal
from typing import NamedTuple

import msgspec

from actors.holds import Market, Purse
from actors.rounding import ceil_to, floor_to
from actors.valuation import CURRENCY
from messages.instructions import InstructionReceived
from messages.instruments import Instrument
from messages.market import Candle
from messages.units import (
    BPS,
    BUY,
    LIMIT,
    LIMITED,
    MARKET,
    PERP,
    STOP_LIMIT,
    STOP_MARKET,
    Amount,
    Asset,
    OrderType,
    Price,
    Rate,
    Side,
)

_ZERO = Decimal(0)
_ONE = Decimal(1)
_STOPS = frozenset({STOP_MARKET, STOP_LIMIT})


class Need(NamedTuple):
    """What an order takes.

    Attributes:
        purse: Where it comes from.
        is_collateral: It is the quote that margin is counted in, so that perps of the account have a claim on it.
    """

    asset: Asset
    amount: Amount
    purse: Purse
    is_collateral: bool


def need_of(
    market: Market,
    side: Side,
    amount: Decimal,
    *,
    order_type: OrderType = MARKET,
    price: Price | None = None,
    trigger: Price | None = None,
    trail_bps: Rate | None = None,
    reduce_only: bool = False,
) -> Need | None:
    """Return what an order of `amount` (base) takes at the most; None where no price is known for it.

    `price` and `trigger` are as the venue gets them, None where the type has none. A reduce-only order takes its fee.
    """
    instrument, candle = market.instrument, market.candle
    if candle is None:
        return None
    worst: Price | None
    if order_type is MARKET:
        worst = market.slippage.price(candle, instrument, side, amount)
    elif order_type in LIMITED:
        worst = price
    else:
        worst = _worst_of_a_stop(market, candle, side, amount, trigger, trail_bps)
    if worst is None:
        return None
    if instrument.trade_type is PERP:
        adverse = _ZERO
        if not reduce_only and (order_type is MARKET or order_type is LIMIT):
            adverse = max(worst - candle.close if side is BUY else candle.close - worst, _ZERO)
        need = amount * (worst * market.fees.taker + adverse)
        return Need(instrument.quote, Amount(need), market.quote, True)  # noqa: FBT003 - a tuple, on the hot path
    if side is BUY:
        need = amount * worst
        if market.fees.in_quote:
            need += need * market.fees.taker
        return Need(instrument.quote, Amount(need), market.quote, instrument.quote == CURRENCY)
    return Need(instrument.base, Amount(amount), market.base, False)  # noqa: FBT003 - as above


def _worst_of_a_stop(
    market: Market, candle: Candle, side: Side, amount: Decimal, trigger: Price | None, trail_bps: Rate | None
) -> Price | None:
    """Return the worse of price(tau) and trigger, both slipped; a trailing trigger starts behind price(tau)."""
    if trail_bps is not None:
        part = trail_bps / BPS
        trigger = Price(candle.close * (_ONE + part if side is BUY else _ONE - part))
    if trigger is None:
        return None
    now = market.slippage.price(candle, market.instrument, side, amount)
    then = market.slippage.price(msgspec.structs.replace(candle, close=trigger), market.instrument, side, amount)
    if now is None or then is None:
        return None
    return max(now, then) if side is BUY else min(now, then)


def rounded_price(price: Price, side: Side, instrument: Instrument) -> Price:
    """Return a limit price on the tick, less aggressive: a buy lower, a sale higher."""
    return Price(floor_to(price, instrument.tick) if side is BUY else ceil_to(price, instrument.tick))


def rounded_trigger(price: Price, side: Side, order_type: OrderType, instrument: Instrument) -> Price:
    """Return a trigger on the tick, so that it is reached later: a stop to buy higher, a take-profit to buy lower."""
    up = (side is BUY) is (order_type in _STOPS)
    return Price(ceil_to(price, instrument.tick) if up else floor_to(price, instrument.tick))


def on_the_tick(instruction: InstructionReceived, instrument: Instrument) -> tuple[Price | None, Price | None]:
    """Return limit and trigger of an instruction as the venue can take them."""
    price, trigger, side = instruction.price, instruction.trigger_price, instruction.side
    return (
        None if price is None else rounded_price(price, side, instrument),
        None if trigger is None else rounded_trigger(trigger, side, instruction.order_type, instrument),
    )
