"""One changed byte anywhere in an entry, its hash or the manifest is found, and the first bad seq is named."""

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from actors.journal.encoding import next_hash
from actors.journal.errors import JournalUnreadableError
from actors.journal.manifest import Manifest
from actors.journal.store import JournalStore
from actors.journal.verify import verify
from tests.actors.journal.builders import MANIFEST, a_run, rows_of, write_journal

LENGTH = 40
SEED = 20240102


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "journal.sqlite"
    write_journal(path, a_run(LENGTH))
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "journal.sqlite"))


def changed_byte(value: bytes, choice: random.Random) -> bytes:
    place = choice.randrange(len(value))
    return value[:place] + bytes([value[place] ^ choice.randrange(1, 256)]) + value[place + 1 :]


def test_a_whole_journal_is_good(whole: Path) -> None:
    verdict = verify(whole)

    assert (verdict.ok, verdict.entries, verdict.ended, verdict.chain_ok) == (True, LENGTH, True, True)
    assert verdict.journal_hash == rows_of(a_run(LENGTH))[-1][2].hex()
    assert verify(whole, expect_hash=verdict.journal_hash.upper()).ok


@pytest.mark.parametrize("column", ["body", "hash"])
def test_every_changed_byte_of_an_entry_is_found(copy: Path, column: str) -> None:
    choice = random.Random(SEED)  # noqa: S311 (which bytes, the same each time)
    connection = sqlite3.connect(copy, isolation_level=None)
    for _ in range(100):
        seq = choice.randrange(1, LENGTH + 1)
        (old,) = connection.execute(f"SELECT {column} FROM entries WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
        update = f"UPDATE entries SET {column} = ? WHERE seq = ?"  # noqa: S608
        connection.execute(update, (changed_byte(old, choice), seq))

        verdict = verify(copy)

        assert (verdict.ok, verdict.chain_ok, verdict.bad_seq, verdict.entries) == (False, False, seq, seq - 1)
        connection.execute(update, (old, seq))
    connection.close()
    assert verify(copy).ok


@pytest.mark.parametrize("column", ["hashed", "beside", "hash_0", "beside_hash"])
def test_every_changed_byte_of_the_manifest_is_entry_0(copy: Path, column: str) -> None:
    choice = random.Random(SEED)  # noqa: S311 (as above)
    connection = sqlite3.connect(copy, isolation_level=None)
    (old,) = connection.execute(f"SELECT {column} FROM manifest").fetchone()  # noqa: S608
    for _ in range(30):
        connection.execute(f"UPDATE manifest SET {column} = ?", (changed_byte(old, choice),))  # noqa: S608

        verdict = verify(copy)

        assert (verdict.ok, verdict.bad_seq) == (False, 0)
    connection.close()


def test_a_byte_changed_in_the_file_itself_is_never_taken_for_good_if_it_is_of_an_entry(
    copy: Path, whole: Path
) -> None:
    choice = random.Random(SEED)  # noqa: S311 (as above)
    content = whole.read_bytes()
    rows = rows_of(a_run(LENGTH))
    spans = [(seq, content.index(value), len(value)) for seq, body, digest in rows for value in (body, digest)]
    for seq, start, length in choice.sample(spans, 40):
        place = start + choice.randrange(length)
        copy.write_bytes(content[:place] + bytes([content[place] ^ 0x01]) + content[place + 1 :])

        assert verify(copy).bad_seq == seq


def test_bytes_changed_anywhere_in_the_file_never_end_in_a_crash(copy: Path, whole: Path) -> None:
    choice = random.Random(SEED)  # noqa: S311 (as above)
    content = whole.read_bytes()
    good = verify(whole).journal_hash
    for _ in range(200):
        copy.write_bytes(changed_byte(content, choice))

        verdict = verify(copy)

        assert verdict.ok == (verdict.reason is None)
        if verdict.ok:
            assert (verdict.journal_hash, verdict.entries) == (good, LENGTH)


def test_a_missing_entry_is_named(copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("DELETE FROM entries WHERE seq = 17")
    connection.close()

    verdict = verify(copy)

    assert (verdict.bad_seq, verdict.reason) == (17, "entry 17 is missing: the next one is 18")


def test_entries_that_changed_places_are_found(copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE entries SET seq = 1000 WHERE seq = 7")
        connection.execute("UPDATE entries SET seq = 7 WHERE seq = 8")
        connection.execute("UPDATE entries SET seq = 8 WHERE seq = 1000")
    connection.close()

    assert verify(copy).bad_seq == 7


def test_an_entry_that_chains_and_calls_itself_another_is_found(copy: Path) -> None:
    rows = rows_of(a_run(LENGTH))
    body = rows[-1][1].replace(b'{"seq":40', b'{"seq":41')
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE entries SET body = ?, hash = ? WHERE seq = 40", (body, next_hash(rows[-2][2], body)))
    connection.close()

    verdict = verify(copy)

    assert (verdict.bad_seq, verdict.reason) == (40, "entry 40 says another sequence number of itself")


@pytest.mark.parametrize("left", [0, 1, LENGTH - 1])
def test_a_missing_tail_is_seen_by_the_missing_end(copy: Path, left: int) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("DELETE FROM entries WHERE seq > ?", (left,))
    connection.close()

    verdict = verify(copy)

    assert (verdict.ok, verdict.chain_ok, verdict.ended, verdict.bad_seq) == (False, True, False, left + 1)
    assert "no RunEnded" in str(verdict.reason)


def test_a_missing_tail_behind_an_end_is_seen_by_the_expected_hash(whole: Path) -> None:
    verdict = verify(whole, expect_hash="0" * 64)

    assert (verdict.ok, verdict.chain_ok, verdict.ended) == (False, True, True)
    assert "expected 0000" in str(verdict.reason)


def test_a_journal_that_is_being_written_needs_no_end_yet(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with JournalStore.create(path, MANIFEST, durability="off") as store:
        store.append(rows_of(a_run(LENGTH))[:5])
        store.commit()

        verdict = verify(path)
        assert (verdict.ok, verdict.ended, verdict.entries) == (True, False, 5)
        assert verdict.writer is not None

    assert not verify(path).ok


def test_a_file_that_sqlite_can_not_read_is_said_to_be_that(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[100:8192] = b"\xff" * (8192 - 100)
    copy.write_bytes(content)

    verdict = verify(copy)

    assert not verdict.ok
    assert "SQLite can't read it" in str(verdict.reason)


def test_only_a_missing_file_is_an_exception(tmp_path: Path) -> None:
    with pytest.raises(JournalUnreadableError, match="no such file"):
        verify(tmp_path / "missing")
    (tmp_path / "text").write_text("no journal")

    assert not verify(tmp_path / "text").ok


def test_a_manifest_that_was_exchanged_whole_breaks_the_first_entry(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with JournalStore.create(path, Manifest(hashed=b'{"format_version":1}', beside=b"{}"), durability="off") as store:
        store.append(rows_of(a_run(2)))
        store.commit()

    assert verify(path).bad_seq == 1
