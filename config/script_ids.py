"""Which ids a script has used, in 64 bits of each and a place: a set of strings would take ten times as much memory."""

from array import array


class UsedIds:
    """Maps the hash of an id to the places of the lines that have it. Open addressing, linear probing.

    Two ids may have one hash: whoever asks compares the ids themselves. So it does not matter that `hash` differs from
    process to process, and nobody can write a script whose ids collide.
    """

    def __init__(self, expected: int) -> None:
        self._hashes = array("q")
        self._places = array("I")
        self._make(1 << max(10, (expected * 3 // 2).bit_length()))

    def take(self, hashed: int, place: int) -> list[int]:
        """Take in the hash of the id of a line, unless it is there: then change nothing and return its places."""
        slots, mask, hashes = self._slots, self._mask, self._hashes
        same: list[int] = []
        slot = hashed & mask
        while entry := slots[slot]:
            if hashes[entry - 1] == hashed:
                same.append(self._places[entry - 1])
            slot = (slot + 1) & mask
        if not same:
            self._put(slot, hashed, place)
        return same

    def take_too(self, hashed: int, place: int) -> None:
        """Take in a hash that is there already, for another id."""
        slot = hashed & self._mask
        while self._slots[slot]:
            slot = (slot + 1) & self._mask
        self._put(slot, hashed, place)

    def _put(self, slot: int, hashed: int, place: int) -> None:
        self._hashes.append(hashed)
        self._places.append(place)
        used = len(self._hashes)
        self._slots[slot] = used
        if used * 3 > (self._mask + 1) * 2:
            self._make((self._mask + 1) * 2)

    def _make(self, size: int) -> None:
        self._slots = slots = array("I", bytes(4 * size))  # entry number from 1; 0 is free
        self._mask = mask = size - 1
        for entry, hashed in enumerate(self._hashes, start=1):
            slot = hashed & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = entry
