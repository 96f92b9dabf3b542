"""Bybit's codes and words for every reason to say no. Most differ by product; some by endpoint.

Source: docs/v5/error.mdx and the exceptions of ccxt 4.5.90. A refusal is HTTP 200 with a retCode but for the few that
are said by what stands in front: an address that is shut out, a path that is not there, maintenance.
"""

from collections.abc import Mapping

import msgspec

from ops.testbed.exchange.contract import Answer, Request, json_answer
from ops.testbed.exchange.rejects import Reject

Said = tuple[int, str]
"""Code and words; {detail} is filled in."""

_ALWAYS: Mapping[Reject, Said] = {
    Reject.KEY_UNKNOWN: (10003, "API key is invalid."),
    Reject.SIGNATURE: (10004, "error sign! Please check your signature generation algorithm."),
    Reject.PASSPHRASE: (10003, "API key is invalid."),
    Reject.TIMESTAMP: (10002, "invalid request, please check your server timestamp or recv_window param. {detail}"),
    Reject.REQUEST_EXPIRED: (10002, "invalid request, please check your server timestamp or recv_window param."),
    Reject.PERMISSION: (10005, "Permission denied, please check your API key permissions."),
    Reject.UNKNOWN_ENDPOINT: (10017, "Route not found."),
    Reject.RATE_LIMITED: (10006, "Too many visits. Exceeded the API Rate Limit."),
    Reject.ORDER_RATE_LIMITED: (10006, "Too many visits. Exceeded the API Rate Limit."),
    Reject.BANNED: (10018, "Access too frequent, please try again later."),
    Reject.LEVERAGE_TOO_HIGH: (110013, "Cannot set leverage due to risk limit level."),
    Reject.POSITION_OPEN: (
        110024,
        "You have an existing position or open orders, so position mode cannot be switched.",
    ),
    Reject.POSITION_SIDE: (10001, "params error: position idx not match position mode"),
    Reject.ASSET_UNKNOWN: (131002, "Parameter error: {detail}"),
    Reject.NETWORK_UNKNOWN: (131002, "Parameter error: {detail}"),
    Reject.ADDRESS_UNKNOWN: (131093, "The withdrawal address is not in the whitelist."),
    Reject.MOVE_TOO_SMALL: (131096, "Withdraw amount does not satisfy the lower limit or upper limit."),
    Reject.MOVE_UNKNOWN: (131214, "No such record."),
    Reject.SERVER_ERROR: (10016, "Server error."),
    Reject.MAINTENANCE: (10016, "Service is under maintenance."),
}
_PERP: Mapping[Reject, Said] = {
    Reject.UNKNOWN_SYMBOL: (10001, "params error: symbol invalid {detail}"),
    Reject.MISSING_PARAMETER: (10001, "params error: {detail} is required"),
    Reject.BAD_PARAMETER: (10001, "params error: {detail} invalid"),
    Reject.BAD_CLIENT_ID: (10001, "params error: {detail} invalid"),
    Reject.UNSUPPORTED: (10001, "params error: {detail} not supported"),
    Reject.TICK: (10001, "params error: price is no multiple of the tick size"),
    Reject.PRICE_OUT_OF_BOUNDS: (110003, "Order price exceeds the allowable range."),
    Reject.PRICE_BAND: (110003, "Order price exceeds the allowable range."),
    Reject.LOT: (10001, "params error: Qty invalid"),
    Reject.AMOUNT_TOO_SMALL: (10001, "The number of contracts is below the minimum limit allowed"),
    Reject.AMOUNT_TOO_LARGE: (10001, "The number of contracts exceeds maximum limit allowed: too large"),
    Reject.NOTIONAL_TOO_SMALL: (110094, "Order does not meet minimum order value."),
    Reject.NO_BALANCE: (110007, "ab not enough for new order"),
    Reject.NO_MARGIN: (110007, "ab not enough for new order"),
    Reject.DUPLICATE_CLIENT_ID: (110072, "OrderLinkedID is duplicate"),
    Reject.WOULD_TAKE: (110003, "Order price exceeds the allowable range."),
    Reject.NOT_REDUCING: (110017, "current position is zero, cannot fix reduce-only order qty"),
    Reject.MORE_THAN_POSITION: (110017, "Reduce-only rule not satisfied."),
    Reject.TOO_MANY_ORDERS: (110020, "Not allowed to have more than 500 active orders."),
    Reject.ORDER_UNKNOWN: (110001, "order not exists or too late to cancel"),
    Reject.ORDER_FILLED: (110001, "order not exists or too late to cancel"),
    Reject.ORDER_ENDED: (110010, "The order has been cancelled."),
    Reject.NOT_AMENDABLE: (
        110063,
        "The number of contracts modified cannot be less than or equal to the filled quantity",
    ),
    Reject.SERVER_TIMEOUT: (10000, "Server Timeout"),
}
_SPOT: Mapping[Reject, Said] = {
    Reject.UNKNOWN_SYMBOL: (170121, "Invalid symbol."),
    Reject.MISSING_PARAMETER: (170105, "Parameter '{detail}' was empty."),
    Reject.BAD_PARAMETER: (170130, "Data sent for paramter '{detail}' is not valid."),
    Reject.BAD_CLIENT_ID: (170130, "Data sent for paramter '{detail}' is not valid."),
    Reject.UNSUPPORTED: (170227, "This feature is not supported."),
    Reject.TICK: (170134, "Order price decimal too long."),
    Reject.PRICE_OUT_OF_BOUNDS: (170133, "Order price lower than the minimum."),
    Reject.PRICE_BAND: (170193, "Buy order price cannot be higher than the limit."),
    Reject.LOT: (170137, "Order volume decimal too long."),
    Reject.AMOUNT_TOO_SMALL: (170136, "Order quantity lower than the minimum."),
    Reject.AMOUNT_TOO_LARGE: (170135, "Order quantity too large."),
    Reject.NOTIONAL_TOO_SMALL: (170140, "Order value exceeded lower limit."),
    Reject.NO_BALANCE: (170131, "Balance insufficient."),
    Reject.NO_MARGIN: (170131, "Balance insufficient."),
    Reject.DUPLICATE_CLIENT_ID: (170141, "Duplicate clientOrderId."),
    Reject.WOULD_TAKE: (170218, "The LIMIT-MAKER order is rejected due to invalid price."),
    Reject.WOULD_TRIGGER: (170130, "Data sent for paramter 'triggerPrice' is not valid."),
    Reject.NOT_REDUCING: (170227, "This feature is not supported."),
    Reject.MORE_THAN_POSITION: (170227, "This feature is not supported."),
    Reject.TOO_MANY_ORDERS: (170810, "Cannot exceed maximum of 500 conditional, TP/SL and active orders."),
    Reject.ORDER_UNKNOWN: (170213, "Order does not exist."),
    Reject.ORDER_FILLED: (170139, "Order has been filled."),
    Reject.ORDER_ENDED: (170142, "Order has been canceled."),
    Reject.NOT_AMENDABLE: (170130, "Data sent for paramter '{detail}' is not valid."),
    Reject.SERVER_TIMEOUT: (170007, "Timeout waiting for response from backend server."),
}
_UNCHANGED: Mapping[str, Said] = {
    "/v5/position/set-leverage": (110043, "Set leverage has not been modified."),
    "/v5/position/switch-mode": (110025, "Position mode is not modified."),
}
_MONEY: Mapping[Reject, Said] = {
    Reject.NO_BALANCE: (131212, "Insufficient balance"),
    Reject.NO_MARGIN: (131212, "Insufficient balance"),
    Reject.DUPLICATE_CLIENT_ID: (131214, "TransferId exist"),
    Reject.BAD_PARAMETER: (131002, "Parameter error: {detail}"),
    Reject.MISSING_PARAMETER: (131002, "Parameter error: {detail}"),
}
"""Of /v5/asset/."""
_RISES, _FALLS = (
    (110092, "expect Rising, but trigger_price[{detail}] <= current"),
    (110093, "expect Falling, but trigger_price[{detail}] >= current"),
)


def said_of(reject: Reject, path: str, params: Mapping[str, object]) -> Said:
    """Return code and words for a refusal of a request."""
    if reject in _ALWAYS:
        return _ALWAYS[reject]
    if path.startswith("/v5/asset/") and reject in _MONEY:
        return _MONEY[reject]
    if reject is Reject.UNCHANGED:
        remains = (10001, "The order remains unchanged as the parameters entered match the existing ones.")
        return _UNCHANGED.get(path, remains)
    if params.get("category") == "spot":
        if reject is Reject.PRICE_BAND and params.get("side") == "Sell":
            return 170194, "Sell order price cannot be lower than the limit."
        return _SPOT[reject]
    if reject is Reject.WOULD_TRIGGER:
        return _FALLS if str(params.get("triggerDirection")) == "2" else _RISES
    if reject is Reject.TOO_MANY_ORDERS and params.get("triggerPrice"):
        return 110009, "The number of stop orders exceeds maximum limit allowed"
    if path == "/v5/account/set-margin-mode" and reject is Reject.UNSUPPORTED:
        return 3400045, "Set margin mode failed"
    return _PERP[reject]


def params_of(request: Request) -> Mapping[str, object]:
    """Return the parameters of a request: of the query, or of the JSON body. What can't be read has none."""
    if request.method != "POST":
        return request.params
    try:
        found = msgspec.json.decode(request.body or b"{}")
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def envelope(code: int, words: str, result: Mapping[str, object], now_ms: int) -> Mapping[str, object]:
    """Return what every answer is wrapped in."""
    return {"retCode": code, "retMsg": words, "result": result, "retExtInfo": {}, "time": now_ms}


def refusal(
    request: Request,
    reject: Reject,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    retry_after_s: int | None = None,
) -> Answer:
    """Word a refusal."""
    code, words = said_of(reject, request.path, params_of(request))
    if reject is Reject.BANNED:
        return Answer(
            body=b"<html><head><title>403 Forbidden</title></head><body>access too frequent</body></html>",
            status=403,
            content_type="text/html",
            code="403",
        )
    if reject is Reject.MAINTENANCE:
        return Answer(body=b"Service Unavailable", status=503, content_type="text/plain", code="503")
    said = dict(headers or {})
    if retry_after_s is not None:
        # It has no Retry-After: this header says when there is room again.
        said["X-Bapi-Limit-Reset-Timestamp"] = str(request.at_ms + retry_after_s * 1000)
    return json_answer(
        envelope(code, words.format(detail=detail), {}, request.at_ms),
        status=404 if reject is Reject.UNKNOWN_ENDPOINT else 200,
        headers=said,
        code=str(code),
    )
