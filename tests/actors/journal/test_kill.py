"""Whatever was answered `Durable` is there after a kill -9 at any moment, and the chain holds.

The process that is killed hosts the threaded writer in the real cell. One journal lives through all the kills: each
time it is recovered and written on.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from actors.journal.errors import JournalLockedError
from actors.journal.reader import JournalReader
from actors.journal.store import JournalStore
from actors.journal.verify import verify
from tests.actors.journal.builders import MANIFEST

ROOT = Path(__file__).parents[3]
SEED = 20240201
SHORT, LONG = 10, 50


def killed(path: Path, durability: str, seed: int, answers: int) -> int:
    """Start a writer, kill it after so many answers, and return the last sequence number that it was answered for."""
    words = [sys.executable, "-m", "tests.actors.journal.appender", str(path), durability, str(seed)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        if seed % 5 == 0:
            with pytest.raises(JournalLockedError, match=f"process {process.pid} "):
                JournalStore.open_existing(path)
        last = b"0\n"
        for _ in range(answers):
            last = process.stdout.readline()
        process.kill()
        lines = [last, *process.stdout.readlines()]
    assert process.returncode == -9
    return int([line for line in lines if line.endswith(b"\n")][-1])


@pytest.mark.slow
def test_what_was_answered_durable_is_there_after_a_kill(tmp_path: Path, long_run: bool) -> None:  # noqa: FBT001
    choice = random.Random(SEED)  # noqa: S311 (the moments, the same each time)
    path = tmp_path / "journal.sqlite"
    JournalStore.create(path, MANIFEST).close()
    before = 0
    for number in range(LONG if long_run else SHORT):
        answered = killed(path, choice.choice(["full", "off"]), number, choice.randrange(100))

        verdict = verify(path)
        assert verdict.chain_ok, verdict.reason
        assert verdict.entries >= max(answered, before)
        with JournalReader(path) as reader:
            assert [record.seq for record in reader.records()] == list(range(1, verdict.entries + 1))
        with JournalStore.open_existing(path) as store:
            assert (store.torn, store.last_seq) == (None, verdict.entries)
        before = verdict.entries
    assert before > 0
