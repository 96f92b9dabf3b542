"""The journal of a daemon: made once, gone on with ever after, and never another's.

The namespace that all order ids derive from lies in it from its first moment, so a restart gives an order its old id.
"""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from actors.errors import BadInputError
from actors.journal.errors import JournalDamagedError, JournalLockedError, JournalUnreadableError
from actors.journal.lock import JournalLock
from actors.journal.manifest import manifest
from actors.journal.store import JournalStore
from messages.journal import Record
from messages.live import AccountOpened
from messages.units import Nanoseconds, Seq, VenueName
from ops.daemon.record import Opened, accounts_of, open_journal

SETTINGS = {"settings": {"mode": {"type": "live"}}}


def opened(path: Path, *, mode: str = "live", namespace: bytes | None = None) -> Opened:
    settings = {"settings": {"mode": {"type": mode}}}
    return open_journal(path, mode=mode, hashed=settings, namespace=namespace, argv=["run", "live.toml"])


def test_a_new_one_is_made_with_its_folders_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "journal.sqlite"

    journal = opened(path)
    journal.store.close()

    assert journal.is_new
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_its_namespace_is_drawn_once(tmp_path: Path) -> None:
    first = opened(tmp_path / "a")
    first.store.close()
    again = opened(tmp_path / "a")
    again.store.close()
    other = opened(tmp_path / "b")
    other.store.close()

    assert len(first.namespace) == 16
    assert (again.namespace, again.is_new) == (first.namespace, False)
    assert other.namespace != first.namespace


def test_a_namespace_that_the_seed_decides_is_the_one(tmp_path: Path) -> None:
    journal = opened(tmp_path / "a", mode="paper", namespace=b"0123456789abcdef")
    journal.store.close()

    assert journal.namespace == b"0123456789abcdef"


def test_what_decides_the_trading_is_hashed_and_what_tells_of_the_process_is_not(tmp_path: Path) -> None:
    with opened(tmp_path / "a").store as store:
        hashed, beside = store.manifest.hashed.decode(), store.manifest.beside.decode()

    assert '"type":"live"' in hashed
    assert "live.toml" not in hashed
    assert '"argv":["run","live.toml"]' in beside
    assert f'"pid":{os.getpid()}' in beside


@pytest.mark.parametrize(("made", "wanted"), [("live", "paper"), ("paper", "live"), ("backtest", "live")])
def test_another_modes_is_refused_and_let_go(made: str, wanted: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    opened(path, mode=made).store.close()

    with pytest.raises(BadInputError) as refused:
        opened(path, mode=wanted)

    assert refused.value.problems == (
        f"journal.path: {path} is the journal of a {made} run, expected one of mode {wanted}",
    )
    opened(path, mode=made).store.close()


@pytest.mark.parametrize("namespace", [None, 7, "no digits", "00", ""])
def test_one_without_a_namespace_is_refused(namespace: object, tmp_path: Path) -> None:
    path = tmp_path / "a"
    JournalStore.create(path, manifest({**SETTINGS, "namespace": namespace}, {})).close()

    with pytest.raises(BadInputError, match="no namespace in its manifest, expected the journal of a live or paper"):
        opened(path)


def test_one_without_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    JournalStore.create(path, manifest({"seed": 7}, {})).close()

    with pytest.raises(BadInputError, match="is the journal of a None run, expected one of mode live"):
        opened(path)


@pytest.mark.parametrize("content", [b"", b"my notes\n", b"SQLite format 3\x00" + bytes(4000)])
def test_what_is_no_journal_is_refused_and_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)

    with pytest.raises(JournalUnreadableError) as refused:
        opened(path)

    assert refused.value.exit_code == 2
    assert str(path) in str(refused.value)
    assert path.read_bytes() == content


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalUnreadableError) as refused:
        opened(tmp_path)

    assert refused.value.exit_code == 2


def test_a_place_where_none_can_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadInputError, match="can't be made"):
        opened(tmp_path / "file" / "journal.sqlite")


def test_one_that_is_written_names_the_process_that_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    opened(path).store.close()
    lock = JournalLock(path)

    with pytest.raises(JournalLockedError) as refused:
        opened(path)
    lock.release()

    assert refused.value.exit_code == 2
    assert str(refused.value) == f"{path}: process {os.getpid()} is writing this journal"


def test_one_that_was_changed_is_for_a_person_to_look_at(tmp_path: Path) -> None:
    path = tmp_path / "a"
    opened(path).store.close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE manifest SET hashed = replace(hashed, 'live', 'love')")
    raw.close()

    with pytest.raises(JournalDamagedError) as refused:
        opened(path)

    assert refused.value.exit_code == 78


def test_the_account_is_the_one_that_was_opened() -> None:
    def record(seq: int, venue: str, uid: str) -> Record:
        entry = AccountOpened(venue=VenueName(venue), uid=uid)
        return Record(seq=Seq(seq), at=Nanoseconds(seq), cause=None, hash=b"", entry=entry)

    assert accounts_of([record(1, "okx", "a"), record(2, "bybit", "b")]) == {"okx": "a", "bybit": "b"}
