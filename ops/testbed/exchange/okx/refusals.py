"""How OKX says no: code, HTTP status and words of each reason, and where it says it.

What is about one order stands in ``data`` of an answer of HTTP 200, as ``sCode``, with the outer code "1". All the rest
is the outer code. Source: docs-v5, error code, REST API, as of 2026-06-15.
"""

from collections.abc import Mapping
from typing import NamedTuple

from ops.testbed.exchange.contract import Answer, Op, json_answer
from ops.testbed.exchange.okx.wording import Row
from ops.testbed.exchange.rejects import Reject


class No(NamedTuple):
    """One refusal. `inner`: it stands in ``data`` of an answer about orders."""

    code: str
    text: str
    status: int = 200
    inner: bool = False


def _inner(code: str, text: str) -> No:
    return No(code, text, inner=True)


_GONE = _inner("51400", "Order cancellation failed as the order has been filled, canceled or does not exist.")
_NOT_OPEN = _inner("51503", "Your order has already been filled or canceled.")
ABSENT = No("51603", "Order does not exist")
WORDS: Mapping[Reject, No] = {
    Reject.KEY_UNKNOWN: No("50111", "Invalid OK-ACCESS-KEY", 401),
    Reject.SIGNATURE: No("50113", "Invalid Sign", 401),
    Reject.PASSPHRASE: No("50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', 401),
    Reject.TIMESTAMP: No("50102", "Timestamp request expired", 401),
    Reject.PERMISSION: No("50120", "This API key doesn't have permission to use this function"),
    Reject.UNKNOWN_ENDPOINT: No("404", "Not Found", 404),
    Reject.UNKNOWN_SYMBOL: _inner("51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist."),
    Reject.MISSING_PARAMETER: No("50014", "Parameter {} can not be empty", 400),
    Reject.BAD_PARAMETER: _inner("51000", "Parameter {} error"),
    Reject.UNSUPPORTED: _inner("51010", "Request unsupported under current account mode"),
    Reject.REQUEST_EXPIRED: No(
        "50036", "The expTime can't be earlier than the current system time. Please adjust the expTime and try again."
    ),
    Reject.RATE_LIMITED: No("50011", "Too Many Requests", 429),
    Reject.ORDER_RATE_LIMITED: No("50061", "You've reached the maximum order rate limit for this account."),
    Reject.BANNED: No("50011", "Too Many Requests", 429),
    Reject.TICK: _inner("51150", "The precision of the number of trades or the price exceeds the limit."),
    Reject.PRICE_OUT_OF_BOUNDS: _inner("51000", "Parameter px error"),
    Reject.PRICE_BAND: _inner("51006", "Order price is not within the price limit"),
    Reject.LOT: _inner("51121", "Order quantity must be a multiple of the lot size."),
    Reject.AMOUNT_TOO_SMALL: _inner("51020", "Your order should meet or exceed the minimum order amount."),
    Reject.AMOUNT_TOO_LARGE: _inner("51005", "Your order amount exceeds the max order amount."),
    Reject.NOTIONAL_TOO_SMALL: _inner("51020", "Your order should meet or exceed the minimum order amount."),
    Reject.NO_BALANCE: _inner("51008", "Order failed. Insufficient balance in account"),
    Reject.NO_MARGIN: _inner("51008", "Order failed. Insufficient USDT margin in account"),
    Reject.DUPLICATE_CLIENT_ID: _inner("51016", "Client order ID already exists."),
    Reject.BAD_CLIENT_ID: _inner("51000", "Parameter clOrdId error"),
    Reject.WOULD_TAKE: _inner("51000", "Parameter ordType error"),
    Reject.WOULD_TRIGGER: _inner("51280", "SL trigger price cannot be higher than the last price"),
    Reject.NOT_REDUCING: _inner(
        "51169", "Order failed because you don't have any positions in this direction for this contract to reduce."
    ),
    Reject.MORE_THAN_POSITION: _inner("51112", "Close order size exceeds available size for this position."),
    Reject.TOO_MANY_ORDERS: _inner("51174", "Order failed, number of pending orders exceed the limit."),
    Reject.ORDER_UNKNOWN: ABSENT,
    Reject.ORDER_FILLED: ABSENT,
    Reject.ORDER_ENDED: ABSENT,
    Reject.NOT_AMENDABLE: _inner("51506", "Order modification unavailable for the order type."),
    Reject.UNCHANGED: _inner("51500", "You must enter a price, quantity, or TP/SL"),
    Reject.LEVERAGE_TOO_HIGH: No("59102", "Leverage exceeds the maximum limit. Please lower the leverage."),
    Reject.POSITION_OPEN: No("59000", "Settings failed. Close any open positions or orders before modifying settings."),
    Reject.POSITION_SIDE: _inner("51000", "Parameter posSide error"),
    Reject.ASSET_UNKNOWN: No("58000", "Account type {} does not supported when getting the sub-account balance"),
    Reject.NETWORK_UNKNOWN: No("58200", "Withdrawal from {} to this network is currently not supported"),
    Reject.ADDRESS_UNKNOWN: No("58207", "Withdrawal address isn't on the verified address list."),
    Reject.MOVE_TOO_SMALL: No("58206", "Withdrawal amount is less than the lower limit."),
    Reject.MOVE_UNKNOWN: No("58129", "{} is incorrect or does not exist"),
    Reject.MAINTENANCE: No("50001", "Service temporarily unavailable. Please try again later.", 503),
    Reject.SERVER_ERROR: No("50026", "System error. Try again later", 500),
    Reject.SERVER_TIMEOUT: No(
        "50004",
        "API endpoint request timeout (does not mean that the request was successful or failed, please check the "
        "request result).",
        400,
    ),
}
"""The words of each reason, wherever nothing else is said below."""
_FOR_CANCELS = dict.fromkeys((Reject.ORDER_UNKNOWN, Reject.ORDER_FILLED, Reject.ORDER_ENDED), _GONE)
_FOR_AMENDMENTS = dict.fromkeys((Reject.ORDER_UNKNOWN, Reject.ORDER_FILLED, Reject.ORDER_ENDED), _NOT_OPEN)
_MONEY = {Reject.NO_BALANCE: No("58350", "Insufficient balance"), Reject.NO_MARGIN: No("58350", "Insufficient balance")}
BY_OP: Mapping[Op, Mapping[Reject, No]] = {
    Op.CANCEL: _FOR_CANCELS,
    Op.AMEND: _FOR_AMENDMENTS,
    Op.TRANSFER: _MONEY,
    Op.WITHDRAW: _MONEY,
    Op.LEVERAGE: {Reject.NO_MARGIN: No("59103", "Leverage is too low and no sufficient margin in your account.")},
}
EXPIRED_LATER = No("50037", "Order expired.")
ALGO_ID_TAKEN = _inner("51065", "algoClOrdId already exists.")
TRIGGERED = _inner("51416", "Order has been triggered and can't be canceled")
SPOT_BY_LAST = _inner("51415", "Spot trading only supports using the last price as trigger price.")
NO_REDUCE_ONLY = _inner("51205", "Reduce Only is not available.")
PASSED = {
    ("tp", True): _inner("51279", "TP trigger price cannot be lower than the last price"),
    ("tp", False): _inner("51277", "TP trigger price cannot be higher than the last price"),
    ("sl", True): _inner("51278", "SL trigger price cannot be lower than the last price"),
    ("sl", False): _inner("51280", "SL trigger price cannot be higher than the last price"),
}
"""A trigger that is passed already, by kind and whether it waits for a rise."""
_CHANGES_ORDERS = frozenset({Op.PLACE, Op.AMEND, Op.CANCEL})


class NoError(Exception):
    """OKX's own refusal, for what the engine has no word."""

    def __init__(self, no: No) -> None:
        super().__init__(no.code)
        self.no = no


def no_of(reject: Reject, op: Op, detail: str) -> No:
    """Return what a reason is called for an operation."""
    no = BY_OP.get(op, {}).get(reject) or WORDS[reject]
    return no._replace(text=no.text.replace("{}", detail or "request"))


def row_of(no: No, names: Row) -> Row:
    """Return the row that tells of one order that was refused."""
    return {**names, "sCode": no.code, "sMsg": no.text}


def said(no: No, op: Op, names: Row, *, now_ms: int, retry_after_s: int | None = None) -> Answer:
    """Return the answer that says no."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if no.inner and op in _CHANGES_ORDERS:
        value: Row = {"code": "1", "msg": "All operations failed", "data": [row_of(no, names)]}
        value |= {"inTime": f"{now_ms}123", "outTime": f"{now_ms}456"}
    else:
        value = {"code": no.code, "msg": no.text, "data": []}
    return json_answer(value, status=no.status, headers=headers, code=no.code)
