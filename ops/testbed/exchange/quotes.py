"""What a local venue shows to everybody: books, tickers, candles, funding rates, public trades."""

from decimal import Decimal

import msgspec

from messages.units import Side
from ops.testbed.exchange.values import Market


class Level(msgspec.Struct, frozen=True):
    """A price of the book, and how much of base stands there."""

    price: Decimal
    amount: Decimal


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """An order book, best prices first. `serial` rises with each change of the venue's market."""

    market: Market
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    serial: int
    at_ms: int


class Ticker(msgspec.Struct, frozen=True, kw_only=True):
    """A market's prices. `open`, `high`, `low` and the volumes are of the last 24 hours as far as they are known.

    Attributes:
        mark, index: Of a spot market both are the last price.
        funding_rate: Of a perp: what is paid at `next_funding_ms` as things stand; else 0.
        volume: In base. `turnover`: in quote.
        open_interest: Of a perp, in base.
    """

    market: Market
    last: Decimal
    bid: Decimal
    bid_amount: Decimal
    ask: Decimal
    ask_amount: Decimal
    mark: Decimal
    index: Decimal
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    turnover: Decimal
    funding_rate: Decimal
    next_funding_ms: int
    open_interest: Decimal
    at_ms: int


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A candle. `volume` in base, `turnover` in quote; the last one of a list may still be open (`closed` False)."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal
    closed: bool


class PublicTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as everybody sees it. `side` is the taker's."""

    market: Market
    trade_id: str
    price: Decimal
    amount: Decimal
    side: Side
    at_ms: int


class PaidFunding(msgspec.Struct, frozen=True, kw_only=True):
    """A funding settlement that was: `rate` at `mark`."""

    market: Market
    rate: Decimal
    mark: Decimal
    at_ms: int
