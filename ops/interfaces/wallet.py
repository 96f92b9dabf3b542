"""The wallet of `ops.interfaces`: a place where ETH lies, and the price that values it.

No actor stands for it yet. What lies there is booked as opening facts, and a market of its own, at which nobody can
trade, carries its mark: ``eth_usd_price`` where a call gives one, else the price of ETH at the first venue that has one
at that instant, spot before perps.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_DOWN, Context, Decimal

from messages.instruments import FeeRates, Instrument, SlippageModel, VenueModel, instrument_id
from messages.market import Candle
from messages.units import (
    PERP,
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstrumentId,
    Price,
    TradeType,
    VenueName,
)

ETH = Asset("ETH")
WALLET_MARKET = instrument_id("wallet", "ETH/USDT")

_WEI = Decimal("1e-18")
_DOWN = Context(prec=100, rounding=ROUND_DOWN)
_ZERO = Decimal(0)
_ORDER: tuple[TradeType, ...] = (SPOT, PERP)


def wallet_model() -> VenueModel:
    """Return the wallet as the core knows it: one market that only has a price."""
    free = FeeRates(maker=_ZERO, taker=_ZERO)
    market = Instrument(
        instrument_id=WALLET_MARKET,
        venue=VenueName("wallet"),
        trade_type=SPOT,
        symbol="ETH/USDT",
        base=ETH,
        quote=Asset("USDT"),
        account=AccountName("wallet"),
        tick=Price(_WEI),
        lot=BaseAmount(_WEI),
        min_quantity=BaseAmount(_WEI),
        min_notional=Amount(_ZERO),
        contract_size=BaseAmount(Decimal(1)),
    )
    return VenueModel(
        venue=market.venue,
        instruments=(market,),
        spot_fees=free,
        perp_fees=free,
        slippage=SlippageModel(base_bps=_ZERO, impact_bps=_ZERO),
    )


def ranked(instruments: Iterable[Instrument]) -> tuple[InstrumentId, ...]:
    """Return the markets of ETH whose price may stand for the wallet's: spot first, in the order of the venues."""
    ours = [each for each in instruments if each.base == ETH and each.instrument_id != WALLET_MARKET]
    return tuple(each.instrument_id for kind in _ORDER for each in ours if each.trade_type is kind)


def first_price(markets: Iterable[InstrumentId], candles: Mapping[InstrumentId, Candle]) -> Candle | None:
    """Return the candle of the first of these markets that has one."""
    return next((candles[market] for market in markets if market in candles), None)


def bought(capital: Decimal, price: Decimal) -> Amount:
    """Return how much ETH a capital in USDT becomes, rounded down to the wei."""
    return Amount(_DOWN.divide(capital, price).quantize(_WEI, context=_DOWN))
