"""What the public channels say: tickers, books, trades, mark prices, funding rates, candles.

A book channel says the whole book first. ``books`` then says what changed, with numbers that follow each other;
``books5`` and ``bbo-tbt`` say the whole of what they show again.
"""

import zlib
from collections.abc import Callable, Sequence
from typing import Protocol

from messages.units import TradeType
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.okx.public import BARS, Public, book_row, candle_row, levels, trade_row
from ops.testbed.exchange.okx.wording import Row
from ops.testbed.exchange.quotes import PublicTrade
from ops.testbed.exchange.values import Market

_CANDLE = "candle"
_DEEP = 400
_CHECKED_LEVELS = 25


class Channel(Protocol):
    """One subscription."""

    market: Market

    def first(self) -> Sequence[Row]:
        """Say at once."""

    def changed(self) -> Sequence[Row]:
        """The market changed."""

    def printed(self, trade: PublicTrade) -> Sequence[Row]:
        """There was a trade."""

    def second(self) -> Sequence[Row]:
        """A second went by."""


def of(arg: Row, engine: Engine, public: Public, *, is_business: bool) -> Channel | None:
    """Return a new subscription; None if there is no such channel here."""
    name, symbol = arg["channel"], arg.get("instId")
    market = next((each for each in engine.markets.values() if each.symbol == symbol), None)
    if market is None:
        return None
    if is_business:
        bar = name.removeprefix(_CANDLE)
        return _Candles(arg, market, engine, BARS[bar]) if name.startswith(_CANDLE) and bar in BARS else None
    match name:
        case "tickers":
            return _Quotes(arg, market, lambda: public.ticker_row(market))
        case "mark-price":
            return _Quotes(arg, market, lambda: public.mark_row(market))
        case "funding-rate" if market.product is TradeType.PERP:
            return _Quotes(arg, market, lambda: public.funding_row(market))
        case "bbo-tbt":
            return _Tops(arg, market, engine, 1, at_once=True)
        case "books5":
            return _Tops(arg, market, engine, 5, at_once=False)
        case "books" | "books50-l2-tbt" | "books-l2-tbt":
            return _Book(arg, market, engine)
        case "trades":
            return _Trades(arg, market)
        case _:
            return None


class _Silent:
    """A channel that says nothing."""

    def __init__(self, arg: Row, market: Market) -> None:
        self._arg = arg
        self.market = market

    def first(self) -> Sequence[Row]:
        return []

    def changed(self) -> Sequence[Row]:
        return []

    def printed(self, trade: PublicTrade) -> Sequence[Row]:  # noqa: ARG002 - says nothing of it
        return []

    def second(self) -> Sequence[Row]:
        return []

    def _said(self, data: Row | list[str], **more: str) -> list[Row]:
        return [{"arg": self._arg, **more, "data": [data]}]


class _Quotes(_Silent):
    """Says a row once a second."""

    def __init__(self, arg: Row, market: Market, row: Callable[[], Row]) -> None:
        super().__init__(arg, market)
        self._row = row

    def first(self) -> Sequence[Row]:
        return self._said(self._row())

    def second(self) -> Sequence[Row]:
        return self._said(self._row())


class _Trades(_Silent):
    """Says each public trade."""

    def printed(self, trade: PublicTrade) -> Sequence[Row]:
        return self._said(trade_row(trade) | {"count": "1"})


class _Tops(_Silent):
    """Says the best levels when they change; at once, or once a second."""

    def __init__(self, arg: Row, market: Market, engine: Engine, depth: int, *, at_once: bool) -> None:
        super().__init__(arg, market)
        self._engine = engine
        self._depth = depth
        self._at_once = at_once
        self._last: object = None

    def first(self) -> Sequence[Row]:
        return self._news()

    def changed(self) -> Sequence[Row]:
        return self._news() if self._at_once else []

    def second(self) -> Sequence[Row]:
        return self._news()

    def _news(self) -> Sequence[Row]:
        book = self._engine.book(self.market, self._depth)
        shown = book.bids, book.asks
        if shown == self._last:
            return []
        self._last = shown
        return self._said(book_row(book) | {"instId": self.market.symbol})


class _Book(_Silent):
    """Says the whole book, then its changes."""

    def __init__(self, arg: Row, market: Market, engine: Engine) -> None:
        super().__init__(arg, market)
        self._engine = engine
        self._sides: dict[str, dict[str, list[str]]] = {}
        self._number = 0

    def first(self) -> Sequence[Row]:
        self._sides = self._now()
        self._number = 1
        sides = {name: list(levels.values()) for name, levels in self._sides.items()}
        return self._said(self._row(sides, -1), action="snapshot")

    def changed(self) -> Sequence[Row]:
        return self._news()

    def second(self) -> Sequence[Row]:
        return self._news()

    def _news(self) -> Sequence[Row]:
        before, self._sides = self._sides, self._now()
        news: dict[str, list[list[str]]] = {}
        for name, side in self._sides.items():
            gone = [[price, "0", "0", "0"] for price in before[name] if price not in side]
            news[name] = gone + [level for price, level in side.items() if before[name].get(price) != level]
        if not any(news.values()):
            return []
        self._number += 1
        return self._said(self._row(news, self._number - 1), action="update")

    def _now(self) -> dict[str, dict[str, list[str]]]:
        book = self._engine.book(self.market, _DEEP)
        return {
            "asks": {level[0]: level for level in levels(book.asks, self.market)},
            "bids": {level[0]: level for level in levels(book.bids, self.market)},
        }

    def _row(self, sides: dict[str, list[list[str]]], previous: int) -> Row:
        return {
            "asks": sides["asks"],
            "bids": sides["bids"],
            "ts": str(self._engine.now_ms()),
            "checksum": self._checksum(),
            "prevSeqId": previous,
            "seqId": self._number,
        }

    def _checksum(self) -> int:
        """CRC32 of the best 25 levels of each side, as a signed number. Source: docs-v5, order book channel."""
        bids, asks = list(self._sides["bids"].values()), list(self._sides["asks"].values())
        words: list[str] = []
        for number in range(_CHECKED_LEVELS):
            for side in (bids, asks):
                if number < len(side):
                    words.extend(side[number][:2])
        found = zlib.crc32(":".join(words).encode())
        return found - 2**32 if found >= 2**31 else found


class _Candles(_Silent):
    """Says the candle of now when it changed, and each once more when it is done."""

    def __init__(self, arg: Row, market: Market, engine: Engine, interval_ms: int) -> None:
        super().__init__(arg, market)
        self._engine = engine
        self._interval_ms = interval_ms
        self._last: dict[str, list[str]] = {}

    def first(self) -> Sequence[Row]:
        return self._news()[-1:]

    def second(self) -> Sequence[Row]:
        return self._news()

    def _news(self) -> list[Row]:
        bars = self._engine.bars(self.market, self._interval_ms, since_ms=None, limit=2)
        before, self._last = self._last, {}
        frames: list[Row] = []
        for bar in bars:
            row = candle_row(bar, self.market)
            self._last[row[0]] = row
            if before.get(row[0]) != row:
                frames.extend(self._said(row))
        return frames
