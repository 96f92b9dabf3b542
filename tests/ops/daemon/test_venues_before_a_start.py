"""What a venue says before a start decides whether there is one: all that stands against it is said at once.

What a person must change ends with 2, what may pass by itself with 1, so that a service manager tries again.
"""

import functools
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from actors.errors import BadInputError
from actors.exchange.wire.contract import (
    SeenAccount,
    UnreadableAnswerError,
    Verdict,
)
from config.load import Loaded, load
from config.modes import ONGOING
from config.secrets import Credentials, Secret
from messages.units import VenueName
from ops.daemon import venues
from ops.daemon.preparation import Decides, prepared
from ops.daemon.setting_up import set_up
from ops.daemon.venues import Seen, VenueDownError, look_at_all
from tests.actors.builders import PERP_ID
from tests.ops.daemon.house import LIVE
from tests.ops.daemon.says import Client, Says, refused
from tests.ops.house import Silent

BYBIT = VenueName("bybit")
REMOTE = '[venues.bybit.endpoint]\nconnect_to = "203.0.113.7:443"\nallow_remote = true\n'
OKX = """\
[venues.okx]
kind = "cex"
credentials = "okx"
instruments = ["ETH/USDT", "DOGEUSDT-PERP"]
"""


Look = Callable[..., tuple[Seen, ...]]


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> dict[str, Says]:
    """Return what each venue says; the test changes it."""
    each = {"bybit": Says(), "okx": Says()}
    monkeypatch.setattr(venues, "make_client", lambda venue, *_rest: Client(each[venue]))
    monkeypatch.setattr(venues, "_PATIENCE_S", 0.0)
    return each


def written(folder: Path, text: str) -> Loaded:
    path = folder / "live.toml"
    path.write_text(text)
    return load(path, modes=ONGOING)


def keys(*names: str) -> dict[VenueName, Credentials]:
    return {
        VenueName(name): Credentials(name=name, source="a test", api_key=Secret("k"), secret=Secret("s"))
        for name in names
    }


def look(folder: Path, text: str = LIVE, *, names: tuple[str, ...] = ("bybit",)) -> Seen:
    return look_at_all(written(folder, text), keys(*names))[0]


def change(folder: Path, text: str = LIVE) -> tuple[str, ...]:
    """Do what a start does; return what could not be set and is no hindrance."""
    return set_up(prepared(written(folder, text), keys("bybit"), strategy=_anybody))


def test_a_venue_that_is_as_it_must_be_has_nothing_against_it(tmp_path: Path, says: dict[str, Says]) -> None:
    found = look(tmp_path)

    assert (found.problems, found.passing, found.notes) == ((), (), ())
    assert found.account == says["bybit"].account
    assert [str(each) for each in found.rules[PERP_ID]] == ["0.01", "0.01", "0.01", "5", "1"]
    assert says["bybit"].changed == []
    assert says["bybit"].closed == 1


def test_nothing_is_asked_about_an_account_without_a_key(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].said = {}

    found = look(tmp_path, names=())

    assert found.account is None
    assert sorted(found.wire) == ["bybit:ETH/USDT", "bybit:ETHUSDT-PERP"]


@pytest.mark.parametrize("skew_ms", [1001, -1001])
def test_a_clock_that_is_off_may_pass_by_itself(skew_ms: int, tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].skew_ms = skew_ms

    with pytest.raises(VenueDownError) as down:
        prepared(written(tmp_path, LIVE), keys("bybit"), strategy=_nobody)

    assert down.value.exit_code == 1
    assert str(down.value) == (
        f"live.toml: venues.bybit: its clock is {skew_ms} ms from this machine's, expected at most 1000 "
        "(max_clock_skew_ms)"
    )


def test_a_clock_within_the_limit_is_good(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].skew_ms = -1000

    assert look(tmp_path).passing == ()


def test_positions_in_hedge_mode_are_noted_and_changed_by_a_start(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=True, may_withdraw=False, one_way=False)

    before = look(tmp_path)
    notes = change(tmp_path)

    assert before.problems == ()
    assert [each for each in before.notes if "hedge mode" in each] == [
        "live.toml: venues.bybit: positions are kept in hedge mode; a start sets net (one-way) mode"
    ]
    assert says["bybit"].changed == ["one_way", "cross", "leverage 1"]
    assert notes == ()
    assert look(tmp_path).notes == ()


def test_hedge_mode_that_cant_be_changed_stands_against_a_start(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=True, may_withdraw=False, one_way=False)
    says["bybit"].refuses = {"one_way": refused(Verdict.REJECTED)}

    with pytest.raises(BadInputError) as against:
        change(tmp_path)

    assert against.value.exit_code == 2
    assert against.value.problems == (
        "live.toml: venues.bybit: positions are kept in hedge mode; could not be changed to net (one-way) mode",
    )


def test_leverage_is_set_as_the_config_has_it(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].said["leverage"] = ((PERP_ID, Decimal(10)),)
    text = f'{LIVE}[venues.bybit.perp]\nleverage = "3"\n'

    before = look(tmp_path, text)
    change(tmp_path, text)

    assert any("leverage of bybit:ETHUSDT-PERP is 10; a start sets 3" in each for each in before.notes)
    assert says["bybit"].changed == ["cross", "leverage 3"]


def test_what_is_already_so_is_no_trouble(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].refuses = dict.fromkeys(("cross", "leverage"), refused(Verdict.UNCHANGED))

    assert change(tmp_path) == ()


def test_what_could_not_be_set_is_said(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].refuses = {"cross": refused(Verdict.REJECTED)}

    assert change(tmp_path) == ("bybit:ETHUSDT-PERP: cross margin could not be set: planted",)


def test_a_venue_that_stops_answering_while_it_is_set_up_may_come_back(tmp_path: Path, says: dict[str, Says]) -> None:
    ready = prepared(written(tmp_path, LIVE), keys("bybit"), strategy=_anybody)
    says["bybit"].breaks = refused(Verdict.NOT_SENT)

    with pytest.raises(VenueDownError, match=r"^venues.bybit: it does not answer as it should: planted$"):
        set_up(ready)

    assert says["bybit"].closed == 2


def test_a_key_that_may_not_trade_is_refused(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=False, may_withdraw=False, one_way=True)

    assert look(tmp_path).problems == ("live.toml: venues.bybit: the key may not trade, expected one that may",)


def test_an_account_in_a_mode_that_cant_be_used_is_refused_and_not_changed(
    tmp_path: Path, says: dict[str, Says]
) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=True, may_withdraw=False, problem="portfolio margin")

    with pytest.raises(BadInputError) as against:
        change(tmp_path)

    assert against.value.problems == ("live.toml: venues.bybit: portfolio margin",)
    assert says["bybit"].changed == []


def test_a_key_that_may_withdraw_is_warned_of(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=True, may_withdraw=True, one_way=True)

    found = look(tmp_path)

    assert found.problems == ()
    assert found.notes == ("live.toml: venues.bybit: the key may withdraw; one that may not is safer",)


def test_a_key_that_may_withdraw_never_goes_to_another_machine(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].account = SeenAccount(uid="7", may_trade=True, may_withdraw=True, one_way=True)

    found = look(tmp_path, LIVE + REMOTE)

    (problem,) = found.problems
    assert problem == (
        "live.toml: venues.bybit: the key may withdraw, and the endpoint sends it to 203.0.113.7:443, expected a key "
        "that may not"
    )


def test_traffic_to_another_machine_is_said_at_each_start(tmp_path: Path, says: dict[str, Says]) -> None:
    del says

    found = look(tmp_path, LIVE + REMOTE)

    assert found.problems == ()
    assert found.notes == ("live.toml: venues.bybit: all traffic goes to 203.0.113.7:443 (allow_remote)",)


def test_all_that_is_wrong_anywhere_is_said_at_once(tmp_path: Path, says: dict[str, Says]) -> None:
    del says["bybit"].markets["ETH/USDT"]
    says["okx"].markets["ETH/USDT"]["active"] = False

    with pytest.raises(BadInputError) as against:
        look(tmp_path, LIVE + OKX, names=("bybit", "okx"))

    assert against.value.problems == (
        "bybit:ETH/USDT: bybit has no market ETH/USDT",
        "okx:ETH/USDT: okx does not trade it now",
        "okx:DOGEUSDT-PERP: okx has no market DOGE/USDT:USDT",
    )


def test_what_is_wrong_is_said_even_where_another_venue_is_down(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].breaks = UnreadableAnswerError("a page of HTML")

    with pytest.raises(BadInputError) as against:
        look(tmp_path, LIVE + OKX, names=("bybit", "okx"))

    assert against.value.problems == (
        "okx:DOGEUSDT-PERP: okx has no market DOGE/USDT:USDT",
        "venues.bybit: it does not answer as it should: a page of HTML",
    )
    assert [each.closed for each in says.values()] == [1, 1]


def test_a_venue_that_is_down_may_come_back(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].breaks = refused(Verdict.NOT_SENT)

    with pytest.raises(VenueDownError, match=r"^venues.bybit: it does not answer as it should: planted$") as down:
        look(tmp_path)

    assert down.value.exit_code == 1


def test_a_key_that_the_venue_does_not_take_is_the_operators_to_change(tmp_path: Path, says: dict[str, Says]) -> None:
    says["bybit"].breaks = refused(Verdict.FORBIDDEN)

    with pytest.raises(BadInputError) as against:
        look(tmp_path)

    assert against.value.problems == ("live.toml: venues.bybit.credentials: the venue does not take the key: planted",)


def _anybody(_models: object) -> Decides:
    return Decides(build=Silent)


def _nobody(_models: object) -> Decides:
    return Decides(build=functools.partial(pytest.fail, "nothing was to be built"))
