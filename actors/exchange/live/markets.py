"""The venue's own rules for what is configured, from ccxt's markets. Pure.

ccxt counts OKX's perps in contracts; here everything is in base.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from actors.errors import BadInputError
from actors.exchange.wire.contract import Market
from messages.instruments import Instrument, instrument_id
from messages.units import (
    PERP,
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    Price,
    TradeType,
    VenueName,
    plain,
)

QUOTE = "USDT"
_SPOT = f"/{QUOTE}"
_PERP = f"{QUOTE}-PERP"
_ONE = Decimal(1)


class Listed(NamedTuple):
    """A configured symbol as the gate knows it, and as the wire has it."""

    instrument: Instrument
    market: Market


class _Named(NamedTuple):
    trade_type: TradeType
    base: str
    unified: str


def products_of(symbols: Iterable[str]) -> frozenset[TradeType]:
    """Return which kinds of product some symbols are.

    Raises:
        BadInputError: A symbol is of neither form.
    """
    return frozenset(_named(symbol).trade_type for symbol in symbols)


def listed(venue: VenueName, symbols: Iterable[str], markets: Mapping[str, Any]) -> dict[str, Listed]:
    """Return the rules of some symbols, by symbol.

    Args:
        venue: Whose markets they are.
        symbols: As in instructions: ETH/USDT, ETHUSDT-PERP.
        markets: ccxt's, by unified symbol.

    Raises:
        BadInputError: A line for each that is not there, is not traded now, or whose rules are not said.
    """
    found: dict[str, Listed] = {}
    problems: list[str] = []
    for symbol in symbols:
        try:
            found[symbol] = _listed(venue, symbol, markets)
        except BadInputError as error:
            problems += error.problems
    if problems:
        raise BadInputError(*problems)
    return found


def _named(symbol: str) -> _Named:
    if symbol.endswith(_SPOT) and len(symbol) > len(_SPOT):
        return _Named(SPOT, symbol.removesuffix(_SPOT), symbol)
    if symbol.endswith(_PERP) and len(symbol) > len(_PERP):
        base = symbol.removesuffix(_PERP)
        return _Named(PERP, base, f"{base}/{QUOTE}:{QUOTE}")
    raise BadInputError(f"{symbol}: neither BASE/USDT nor BASEUSDT-PERP")


def _listed(venue: VenueName, symbol: str, markets: Mapping[str, Any]) -> Listed:
    name = _named(symbol)
    ident = instrument_id(venue, symbol)
    raw = markets.get(name.unified)
    if raw is None:
        raise BadInputError(f"{ident}: {venue} has no market {name.unified}")
    is_kind = raw.get("spot") is True if name.trade_type is SPOT else bool(raw.get("swap") and raw.get("linear"))
    if not is_kind:
        raise BadInputError(f"{ident}: {venue} lists {name.unified} as another kind of product")
    if raw.get("active") is False:
        raise BadInputError(f"{ident}: {venue} does not trade it now")
    size = _number(raw.get("contractSize")) or _ONE if name.trade_type is PERP else _ONE
    tick, lot = _number(raw["precision"]["price"]), _number(raw["precision"]["amount"])
    if not tick or not lot:
        raise BadInputError(f"{ident}: {venue} says no tick or no lot")
    least = _number(_lowest(raw, "amount"))
    lot = _tidy(lot * size)
    account = AccountName("binance.perp" if venue == "binance" and name.trade_type is PERP else venue)
    base, quote = Asset(name.base), Asset(QUOTE)
    instrument = Instrument(
        instrument_id=ident,
        venue=venue,
        trade_type=name.trade_type,
        symbol=symbol,
        base=base,
        quote=quote,
        account=account,
        tick=Price(_tidy(tick)),
        lot=BaseAmount(lot),
        min_quantity=BaseAmount(max(lot, _tidy((least or Decimal(0)) * size))),
        min_notional=Amount(_tidy(_number(_lowest(raw, "cost")) or Decimal(0))),
        contract_size=BaseAmount(_tidy(size)),
    )
    market = Market(
        instrument=ident,
        venue=venue,
        trade_type=name.trade_type,
        account=account,
        symbol=raw["id"],
        unified=name.unified,
        base=base,
        quote=quote,
        tick=instrument.tick,
        lot=instrument.lot,
        contract_size=instrument.contract_size,
    )
    return Listed(instrument, market)


def _lowest(raw: Mapping[str, Any], what: str) -> Any:  # noqa: ANN401 - as ccxt has it
    return ((raw.get("limits") or {}).get(what) or {}).get("min")


def _number(value: Any) -> Decimal | None:  # noqa: ANN401 - as ccxt has it
    """Return one of ccxt's numbers exactly; None where it says none."""
    return None if value is None else Decimal(repr(value) if isinstance(value, float) else value)


def _tidy(value: Decimal) -> Decimal:
    return Decimal(plain(value))
