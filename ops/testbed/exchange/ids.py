"""Ids as venues make them: small numbers anew for each symbol, large ones, or UUIDs. The same after a restart."""

import hashlib
import uuid
from collections.abc import Mapping

from ops.testbed.exchange.rules import Rules
from ops.testbed.exchange.sink import Sink
from ops.testbed.exchange.values import Market

_FIRST_OF_SYMBOL = 1_000
_FIRST_OF_VENUE = 1_800_000_000_000_000_000
"""Long, but within 64 bits, as the venues' own are."""


class Ids:
    """One venue's counters."""

    def __init__(self, rules: Rules, sink: Sink, kept: Mapping[str, int]) -> None:
        self._rules = rules
        self._sink = sink
        self._counters = dict(kept)

    def next(self, name: str) -> int:
        """Return a counter's next number, from 1."""
        number = self._counters.get(name, 0) + 1
        self._counters[name] = number
        self._sink.counter(name, number)
        return number

    def order(self, market: Market) -> str:
        """Return the id of a new order."""
        return self._id("order", market, by_symbol=self._rules.ids_by_symbol)

    def trade(self, market: Market) -> str:
        """Return the id of a new trade."""
        return self._id("trade", market, by_symbol=self._rules.trade_ids_by_symbol)

    def _id(self, what: str, market: Market, *, by_symbol: bool) -> str:
        if by_symbol:
            return str(_FIRST_OF_SYMBOL + self.next(f"{what}:{market.product}:{market.symbol}"))
        number = self.next(what)
        if not self._rules.uuid_ids[market.product]:
            return str(_FIRST_OF_VENUE + number)
        digest = hashlib.sha256(f"{self._rules.venue}:{what}:{number}".encode()).digest()
        return str(uuid.UUID(bytes=digest[:16], version=4))
