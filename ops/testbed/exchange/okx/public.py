"""What OKX shows to everybody: instruments, prices, books, candles, funding rates."""

from collections.abc import Sequence

from messages.units import Side, TradeType, plain
from ops.testbed.exchange.contract import Answer, Engine
from ops.testbed.exchange.okx.asked import Asked, market_named, markets_of
from ops.testbed.exchange.okx.wording import INST_TYPES, Row, answered, size
from ops.testbed.exchange.quotes import Bar, Book, Level, PublicTrade
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market

_MINUTE = 60_000
BARS = {
    "1m": _MINUTE,
    "3m": 3 * _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1H": 60 * _MINUTE,
    "2H": 120 * _MINUTE,
    "4H": 240 * _MINUTE,
    "6Hutc": 360 * _MINUTE,
    "12Hutc": 720 * _MINUTE,
    "1Dutc": 1_440 * _MINUTE,
}
"""Candles that begin where UTC's periods do; those of Hong Kong's day are not kept here."""
_MOST_BARS = 300
_MOST_LEVELS = 400
_MOST_TRADES = 500
_NO_MARKETS = ("FUTURES", "OPTION", "MARGIN", "EVENTS")


class Public:
    """What is under /api/v5/public and /api/v5/market."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def time(self, asked: Asked) -> Answer:  # noqa: ARG002 - nothing to ask
        """GET /public/time."""
        return answered([{"ts": str(self._engine.now_ms())}])

    def instruments(self, asked: Asked) -> Answer:
        """GET /public/instruments and /account/instruments."""
        fields = asked.fields
        if fields.one_of("instType", (*INST_TYPES.values(), *_NO_MARKETS)) in _NO_MARKETS:
            return answered([])
        return answered([instrument(market) for market in markets_of(self._engine, fields)])

    def mark(self, asked: Asked) -> Answer:
        """GET /public/mark-price."""
        fields = asked.fields
        fields.need("instType")
        return answered([self.mark_row(market) for market in markets_of(self._engine, fields)])

    def mark_row(self, market: Market) -> Row:
        """Return a mark price."""
        mark = self._engine.ticker(market).mark
        kind = INST_TYPES[market.product]
        return {"instId": market.symbol, "instType": kind, "markPx": plain(mark), "ts": str(self._engine.now_ms())}

    def limits(self, asked: Asked) -> Answer:
        """GET /public/price-limit."""
        market = market_named(self._engine, asked.fields.need("instId"))
        reference = self._engine.ticker(market).mark
        row = {
            "instId": market.symbol,
            "instType": INST_TYPES[market.product],
            "buyLmt": plain((reference * market.band_up).quantize(market.tick)),
            "sellLmt": plain((reference * market.band_down).quantize(market.tick)),
            "enabled": True,
            "ts": str(self._engine.now_ms()),
        }
        return answered([row])

    def funding(self, asked: Asked) -> Answer:
        """GET /public/funding-rate."""
        name = asked.fields.need("instId")
        markets: Sequence[Market] = (
            [market for market in self._engine.markets.values() if market.product is TradeType.PERP]
            if name == "ANY"
            else [market_named(self._engine, name)]
        )
        if any(market.product is not TradeType.PERP for market in markets):
            raise RejectError(Reject.UNKNOWN_SYMBOL, name)
        return answered([self.funding_row(market) for market in markets])

    def funding_row(self, market: Market) -> Row:
        """Return a perp's funding rate as things stand."""
        ticker = self._engine.ticker(market)
        interval = market.funding_interval_ms
        last = self._engine.funding_history(market)[-1:]
        return {
            "formulaType": "noRate",
            "fundingRate": plain(ticker.funding_rate),
            "fundingTime": str(ticker.next_funding_ms),
            "impactValue": "20000",
            "instId": market.symbol,
            "instType": "SWAP",
            "interestRate": "0.0001",
            "maxFundingRate": "0.00375",
            "method": "current_period",
            "minFundingRate": "-0.00375",
            "nextFundingRate": "",
            "nextFundingTime": str(ticker.next_funding_ms + interval),
            "premium": "0",
            "prevFundingTime": str(last[0].at_ms if last else ticker.next_funding_ms - interval),
            "settFundingRate": plain(last[0].rate) if last else "",
            "settState": "settled",
            "ts": str(self._engine.now_ms()),
        }

    def funding_history(self, asked: Asked) -> Answer:
        """GET /public/funding-rate-history."""
        fields = asked.fields
        market = market_named(self._engine, fields.need("instId"))
        after, before = fields.whole("after"), fields.whole("before")
        paid = [
            {
                "instId": market.symbol,
                "instType": "SWAP",
                "formulaType": "noRate",
                "fundingRate": plain(each.rate),
                "realizedRate": plain(each.rate),
                "fundingTime": str(each.at_ms),
                "method": "current_period",
            }
            for each in reversed(self._engine.funding_history(market))
            if (after is None or each.at_ms < after) and (before is None or each.at_ms > before)
        ]
        return answered(paid[: min(fields.whole("limit") or _MOST_LEVELS, _MOST_LEVELS)])

    def ticker(self, asked: Asked) -> Answer:
        """GET /market/ticker."""
        return answered([self.ticker_row(market_named(self._engine, asked.fields.need("instId")))])

    def tickers(self, asked: Asked) -> Answer:
        """GET /market/tickers."""
        asked.fields.need("instType")
        return answered([self.ticker_row(market) for market in markets_of(self._engine, asked.fields)])

    def ticker_row(self, market: Market) -> Row:
        """Return a ticker."""
        ticker = self._engine.ticker(market)
        is_perp = market.product is TradeType.PERP
        return {
            "instType": INST_TYPES[market.product],
            "instId": market.symbol,
            "last": plain(ticker.last),
            "lastSz": size(market.lot, market),
            "askPx": plain(ticker.ask),
            "askSz": size(ticker.ask_amount, market),
            "bidPx": plain(ticker.bid),
            "bidSz": size(ticker.bid_amount, market),
            "open24h": plain(ticker.open),
            "high24h": plain(ticker.high),
            "low24h": plain(ticker.low),
            # In contracts and base for perps, in base and quote for spot.
            "vol24h": size(ticker.volume, market),
            "volCcy24h": plain(ticker.volume if is_perp else ticker.turnover),
            "sodUtc0": plain(ticker.open),
            "sodUtc8": plain(ticker.open),
            "ts": str(ticker.at_ms),
        }

    def books(self, asked: Asked) -> Answer:
        """GET /market/books."""
        fields = asked.fields
        market = market_named(self._engine, fields.need("instId"))
        depth = fields.whole("sz") or 1
        if not 1 <= depth <= _MOST_LEVELS:
            raise RejectError(Reject.BAD_PARAMETER, "sz")
        return answered([book_row(self._engine.book(market, depth))])

    def candles(self, asked: Asked) -> Answer:
        """GET /market/candles and history-candles."""
        fields = asked.fields
        market = market_named(self._engine, fields.need("instId"))
        interval = BARS[fields.one_of("bar", tuple(BARS), "1m")]
        limit = min(fields.whole("limit") or 100, _MOST_BARS)
        after, before = fields.whole("after"), fields.whole("before")
        since = None
        if before is not None:
            since = before + 1
        elif after is not None:
            since = max(0, after - interval * (limit + 1))
        found = self._engine.bars(market, interval, since_ms=since, limit=limit + 1)
        kept = [
            bar for bar in found if (after is None or bar.open_ms < after) and (before is None or bar.open_ms > before)
        ]
        return answered([candle_row(bar, market) for bar in reversed(kept[-limit:])])

    def trades(self, asked: Asked) -> Answer:
        """GET /market/trades."""
        fields = asked.fields
        market = market_named(self._engine, fields.need("instId"))
        limit = min(fields.whole("limit") or 100, _MOST_TRADES)
        return answered([trade_row(each) for each in reversed(self._engine.public_trades(market, limit))])


def instrument(market: Market) -> Row:
    """Return what the rules of a market are."""
    is_perp = market.product is TradeType.PERP
    pair = f"{market.base}-{market.quote}"
    max_market = size(market.max_market_amount, market)
    return {
        "instType": INST_TYPES[market.product],
        "instId": market.symbol,
        "instIdCode": 0,
        "instFamily": pair if is_perp else "",
        "uly": pair if is_perp else "",
        "baseCcy": "" if is_perp else market.base,
        "quoteCcy": "" if is_perp else market.quote,
        "settleCcy": market.quote if is_perp else "",
        "ctType": "linear" if is_perp else "",
        "ctVal": plain(market.contract_size) if is_perp else "",
        "ctValCcy": market.base if is_perp else "",
        "ctMult": "1" if is_perp else "",
        "tickSz": plain(market.tick),
        "lotSz": size(market.lot, market),
        "minSz": size(market.min_amount, market),
        "maxLmtSz": size(market.max_amount, market),
        "maxMktSz": max_market,
        "maxLmtAmt": "20000000",
        "maxMktAmt": "" if is_perp else "1000000",
        "maxTwapSz": size(market.max_amount, market),
        "maxIcebergSz": size(market.max_amount, market),
        "maxTriggerSz": size(market.max_amount, market),
        "maxStopSz": max_market,
        "lever": plain(market.max_leverage) if is_perp else "",
        "state": "live",
        "ruleType": "normal",
        "category": "1",
        "alias": "",
        "stk": "",
        "optType": "",
        "listTime": "1548133413000",
        "expTime": "",
        "auctionEndTime": "",
        "contTdSwTime": "",
        "openType": "",
        "groupId": "1",
        "tradeQuoteCcyList": [] if is_perp else [market.quote],
    }


def levels(side: Sequence[Level], market: Market) -> list[list[str]]:
    """Return one side of a book."""
    return [[plain(level.price), size(level.amount, market), "0", "1"] for level in side]


def book_row(book: Book) -> Row:
    """Return a book."""
    return {
        "asks": levels(book.asks, book.market),
        "bids": levels(book.bids, book.market),
        "ts": str(book.at_ms),
        "seqId": book.serial,
    }


def candle_row(bar: Bar, market: Market) -> list[str]:
    """Return a candle."""
    is_perp = market.product is TradeType.PERP
    return [
        str(bar.open_ms),
        plain(bar.open),
        plain(bar.high),
        plain(bar.low),
        plain(bar.close),
        size(bar.volume, market),
        plain(bar.volume if is_perp else bar.turnover),
        plain(bar.turnover),
        "1" if bar.closed else "0",
    ]


def trade_row(trade: PublicTrade) -> Row:
    """Return a public trade."""
    return {
        "instId": trade.market.symbol,
        "tradeId": trade.trade_id,
        "px": plain(trade.price),
        "sz": size(trade.amount, trade.market),
        "side": "buy" if trade.side is Side.BUY else "sell",
        "source": "0",
        "ts": str(trade.at_ms),
    }
