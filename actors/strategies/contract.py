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
from typing import Protocol, Unpack

from msgspec.structs import replace

from actors.strategies.terms import BOUND, LEAST, Number, Terms, amend, check_terms, read
from messages.book import Balance, InsurancePaid, Liquidated, PnlUpdated, Position
from messages.instructions import (
    AmendInstruction,
    AmendRefused,
    CancelAllInstruction,
    CancelInstruction,
    CancelRefused,
    Instruction,
    InstructionRefused,
    InstructionRepeated,
    TradeInstruction,
)
from messages.instruments import Instrument, VenueModel, instruments_of
from messages.market import FundingPaid, MarketSlice
from messages.orders import (
    AmendRejected,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderTriggered,
    OrderUnknown,
)
from messages.units import (
    SPOT,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    InstructionId,
    InstrumentId,
    Nanoseconds,
    Side,
    VenueName,
)

OwnEvent = (
    OrderAccepted
    | OrderTriggered
    | OrderFilled
    | OrderRejected
    | OrderAmended
    | AmendRejected
    | AmendRefused
    | CancelRejected
    | CancelRefused
    | OrderCancelled
    | OrderExpired
    | OrderUnknown
    | FundingPaid
    | Liquidated
    | InsurancePaid
    | InstructionRefused
    | InstructionRepeated
)
"""What a strategy hears of its own instructions and positions. A fill, a funding payment and a liquidation come when
the whole tight loop (position, exposure, risk, P&L) is through; the context is then up to date."""

_SIDES = {"BUY": Side.BUY, "LONG": Side.BUY, "SELL": Side.SELL, "SHORT": Side.SELL}
_PREFIX = "S"
_BINARY = (float, bool)
_LONGEST_ID = 128
_MANY = 1_000


class StrategyContext:
    """What a strategy may know, and how it writes an instruction.

    Attributes:
        start: First instant of the run, in nanoseconds; live and on paper when its journal's first start was.
        end: Last instant; None where nobody knows it.
        params: ``[strategy.params]`` of the config, as it stands there.
        venues: Fees, slippage and leverage of each configured venue, in the order of the config.
        instruments: What can be traded, by ``venue:symbol``.
        pnl: Totals after the latest fact; None before the first.
        unsettled: Live venues that began anew and have not settled what was unfinished: what is new for them is refused
            BUSY until they have. The host keeps it.
    """

    def __init__(
        self,
        *,
        start: Nanoseconds,
        end: Nanoseconds | None,
        params: Mapping[str, object],
        venues: Iterable[VenueModel],
    ) -> None:
        self.start = start
        self.end = end
        self.params = params
        self.venues: Mapping[VenueName, VenueModel] = {each.venue: each for each in venues}
        self.instruments: Mapping[InstrumentId, Instrument] = instruments_of(self.venues.values())
        self.pnl: PnlUpdated | None = None
        self.unsettled: set[VenueName] = set()
        self._balances: dict[tuple[AccountName, Asset], Amount] = {}
        self._positions: dict[InstrumentId, Position] = {}
        self._news: list[tuple[Iterable[Balance], Position | None]] = []
        self._numbered = 0
        self._checked: TradeInstruction | None = None  # the latest that was found good
        self._markets = {(str(each.venue), each.symbol): each for each in self.instruments.values()}

    def trade(
        self,
        venue: str,
        pair: str,
        side: str,
        amount: Decimal | str | int,
        *,
        reduce_only: bool = False,
        instruction_id: str | None = None,
        **terms: Unpack[Terms],
    ) -> TradeInstruction:
        """Return an instruction to trade.

        Args:
            venue: binance, bybit or okx.
            pair: ETH/USDT or ETHUSDT-PERP.
            side: BUY or LONG, SELL or SHORT: a change of the position, not a target.
            amount: In base, positive. No float: 0.1 is no binary number.
            reduce_only: Perps only.
            instruction_id: Yours; by default the next of S1, S2, ...
            terms: How; see `Terms`. Without any, at once at the market.

        Raises:
            ValueError: No such instrument, side, amount or term, or terms that don't belong together.
            TypeError: A float.
        """
        instrument = self._markets.get((venue, pair))
        if instrument is None:
            known = ", ".join(sorted(self.instruments))
            raise ValueError(f"no instrument {venue}:{pair}, expected one of {known}")
        if side not in _SIDES:
            raise ValueError(f"no side {side!r}, expected one of {', '.join(_SIDES)}")
        if isinstance(amount, _BINARY):
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
        if terms:
            made = replace(made, **read(terms))
            check_terms(made, instrument)
        self._check(made, instrument)
        return made

    def cancel(self, instruction_id: str) -> CancelInstruction:
        """Return an instruction to cancel the order of an earlier one."""
        return CancelInstruction(instruction_id=InstructionId(instruction_id))

    def cancel_all(self, venue: str) -> CancelAllInstruction:
        """Return an instruction to cancel every open order at a venue.

        Raises:
            ValueError: No such venue.
        """
        if venue not in self.venues:
            raise ValueError(f"no venue {venue!r}, expected one of {', '.join(self.venues)}")
        return CancelAllInstruction(venue=VenueName(venue))

    def amend(
        self, instruction_id: str, *, price: Number | None = None, amount: Number | None = None
    ) -> AmendInstruction:
        """Return an instruction to change price or total amount (base) of an open LIMIT order.

        Raises:
            ValueError, TypeError: Neither, or no number.
        """
        return amend(instruction_id, price, amount)

    @property
    def balances(self) -> Mapping[tuple[AccountName, Asset], Amount]:
        """What each account holds of each asset, without unrealised P&L, as of the latest fact."""
        self._catch_up()
        return self._balances

    @property
    def positions(self) -> Mapping[InstrumentId, Position]:
        """Net perp positions as of the latest fact; one that was closed stays, with quantity 0."""
        self._catch_up()
        return self._positions

    def booked(self, balances: Iterable[Balance], position: Position | None) -> None:
        """Take over what a fact changed, when somebody asks; the host calls this."""
        self._news.append((balances, position))
        if len(self._news) >= _MANY:
            self._catch_up()

    def forget(self) -> None:
        """Begin anew, before a journal is folded; the host calls this."""
        self._news.clear()
        self._balances.clear()
        self._positions.clear()
        self.unsettled.clear()

    def _catch_up(self) -> None:
        for balances, position in self._news:
            for balance in balances:
                self._balances[balance.account, balance.asset] = balance.amount
            if position is not None:
                self._positions[position.instrument] = position
        self._news.clear()

    def check_any(self, wanted: object) -> Instruction:
        """Return what a strategy wants if it can be given at all.

        Raises:
            TypeError: It is no instruction.
            ValueError: One that the methods of this class would not have made.
        """
        match wanted:
            case TradeInstruction():
                self.check(wanted)
            case CancelInstruction():
                name: object = wanted.instruction_id  # Python does not hold a user's code to its annotations
                if not isinstance(name, str) or not name:
                    raise ValueError(f"instruction_id {name!r}, expected that of an open order")
            case CancelAllInstruction():
                self.cancel_all(wanted.venue)
            case AmendInstruction():
                amend(wanted.instruction_id, wanted.price, wanted.amount)
            case _:
                kind = type(wanted).__name__
                raise TypeError(f"a strategy returns instructions (context.trade(...)), not {kind}")
        return wanted

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
        check_terms(wanted, market)
        self._check(wanted, market)

    def _check(self, wanted: TradeInstruction, market: Instrument) -> None:
        # Python does not hold a user's code to its annotations.
        amount: object = wanted.amount
        name: object = wanted.instruction_id
        if not isinstance(amount, Decimal) or not amount.is_finite() or not LEAST <= amount < BOUND:
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

    def on_slice(self, market: MarketSlice) -> Iterable[Instruction]:
        """See the market at one instant, once, when everything of that instant is worked. Return what to trade."""

    def on_event(self, event: OwnEvent) -> Iterable[Instruction]:
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
