"""What the name of a data file means. Pure: nothing is opened here.

A data folder has one sub-folder for each kind of series and one file for each series:

    candles/VENUE-SYMBOL-{spot,perp}-RESOLUTION    funding/VENUE-SYMBOL-perp      aave/TOKEN-reserve-RESOLUTION
    oracle/A-B-RESOLUTION                          staking/TOKEN-ETH-RESOLUTION   gas/ethereum-RESOLUTION

with the suffix .parquet or .csv. Candles are stamped at their open; everything else at the moment it was true.
"""

import datetime as dt
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

from messages.instruments import instrument_id
from messages.units import SECOND_NS, InstrumentId, VenueName

SUFFIXES = (".parquet", ".csv")
QUOTES = ("USDT", "USDC")
"""Quote assets that a symbol may end with."""

_VENUE = re.compile(r"[a-z][a-z0-9_]*")
_SYMBOL = re.compile(r"[A-Z0-9]+")
_TOKEN = re.compile(r"[A-Za-z0-9]+")
_MINUTE_NS = 60 * SECOND_NS
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Kind(enum.StrEnum):
    """What a series is about; also the name of its folder."""

    CANDLES = "candles"
    FUNDING = "funding"
    AAVE = "aave"
    ORACLE = "oracle"
    STAKING = "staking"
    GAS = "gas"


class Resolution(enum.StrEnum):
    """The span between two rows of a regular series, as file names and configs write it."""

    M1 = "1m"
    M3 = "3m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    H2 = "2h"
    H4 = "4h"
    H8 = "8h"
    D1 = "1d"

    @property
    def length_ns(self) -> int:
        """The span in nanoseconds."""
        return int(self[:-1]) * {"m": 1, "h": 60, "d": 1440}[self[-1]] * _MINUTE_NS


class Rule(enum.Enum):
    """What the numbers of a column must keep, besides being finite and below 1e30."""

    POSITIVE = "a number above 0"
    NOT_NEGATIVE = "a number of at least 0"
    FRACTION = "a fraction between -1 and 1 (0.0001 is one basis point)"


_P, _N, _F = Rule.POSITIVE, Rule.NOT_NEGATIVE, Rule.FRACTION

COLUMNS: Mapping[Kind, Mapping[str, Rule]] = {
    Kind.CANDLES: {"open": _P, "high": _P, "low": _P, "close": _P, "volume": _N},
    Kind.FUNDING: {"funding_rate": _F},
    Kind.AAVE: {
        "block_number": _P,
        "liquidity_index": _P,
        "liquidity_rate": _N,
        "variable_borrow_index": _P,
        "variable_borrow_rate": _N,
    },
    Kind.ORACLE: {"price": _P},
    Kind.STAKING: {"protocol_rate": _P, "market_rate": _P},
    Kind.GAS: {
        "block_number": _P,
        "base_fee_gwei": _P,
        "priority_fee_p25_gwei": _N,
        "priority_fee_p50_gwei": _N,
        "priority_fee_p75_gwei": _N,
    },
}
"""The columns of each kind beside ``timestamp``, in the order they are read in."""

PATTERNS: Mapping[Kind, str] = {
    Kind.CANDLES: "VENUE-SYMBOL-{spot,perp}-RESOLUTION",
    Kind.FUNDING: "VENUE-SYMBOL-perp",
    Kind.AAVE: "TOKEN-reserve-RESOLUTION",
    Kind.ORACLE: "A-B-RESOLUTION",
    Kind.STAKING: "TOKEN-ETH-RESOLUTION",
    Kind.GAS: "ethereum-RESOLUTION",
}
"""How the files of each kind are named, without the suffix."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series, as its file's name tells.

    Attributes:
        name: The file's name without its suffix.
        venue, instrument: Of candles and funding; None for the rest.
        resolution: None for funding, whose interval is found in the data.
    """

    kind: Kind
    name: str
    venue: VenueName | None = None
    instrument: InstrumentId | None = None
    resolution: Resolution | None = None


def read_name(folder: str, stem: str) -> Series:
    """Return what a file of this folder with this name (without suffix) holds.

    Raises:
        ValueError: The folder or the name is not understood; the text says what was expected.
    """
    try:
        kind = Kind(folder)
    except ValueError:
        raise ValueError(f"unknown folder {folder!r}, expected one of {', '.join(Kind)}") from None
    parts = stem.split("-")
    match kind, parts:
        case Kind.CANDLES, [venue, symbol, trade_type, resolution]:
            return Series(
                kind=kind,
                name=stem,
                venue=_venue(venue),
                instrument=_instrument(venue, symbol, trade_type),
                resolution=_resolution(resolution),
            )
        case Kind.FUNDING, [venue, symbol, "perp"]:
            return Series(kind=kind, name=stem, venue=_venue(venue), instrument=_instrument(venue, symbol, "perp"))
        case (Kind.AAVE, [token, "reserve", resolution]) | (Kind.STAKING, [token, "ETH", resolution]):
            _token(token)
            return Series(kind=kind, name=stem, resolution=_resolution(resolution))
        case Kind.ORACLE, [base, quote, resolution]:
            _token(base)
            _token(quote)
            return Series(kind=kind, name=stem, resolution=_resolution(resolution))
        case Kind.GAS, ["ethereum", resolution]:
            return Series(kind=kind, name=stem, resolution=_resolution(resolution))
        case _:
            raise ValueError(f"the name is not understood, expected {PATTERNS[kind]}")


def candles_name(instrument: InstrumentId, resolution: Resolution) -> str:
    """Return the name, without suffix, of the file with an instrument's candles.

    Raises:
        ValueError: The id is not ``venue:BASE/QUOTE`` or ``venue:SYMBOL-PERP``.
    """
    venue, symbol, trade_type = _split(instrument)
    return f"{venue}-{symbol}-{trade_type}-{resolution}"


def funding_name(instrument: InstrumentId) -> str | None:
    """Return the name, without suffix, of the file with a perp's funding; None for spot.

    Raises:
        ValueError: The id is not ``venue:BASE/QUOTE`` or ``venue:SYMBOL-PERP``.
    """
    venue, symbol, trade_type = _split(instrument)
    return f"{venue}-{symbol}-perp" if trade_type == "perp" else None


def iso(at: int) -> str:
    """Return a time in nanoseconds as ISO 8601 in UTC: 2024-01-01T00:00:00Z."""
    seconds, rest = divmod(at, SECOND_NS)
    text = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{text}{fraction}Z"


def _venue(text: str) -> VenueName:
    if not _VENUE.fullmatch(text):
        raise ValueError(f"{text!r} is not a venue, expected small letters and digits such as bybit")
    return VenueName(text)


def _token(text: str) -> None:
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} is not a token, expected letters and digits such as WETH")


def _resolution(text: str) -> Resolution:
    try:
        return Resolution(text)
    except ValueError:
        raise ValueError(f"unknown resolution {text!r}, expected one of {', '.join(Resolution)}") from None


def _instrument(venue: str, symbol: str, trade_type: str) -> InstrumentId:
    quote = next((quote for quote in QUOTES if symbol.endswith(quote) and symbol != quote), None)
    if quote is None or not _SYMBOL.fullmatch(symbol):
        raise ValueError(f"unknown symbol {symbol!r}, expected capitals and digits that end with {' or '.join(QUOTES)}")
    if trade_type == "perp":
        return instrument_id(venue, f"{symbol}-PERP")
    if trade_type == "spot":
        return instrument_id(venue, f"{symbol.removesuffix(quote)}/{quote}")
    raise ValueError(f"{trade_type!r} is neither spot nor perp")


def _split(instrument: InstrumentId) -> tuple[str, str, str]:
    venue, _, symbol = instrument.partition(":")
    spot = re.fullmatch(r"([A-Z0-9]+)/([A-Z0-9]+)", symbol)
    perp = re.fullmatch(r"([A-Z0-9]+)-PERP", symbol)
    if spot:
        name, trade_type = f"{spot[1]}{spot[2]}", "spot"
    elif perp:
        name, trade_type = perp[1], "perp"
    else:
        raise ValueError(f"{instrument!r} is no instrument, expected venue:BASE/QUOTE or venue:SYMBOL-PERP")
    if _instrument(_venue(venue), name, trade_type) != instrument:
        raise ValueError(f"{instrument!r} has no data file name, expected a quote of {' or '.join(QUOTES)}")
    return venue, name, trade_type
