"""A request as its handler sees it: who asks, and parameters that are read strictly."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from messages.units import TradeType
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key, Market, Uid

Result = Mapping[str, object]
"""What stands under "result" in the answer."""
PRODUCTS: Mapping[str, TradeType] = {"spot": TradeType.SPOT, "linear": TradeType.PERP}
NOT_HERE = frozenset({"inverse", "option"})
"""Products that the venue has and the local exchange does not: their lists are empty."""
WEEK_MS = 7 * 24 * 60 * 60 * 1000
_WHOLE = re.compile(r"[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,30}(?:\.[0-9]{1,30})?")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request.

    Attributes:
        key: Of a private request.
        params: Of the query, or of the JSON body.
    """

    engine: Engine
    params: Mapping[str, object]
    now_ms: int
    path: str
    key: Key | None = None

    @property
    def uid(self) -> Uid:
        """Whose request it is."""
        if self.key is None:
            raise RejectError(Reject.KEY_UNKNOWN)
        return self.key.uid

    def text(self, name: str, default: str = "") -> str:
        """Return a text; missing, null and empty are the default."""
        value = self.params.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return value if isinstance(value, str) else repr(value)

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if not value:
            raise RejectError(Reject.MISSING_PARAMETER, name)
        return value

    def number(self, name: str) -> Decimal | None:
        """Return a number that is not negative, or None where there is none."""
        value = self.text(name)
        if not value:
            return None
        if not _NUMBER.fullmatch(value):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return Decimal(value)

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None where there is none."""
        value = self.text(name)
        if not value:
            return None
        if not _WHOLE.fullmatch(value):
            raise RejectError(Reject.BAD_PARAMETER, name)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """Return how many rows a page may have."""
        asked = self.integer("limit")
        return default if asked is None else max(1, min(asked, most))

    def flag(self, name: str) -> bool:
        """Return a truth value; missing is False."""
        value = self.params.get(name)
        return value is True or value in ("true", "True", "1")

    @property
    def product(self) -> TradeType | None:
        """Which product it is about; None: one that is not here."""
        category = self.needed("category")
        if category in NOT_HERE:
            return None
        if category not in PRODUCTS:
            raise RejectError(Reject.BAD_PARAMETER, "category")
        return PRODUCTS[category]

    @property
    def traded(self) -> TradeType:
        """Which product is to be traded."""
        product = self.product
        if product is None:
            raise RejectError(Reject.UNSUPPORTED, "category")
        return product

    def market(self, product: TradeType) -> Market:
        """Return the market that must be named."""
        return self.engine.market(product, self.needed("symbol"))

    def market_or_none(self, product: TradeType) -> Market | None:
        """Return the market if one is named."""
        return self.engine.market(product, self.text("symbol")) if self.text("symbol") else None

    def span(self, *, both: bool = False) -> tuple[int, int | None]:
        """Return from when to when is asked for, at most a week; without a start the last week.

        Args:
            both: Start and end are only allowed together.
        """
        start, end = self.integer("startTime"), self.integer("endTime")
        if both and (start is None) != (end is None):
            raise RejectError(Reject.MISSING_PARAMETER, "endTime" if end is None else "startTime")
        if start is None:
            return (self.now_ms if end is None else end) - WEEK_MS, end
        if end is None:
            return start, start + WEEK_MS
        if end < start or end - start > WEEK_MS:
            raise RejectError(Reject.BAD_PARAMETER, "endTime")
        return start, end


Handler = Callable[[Asked], Result]
