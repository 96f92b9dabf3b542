"""The strategy ``hold_basis``: buys spot and shorts the same base amount of the perp at start, closes both at the end.

What it earns is funding, and the change of the basis between its two ends; what it pays is fees and slippage. The perp
leg follows the spot leg's fill, so a refused purchase leaves no naked short; what of a short is refused, rejected or
cancelled (for want of volume, say) is sold again as spot. Where orders take time to arrive (`latency_ms`) both legs are
closed as long before the end, at the last slice from which they still act in the run; this takes slices as far apart as
the closest two that were seen, and at least two since the start or a restart.
"""

from collections.abc import Iterable
from decimal import Decimal

from actors.rounding import common_step, floor_to
from actors.strategies.contract import OwnEvent, StrategyContext
from messages.instructions import InstructionRefused, TradeInstruction
from messages.instruments import instrument_id
from messages.market import MarketSlice
from messages.orders import OrderCancelled, OrderFilled, OrderRejected
from messages.units import BUY, Nanoseconds, plain

_KEYS = ("amount", "base", "venue")
_SHORT, _UNWIND = "open-perp", "unwind-spot"


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
        self._due: dict[str, Decimal] = {}  # what shorts, and sales of what they left unhedged, have still to trade
        self._latency = context.venues[markets[0].venue].latency_ns
        self._seen: Nanoseconds | None = None  # when the slice before was; nothing to get back after a restart
        self._step: int | None = None

    def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:
        """Open at the first instant; close at the last, or so long before it that the orders still arrive."""
        if self._seen is not None:
            step = market.at - self._seen
            self._step = step if self._step is None else min(step, self._step)
        self._seen = market.at
        if market.at == self._context.start:
            return [self._context.trade(self._venue, self._spot, "BUY", self._amount, instruction_id="open-spot")]
        return self._closing() if self._is_last_call(market.at) else ()

    def _is_last_call(self, at: Nanoseconds) -> bool:
        """Whether orders that are given now act by the end, and those given at the next slice don't."""
        end = self._context.end
        if end is None or not self._latency:
            return at == end
        return self._step is not None and at + self._latency <= end < at + self._step + self._latency

    def on_event(self, event: OwnEvent) -> Iterable[TradeInstruction]:
        """Follow the purchase with the short, and what of a short comes to nothing with a sale."""
        if isinstance(event, OrderFilled) and event.instruction_id == "open-spot":
            name = self._name_of_short()
            return [self._context.trade(self._venue, self._perp, "SHORT", event.amount, instruction_id=name)]
        if isinstance(event, InstructionRefused | OrderRejected | OrderCancelled):
            name = _unwinding(event.instruction_id)
            if name in self._due:
                return [self._context.trade(self._venue, self._spot, "SELL", self._due[name], instruction_id=name)]
        return ()

    def apply(self, event: OwnEvent) -> None:
        """Keep what is open."""
        if isinstance(event, InstructionRefused | OrderRejected | OrderCancelled):
            if self._due.pop(event.instruction_id, None) and event.instruction_id.startswith(_SHORT):
                unhedged = self._held - self._short - sum(self._due.values())
                if unhedged > 0:
                    self._due[_unwinding(event.instruction_id)] = unhedged
            return
        if not isinstance(event, OrderFilled):
            return
        if event.instruction_id in self._due:
            self._due[event.instruction_id] -= event.amount
        change = event.amount if event.side is BUY else -event.amount
        market = self._context.instruments[event.instrument]
        if market.symbol == self._perp:
            self._short -= change
        else:
            self._held += change - (event.fee if event.fee_asset == market.base else 0)
            if event.instruction_id == "open-spot":
                self._bought += 1
                self._due[self._name_of_short()] = event.amount

    def _name_of_short(self) -> str:
        return _SHORT if self._bought == 1 else f"{_SHORT}-{self._bought}"

    def _closing(self) -> list[TradeInstruction]:
        closing = []
        held = self._held - sum(amount for name, amount in self._due.items() if name.startswith(_UNWIND))
        if held > 0:
            closing.append(self._context.trade(self._venue, self._spot, "SELL", held, instruction_id="close-spot"))
        if self._short > 0:
            closing.append(
                self._context.trade(
                    self._venue, self._perp, "LONG", self._short, reduce_only=True, instruction_id="close-perp"
                )
            )
        return closing


def _unwinding(short: str) -> str:
    """Return the name of the sale of what a short left unhedged; no name of ours where it is not a short's."""
    return short.replace(_SHORT, _UNWIND, 1) if short.startswith(_SHORT) else ""
