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
    Nanoseconds,
    Price,
    TradeType,
    VenueName,
)


class MarginTier(msgspec.Struct, frozen=True, kw_only=True):
    """Margin rules of a perp position up to some size.

    Attributes:
        up_to: Largest notional of the tier, in quote; None: there is no larger tier.
        maintenance: Maintenance margin as a fraction of the notional.
        deduction: Taken off the maintenance margin, in quote, so that it does not jump between tiers.
        max_leverage: Highest leverage at which a position of this size may be opened.
    """

    up_to: Amount | None
    maintenance: Decimal
    deduction: Amount
    max_leverage: Decimal


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
        tiers: Margin rules by size of position, smallest first; perps only.
        liquidation_fee: Charged on top of the taker fee when the venue closes the position, as a fraction.
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
    tiers: tuple[MarginTier, ...] = ()
    liquidation_fee: Decimal = Decimal(0)


class FeeRates(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue charges, as fractions of the amount or notional: 0.001 is ten basis points.

    Attributes:
        in_quote: Spot only: the fee is always charged in quote, not in what is received (OKX by choice).
        rebate_in_given: Spot only: a maker's rebate is paid in the asset that he gave, not in what he received (Bybit).
    """

    maker: Decimal
    taker: Decimal
    in_quote: bool = False
    rebate_in_given: bool = False


class FillModel(msgspec.Struct, frozen=True, kw_only=True):
    """How a simulated venue fills what rests.

    Attributes:
        max_share: Of a candle's volume, which all fills of an instrument in it share; None: no limit.
        touch: A resting order fills when the price touches its limit; else only when it goes through.
    """

    max_share: Decimal | None = None
    touch: bool = False


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
        leverage: Of perp positions: initial margin = notional / leverage.
        latency_ns: How long an order takes to reach a simulated venue.
    """

    venue: VenueName
    instruments: tuple[Instrument, ...]
    spot_fees: FeeRates
    perp_fees: FeeRates
    slippage: SlippageModel
    fill: FillModel = FillModel()
    leverage: Decimal = Decimal(1)
    latency_ns: Nanoseconds = Nanoseconds(0)


def instrument_id(venue: str, symbol: str) -> InstrumentId:
    """Return the id of a symbol, written as in instructions, at a venue."""
    return InstrumentId(f"{venue}:{symbol}")


def instruments_of(models: Iterable[VenueModel]) -> dict[InstrumentId, Instrument]:
    """Return all instruments of all venues, venues in the order given."""
    return {each.instrument_id: each for model in models for each in model.instruments}
