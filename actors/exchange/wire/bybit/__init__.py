"""Bybit's dialect."""

from actors.exchange.wire.bybit.dialect import Bybit
from actors.exchange.wire.contract import Dialect

BYBIT: Dialect = Bybit()

__all__ = ["BYBIT", "Bybit"]
