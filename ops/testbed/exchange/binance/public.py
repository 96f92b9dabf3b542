"""What everybody may ask: time, markets, books, candles, tickers, funding."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from messages.units import PERP, SPOT, TradeType
from ops.testbed.exchange.binance.calls import Call, Route, Routes, always, unless_symbol
from ops.testbed.exchange.binance.markets_shown import markets_of, perp_info, spot_info
from ops.testbed.exchange.binance.params import Params
from ops.testbed.exchange.binance.text import eight, stepped
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.quotes import Bar, Level, PublicTrade, Ticker
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market

MINUTE_MS = 60_000
INTERVALS: Mapping[str, int] = MappingProxyType(
    {
        "1s": 1_000,
        **{f"{n}m": n * MINUTE_MS for n in (1, 3, 5, 15, 30)},
        **{f"{n}h": n * 60 * MINUTE_MS for n in (1, 2, 4, 6, 8, 12)},
        "1d": 1_440 * MINUTE_MS,
        "3d": 3 * 1_440 * MINUTE_MS,
        "1w": 7 * 1_440 * MINUTE_MS,
    }
)
_LEVELS = 50


def ping(_call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET ping."""
    return {}


def server_time(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET time."""
    return {"serverTime": call.engine.now_ms()}


def coin_margined_info(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET exchangeInfo of futures that are settled in coins: there are none here."""
    return {
        "timezone": "UTC",
        "serverTime": call.engine.now_ms(),
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [],
    }


def levels(side: Sequence[Level], market: Market) -> list[list[str]]:
    """Return one side of a book."""
    if market.product is SPOT:
        return [[eight(level.price), eight(level.amount)] for level in side]
    return [[stepped(level.price, market.tick), stepped(level.amount, market.lot)] for level in side]


def _depth(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    market = call.market(product)
    book = call.engine.book(market, min(call.params.limit(5_000, 100), _LEVELS))
    shown = {
        "lastUpdateId": book.serial,
        "bids": levels(book.bids, market),
        "asks": levels(book.asks, market),
    }
    return shown if product is SPOT else shown | {"E": book.at_ms, "T": book.at_ms}


def _klines(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    market, interval = call.market(product), INTERVALS.get(call.params.need("interval"))
    if interval is None:
        raise RejectError(Reject.BAD_PARAMETER, "interval")
    limit, until = call.params.limit(1_000, 500), call.params.whole("endTime")
    bars = call.engine.bars(market, interval, since_ms=call.params.whole("startTime"), limit=limit)
    return [_kline(bar, interval) for bar in bars if until is None or bar.open_ms <= until]


def _kline(bar: Bar, interval_ms: int) -> list[Any]:
    return [
        bar.open_ms,
        eight(bar.open),
        eight(bar.high),
        eight(bar.low),
        eight(bar.close),
        eight(bar.volume),
        bar.open_ms + interval_ms - 1,
        eight(bar.turnover),
        1,
        eight(bar.volume / 2),
        eight(bar.turnover / 2),
        "0",
    ]


def _trades(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    market = call.market(product)
    return [_trade(each) for each in call.engine.public_trades(market, call.params.limit(1_000, 500))]


def _trade(trade: PublicTrade) -> dict[str, Any]:
    return {
        "id": int(trade.trade_id),
        "price": eight(trade.price),
        "qty": eight(trade.amount),
        "quoteQty": eight(trade.price * trade.amount),
        "time": trade.at_ms,
        "isBuyerMaker": trade.side.value == "SELL",
        "isBestMatch": True,
    }


def _each(call: Call, product: TradeType) -> tuple[list[Ticker], bool]:
    """Return the tickers that are asked for, and whether it is one alone."""
    named = call.market_or_all(product)
    listed = call.params.text("symbols").strip("[]").replace('"', "")
    markets = [named] if named is not None else markets_of(call, product)
    if named is None and listed:
        markets = [call.engine.market(product, symbol.strip()) for symbol in listed.split(",")]
    return [call.engine.ticker(market) for market in markets], named is not None


def _day(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    tickers, alone = _each(call, product)
    shown = [_day_of(ticker) for ticker in tickers]
    return shown[0] if alone else shown


def _day_of(ticker: Ticker) -> dict[str, Any]:
    change = ticker.last - ticker.open
    shown = {
        "symbol": ticker.market.symbol,
        "priceChange": eight(change),
        "priceChangePercent": format(change * 100 / ticker.open if ticker.open else change, ".3f"),
        "weightedAvgPrice": eight(ticker.turnover / ticker.volume if ticker.volume else ticker.last),
        "lastPrice": eight(ticker.last),
        "lastQty": eight(ticker.bid_amount),
        "openPrice": eight(ticker.open),
        "highPrice": eight(ticker.high),
        "lowPrice": eight(ticker.low),
        "volume": eight(ticker.volume),
        "quoteVolume": eight(ticker.turnover),
        "openTime": ticker.at_ms - 1_440 * MINUTE_MS,
        "closeTime": ticker.at_ms,
        "firstId": 1,
        "lastId": 1,
        "count": 1,
    }
    return shown if ticker.market.product is PERP else shown | _best(ticker)


def _best(ticker: Ticker) -> dict[str, str]:
    return {
        "symbol": ticker.market.symbol,
        "bidPrice": eight(ticker.bid),
        "bidQty": eight(ticker.bid_amount),
        "askPrice": eight(ticker.ask),
        "askQty": eight(ticker.ask_amount),
    }


def _book_ticker(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    tickers, alone = _each(call, product)
    shown = [_best(each) if product is SPOT else _best(each) | {"time": each.at_ms} for each in tickers]
    return shown[0] if alone else shown


def _price(call: Call, product: TradeType) -> Any:  # noqa: ANN401 - JSON
    tickers, alone = _each(call, product)
    shown: list[dict[str, Any]] = [{"symbol": each.market.symbol, "price": eight(each.last)} for each in tickers]
    if product is PERP:
        shown = [row | {"time": each.at_ms} for row, each in zip(shown, tickers, strict=True)]
    return shown[0] if alone else shown


def average_price(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/avgPrice."""
    ticker = call.engine.ticker(call.market(SPOT))
    return {"mins": 5, "price": eight(ticker.last), "closeTime": ticker.at_ms}


def premium_index(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/premiumIndex."""
    tickers, alone = _each(call, PERP)
    shown = [
        {
            "symbol": each.market.symbol,
            "markPrice": eight(each.mark),
            "indexPrice": eight(each.index),
            "estimatedSettlePrice": eight(each.index),
            "lastFundingRate": eight(each.funding_rate),
            "interestRate": "0.00010000",
            "nextFundingTime": each.next_funding_ms,
            "time": each.at_ms,
        }
        for each in tickers
    ]
    return shown[0] if alone else shown


def funding_rates(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/fundingRate."""
    market, until = call.market(PERP), call.params.whole("endTime")
    paid = call.engine.funding_history(market, since_ms=call.params.whole("startTime") or 0)
    kept = [each for each in paid if until is None or each.at_ms <= until]
    limit = call.params.limit(1_000, 100)
    return [
        {
            "symbol": market.symbol,
            "fundingRate": eight(each.rate),
            "fundingTime": each.at_ms,
            "markPrice": eight(each.mark),
        }
        for each in (kept[:limit] if call.params.text("startTime") else kept[-limit:])
    ]


def _of_depth(steps: Mapping[int, int], most: int) -> Any:  # noqa: ANN401 - a weight
    def weight(params: Params) -> int:
        limit = params.whole("limit") or 100
        return next((cost for size, cost in steps.items() if limit <= size), most)

    return weight


def _both(handler: Any, product: TradeType) -> Any:  # noqa: ANN401 - a handler
    return lambda call: handler(call, product)


_SPOT_DEPTH = _of_depth({100: 5, 500: 25, 1_000: 50}, 250)
_PERP_DEPTH = _of_depth({50: 2, 100: 5, 500: 10}, 20)
ROUTES: Routes = {
    ("GET", "/api/v3/ping"): Route(Op.OTHER, "spot", ping, always(1), open=True),
    ("GET", "/api/v3/time"): Route(Op.TIME, "spot", server_time, always(1), open=True),
    ("GET", "/api/v3/exchangeInfo"): Route(Op.MARKETS, "spot", spot_info, always(20), open=True),
    ("GET", "/api/v3/depth"): Route(Op.BOOK, "spot", _both(_depth, SPOT), _SPOT_DEPTH, open=True),
    ("GET", "/api/v3/klines"): Route(Op.CANDLES, "spot", _both(_klines, SPOT), always(2), open=True),
    ("GET", "/api/v3/trades"): Route(Op.OTHER, "spot", _both(_trades, SPOT), always(25), open=True),
    ("GET", "/api/v3/avgPrice"): Route(Op.TICKER, "spot", average_price, always(2), open=True),
    ("GET", "/api/v3/ticker/24hr"): Route(Op.TICKER, "spot", _both(_day, SPOT), unless_symbol(2, 80), open=True),
    ("GET", "/api/v3/ticker/price"): Route(Op.TICKER, "spot", _both(_price, SPOT), unless_symbol(2, 4), open=True),
    ("GET", "/api/v3/ticker/bookTicker"): Route(
        Op.TICKER, "spot", _both(_book_ticker, SPOT), unless_symbol(2, 4), open=True
    ),
    ("GET", "/dapi/v1/ping"): Route(Op.OTHER, "perp", ping, always(1), open=True),
    ("GET", "/dapi/v1/time"): Route(Op.TIME, "perp", server_time, always(1), open=True),
    ("GET", "/dapi/v1/exchangeInfo"): Route(Op.MARKETS, "perp", coin_margined_info, always(1), open=True),
    ("GET", "/fapi/v1/ping"): Route(Op.OTHER, "perp", ping, always(1), open=True),
    ("GET", "/fapi/v1/time"): Route(Op.TIME, "perp", server_time, always(1), open=True),
    ("GET", "/fapi/v1/exchangeInfo"): Route(Op.MARKETS, "perp", perp_info, always(1), open=True),
    ("GET", "/fapi/v1/depth"): Route(Op.BOOK, "perp", _both(_depth, PERP), _PERP_DEPTH, open=True),
    ("GET", "/fapi/v1/klines"): Route(Op.CANDLES, "perp", _both(_klines, PERP), always(5), open=True),
    ("GET", "/fapi/v1/trades"): Route(Op.OTHER, "perp", _both(_trades, PERP), always(5), open=True),
    ("GET", "/fapi/v1/ticker/24hr"): Route(Op.TICKER, "perp", _both(_day, PERP), unless_symbol(1, 40), open=True),
    ("GET", "/fapi/v1/ticker/price"): Route(Op.TICKER, "perp", _both(_price, PERP), unless_symbol(1, 2), open=True),
    ("GET", "/fapi/v2/ticker/price"): Route(Op.TICKER, "perp", _both(_price, PERP), unless_symbol(1, 2), open=True),
    ("GET", "/fapi/v1/ticker/bookTicker"): Route(
        Op.TICKER, "perp", _both(_book_ticker, PERP), unless_symbol(2, 5), open=True
    ),
    ("GET", "/fapi/v1/premiumIndex"): Route(Op.TICKER, "perp", premium_index, unless_symbol(1, 10), open=True),
    ("GET", "/fapi/v1/fundingRate"): Route(Op.OTHER, "perp", funding_rates, always(1), open=True),
}
