"""The rules of exchanges: the project's data file (venues.toml), overridden by the config.

Fees: ``[venues.X.spot]`` or ``[venues.X.perp]``, else ``[venues.X]``, else the file. Rules: key by key, the config
before the file. A symbol that the file does not know needs all five keys in the config.
"""

import functools
import tomllib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from config.instrument_settings import InstrumentOverride, margin_tiers
from config.problems import key_path
from config.settings import Settings
from config.symbols import PERP_FORM, SPOT_FORM, Symbol, symbol_of
from config.venue_settings import FeeOverride, Venue
from messages.instruments import FeeRates, Instrument, MarginTier, VenueModel, instrument_id
from messages.units import (
    BPS,
    CONTEXT,
    PERP,
    AccountName,
    Amount,
    BaseAmount,
    InstrumentId,
    Price,
    TradeType,
    VenueName,
)

RULE_KEYS = ("tick", "lot", "min_quantity", "min_notional", "contract_size")
"""What must be known of an instrument before it can be traded."""
MARGIN_KEYS = ("tiers", "liquidation_fee_bps")
"""What is known of perps beside these, or is not; a perp without tiers is never liquidated."""


class TierRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A margin tier in the data file; see `MarginTier`. Without a deduction it is the one that avoids a jump."""

    up_to: Decimal | None = None
    maintenance_bps: Decimal
    deduction: Decimal | None = None
    max_leverage: Decimal


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instrument's rules in the data file; see `Instrument` for units.

    Attributes:
        source: Where the figures are from.
        margin_source: Where tiers and liquidation fee are from; perps only.
        unverified: Keys that no opened source confirms.
    """

    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    contract_size: Decimal
    source: str
    unverified: tuple[str, ...]
    liquidation_fee_bps: Decimal = Decimal(0)
    tiers: tuple[TierRules, ...] = ()
    margin_source: str = ""


class TradeTypeRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a venue charges for spot or perps, in basis points, and the account these are settled in.

    Attributes:
        fee_in_quote: Spot only: the venue offers to take fees in quote instead of in what is received.
        rebate_in_given: Spot only: a maker's rebate is paid in the asset that he gave.
    """

    account: AccountName
    maker_fee_bps: Decimal
    taker_fee_bps: Decimal
    source: str
    unverified: tuple[str, ...]
    fee_in_quote: bool = False
    rebate_in_given: bool = False


class VenueRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the data file says of a venue."""

    spot: TradeTypeRules
    perp: TradeTypeRules
    instruments: dict[str, Rules]


class ToldRules(NamedTuple):
    """The rules of an instrument as its venue tells them now; see `Instrument` for units. Amounts are in base."""

    tick: Decimal
    lot: Decimal
    min_quantity: Decimal
    min_notional: Decimal
    contract_size: Decimal


@functools.cache
def rules_file() -> Mapping[VenueName, VenueRules]:
    """Return the project's data file, by venue, in the order of the file."""
    text = Path(__file__).with_name("venues.toml").read_text(encoding="utf-8")
    return MappingProxyType(msgspec.convert(tomllib.loads(text), dict[VenueName, VenueRules]))


def venue_models(settings: Settings, available: Collection[InstrumentId]) -> tuple[VenueModel, ...]:
    """Return the venues in the order of the config, with the instruments that have data and rules, by id.

    The order matters: a coin without a spot market at its own venue is valued at the first venue that has one.

    Args:
        settings: Which venues, and what they have instead of the file's fees and rules.
        available: What there is data for; ids of venues that are not configured are passed over.
    """
    return tuple(
        _model(venue, settings.venues[venue], sorted(i for i in set(available) if i.startswith(f"{venue}:")))
        for venue in settings.venues
    )


def told_models(settings: Settings, told: Mapping[InstrumentId, ToldRules]) -> tuple[VenueModel, ...]:
    """Return the venues in the order of the config, with the instruments that it names and that have rules, by id.

    Args:
        settings: Of a live or a paper run.
        told: What the venues say of their instruments; it goes before the data file, which has fees and margin tiers,
            and after the config. One that is not there has the rules of the data file, if it has any.
    """
    return tuple(
        _model(venue, chosen, sorted(instrument_id(venue, symbol) for symbol in chosen.symbols), told)
        for venue, chosen in settings.venues.items()
    )


def chosen_instruments(settings: Settings) -> tuple[InstrumentId, ...]:
    """Return, sorted, the instruments that the venues of a config name: live and on paper, what is traded."""
    return tuple(
        sorted(instrument_id(venue, symbol) for venue, chosen in settings.venues.items() for symbol in chosen.symbols)
    )


def all_instruments(settings: Settings) -> tuple[InstrumentId, ...]:
    """Return, sorted, the instruments of configured venues that have rules, with data or without."""
    return tuple(
        sorted(
            instrument_id(venue, symbol)
            for venue, chosen in settings.venues.items()
            for symbol in {*rules_file()[venue].instruments, *chosen.instruments}
        )
    )


def rule_gaps(settings: Settings, available: Iterable[InstrumentId]) -> tuple[str, ...]:
    """Return one line for each instrument of a configured venue that has data and lacks rules.

    These are warnings: whoever refers to such an instrument is refused in its own place. A perp without margin tiers is
    among them, too: it can be traded, and is never liquidated.
    """
    lines = []
    for instrument in sorted(set(available)):
        venue, _, symbol = instrument.partition(":")
        chosen = settings.venues.get(VenueName(venue))
        if chosen is None:
            continue
        if symbol_of(symbol) is None:
            lines.append(f"{instrument}: not tradable, expected {SPOT_FORM} or {PERP_FORM}")
        elif missing := missing_rules(VenueName(venue), symbol, chosen.instruments.get(symbol)):
            key = key_path("venues", venue, "instruments", symbol)
            lines.append(f"{instrument}: not tradable, no rules are known, expected {', '.join(missing)} in [{key}]")
        elif (found := _instrument(VenueName(venue), symbol, chosen)) and found.trade_type is PERP and not found.tiers:
            key = key_path("venues", venue, "instruments", symbol)
            lines.append(f"{instrument}: never liquidated, no margin tiers are known, expected tiers in [{key}]")
    return tuple(lines)


def missing_rules(venue: VenueName, symbol: str, override: InstrumentOverride | None) -> tuple[str, ...]:
    """Return the rule keys that neither the data file nor the config knows."""
    if symbol in rules_file()[venue].instruments:
        return ()
    return tuple(key for key in RULE_KEYS if override is None or getattr(override, key) is None)


def _model(
    venue: VenueName,
    chosen: Venue,
    instruments: list[InstrumentId],
    told: Mapping[InstrumentId, ToldRules] = MappingProxyType({}),
) -> VenueModel:
    defaults = rules_file()[venue]
    found = (_instrument(venue, each.partition(":")[2], chosen, told.get(each)) for each in instruments)
    return VenueModel(
        venue=venue,
        instruments=tuple(instrument for instrument in found if instrument is not None),
        spot_fees=_fees(chosen, chosen.spot, defaults.spot, in_quote=chosen.spot.fee_in == "quote"),
        perp_fees=_fees(chosen, chosen.perp, defaults.perp),
        slippage=chosen.slippage.as_model(),
        fill=chosen.fill.as_model(),
        leverage=chosen.perp.leverage,
        latency_ns=chosen.latency_ns,
    )


def _fees(venue: Venue, override: FeeOverride, default: TradeTypeRules, *, in_quote: bool = False) -> FeeRates:
    maker = _first(override.maker_fee_bps, venue.maker_fee_bps, default.maker_fee_bps)
    taker = _first(override.taker_fee_bps, venue.taker_fee_bps, default.taker_fee_bps)
    # Exact: a rate has at most 4 + 30 digits, the context holds 40.
    return FeeRates(
        maker=CONTEXT.divide(maker, BPS),
        taker=CONTEXT.divide(taker, BPS),
        in_quote=in_quote,
        rebate_in_given=default.rebate_in_given,
    )


def _first(*values: Decimal | None) -> Decimal:
    return next(value for value in values if value is not None)


def _instrument(venue: VenueName, symbol: str, chosen: Venue, told: ToldRules | None = None) -> Instrument | None:
    meaning: Symbol | None = symbol_of(symbol)
    override = chosen.instruments.get(symbol)
    if meaning is None or (told is None and missing_rules(venue, symbol, override)):
        return None
    file = rules_file()[venue]
    default = file.instruments.get(symbol)

    tiers, liquidation_fee_bps = _margin(override, default)

    def rule(key: str) -> Decimal:
        return _first(*(getattr(source, key, None) for source in (override, told, default)))

    return Instrument(
        instrument_id=instrument_id(venue, symbol),
        venue=venue,
        trade_type=meaning.trade_type,
        symbol=symbol,
        base=meaning.base,
        quote=meaning.quote,
        account=(file.spot if meaning.trade_type is TradeType.SPOT else file.perp).account,
        tick=Price(rule("tick")),
        lot=BaseAmount(rule("lot")),
        min_quantity=BaseAmount(rule("min_quantity")),
        min_notional=Amount(rule("min_notional")),
        contract_size=BaseAmount(rule("contract_size")),
        tiers=tiers,
        liquidation_fee=CONTEXT.divide(liquidation_fee_bps, BPS),
    )


def _margin(override: InstrumentOverride | None, default: Rules | None) -> tuple[tuple[MarginTier, ...], Decimal]:
    """Return tiers and liquidation fee (basis points) of a market."""
    tiers = override.margin_tiers() if override is not None else None
    if tiers is None:
        rows = default.tiers if default is not None else ()
        tiers = margin_tiers(tuple((t.up_to, t.maintenance_bps, t.deduction, t.max_leverage) for t in rows))
    fee = override.liquidation_fee_bps if override is not None else None
    if fee is None:
        fee = default.liquidation_fee_bps if default is not None else Decimal(0)
    return tiers, fee
