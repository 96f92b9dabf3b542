"""What can be traded where, and by which rules."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstrumentId,
    Price,
    TradeType,
    VenueName,
)


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """One market of one venue, with the rules an order must keep.

    Attributes:
        instrument_id: ``venue:symbol``.
        account: The account that its trades are settled in: the venue's, or binance.perp.
        tick: Smallest step of a limit price, in quote.
        lot: Smallest step of an order amount, in base.
        min_quantity: Smallest order amount, in base.
        min_notional: Smallest amount times price, in quote; 0 where the venue has none.
        contract_size: Base units in one contract; 1 where the venue counts in base. Candle volume of such a venue is in
            contracts.
    """

    instrument_id: InstrumentId
    venue: VenueName
    trade_type: TradeType
    symbol: str
    base: Asset
    quote: Asset
    account: AccountName
    tick: Price
    lot: BaseAmount
    min_quantity: BaseAmount
    min_notional: Amount
    contract_size: BaseAmount


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue charges, as fractions of the amount or notional: 0.001 is ten basis points."""

    maker: Decimal
    taker: Decimal


class SlippageModel(msgspec.Struct, frozen=True, kw_only=True):
    """How far a market order moves the price against itself.

    In basis points: `base_bps` + `impact_bps` * amount / volume, where volume is that of the last completed candle, in
    base. The ``fixed`` model has no impact.
    """

    base_bps: Decimal
    impact_bps: Decimal


class VenueModel(msgspec.Struct, frozen=True, kw_only=True):
    """A venue as the gate and the simulated exchange know it.

    Attributes:
        instruments: Every market of this venue that has rules and prices in this run.
        spot_fees, perp_fees: Rates by trade type.
    """

    venue: VenueName
    instruments: tuple[Instrument, ...]
    spot_fees: FeeRates
    perp_fees: FeeRates
    slippage: SlippageModel


def instrument_id(venue: str, symbol: str) -> InstrumentId:
    """Return the id of a symbol, written as in instructions, at a venue."""
    return InstrumentId(f"{venue}:{symbol}")


def instruments_of(models: Iterable[VenueModel]) -> dict[InstrumentId, Instrument]:
    """Return all instruments of all venues, venues in the order given."""
    return {each.instrument_id: each for model in models for each in model.instruments}
