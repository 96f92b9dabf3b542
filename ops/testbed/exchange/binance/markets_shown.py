"""The markets as exchangeInfo shows them: sizes, filters, limits."""

from decimal import Decimal
from typing import Any

from messages.units import PERP, SPOT, TradeType
from ops.testbed.exchange.binance.budgets import Budgets
from ops.testbed.exchange.binance.calls import Call
from ops.testbed.exchange.binance.text import digits, eight, plain_or_zero
from ops.testbed.exchange.values import Market

_SPOT_TYPES = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
_PERP_TYPES = ("LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
_MODES = ("EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")
_FOREVER_MS = 4_133_404_800_000
"""Delivery date of what never delivers: 2100-12-25."""


def markets_of(call: Call, product: TradeType) -> list[Market]:
    """Return the markets of a product."""
    return [market for market in call.engine.markets.values() if market.product is product]


def spot_info(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/exchangeInfo."""
    wanted = call.market_or_all(SPOT)
    return {
        "timezone": "UTC",
        "serverTime": call.engine.now_ms(),
        "rateLimits": Budgets.shown("spot"),
        "exchangeFilters": [],
        "symbols": [_spot_symbol(market) for market in ([wanted] if wanted is not None else markets_of(call, SPOT))],
    }


def _spot_symbol(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.symbol,
        "status": "TRADING",
        "baseAsset": market.base,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": list(_SPOT_TYPES),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _spot_filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": list(_MODES),
    }


def _spot_filters(market: Market) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": eight(market.tick),
            "maxPrice": eight(Decimal(1_000_000)),
            "tickSize": eight(market.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": eight(market.min_amount),
            "maxQty": eight(market.max_amount),
            "stepSize": eight(market.lot),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": eight(None),
            "maxQty": eight(market.max_market_amount),
            "stepSize": eight(None),
        },
        {"filterType": "TRAILING_DELTA", **dict.fromkeys(("minTrailingAboveDelta", "minTrailingBelowDelta"), 10)}
        | dict.fromkeys(("maxTrailingAboveDelta", "maxTrailingBelowDelta"), 2_000),
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": plain_or_zero(market.band_up),
            "bidMultiplierDown": plain_or_zero(market.band_down),
            "askMultiplierUp": plain_or_zero(market.band_up),
            "askMultiplierDown": plain_or_zero(market.band_down),
            "avgPriceMins": 5,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": eight(market.min_notional),
            "applyMinToMarket": True,
            "maxNotional": eight(Decimal(9_000_000)),
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 10},
    ]


def perp_info(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/exchangeInfo."""
    markets = markets_of(call, PERP)
    assets = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
    return {
        "timezone": "UTC",
        "serverTime": call.engine.now_ms(),
        "futuresType": "U_MARGINED",
        "rateLimits": Budgets.shown("perp"),
        "exchangeFilters": [],
        "assets": assets,
        "symbols": [_perp_symbol(market) for market in markets],
    }


def _perp_symbol(market: Market) -> dict[str, Any]:
    return {
        "symbol": market.symbol,
        "pair": market.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": _FOREVER_MS,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base,
        "quoteAsset": market.quote,
        "marginAsset": market.quote,
        "pricePrecision": digits(market.tick),
        "quantityPrecision": digits(market.lot),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": _perp_filters(market),
        "orderTypes": list(_PERP_TYPES),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _perp_filters(market: Market) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": plain_or_zero(market.tick),
            "maxPrice": "1000000",
            "tickSize": plain_or_zero(market.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": plain_or_zero(market.min_amount),
            "maxQty": plain_or_zero(market.max_amount),
            "stepSize": plain_or_zero(market.lot),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": plain_or_zero(market.min_amount),
            "maxQty": plain_or_zero(market.max_market_amount),
            "stepSize": plain_or_zero(market.lot),
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": 10},
        {"filterType": "MIN_NOTIONAL", "notional": plain_or_zero(market.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": plain_or_zero(market.band_up),
            "multiplierDown": plain_or_zero(market.band_down),
            "multiplierDecimal": "4",
        },
    ]
