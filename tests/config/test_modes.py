"""Backtest, paper and live take the same file as far as it goes; what a mode has no use for is refused, and why."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest

from config.endpoint import host_port_of
from config.load import Loaded, load, trading_settings
from config.modes import MODES, NEEDS, SCOPES, mode_of
from config.problems import ConfigError
from config.section import Section
from config.settings import Backtest, Live, Paper, Settings
from config.venue_rules import ToldRules, chosen_instruments, told_models
from messages.units import InstrumentId, VenueName
from tests.config.samples import CONFIG, LIVE, PAPER, write

TEXTS = {"backtest": CONFIG, "paper": PAPER, "live": LIVE}
BINANCE = VenueName("binance")
ENDPOINT = '[venues.binance.endpoint]\nconnect_to = "127.0.0.1:8443"\nca_file = "ca.pem"\n'


def loaded(tmp_path: Path, text: str) -> Loaded:
    return load(write(tmp_path / "x.toml", text))


def settings(tmp_path: Path, text: str) -> Settings:
    return loaded(tmp_path, text).settings


def refused(tmp_path: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    return caught.value.lines


def test_the_issues_example_is_read_as_it_is_meant(tmp_path: Path) -> None:
    found = loaded(tmp_path, LIVE + ENDPOINT)

    venue = found.settings.venues[BINANCE]
    assert found.settings.mode == Live(type="live")
    assert found.journal_path == tmp_path / "state/journal.sqlite"
    assert found.secrets_dir == tmp_path / "keys"
    assert found.script == tmp_path / "instructions.jsonl"
    assert found.settings.strategy.params["exit_when_done"] is True
    assert (venue.credentials, venue.symbols) == ("binance", ("ETH/USDT", "ETHUSDT-PERP"))
    assert venue.endpoint is not None
    assert (venue.endpoint.address, venue.endpoint.ca_file) == (("127.0.0.1", 8443), "ca.pem")
    assert chosen_instruments(found.settings) == ("binance:ETH/USDT", "binance:ETHUSDT-PERP")


def test_paper_has_accounts_and_a_seed(tmp_path: Path) -> None:
    found = settings(tmp_path, PAPER + '[venues.bybit.slippage]\nbps = "1"\n[venues.bybit.fill]\ntouch = true\n')

    assert found.mode == Paper(type="paper", seed=7)
    assert {name: dict(balances) for name, balances in found.accounts.items()} == {"bybit": {"USDT": Decimal(200_000)}}


def test_the_modes_are_those_of_the_settings() -> None:
    assert [get.model_fields["type"].annotation.__args__[0] for get in (Backtest, Paper, Live)] == [*MODES]  # type: ignore[union-attr]
    assert all(mode_of({"mode": {"type": mode}}) == mode for mode in MODES)
    assert mode_of({"mode": "live"}) is None


def test_a_live_config_becomes_paper_by_its_mode_and_its_balances(tmp_path: Path) -> None:
    text = LIVE.replace('"live"', '"paper"') + "[accounts.binance]\nUSDT = 1000\n"

    assert settings(tmp_path, text).venues[BINANCE].credentials == "binance"


def test_what_lives_on_has_defaults(tmp_path: Path) -> None:
    found = settings(tmp_path, LIVE)

    venue, unknown = found.venues[BINANCE], found.unknown
    assert (venue.sandbox, venue.foreign_orders, venue.endpoint) == (False, "leave", None)
    assert (venue.validity_ms, venue.max_clock_skew_ms, venue.max_price_age_ms) == (5_000, 1_000, 5_000)
    assert (venue.max_slippage_bps, venue.max_slippage_cap_bps) == (Decimal(50), Decimal(200))
    assert (venue.reconcile_ns, venue.poll_ns, venue.max_price_age_ns) == (15 * 10**9, 2 * 10**9, 5 * 10**9)
    assert (unknown.margin_ns, unknown.horizon_ns) == (5 * 10**9, 600 * 10**9)
    assert (found.execution.on_stop, found.data.resolution) == ("leave", "1h")
    assert found.mode == Live(type="live", adopt=False)


def test_the_defaults_may_be_written_out(tmp_path: Path) -> None:
    venue = (
        'sandbox = false\nforeign_orders = "leave"\nvalidity_ms = 5000\nmax_clock_skew_ms = 1000\n'
        'max_price_age_ms = 5000\nmax_slippage_bps = "50"\nmax_slippage_cap_bps = "200"\nreconcile_s = 15\npoll_s = 2\n'
    )
    written = f'{LIVE}{venue}[unknown]\nmargin_ms = 5000\nhorizon_s = 600\n[execution]\non_stop = "leave"\n'

    assert settings(tmp_path, written) == settings(tmp_path, LIVE)


def test_part_of_a_second_may_be_a_decimal(tmp_path: Path) -> None:
    assert settings(tmp_path, LIVE + "poll_s = 0.25\n").venues[BINANCE].poll_ns == 250_000_000


def test_instruments_may_be_tables_with_margin_tiers(tmp_path: Path) -> None:
    text = LIVE.replace('instruments = ["ETH/USDT", "ETHUSDT-PERP"]\n', "")
    text += '[venues.binance.instruments."SOL/USDT"]\n[venues.binance.instruments."ETHUSDT-PERP"]\n'
    text += 'liquidation_fee_bps = "100"\n'

    assert settings(tmp_path, text).venues[BINANCE].symbols == ("SOL/USDT", "ETHUSDT-PERP")


WITHOUT = [
    ("live", "[journal]\npath", "[journal]\n#", "journal.path: missing, expected a file, relative to the config file"),
    ("paper", '[journal]\npath = "state/journal.sqlite"\n', "", "journal: missing, expected [journal] with path"),
    ("live", "instruments =", "#", "venues.binance.instruments: missing, expected an array of symbols such as"),
    ("paper", "instruments =", "#", "venues.bybit.instruments: missing, expected an array of symbols such as"),
    ("live", "credentials =", "#", "venues.binance.credentials: missing, expected the name of a file in [secrets]"),
    ("backtest", '[data]\ndir = "../shared/data"\nresolution = "1h"\n', "", "data: missing, expected [data] with dir"),
    ("backtest", 'dir = "../shared/data"', "", "data.dir: missing, expected a folder, relative to the config file"),
]


@pytest.mark.parametrize(("mode", "old", "new", "expected"), WITHOUT, ids=[f"{c[0]}-{c[3][:40]}" for c in WITHOUT])
def test_what_a_mode_needs_is_asked_for(tmp_path: Path, mode: str, old: str, new: str, expected: str) -> None:
    assert old in TEXTS[mode]

    (line,) = refused(tmp_path, TEXTS[mode].replace(old, new, 1))

    assert line.startswith(f"x.toml: {expected}")


TOO_MUCH = [
    ("live", '[data]\ndir = "."\n', "data.dir: not used live: the prices are those of now, expected in a backtest"),
    ("paper", '[data]\ndir = "."\n', "data.dir: not used on paper: the prices are those of now"),
    ("live", "[accounts.binance]\nUSDT = 1\n", "accounts: not used live: the venues say what is there, expected in"),
    ("live", "latency_ms = 5\n", "venues.binance.latency_ms: not used live: it belongs to simulated exchanges"),
    ("live", '[venues.binance.slippage]\nbps = "1"\n', "venues.binance.slippage: not used live: it belongs to sim"),
    ("live", "[venues.binance.fill]\ntouch = true\n", "venues.binance.fill: not used live: it belongs to simulated"),
    ("live", "start = 2024-01-02T00:00:00Z\n", "venues.binance.start: unknown key"),
    ("backtest", '[secrets]\ndir = "keys"\n', "secrets: not used in a backtest: nothing is sent to a venue"),
    ("backtest", '[journal]\npath = "j"\n', "journal: not used in a backtest: the journal is in"),
    ("backtest", "[unknown]\nmargin_ms = 1\n", "unknown: not used in a backtest"),
    ("backtest", '[execution]\non_stop = "leave"\n', "execution: not used in a backtest: a run on recorded"),
    ("backtest", "exit_when_done = true\n", "strategy.params.exit_when_done: not used in a backtest: a run"),
    ("backtest", "[venues.okx]\nkind = 'cex'\ncredentials = 'okx'\n", "venues.okx.credentials: not used in a backtest"),
    ("backtest", "[venues.okx]\nkind = 'cex'\npoll_s = 1\n", "venues.okx.poll_s: not used in a backtest"),
    ("backtest", "[venues.okx]\nkind = 'cex'\ninstruments = ['ETH/USDT']\n", "venues.okx.instruments: an array, expec"),
    ("backtest", ENDPOINT.replace("binance", "bybit"), "venues.bybit.endpoint: not used in a backtest"),
]  # fmt: skip


@pytest.mark.parametrize(("mode", "added", "expected"), TOO_MUCH, ids=[f"{c[0]}-{c[2][:30]}" for c in TOO_MUCH])
def test_what_a_mode_has_no_use_for_is_refused_with_the_reason(
    tmp_path: Path, mode: str, added: str, expected: str
) -> None:
    (line,) = refused(tmp_path, TEXTS[mode] + added)

    assert line.startswith(f"x.toml: {expected}"), line


def test_rules_that_the_venue_has_itself_are_refused_live(tmp_path: Path) -> None:
    text = LIVE.replace('instruments = ["ETH/USDT", "ETHUSDT-PERP"]\n', "")

    lines = refused(tmp_path, text + '[venues.binance.instruments."ETH/USDT"]\ntick = "0.1"\nlot = "0.1"\n')

    assert lines == tuple(
        f'x.toml: venues.binance.instruments."ETH/USDT".{key}: not used live: the venue says its own, '
        "expected in a backtest or on paper only"
        for key in ("tick", "lot")
    )


WRONG = [
    ("adopt = 1", "mode.adopt: not true or false: 1, expected true or false"),
    ("seed = 1", "mode.seed: unknown key, expected one of: type, adopt"),
    ("start = 2024-01-02T00:00:00Z", "mode.start: unknown key, expected one of: type, adopt"),
]


@pytest.mark.parametrize(("line", "expected"), WRONG)
def test_a_key_of_the_mode_is_named_as_it_stands_in_the_file(tmp_path: Path, line: str, expected: str) -> None:
    assert refused(tmp_path, LIVE.replace('type = "live"\n', f'type = "live"\n{line}\n')) == (f"x.toml: {expected}",)


VENUE = [
    ('credentials = "SeCrEt/../x"', "venues.okx.credentials: not a name, expected one of 1 to 32 letters"),
    (f'credentials = "{"SeCrEt" * 10}"', "venues.okx.credentials: not a name"),
    ("credentials = 5", "venues.okx.credentials: not a name"),
    ('credentials = "binance"', "venues.okx.credentials: the same as those of binance, expected the name of keys of"),
    ("instruments = []", "venues.okx.instruments: empty, expected an array of symbols"),
    ("instruments = {}", "venues.okx.instruments: empty, expected an array of symbols"),
    ("instruments = [5]", "venues.okx.instruments: not a symbol: 5, expected an array of symbols"),
    ('instruments = ["ETHUSDT"]', "venues.okx.instruments.ETHUSDT: not a symbol, expected BASE/USDT"),
    ('instruments = ["ETH/USDT", "ETH/USDT"]', 'venues.okx.instruments: "ETH/USDT" stands twice'),
    ('foreign_orders = "keep"', 'venues.okx.foreign_orders: unknown value: "keep", expected "leave" or "cancel"'),
    ("sandbox = 1", "venues.okx.sandbox: not true or false: 1"),
    ("validity_ms = 99", "venues.okx.validity_ms: too small: 99, expected an integer from 100 to 60000"),
    ("validity_ms = 60001", "venues.okx.validity_ms: too large: 60001"),
    ("max_clock_skew_ms = 0", "venues.okx.max_clock_skew_ms: too small: 0"),
    ("max_price_age_ms = 0", "venues.okx.max_price_age_ms: too small: 0"),
    ("max_slippage_bps = -1", "venues.okx.max_slippage_bps: too small: -1"),
    ('max_slippage_bps = "201"', "venues.okx: max_slippage_cap_bps is 200, expected at least the 201 of max_slippage"),
    ("max_slippage_cap_bps = 10000", "venues.okx.max_slippage_cap_bps: too large: 10000"),
    ("reconcile_s = 0", "venues.okx.reconcile_s: too small: 0, expected a decimal of at least 0.1 and at most 3600"),
    ("poll_s = 3601", "venues.okx.poll_s: too large: 3601"),
    ('endpoint = "127.0.0.1:1"', 'venues.okx.endpoint: not a table: "127.0.0.1:1"'),
    ('endpoint = {ca_file = "x"}', "venues.okx.endpoint.connect_to: missing, expected a host and a port such as"),
    ('endpoint = {connect_to = "127.0.0.1"}', 'venues.okx.endpoint.connect_to: not an address: "127.0.0.1", expected'),
    ('endpoint = {connect_to = "10.0.0.1:80"}', 'venues.okx.endpoint: connect_to is "10.0.0.1:80", expected an addre'),
    ('endpoint = {connect_to = "localhost.evil.example:80"}', "venues.okx.endpoint: connect_to is"),
    ('endpoint = {connect_to = "127.0.0.1.example:80"}', "venues.okx.endpoint: connect_to is"),
    ('endpoint = {connect_to = "127.0.0.1:80"}\nsandbox = true', "venues.okx: sandbox is true beside endpoint, expect"),
    ('endpoint = {connect_to = "[::1]:80", ca_file = ""}', 'venues.okx.endpoint.ca_file: not a path: ""'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), VENUE, ids=[case[0][:40] for case in VENUE])
def test_each_mistake_of_a_venue_is_one_line(tmp_path: Path, line: str, expected: str) -> None:
    rest = {"credentials": '"okx"', "instruments": '["ETH/USDT"]'}
    rest.pop(line.split(" ", maxsplit=1)[0], None)
    text = f'{LIVE}[venues.okx]\nkind = "cex"\n{line}\n' + "".join(f"{key} = {rest[key]}\n" for key in rest)

    (said,) = refused(tmp_path, text)

    assert said.startswith(f"x.toml: {expected}"), said
    assert "SeCrEt" not in said


@pytest.mark.parametrize("section", ["margin_ms = -1", "margin_ms = 600001", "horizon_s = 0", "horizon_s = 86401"])
def test_the_windows_of_unknown_outcomes_have_bounds(tmp_path: Path, section: str) -> None:
    (line, *_) = refused(tmp_path, f"{LIVE}[unknown]\n{section}\n")

    assert line.startswith("x.toml: unknown.")
    assert "expected" in line


def test_the_horizon_is_beyond_the_window_of_absence(tmp_path: Path) -> None:
    short = "validity_ms = 1000\n[unknown]\nmargin_ms = 500\nhorizon_s = "

    assert settings(tmp_path, f"{LIVE}{short}2\n").unknown.horizon_s == 2
    (line,) = refused(tmp_path, f"{LIVE}{short}1\n")
    together = "expected more than validity_ms and margin_ms together, which are 1500 ms"
    assert line == f"x.toml: unknown.horizon_s: too small: 1, {together}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8443", ("127.0.0.1", 8443, True)),
        ("127.9.9.9:1", ("127.9.9.9", 1, True)),
        ("LocalHost:65535", ("LocalHost", 65535, True)),
        ("[::1]:443", ("::1", 443, True)),
        ("[2001:db8::1]:443", ("2001:db8::1", 443, False)),
        ("192.168.1.5:443", ("192.168.1.5", 443, False)),
        ("exchange.example:443", ("exchange.example", 443, False)),
        ("0.0.0.0:443", ("0.0.0.0", 443, False)),  # noqa: S104 - refused
    ],
)
def test_an_address_is_of_this_machine_or_not(text: str, expected: tuple[str, int, bool]) -> None:
    found = host_port_of(text)

    assert found is not None
    assert (*found, found.is_loopback) == expected


@pytest.mark.parametrize("text", ["", ":1", "a", "a:", "a:0", "a:65536", "a:x", "::1:80", "[::z]:80", "a b:1", "-a:1"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert host_port_of(text) is None


def test_another_machine_must_be_allowed(tmp_path: Path) -> None:
    remote = ENDPOINT.replace("127.0.0.1", "10.1.2.3") + "allow_remote = true\n"

    endpoint = settings(tmp_path, LIVE + remote).venues[BINANCE].endpoint

    assert endpoint is not None
    assert endpoint.address.host == "10.1.2.3"


def test_a_sandbox_that_a_venue_does_not_have_is_refused_and_never_the_real_exchange_instead(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, LIVE + "sandbox = true\n")

    assert line.startswith("x.toml: venues.binance.sandbox: binance has no sandbox for PERP (ETHUSDT-PERP), expected")
    spot = LIVE.replace(', "ETHUSDT-PERP"', "") + "sandbox = true\n"
    assert settings(tmp_path, spot).venues[BINANCE].sandbox


def sections(annotation: Any) -> Iterator[type[Section]]:  # noqa: ANN401 - annotations have no type of their own
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for part in get_args(annotation):
        yield from sections(part)


def fits(model: type[Section], path: tuple[str, ...]) -> bool:
    """Whether a path of keys, ``*`` for those that the user chooses, leads to a key of a section."""
    field = model.model_fields.get(path[0])
    rest = tuple(key for key in path[1:] if key != "*")
    return field is not None and (not rest or any(fits(inner, rest) for inner in sections(field.annotation)))


@pytest.mark.parametrize("path", [*(each.path for each in SCOPES), *(each.path for each in NEEDS)], ids=".".join)
def test_every_key_that_a_mode_has_or_needs_is_one_of_the_settings(path: tuple[str, ...]) -> None:
    assert fits(Settings, path)
    assert not fits(Settings, (*path[:-1], "another"))


def test_the_venues_own_rules_go_before_the_data_file_and_after_the_config(tmp_path: Path) -> None:
    override = PAPER.replace('instruments = ["ETH/USDT", "ETHUSDT-PERP"]\n', "")
    override += '[venues.bybit.instruments."ETH/USDT"]\nlot = "0.5"\n[venues.bybit.instruments."SOLUSDT-PERP"]\n'
    override += '[venues.bybit.instruments."BTC/USDT"]\n[venues.bybit.instruments."NEW/USDT"]\n'
    rules = ToldRules(*map(Decimal, ("0.25", "0.125", "1", "7", "1")))
    told = {InstrumentId(f"bybit:{symbol}"): rules for symbol in ("ETH/USDT", "SOLUSDT-PERP", "ETHUSDT-PERP")}

    (model,) = told_models(settings(tmp_path, override), told)

    assert [(each.symbol, each.tick, each.lot, each.min_notional) for each in model.instruments] == [
        ("BTC/USDT", Decimal("0.1"), Decimal("0.000001"), Decimal(5)),
        ("ETH/USDT", Decimal("0.25"), Decimal("0.5"), Decimal(7)),
        ("SOLUSDT-PERP", Decimal("0.25"), Decimal("0.125"), Decimal(7)),
    ]
    assert model.perp_fees.taker == Decimal("0.00055")


@pytest.mark.parametrize("mode", ["live", "paper"])
def test_what_is_hashed_says_all_that_decides_and_neither_secrets_nor_paths_nor_places(
    tmp_path: Path, mode: str
) -> None:
    venue = next(iter(settings(tmp_path, TEXTS[mode]).venues))
    text = TEXTS[mode] + ENDPOINT.replace("binance", venue)
    found = settings(tmp_path, text)

    hashed = trading_settings(found, told_models(found, {}))

    shown = json.dumps(hashed)
    assert not [
        word for word in ("keys", "credentials", "8443", "ca.pem", "state", "jsonl", "endpoint") if word in shown
    ]
    assert hashed["mode"] == {"live": {"type": "live"}, "paper": {"type": "paper", "seed": 7}}[mode]
    assert hashed["unknown"] == {"margin_ms": 5000, "horizon_s": 600}
    assert hashed["execution"] == {"on_stop": "leave"}
    assert '"max_slippage_bps": "50"' in shown
    assert hashed["strategy"] == {
        "use": "script", "params": {"exit_when_done": mode == "live"}, "on_error": "stop"
    }  # fmt: skip
    assert json.dumps(trading_settings(found, told_models(found, {}))) == shown


def test_where_traffic_goes_changes_nothing_that_is_hashed_and_what_is_paid_does(tmp_path: Path) -> None:
    def hashed(text: str) -> dict[str, object]:
        return trading_settings(settings(tmp_path, text))

    assert hashed(LIVE + ENDPOINT) == hashed(LIVE) == hashed(LIVE.replace('"binance"\n', '"other"\n'))
    assert hashed(LIVE + "max_slippage_bps = 51\n") != hashed(LIVE)
    assert hashed(LIVE + "sandbox = false\n") == hashed(LIVE)


@pytest.mark.parametrize("text", [LIVE, PAPER])
def test_a_strategy_that_waits_for_the_end_of_the_data_is_refused_where_there_is_none(
    tmp_path: Path, text: str
) -> None:
    head, _, rest = text.partition("[strategy]")
    rest = rest[rest.index("[venues") :]
    strategy = '[strategy]\nuse = "hold_basis"\nparams = {venue = "bybit", base = "ETH", amount = "1"}\n'

    lines = refused(tmp_path, head + strategy.replace("bybit", "binance" if text is LIVE else "bybit") + rest)

    assert lines == (
        'x.toml: strategy.use: "hold_basis" trades at both ends of recorded data, expected another, such as "basis"',
    )
