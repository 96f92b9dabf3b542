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
from actors.protection import Guard
from messages.instruments import FeeRates, Instrument, VenueModel
from messages.market import Candle
from messages.units import BUY, PERP, AccountName, Asset, InstructionId, InstrumentId, Price, Side

_ZERO = Decimal(0)
_ONE = Decimal(1)


class Purse(msgspec.Struct):
    """An asset in an account: all of it, and what is held for open orders."""

    balance: Decimal = _ZERO
    held: Decimal = _ZERO


class Claim(msgspec.Struct):
    """How much of an account's margin is certainly free: enough for most orders, without adding everything up again.

    Attributes:
        bound: In quote; what is free is not less.
        epoch: Of the gate, at which the bound was worked out. It means nothing in any other.
    """

    bound: Decimal = _ZERO
    epoch: int = -1


class Market(msgspec.Struct):
    """An instrument as the gate sees it.

    Attributes:
        leverage: Of its venue's perps.
        candle: The last completed one.
        quantity, cost: Of the perp position: base and quote, signed.
        buys, sells: What open orders may still add, in base; reduce-only ones add nothing.
        in_flight: Orders that the venue has not answered for, or whose outcome is unknown.
        unknown: How many orders have an unknown outcome.
        max_age_ns: How old a price may be on which an order is decided.
        guard: Of its market orders, where there is slippage protection.
    """

    instrument: Instrument
    fees: FeeRates
    slippage: Slippage
    leverage: Decimal
    base: Purse
    quote: Purse
    is_perp: bool
    claim: Claim
    candle: Candle | None = None
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO
    buys: Decimal = _ZERO
    sells: Decimal = _ZERO
    in_flight: "dict[InstructionId, Hold]" = {}
    unknown: int = 0
    max_age_ns: int = 0
    guard: Guard | None = None

    def reducible(self, side: Side) -> Decimal:
        """Return how much of the position an order on this side may close when all in flight fill first.

        Orders that rest are left out: a reduce-only one is cut when it matches, so a stop and a take-profit may stand
        for the same position.
        """
        left = -self.quantity if side is BUY else self.quantity
        for hold in self.in_flight.values():
            if hold.side is side:
                left -= hold.left
        return left

    def unrealised(self) -> Decimal:
        """Return unrealised P&L at the last close, in quote."""
        return _ZERO if self.candle is None else self.quantity * self.candle.close - self.cost

    def margin(self) -> Decimal:
        """Return unrealised P&L less the initial margin of the worst case of position and open orders, in quote."""
        if self.candle is None:
            return _ZERO
        mark, quantity = self.candle.close, self.quantity
        worst = worst_case(quantity, self.buys, self.sells) * mark
        return quantity * mark - self.cost - (worst if self.leverage == _ONE else worst / self.leverage)

    def add(self, side: Side, amount: Decimal) -> None:
        """Count an amount of open orders, or take it off again (negative)."""
        if side is BUY:
            self.buys += amount
        else:
            self.sells += amount


class Change(msgspec.Struct, frozen=True):
    """An amendment that the venue has not answered yet.

    Attributes:
        amount, price: What the order becomes.
        held: What is held then, for as much as would have been left when the change was sent.
        held_before: The same, as it was before, for `left_before`.
    """

    amount: Decimal
    price: Price
    left: Decimal
    held: Decimal
    left_before: Decimal
    held_before: Decimal


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
    unknown: bool = False
    change: Change | None = None


class Holds:
    """Balances, markets and open orders of all venues."""

    def __init__(self, venues: Iterable[VenueModel]) -> None:
        self.purses: defaultdict[tuple[AccountName, Asset], Purse] = defaultdict(Purse)
        claims: defaultdict[AccountName, Claim] = defaultdict(Claim)
        self.markets: dict[InstrumentId, Market] = {
            each.instrument_id: Market(
                each,
                venue.perp_fees if each.trade_type is PERP else venue.spot_fees,
                Slippage(venue.slippage),
                venue.leverage,
                self.purses[each.account, each.base],
                self.purses[each.account, each.quote],
                each.trade_type is PERP,
                claims[each.account],
            )
            for venue in venues
            for each in venue.instruments
        }
        self.open: dict[InstructionId, Hold] = {}
        self._perps: defaultdict[AccountName, list[Market]] = defaultdict(list)
        for market in self.markets.values():
            if market.instrument.trade_type is PERP:
                self._perps[market.instrument.account].append(market)

    def unrealised_of(self, account: AccountName) -> Decimal:
        """Return unrealised P&L of all perps of an account, in quote."""
        return sum((each.unrealised() for each in self._perps[account]), _ZERO)

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
        """Set aside what a new order may take. What it may add to the position was counted by `Market.add`."""
        hold.purse.held += hold.held
        self.open[key] = hold.market.in_flight[key] = hold

    def known(self, key: InstructionId) -> None:
        """The venue has the order."""
        hold = self.open.get(key)
        if hold is None:
            return
        if hold.unknown:
            hold.unknown = False
            hold.market.unknown -= 1
        hold.market.in_flight.pop(key, None)

    def lost(self, key: InstructionId) -> None:
        """Nobody knows whether the venue has the order."""
        hold = self.open.get(key)
        if hold is None or hold.unknown:
            return
        hold.unknown = True
        hold.market.unknown += 1
        hold.market.in_flight[key] = hold

    def filled(self, key: InstructionId, amount: Decimal) -> None:
        """Free the part of a hold that was used."""
        hold = self.open.get(key)
        if hold is None:
            return
        if amount >= hold.left:
            self._free(self.open.pop(key), key)
            return
        hold.filled += amount
        self._resize(hold, hold.left - amount, hold.held - hold.held * amount / hold.left)

    def amending(self, key: InstructionId, amount: Decimal, price: Price, held: Decimal) -> None:
        """Hold for a change what is more than now, until the venue answers it."""
        hold = self.open[key]
        left = amount - hold.filled
        hold.change = Change(amount, price, left, held, hold.left, hold.held)
        self._resize(hold, max(hold.left, left), max(hold.held, held))

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
        of = change.left if changed else change.left_before
        self._resize(hold, left, held if of == left else held * left / of)

    def is_now(self, key: InstructionId, amount: Decimal, price: Price) -> None:
        """Take an order as the venue has it, whoever made it so: a person by hand, or the venue, which cut it."""
        hold = self.open.get(key)
        if hold is None or hold.price is None or (hold.amount, hold.price) == (amount, price):
            return
        left = amount - hold.filled
        if left <= 0:
            return  # its end follows
        held = hold.held * left / hold.left
        if hold.side is BUY and price > hold.price:
            held = held * price / hold.price
        hold.amount, hold.price = amount, price
        self._resize(hold, left, held)

    def _resize(self, hold: Hold, left: Decimal, held: Decimal) -> None:
        more = left - hold.left
        hold.purse.held += held - hold.held
        hold.held, hold.left = held, left
        if not hold.reduce_only:
            hold.market.add(hold.side, more)

    def release(self, key: InstructionId) -> None:
        """Free what an order that came to its end holds."""
        hold = self.open.pop(key, None)
        if hold is not None:
            self._free(hold, key)

    @staticmethod
    def _free(hold: Hold, key: InstructionId) -> None:
        market = hold.market
        hold.purse.held -= hold.held
        if not hold.reduce_only:
            if hold.side is BUY:
                market.buys -= hold.left
            else:
                market.sells -= hold.left
        market.in_flight.pop(key, None)
        if hold.unknown:
            market.unknown -= 1
