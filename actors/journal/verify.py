"""Whether a journal is what was written: manifest, each entry, the chain, and its end."""

import json
from pathlib import Path

import msgspec

from actors.journal.chain import Walk, walk
from actors.journal.errors import JournalUnreadableError
from actors.journal.lock import holder
from actors.journal.reader import JournalReader


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        entries: Good ones, counted from the first on.
        journal_hash: Hash of the last good one (of the manifest if there is none), 64 hex digits; None if unreadable.
        reason: What is wrong, in words; None if nothing is.
        bad_seq: First entry that is changed or missing, 0 for the manifest; None if nothing is wrong, or not with one
            entry.
        chain_ok: Manifest and entries are as written, as far as they go.
        ended: The last entry is `RunEnded`.
        writer: Pid of the process that is writing it now; None if nobody is.
    """

    entries: int
    journal_hash: str | None
    reason: str | None = None
    bad_seq: int | None = None
    chain_ok: bool = True
    ended: bool = False
    writer: int | None = None

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return self.reason is None


def verify(path: Path, *, expect_hash: str | None = None) -> Verdict:
    """Check a journal; every hash is computed from the bytes that are stored.

    The unkeyed chain finds accidents: who can write the file can also write a chain that fits.

    Args:
        path: The file. It may be written meanwhile; what was committed at the start is checked.
        expect_hash: What the last hash must be, 64 hex digits: the only way to see that a tail is missing where another
            `RunEnded` stands before it.

    Raises:
        JournalUnreadableError: there is no such file. Any other trouble with it is a verdict.
    """
    if not path.exists():
        raise JournalUnreadableError(f"{path}: no such file")
    # Asked first: a run that ends while we read leaves a complete file, and one that ended before has its end in it.
    writer = holder(path.resolve())
    try:
        with JournalReader(path) as reader:
            if reader.manifest_fault:
                return Verdict(
                    entries=0,
                    journal_hash=reader.manifest.hash_0.hex(),
                    reason=reader.manifest_fault,
                    bad_seq=0,
                    chain_ok=False,
                    writer=writer,
                )
            found = walk(reader.rows(), reader.manifest.hash_0)
    except JournalUnreadableError as error:
        return Verdict(entries=0, journal_hash=None, reason=str(error), chain_ok=False, writer=writer)
    return _judge(found, expect_hash, writer)


def _judge(found: Walk, expect_hash: str | None, writer: int | None) -> Verdict:
    ended = _is_end(found.last_body)
    journal_hash = found.last_hash.hex()
    reason = None
    bad_seq = found.bad_seq
    if bad_seq is not None:
        reason = found.reason
    elif expect_hash is not None:
        if journal_hash != expect_hash.lower():
            reason = (
                f"the last hash is {journal_hash}, expected {expect_hash.lower()}: its tail is gone, or it is another"
            )
    elif not ended and writer is None:
        bad_seq = found.last_seq + 1
        reason = f"entry {bad_seq} is missing: the last one is no RunEnded (the run was killed, or the tail is gone)"
    return Verdict(
        entries=found.last_seq,
        journal_hash=journal_hash,
        reason=reason,
        bad_seq=bad_seq,
        chain_ok=found.bad_seq is None,
        ended=ended,
        writer=writer,
    )


def _is_end(body: bytes) -> bool:
    try:
        entry = json.loads(body)
    except ValueError:
        return False
    return isinstance(entry, dict) and entry.get("type") == "RunEnded"
