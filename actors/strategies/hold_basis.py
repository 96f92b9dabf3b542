"""The strategy ``hold_basis``: buys spot and shorts the same base amount of the perp at start, closes both at the end.

What it earns is funding, and the change of the basis between its two ends; what it pays is fees and slippage. The perp
leg follows the spot leg's fill, so a refused purchase leaves no naked short; a refused short sells the spot again.
"""

from collections.abc import Iterable
from decimal import Decimal

from actors.rounding import common_step, floor_to
from actors.strategies.contract import OwnEvent, StrategyContext
from messages.instructions import InstructionRefused, TradeInstruction
from messages.instruments import instrument_id
from messages.market import MarketSlice
from messages.orders import OrderFilled, OrderRejected
from messages.units import BUY, plain

_KEYS = ("amount", "base", "venue")


class HoldBasis:
    """Long spot, short perp, equal in base.

    Params:
        venue: Where both legs trade.
        base: Asset, such as ETH; quoted in USDT.
        amount: Of each leg, in base; rounded down to a whole number of both markets' lots.
    """

    def __init__(self, context: StrategyContext) -> None:
        """Read the params.

        Raises:
            ValueError: A param is missing, unknown or wrong, or the venue lacks one of the two markets.
        """
        self._context = context
        params = dict(context.params)
        if sorted(params) != sorted(_KEYS):
            raise ValueError(f"hold_basis takes {', '.join(_KEYS)}, got {', '.join(sorted(params)) or 'nothing'}")
        self._venue, base, amount = str(params["venue"]), str(params["base"]), str(params["amount"])
        self._spot, self._perp = f"{base}/USDT", f"{base}USDT-PERP"
        markets = []
        for pair in (self._spot, self._perp):
            market = context.instruments.get(instrument_id(self._venue, pair))
            if market is None:
                raise ValueError(f"hold_basis needs {self._venue}:{pair}, which has no prices or rules here")
            markets.append(market)
        try:
            wanted = Decimal(amount)
        except ArithmeticError:
            wanted = Decimal("NaN")
        if not wanted.is_finite() or not 0 < wanted < Decimal("1e30"):
            raise ValueError(f'hold_basis: amount is {amount}, expected a positive decimal such as "10"')
        self._amount = floor_to(wanted, common_step(markets[0].lot, markets[1].lot))
        if not self._amount:
            lots = " and ".join(plain(each.lot) for each in markets)
            raise ValueError(f"hold_basis: amount {amount} is less than one lot of both markets ({lots})")
        self._held = Decimal(0)  # base bought and not sold, net of fees taken in base
        self._short = Decimal(0)
        self._bought = 0  # fills of the purchase

    def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:
        """Open at the first instant, close at the last."""
        if market.at == self._context.start:
            return [self._context.trade(self._venue, self._spot, "BUY", self._amount, instruction_id="open-spot")]
        if market.at == self._context.end:
            return self._closing()
        return ()

    def on_event(self, event: OwnEvent) -> Iterable[TradeInstruction]:
        """Follow the purchase with the short, and a refused short with a sale."""
        if isinstance(event, OrderFilled) and event.instruction_id == "open-spot":
            name = "open-perp" if self._bought == 1 else f"open-perp-{self._bought}"
            return [self._context.trade(self._venue, self._perp, "SHORT", event.amount, instruction_id=name)]
        if isinstance(event, InstructionRefused | OrderRejected) and event.instruction_id.startswith("open-perp"):
            return self._closing()
        return ()

    def apply(self, event: OwnEvent) -> None:
        """Keep what is open."""
        if not isinstance(event, OrderFilled):
            return
        change = event.amount if event.side is BUY else -event.amount
        market = self._context.instruments[event.instrument]
        if market.symbol == self._perp:
            self._short -= change
        else:
            self._bought += event.instruction_id == "open-spot"
            self._held += change - (event.fee if event.fee_asset == market.base else 0)

    def _closing(self) -> list[TradeInstruction]:
        closing = []
        if self._held > 0:
            closing.append(
                self._context.trade(self._venue, self._spot, "SELL", self._held, instruction_id="close-spot")
            )
        if self._short > 0:
            closing.append(
                self._context.trade(
                    self._venue, self._perp, "LONG", self._short, reduce_only=True, instruction_id="close-perp"
                )
            )
        return closing
