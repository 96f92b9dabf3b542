"""The actors that put rows on disk and answer `Durable`. All of them append in order and commit prefixes."""

from collections.abc import Sequence

from actors.contract import Actor, Address
from actors.errors import InvariantError
from actors.journal.store import JournalStore, Row
from messages.journal import Append, Durable
from messages.units import Seq


class SteppedWriter(Actor[Append]):
    """For backtests: answers within the turn, and commits at the end of a turn when enough has gathered.

    A simulated fill belongs to the turn of its intent, so `Durable` can't wait for SQLite here. What a killed backtest
    loses is at most `commit_every` rows and its last turn, never a part of what was committed.

    Spawn it as a closer: `turn_ended` is where it writes.
    """

    def __init__(self, *, store: JournalStore, outbox: Address[Durable], commit_every: int) -> None:
        """Write behind the last row of a store.

        Args:
            store: Closed by whoever opened it, after `stopping`.
            outbox: Told `Durable`.
            commit_every: Rows that may wait for a commit, from 1.
        """
        self._store = store
        self._outbox = outbox
        self._commit_every = commit_every
        self._rows: list[Row] = []
        self._finished = 0
        self._last_seq = store.last_seq

    def receive(self, message: Append) -> None:
        """Take the rows and answer for them.

        Raises:
            InvariantError: they don't follow the last one.
        """
        rows = message.rows
        if not rows:
            return
        if rows[0][0] != self._last_seq + 1:
            raise InvariantError(f"row {rows[0][0]} was to be journaled behind {self._last_seq}")
        self._rows.extend(rows)
        self._last_seq = rows[-1][0]
        if message.awaited:
            self._outbox.tell(Durable(seq=Seq(self._last_seq)))

    def turn_ended(self) -> None:
        """Commit, if enough waits.

        Raises:
            JournalWriteError: it can't be written.
        """
        self._finished = len(self._rows)
        if self._finished >= self._commit_every:
            self._write()

    def discard_turn(self) -> None:
        """Forget the rows of the turn that is not over: it crashed, and said nothing."""
        del self._rows[self._finished :]
        self._last_seq = self._rows[-1][0] if self._rows else self._store.last_seq

    def flush(self) -> None:
        """Write and commit all rows that wait.

        Raises:
            JournalWriteError: they can't be written.
        """
        if self._rows:
            self._write()

    def stopping(self) -> None:
        """Write what waits."""
        self.flush()

    def _write(self) -> None:
        # Taken first: rows of a failed write are not to be tried again by the flush at the end.
        rows, self._rows, self._finished = self._rows, [], 0
        self._store.append(rows)
        self._store.commit()


class NullWriter(Actor[Append]):
    """Keeps nothing, and answers at once: for runs without a journal."""

    def __init__(self, *, outbox: Address[Durable]) -> None:
        self._outbox = outbox

    def receive(self, message: Append) -> None:
        """Answer for the rows."""
        if message.rows and message.awaited:
            self._outbox.tell(Durable(seq=Seq(message.rows[-1][0])))


class ThreadedWriter(Actor[Append]):
    """Live: on a thread of its own, it commits all that waits at once, and answers when that is on disk."""

    def __init__(self, *, store: JournalStore, outbox: Address[Durable]) -> None:
        """Write behind the last row of a store.

        Args:
            store: Used by this thread alone from now on; closed by whoever opened it, when the thread is gone.
            outbox: Told `Durable`, once for each commit.
        """
        self._store = store
        self._outbox = outbox

    def receive(self, message: Append) -> None:
        """Write one message's rows, as `receive_many` does."""
        self.receive_many((message,))

    def receive_many(self, messages: Sequence[Append]) -> None:
        """Append all rows in one transaction, commit, and answer for the last one.

        Raises:
            InvariantError: a row doesn't follow the one before it. Nothing of these messages was committed.
            JournalWriteError: SQLite failed; likewise.
        """
        rows = [row for message in messages for row in message.rows]
        if not rows:
            return
        self._store.append(rows)
        self._store.commit()
        if any(message.awaited for message in messages):
            self._outbox.tell(Durable(seq=Seq(rows[-1][0])))
