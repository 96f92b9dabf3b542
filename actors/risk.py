"""Risk: what the exposure is worth, and whether an account is below zero. Limits before the trade are the gate's."""

from decimal import Decimal
from typing import Any

from actors.contract import Actor, Address
from messages.book import ExposureChanged, Liquidated, RiskMeasured
from messages.live import ForeignTrade, OpeningPosition
from messages.market import FundingPaid
from messages.orders import OrderFilled

_ZERO = Decimal(0)
_TRADES = (OrderFilled, Liquidated, ForeignTrade)


class Risk(Actor[ExposureChanged]):
    """Measures each change of exposure at the price of the fact that made it; stateless. Third of the tight loop."""

    def __init__(self, *, pnl: Address[RiskMeasured]) -> None:
        self._pnl = pnl
        self.handlers = {ExposureChanged: self._measure}

    def _measure(self, exposure: ExposureChanged) -> None:
        fact = exposure.book.fact
        price: Any  # what is multiplied by it is an Amount; calling that name costs more than multiplying
        if isinstance(fact, _TRADES):
            price = fact.price
        elif isinstance(fact, FundingPaid):
            price = _ZERO if fact.mark is None else fact.mark
        elif isinstance(fact, OpeningPosition):
            price = fact.entry_price
        else:
            price = _ZERO  # openings and payments have no price of their own
        overdrawn = False
        for balance in exposure.book.balances:
            if balance.amount < _ZERO:
                overdrawn = True
        self._pnl.tell(
            RiskMeasured(
                exposure=exposure,
                net_notional=exposure.net * price,
                gross_notional=exposure.gross * price,
                overdrawn=overdrawn,
            )
        )
