"""The daemon as its user starts it, against the local exchange: one process at a journal, and it can be spoken to.

A key that is wrong and an address where nobody answers are told apart: the one is a person's to mend, the other may
pass. What is said never holds a secret.
"""

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import load
from config.modes import ONGOING
from config.secrets import read_credentials
from ops.daemon import venues
from ops.daemon.venues import VenueDownError, look_at_all
from tests.ops.daemon.rehearsal import Desk, Exchange, exchange
from tests.ops.started import execd, process

FAR = {
    "id": "far",
    "venue_type": "cex",
    "venue": "okx",
    "trade_type": "PERP",
    "pair": "ETHUSDT-PERP",
    "side": "LONG",
    "amount": "0.1",
    "order_type": "LIMIT",
    "price": "1000",
}
"""An order that rests for as long as the test lasts."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with exchange(tmp_path_factory.mktemp("exchange"), seed=1) as made:
        yield made


def secret_of(desk: Desk, venue: str) -> dict[str, str]:
    found = json.loads((desk.folder / "keys" / f"{venue}.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_check_online_says_whose_account_it_is_and_what_lies_there(running: Exchange, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", running, venues=["binance", "bybit", "okx"], lines=[FAR])

    ended = execd("check", str(desk.config), "--online", "--json", cwd=tmp_path)

    told = ended.object()
    assert ended.code == 0, ended.err
    assert [(each["venue"], each["account"]) for each in told["venues"]] == [
        ("binance", "35012001"),
        ("bybit", "24012001"),
        ("okx", "44012001"),
    ]
    assert told["venues"][0]["balances"]["binance.perp USDT"] == "100000"
    assert all(abs(each["skew_ms"]) < 1000 for each in told["venues"])
    assert not desk.journal.exists()
    assert not any(each["secret"] in ended.out + ended.err for each in (secret_of(desk, "okx"),))


def test_a_wrong_passphrase_is_2_and_shown_to_nobody(running: Exchange, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", running, venues=["okx"], lines=[FAR])
    keys = secret_of(desk, "okx") | {"passphrase": "a-wrong-planted-one"}
    (desk.folder / "keys" / "okx.json").write_text(json.dumps(keys))

    for words in (["check", str(desk.config), "--online"], ["run", str(desk.config)]):
        ended = execd(*words, cwd=tmp_path)

        assert ended.code == 2, ended.err
        (line,) = ended.err.splitlines()
        assert line.startswith("live.toml: venues.okx.credentials: the venue does not take the key: ")
        assert not any(text in ended.err + ended.out for text in (*keys.values(),))
    assert not desk.journal.exists()


def test_an_address_where_nobody_answers_may_pass(
    running: Exchange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path / "desk", running, venues=["okx"], lines=[FAR])
    with socket.socket() as taken:  # bound and not listening: nobody else can have it meanwhile
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        desk.config.write_text(desk.config.read_text().replace(f"127.0.0.1:{running.port}", f"127.0.0.1:{port}"))
        loaded = load(desk.config, modes=ONGOING)
        monkeypatch.setattr(venues, "_PATIENCE_S", 0.0)

        with pytest.raises(VenueDownError, match=r"^venues.okx: it does not answer as it should: ") as down:
            look_at_all(loaded, read_credentials(loaded))

    assert down.value.exit_code == 1
    assert "\n" not in str(down.value)


def test_one_daemon_writes_a_journal_and_listens_until_it_is_stopped(running: Exchange, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", running, venues=["okx"], lines=[FAR])
    first = process("run", str(desk.config), "--json", cwd=tmp_path)
    try:
        assert first.stderr is not None
        seen = next(line for line in first.stderr if "VenueSettled" in line)
        while execd("status", "--config", str(desk.config), "--json", cwd=tmp_path).object().get("open") != 1:
            assert first.poll() is None

        second = execd("run", str(desk.config), "--json", cwd=tmp_path)
        cancelled = execd("cancel-all", "--journal", str(desk.journal), "--json", cwd=tmp_path)
        out, err = first.communicate(timeout=120)
    finally:
        if first.poll() is None:
            first.kill()
            first.communicate()

    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} VenueSettled: okx: ", seen)
    assert second.code == 2
    assert f"process {first.pid} is writing this journal" in second.object()["error"]
    assert (cancelled.code, cancelled.object()) == (0, {"venues": ["okx"]})
    told = json.loads(out.splitlines()[-1])
    assert (first.returncode, told["reason"], told["open"]) == (0, "done", 0), err
    assert told["entries"]["OrderCancelled"] == 1
    assert execd("status", "--config", str(desk.config), cwd=tmp_path).code == 2


def test_sigterm_leaves_what_rests_and_says_so(running: Exchange, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", running, venues=["okx"], lines=[FAR | {"id": "left"}])
    daemon = process("run", str(desk.config), "--json", cwd=tmp_path)
    try:
        while execd("status", "--config", str(desk.config), "--json", cwd=tmp_path).object().get("open") != 1:
            assert daemon.poll() is None
        daemon.send_signal(signal.SIGTERM)
        out, err = daemon.communicate(timeout=120)
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.communicate()

    assert daemon.returncode == 0, err
    assert json.loads(out.splitlines()[-1])["open"] == 1
    assert err.splitlines()[-2:] == [
        "stopped: stopped by SIGTERM",
        "  1 orders have not come to their end; a start goes on with them",
    ]
