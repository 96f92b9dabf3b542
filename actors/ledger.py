"""The book: balances of every account, and net perp positions with signed quantity and signed cost.

Double entry: every amount that changes a balance is moved from one account to another, so the sum over all accounts is
nought in every asset, always. What is not ours has accounts too, named by their kind: ``opening:``, ``market:VENUE``
(the other side of trades), ``fees:VENUE`` (liquidation fees too), ``funding:VENUE``, ``pnl:VENUE`` (the other side of
realised P&L) and ``insurance:VENUE`` (which pays what a liquidated account is short of).
Decimals have 40 digits, so the sum is exact until a number needs more.

A partial close takes cost * closed / |quantity|, rounded to 1e-18; the remainder stays. A flip closes the whole and
opens the rest at the fill's price.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import assert_never, get_args

from actors.rounding import to_cost_step
from messages.book import Balance, BookChanged, Fact, InsurancePaid, Liquidated, Opening, Position
from messages.instruments import Instrument
from messages.journal import Record
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import BUY, PERP, AccountName, Amount, Asset, BaseAmount, InstrumentId, VenueName

_ZERO = Decimal(0)
_NOTHING = Amount(_ZERO)
_OPENING = AccountName("opening:")


def traded(quantity: Decimal, cost: Decimal, change: Decimal, price: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """Return quantity, cost and realised P&L after a fill.

    Args:
        quantity: Before the fill, in base, signed.
        cost: Before the fill, in quote, signed like the quantity.
        change: What was bought (positive) or sold (negative), in base.
        price: Of the fill.
    """
    after = quantity + change
    if not quantity or (quantity > 0) == (change > 0):
        return after, cost + change * price, _ZERO
    if not after:
        return _ZERO, _ZERO, -change * price - cost
    if (after > 0) == (quantity > 0):
        removed = to_cost_step(cost * -change / quantity)
        return after, cost - removed, -change * price - removed
    return after, after * price, quantity * price - cost


_Books = defaultdict[AccountName, defaultdict[Asset, Decimal]]


class Ledger:
    """Books facts, each once, and says what they changed."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self._accounts: defaultdict[AccountName, defaultdict[Asset, Decimal]] = defaultdict(
            lambda: defaultdict(Decimal)
        )
        self._positions: dict[InstrumentId, tuple[Decimal, Decimal]] = {}
        self._others = {
            each.venue: tuple(AccountName(f"{kind}:{each.venue}") for kind in ("market", "fees", "funding", "pnl"))
            for each in instruments.values()
        }
        self._facts = get_args(Fact)

    def book(self, fact: Fact) -> BookChanged:
        """Book a fact and return what it changed."""
        match fact:
            case OrderFilled():
                if self._instruments[fact.instrument].trade_type is PERP:
                    return self._perp_fill(fact)
                return self._spot_fill(fact)
            case FundingPaid():
                return self._funding(fact)
            case Liquidated():
                return self._liquidated(fact)
            case InsurancePaid():
                self._move(AccountName(f"insurance:{fact.venue}"), fact.account, fact.asset, fact.amount)
                return BookChanged(
                    fact=fact,
                    balances=(self._balance(fact.account, fact.asset),),
                    position=None,
                    realised=_NOTHING,
                    fee_in_quote=_NOTHING,
                )
            case Opening():
                self._move(_OPENING, fact.account, fact.asset, fact.amount)
                return BookChanged(
                    fact=fact,
                    balances=(self._balance(fact.account, fact.asset),),
                    position=None,
                    realised=_NOTHING,
                    fee_in_quote=_NOTHING,
                )
            case _:
                assert_never(fact)

    def fold(self, record: Record) -> BookChanged | None:
        """Book a journaled entry if it is a fact of the book."""
        entry = record.entry
        return self.book(entry) if isinstance(entry, self._facts) else None

    def _perp_fill(self, fill: OrderFilled) -> BookChanged:
        instrument = self._instruments[fill.instrument]
        account, quote = instrument.account, instrument.quote
        _, fees, _, pnl = self._others[fill.venue]
        quantity, cost = self._positions.get(fill.instrument, (_ZERO, _ZERO))
        change = fill.amount if fill.side is BUY else -fill.amount
        quantity, cost, realised = traded(quantity, cost, change, fill.price)
        self._positions[fill.instrument] = quantity, cost
        books, fee = self._accounts, fill.fee
        if fill.fee_asset != quote:  # such as BNB; seldom, so the usual way stays short
            self._move(account, fees, fill.fee_asset, fee)
            fee = _NOTHING
        ours = books[account]
        ours[quote] = balance = ours[quote] + realised - fee
        books[fees][quote] += fee
        books[pnl][quote] -= realised
        balances: tuple[Balance, ...] = (Balance(account=account, asset=quote, amount=Amount(balance)),)
        if fill.fee_asset != quote:
            balances += (self._balance(account, fill.fee_asset),)
        return BookChanged(
            fact=fill,
            balances=balances,
            position=_position(fill.venue, fill.instrument, quantity, cost),
            realised=Amount(realised),
            fee_in_quote=_in_quote(fill, instrument),
        )

    def _spot_fill(self, fill: OrderFilled) -> BookChanged:
        instrument = self._instruments[fill.instrument]
        account, base, quote = instrument.account, instrument.base, instrument.quote
        market, fees, _, _ = self._others[fill.venue]
        notional = fill.amount * fill.price
        if fill.side is BUY:
            self._move(account, market, quote, notional)
            self._move(market, account, base, fill.amount)
        else:
            self._move(account, market, base, fill.amount)
            self._move(market, account, quote, notional)
        self._move(account, fees, fill.fee_asset, fill.fee)
        balances: tuple[Balance, ...] = (self._balance(account, base), self._balance(account, quote))
        if fill.fee_asset not in {base, quote}:
            balances += (self._balance(account, fill.fee_asset),)
        return BookChanged(
            fact=fill,
            balances=balances,
            position=None,
            realised=_NOTHING,
            fee_in_quote=_in_quote(fill, instrument),
        )

    def _liquidated(self, closed: Liquidated) -> BookChanged:
        instrument = self._instruments[closed.instrument]
        account, quote = instrument.account, instrument.quote
        _, fees, _, pnl = self._others[closed.venue]
        quantity, cost = self._positions.get(closed.instrument, (_ZERO, _ZERO))
        change = closed.amount if closed.side is BUY else -closed.amount
        quantity, cost, realised = traded(quantity, cost, change, closed.price)
        self._positions[closed.instrument] = quantity, cost
        self._move(pnl, account, quote, realised)
        self._move(account, fees, quote, closed.fee + closed.liquidation_fee)
        return BookChanged(
            fact=closed,
            balances=(self._balance(account, quote),),
            position=_position(closed.venue, closed.instrument, quantity, cost),
            realised=Amount(realised),
            fee_in_quote=closed.fee,
        )

    def _funding(self, funding: FundingPaid) -> BookChanged:
        instrument = self._instruments[funding.instrument]
        self._move(self._others[funding.venue][2], instrument.account, instrument.quote, funding.amount)
        quantity, cost = self._positions.get(funding.instrument, (_ZERO, _ZERO))
        return BookChanged(
            fact=funding,
            balances=(self._balance(instrument.account, instrument.quote),),
            position=_position(funding.venue, funding.instrument, quantity, cost),
            realised=_NOTHING,
            fee_in_quote=_NOTHING,
        )

    def balances(self, *, ours: bool = True) -> Iterator[Balance]:
        """Iterate over balances that are not zero, ours or the other side's, in the order of their names."""
        for account in sorted(self._accounts):
            if (":" in account) is ours:  # the other side's names have a colon
                continue
            for asset, amount in sorted(self._accounts[account].items()):
                if amount:
                    yield Balance(account=account, asset=asset, amount=Amount(amount))

    def positions(self) -> Iterator[Position]:
        """Iterate over positions that are not flat, in the order of their instruments."""
        for instrument in sorted(self._positions):
            quantity, cost = self._positions[instrument]
            if quantity:
                yield _position(self._instruments[instrument].venue, instrument, quantity, cost)

    def _balance(self, account: AccountName, asset: Asset) -> Balance:
        return Balance(account=account, asset=asset, amount=Amount(self._accounts[account][asset]))

    def _move(self, source: AccountName, target: AccountName, asset: Asset, amount: Decimal) -> None:
        self._accounts[source][asset] -= amount
        self._accounts[target][asset] += amount


def _in_quote(fill: OrderFilled, instrument: Instrument) -> Amount:
    """Return a fee in quote: one in base counts at the fill's price, one in a third asset is not counted here."""
    if fill.fee_asset == instrument.quote:
        return fill.fee
    return Amount(fill.fee * fill.price) if fill.fee_asset == instrument.base else _NOTHING


def _position(venue: VenueName, instrument: InstrumentId, quantity: Decimal, cost: Decimal) -> Position:
    return Position(venue=venue, instrument=instrument, quantity=BaseAmount(quantity), cost=Amount(cost))
