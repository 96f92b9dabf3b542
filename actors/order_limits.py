"""Why an order can't be sent, as far as its size, its price and its account say. Pure.

The gate asks in the order of `Code`; the texts are for people.
"""

from decimal import Decimal
from typing import NamedTuple

from actors.holds import Holds, Market
from actors.needs import Need
from messages.instructions import Code
from messages.units import PERP, Price, Side, plain


class Refusal(NamedTuple):
    """A code with its text, and the price that the decision rests on."""

    code: Code
    detail: str
    price: Price | None


def too_low(market: Market, price: Decimal) -> Refusal | None:
    """Return what is wrong with a price that was rounded to nothing."""
    if price > 0:
        return None
    detail = f"a price is less than one tick ({plain(market.instrument.tick)})"
    return Refusal(Code.NO_PRICE, detail, _mark(market))


def wrong_size(
    market: Market, amount: Decimal, price: Decimal, *, reduce_only: bool, most: Decimal | None
) -> Refusal | None:
    """Return what is wrong with an amount (base) at a price, as far as that depends on nothing else.

    Args:
        market: Of the order.
        amount: In whole lots.
        price: Before slippage.
        reduce_only: There is no least notional then.
        most: Largest notional of an order; None: there is none.
    """
    instrument = market.instrument
    if not amount or amount < instrument.min_quantity:
        least = max(instrument.min_quantity, instrument.lot)
        detail = f"{plain(amount)} {instrument.base} in whole lots, at least {plain(least)} needed"
        return Refusal(Code.BELOW_LOT, detail, _mark(market))
    notional = amount * price
    if notional < instrument.min_notional and not reduce_only:
        detail = f"{plain(notional)} {instrument.quote}, at least {plain(instrument.min_notional)} needed"
        return Refusal(Code.BELOW_NOTIONAL, detail, _mark(market))
    if most is not None and notional > most:
        detail = f"{plain(notional)} {instrument.quote}, at most {plain(most)} allowed"
        return Refusal(Code.LIMIT_ORDER_NOTIONAL, detail, _mark(market))
    return None


def not_afforded(
    holds: Holds, market: Market, need: Need, side: Side, more: Decimal, *, reduce_only: bool
) -> Refusal | None:
    """Return why an account can't carry an order, None if it can: then what it may add to the position is counted.

    Args:
        holds: Of all accounts.
        market: Of the order.
        need: What it takes beyond what is held for it.
        side: Of the order.
        more: What it may still add to the position beyond what is counted for it, in base.
        reduce_only: It adds nothing.
    """
    instrument, purse = market.instrument, need.purse
    free = purse.balance - purse.held
    if not reduce_only:
        market.add(side, more)
    if instrument.trade_type is PERP:
        if reduce_only:
            free += holds.unrealised_of(instrument.account)
        else:
            free += holds.margin_of(instrument.account)
        code = Code.INSUFFICIENT_MARGIN
        detail = f"{plain(need.amount)} {need.asset} needed beside the margin in {instrument.account}"
    else:
        code = Code.INSUFFICIENT_BALANCE
        detail = f"{plain(need.amount)} {need.asset} needed in {instrument.account}"
        if need.amount <= free and need.is_collateral and holds.has_perps(instrument.account):
            code = Code.INSUFFICIENT_MARGIN
            free += holds.margin_of(instrument.account)
    if need.amount <= free:
        return None
    if not reduce_only:
        market.add(side, -more)
    return Refusal(code, f"{detail}, {plain(free)} free", _mark(market))


def _mark(market: Market) -> Price | None:
    return None if market.candle is None else market.candle.close
