"""Reads Bybit's JSON with suspicion: what is not of the promised form is unreadable, never empty.

Numbers and times come as text mostly; an empty text stands for "none". Lists come in pages with a cursor; the last page
may carry a cursor too, which then leads to an empty page or to itself.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

import msgspec

from actors.exchange.wire.contract import Call, Failure, Page, Query, UnreadableAnswerError, VenueRefusalError
from messages.units import BUY, SELL, Side

T = TypeVar("T")
Row = Mapping[str, object]

_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,2})?")
_SIDES = {"Buy": BUY, "Sell": SELL}
_ABSENT = frozenset({"110001", "170213", "20001"})
"""Codes by which a read says that there is no such order; usually the list is just empty."""
_NO_WORD = frozenset({"", "UNKNOWN", "EC_NoError", "None"})


def row_of(value: object) -> Row:
    """Return a JSON object. Raises `UnreadableAnswerError`."""
    if not isinstance(value, Mapping):
        raise UnreadableAnswerError(f"expected an object, found {type(value).__name__}")
    return value


def result_of(answer: object) -> Row:
    """Return what the envelope of an answer holds.

    Raises:
        UnreadableAnswerError: An empty body, HTML, a missing retCode or result.
        VenueRefusalError: The retCode is not 0.
    """
    body = row_of(answer)
    code = body.get("retCode")
    if isinstance(code, bool) or not isinstance(code, int):
        raise UnreadableAnswerError("the answer has no retCode")
    if code:
        raise VenueRefusalError(Failure(status=200, code=str(code), text=word(body, "retMsg")[:500]))
    return row_of(body.get("result"))


def rows_of(holder: Row, key: str) -> tuple[Row, ...]:
    """Return a list of objects. Raises `UnreadableAnswerError`."""
    value = holder.get(key)
    if not isinstance(value, list):
        raise UnreadableAnswerError(f"the answer has no list {key}")
    return tuple(map(row_of, value))


def text(row: Row, key: str) -> str:
    """Return a text that must be there. Raises `UnreadableAnswerError`."""
    value = row.get(key)
    if not isinstance(value, str) or not value:
        raise UnreadableAnswerError(f"{key} is missing")
    return value


def word(row: Row, key: str) -> str:
    """Return a text that may be missing; then it is empty."""
    value = row.get(key)
    return value if isinstance(value, str) else ""


def said(row: Row, key: str) -> str:
    """Return a text, empty where it is one of the venue's words for nothing."""
    value = word(row, key)
    return "" if value in _NO_WORD else value


def number(row: Row, key: str, default: Decimal | None = None) -> Decimal:
    """Return a number exactly.

    Args:
        row: Where it stands.
        key: Its name.
        default: What a missing or empty one stands for; None: it must be there.

    Raises:
        UnreadableAnswerError: It is missing without a default, or no number.
    """
    value = row.get(key)
    if value is None or value == "":
        if default is None:
            raise UnreadableAnswerError(f"{key} is missing")
        return default
    written = repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if not isinstance(written, str) or not _NUMBER.fullmatch(written):
        raise UnreadableAnswerError(f"{key} is no number")
    found = Decimal(written)
    return found or found.copy_abs()


def millis(row: Row, key: str, default: int | None = None) -> int:
    """Return a time in ms. Raises as `number`."""
    return int(number(row, key, None if default is None else Decimal(default)))


def flag(row: Row, key: str) -> bool:
    """Return a truth value that must be there. Raises `UnreadableAnswerError`."""
    value = row.get(key)
    if not isinstance(value, bool):
        raise UnreadableAnswerError(f"{key} is neither true nor false")
    return value


def side_of(row: Row) -> Side:
    """Return the side of an order or a fill. Raises `UnreadableAnswerError`."""
    found = _SIDES.get(text(row, "side"))
    if found is None:
        raise UnreadableAnswerError("side is neither Buy nor Sell")
    return found


def one(call: Call, read: Callable[[Row], Iterable[T]]) -> Query[T]:
    """Return a read of a single answer."""
    return Query(call=call, read=lambda answer: Page(items=tuple(read(result_of(answer)))), absent=_ABSENT)


def listing(call: Call, item: Callable[[Row], Iterable[T]], *, rows: str = "list") -> Query[T]:
    """Return a read of a list, all its pages.

    Args:
        call: Asks for the first page.
        item: What one row of it becomes: nothing, one thing or several.
        rows: Where the rows are in the result.
    """

    def read(answer: object) -> Page[T]:
        result = result_of(answer)
        found = rows_of(result, rows)
        items = tuple(each for row in found for each in item(row))
        cursor = word(result, "nextPageCursor")
        if not found or not cursor or cursor == call.params.get("cursor"):
            return Page(items=items)
        following = msgspec.structs.replace(call, params={**call.params, "cursor": cursor})
        return Page(items=items, next=listing(following, item, rows=rows))

    return Query(call=call, read=read, absent=_ABSENT)
