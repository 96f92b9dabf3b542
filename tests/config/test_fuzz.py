"""Whatever stands in a config or a script, the answer is settings, instructions or a ConfigError, never another."""

import functools
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.decimals import decimal_of, literal
from config.instruction_rules import Markets, any_instruction_of
from config.instructions import ScriptFile, read_open_script, read_script
from config.load import load, settings_from, trading_settings
from config.modes import MODES
from config.problems import ConfigError
from config.script_lines import AT_ONCE, Window, instruction_from, read_any, read_plain
from config.settings import Settings
from config.strategy_params import PARAMS
from config.venue_rules import all_instruments, venue_models
from messages.instructions import TradeInstruction
from messages.units import InstrumentId, Nanoseconds, plain
from tests.config.samples import CONFIG, END, LIVE, MARKETS, PAPER, START, fields

KNOWN = Markets(venues=("bybit", "binance"), known=[InstrumentId(each) for each in MARKETS])
WINDOW = (Nanoseconds(START), Nanoseconds(END))
PIECES = st.sampled_from(
    ["=", "[", "]", "[[", ".", '"', "'", "\n", "{", "}", ",", "nan", "inf", "1e99999", "0x" + "f" * 6000, "-",
     "true", "1979-05-27", "07:32:00", "\x00", "\x1b", "\u202e", "api_key", "venues", "accounts", "bybit", "\\ud800",
     '"""', "#"]
)  # fmt: skip
WORDS = st.one_of(PIECES, st.text(max_size=8))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text(max_size=10) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | ConfigError:
    """Return what a call gives, or its error, whose lines must be lines."""
    try:
        return call()
    except ConfigError as error:
        if not error.lines or not all(line.isprintable() for line in error.lines):
            raise ValueError(error.lines) from error
        return error


@given(
    whole=st.sampled_from((CONFIG, CONFIG, LIVE, PAPER)),
    cut=st.integers(0, len(CONFIG)),
    removed=st.integers(0, 12),
    put=st.lists(WORDS, max_size=6),
)
@settings(max_examples=300, deadline=None)
def test_a_config_with_any_damage_is_settings_or_lines(
    folder: Path, whole: str, cut: int, removed: int, put: list[str]
) -> None:
    path = folder / "x.toml"
    text = whole[:cut] + "".join(put) + whole[cut + removed :]
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))

    found = outcome(lambda: json.dumps(trading_settings(load(path).settings)))

    assert isinstance(found, str | ConfigError)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_as_a_config_are_lines(folder: Path, content: bytes) -> None:
    path = folder / "y.toml"
    path.write_bytes(content)

    assert isinstance(outcome(lambda: load(path)), ConfigError)


SECTIONS = (
    "mode", "data", "accounts", "venues", "strategy", "risk", "report", "secrets", "journal", "unknown", "execution"
)  # fmt: skip
VENUE_KEYS = (
    "kind", "spot", "perp", "slippage", "instruments", "maker_fee_bps", "fill", "latency_ms", "credentials", "endpoint",
    "sandbox", "validity_ms", "poll_s", "max_slippage_bps",
)  # fmt: skip


@given(
    top=st.dictionaries(st.sampled_from(SECTIONS) | st.text(max_size=5), PLAIN, max_size=6),
    venue=st.dictionaries(st.sampled_from(VENUE_KEYS), PLAIN, max_size=4),
    mode=st.dictionaries(st.sampled_from(("type", "start", "end", "seed", "adopt")), PLAIN, max_size=4),
    kind=st.sampled_from(MODES),
)
@settings(max_examples=150, deadline=None)
def test_any_tables_are_settings_or_lines(
    top: dict[str, object], venue: dict[str, object], mode: dict[str, object], kind: str
) -> None:
    whole = {**top, "venues": {"bybit": venue}, "mode": mode}
    for raw in (top, whole, {**whole, "mode": {**mode, "type": kind}}):
        assert isinstance(outcome(functools.partial(settings_from, raw, "x")), Settings | ConfigError)


NUMBERS = st.one_of(
    st.decimals(),
    st.integers(),
    st.floats(),
    st.from_regex(r"-?[0-9]{1,31}(\.[0-9]{1,31})?", fullmatch=True),
    st.sampled_from(["1", "0.5", "100", "10000", "0", "-1", "9" * 30, "0." + "0" * 29 + "1"]),
)
ANY = NUMBERS | PLAIN


def mostly(good: st.SearchStrategy[object], bad: st.SearchStrategy[object] = ANY) -> st.SearchStrategy[object]:
    """Return what is sound most of the time: else hardly a config would get past its first checks."""
    return st.integers(0, 19).flatmap(lambda drawn: good if drawn else bad)


def table(**keys: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.fixed_dictionaries({}, optional=keys)


TENTHS = st.integers(1, 10).map(lambda tenths: f"0.{tenths}")
BPS = st.integers(0, 99_999).map(lambda parts: Decimal(parts) / 10)
LEVERAGE = st.integers(10, 60).map(lambda tenths: Decimal(tenths) / 2)
ROW = {"maintenance_bps": mostly(BPS), "max_leverage": mostly(LEVERAGE)}
TIERS = st.lists(st.integers(1, 9), max_size=3, unique=True).flatmap(
    lambda bounds: st.tuples(
        *(
            st.fixed_dictionaries({**ROW, "up_to": mostly(st.just(bound))}, optional={"deduction": mostly(BPS)})
            for bound in sorted(bounds)
        ),
        st.fixed_dictionaries(ROW),
    ).map(list)
)
RULES = table(tiers=mostly(TIERS), liquidation_fee_bps=mostly(BPS), lot=mostly(TENTHS), tick=mostly(TENTHS))
VENUE = {
    "latency_ms": mostly(st.integers(0, 60_000)),
    "fill": mostly(table(max_share=mostly(TENTHS), touch=mostly(st.booleans()))),
    "perp": mostly(table(leverage=mostly(LEVERAGE), maker_fee_bps=mostly(st.integers(-100, 1000)))),
    "spot": mostly(table(fee_in=mostly(st.sampled_from(["received", "quote"])))),
    "instruments": mostly(
        st.dictionaries(
            mostly(st.sampled_from(["ETHUSDT-PERP", "BTCUSDT-PERP"]), st.text(max_size=4)), RULES, max_size=2
        )
    ),
}
SOUND_PARAMS: dict[str, object] = {"venue": "okx", "base": "ETH", "amount": "1", "notional": "1", "file": "a.jsonl"}


@given(
    venue=st.fixed_dictionaries({"kind": st.just("cex")}, optional=VENUE),
    name=st.sampled_from(["okx", "okx", "binance"]),
    use=st.sampled_from([*PARAMS, "my_module:Mine"]),
    params=st.dictionaries(st.sampled_from(sorted(PARAMS["basis"])), ANY, max_size=1),
    report=mostly(table(sample=mostly(st.sampled_from(["1h", "off"])), enabled=mostly(st.booleans()))),
)
@settings(max_examples=300, deadline=None)
def test_any_venue_options_tiers_params_and_report_are_settings_that_make_models_or_lines(
    venue: dict[str, object], name: str, use: str, params: dict[str, object], report: object
) -> None:
    keys = PARAMS.get(use, {})
    sound = {key: name if key == "venue" else value for key, value in SOUND_PARAMS.items() if key in keys}
    raw = {
        "mode": {"type": "backtest", "start": "2024-01-02T00:00:00Z", "end": "2025-09-01T00:00:00Z"},
        "data": {"dir": "."},
        "venues": {name: venue},
        "strategy": {"use": use, "params": sound | params},
        "report": report,
    }

    found = outcome(functools.partial(settings_from, raw, "x"))

    if isinstance(found, Settings):
        models = venue_models(found, all_instruments(found))
        json.dumps(trading_settings(found, models))
        (model,) = models
        assert 1 <= model.leverage <= 1000
        assert 0 <= model.latency_ns <= 60 * 10**9
        for instrument in model.instruments:
            bounds = [tier.up_to for tier in instrument.tiers]
            assert None not in bounds[:-1]
            assert all(0 <= tier.maintenance < 1 <= tier.max_leverage for tier in instrument.tiers)
            assert not instrument.tiers or model.leverage <= max(tier.max_leverage for tier in instrument.tiers)


@given(st.text(max_size=120) | st.from_regex(r"[-+]?[0-9._]{0,40}([eE][-+]?[0-9]{0,12})?", fullmatch=True))
@settings(max_examples=500, deadline=None)
def test_any_text_as_a_number_is_exact_and_within_bounds_or_none(text: str) -> None:
    for number in (decimal_of(text), decimal_of(literal(text))):
        if number is not None:
            assert number.is_finite()
            assert number.copy_abs() < 10**30
            assert plain(number) == plain(Decimal(text))
            assert decimal_of(plain(number)) == number


TERMS = {
    "order_type": [
        '"LIMIT"',
        '"MARKET"',
        '"STOP_LIMIT"',
        '"STOP_MARKET"',
        '"TRAILING_STOP"',
        '"TAKE_PROFIT_LIMIT"',
        '"x"',
    ],
    "price": ["1", '"2000.50"', "0", '"-1"', "1e3", "null", "01", '"00.5"'],
    "trigger_price": ["1", '"1900"', "0.0"],
    "trigger_by": ['"LAST"', '"MARK"', "1"],
    "trail_bps": ['"50"', "9999.9", "10000", "0"],
    "time_in_force": ['"GTC"', '"IOC"', '"FOK"', '"gtc"'],
    "post_only": ["true", "false", "1", '"true"'],
    "cancel": ['"a1"', '""'],
    "cancel_all": ['"bybit"', "7"],
    "amend": ['"a1"', "null"],
}
SOUND: list[dict[str, str]] = [
    {"order_type": '"LIMIT"', "price": '"2000.5"', "post_only": "true"},
    {"order_type": '"LIMIT"', "price": "2000", "time_in_force": '"IOC"'},
    {"order_type": '"STOP_LIMIT"', "price": "1", "trigger_price": '"2"', "trigger_by": '"MARK"'},
    {"order_type": '"TAKE_PROFIT_MARKET"', "trigger_price": '"2"'},
    {"order_type": '"TRAILING_STOP"', "trail_bps": '"50"'},
    {},
]


@given(st.data())
@settings(max_examples=800, deadline=None)
def test_the_quick_way_and_the_slow_way_agree_on_every_order_line(data: st.DataObject) -> None:
    pairs = [(json.dumps(key), json.dumps(value)) for key, value in fields().items()]
    pairs += [(json.dumps(key), value) for key, value in data.draw(st.sampled_from(SOUND)).items()]
    added = data.draw(st.lists(st.sampled_from([(k, v) for k, values in TERMS.items() for v in values]), max_size=1))
    pairs += [(json.dumps(key), value) for key, value in added]
    if not data.draw(st.integers(0, 4)):
        place = data.draw(st.integers(0, len(pairs) - 1))
        pairs[place] = (pairs[place][0], data.draw(VALUES))
    text = ("{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}").encode("utf-8", errors="surrogatepass")

    agreed(text)


BEYOND = ("1" + "0" * 30, "1e999999999", "1.1" + "0" * 30, "-1" + "0" * 30, "1e30")
TEXT_KEYS = ("id", "at", "venue_type", "venue", "trade_type", "pair", "side", "order_type", "trigger_by",
             "time_in_force", "cancel", "cancel_all", "amend")  # fmt: skip


@given(st.sampled_from(TEXT_KEYS), st.sampled_from(BEYOND))
@example("id", BEYOND[0])
@example("id", BEYOND[1])
@example("cancel", BEYOND[0])
@example("amend", BEYOND[2])
@settings(deadline=None)
def test_a_number_beyond_the_rule_is_no_text(key: str, number: str) -> None:
    others = {} if key in ("cancel", "cancel_all", "amend") else fields()
    text = json.dumps({"at": "2024-02-01T00:00:00Z", **others, key: "HERE"}).replace('"HERE"', number).encode()

    checked, faults, own = read_any(text, KNOWN, WINDOW, default_id="L1")

    assert read_plain(text, KNOWN, WINDOW) is None
    assert checked is None
    assert [fault.key for fault in faults][:1] == [key]
    assert own is None or key != "id"


# Escapes, exponents, runs of blanks and leading zeros are what the quick way leaves to the slow one.
UNUSUAL = re.compile(rb"\\|[0-9][eE]|  |\"0[0-9]")


def agreed(text: bytes) -> None:
    """See that both ways say the same of a line, and that the quick way takes every usual one."""
    for window in (WINDOW, None):
        agreed_within(text, window)


def agreed_within(text: bytes, window: Window) -> None:
    quick = read_plain(text, KNOWN, window)
    checked, faults, _ = read_any(text, KNOWN, window, default_id="L1")
    assert (checked is None) == bool(faults)
    if quick is None:
        usual = checked is not None and isinstance(checked.instruction, TradeInstruction)
        assert not usual or UNUSUAL.search(text)
        return
    assert checked is not None, faults
    assert isinstance(checked.instruction, TradeInstruction)
    own = instruction_from(quick, "L1")
    assert (own, quick.at) == (checked.instruction, AT_ONCE if checked.at is None else checked.at)
    for key in ("amount", "price", "trigger_price", "trail_bps"):
        assert str(getattr(own, key)) == str(getattr(checked.instruction, key)), key


@given(
    st.dictionaries(
        st.sampled_from(["at", "cancel", "cancel_all", "amend", "price", "amount", "id", "side"]) | st.text(max_size=4),
        NUMBERS | PLAIN | st.sampled_from(["a1", "bybit", "2024-02-01T00:00:00Z"]),
        max_size=5,
    )
)
@settings(max_examples=400, deadline=None)
def test_any_dict_is_an_instruction_or_lines(given_fields: dict[str, object]) -> None:
    found = outcome(functools.partial(any_instruction_of, given_fields, KNOWN, default_id="L1"))

    if not isinstance(found, ConfigError):
        assert not isinstance(found, TradeInstruction), "it lacks a venue"


VALUES = st.one_of(
    st.text(max_size=6).map(json.dumps),
    st.floats().map(json.dumps),
    st.from_regex(r"-?[0-9]{1,31}(\.[0-9]{1,31})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"\"-?[0-9]{1,31}(\.[0-9]{1,31})?\"", fullmatch=True),
    st.sampled_from(
        ["null", "true", "false", "[]", "{}", '"BUY"', '"SPOT"', '"PERP"', '"ETH/USDT"', '"a\\u0031"', '"a\\"b"',
         '"cex"',
         '"2024-02-01T00:00:00Z"', '"2024-02-01T00:00:00.5+01:00"', '"1\n"', '"\\ud800"', '"\x7f"', '"\u00e9"']
    ),
)  # fmt: skip


@given(st.data())
@settings(max_examples=800, deadline=None)
def test_the_quick_way_and_the_slow_way_agree_on_every_line(data: st.DataObject) -> None:
    pairs = [(json.dumps(key), json.dumps(value)) for key, value in fields().items()]
    changes = data.draw(st.lists(st.tuples(st.integers(0, 8), st.sampled_from("rdwsp"), VALUES), max_size=2))
    for place, what, value in changes:
        index = min(place, len(pairs) - 1)
        match what:
            case "r":
                pairs[index] = (pairs[index][0], value)
            case "d":
                pairs.append((pairs[index][0], value))
            case "w":
                pairs.append(('"reduce_only"', value))
            case "s":
                del pairs[index]
            case _:
                pairs.append((data.draw(st.text(max_size=4).map(json.dumps)), value))
    text = ("{" + ", ".join(f"{key}: {value}" for key, value in pairs) + "}").encode("utf-8", errors="surrogatepass")

    agreed(text)


LINES = [
    json.dumps(fields()).encode(),
    json.dumps(fields(id=None, order_type="LIMIT", price="1")).encode(),
    *(b'{"at": "2024-02-01T00:00:00Z", %s}' % each for each in (b'"cancel": "a1"', b'"cancel_all": "bybit"')),
    b'{"at": "2024-02-01T00:00:00Z", "amend": "a1", "amount": 2}',
]


@given(st.lists(st.binary(max_size=60) | st.sampled_from(LINES), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_a_script_are_instructions_or_lines(folder: Path, lines: list[bytes]) -> None:
    path = folder / "x.jsonl"
    path.write_bytes(b"\n".join(lines))

    found = outcome(
        lambda: read_script(path, start=WINDOW[0], end=WINDOW[1], venues=("bybit",), known=[InstrumentId(MARKETS[1])])
    )

    opened = outcome(lambda: read_open_script(path, venues=("bybit",), known=[InstrumentId(MARKETS[1])]))

    assert isinstance(opened, ScriptFile) or not isinstance(found, ScriptFile)
    if isinstance(opened, ScriptFile):
        assert len(list(opened.in_order())) == len(opened)
        opened.close()
    if isinstance(found, ScriptFile):
        assert sum(len(list(found.due(Nanoseconds(at)))) for at in found.instants()) == len(found)
        found.close()
