"""Binance: spot, and USD-M perpetual futures (accounts `binance` and `binance.perp`)."""

from actors.exchange.wire.binance.dialect import Binance
from actors.exchange.wire.contract import Dialect

BINANCE: Dialect = Binance()
"""The dialect: it has no state."""

__all__ = ["BINANCE", "Binance"]
