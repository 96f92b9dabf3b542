"""What the book is worth. Pure.

Equity = balances at mark + unrealised P&L, in USDT. Exchange coins count at that venue's spot, else at the first
configured venue with a spot series, else at their perp; USDT counts as one.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from messages.book import BookTold
from messages.instruments import Instrument
from messages.market import Candle
from messages.units import PERP, SPOT, AccountName, Amount, Asset, InstrumentId, VenueName

CURRENCY = Asset("USDT")

_ZERO = Decimal(0)


def venue_of(account: AccountName) -> VenueName:
    """Return the venue that an account belongs to: binance of binance.perp."""
    return VenueName(account.split(".", 1)[0])


def mark_source(account: AccountName, asset: Asset, instruments: Iterable[Instrument]) -> InstrumentId | None:
    """Return the instrument whose last close values an asset in an account, None where no price exists.

    Args:
        account: Where the asset lies.
        asset: Not `CURRENCY`, which needs no price.
        instruments: All instruments with prices, venues in the order of the config.
    """
    venue = venue_of(account)
    candidates = [each for each in instruments if each.base == asset and each.quote == CURRENCY]
    spots = [each for each in candidates if each.trade_type is SPOT]
    perps = [each for each in candidates if each.trade_type is PERP]
    ranked = [
        *(each for each in spots if each.venue == venue),
        *spots,
        *(each for each in perps if each.venue == venue),
        *perps,
    ]
    return ranked[0].instrument_id if ranked else None


def value(
    book: BookTold, candles: Mapping[InstrumentId, Candle], instruments: tuple[Instrument, ...]
) -> tuple[Amount, Amount, tuple[Candle, ...]]:
    """Return equity, the unrealised part of it, and the candles that were used as marks, each once.

    Raises:
        LookupError: An asset has no price at all.
    """
    equity = unrealised = _ZERO
    used: dict[InstrumentId, Candle] = {}
    for balance in book.balances:
        if balance.asset == CURRENCY:
            equity += balance.amount
            continue
        source = mark_source(balance.account, balance.asset, instruments)
        if source is None or source not in candles:
            raise LookupError(f"{balance.asset} in {balance.account} has no price")
        used[source] = candles[source]
        equity += balance.amount * candles[source].close
    for position in book.positions:
        candle = used[position.instrument] = candles[position.instrument]
        unrealised += position.quantity * candle.close - position.cost
    return Amount(equity + unrealised), Amount(unrealised), tuple(used.values())
