"""Binance on the local exchange: spot, USD-M futures, the wallet, and their streams."""

from ops.testbed.exchange.binance.dialect import BinanceDialect
from ops.testbed.exchange.contract import Dialect, Engine
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys


def dialect(engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> Dialect:
    """Return the dialect in front of an engine."""
    return BinanceDialect(engine, limits, listen_keys)
