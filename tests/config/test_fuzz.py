"""Whatever stands in a config or a script, the answer is settings, instructions or a ConfigError, never another."""

import functools
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.instruction_rules import Markets
from config.instructions import ScriptFile, read_script
from config.load import load, settings_from, trading_settings
from config.problems import ConfigError
from config.script_lines import instruction_from, read_any, read_plain
from config.settings import Settings
from messages.units import InstrumentId, Nanoseconds
from tests.config.samples import CONFIG, END, MARKETS, START, fields

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


@given(cut=st.integers(0, len(CONFIG)), removed=st.integers(0, 12), put=st.lists(WORDS, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_config_with_any_damage_is_settings_or_lines(folder: Path, cut: int, removed: int, put: list[str]) -> None:
    path = folder / "x.toml"
    text = CONFIG[:cut] + "".join(put) + CONFIG[cut + removed :]
    path.write_bytes(text.encode("utf-8", errors="surrogatepass"))

    found = outcome(lambda: json.dumps(trading_settings(load(path).settings)))

    assert isinstance(found, str | ConfigError)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_as_a_config_are_lines(folder: Path, content: bytes) -> None:
    path = folder / "y.toml"
    path.write_bytes(content)

    assert isinstance(outcome(lambda: load(path)), ConfigError)


SECTIONS = ("mode", "data", "accounts", "venues", "strategy", "risk")
VENUE_KEYS = ("kind", "spot", "perp", "slippage", "instruments", "maker_fee_bps")


@given(
    top=st.dictionaries(st.sampled_from(SECTIONS) | st.text(max_size=5), PLAIN, max_size=6),
    venue=st.dictionaries(st.sampled_from(VENUE_KEYS), PLAIN, max_size=4),
    mode=st.dictionaries(st.sampled_from(("type", "start", "end", "seed")), PLAIN, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_any_tables_are_settings_or_lines(
    top: dict[str, object], venue: dict[str, object], mode: dict[str, object]
) -> None:
    for raw in (top, {**top, "venues": {"bybit": venue}, "mode": mode}):
        assert isinstance(outcome(functools.partial(settings_from, raw, "x")), Settings | ConfigError)


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

    plain = read_plain(text, KNOWN, WINDOW)
    checked, faults, _ = read_any(text, KNOWN, WINDOW, default_id="L1")

    assert (checked is None) == bool(faults)
    if plain is not None:
        assert checked is not None, faults
        assert (instruction_from(plain, "L1"), plain.at) == (checked.instruction, checked.at)
        assert str(instruction_from(plain, "L1").amount) == str(checked.instruction.amount)
    elif checked is not None:
        assert b"\\" in text or b"e" in text.lower() or b"  " in text


@given(st.lists(st.binary(max_size=60) | st.just(json.dumps(fields()).encode()), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_a_script_are_instructions_or_lines(folder: Path, lines: list[bytes]) -> None:
    path = folder / "x.jsonl"
    path.write_bytes(b"\n".join(lines))

    found = outcome(
        lambda: read_script(path, start=WINDOW[0], end=WINDOW[1], venues=("bybit",), known=[InstrumentId(MARKETS[1])])
    )

    if isinstance(found, ScriptFile):
        assert sum(len(list(found.due(Nanoseconds(at)))) for at in found.instants()) == len(found)
        found.close()
