"""Which price an order gets in a simulation, and what it is charged. Pure; every rule of it is in this file.

Source: DESIGN section 7 (what a backtest means); who charges which asset: the exchanges' fee pages, quoted beside the
figures in config/venues.toml.
"""

from decimal import Decimal
from typing import NamedTuple

from messages.instruments import FeeRates, Instrument, SlippageModel
from messages.market import Candle
from messages.units import BPS, BUY, MAKER, SELL, SPOT, Amount, Asset, BaseAmount, Liquidity, Nanoseconds, Price, Side

_ONE = Decimal(1)


def is_fresh(candle: Candle, now: Nanoseconds, length_ns: int) -> bool:
    """Return whether an order may trade at this candle's close: it closed less than one candle length before now."""
    return now - candle.closed_at < length_ns


def opened_at(candle: Candle, length_ns: int) -> int:
    """Return the latest acceptance, in nanoseconds, of orders that this candle concerns: when it opened.

    A quote opens when it closes and has no span behind it, so it concerns only what was accepted earlier.
    """
    return candle.closed_at - 1 if candle.is_quote else candle.closed_at - length_ns


class Slippage:
    """Moves prices as a model says; what does not depend on the order is worked out once.

    Attributes:
        fixed: What a price is multiplied with, by side, where it depends on nothing else; None where it does.
    """

    def __init__(self, model: SlippageModel) -> None:
        self._base_bps = model.base_bps
        self._impact_bps = model.impact_bps
        self._up = _ONE + model.base_bps / BPS
        self._down = _ONE - model.base_bps / BPS
        self.fixed = None if model.impact_bps else {BUY: self._up, SELL: self._down}

    def price(self, candle: Candle, instrument: Instrument, side: Side, amount: Decimal) -> Price | None:
        """Return the price at which a market order of `amount` (base) fills: the close, moved against the taker.

        None where the model gives no positive price: an impact without volume, or a sale that moves the price to zero.
        """
        return self.moved(candle.close, candle, instrument, side, amount)

    def moved(
        self, price: Decimal, candle: Candle, instrument: Instrument, side: Side, amount: Decimal
    ) -> Price | None:
        """Return any price moved against a taker of `amount` (base) in the volume of this candle; None as in `price`.

        At no volume an impact gives no price.
        """
        if not self._impact_bps:
            return Price(price * (self._up if side is BUY else self._down))
        volume = candle.volume * instrument.contract_size
        if volume <= 0:
            return None
        bps = self._base_bps + self._impact_bps * amount / volume
        price = price * (_ONE + bps / BPS if side is BUY else _ONE - bps / BPS)
        return Price(price) if price > 0 else None

    def forced(self, candle: Candle, instrument: Instrument, side: Side, amount: Decimal) -> Price:
        """Return the price at which a venue closes a position by force: as in `price`, but there always is one.

        Where the model gives none (no volume, or the whole of it would be moved to zero) only `base_bps` move the
        close.
        """
        price = self.price(candle, instrument, side, amount)
        return Price(candle.close * (self._up if side is BUY else self._down)) if price is None else price


class Charge(NamedTuple):
    """What one kind of fill of one instrument is charged.

    Attributes:
        rate: A fraction; negative for a rebate.
        asset: In which it is charged.
        in_base: `asset` is the base asset, so the rate is of the amount; else of the notional.
    """

    rate: Decimal
    asset: Asset
    in_base: bool

    def of(self, amount: Decimal, notional: Decimal) -> Amount:
        """Return the fee of a fill: positive when charged."""
        return Amount((amount if self.in_base else notional) * self.rate)


def charge_for(instrument: Instrument, fees: FeeRates, side: Side, liquidity: Liquidity) -> Charge:
    """Return what a fill is charged: spot in what is received, perps in quote.

    Spot fees are in quote on both sides where the venue says so (`in_quote`); a maker's rebate is paid in what he gave
    where it says that (`rebate_in_given`).
    """
    rate = fees.maker if liquidity is MAKER else fees.taker
    if instrument.trade_type is not SPOT or fees.in_quote:
        return Charge(rate, instrument.quote, in_base=False)
    in_base = side is BUY
    if fees.rebate_in_given and liquidity is MAKER and rate < 0:
        in_base = not in_base
    return Charge(rate, instrument.base if in_base else instrument.quote, in_base)


def funding_payment(quantity: BaseAmount, mark: Price, rate: Decimal) -> Amount:
    """Return what a position receives at a funding instant, in quote: negative for a long at a positive rate."""
    return Amount(-quantity * mark * rate)
