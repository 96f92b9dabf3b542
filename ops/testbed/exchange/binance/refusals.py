"""How Binance words its refusals: HTTP status, code and text, which differ between spot and futures.

Sources: errors.md of binance-spot-api-docs (2025-01-09); developers.binance.com, futures error codes (2026-01-15).
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.rejects import Reject


class Wording(msgspec.Struct, frozen=True):
    """A refusal on the wire. ``{}`` in the text is where the detail goes."""

    code: int
    text: str
    status: int = 400


_BOTH: Mapping[Reject, Wording] = MappingProxyType(
    {
        Reject.KEY_UNKNOWN: Wording(-2015, "Invalid API-key, IP, or permissions for action.", 401),
        Reject.PASSPHRASE: Wording(-2014, "API-key format invalid.", 401),
        Reject.SIGNATURE: Wording(-1022, "Signature for this request is not valid."),
        Reject.TIMESTAMP: Wording(-1021, "{}"),
        Reject.PERMISSION: Wording(-2015, "Invalid API-key, IP, or permissions for action.", 401),
        Reject.UNKNOWN_ENDPOINT: Wording(-5000, "Path {} is invalid", 404),
        Reject.UNKNOWN_SYMBOL: Wording(-1121, "Invalid symbol."),
        Reject.MISSING_PARAMETER: Wording(
            -1102, "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
        ),
        Reject.BAD_PARAMETER: Wording(-1130, "Data sent for parameter '{}' is not valid."),
        Reject.UNSUPPORTED: Wording(-1020, "This operation is not supported."),
        Reject.REQUEST_EXPIRED: Wording(-1021, "Timestamp for this request is outside of the recvWindow."),
        Reject.RATE_LIMITED: Wording(-1003, "Too many requests; current limit of IP is {} requests per minute.", 429),
        Reject.ORDER_RATE_LIMITED: Wording(-1015, "Too many new orders; current limit is {}.", 429),
        Reject.BANNED: Wording(-1003, "Way too many requests; IP banned until {}.", 418),
        Reject.MAINTENANCE: Wording(
            -1008, "Server is currently overloaded with other requests. Please try again in a few minutes.", 503
        ),
        Reject.SERVER_ERROR: Wording(-1000, "An unknown error occurred while processing the request.", 500),
        Reject.SERVER_TIMEOUT: Wording(
            -1007,
            "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
            408,
        ),
        Reject.UNCHANGED: Wording(-4046, "No need to change margin type."),
        Reject.ASSET_UNKNOWN: Wording(-1126, "This asset is not supported."),
        Reject.NETWORK_UNKNOWN: Wording(-4019, "The current currency is not open for withdrawal on this network."),
        Reject.ADDRESS_UNKNOWN: Wording(-4010, "This address has not passed verification."),
        Reject.MOVE_TOO_SMALL: Wording(-4003, "The amount is too small."),
        Reject.MOVE_UNKNOWN: Wording(-4005, "There is no such record."),
        Reject.NOT_REDUCING: Wording(-2022, "ReduceOnly Order is rejected."),
        Reject.MORE_THAN_POSITION: Wording(-2022, "ReduceOnly Order is rejected."),
        Reject.NOT_AMENDABLE: Wording(-5025, "Only limit order is supported."),
        Reject.LEVERAGE_TOO_HIGH: Wording(-4028, "Leverage {} is not valid"),
        Reject.POSITION_OPEN: Wording(-4048, "Margin type cannot be changed if there exists position."),
        Reject.POSITION_SIDE: Wording(-4061, "Order's position side does not match user's setting."),
    }
)
_SPOT: Mapping[Reject, Wording] = MappingProxyType(
    {
        Reject.TICK: Wording(-1013, "Filter failure: PRICE_FILTER"),
        Reject.PRICE_OUT_OF_BOUNDS: Wording(-1013, "Filter failure: PRICE_FILTER"),
        Reject.PRICE_BAND: Wording(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
        Reject.LOT: Wording(-1013, "Filter failure: LOT_SIZE"),
        Reject.AMOUNT_TOO_SMALL: Wording(-1013, "Filter failure: LOT_SIZE"),
        Reject.AMOUNT_TOO_LARGE: Wording(-1013, "Filter failure: LOT_SIZE"),
        Reject.NOTIONAL_TOO_SMALL: Wording(-1013, "Filter failure: NOTIONAL"),
        Reject.TOO_MANY_ORDERS: Wording(-1013, "Filter failure: MAX_NUM_ORDERS"),
        Reject.NO_BALANCE: Wording(-2010, "Account has insufficient balance for requested action."),
        Reject.NO_MARGIN: Wording(-2010, "Account has insufficient balance for requested action."),
        Reject.DUPLICATE_CLIENT_ID: Wording(-2010, "Duplicate order sent."),
        Reject.BAD_CLIENT_ID: Wording(
            -1100,
            "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{{1,36}}$'.",
        ),
        Reject.WOULD_TAKE: Wording(-2010, "Order would immediately match and take."),
        Reject.WOULD_TRIGGER: Wording(-2010, "Stop price would trigger immediately."),
    }
)
_PERP: Mapping[Reject, Wording] = MappingProxyType(
    {
        Reject.TICK: Wording(-4014, "Price not increased by tick size."),
        Reject.PRICE_OUT_OF_BOUNDS: Wording(-4001, "Price less than 0."),
        Reject.PRICE_BAND: Wording(-4016, "Limit price can't be outside of the price band."),
        Reject.LOT: Wording(-1111, "Precision is over the maximum defined for this asset."),
        Reject.AMOUNT_TOO_SMALL: Wording(-4003, "Quantity less than or equal to zero."),
        Reject.AMOUNT_TOO_LARGE: Wording(-4005, "Quantity greater than max quantity."),
        Reject.NOTIONAL_TOO_SMALL: Wording(
            -4164, "Order's notional must be no smaller than the minimum (unless you choose reduce only)."
        ),
        Reject.TOO_MANY_ORDERS: Wording(-2025, "Reach max open order limit."),
        Reject.NO_BALANCE: Wording(-2019, "Margin is insufficient."),
        Reject.NO_MARGIN: Wording(-2019, "Margin is insufficient."),
        Reject.DUPLICATE_CLIENT_ID: Wording(-4116, "ClientOrderId is duplicated."),
        Reject.BAD_CLIENT_ID: Wording(-4015, "Client order id length should be less than 36 chars"),
        Reject.WOULD_TAKE: Wording(
            -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."
        ),
        Reject.WOULD_TRIGGER: Wording(-2021, "Order would immediately trigger."),
    }
)
_WALLET: Mapping[Reject, Wording] = MappingProxyType(
    {
        Reject.NO_BALANCE: Wording(-4026, "The user has insufficient balance available."),
        Reject.DUPLICATE_CLIENT_ID: Wording(-4026, "The user has insufficient balance available."),
    }
)
_GONE = Wording(-2011, "Unknown order sent.")
_ABSENT = Wording(-2013, "Order does not exist.")
_BY_OP: Mapping[tuple[Reject, Op], Wording] = MappingProxyType(
    {
        **{
            (reject, op): wording
            for reject in (Reject.ORDER_UNKNOWN, Reject.ORDER_FILLED, Reject.ORDER_ENDED)
            for op, wording in ((Op.CANCEL, _GONE), (Op.CANCEL_ALL, _GONE), (Op.LOOK_UP, _ABSENT), (Op.AMEND, _ABSENT))
        },
        (Reject.UNCHANGED, Op.AMEND): Wording(-5027, "No need to modify the order."),
        (Reject.MISSING_PARAMETER, Op.LISTEN_KEY): Wording(-1125, "This listenKey does not exist."),
    }
)
_BY_DETAIL: Mapping[tuple[Reject, str], Wording] = MappingProxyType(
    {
        (Reject.UNCHANGED, "position side"): Wording(-4059, "No need to change position side."),
        (Reject.POSITION_OPEN, "position side"): Wording(
            -4068, "Position side cannot be changed if there exists position."
        ),
        (Reject.BAD_PARAMETER, "endTime"): Wording(-1127, "Lookup interval is too big."),
        (Reject.BAD_PARAMETER, "interval"): Wording(-1120, "Invalid interval."),
        (Reject.BAD_PARAMETER, "side"): Wording(-1117, "Invalid side."),
        (Reject.BAD_PARAMETER, "type"): Wording(-1116, "Invalid orderType."),
        (Reject.BAD_PARAMETER, "timeInForce"): Wording(-1115, "Invalid timeInForce."),
        (Reject.UNSUPPORTED, "use the algo service"): Wording(
            -4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead."
        ),
    }
)
_FALLBACK = Wording(-1000, "An unknown error occurred while processing the request.", 400)


def worded(reject: Reject, op: Op, pool: str, detail: str) -> Wording:
    """Return how a refusal is said. `pool`: spot, perp or wallet."""
    own = {"spot": _SPOT, "perp": _PERP}.get(pool, _WALLET)
    return (
        _BY_DETAIL.get((reject, detail))
        or _BY_OP.get((reject, op))
        or own.get(reject)
        or _BOTH.get(reject)
        or _SPOT.get(reject)
        or _FALLBACK
    )
