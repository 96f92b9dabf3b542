"""How OKX wraps an answer, and how its fields become values. Pure.

Every answer is ``{"code": "0", "msg": "", "data": [...]}``; all numbers and times in it are text, and what does not
apply is the empty text. What changes something carries a second code for each thing, ``sCode``, and the outer code is
"1" or "2" where one of them failed.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from actors.exchange.wire.contract import Failure, Market, UnreadableAnswerError, VenueRefusalError
from messages.units import PERP, SPOT, BaseAmount, Side, TradeType

Row = Mapping[str, Any]
Markets = Mapping[tuple[TradeType, str], Market]

PRODUCTS = {"SPOT": SPOT, "SWAP": PERP}
"""The venue's instType of what we trade; MARGIN, FUTURES and OPTION are not ours."""
INST_TYPES = {product: name for name, product in PRODUCTS.items()}
SIDES = {"buy": Side.BUY, "sell": Side.SELL}

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_TIME = re.compile(r"[0-9]{1,19}")
_OK = "0"
_TEXT_LIMIT = 500


def failure_in(answer: object, *, status: int | None = 200, retry_after_ms: int | None = None) -> Failure | None:
    """Return what an answer refuses, with the inner code where there is one; None if its codes are all good.

    Raises:
        UnreadableAnswerError: It has not OKX's form at all, such as an empty body or a page of HTML.
    """
    outer, data, told = _envelope(answer)
    for row in data if isinstance(data, list) else ():
        inner = row.get("sCode", _OK) if isinstance(row, dict) else _OK
        if isinstance(inner, str) and inner not in (_OK, ""):
            return _failure(inner, str(row.get("sMsg", "")), status, retry_after_ms)
    if outer == _OK:
        return None
    return _failure(outer, told, status, retry_after_ms)


def _failure(code: str, text: str, status: int | None, retry_after_ms: int | None) -> Failure:
    return Failure(status=status, code=code, text=text[:_TEXT_LIMIT], retry_after_ms=retry_after_ms)


def _envelope(answer: object) -> tuple[str, Any, str]:
    if not isinstance(answer, dict):
        raise UnreadableAnswerError(f"okx: expected an object with code and data, not {type(answer).__name__}")
    code = answer.get("code")
    if not isinstance(code, str) or "data" not in answer:
        raise UnreadableAnswerError("okx: the answer has no code or no data")
    return code, answer["data"], str(answer.get("msg", ""))


def rows(answer: object) -> list[Row]:
    """Return the data of a good answer.

    Raises:
        VenueRefusalError: The venue said no.
        UnreadableAnswerError: It is not of the form that OKX promises.
    """
    failure = failure_in(answer)
    if failure is not None:
        raise VenueRefusalError(failure)
    _, data, _ = _envelope(answer)
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise UnreadableAnswerError("okx: data is not a list of objects")
    return data


def only(answer: object) -> Row:
    """Return the one row of an answer about one thing. Raises as `rows`."""
    data = rows(answer)
    if len(data) != 1:
        raise UnreadableAnswerError(f"okx: expected one row of data, not {len(data)}")
    return data[0]


def text(row: Row, key: str) -> str:
    """Return a field that must be there and not empty."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"okx: {key} is missing or empty")
    return value


def optional(row: Row, key: str) -> str:
    """Return a field that may be missing: then, and if it is empty, the empty text."""
    value = row.get(key, "")
    if not isinstance(value, str):
        raise UnreadableAnswerError(f"okx: {key} is not text")
    return value


def number(row: Row, key: str) -> Decimal:
    """Return a number that must be there."""
    value = text(row, key)
    if _NUMBER.fullmatch(value) is None:
        raise UnreadableAnswerError(f"okx: {key} is not a plain number")
    return Decimal(value)


def number_or(row: Row, key: str, other: Decimal) -> Decimal:
    """Return a number, or another where the field is missing or empty."""
    return number(row, key) if optional(row, key) else other


def millis(row: Row, key: str) -> int:
    """Return a time in ms; 0 where the field is missing or empty."""
    value = optional(row, key)
    if not value:
        return 0
    if _TIME.fullmatch(value) is None:
        raise UnreadableAnswerError(f"okx: {key} is not a time in milliseconds")
    return int(value)


def side(row: Row) -> Side:
    """Return the side of an order or trade."""
    value = text(row, "side")
    if value not in SIDES:
        raise UnreadableAnswerError("okx: side is neither buy nor sell")
    return SIDES[value]


def base(wire: Decimal, market: Market) -> BaseAmount:
    """Return in base what the wire counts: contracts of a perp, base of spot."""
    return BaseAmount(wire * market.contract_size)


def market_of(row: Row, markets: Markets) -> Market | None:
    """Return the market that a row is about; None if it is not one of ours."""
    product = PRODUCTS.get(text(row, "instType"))
    return None if product is None else markets.get((product, text(row, "instId")))
