"""Public WebSocket streams: tickers, books, candles, trades, marks.

Books and trades go out as they change; tickers, candles and marks once a second.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from messages.units import PERP, SPOT, Side, TradeType
from ops.testbed.exchange.binance.public import INTERVALS, levels
from ops.testbed.exchange.binance.text import ZERO, eight
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import Event, MarketChanged, Printed
from ops.testbed.exchange.quotes import Book, Level, PublicTrade
from ops.testbed.exchange.values import Market

_DEPTH = 50
_DAY_MS = 24 * 60 * 60 * 1_000


class _Stream(msgspec.Struct, frozen=True):
    """One subscription: its name, its market and what of it."""

    name: str
    market: Market
    what: str


class MarketStreams:
    """What one connection has subscribed to.

    Attributes:
        combined: Frames are wrapped with the name of their stream.
    """

    def __init__(self, engine: Engine, product: TradeType, *, combined: bool) -> None:
        self._engine = engine
        self._product = product
        self._combined = combined
        self._streams: dict[str, _Stream] = {}
        self._books: dict[str, Book] = {}

    def subscribe(self, names: Sequence[str]) -> None:
        """Add streams. Names that mean nothing here are taken, as the venue does, and stay silent."""
        for name in names:
            symbol, _, what = name.partition("@")
            market = self._engine.markets.get((self._product, symbol.upper()))
            if market is not None and what:
                self._streams[name] = _Stream(name, market, what)
                if what.startswith("depth"):
                    self._books[name] = self._engine.book(market, _DEPTH)

    def unsubscribe(self, names: Sequence[str]) -> None:
        """Take streams away."""
        for name in names:
            self._streams.pop(name, None)
            self._books.pop(name, None)

    def names(self) -> list[str]:
        """Return what is subscribed."""
        return list(self._streams)

    def of(self, event: Event) -> list[dict[str, Any]]:
        """Return the frames of an event."""
        if isinstance(event, MarketChanged):
            return [
                self._wrapped(stream, frame)
                for stream in self._of_market(event.market)
                if (frame := self._changed(stream, event.at_ms)) is not None
            ]
        if isinstance(event, Printed):
            return [
                self._wrapped(stream, _trade(event.trade, stream.what))
                for stream in self._of_market(event.trade.market)
                if stream.what in {"trade", "aggTrade"}
            ]
        return []

    def _of_market(self, market: Market) -> list[_Stream]:
        return [stream for stream in self._streams.values() if stream.market.key == market.key]

    def second(self, now_ms: int) -> list[dict[str, Any]]:
        """Return what goes out once a second."""
        return [
            self._wrapped(stream, frame)
            for stream in self._streams.values()
            if (frame := self._regular(stream, now_ms)) is not None
        ]

    def _wrapped(self, stream: _Stream, frame: dict[str, Any]) -> dict[str, Any]:
        return {"stream": stream.name, "data": frame} if self._combined else frame

    def _changed(self, stream: _Stream, at_ms: int) -> dict[str, Any] | None:
        head = stream.what.partition("@")[0]
        if head == "bookTicker":
            return self._book_ticker(stream.market, at_ms)
        if head == "depth":
            return self._diff(stream, at_ms)
        if head.startswith("depth"):
            return self._partial(stream.market, int(head.removeprefix("depth") or 0), at_ms)
        return None

    def _book_ticker(self, market: Market, at_ms: int) -> dict[str, Any]:
        book = self._engine.book(market, 1)
        best = [side[0] if side else Level(ZERO, ZERO) for side in (book.bids, book.asks)]
        (bid, bid_amount), (ask, ask_amount) = (levels([level], market)[0] for level in best)
        frame = {"u": book.serial, "s": market.symbol, "b": bid, "B": bid_amount, "a": ask, "A": ask_amount}
        return frame if market.product is SPOT else {"e": "bookTicker", "E": at_ms, "T": at_ms, **frame}

    def _diff(self, stream: _Stream, at_ms: int) -> dict[str, Any] | None:
        """Return what changed in a book since the last frame: `u` follows on the last one without a gap."""
        market, before = stream.market, self._books[stream.name]
        after = self._engine.book(market, _DEPTH)
        if after.serial <= before.serial:
            return None
        self._books[stream.name] = after
        frame = {
            "e": "depthUpdate",
            "E": at_ms,
            "s": market.symbol,
            "U": before.serial + 1,
            "u": after.serial,
            "b": levels(_changes(before.bids, after.bids), market),
            "a": levels(_changes(before.asks, after.asks), market),
        }
        return frame | {"T": at_ms, "pu": before.serial} if market.product is PERP else frame

    def _partial(self, market: Market, depth: int, at_ms: int) -> dict[str, Any]:
        book = self._engine.book(market, depth)
        if market.product is SPOT:
            return {
                "lastUpdateId": book.serial,
                "bids": levels(book.bids, market),
                "asks": levels(book.asks, market),
            }
        return {
            "e": "depthUpdate",
            "E": at_ms,
            "T": at_ms,
            "s": market.symbol,
            "U": book.serial,
            "u": book.serial,
            "pu": book.serial - 1,
            "b": levels(book.bids, market),
            "a": levels(book.asks, market),
        }

    def _regular(self, stream: _Stream, now_ms: int) -> dict[str, Any] | None:
        head = stream.what.partition("@")[0]
        if head == "miniTicker":
            return self._mini(stream.market, now_ms)
        if head == "ticker":
            return self._day(stream.market, now_ms)
        if head == "markPrice" and stream.market.product is PERP:
            return self._mark(stream.market, now_ms)
        kind, _, interval = head.partition("_")
        if kind == "kline" and interval in INTERVALS:
            return self._kline(stream.market, interval, now_ms)
        return None

    def _mini(self, market: Market, now_ms: int) -> dict[str, Any]:
        ticker = self._engine.ticker(market)
        return {
            "e": "24hrMiniTicker",
            "E": now_ms,
            "s": market.symbol,
            "c": eight(ticker.last),
            "o": eight(ticker.open),
            "h": eight(ticker.high),
            "l": eight(ticker.low),
            "v": eight(ticker.volume),
            "q": eight(ticker.turnover),
        }

    def _day(self, market: Market, now_ms: int) -> dict[str, Any]:
        ticker = self._engine.ticker(market)
        change = ticker.last - ticker.open
        frame = self._mini(market, now_ms) | {
            "e": "24hrTicker",
            "p": eight(change),
            "P": format(change * 100 / ticker.open if ticker.open else change, ".3f"),
            "w": eight(ticker.turnover / ticker.volume if ticker.volume else ticker.last),
            "Q": eight(ticker.bid_amount),
            "O": now_ms - _DAY_MS,
            "C": now_ms,
            "F": 1,
            "L": 1,
            "n": 1,
        }
        if market.product is PERP:
            return frame
        return frame | {
            "x": eight(ticker.open),
            "b": eight(ticker.bid),
            "B": eight(ticker.bid_amount),
            "a": eight(ticker.ask),
            "A": eight(ticker.ask_amount),
        }

    def _mark(self, market: Market, now_ms: int) -> dict[str, Any]:
        ticker = self._engine.ticker(market)
        return {
            "e": "markPriceUpdate",
            "E": now_ms,
            "s": market.symbol,
            "p": eight(ticker.mark),
            "i": eight(ticker.index),
            "P": eight(ticker.index),
            "r": eight(ticker.funding_rate),
            "T": ticker.next_funding_ms,
        }

    def _kline(self, market: Market, interval: str, now_ms: int) -> dict[str, Any] | None:
        bars = self._engine.bars(market, INTERVALS[interval], since_ms=None, limit=1)
        if not bars:
            return None
        bar = bars[-1]
        shown = {
            "t": bar.open_ms,
            "T": bar.open_ms + INTERVALS[interval] - 1,
            "s": market.symbol,
            "i": interval,
            "f": 1,
            "L": 1,
            "o": eight(bar.open),
            "c": eight(bar.close),
            "h": eight(bar.high),
            "l": eight(bar.low),
            "v": eight(bar.volume),
            "n": 1,
            "x": bar.closed,
            "q": eight(bar.turnover),
            "V": eight(bar.volume / 2),
            "Q": eight(bar.turnover / 2),
            "B": "0",
        }
        return {"e": "kline", "E": now_ms, "s": market.symbol, "k": shown}


def _changes(before: Sequence[Level], after: Sequence[Level]) -> list[Level]:
    """Return the levels that changed; those that are gone with an amount of zero."""
    old, new = ({level.price: level.amount for level in side} for side in (before, after))
    gone = [Level(price, ZERO) for price in old if price not in new]
    return gone + [Level(price, amount) for price, amount in new.items() if old.get(price) != amount]


def _trade(trade: PublicTrade, what: str) -> dict[str, Any]:
    number = int(trade.trade_id)
    ids = {"t": number} if what == "trade" else {"a": number, "f": number, "l": number}
    return {
        "e": what,
        "E": trade.at_ms,
        "s": trade.market.symbol,
        **ids,
        "p": eight(trade.price),
        "q": eight(trade.amount),
        "T": trade.at_ms,
        "m": trade.side is Side.SELL,
        "M": True,
    }
