"""OKX's limits by endpoint group. Pure.

OKX counts order endpoints by user and instrument, the others by user or IP; here a group holds for all instruments
together, which is never more than what is allowed. Placing, amending and cancelling are counted apart, and placing and
amending together against one limit of the sub-account. No header says how much is used.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from actors.exchange.wire.buckets import Bucket

_WINDOW_MS = 2_000
_DOCS = "OKX docs-v5, rate limit of the endpoint, 2026-06-15"
_CCXT = "cost of the endpoint in ccxt 4.5.90; the documentation was not read"


def _bucket(amount: int, *, reserved: str = "0", source: str = _DOCS) -> tuple[Bucket, ...]:
    return (Bucket(amount=amount, window_ms=_WINDOW_MS, reserved=Decimal(reserved), header=None, source=source),)


SUB_ACCOUNT = Bucket(
    amount=1_000,
    window_ms=_WINDOW_MS,
    reserved=Decimal(0),
    header=None,
    source="OKX docs-v5, sub-account rate limit, 2026-06-15: new and amended orders; cancels do not count",
)
"""One bucket for placing and amending: the same object stands in both groups."""

BUCKETS: Mapping[str, tuple[Bucket, ...]] = MappingProxyType(
    {
        "place": (*_bucket(60), SUB_ACCOUNT),
        "amend": (*_bucket(60), SUB_ACCOUNT),
        "cancel": _bucket(60),
        "place-algo": (*_bucket(20), SUB_ACCOUNT),
        "cancel-algo": _bucket(20),
        # Look-ups of unknown orders share these with the rest.
        "order": _bucket(60, reserved="0.5"),
        "orders-pending": _bucket(60, reserved="0.25", source=_CCXT),
        "algo": _bucket(20, reserved="0.5"),
        "algos-pending": _bucket(20, reserved="0.25"),
        "fills": _bucket(60, reserved="0.25"),
        "fills-history": _bucket(10, reserved="0.2", source=_CCXT),
        "balance": _bucket(10, source=_CCXT),
        "positions": _bucket(10, source=_CCXT),
        "bills": _bucket(10),
        "bills-archive": _bucket(5, source=_CCXT),
        "config": _bucket(5),
        "set-position-mode": _bucket(5, source=_CCXT),
        "set-leverage": _bucket(20, source=_CCXT),
        "leverage": _bucket(20, source=_CCXT),
        "time": _bucket(10, source=_CCXT),
        # Books and candles have 40 each, by IP; the funding rate 20.
        "market": _bucket(20, source=_CCXT),
    }
)
