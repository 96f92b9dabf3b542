"""What comes from outside with a call: dicts, numbers, instants and prices.

Numbers may be of other libraries (NumPy's): they become Python's own first. A time is

    text        ISO 8601 with seconds: 2024-01-02T00:00:00Z
    a datetime, or anything with `isoformat()` such as a pandas Timestamp
    an int      nanoseconds since 1970: 0, or at least 10**16, for a smaller one is in seconds, ms or us by mistake

and one without an offset is in UTC.
"""

import numbers
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from config.decimals import decimal_of
from config.instants import instant_of
from config.problems import shown
from messages.instruments import Instrument
from messages.units import SPOT, Asset, InstrumentId, Nanoseconds, Price

EXPECTED_TIME = "an instant such as 2024-01-02T00:00:00Z, a datetime or nanoseconds since 1970, from 1970 to 2260"

_DEEPEST = 16
_LEAST_NS = 10**16
"""April 1970 in nanoseconds; in microseconds a time centuries away."""
_LATEST = instant_of("2260-12-31T23:59:59.999999999Z")
_WALLET_BASE = Asset("ETH")


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Return a dict whose keys are texts.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{what}: not a dict: {shown(value)}, expected one")  # noqa: TRY004 - bad input, as all of it
    for key in value:
        if not isinstance(key, str):
            raise ValueError(f"{what}: a key is {shown(key)}, expected text")  # noqa: TRY004
    return value


def usual(value: object, key: str, depth: int = 0) -> object:
    """Return a value with its numbers as Python's own, and its dicts and lists copied.

    Raises:
        ValueError: Nested too deep, or a key in it is no text.
    """
    if depth > _DEEPEST:
        raise ValueError(f"{key}: nested deeper than {_DEEPEST} levels")
    match value:
        case Mapping():
            return {name: usual(item, f"{key}.{name}", depth + 1) for name, item in mapping(value, key).items()}
        case list() | tuple():
            return [usual(item, key, depth + 1) for item in value]
        case bool() | str() | Decimal():
            return value
        case float():
            return float(value)
        case numbers.Integral():
            return int(value)
        case numbers.Real():
            return float(value)
        case _:
            return value


def clock_of(market_data: Mapping[str, object]) -> Nanoseconds | None:
    """Return the time under ``timestamp``; None where there is none.

    Raises:
        ValueError: It is no instant.
    """
    value = market_data.get("timestamp")
    return None if value is None else instant_from(value, "market_data: timestamp")


def instant_from(value: object, key: str) -> Nanoseconds:
    """Return a time.

    Raises:
        ValueError: It is none; the text names the key.
    """
    at: int | None = None
    if isinstance(value, bool):
        at = None
    elif isinstance(value, numbers.Integral):
        at = int(value)
        if 0 < at < _LEAST_NS:
            raise ValueError(f"{key}: {at} looks like seconds, milliseconds or microseconds, expected nanoseconds")
    else:
        isoformat = getattr(value, "isoformat", None)
        text = isoformat() if callable(isoformat) else value
        if isinstance(text, str):
            at = instant_of(text)
            at = instant_of(f"{text}Z") if at is None else at
    if at is None or at < 0 or (_LATEST is not None and at > _LATEST):
        raise ValueError(f"{key}: not an instant: {shown(value)}, expected {EXPECTED_TIME}")
    return Nanoseconds(at)


class Quotes(NamedTuple):
    """The prices that a call brings.

    Attributes:
        prices: By instrument.
        wallet: Of ETH, for the wallet: ``eth_usd_price``.
    """

    prices: Mapping[InstrumentId, Price]
    wallet: Price | None


NO_QUOTES = Quotes({}, None)


def missing(market_data: Mapping[str, object], instruments: Iterable[Instrument], instrument: Instrument) -> str:
    """Return why market data hold no price of an instrument that is to be traded."""
    own, general = _venue_key(instrument), _asset_key(instrument.base)
    if market_data.get(own) is None:
        return f"market_data has neither {own} nor {general}"
    priced = " and ".join(_asset_key(base) for base in _priced(market_data, instruments))
    return f"market_data has no {general}, and beside {priced} its {own} is not about {instrument.base}"


def _venue_key(instrument: Instrument) -> str:
    return f"{instrument.venue}_{'spot' if instrument.trade_type is SPOT else 'perp'}_price"


def _asset_key(base: Asset) -> str:
    return f"{base.lower()}_usd_price"


def _priced(market_data: Mapping[str, object], instruments: Iterable[Instrument]) -> list[Asset]:
    """Return the base assets that market data price by name, sorted."""
    bases = sorted({instrument.base for instrument in instruments})
    return [base for base in bases if market_data.get(_asset_key(base)) is not None]


def _meant(market_data: Mapping[str, object], instruments: Iterable[Instrument], traded: Asset | None) -> Asset | None:
    """Return the asset that the prices without an asset's name are about; None where that can't be told."""
    priced = _priced(market_data, instruments)
    if not priced or traded in priced:
        return traded
    return priced[0] if len(priced) == 1 else None


def quotes_of(market_data: Mapping[str, object], instruments: Iterable[Instrument], traded: Asset | None) -> Quotes:
    """Return all prices that market data holds; what is None there is not given.

    ``{asset}_usd_price`` is about the asset. ``{venue}_{spot|perp}_price`` names none and comes first: it is about the
    asset that the instruction trades; but where the data price another asset by name, and not that one, then about the
    other: the price of ETH buys no BTC. Beside several others it is about none of them.

    Args:
        market_data: Other keys are passed over.
        instruments: All that may be priced.
        traded: Base asset of the instruction.

    Raises:
        ValueError: A price is no number above zero.
    """
    found: dict[InstrumentId, Price] = {}
    known = tuple(instruments)
    meant = _meant(market_data, known, traded)
    for instrument in known:
        general = _asset_key(instrument.base)
        for key in (_venue_key(instrument), general) if instrument.base == meant else (general,):
            price = _price(market_data, key)
            if price is not None:
                found[instrument.instrument_id] = price
                break
    return Quotes(found, _price(market_data, _asset_key(_WALLET_BASE)))


def _price(market_data: Mapping[str, object], key: str) -> Price | None:
    value = market_data.get(key)
    if value is None:
        return None
    number = decimal_of(usual(value, key))
    if number is None or number <= 0:
        wrong = "not a number" if number is None else "not above 0"
        raise ValueError(f"market_data: {key}: {wrong}: {shown(value)}, expected a price above 0 such as 3000.0")
    return Price(number)
