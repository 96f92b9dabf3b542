"""What the book is worth. Pure.

Equity = balances at mark + unrealised P&L, in USDT. Exchange coins count at that venue's spot, else at the first
configured venue with a spot series, else at their perp; USDT counts as one. An asset that is traded in no configured
market (a fee in BNB, what was airdropped) counts nothing, here and in every figure that is worked out from marks.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from actors.margin import Held, account_margin
from messages.book import BookTold, MarginMarked, NetDelta
from messages.instruments import Instrument
from messages.market import Candle
from messages.units import PERP, SPOT, AccountName, Amount, Asset, BaseAmount, InstrumentId, VenueName

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
        LookupError: An asset or a position that has a market has no price yet.
    """
    equity = unrealised = _ZERO
    used: dict[InstrumentId, Candle] = {}
    for balance in book.balances:
        if balance.asset == CURRENCY:
            equity += balance.amount
            continue
        source = mark_source(balance.account, balance.asset, instruments)
        if source is None:
            continue
        if source not in candles:
            raise LookupError(f"{balance.asset} in {balance.account} has no price")
        used[source] = candles[source]
        equity += balance.amount * candles[source].close
    for position in book.positions:
        candle = used[position.instrument] = candles[position.instrument]
        unrealised += position.quantity * candle.close - position.cost
    return Amount(equity + unrealised), Amount(unrealised), tuple(used.values())


def margins(
    book: BookTold,
    candles: Mapping[InstrumentId, Candle],
    instruments: Mapping[InstrumentId, Instrument],
    leverage: Mapping[VenueName, Decimal],
) -> tuple[MarginMarked, ...]:
    """Return the margin of every account with perp positions, by name, at the last closes."""
    held: dict[AccountName, list[Held]] = {}
    for position in book.positions:
        instrument = instruments[position.instrument]
        mark = candles[position.instrument].close
        held.setdefault(instrument.account, []).append(Held(instrument, position.quantity, position.cost, mark))
    cash = {each.account: each.amount for each in book.balances if each.asset == CURRENCY}
    marked = []
    for account, positions in sorted(held.items()):
        equity, initial, least = account_margin(
            cash.get(account, _ZERO), positions, leverage[positions[0].instrument.venue]
        )
        marked.append(MarginMarked(account=account, equity=equity, initial=initial, maintenance=least))
    return tuple(marked)


def deltas(
    book: BookTold, candles: Mapping[InstrumentId, Candle], instruments: Mapping[InstrumentId, Instrument]
) -> tuple[NetDelta, ...]:
    """Return the net amount of every base asset over spot and perps, and its value; those that are flat left out."""
    net: dict[Asset, tuple[Decimal, Decimal]] = {}

    def add(base: Asset, amount: Decimal, source: InstrumentId) -> None:
        before = net.get(base, (_ZERO, _ZERO))
        net[base] = before[0] + amount, before[1] + amount * candles[source].close

    every = tuple(instruments.values())
    for balance in book.balances:
        source = None if balance.asset == CURRENCY else mark_source(balance.account, balance.asset, every)
        if source is not None:
            add(balance.asset, balance.amount, source)
    for position in book.positions:
        add(instruments[position.instrument].base, position.quantity, position.instrument)
    return tuple(
        NetDelta(base=base, net=BaseAmount(amount), notional=Amount(worth))
        for base, (amount, worth) in sorted(net.items())
        if amount
    )
