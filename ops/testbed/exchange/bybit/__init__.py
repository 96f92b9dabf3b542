"""The server side of Bybit's protocol v5: REST and WebSocket, a unified account, spot and USDT perpetuals.

What it is not: hedge mode (positions are net), borrowing, batches, attached take-profits, order entry by WebSocket.
"""

from ops.testbed.exchange.bybit.dialect import BybitDialect
from ops.testbed.exchange.contract import Dialect, Engine
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys


def dialect(engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> Dialect:
    """Return Bybit's dialect; it has no listen keys."""
    del listen_keys
    return BybitDialect(engine, limits)


__all__ = ["dialect"]
