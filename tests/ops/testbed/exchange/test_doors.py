"""Keys, listen keys, limits and certificates of the local exchange: made once, kept, and bounded."""

import ssl
import stat
from decimal import Decimal
from pathlib import Path

import pytest

from actors.errors import BadInputError
from ops.testbed.exchange import accounts
from ops.testbed.exchange.certificates import CA_FILE, server_context
from ops.testbed.exchange.clock import SetClock
from ops.testbed.exchange.limits import Budget, RateLimits
from ops.testbed.exchange.listen_keys import VALID_MS, ListenKeys
from ops.testbed.exchange.values import SPOT_WALLET, Permission, Uid

START = 1_700_000_000_000
ONE = """\
[limits]
factor = 3
[[accounts]]
venue = "okx"
uid = "7"
[accounts.balances.unified]
USDT = "12.5"
[[accounts.keys]]
api_key = "k"
secret = "s"
passphrase = "p"
permissions = ["read"]
"""


def written(folder: Path, text: str) -> Path:
    (folder / accounts.FILE).write_text(text)
    return folder


def test_the_first_start_writes_samples_that_only_the_owner_reads(tmp_path: Path) -> None:
    found = accounts.read(tmp_path)

    assert accounts.read(tmp_path) == found
    assert found.factor == 1
    for venue in ("binance", "bybit", "okx"):
        (account,) = found.of(venue)
        assert len(account.keys) == 1
        assert Permission.WITHDRAW not in account.keys[0].permissions
        assert f'"api_key": "{account.keys[0].api_key}"' in (tmp_path / "keys" / f"{venue}.json").read_text()
    assert found.of("binance")[0].opening[SPOT_WALLET]["USDT"] == 100_000
    files = [tmp_path / accounts.FILE, *(tmp_path / "keys").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_what_somebody_wrote_is_what_counts(tmp_path: Path) -> None:
    found = accounts.read(written(tmp_path, ONE))

    (account,) = found.accounts
    (key,) = account.keys
    assert (found.factor, account.uid, account.opening) == (3, "7", {"unified": {"USDT": Decimal("12.5")}})
    assert (key.secret, key.passphrase, key.permissions) == ("s", "p", frozenset({Permission.READ}))
    assert "'s'" not in repr(account)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('venue = "okx"', 'venue = "kraken"', "account 1: venue: expected one of binance, bybit, okx"),
        ('uid = "7"', 'uid = "x"', "account 1: uid: expected digits"),
        ('passphrase = "p"\n', "", "account 1: key 1: passphrase: expected a text"),
        ('["read"]', '["read", "steal"]', "account 1: key 1: permissions: 'steal': expected read, trade"),
        (
            "balances.unified",
            "balances.spot",
            "account 1: balances.spot: okx has no such wallet, expected one of unified",
        ),
        ('"12.5"', '"much"', "account 1: balances.unified.USDT: expected a number"),
        ('"12.5"', '"-1"', "account 1: balances.unified.USDT: expected a number of at least 0"),
        ("factor = 3", "factor = 0", "limits.factor: expected a whole number of at least 1"),
        ("factor = 3", "factor = ", "Invalid value"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        accounts.read(written(tmp_path, ONE.replace(old, new)))

    assert len(caught.value.problems) == 1
    assert said in caught.value.problems[0]
    assert caught.value.problems[0].startswith(f"{tmp_path / accounts.FILE}: ")


def test_one_key_opens_one_account(tmp_path: Path) -> None:
    twice = ONE + ONE.partition("factor = 3\n")[2].replace('uid = "7"', 'uid = "8"')

    with pytest.raises(BadInputError, match="api_key 'k' is there twice"):
        accounts.read(written(tmp_path, twice))


def test_a_fixed_window_begins_anew_at_its_clock() -> None:
    clock = SetClock(START - START % 60_000 + 59_000)
    limits = RateLimits(clock.now_ms)
    budget = Budget(name="w", amount=10, window_ms=60_000, window="fixed")

    first = limits.charge(budget, "ip", 8)
    over = limits.charge(budget, "ip", 3)
    clock.at_ms += 1_000
    anew = limits.charge(budget, "ip", 3)

    assert (first.used, first.over, over.over) == (8, False, True)
    assert over.resets_ms == clock.at_ms
    assert (anew.used, anew.over) == (3, False)
    assert limits.charge(budget, "another").used == 1


def test_a_rolling_window_forgets_what_is_older_than_it() -> None:
    clock = SetClock(START)
    limits = RateLimits(clock.now_ms, factor=2)
    budget = Budget(name="r", amount=1, window_ms=1_000, window="rolling")
    limits.charge(budget, "uid")
    clock.at_ms += 600
    limits.charge(budget, "uid")

    over = limits.charge(budget, "uid", count_over=False)
    clock.at_ms += 400
    again = limits.charge(budget, "uid", count_over=False)

    assert (over.over, over.resets_ms, over.amount) == (True, START + 1_000, 2)
    assert (again.over, again.used) == (False, 2)


def test_weight_can_be_given_back_but_not_below_nothing() -> None:
    limits = RateLimits(SetClock(START).now_ms)
    budget = Budget(name="w", amount=10, window_ms=60_000, window="fixed")
    limits.charge(budget, "uid", 3)

    assert limits.charge(budget, "uid", -5).used == 0


def test_each_ban_is_twice_as_long_as_the_one_before() -> None:
    clock = SetClock(START)
    limits = RateLimits(clock.now_ms)
    lengths = []
    for _ in range(4):
        until = limits.ban("ip", 1_000, 5_000)
        lengths.append(until - clock.at_ms)
        assert limits.banned_until("ip") == until
        clock.at_ms = until

    assert lengths == [1_000, 2_000, 4_000, 5_000]
    assert limits.banned_until("ip") is None


def test_a_listen_key_lives_for_an_hour_after_it_was_last_kept() -> None:
    clock = SetClock(START)
    keys = ListenKeys(clock.now_ms, seed="1")
    first = keys.open(Uid("1"))
    clock.at_ms += VALID_MS - 1
    same = keys.open(Uid("1"))
    clock.at_ms += VALID_MS - 1
    kept = keys.keep(Uid("1"))

    assert (same, kept, keys.uid_of(first)) == (first, True, "1")
    clock.at_ms += VALID_MS
    assert (keys.keep(Uid("1")), keys.uid_of(first), keys.current(Uid("1"))) == (False, None, None)
    assert keys.open(Uid("1")) != first
    keys.close(Uid("1"))
    assert keys.current(Uid("1")) is None


def test_the_authority_stays_and_the_certificate_is_made_anew_for_another_host(tmp_path: Path) -> None:
    server_context(tmp_path, ["a.test"])
    authority, certificate = (tmp_path / CA_FILE).read_bytes(), (tmp_path / "server.pem").read_bytes()
    server_context(tmp_path, ["a.test"])
    same = (tmp_path / "server.pem").read_bytes()
    context = server_context(tmp_path, ["a.test", "b.test"])

    assert (tmp_path / CA_FILE).read_bytes() == authority
    assert same == certificate != (tmp_path / "server.pem").read_bytes()
    assert isinstance(context, ssl.SSLContext)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}
