"""Bybit's rate limits, by endpoint group.

All requests of an address share 600 in 5 seconds: beyond, it is shut out with HTTP 403 for at least ten minutes, and no
Retry-After. Beside that each endpoint has a limit per user and rolling second (retCode 10006); order placement differs
by product. The figures are those of a unified account of the lowest tier. The response headers X-Bapi-Limit and
X-Bapi-Limit-Status say what is left, not what is used, so no bucket has a header.
"""

from collections.abc import Mapping
from decimal import Decimal

from actors.exchange.wire.buckets import Bucket

_TABLE = "bybit-exchange/docs, docs/v5/rate-limit/rate-limit.mdx @130165ca"
_ADDRESS = Bucket(
    amount=600, window_ms=5_000, reserved=Decimal("0.2"), header=None, source=f"{_TABLE}: 600 requests / 5 s / IP"
)


def _each_second(amount: int, endpoint: str, *, reserved: str = "0") -> tuple[Bucket, ...]:
    """Return the buckets of an endpoint: its own, told from others by its source, and the address's."""
    own = Bucket(
        amount=amount,
        window_ms=1_000,
        reserved=Decimal(reserved),
        header=None,
        source=f"{_TABLE}: {endpoint} {amount}/s",
    )
    return own, _ADDRESS


BUCKETS: Mapping[str, tuple[Bucket, ...]] = {
    "create.spot": _each_second(20, "order/create spot"),
    "create.linear": _each_second(10, "order/create linear"),
    "amend.spot": _each_second(10, "order/amend spot"),
    "amend.linear": _each_second(10, "order/amend linear"),
    "cancel.spot": _each_second(20, "order/cancel spot"),
    "cancel.linear": _each_second(10, "order/cancel linear"),
    # Look-ups of unknown orders use these three, so polls leave them a share.
    "realtime": _each_second(50, "order/realtime", reserved="0.2"),
    "history": _each_second(50, "order/history", reserved="0.2"),
    "executions": _each_second(50, "execution/list", reserved="0.2"),
    "positions": _each_second(50, "position/list"),
    "wallet": _each_second(50, "account/wallet-balance"),
    "account": _each_second(50, "account/info"),
    "ledger": _each_second(25, "account/transaction-log"),
    "key": _each_second(10, "user/query-api"),
    "leverage": _each_second(10, "position/set-leverage"),
    "position_mode": _each_second(10, "position/switch-mode"),
    "margin_mode": _each_second(5, "account/set-margin-mode"),
    "market": (_ADDRESS,),
}
