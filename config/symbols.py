"""How symbols are written: ETH/USDT is spot, ETHUSDT-PERP a perpetual. Everything is quoted in USDT."""

import re
from typing import NamedTuple

from messages.units import Asset, TradeType

QUOTE = Asset("USDT")
SPOT_FORM = "BASE/USDT such as ETH/USDT"
PERP_FORM = "BASEUSDT-PERP such as ETHUSDT-PERP"
_SPOT = re.compile(r"([A-Za-z0-9]{1,20})/USDT")
_PERP = re.compile(r"([A-Za-z0-9]{1,20})USDT-PERP")


class Symbol(NamedTuple):
    """What a symbol says by its form."""

    trade_type: TradeType
    base: Asset
    quote: Asset


def symbol_of(text: str) -> Symbol | None:
    """Return what a symbol means; None if it is not of either form."""
    if match := _SPOT.fullmatch(text):
        return Symbol(TradeType.SPOT, Asset(match[1]), QUOTE)
    if match := _PERP.fullmatch(text):
        return Symbol(TradeType.PERP, Asset(match[1]), QUOTE)
    return None
