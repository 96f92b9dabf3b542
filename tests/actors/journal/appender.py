"""A process to be killed: appends through the threaded writer for ever, and prints what it was answered.

Usage: ``python -m tests.actors.journal.appender JOURNAL full|off SEED``
"""

import os
import random
import sys
import threading
from pathlib import Path
from typing import cast

from actors.journal.store import Durability, JournalStore
from actors.journal.writer import ThreadedWriter
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.supervisor import Backoff, Group, Intensity, Root
from actors.runtime.threaded import spawn_threaded
from messages.base import Message
from messages.journal import Durable
from messages.lifecycle import Halted
from tests.actors.journal.builders import append, rows_of

WINDOW = 20
"""Messages that may wait for their answer: enough for groups, too few for a full mailbox."""


class Printer:
    """The outbox: prints what is durable, and lets as many more go."""

    def __init__(self) -> None:
        self.room = threading.Semaphore(WINDOW)
        self.sent: list[int] = []

    def tell(self, message: Message) -> None:
        """Print the answer, in one system call."""
        assert isinstance(message, Durable)
        os.write(1, b"%d\n" % message.seq)
        while self.sent and self.sent[0] <= message.seq:
            self.sent.pop(0)
            self.room.release()


def main(path: Path, durability: Durability, seed: int) -> None:
    """Append until killed."""
    choice = random.Random(seed)  # noqa: S311 (sizes of messages)
    store = JournalStore.open_existing(path, durability=durability)
    printer = Printer()
    root = Root(jitter=choice)
    group = Group(root, "top", as_one=False, intensity=Intensity(), backoff=Backoff())
    writer = spawn_threaded(
        "journal_writer",
        lambda: ThreadedWriter(store=store, outbox=printer),
        supervisor=group,
        dead_letters=DeadLetters(),
    )
    os.write(1, b"open\n")
    seq, digest = store.last_seq, store.last_hash
    while True:
        printer.room.acquire()
        rows = rows_of(
            (Halted(reason=f"number {seq}") for _ in range(choice.randint(1, 4))), after=seq, previous=digest
        )
        seq, _, digest = rows[-1]
        printer.sent.append(seq)
        writer.tell(append(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), cast("Durability", sys.argv[2]), int(sys.argv[3]))
