"""How OKX writes: everything is text, what does not apply is empty, perps are counted in contracts."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from messages.units import TradeType, plain
from ops.testbed.exchange.contract import Answer, json_answer
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market

Row = dict[str, Any]
INST_TYPES = {TradeType.SPOT: "SPOT", TradeType.PERP: "SWAP"}
PRODUCTS = {"SPOT": TradeType.SPOT, "SWAP": TradeType.PERP}
MOST = 100
OK = "0"
_BAD_NUMBERS = frozenset({"", "nan", "inf", "infinity"})
_LONGEST = 60


def size(amount: Decimal, market: Market) -> str:
    """Return an amount of base as the wire has it."""
    return plain(amount / market.contract_size)


def answered(data: Sequence[Any], *, code: str = OK, msg: str = "", timed_ms: int | None = None) -> Answer:
    """Return an answer; with the gateway's times where it is about orders."""
    value: Row = {"code": code, "msg": msg, "data": list(data)}
    if timed_ms is not None:
        value |= {"inTime": f"{timed_ms}123", "outTime": f"{timed_ms}456"}
    return json_answer(value, code="" if code == OK else code)


class Fields:
    """What a request says, by name; numbers and booleans are taken for the text that they should have been."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self._said = said

    def text(self, name: str) -> str:
        """Return a field, empty where it is missing."""
        value = self._said.get(name)
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str | int | float):
            return str(value)
        raise RejectError(Reject.BAD_PARAMETER, name)

    def need(self, name: str) -> str:
        """Return a field that must be there."""
        value = self.text(name)
        if not value:
            raise RejectError(Reject.MISSING_PARAMETER, name)
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a number, None where it is missing."""
        value = self.text(name)
        if not value:
            return None
        if len(value) > _LONGEST or value.lower().lstrip("+-") in _BAD_NUMBERS:
            raise RejectError(Reject.BAD_PARAMETER, name)
        try:
            found = Decimal(value)
        except ArithmeticError:
            raise RejectError(Reject.BAD_PARAMETER, name) from None
        if not found.is_finite():
            raise RejectError(Reject.BAD_PARAMETER, name)
        return found

    def whole(self, name: str) -> int | None:
        """Return a whole number not below 0, such as a time or an id; None where it is missing."""
        value = self.text(name)
        if not value:
            return None
        if not (value.isascii() and value.isdigit()):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return int(value)

    def flag(self, name: str) -> bool:
        """Return a boolean, False where it is missing."""
        value = self.text(name)
        if value not in ("", "true", "false"):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return value == "true"

    def one_of(self, name: str, words: Sequence[str], other: str = "") -> str:
        """Return a field that must be one of some words; another word where it is missing and that is given."""
        value = self.text(name) or other
        if not value:
            raise RejectError(Reject.MISSING_PARAMETER, name)
        if value not in words:
            raise RejectError(Reject.BAD_PARAMETER, name)
        return value


def decoded(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a body's JSON, None where it is none."""
    try:
        return json.loads(body, parse_float=str)
    except ValueError:
        return None


def paged(found: Sequence[tuple[int, Any]], fields: Fields, *, most: int = MOST) -> list[Any]:
    """Return a page of what has an id that rises, the latest first: those before ``after`` and after ``before``."""
    after, before = fields.whole("after"), fields.whole("before")
    limit = min(fields.whole("limit") or most, most)
    kept = [(key, item) for key, item in found if (after is None or key < after) and (before is None or key > before)]
    if before is not None and after is None:
        kept = sorted(kept, key=lambda each: each[0])[:limit]
    return [item for _, item in sorted(kept, key=lambda each: each[0], reverse=True)[:limit]]
