"""OKX's wire in front of its engine."""

from ops.testbed.exchange.contract import Dialect, Engine
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.okx.dialect import OkxDialect


def dialect(engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> Dialect:
    """Return OKX's dialect. It has no listen keys: streams log in."""
    del listen_keys
    return OkxDialect(engine, limits)
