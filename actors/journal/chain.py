"""Whether stored rows are the ones that were written, by their hashes. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from actors.journal.encoding import next_hash

StoredRow = tuple[int, object, object]
"""Sequence number, body and hash as SQLite has them. Anything but bytes in the last two is damage."""


class Walk(msgspec.Struct, kw_only=True):
    """How far a chain holds.

    Attributes:
        last_seq: Last good entry; 0 if there is none.
        last_hash: Its hash; that of the manifest if there is none. 32 bytes.
        last_body: Its body; empty if there is none.
        bad_seq: First entry that is not as written, or is missing with others behind it.
        reason: What is wrong with it.
        torn: How many rows the bad end consists of, if it is no more than an end: not one row from the bad one on holds
            on to the one before it. 0 where good rows follow, or a row is missing: that is damage.
    """

    last_seq: int
    last_hash: bytes
    last_body: bytes = b""
    bad_seq: int | None = None
    reason: str = ""
    torn: int = 0


def walk(rows: Iterable[StoredRow], hash_0: bytes) -> Walk:
    """Follow a chain to its end, or to the first bad row.

    Args:
        rows: All of them, in order of their sequence numbers.
        hash_0: Digest of the hashed part of the manifest, 32 bytes.
    """
    found = Walk(last_seq=0, last_hash=hash_0)
    rest = iter(rows)
    seq, digest, body = 0, hash_0, b""
    for row in rest:
        fault = _fault(row, seq, digest)
        if fault:
            found.bad_seq = seq + 1
            found.reason = fault
            found.torn = _torn(row, seq, digest, rest)
            break
        seq, body, digest = row  # type: ignore[assignment]  # a row without a fault holds bytes
    found.last_seq, found.last_hash, found.last_body = seq, digest, body
    return found


def _fault(row: StoredRow, last_seq: int, last_hash: bytes) -> str:
    """Return what is wrong with the row that should follow, or nothing."""
    seq, body, digest = row
    if seq != last_seq + 1:
        return f"entry {last_seq + 1} is missing: the next one is {seq}"
    if not isinstance(body, bytes) or not isinstance(digest, bytes):
        return f"entry {seq} is not stored as bytes"
    if next_hash(last_hash, body) != digest:
        return f"entry {seq} or its hash is not what was written"
    if not body.startswith(b'{"seq":%d,' % seq):
        return f"entry {seq} says another sequence number of itself"
    return ""


def _torn(bad: StoredRow, last_seq: int, last_hash: bytes, rest: Iterator[StoredRow]) -> int:
    """Return how many rows are the torn end that starts with a bad row; 0 if it is no torn end."""
    seq, body, stored = bad
    if seq != last_seq + 1:
        return 0
    count = 1
    computed = next_hash(last_hash, _bytes(body))
    for row in rest:
        seq, body, digest = row
        # A changed body leaves the stored hash for the next row to hold on to; a changed hash leaves the computed one.
        by_stored = next_hash(_bytes(stored), _bytes(body))
        computed = next_hash(computed, _bytes(body))
        if seq != last_seq + 1 + count or digest in (by_stored, computed):
            return 0
        stored = digest
        count += 1
    return count


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
