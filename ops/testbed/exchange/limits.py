"""Rate limits as venues keep them: windows aligned to the clock, or the last so-and-so many milliseconds; bans."""

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """So much weight in a window, by scope (an account, an address).

    Attributes:
        window: "fixed": aligned to the clock, all of it is back at once. "rolling": what is older than it is forgotten.
    """

    name: str
    amount: int
    window_ms: int
    window: Literal["fixed", "rolling"]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands after a charge.

    Attributes:
        used, amount: In weight, `amount` with the factor in it.
        over: The charge did not fit (and was not counted where it was asked for with `count_over=False`).
        resets_ms: When there is room again, by the venue's clock.
    """

    used: int
    amount: int
    over: bool
    resets_ms: int


class RateLimits:
    """One venue's use of its budgets. `factor` (accounts.toml: limits.factor) widens all of them."""

    def __init__(self, now_ms: Callable[[], int], *, factor: int = 1) -> None:
        self._now_ms = now_ms
        self._factor = factor
        self._fixed: dict[tuple[str, str], tuple[int, int]] = {}
        self._rolling: dict[tuple[str, str], deque[tuple[int, int]]] = {}
        self._bans: dict[str, tuple[int, int]] = {}

    def charge(self, budget: Budget, scope: str, weight: int = 1, *, count_over: bool = True) -> Usage:
        """Charge a scope, such as a uid or an address. A negative weight gives back."""
        amount = budget.amount * self._factor
        if budget.window == "fixed":
            return self._charge_fixed(budget, scope, weight, amount, count_over=count_over)
        now = self._now_ms()
        uses = self._rolling.setdefault((budget.name, scope), deque())
        while uses and uses[0][0] <= now - budget.window_ms:
            uses.popleft()
        used = sum(each for _, each in uses)
        over = used + weight > amount
        if not over or count_over:
            uses.append((now, weight))
            used += weight
        resets = uses[0][0] + budget.window_ms if uses else now
        return Usage(used=used, amount=amount, over=over, resets_ms=resets)

    def _charge_fixed(self, budget: Budget, scope: str, weight: int, amount: int, *, count_over: bool) -> Usage:
        now = self._now_ms()
        start = now - now % budget.window_ms
        since, used = self._fixed.get((budget.name, scope), (start, 0))
        if since != start:
            used = 0
        over = used + weight > amount
        if not over or count_over:
            used = max(0, used + weight)
        self._fixed[budget.name, scope] = start, used
        return Usage(used=used, amount=amount, over=over, resets_ms=start + budget.window_ms)

    def ban(self, scope: str, first_ms: int, longest_ms: int) -> int:
        """Turn a scope away, for twice as long each time. Returns until when, by the venue's clock."""
        _, times = self._bans.get(scope, (0, 0))
        until: int = self._now_ms() + min(first_ms << times, longest_ms)
        self._bans[scope] = until, times + 1
        return until

    def banned_until(self, scope: str) -> int | None:
        """Return until when a scope is turned away, or None."""
        until, _ = self._bans.get(scope, (0, 0))
        return until if until > self._now_ms() else None
