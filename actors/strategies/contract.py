"""What a strategy is. A user writes one of these in any importable file and names it ``module:Class`` in the config.

    class BuyOnce:
        stateless = True

        def __init__(self, context):
            self.context = context

        def on_slice(self, market):
            if market.at == self.context.start:
                yield self.context.trade("bybit", "ETH/USDT", "BUY", "0.5")

        def on_event(self, event):
            return ()

It sees every slice of market data once, and its own events as they happen; what it returns is traded, one instruction
after the other. A daemon restarts, so a strategy says how it gets its state back, by exactly one of

- ``stateless = True``: it keeps nothing that matters;
- ``snapshot()`` and ``restore(state)``: JSON-able state, journaled whenever it changed;
- ``apply(event)``: all its state changes there. Its own events, as far as they are journaled, are applied before
  `on_event` sees them, and again, from the journal, after a restart.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Protocol

from messages.book import PnlUpdated
from messages.instructions import InstructionRefused, InstructionRepeated, TradeInstruction
from messages.instruments import Instrument
from messages.market import FundingPaid, MarketSlice
from messages.orders import OrderAccepted, OrderCancelled, OrderExpired, OrderFilled, OrderRejected, OrderUnknown
from messages.units import SPOT, BaseAmount, InstructionId, InstrumentId, Nanoseconds, Side

OwnEvent = (
    OrderAccepted
    | OrderFilled
    | OrderRejected
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
    | FundingPaid
    | InstructionRefused
    | InstructionRepeated
)
"""What a strategy hears of its own instructions and positions. A fill and a funding payment come when the whole tight
loop (position, exposure, risk, P&L) is through; `StrategyContext.pnl` is then up to date."""

_SIDES = {"BUY": Side.BUY, "LONG": Side.BUY, "SELL": Side.SELL, "SHORT": Side.SELL}
_PREFIX = "S"
_LEAST, _BOUND = Decimal("1e-30"), Decimal("1e30")
_LONGEST_ID = 128


class StrategyContext:
    """What a strategy may know, and how it writes an instruction.

    Attributes:
        start: First instant of the run, in nanoseconds.
        end: Last instant; None where nobody knows it.
        params: ``[strategy.params]`` of the config, as it stands there.
        instruments: What can be traded, by ``venue:symbol``.
        pnl: Totals after the latest fact; None before the first.
    """

    def __init__(
        self,
        *,
        start: Nanoseconds,
        end: Nanoseconds | None,
        params: Mapping[str, object],
        instruments: Mapping[InstrumentId, Instrument],
    ) -> None:
        self.start = start
        self.end = end
        self.params = params
        self.instruments = instruments
        self.pnl: PnlUpdated | None = None
        self._numbered = 0
        self._checked: TradeInstruction | None = None  # the latest that was found good
        self._markets = {(str(each.venue), each.symbol): each for each in instruments.values()}

    def trade(
        self,
        venue: str,
        pair: str,
        side: str,
        amount: Decimal | str | int,
        *,
        reduce_only: bool = False,
        instruction_id: str | None = None,
    ) -> TradeInstruction:
        """Return an instruction to trade at the market.

        Args:
            venue: binance, bybit or okx.
            pair: ETH/USDT or ETHUSDT-PERP.
            side: BUY or LONG, SELL or SHORT: a change of the position, not a target.
            amount: In base, positive. No float: 0.1 is no binary number.
            reduce_only: Perps only.
            instruction_id: Yours; by default the next of S1, S2, ...

        Raises:
            ValueError: No such instrument, side or amount.
            TypeError: A float.
        """
        instrument = self._markets.get((venue, pair))
        if instrument is None:
            known = ", ".join(sorted(self.instruments))
            raise ValueError(f"no instrument {venue}:{pair}, expected one of {known}")
        if side not in _SIDES:
            raise ValueError(f"no side {side!r}, expected one of {', '.join(_SIDES)}")
        if isinstance(amount, float | bool):
            raise TypeError(f"amount {amount!r} is no decimal, expected a Decimal or a text such as '0.5'")
        if instruction_id is None:
            self._numbered += 1
            instruction_id = f"{_PREFIX}{self._numbered}"
        made = TradeInstruction(
            instruction_id=InstructionId(instruction_id),
            venue=instrument.venue,
            trade_type=instrument.trade_type,
            instrument=instrument.instrument_id,
            side=_SIDES[side],
            amount=BaseAmount(Decimal(amount)),
            reduce_only=reduce_only,
        )
        self.check(made)
        return made

    def check(self, wanted: TradeInstruction) -> None:
        """Look whether an instruction can be given at all.

        Raises:
            ValueError: It can't; the text says why.
        """
        if wanted is self._checked:
            return
        market = self.instruments.get(wanted.instrument)
        if market is None or market.venue != wanted.venue or market.trade_type is not wanted.trade_type:
            raise ValueError(f"no {wanted.trade_type} instrument {wanted.instrument} at {wanted.venue}")
        # Python does not hold a user's code to its annotations.
        amount: object = wanted.amount
        name: object = wanted.instruction_id
        if not isinstance(amount, Decimal) or not amount.is_finite() or not _LEAST <= amount < _BOUND:
            raise ValueError(f"amount {amount}, expected a decimal from 1e-30 to under 1e30")
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_ID or not name.isprintable():
            raise ValueError(f"instruction_id {name!r}, expected 1 to {_LONGEST_ID} printable characters")
        if wanted.reduce_only and market.trade_type is SPOT:
            raise ValueError("reduce_only is for perps")
        self._checked = wanted

    def saw(self, instruction_id: str) -> None:
        """Number on from an id of the journal, so that no id is given twice."""
        number = instruction_id.removeprefix(_PREFIX)
        if number != instruction_id and number.isascii() and number.isdigit():
            self._numbered = max(self._numbered, int(number))


class Strategy(Protocol):
    """See the head of this file. Built with the context as its one argument."""

    def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:
        """See the market at one instant, once, when everything of that instant is worked. Return what to trade."""

    def on_event(self, event: OwnEvent) -> Iterable[TradeInstruction]:
        """Hear what became of an instruction or a position. Return what to trade."""


def memory_of(strategy: object) -> str | None:
    """Return how a strategy gets its state back: stateless, snapshot or apply; None if it doesn't say which."""
    ways = [
        way
        for way, declared in (
            ("stateless", getattr(strategy, "stateless", False) is True),
            ("snapshot", hasattr(strategy, "snapshot") and hasattr(strategy, "restore")),
            ("apply", hasattr(strategy, "apply")),
        )
        if declared
    ]
    return ways[0] if len(ways) == 1 else None
