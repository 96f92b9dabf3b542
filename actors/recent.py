"""The latest so many of something, by key. Pure.

(`collections.OrderedDict` does the same with a linked list, which costs three times as much.)
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Forgets the oldest when there are too many.

    Args:
        size: How many are kept; a power of two.
    """

    __slots__ = ("_count", "_keys", "_last", "_values")

    def __init__(self, size: int) -> None:
        self._values: dict[K, V] = {}
        self._keys: list[K | None] = [None] * size
        self._last = size - 1
        self._count = 0

    def __contains__(self, key: K) -> bool:
        return key in self._values

    def __iter__(self) -> Iterator[K]:
        """Iterate over the keys, the oldest first."""
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """Return what is kept under a key."""
        return self._values.get(key)

    def add(self, key: K, value: V) -> None:
        """Keep a value under a key that is not kept already; the oldest may go for it."""
        place = self._count & self._last
        self._count += 1
        old = self._keys[place]
        if old is not None:
            del self._values[old]
        self._keys[place] = key
        self._values[key] = value
