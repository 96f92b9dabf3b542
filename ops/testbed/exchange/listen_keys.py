"""Listen keys: a text that opens an account's private stream for an hour."""

import hashlib
from collections.abc import Callable

from ops.testbed.exchange.values import Uid

VALID_MS = 60 * 60 * 1000
"""Source: Binance USD-M user data streams: valid for 60 minutes, extended by each keepalive."""


class ListenKeys:
    """One venue's listen keys; an account has one at a time."""

    def __init__(self, now_ms: Callable[[], int], *, seed: str = "") -> None:
        self._now_ms = now_ms
        self._seed = seed
        self._made = 0
        self._by_uid: dict[Uid, tuple[str, int]] = {}

    def open(self, uid: Uid) -> str:
        """Return the account's key, a new one if it has none that is valid; extended in both cases."""
        found = self.current(uid)
        if found is None:
            self._made += 1
            found = hashlib.sha256(f"{self._seed}:{uid}:{self._made}".encode()).hexdigest()
        self._by_uid[uid] = found, self._now_ms() + VALID_MS
        return found

    def keep(self, uid: Uid) -> bool:
        """Extend the account's key. Returns False where it has none."""
        found = self.current(uid)
        if found is None:
            return False
        self._by_uid[uid] = found, self._now_ms() + VALID_MS
        return True

    def close(self, uid: Uid) -> None:
        """End it."""
        self._by_uid.pop(uid, None)

    def current(self, uid: Uid) -> str | None:
        """Return the account's key while it is valid."""
        key, until = self._by_uid.get(uid, ("", 0))
        return key if key and until > self._now_ms() else None

    def uid_of(self, key: str) -> Uid | None:
        """Return whose key it is, while it is valid."""
        return next((uid for uid in self._by_uid if self.current(uid) == key), None)
