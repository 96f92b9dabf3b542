"""A journal file holds a prefix of what was said, belongs to one writer and its owner, and is read by anybody who may.

What is torn at the end is cut off and said; what is wrong before it is never repaired.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.errors import BadInputError, InvariantError
from actors.journal.errors import (
    JournalDamagedError,
    JournalLockedError,
    JournalUnreadableError,
    JournalWriteError,
)
from actors.journal.lock import JournalLock, holder, lock_path
from actors.journal.manifest import Manifest
from actors.journal.reader import JournalReader
from actors.journal.store import Durability, JournalStore, TornTail, set_aside
from actors.journal.tables import check_header
from messages.journal import FORMAT_VERSION
from messages.lifecycle import Halted, RunEnded
from messages.orders import OrderFilled
from tests.actors.journal.builders import MANIFEST, a_run, ended, files, rows_of, tampered, write_journal

ROWS = rows_of(a_run(8))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[JournalStore]:
    with JournalStore.create(path, MANIFEST, durability="off") as opened:
        yield opened


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_was_committed_comes_back_in_order(path: Path) -> None:
    rows = write_journal(path, a_run(8))

    with JournalReader(path) as reader:
        assert list(reader.rows()) == rows
        assert [record.seq for record in reader.records(after=5)] == [6, 7, 8]
        assert reader.last() == (8, rows[-1][2])
        assert (reader.manifest, reader.manifest_fault) == (MANIFEST, None)


@pytest.mark.parametrize("durability", ["full", "off"])
def test_an_orderly_close_leaves_one_file(path: Path, durability: Durability) -> None:
    with JournalStore.create(path, MANIFEST, durability=durability) as store:
        store.append(ROWS)
        store.commit()

    assert files(path.parent) == {"journal.sqlite"}
    assert not check_header(path), "still in WAL mode"


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("off", 0)])
def test_the_disk_is_waited_for_as_told(path: Path, durability: Durability, synchronous: int) -> None:
    with JournalStore.create(path, MANIFEST, durability=durability) as store:
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)  # noqa: SLF001
        assert store._connection.execute("PRAGMA journal_mode").fetchone() == (b"wal",)  # noqa: SLF001


def test_it_goes_on_where_it_ended(path: Path) -> None:
    rows = write_journal(path, a_run(4))
    more = rows_of([ended()], after=4, previous=rows[-1][2])

    with JournalStore.open_existing(path) as store:
        assert (store.last_seq, store.durable_seq, store.last_hash, store.torn) == (4, 4, rows[-1][2], None)
        store.append(more)
        store.commit()
        assert [record.seq for record in store.records(after=3)] == [4, 5]

    with JournalReader(path) as reader:
        assert list(reader.rows()) == [*rows, *more]


def test_entries_of_some_types_are_read_alone(path: Path) -> None:
    write_journal(path, [*a_run(7), Halted(reason='a halt that says "OrderFilled"')])

    with JournalStore.open_existing(path) as store:
        everything = list(store.records())
        some = list(store.records(after=1, kinds=(OrderFilled, RunEnded)))

    assert some == [record for record in everything if isinstance(record.entry, OrderFilled | RunEnded)]
    assert {type(record.entry) for record in some} == {OrderFilled, RunEnded}


def test_files_are_for_the_owner_and_folders_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    path = there / "new" / "newer" / "journal.sqlite"

    old = os.umask(0)
    try:
        with JournalStore.create(path, MANIFEST) as store:
            store.append(ROWS)
            modes = {found.name: mode(found) for found in path.parent.iterdir()}
    finally:
        os.umask(old)

    assert set(modes) == {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "journal.sqlite.lock"}
    assert set(modes.values()) == {0o600}
    assert [mode(folder) for folder in (there, there / "new", there / "new" / "newer")] == [0o755, 0o700, 0o700]


@pytest.mark.parametrize("numbers", [(2,), (1, 3), (1, 2, 2), (2, 1), (0, 1)])
def test_rows_that_do_not_follow_are_an_invariant_and_none_is_taken(
    store: JournalStore, path: Path, numbers: tuple[int, ...]
) -> None:
    with pytest.raises(InvariantError):
        store.append([(number, b"", b"") for number in numbers])

    store.append(ROWS[:1])
    store.commit()
    with JournalReader(path) as reader:
        assert list(reader.rows()) == ROWS[:1]


def test_what_was_not_committed_is_not_there(store: JournalStore, path: Path) -> None:
    store.append(ROWS[:2])
    store.commit()
    store.append(ROWS[2:4])

    assert (store.last_seq, store.durable_seq) == (4, 2)
    store.close()
    with JournalReader(path) as reader:
        assert reader.last() == (2, ROWS[1][2])


def test_a_full_disk_is_fatal_and_nothing_is_tried_again(store: JournalStore, path: Path) -> None:
    store.append(ROWS[:2])
    store.commit()
    store._connection.execute("PRAGMA max_page_count = 1")  # noqa: SLF001 - SQLite's way to run out of disk

    with pytest.raises(
        JournalWriteError, match="entries from 3 on were not written: database or disk is full"
    ) as caught:
        store.append([(3, b"x" * 100_000, b"h")])
    assert caught.value.exit_code == 1
    store._connection.execute("PRAGMA max_page_count = 100000")  # noqa: SLF001 - the disk has room again
    with pytest.raises(JournalWriteError, match="an earlier write failed"):
        store.append(ROWS[2:])
    with pytest.raises(JournalWriteError, match="an earlier write failed"):
        store.commit()

    store.close()
    with JournalReader(path) as reader:
        assert list(reader.rows()) == ROWS[:2]


def test_a_closed_store_writes_nothing(store: JournalStore) -> None:
    store.close()
    store.close()

    with pytest.raises(JournalWriteError, match="it is closed"):
        store.append(ROWS)


def test_a_journal_is_never_written_over(path: Path) -> None:
    rows = write_journal(path, a_run(3))

    with pytest.raises(BadInputError, match="is there already"):
        JournalStore.create(path, MANIFEST)

    with JournalReader(path) as reader:
        assert list(reader.rows()) == rows
    assert files(path.parent) == {"journal.sqlite"}


def test_side_files_of_a_journal_that_was_removed_are_not_taken_for_the_new_one(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "killed" / "journal.sqlite"
    with JournalStore.create(other, MANIFEST, durability="off") as killed:
        killed.append(ROWS)
        killed.commit()
        shutil.copy(other.with_name("journal.sqlite-wal"), path.with_name("journal.sqlite-wal"))

    JournalStore.create(path, MANIFEST).close()

    with JournalReader(path) as reader:
        assert list(reader.rows()) == []


def test_a_folder_that_can_not_be_made_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(BadInputError, match="can't be made: Not a directory"):
        JournalStore.create(tmp_path / "file" / "runs" / "journal.sqlite", MANIFEST)


# --- the end and the middle


@pytest.mark.parametrize("length", [1, 3])
def test_a_torn_tail_is_cut_off_and_said(path: Path, length: int) -> None:
    write_journal(path, a_run(8))
    first = 8 - length + 1
    tampered(path, "UPDATE entries SET body = zeroblob(100), hash = zeroblob(32) WHERE seq >= ?", first)

    with JournalStore.open_existing(path) as store:
        assert store.torn == TornTail(first_seq=first, entries=length)
        assert (store.last_seq, store.last_hash) == (first - 1, ROWS[first - 2][2])
        store.append(ROWS[first - 1 :])
        store.commit()

    with JournalStore.open_existing(path) as store:
        assert store.torn is None
        assert store.last_seq == 8


@pytest.mark.parametrize("column", ["body", "hash"])
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_changed_entry_in_the_middle_is_named_and_nothing_is_cut(path: Path, seq: int, column: str) -> None:
    write_journal(path, a_run(8))
    tampered(path, f"UPDATE entries SET {column} = zeroblob(32) WHERE seq = ?", seq)  # noqa: S608

    with pytest.raises(JournalDamagedError, match="nothing was repaired") as caught:
        JournalStore.open_existing(path)

    assert (caught.value.seq, caught.value.exit_code) == (seq, 78)
    with JournalReader(path) as reader:
        assert reader.last() == (8, ROWS[-1][2])
    assert files(path.parent) == {"journal.sqlite"}


@pytest.mark.parametrize("seq", [1, 4, 7])
def test_a_gap_is_no_torn_tail(path: Path, seq: int) -> None:
    write_journal(path, a_run(8))
    tampered(path, "DELETE FROM entries WHERE seq = ?", seq)

    with pytest.raises(JournalDamagedError, match=f"entry {seq} is missing") as caught:
        JournalStore.open_existing(path)

    assert caught.value.seq == seq


def test_a_blob_that_became_text_is_damage(path: Path) -> None:
    write_journal(path, a_run(8))
    tampered(path, "UPDATE entries SET body = CAST(body AS TEXT) WHERE seq = 3")

    with pytest.raises(JournalDamagedError, match="entry 3 is not stored as bytes"):
        JournalStore.open_existing(path)


@pytest.mark.parametrize("part", ["hashed", "beside", "hash_0", "beside_hash"])
def test_a_changed_manifest_is_entry_0(path: Path, part: str) -> None:
    write_journal(path, a_run(3))
    tampered(path, f"UPDATE manifest SET {part} = {part} || x'20'")  # noqa: S608

    with pytest.raises(JournalDamagedError) as caught:
        JournalStore.open_existing(path)

    assert caught.value.seq == 0


def test_a_newer_format_is_refused(path: Path) -> None:
    newer = Manifest(hashed=b'{"format_version":%d}' % (FORMAT_VERSION + 1), beside=b"{}")

    with pytest.raises(JournalUnreadableError, match=f"journal format {FORMAT_VERSION + 1}"):
        JournalStore.create(path, newer)


# --- one writer


HOLD = """
import sys
from pathlib import Path
from actors.journal.store import JournalStore
store = JournalStore.open_existing(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_who_writes(path: Path) -> None:
    write_journal(path, a_run(3))
    words = [sys.executable, "-c", HOLD, str(path)]
    other = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with pytest.raises(JournalLockedError, match=f"process {other.pid} is writing this journal") as caught:
            JournalStore.open_existing(path)
        with pytest.raises(JournalLockedError):
            set_aside(path)
        assert (caught.value.pid, caught.value.exit_code) == (other.pid, 2)
        assert holder(path) == other.pid
        with JournalReader(path) as reader:
            assert reader.last()[0] == 3
        other.kill()

    assert holder(path) is None
    assert lock_path(path).exists()
    JournalStore.open_existing(path).close()


def test_a_link_to_a_journal_has_the_journal_s_lock(store: JournalStore, path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(path)

    with pytest.raises(JournalLockedError):
        JournalStore.open_existing(link)

    assert store.last_seq == 0


def test_a_lock_file_that_was_removed_under_its_taker_is_not_a_lock(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fcntl.flock
    removed: list[Path] = []

    def flock(descriptor: int, operation: int) -> None:
        if not removed:  # the owner of before goes, between our open and our lock
            lock_path(path).unlink()
            removed.append(path)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    lock = JournalLock(path)

    assert removed
    with pytest.raises(JournalLockedError):
        JournalLock(path)
    lock.release()
    assert files(path.parent) == set()


def test_a_journal_that_is_set_aside_takes_all_of_it_along(path: Path, tmp_path: Path) -> None:
    with JournalStore.create(tmp_path / "a" / "journal.sqlite", MANIFEST, durability="off") as killed:
        killed.append(ROWS)
        killed.commit()
        for end in ("", "-wal", "-shm"):
            shutil.copy(f"{killed.path}{end}", f"{path}{end}")
    (tmp_path / "journal.sqlite.1").write_text("taken")

    aside = set_aside(path)

    assert aside == tmp_path / "journal.sqlite.2"
    assert not [name for name in files(tmp_path) if name in {"journal.sqlite", "journal.sqlite-wal"}]
    with JournalReader(aside) as reader:
        assert reader.last() == (8, ROWS[-1][2])
