"""Risk: what the exposure is worth, and whether an account is below zero. Limits before the trade are the gate's."""

from decimal import Decimal

from actors.contract import Actor, Address
from messages.book import ExposureChanged, RiskMeasured
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import Amount

_ZERO = Decimal(0)


class Risk(Actor[ExposureChanged]):
    """Measures each change of exposure at the price of the fact that made it; stateless. Third of the tight loop."""

    def __init__(self, *, pnl: Address[RiskMeasured]) -> None:
        self._pnl = pnl

    def receive(self, message: ExposureChanged) -> None:
        fact = message.book.fact
        if isinstance(fact, OrderFilled):
            price: Decimal = fact.price
        elif isinstance(fact, FundingPaid):
            price = fact.mark
        else:
            price = _ZERO  # an opening has no price of its own
        overdrawn = False
        for balance in message.book.balances:
            overdrawn = overdrawn or balance.amount < 0
        self._pnl.tell(
            RiskMeasured(
                exposure=message,
                net_notional=Amount(message.net * price),
                gross_notional=Amount(message.gross * price),
                overdrawn=overdrawn,
            )
        )
