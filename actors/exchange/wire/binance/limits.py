"""Binance's limits, and what requests cost of them.

Spot and futures count apart (the hosts differ), orders apart from requests. Weights are of the documents as of
2026-09: binance-sdk-spot 13.3.0, binance-sdk-derivatives-trading-usds-futures 18.1.0, binance-sdk-wallet 13.8.0.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from actors.exchange.wire.buckets import Bucket

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

SPOT_WEIGHT = "spot"
SPOT_ORDERS = "spot.orders"
PERP_WEIGHT = "perp"
PERP_ORDERS = "perp.orders"
WALLET = "wallet"
WALLET_UID = "wallet.uid"

_NOTHING = Decimal(0)
_TENTH = Decimal("0.1")
_USED = "X-MBX-USED-WEIGHT-1M"

_SPOT_ADDRESS = Bucket(
    amount=6_000,
    window_ms=MINUTE_MS,
    reserved=_TENTH,
    header=_USED,
    source="exchangeInfo of 2025-06-21 and binance-sdk-spot 13.3.0: REQUEST_WEIGHT 6,000 a minute per IP",
)
"""Orders count against it too, with a weight of 1."""

BUCKETS: Mapping[str, tuple[Bucket, ...]] = MappingProxyType(
    {
        SPOT_WEIGHT: (_SPOT_ADDRESS,),
        SPOT_ORDERS: (
            _SPOT_ADDRESS,
            Bucket(
                amount=100,
                window_ms=10 * SECOND_MS,
                reserved=_NOTHING,
                header="X-MBX-ORDER-COUNT-10S",
                source="exchangeInfo of 2025-06-21: ORDERS 100 in 10 s per account; cancels do not count",
            ),
            Bucket(
                amount=200_000,
                window_ms=DAY_MS,
                reserved=_NOTHING,
                header="X-MBX-ORDER-COUNT-1D",
                source="exchangeInfo of 2025-06-21: ORDERS 200,000 a day per account",
            ),
        ),
        PERP_WEIGHT: (
            Bucket(
                amount=2_400,
                window_ms=MINUTE_MS,
                reserved=_TENTH,
                header=_USED,
                source="developers.binance.com, futures WebSocket API general info, 2026-06-26: 2,400 a minute per IP",
            ),
        ),
        # Orders of futures weigh nothing: they are only counted.
        PERP_ORDERS: (
            Bucket(
                amount=300,
                window_ms=10 * SECOND_MS,
                reserved=_NOTHING,
                header="X-MBX-ORDER-COUNT-10S",
                source="developers.binance.com, futures general info, 2026-01-15: ORDERS 300 in 10 s per account",
            ),
            Bucket(
                amount=1_200,
                window_ms=MINUTE_MS,
                reserved=_NOTHING,
                header="X-MBX-ORDER-COUNT-1M",
                source="developers.binance.com, futures general info, 2026-01-15: ORDERS 1,200 a minute per account",
            ),
        ),
        WALLET: (
            Bucket(
                amount=12_000,
                window_ms=MINUTE_MS,
                reserved=_NOTHING,
                header="X-SAPI-USED-IP-WEIGHT-1M",
                source="unverified: 12,000 a minute per IP, pools of /sapi as commonly documented",
            ),
        ),
        WALLET_UID: (
            Bucket(
                amount=180_000,
                window_ms=MINUTE_MS,
                reserved=_NOTHING,
                header="X-SAPI-USED-UID-WEIGHT-1M",
                source="unverified: 180,000 a minute per account, pools of /sapi as commonly documented",
            ),
        ),
    }
)
