"""Parameters of a request, read as Binance reads them."""

import re
from collections.abc import Mapping
from decimal import Decimal

from messages.units import Side
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import SelfTrade

_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_WHOLE = re.compile(r"-?[0-9]{1,19}")


class Params:
    """The parameters of one request. An empty one counts as missing."""

    __slots__ = ("given",)

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given

    def text(self, name: str) -> str:
        """Return a parameter, or an empty text."""
        return self.given.get(name, "")

    def need(self, name: str) -> str:
        """Return a parameter that must be there."""
        found = self.given.get(name, "")
        if not found:
            raise RejectError(Reject.MISSING_PARAMETER, name)
        return found

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        found = self.given.get(name, "")
        if not found:
            return None
        if not _WHOLE.fullmatch(found):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return int(found)

    def number(self, name: str) -> Decimal | None:
        """Return a decimal that is not negative."""
        found = self.given.get(name, "")
        if not found:
            return None
        if not _NUMBER.fullmatch(found):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return Decimal(found)

    def need_number(self, name: str) -> Decimal:
        """Return a decimal that must be there."""
        found = self.number(name)
        if found is None:
            raise RejectError(Reject.MISSING_PARAMETER, name)
        return found

    def flag(self, name: str) -> bool:
        """Return a true or false; missing is false."""
        found = self.given.get(name, "").lower()
        if found not in {"", "true", "false"}:
            raise RejectError(Reject.BAD_PARAMETER, name)
        return found == "true"

    def side(self) -> Side:
        """Return the side of an order."""
        found = self.need("side").upper()
        if found not in Side.__members__:
            raise RejectError(Reject.BAD_PARAMETER, "side")
        return Side(found)

    def self_trade(self, usual: SelfTrade) -> SelfTrade:
        """Return what happens where the account would trade with itself."""
        found = self.text("selfTradePreventionMode")
        if found and found not in SelfTrade.__members__:
            raise RejectError(Reject.BAD_PARAMETER, "selfTradePreventionMode")
        return SelfTrade(found) if found else usual

    def limit(self, most: int, usual: int) -> int:
        """Return how many rows are asked for."""
        found = self.whole("limit")
        return usual if found is None else max(1, min(found, most))
