"""Bybit's rate limits, and what they look like from outside.

Per account and endpoint over the last second, told in the headers of every private answer; per address over the last
five seconds, beyond which it is shut out for ten minutes with HTTP 403. Source: docs/v5/rate-limit/rate-limit.mdx
@130165ca.
"""

from collections.abc import Mapping

from ops.testbed.exchange.limits import Budget, RateLimits, Usage
from ops.testbed.exchange.rejects import Reject, RejectError

BAN_MS = 600_000
ADDRESS = Budget(name="bybit address", amount=600, window_ms=5_000, window="rolling")


def each_second(path: str, amount: int) -> Budget:
    """Return the budget of an endpoint."""
    return Budget(name=f"bybit {path}", amount=amount, window_ms=1_000, window="rolling")


def check_address(limits: RateLimits, address: str) -> None:
    """Charge a request to its address. Raises BANNED."""
    if limits.banned_until(f"address {address}") is None:
        if not limits.charge(ADDRESS, address, count_over=False).over:
            return
        limits.ban(f"address {address}", BAN_MS, BAN_MS)
    raise RejectError(Reject.BANNED, address)


def headers(usage: Usage) -> Mapping[str, str]:
    """Return what an answer says of its endpoint's budget."""
    return {
        "X-Bapi-Limit": str(usage.amount),
        "X-Bapi-Limit-Status": str(max(usage.amount - usage.used, 0)),
        "X-Bapi-Limit-Reset-Timestamp": str(usage.resets_ms),
    }
