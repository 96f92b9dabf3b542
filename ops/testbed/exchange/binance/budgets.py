"""Binance's rate limits: weight a minute and address, orders an account, and a ban for whoever does not stop.

Sources: exchangeInfo of 2025-06-21; futures general info of 2026-01-15: after HTTP 429 a client has to back off, or its
address is banned (418) "from 2 minutes to 3 days".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from ops.testbed.exchange.limits import Budget, RateLimits
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Uid

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
DAY_MS = 24 * 60 * MINUTE_MS
BAN_MS, LONGEST_BAN_MS = 2 * MINUTE_MS, 3 * DAY_MS
PATIENCE = 5
"""So many requests over the limit are answered 429; the next one is banned."""

_WEIGHT: Mapping[str, Budget] = MappingProxyType(
    {
        "spot": Budget(name="binance.spot", amount=6_000, window_ms=MINUTE_MS, window="fixed"),
        "perp": Budget(name="binance.perp", amount=2_400, window_ms=MINUTE_MS, window="fixed"),
        "wallet": Budget(name="binance.wallet", amount=12_000, window_ms=MINUTE_MS, window="fixed"),
    }
)
_HEADER = {"spot": "X-MBX-USED-WEIGHT-1M", "perp": "X-MBX-USED-WEIGHT-1M", "wallet": "X-SAPI-USED-IP-WEIGHT-1M"}


class _Counter(msgspec.Struct, frozen=True):
    budget: Budget
    header: str
    words: str


_ORDERS: Mapping[str, tuple[_Counter, ...]] = MappingProxyType(
    {
        "spot": (
            _Counter(
                Budget(name="binance.spot.orders.10s", amount=100, window_ms=10 * SECOND_MS, window="fixed"),
                "X-MBX-ORDER-COUNT-10S",
                "100 orders per TEN_SECONDS",
            ),
            _Counter(
                Budget(name="binance.spot.orders.1d", amount=200_000, window_ms=DAY_MS, window="fixed"),
                "X-MBX-ORDER-COUNT-1D",
                "200000 orders per DAY",
            ),
        ),
        "perp": (
            _Counter(
                Budget(name="binance.perp.orders.10s", amount=300, window_ms=10 * SECOND_MS, window="fixed"),
                "X-MBX-ORDER-COUNT-10S",
                "300 orders per TEN_SECONDS",
            ),
            _Counter(
                Budget(name="binance.perp.orders.1m", amount=1_200, window_ms=MINUTE_MS, window="fixed"),
                "X-MBX-ORDER-COUNT-1M",
                "1200 orders per MINUTE",
            ),
        ),
    }
)
_OVER = Budget(name="binance.over", amount=PATIENCE, window_ms=MINUTE_MS, window="fixed")


class Turned(Exception):  # noqa: N818 - not an error: the venue turns the request away
    """A request is turned away for its address.

    Attributes:
        reject: RATE_LIMITED or BANNED.
        detail: The limit, or until when.
        retry_after_s: What the header says.
    """

    def __init__(self, reject: Reject, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.reject = reject
        self.detail = detail
        self.retry_after_s = retry_after_s


class Budgets:
    """What requests cost of the limits."""

    def __init__(self, limits: RateLimits, now_ms: Callable[[], int]) -> None:
        self._limits = limits
        self._now_ms = now_ms

    def charge(self, pool: str, peer: str, weight: int) -> None:
        """Charge a request's weight to its address. Raises `Turned`."""
        until = self._limits.banned_until(peer)
        if until is None:
            used = self._limits.charge(_WEIGHT[pool], peer, weight)
            if not used.over:
                return
            if not self._limits.charge(_OVER, peer).over:
                raise Turned(Reject.RATE_LIMITED, str(used.amount), self._seconds(used.resets_ms))
            until = self._limits.ban(peer, BAN_MS, LONGEST_BAN_MS)
        raise Turned(Reject.BANNED, str(until), self._seconds(until))

    def _seconds(self, until_ms: int) -> int:
        return max(1, -(-(until_ms - self._now_ms()) // SECOND_MS))

    def charge_order(self, pool: str, uid: Uid) -> None:
        """Charge one order to its account. Raises ORDER_RATE_LIMITED."""
        for counter in _ORDERS[pool]:
            if self._limits.charge(counter.budget, uid, count_over=False).over:
                raise RejectError(Reject.ORDER_RATE_LIMITED, counter.words)

    def give_back(self, pool: str, uid: Uid) -> None:
        """Take back what an order cost that was refused."""
        for counter in _ORDERS[pool]:
            self._limits.charge(counter.budget, uid, -1)

    def headers(self, pool: str, peer: str, uid: Uid | None = None) -> dict[str, str]:
        """Return the headers that say how much is used; those of orders for an account."""
        found = {_HEADER[pool]: str(self._limits.charge(_WEIGHT[pool], peer, 0).used)}
        if uid is not None:
            for counter in _ORDERS[pool]:
                found[counter.header] = str(self._limits.charge(counter.budget, uid, 0).used)
        return found

    @staticmethod
    def shown(pool: str) -> list[dict[str, str | int]]:
        """Return the limits as exchangeInfo has them."""
        units = {SECOND_MS: "SECOND", MINUTE_MS: "MINUTE", DAY_MS: "DAY"}
        kinds = [("REQUEST_WEIGHT", _WEIGHT[pool]), *(("ORDERS", counter.budget) for counter in _ORDERS[pool])]
        found: list[dict[str, str | int]] = []
        for kind, budget in kinds:
            unit = max(ms for ms in units if budget.window_ms % ms == 0)
            found.append(
                {
                    "rateLimitType": kind,
                    "interval": units[unit],
                    "intervalNum": budget.window_ms // unit,
                    "limit": budget.amount,
                }
            )
        return found
