"""Margin of perp positions: cross, in quote, one-way. Pure; every rule of it is in this file.

Free = quote balance + unrealised - sum of worst case * mark / leverage - holds, where the worst case of an instrument
is the larger of its position with all open buys filled and with all open sells filled. Maintenance = sum of notional *
rate - deduction, by the tier that each position's notional falls in. An account whose equity (quote balance +
unrealised) is below its maintenance is liquidated; equality is not.

Source: DESIGN section 7; Binance leverage brackets (notional * rate - cum), Bybit risk limits (notional * rate -
deduction).
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from messages.instruments import Instrument, MarginTier
from messages.units import Amount

_ZERO = Decimal(0)


class Held(NamedTuple):
    """A perp position, as margin sees it: signed quantity (base) and cost (quote), and the present mark."""

    instrument: Instrument
    quantity: Decimal
    cost: Decimal
    mark: Decimal


def tier_of(tiers: tuple[MarginTier, ...], notional: Decimal) -> MarginTier:
    """Return the tier that a notional falls in; a bound belongs to the tier below it, the last one has no bound."""
    for tier in tiers:
        if tier.up_to is None or notional <= tier.up_to:
            return tier
    return tiers[-1]


def maintenance(held: Held) -> Amount:
    """Return the maintenance margin of a position, in quote; never negative. Without tiers there is none."""
    notional = abs(held.quantity) * held.mark
    if not notional or not held.instrument.tiers:
        return Amount(_ZERO)
    tier = tier_of(held.instrument.tiers, notional)
    return Amount(max(notional * tier.maintenance - tier.deduction, _ZERO))


def unrealised(held: Held) -> Amount:
    """Return what closing at the mark would bring, before fees."""
    return Amount(held.quantity * held.mark - held.cost)


def worst_case(quantity: Decimal, buys: Decimal, sells: Decimal) -> Decimal:
    """Return the largest size that a position can come to when open buys and sells (both positive) fill or don't."""
    up, down = abs(quantity + buys), abs(quantity - sells)
    return up if up > down else down  # noqa: FURB136 - the hot path: `max` takes three times as long


def account_margin(balance: Decimal, positions: Iterable[Held], leverage: Decimal) -> tuple[Amount, Amount, Amount]:
    """Return equity, initial and maintenance margin of an account, in quote.

    Args:
        balance: Of the quote asset, without unrealised P&L.
        positions: All perp positions of the account.
        leverage: initial margin = notional / leverage.
    """
    equity, initial, least = balance, _ZERO, _ZERO
    for held in positions:
        equity += unrealised(held)
        initial += abs(held.quantity) * held.mark / leverage
        least += maintenance(held)
    return Amount(equity), Amount(initial), Amount(least)
