"""Anybody who may read a journal sees what is committed, also while it is written, changes nothing and leaves nothing.

What is no journal is one clear error. A manifest tells runs apart by what decides them.
"""

import gc
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.journal.errors import JournalUnreadableError
from actors.journal.manifest import manifest
from actors.journal.reader import JournalReader
from actors.journal.store import JournalStore
from messages.journal import FORMAT_VERSION
from tests.actors.journal.builders import MANIFEST, a_run, files, rows_of, tampered, write_journal

ROWS = rows_of(a_run(8))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[JournalStore]:
    with JournalStore.create(path, MANIFEST, durability="off") as opened:
        yield opened


def test_readers_see_what_is_committed_while_it_is_written(store: JournalStore, path: Path) -> None:
    store.append(ROWS[:3])
    store.commit()
    store.append(ROWS[3:4])

    with JournalReader(path) as reader:
        seen = reader.rows()
        assert next(seen) == ROWS[0]
        store.commit()
        store.append(ROWS[4:5])
        store.commit()
        assert [seq for seq, _, _ in seen] == [2, 3]
        assert reader.last()[0] == 5


def test_a_journal_that_is_closed_while_somebody_reads_is_whole_all_the_same(store: JournalStore, path: Path) -> None:
    with JournalReader(path) as reader:
        store.append(ROWS)
        store.commit()
        store.close()
        assert reader.last()[0] == 8

    with JournalReader(path) as reader:
        assert list(reader.rows()) == ROWS
    JournalStore.open_existing(path).close()
    assert files(path.parent) == {"journal.sqlite"}


@pytest.mark.parametrize("ends", [("",), ("", "-wal"), ("", "-wal", "-shm")])
def test_reading_what_a_killed_writer_left_leaves_nothing_more(
    store: JournalStore, path: Path, tmp_path: Path, ends: tuple[str, ...]
) -> None:
    store.append(ROWS)
    store.commit()
    copy = tmp_path / "copy" / "journal.sqlite"
    copy.parent.mkdir()
    for end in ends:
        shutil.copy(f"{path}{end}", f"{copy}{end}")
    before = files(copy.parent)

    with JournalReader(copy) as reader:
        assert len(list(reader.rows())) == (0 if ends == ("",) else 8)

    assert files(copy.parent) == before


def test_a_walk_may_outlive_its_reader(path: Path) -> None:
    write_journal(path, a_run(5))
    with JournalReader(path) as reader:
        rows = reader.rows()
        next(rows)

    del rows
    gc.collect()


def test_reading_changes_nothing(path: Path) -> None:
    write_journal(path, a_run(5))
    content = path.read_bytes()

    with JournalReader(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM entries")  # noqa: SLF001

    assert path.read_bytes() == content
    assert files(path.parent) == {"journal.sqlite"}


def test_what_is_no_journal_is_one_clear_error(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no journal " * 100)
    empty = tmp_path / "empty"
    empty.write_text("")
    foreign = tmp_path / "foreign"
    tampered(foreign, "CREATE TABLE entries (seq)")
    bare = tmp_path / "bare"
    write_journal(bare, a_run(2))
    tampered(bare, "DROP TABLE manifest")
    broken = tmp_path / "broken"
    write_journal(broken, a_run(50))
    os.truncate(broken, broken.stat().st_size // 2)

    for wrong, words in (
        (tmp_path / "missing", "no such file"),
        (tmp_path, "is a folder, expected a journal.sqlite"),
        (text, "no SQLite file"),
        (empty, "no SQLite file"),
        (foreign, "SQLite file of another program"),
        (bare, "SQLite can't read it: no such table: manifest"),
        (broken, "SQLite can't read it"),
    ):
        for attempt in (lambda wrong=wrong: _read_all(wrong), lambda wrong=wrong: JournalStore.open_existing(wrong)):
            with pytest.raises(JournalUnreadableError, match=words) as caught:
                attempt()
            assert (str(wrong) in str(caught.value), caught.value.exit_code) == (True, 2)


def _read_all(path: Path) -> None:
    with JournalReader(path) as reader:
        list(reader.rows())


def test_equal_beginnings_have_equal_hashes_whatever_stands_beside_them() -> None:
    one = manifest({"seed": 7, "mode": "backtest"}, {"pid": 1})
    same = manifest({"mode": "backtest", "seed": 7}, {"pid": 2, "host": "b\udcff"})
    other = manifest({"mode": "backtest", "seed": 8}, {"pid": 1})

    assert one.hash_0 == same.hash_0 != other.hash_0
    assert one.beside_hash != same.beside_hash
    assert one.hashed == b'{"format_version":%d,"mode":"backtest","seed":7}' % FORMAT_VERSION
    with pytest.raises(ValueError, match="not JSON compliant"):
        manifest({"seed": float("nan")}, {})
