"""What the gate keeps: balances, what is held for open orders, and every market with its position and open amounts.

Sums over open orders are kept as they change and never added up anew, so that ten thousand resting orders cost an
instruction nothing. Only facts and the gate's own decisions change what stands here.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from actors.exchange.pricing import Slippage
from actors.margin import worst_case
from messages.instruments import FeeRates, Instrument, VenueModel
from messages.market import Candle
from messages.units import BUY, PERP, AccountName, Asset, InstructionId, InstrumentId, Price, Side

_ZERO = Decimal(0)


class Purse(msgspec.Struct):
    """An asset in an account: all of it, and what is held for open orders."""

    balance: Decimal = _ZERO
    held: Decimal = _ZERO


class Market(msgspec.Struct):
    """An instrument as the gate sees it.

    Attributes:
        leverage: Of its venue's perps.
        candle: The last completed one.
        quantity, cost: Of the perp position: base and quote, signed.
        buys, sells: What open orders may still add, in base; reduce-only ones add nothing.
        buys_in_flight, sells_in_flight: The part of all orders, reduce-only too, that the venue has not answered for.
        unknown: How many orders have an unknown outcome.
    """

    instrument: Instrument
    fees: FeeRates
    slippage: Slippage
    leverage: Decimal
    candle: Candle | None = None
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    buys: Decimal = _ZERO
    sells: Decimal = _ZERO
    buys_in_flight: Decimal = _ZERO
    sells_in_flight: Decimal = _ZERO
    unknown: int = 0

    def reducible(self, side: Side) -> Decimal:
        """Return how much of the position an order on this side may close when all in flight fill first.

        Orders that rest are left out: a reduce-only one is cut when it matches, so a stop and a take-profit may stand
        for the same position.
        """
        return -self.quantity - self.buys_in_flight if side is BUY else self.quantity - self.sells_in_flight

    def unrealised(self) -> Decimal:
        """Return unrealised P&L at the last close, in quote."""
        return _ZERO if self.candle is None else self.quantity * self.candle.close - self.cost

    def margin(self) -> Decimal:
        """Return unrealised P&L less the initial margin of the worst case of position and open orders, in quote."""
        if self.candle is None:
            return _ZERO
        mark = self.candle.close
        worst = worst_case(self.quantity, self.buys, self.sells) if self.buys or self.sells else abs(self.quantity)
        return self.quantity * mark - self.cost - worst * mark / self.leverage

    def add(self, side: Side, amount: Decimal) -> None:
        """Count an amount of open orders, or take it off again (negative)."""
        if side is BUY:
            self.buys += amount
        else:
            self.sells += amount

    def add_in_flight(self, side: Side, amount: Decimal) -> None:
        """Count an amount that the venue has not answered for, or take it off again (negative)."""
        if side is BUY:
            self.buys_in_flight += amount
        else:
            self.sells_in_flight += amount


class Change(msgspec.Struct, frozen=True):
    """An amendment that the venue has not answered yet: what the order becomes, and what was held before."""

    amount: Decimal
    price: Price
    held: Decimal
    held_before: Decimal
    left_before: Decimal


class Hold(msgspec.Struct):
    """What one open order may still take from a purse, and what it may still do to the position.

    Attributes:
        amount, filled: The order's total and what is filled of it, in base.
        left: What it may still fill at the most, also while a change is under way.
    """

    market: Market
    purse: Purse
    held: Decimal
    side: Side
    amount: Decimal
    left: Decimal
    price: Price | None
    reduce_only: bool
    filled: Decimal = _ZERO
    in_flight: bool = True
    unknown: bool = False
    change: Change | None = None


class Holds:
    """Balances, markets and open orders of all venues."""

    def __init__(self, venues: Iterable[VenueModel]) -> None:
        self.markets: dict[InstrumentId, Market] = {
            each.instrument_id: Market(
                each,
                venue.perp_fees if each.trade_type is PERP else venue.spot_fees,
                Slippage(venue.slippage),
                venue.leverage,
            )
            for venue in venues
            for each in venue.instruments
        }
        self.purses: defaultdict[tuple[AccountName, Asset], Purse] = defaultdict(Purse)
        self.open: dict[InstructionId, Hold] = {}
        self._perps: defaultdict[AccountName, list[Market]] = defaultdict(list)
        for market in self.markets.values():
            if market.instrument.trade_type is PERP:
                self._perps[market.instrument.account].append(market)

    def perps_of(self, account: AccountName) -> list[Market]:
        """Return the perp markets that an account trades."""
        return self._perps[account]

    def has_perps(self, account: AccountName) -> bool:
        """Return whether margin has a claim on an account: it has positions or open orders of perps."""
        return any(each.quantity or each.buys or each.sells for each in self._perps[account])

    def margin_of(self, account: AccountName) -> Decimal:
        """Return unrealised P&L less all initial margin of an account, in quote: what it adds to its free balance."""
        total = _ZERO
        for market in self._perps[account]:
            if market.quantity or market.buys or market.sells:
                total += market.margin()
        return total

    def hold(self, key: InstructionId, hold: Hold) -> None:
        """Set aside what a new order may take."""
        hold.purse.held += hold.held
        self.open[key] = hold
        if not hold.reduce_only:
            hold.market.add(hold.side, hold.left)
        hold.market.add_in_flight(hold.side, hold.left)

    def known(self, key: InstructionId) -> None:
        """The venue has the order."""
        hold = self.open.get(key)
        if hold is None:
            return
        if hold.unknown:
            hold.unknown = False
            hold.market.unknown -= 1
        if hold.in_flight:
            hold.in_flight = False
            hold.market.add_in_flight(hold.side, -hold.left)

    def lost(self, key: InstructionId) -> None:
        """Nobody knows whether the venue has the order."""
        hold = self.open.get(key)
        if hold is None or hold.unknown:
            return
        hold.unknown = True
        hold.market.unknown += 1
        if not hold.in_flight:
            hold.in_flight = True
            hold.market.add_in_flight(hold.side, hold.left)

    def filled(self, key: InstructionId, amount: Decimal) -> None:
        """Free the part of a hold that was used."""
        hold = self.open.get(key)
        if hold is None:
            return
        if amount >= hold.left:
            self.release(key)
            return
        hold.filled += amount
        self._resize(hold, hold.left - amount, hold.held - hold.held * amount / hold.left)

    def amending(self, key: InstructionId, amount: Decimal, price: Price, held: Decimal) -> None:
        """Hold for a change what is more than now, until the venue answers it."""
        hold = self.open[key]
        hold.change = Change(amount, price, held, hold.held, hold.left)
        self._resize(hold, max(hold.left, amount - hold.filled), max(hold.held, held))

    def settled(self, key: InstructionId, *, changed: bool) -> None:
        """The venue answered a change: it was made, or the order stays as it was."""
        hold = self.open.get(key)
        if hold is None or hold.change is None:
            return
        change, hold.change = hold.change, None
        if changed:
            hold.amount, hold.price = change.amount, change.price
        left = hold.amount - hold.filled
        if left <= 0:
            self.release(key)
            return
        held = change.held if changed else change.held_before
        of = change.amount - hold.filled if changed else change.left_before
        self._resize(hold, left, held if of == left else held * left / of)

    def _resize(self, hold: Hold, left: Decimal, held: Decimal) -> None:
        more = left - hold.left
        hold.purse.held += held - hold.held
        hold.held, hold.left = held, left
        if not hold.reduce_only:
            hold.market.add(hold.side, more)
        if hold.in_flight:
            hold.market.add_in_flight(hold.side, more)

    def release(self, key: InstructionId) -> None:
        """Free what an order that came to its end holds."""
        hold = self.open.pop(key, None)
        if hold is None:
            return
        hold.purse.held -= hold.held
        if not hold.reduce_only:
            hold.market.add(hold.side, -hold.left)
        if hold.in_flight:
            hold.market.add_in_flight(hold.side, -hold.left)
        if hold.unknown:
            hold.market.unknown -= 1
