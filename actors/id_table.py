"""Every instruction id ever seen, in 17 bytes and what the table keeps free, so that a daemon may run for months.

Open addressing over arrays of 64-bit words. An id is known by 64 bits of a cryptographic digest, its content by 64 bits
of a hash: two different ids that share the first (about one chance in 10^8 among a million) are treated as one, which
refuses an instruction and never sends one twice.
"""

from array import array

_FIRST_SIZE = 65_536  # 1.1 MB: growing later costs every id a second look


class IdTable:
    """Maps the digest of an id to the digest of its content and its outcome so far.

    Attributes:
        growth: How often the table grew; slots are good until it grows again.
    """

    def __init__(self) -> None:
        self.growth = 0
        self._used = 0
        self._make(_FIRST_SIZE)

    def __len__(self) -> int:
        return self._used

    def find(self, key: int) -> int:
        """Return the slot of a 64-bit key, or -1."""
        slot = self._slot(key or 1)
        return slot if self._keys[slot] else -1

    def enter(self, key: int, content: int) -> int:
        """Return the slot of a known key; take a new one in and return the complement of its slot, ``~slot``."""
        if self._used * 2 >= self._size:
            self._grow()
        keys, mask = self._keys, self._mask
        key = key or 1
        slot = key & mask
        while found := keys[slot]:
            if found == key:
                return slot
            slot = (slot + 1) & mask
        self._used += 1
        keys[slot] = key
        self._contents[slot] = content
        return ~slot

    def content(self, slot: int) -> int:
        """Return the 64-bit digest of the content under a slot."""
        return self._contents[slot]

    def outcome(self, slot: int) -> int:
        """Return the small number last kept for a slot; 0 at first."""
        return self._outcomes[slot]

    def set_outcome(self, slot: int, outcome: int) -> None:
        """Keep a number under 256 for a slot. Slots move when an id is added."""
        self._outcomes[slot] = outcome

    def _make(self, size: int) -> None:
        self._size = size
        self._mask = size - 1
        self._keys = array("Q", bytes(8 * size))
        self._contents = array("Q", bytes(8 * size))
        self._outcomes = bytearray(size)

    def _slot(self, key: int) -> int:
        keys, mask = self._keys, self._mask
        slot = key & mask
        while keys[slot] not in (key, 0):  # 0 is free
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        keys, contents, outcomes = self._keys, self._contents, self._outcomes
        self.growth += 1
        self._make(self._size * 2)
        for index, key in enumerate(keys):
            if key:
                slot = self._slot(key)
                self._keys[slot] = key
                self._contents[slot] = contents[index]
                self._outcomes[slot] = outcomes[index]
