"""What everybody may ask: time, markets, tickers, books, candles, funding rates, trades."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from messages.units import TradeType, plain
from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.bybit.forms import CATEGORIES, SIDES, Row, short
from ops.testbed.exchange.quotes import Bar, Book, Level, PublicTrade, Ticker
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market

_MINUTE_MS = 60_000
INTERVALS: Mapping[str, int] = {
    **{minutes: int(minutes) * _MINUTE_MS for minutes in ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720")},
    "D": 24 * 60 * _MINUTE_MS,
    "W": 7 * 24 * 60 * _MINUTE_MS,
}
_MONTHLY_FUNDING = 200
_BARS = (200, 1000)


def time(asked: Asked) -> Result:
    """GET /v5/market/time."""
    return {"timeSecond": str(asked.now_ms // 1000), "timeNano": str(asked.now_ms * 1_000_000)}


def _markets(asked: Asked) -> Iterator[Market]:
    """Yield the markets that are asked for; those that are not here are none."""
    product = asked.product
    symbol, base = asked.text("symbol"), asked.text("baseCoin")
    for market in asked.engine.markets.values():
        if market.product is product and symbol in {"", market.symbol} and base in {"", market.base}:
            yield market


def instruments(asked: Asked) -> Result:
    """GET /v5/market/instruments-info."""
    trading = asked.text("status", "Trading") == "Trading"
    rows = [_spot(market) if market.product is TradeType.SPOT else _perp(market) for market in _markets(asked)]
    return {"category": asked.text("category"), "list": rows if trading else [], "nextPageCursor": ""}


def _spot(market: Market) -> Row:
    return {
        "symbol": market.symbol,
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": plain(market.lot),
            "quotePrecision": "0.0000001",
            "minOrderQty": plain(market.min_amount),
            "maxOrderQty": plain(market.max_amount),
            "minOrderAmt": plain(market.min_notional),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": plain(market.max_amount),
            "maxMarketOrderQty": plain(market.max_market_amount),
            "postOnlyMaxLimitOrderSize": plain(market.max_amount),
        },
        "priceFilter": {"tickSize": plain(market.tick)},
        "riskParameters": _band(market),
    }


def _band(market: Market) -> Row:
    edge = plain(market.band_up - 1)
    return {"priceLimitRatioX": edge, "priceLimitRatioY": edge}


def _perp(market: Market) -> Row:
    return {
        "symbol": market.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": market.base,
        "quoteCoin": market.quote,
        "settleCoin": market.quote,
        "launchTime": "1585526400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(-market.tick.normalize().as_tuple().exponent) if market.tick < 1 else "0",  # type: ignore[operator]  # finite
        "leverageFilter": {"minLeverage": "1", "maxLeverage": plain(market.max_leverage), "leverageStep": "0.01"},
        "priceFilter": {"minPrice": plain(market.tick), "maxPrice": "1999999.8", "tickSize": plain(market.tick)},
        "lotSizeFilter": {
            "maxOrderQty": plain(market.max_amount),
            "minOrderQty": plain(market.min_amount),
            "qtyStep": plain(market.lot),
            "postOnlyMaxOrderQty": plain(market.max_amount),
            "maxMktOrderQty": plain(market.max_market_amount),
            "minNotionalValue": plain(market.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": market.funding_interval_ms // _MINUTE_MS,
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": _band(market),
    }


def tickers(asked: Asked) -> Result:
    """GET /v5/market/tickers."""
    rows = [ticker_row(asked.engine.ticker(market)) for market in _markets(asked)]
    if asked.text("symbol") and not rows:
        raise RejectError(Reject.UNKNOWN_SYMBOL, asked.text("symbol"))
    return {"category": asked.text("category"), "list": rows}


def ticker_row(ticker: Ticker) -> Row:
    """Return a ticker as REST and the perps' frames have it."""
    row: Row = {
        "symbol": ticker.market.symbol,
        "bid1Price": plain(ticker.bid),
        "bid1Size": plain(ticker.bid_amount),
        "ask1Price": plain(ticker.ask),
        "ask1Size": plain(ticker.ask_amount),
        "lastPrice": plain(ticker.last),
        "prevPrice24h": plain(ticker.open),
        "price24hPcnt": short((ticker.last - ticker.open) / ticker.open) if ticker.open else "0",
        "highPrice24h": plain(ticker.high),
        "lowPrice24h": plain(ticker.low),
        "turnover24h": short(ticker.turnover),
        "volume24h": short(ticker.volume),
    }
    if ticker.market.product is TradeType.SPOT:
        return row | {"usdIndexPrice": plain(ticker.index)}
    return row | {
        "indexPrice": plain(ticker.index),
        "markPrice": plain(ticker.mark),
        "prevPrice1h": plain(ticker.open),
        "openInterest": plain(ticker.open_interest),
        "openInterestValue": short(ticker.open_interest * ticker.mark),
        "fundingRate": plain(ticker.funding_rate),
        "nextFundingTime": str(ticker.next_funding_ms),
        "fundingIntervalHour": str(ticker.market.funding_interval_ms // (60 * _MINUTE_MS)),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
    }


def spot_ticker(ticker: Ticker) -> Row:
    """Return a ticker as spot's frames have it: without the book's best prices."""
    return {key: value for key, value in ticker_row(ticker).items() if not key.startswith(("bid1", "ask1"))}


def orderbook(asked: Asked) -> Result:
    """GET /v5/market/orderbook."""
    product = asked.traded
    default, most = (1, 200) if product is TradeType.SPOT else (25, 500)
    book = asked.engine.book(asked.market(product), asked.limit(default, most))
    return {**book_row(book), "ts": book.at_ms, "cts": book.at_ms}


def book_row(book: Book) -> Row:
    """Return a book as answers and snapshots have it."""
    return {
        "s": book.market.symbol,
        "b": [level_row(level) for level in book.bids],
        "a": [level_row(level) for level in book.asks],
        "u": book.serial,
        "seq": book.serial,
    }


def level_row(level: Level) -> list[str]:
    """Return price and amount."""
    return [plain(level.price), plain(level.amount)]


def candles(asked: Asked) -> Result:
    """GET /v5/market/kline: newest first."""
    product = asked.traded
    market = asked.market(product)
    interval = INTERVALS.get(asked.needed("interval"))
    if interval is None:
        raise RejectError(Reject.BAD_PARAMETER, "interval")
    limit = asked.limit(*_BARS)
    start, end = asked.integer("start"), asked.integer("end")
    since = start if start is not None or end is None else max(end - limit * interval, 0)
    bars = asked.engine.bars(market, interval, since_ms=since, limit=limit)
    rows = [bar_row(bar) for bar in bars if end is None or bar.open_ms <= end]
    return {"symbol": market.symbol, "category": CATEGORIES[product], "list": rows[::-1]}


def bar_row(bar: Bar) -> list[str]:
    """Return a candle."""
    return [str(bar.open_ms), *map(plain, (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.turnover))]


def funding_history(asked: Asked) -> Result:
    """GET /v5/market/funding/history: newest first."""
    market = asked.market(asked.traded)
    start, end = asked.integer("startTime") or 0, asked.integer("endTime")
    found = [paid for paid in asked.engine.funding_history(market, since_ms=start) if end is None or paid.at_ms <= end]
    limit = asked.limit(_MONTHLY_FUNDING, _MONTHLY_FUNDING)
    rows = [
        {"symbol": market.symbol, "fundingRate": plain(paid.rate), "fundingRateTimestamp": str(paid.at_ms)}
        for paid in reversed(found)
    ]
    return {"category": asked.text("category"), "list": rows[:limit]}


def trades(asked: Asked) -> Result:
    """GET /v5/market/recent-trade: newest first."""
    product = asked.traded
    default, most = (60, 60) if product is TradeType.SPOT else (500, 1000)
    found = asked.engine.public_trades(asked.market(product), asked.limit(default, most))
    rows = [
        {
            "execId": trade.trade_id,
            "symbol": trade.market.symbol,
            "price": plain(trade.price),
            "size": plain(trade.amount),
            "side": SIDES[trade.side],
            "time": str(trade.at_ms),
            "isBlockTrade": False,
        }
        for trade in reversed(found)
    ]
    return {"category": asked.text("category"), "list": rows}


def public_trade_row(trade: PublicTrade) -> Row:
    """Return a public trade as frames have it."""
    return {
        "T": trade.at_ms,
        "s": trade.market.symbol,
        "S": SIDES[trade.side],
        "v": plain(trade.amount),
        "p": plain(trade.price),
        "i": trade.trade_id,
        "BT": False,
    }


def risk_limits(asked: Asked) -> Result:
    """GET /v5/market/risk-limit."""
    rows = [
        {
            "id": number,
            "symbol": market.symbol,
            "riskLimitValue": plain(tier.up_to),
            "maintenanceMargin": plain(tier.rate),
            "initialMargin": short(Decimal(1) / tier.max_leverage),
            "isLowestRisk": 1 if number == 1 else 0,
            "maxLeverage": plain(tier.max_leverage),
            "mmDeduction": plain(tier.deduction),
        }
        for market in _markets(asked)
        for number, tier in enumerate(market.tiers, start=1)
    ]
    return {"category": asked.text("category"), "list": rows, "nextPageCursor": ""}
