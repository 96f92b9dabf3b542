"""Which price an order gets in a simulation, and what it is charged. Pure; every rule of it is in this file.

Source: DESIGN section 7 (what a backtest means); who charges which asset: the exchanges' fee pages, quoted beside the
figures in config/venues.toml.
"""

from decimal import Decimal

from messages.instruments import Instrument, SlippageModel
from messages.market import Candle
from messages.units import BPS, BUY, PERP, SPOT, Amount, Asset, BaseAmount, Nanoseconds, Price, Side

_ONE = Decimal(1)


def is_fresh(candle: Candle, now: Nanoseconds, length_ns: int) -> bool:
    """Return whether an order may trade at this candle's close: it closed less than one candle length before now."""
    return now - candle.closed_at < length_ns


class Slippage:
    """Moves prices as a model says; what does not depend on the order is worked out once."""

    def __init__(self, model: SlippageModel) -> None:
        self._base_bps = model.base_bps
        self._impact_bps = model.impact_bps
        self._up = _ONE + model.base_bps / BPS
        self._down = _ONE - model.base_bps / BPS

    def price(self, candle: Candle, instrument: Instrument, side: Side, amount: Decimal) -> Price | None:
        """Return the price at which a market order of `amount` (base) fills: the close, moved against the taker.

        None where the model gives no positive price: an impact without volume, or a sale that moves the price to zero.
        """
        if not self._impact_bps:
            return Price(candle.close * (self._up if side is BUY else self._down))
        volume = candle.volume * instrument.contract_size
        if volume <= 0:
            return None
        bps = self._base_bps + self._impact_bps * amount / volume
        price = candle.close * (_ONE + bps / BPS if side is BUY else _ONE - bps / BPS)
        return Price(price) if price > 0 else None


def trade_fee(
    instrument: Instrument, side: Side, amount: Decimal, price: Decimal, rate: Decimal
) -> tuple[Amount, Asset]:
    """Return the fee of a fill and its asset: spot in what is received, perps in quote. `rate` is a fraction."""
    if instrument.trade_type is SPOT and side is BUY:
        return Amount(amount * rate), instrument.base
    return Amount(amount * price * rate), instrument.quote


def needed(instrument: Instrument, side: Side, amount: Decimal, price: Decimal, taker: Decimal) -> tuple[Asset, Amount]:
    """Return the asset that an order at this price takes out of the account, and how much at the most.

    A spot buy needs its quote, a spot sale its base; a perp order needs its taker fee in quote.
    """
    if instrument.trade_type is PERP:
        return instrument.quote, Amount(amount * price * taker)
    if side is BUY:
        return instrument.quote, Amount(amount * price)
    return instrument.base, Amount(amount)


def funding_payment(quantity: BaseAmount, mark: Price, rate: Decimal) -> Amount:
    """Return what a position receives at a funding instant, in quote: negative for a long at a positive rate."""
    return Amount(-quantity * mark * rate)
