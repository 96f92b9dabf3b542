"""Bybit's public streams: tickers, books, candles and trades of one product."""

import itertools
from collections.abc import Mapping, Sequence

import msgspec

from messages.units import TradeType, plain
from ops.testbed.exchange.bybit.asked import PRODUCTS
from ops.testbed.exchange.bybit.commands import Command, answered, command, unread, written
from ops.testbed.exchange.bybit.forms import Row
from ops.testbed.exchange.bybit.public import INTERVALS, book_row, level_row, public_trade_row, spot_ticker, ticker_row
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import Event, MarketChanged, Printed
from ops.testbed.exchange.quotes import Bar, Book, Level
from ops.testbed.exchange.rejects import RejectError
from ops.testbed.exchange.values import Market

_DEPTHS = frozenset({"1", "50", "200", "1000"})
_PARTS = 3
_connections = itertools.count(1)


class Topic(msgspec.Struct, frozen=True):
    """One subscription: tickers.SYMBOL, orderbook.DEPTH.SYMBOL, kline.INTERVAL.SYMBOL, publicTrade.SYMBOL."""

    name: str
    kind: str
    detail: str
    market: Market


class PublicStream:
    """See ``contract.Session``."""

    def __init__(self, engine: Engine, category: str) -> None:
        self._engine = engine
        self._product = PRODUCTS[category]
        self._connection = f"local-{category}-{next(_connections)}"
        self._topics: dict[str, Topic] = {}
        self._books: dict[str, Book] = {}
        self._tickers: dict[str, Row] = {}
        self._bars: dict[str, Bar] = {}
        self._updates = itertools.count(1)

    def receive(self, text: str) -> Sequence[str]:
        """See the contract."""
        said = command(text)
        if said is None:
            return [unread(self._connection)]
        match said.op:
            case "ping":
                return [answered(said, self._connection, success=True, words="pong")]
            case "subscribe":
                return self._subscribe(said)
            case "unsubscribe":
                for name in map(str, said.args):
                    self._forget(name)
                return [answered(said, self._connection, success=True)]
            case _:
                return [unread(self._connection)]

    def _forget(self, name: str) -> None:
        for kept in (self._topics, self._books, self._tickers, self._bars):
            kept.pop(name, None)

    def _subscribe(self, said: Command) -> Sequence[str]:
        topics = [self._topic(str(name)) for name in said.args]
        unknown = [str(name) for name, topic in zip(said.args, topics, strict=True) if topic is None]
        if unknown:
            words = f"error:handler not found,topic:{unknown[0]}"
            return [answered(said, self._connection, success=False, words=words)]
        words = "subscribe" if self._product is TradeType.SPOT else ""
        frames = [answered(said, self._connection, success=True, words=words)]
        for topic in topics:
            if topic is not None:
                self._topics[topic.name] = topic
                frames += self._snapshot(topic)
        return frames

    def _topic(self, name: str) -> Topic | None:
        kind, *details = name.split(".")
        if not 1 <= len(details) < _PARTS:
            return None
        *detail, symbol = details
        try:
            market = self._engine.market(self._product, symbol)
        except RejectError:
            return None
        topic = Topic(name, kind, detail[0] if detail else "", market)
        fits = {
            "tickers": not detail,
            "publicTrade": not detail,
            "orderbook": topic.detail in _DEPTHS,
            "kline": topic.detail in INTERVALS,
        }
        return topic if fits.get(kind, False) else None

    def _snapshot(self, topic: Topic) -> list[str]:
        match topic.kind:
            case "tickers":
                return self._ticker(topic)
            case "orderbook":
                return self._book(topic)
            case "kline":
                return self._candle(topic)
            case _:
                return []

    def event(self, event: Event) -> Sequence[str]:
        """See the contract."""
        frames: list[str] = []
        match event:
            case MarketChanged():
                for topic in self._of(event.market, "tickers"):
                    frames += self._ticker(topic)
                for topic in self._of(event.market, "orderbook"):
                    frames += self._book(topic)
            case Printed():
                for topic in self._of(event.trade.market, "publicTrade"):
                    row = public_trade_row(event.trade)
                    frames.append(self._frame(topic, "snapshot", [row], event.at_ms))
        return frames

    def _of(self, market: Market, kind: str) -> list[Topic]:
        return [topic for topic in self._topics.values() if topic.kind == kind and topic.market.key == market.key]

    def _frame(self, topic: Topic, kind: str, data: object, at_ms: int, **more: object) -> str:
        return written({"topic": topic.name, "type": kind, "ts": at_ms, "data": data, **more})

    def _ticker(self, topic: Topic) -> list[str]:
        """Return a ticker: on spot always whole, of perps what changed after the first."""
        ticker = self._engine.ticker(topic.market)
        if self._product is TradeType.SPOT:
            return [self._frame(topic, "snapshot", spot_ticker(ticker), ticker.at_ms, cs=next(self._updates))]
        row, before = ticker_row(ticker), self._tickers.get(topic.name)
        self._tickers[topic.name] = row
        if before is None:
            return [self._frame(topic, "snapshot", row, ticker.at_ms, cs=next(self._updates))]
        changed = {key: value for key, value in row.items() if before[key] != value}
        if not changed:
            return []
        data = {"symbol": topic.market.symbol, **changed}
        return [self._frame(topic, "delta", data, ticker.at_ms, cs=next(self._updates))]

    def _book(self, topic: Topic) -> list[str]:
        """Return a book: whole at first (and always at depth 1), then what changed."""
        book, before = self._engine.book(topic.market, int(topic.detail)), self._books.get(topic.name)
        self._books[topic.name] = book
        if before is None or topic.detail == "1":
            return [self._frame(topic, "snapshot", book_row(book), book.at_ms, cts=book.at_ms)]
        bids, asks = _changes(before.bids, book.bids), _changes(before.asks, book.asks)
        if not bids and not asks:
            return []
        data = {"s": topic.market.symbol, "b": bids, "a": asks, "u": book.serial, "seq": book.serial}
        return [self._frame(topic, "delta", data, book.at_ms, cts=book.at_ms)]

    def _candle(self, topic: Topic) -> list[str]:
        """Return the candle of now, and before it the last state of the one that has closed since."""
        interval = INTERVALS[topic.detail]
        bars = self._engine.bars(topic.market, interval, since_ms=None, limit=2)
        if not bars:
            return []
        before, latest = self._bars.get(topic.name), bars[-1]
        if before == latest:
            return []
        self._bars[topic.name] = latest
        shown = [latest]
        if before is not None and before.open_ms != latest.open_ms and len(bars) > 1 and not before.closed:
            shown = [bars[-2], latest]
        now = self._engine.now_ms()
        return [self._frame(topic, "snapshot", [_bar(bar, interval, topic.detail, now)], now) for bar in shown]

    def second(self, now_ms: int) -> Sequence[str]:
        """See the contract."""
        del now_ms
        return [frame for topic in self._topics.values() if topic.kind == "kline" for frame in self._candle(topic)]

    def closed(self) -> None:
        """See the contract."""
        self._topics.clear()


def _changes(before: Sequence[Level], after: Sequence[Level]) -> list[list[str]]:
    """Return the levels that are new or other than before, and those that are gone with an amount of 0."""
    was: Mapping[object, object] = {level.price: level.amount for level in before}
    now = {level.price for level in after}
    gone = [[level_row(level)[0], "0"] for level in before if level.price not in now]
    return gone + [level_row(level) for level in after if was.get(level.price) != level.amount]


def _bar(bar: Bar, interval_ms: int, interval: str, now_ms: int) -> Row:
    return {
        "start": bar.open_ms,
        "end": bar.open_ms + interval_ms - 1,
        "interval": interval,
        "open": plain(bar.open),
        "close": plain(bar.close),
        "high": plain(bar.high),
        "low": plain(bar.low),
        "volume": plain(bar.volume),
        "turnover": plain(bar.turnover),
        "confirm": bar.closed,
        "timestamp": now_ms,
    }
