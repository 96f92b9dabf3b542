"""A configured symbol gets the venue's own rules, in base units and exactly; what is not there is said, all at once.

The real ccxt parses what the venues say of their instruments.
"""

import decimal
import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from actors.errors import BadInputError
from actors.exchange.live.markets import Listed, listed, products_of
from actors.runtime.virtual_time import VirtualClock, run_virtually
from messages.units import CONTEXT, PERP, SPOT, VenueName
from tests.actors.exchange.live.doubles import MemorySession, MemoryTransport, Reply, Sent, SmallDialect, client_of

SYMBOLS = ["ETH/USDT", "ETHUSDT-PERP"]

BINANCE_SPOT = {
    "symbols": [
        {
            "symbol": "ETHUSDT",
            "status": "TRADING",
            "baseAsset": "ETH",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "minQty": "0.00010000", "maxQty": "9000.00", "stepSize": "0.00010000"},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.00"},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
        }
    ]
}
BINANCE_PERP = {
    "symbols": [
        {
            "symbol": "ETHUSDT",
            "pair": "ETHUSDT",
            "contractType": "PERPETUAL",
            "deliveryDate": 4133404800000,
            "onboardDate": 1569398400000,
            "status": "TRADING",
            "baseAsset": "ETH",
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": 2,
            "quantityPrecision": 3,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": ["LIMIT", "MARKET"],
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": "39.86", "maxPrice": "306177", "tickSize": "0.01"},
                {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "10000", "stepSize": "0.001"},
                {"filterType": "MIN_NOTIONAL", "notional": "20"},
            ],
        }
    ]
}


def bybit(category: str) -> dict[str, object]:
    common = {"symbol": "ETHUSDT", "baseCoin": "ETH", "quoteCoin": "USDT", "status": "Trading"}
    spot = {
        **common,
        "innovation": "0",
        "marginTrading": "none",
        "lotSizeFilter": {
            "basePrecision": "0.00001",
            "quotePrecision": "0.0000001",
            "minOrderQty": "0.0004",
            "maxOrderQty": "1229.2",
            "minOrderAmt": "5",
            "maxOrderAmt": "4000000",
        },
        "priceFilter": {"tickSize": "0.01"},
    }
    linear = {
        **common,
        "contractType": "LinearPerpetual",
        "settleCoin": "USDT",
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": "0.01", "maxPrice": "19999.98", "tickSize": "0.01"},
        "lotSizeFilter": {
            "maxOrderQty": "7240.00",
            "minOrderQty": "0.01",
            "qtyStep": "0.01",
            "minNotionalValue": "5",
        },
    }
    rows = [spot if category == "spot" else linear]
    result = {"category": category, "list": rows, "nextPageCursor": ""}
    return {"retCode": 0, "retMsg": "OK", "result": result, "time": 1}


def okx(kind: str) -> dict[str, object]:
    common = {"state": "live", "lever": "10", "alias": "", "expTime": "", "listTime": "1548133413000", "uly": ""}
    spot = {
        **common,
        "instType": "SPOT",
        "instId": "ETH-USDT",
        "baseCcy": "ETH",
        "quoteCcy": "USDT",
        "settleCcy": "",
        "ctVal": "",
        "ctMult": "",
        "ctType": "",
        "tickSz": "0.01",
        "lotSz": "0.000001",
        "minSz": "0.0001",
    }
    swap = {
        **common,
        "instType": "SWAP",
        "instId": "ETH-USDT-SWAP",
        "uly": "ETH-USDT",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": "USDT",
        "ctVal": "0.1",
        "ctMult": "1",
        "ctValCcy": "ETH",
        "ctType": "linear",
        "tickSz": "0.01",
        "lotSz": "0.01",
        "minSz": "0.02",
    }
    return {"code": "0", "msg": "", "data": [spot if kind == "SPOT" else swap]}


def answer(sent: Sent) -> Reply:
    if "binance" in sent.url:
        said: Mapping[str, object] = BINANCE_PERP if "fapi" in sent.url else BINANCE_SPOT
    elif "bybit" in sent.url:
        said = bybit(sent.url.partition("category=")[2].partition("&")[0])
    else:
        said = okx(sent.url.partition("instType=")[2].partition("&")[0])
    return Reply(text_of=json.dumps(said))


def rules_of(venue: str, symbols: list[str]) -> tuple[dict[str, Listed], list[Sent]]:
    """Load a venue's markets by ccxt, and return the rules of some symbols and what was asked."""

    async def program(clock: VirtualClock) -> tuple[dict[str, Listed], list[Sent]]:
        session = MemorySession(answer)
        client = client_of(MemoryTransport(session), SmallDialect(venue), clock=clock)
        await client.open()
        try:
            markets = await client.load_markets()
            again = client_of(MemoryTransport(session), SmallDialect(venue), clock=clock)
            await again.open(markets)
            assert await again.load_markets() == markets
            await again.close()
            return listed(VenueName(venue), symbols, markets), session.sent
        finally:
            await client.close()

    with decimal.localcontext(CONTEXT):
        return run_virtually(program)


@pytest.mark.parametrize(
    ("venue", "symbol", "expected"),
    [
        ("binance", "ETH/USDT", ("binance", "ETHUSDT", "0.01", "0.0001", "0.0001", "5", "1")),
        ("binance", "ETHUSDT-PERP", ("binance.perp", "ETHUSDT", "0.01", "0.001", "0.001", "20", "1")),
        ("bybit", "ETH/USDT", ("bybit", "ETHUSDT", "0.01", "0.00001", "0.0004", "5", "1")),
        ("bybit", "ETHUSDT-PERP", ("bybit", "ETHUSDT", "0.01", "0.01", "0.01", "5", "1")),
        ("okx", "ETH/USDT", ("okx", "ETH-USDT", "0.01", "0.000001", "0.0001", "0", "1")),
        ("okx", "ETHUSDT-PERP", ("okx", "ETH-USDT-SWAP", "0.01", "0.001", "0.002", "0", "0.1")),
    ],
)
def test_the_rules_are_the_venues_in_base_units_and_exact(venue: str, symbol: str, expected: tuple[str, ...]) -> None:
    rules, _ = rules_of(venue, [symbol])

    instrument, market = rules[symbol]
    account, name, tick, lot, least, notional, size = expected
    assert (instrument.account, market.account, market.symbol) == (account, account, name)
    assert instrument.trade_type is market.trade_type is (PERP if symbol.endswith("PERP") else SPOT)
    assert (str(instrument.tick), str(instrument.lot), str(instrument.min_quantity)) == (tick, lot, least)
    assert (str(instrument.min_notional), str(instrument.contract_size)) == (notional, size)
    assert (market.tick, market.lot, market.contract_size) == (Decimal(tick), Decimal(lot), Decimal(size))
    assert (instrument.instrument_id, market.instrument) == (f"{venue}:{symbol}",) * 2
    assert market.unified == ("ETH/USDT:USDT" if symbol.endswith("PERP") else "ETH/USDT")


@pytest.mark.parametrize(("venue", "requests"), [("binance", 2), ("bybit", 3), ("okx", 2)])
def test_only_what_is_traded_is_asked_for_and_once(venue: str, requests: int) -> None:
    _, sent = rules_of(venue, SYMBOLS)

    assert len(sent) == requests


def test_all_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(BadInputError) as caught:
        rules_of("bybit", ["DOGE/USDT", "ETH/USDT", "XUSDT-PERP", "ETHUSD"])

    assert caught.value.problems == (
        "bybit:DOGE/USDT: bybit has no market DOGE/USDT",
        "bybit:XUSDT-PERP: bybit has no market X/USDT:USDT",
        "ETHUSD: neither BASE/USDT nor BASEUSDT-PERP",
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"active": False}, "does not trade it now"),
        ({"spot": False}, "as another kind of product"),
        ({"precision": {"price": None, "amount": 1}}, "no tick or no lot"),
    ],
)
def test_a_market_that_cannot_be_traded_is_refused(change: dict[str, object], complaint: str) -> None:
    usable = {
        "id": "ETHUSDT",
        "spot": True,
        "active": True,
        "precision": {"price": 0.01, "amount": 0.001},
        "limits": {},
    }

    assert listed(VenueName("bybit"), ["ETH/USDT"], {"ETH/USDT": usable})
    with pytest.raises(BadInputError, match=complaint):
        listed(VenueName("bybit"), ["ETH/USDT"], {"ETH/USDT": usable | change})


def test_a_rule_that_ccxt_has_as_a_float_is_taken_as_it_is_written() -> None:
    raw = {
        "id": "ETHUSDT",
        "spot": True,
        "precision": {"price": 0.1, "amount": 1e-08},
        "limits": {"cost": {"min": 5.0}},
    }

    instrument, _ = listed(VenueName("bybit"), ["ETH/USDT"], {"ETH/USDT": raw})["ETH/USDT"]

    assert (instrument.tick, instrument.lot, instrument.min_notional) == (
        Decimal("0.1"),
        Decimal("0.00000001"),
        Decimal(5),
    )


def test_symbols_say_which_products_they_are() -> None:
    assert products_of(SYMBOLS) == {SPOT, PERP}
    assert products_of(["ETHUSDT-PERP"]) == {PERP}
