"""Every instruction id ever seen, in 16 bytes and what the table keeps free, so that a daemon may run for months.

Open addressing over one array of 64-bit words, two for each id so that both come with one look into memory: 64 bits of
a cryptographic digest of the id; and 60 bits of a hash of its content with its outcome in the other four. Two different
ids that share the first (about one chance in 10^8 among a million) are treated as one, which refuses an instruction and
never sends one twice.
"""

from array import array

_FIRST_SIZE = 65_536  # 1 MB: growing later costs every id a second look
_OUTCOME_BITS = 4
_OUTCOME = (1 << _OUTCOME_BITS) - 1
_CONTENT = (1 << 64 - _OUTCOME_BITS) - 1


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
        return slot if self._words[slot] else -1

    def enter(self, key: int, content: int) -> int:
        """Return the slot of a known key; take a new one in and return the complement of its slot, ``~slot``.

        Of the content's digest 60 bits are kept.
        """
        if self._used >= self._most:
            self._grow()
        words, mask = self._words, self._mask
        key = key or 1
        slot = key << 1 & mask
        while found := words[slot]:
            if found == key:
                return slot
            slot = slot + 2 & mask
        self._used += 1
        words[slot] = key
        words[slot + 1] = (content & _CONTENT) << _OUTCOME_BITS
        return ~slot

    def is_content(self, slot: int, content: int) -> bool:
        """Return whether this is the digest of the content under a slot."""
        return self._words[slot + 1] >> _OUTCOME_BITS == content & _CONTENT

    def outcome(self, slot: int) -> int:
        """Return the small number last kept for a slot; 0 at first."""
        return self._words[slot + 1] & _OUTCOME

    def set_outcome(self, slot: int, outcome: int) -> None:
        """Keep a number under 16 for a slot. Slots move when an id is added."""
        words = self._words
        words[slot + 1] = words[slot + 1] & ~_OUTCOME | outcome

    def _make(self, size: int) -> None:
        self._most = size // 2
        self._mask = 2 * size - 1
        self._words = array("Q", bytes(16 * size))

    def _slot(self, key: int) -> int:
        words, mask = self._words, self._mask
        slot = key << 1 & mask
        while words[slot] not in (key, 0):  # 0 is free
            slot = slot + 2 & mask
        return slot

    def _grow(self) -> None:
        words = self._words
        self.growth += 1
        self._make(len(words))
        for index in range(0, len(words), 2):
            if words[index]:
                slot = self._slot(words[index])
                self._words[slot : slot + 2] = words[index : index + 2]
