"""The book: balances of every account, and net perp positions with signed quantity and signed cost.

Double entry: every amount that changes a balance is moved from one account to another, so the sum over all accounts is
nought in every asset, always. What is not ours has accounts too, named by their kind: ``opening:``, ``market:VENUE``
(the other side of trades), ``fees:VENUE`` (liquidation fees too), ``funding:VENUE``, ``pnl:VENUE`` (the other side of
realised P&L), ``insurance:VENUE`` (which pays what a liquidated account is short of) and ``outside:VENUE`` (deposits,
withdrawals, and what the venue rounds otherwise than we do).
Decimals have 40 digits, so the sum is exact until a number needs more.

A partial close takes cost * closed / |quantity|, rounded to 1e-18; the remainder stays. A flip closes the whole and
opens the rest at the fill's price.

A trade of an order that is not ours is booked as one of ours. An asset that is traded nowhere (a fee in BNB) has its
balance like any other; what that is worth, nobody says (actors/valuation.py).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import assert_never, get_args

import msgspec

from actors.rounding import to_cost_step
from messages.book import Balance, BookChanged, Fact, InsurancePaid, Liquidated, Opening, Position
from messages.instruments import Instrument
from messages.journal import Record
from messages.live import BalanceAdjusted, ForeignTrade, OpeningPosition
from messages.market import FundingPaid
from messages.orders import OrderFilled
from messages.units import BUY, PERP, AccountName, Amount, Asset, BaseAmount, InstrumentId

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


_FACTS = frozenset(get_args(Fact))
"""Looked up by type: `isinstance` of so many costs more than all else that is done with an entry which is none."""

_Books = defaultdict[AccountName, defaultdict[Asset, Decimal]]


class _Perp(msgspec.Struct):
    """A perp with its position (signed quantity in base, signed cost in quote), and the books that its trades move."""

    instrument: Instrument
    account: AccountName
    fees_account: AccountName
    quote: Asset
    ours: dict[Asset, Decimal]
    fees: dict[Asset, Decimal]
    pnl: dict[Asset, Decimal]
    quantity: Decimal = _ZERO
    cost: Decimal = _ZERO


class Ledger:
    """Books facts, each once, and says what they changed."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self._accounts: defaultdict[AccountName, defaultdict[Asset, Decimal]] = defaultdict(
            lambda: defaultdict(Decimal)
        )
        self._others = {
            each.venue: tuple(AccountName(f"{kind}:{each.venue}") for kind in ("market", "fees", "funding", "pnl"))
            for each in instruments.values()
        }
        self._perps = {key: self._perp(each) for key, each in instruments.items() if each.trade_type is PERP}

    def _perp(self, instrument: Instrument) -> _Perp:
        _, fees, _, pnl = self._others[instrument.venue]
        books = self._accounts
        return _Perp(
            instrument,
            instrument.account,
            fees,
            instrument.quote,
            books[instrument.account],
            books[fees],
            books[pnl],
        )

    def book(self, fact: Fact) -> BookChanged:
        """Book a fact and return what it changed."""
        match fact:
            case OrderFilled() | ForeignTrade():
                perp = self._perps.get(fact.instrument)
                return self._spot_fill(fact) if perp is None else self._perp_fill(perp, fact)
            case FundingPaid():
                return self._funding(fact)
            case Liquidated():
                return self._liquidated(fact)
            case InsurancePaid():
                return self._received(fact, AccountName(f"insurance:{fact.venue}"))
            case Opening():
                return self._received(fact, _OPENING)
            case BalanceAdjusted():
                return self._received(fact, AccountName(f"outside:{fact.venue}"))
            case OpeningPosition():
                perp = self._perps[fact.instrument]
                perp.quantity, perp.cost = fact.quantity, fact.quantity * fact.entry_price
                return BookChanged(
                    fact=fact, balances=(), position=_position(perp), realised=_NOTHING, fee_in_quote=_NOTHING
                )
            case _:
                assert_never(fact)

    def fold(self, record: Record) -> BookChanged | None:
        """Book a journaled entry if it is a fact of the book."""
        entry = record.entry
        return self.book(entry) if type(entry) in _FACTS else None  # type: ignore[arg-type]  # its type is a fact's

    def _received(self, fact: Opening | InsurancePaid | BalanceAdjusted, source: AccountName) -> BookChanged:
        self._move(source, fact.account, fact.asset, fact.amount)
        return BookChanged(
            fact=fact,
            balances=(self._balance(fact.account, fact.asset),),
            position=None,
            realised=_NOTHING,
            fee_in_quote=_NOTHING,
        )

    def _perp_fill(self, perp: _Perp, fill: OrderFilled | ForeignTrade) -> BookChanged:
        # (The sums are amounts; calling a NewType to say so would cost as much as the sum.)
        quote, fee = perp.quote, fill.fee
        change = fill.amount if fill.side is BUY else -fill.amount
        perp.quantity, perp.cost, realised = traded(perp.quantity, perp.cost, change, fill.price)
        other = fill.fee_asset != quote
        if other:  # such as BNB; seldom, so the usual way stays short
            self._move(perp.account, perp.fees_account, fill.fee_asset, fee)
            fee = _NOTHING
        ours = perp.ours
        ours[quote] = balance = ours[quote] + realised - fee
        perp.fees[quote] += fee
        perp.pnl[quote] -= realised
        balances: tuple[Balance, ...] = (Balance(account=perp.account, asset=quote, amount=balance),)  # type: ignore[arg-type]
        if other:
            balances += (self._balance(perp.account, fill.fee_asset),)
        return BookChanged(
            fact=fill,
            balances=balances,
            position=Position(
                venue=fill.venue,
                instrument=fill.instrument,
                quantity=perp.quantity,  # type: ignore[arg-type]
                cost=perp.cost,  # type: ignore[arg-type]
            ),
            realised=realised,  # type: ignore[arg-type]
            fee_in_quote=_in_quote(fill, perp.instrument) if other else fee,
        )

    def _spot_fill(self, fill: OrderFilled | ForeignTrade) -> BookChanged:
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
        perp = self._perps[closed.instrument]
        change = closed.amount if closed.side is BUY else -closed.amount
        perp.quantity, perp.cost, realised = traded(perp.quantity, perp.cost, change, closed.price)
        self._move(pnl, account, quote, realised)
        self._move(account, fees, quote, closed.fee + closed.liquidation_fee)
        return BookChanged(
            fact=closed,
            balances=(self._balance(account, quote),),
            position=_position(perp),
            realised=Amount(realised),
            fee_in_quote=closed.fee,
        )

    def _funding(self, funding: FundingPaid) -> BookChanged:
        instrument = self._instruments[funding.instrument]
        self._move(self._others[funding.venue][2], instrument.account, instrument.quote, funding.amount)
        return BookChanged(
            fact=funding,
            balances=(self._balance(instrument.account, instrument.quote),),
            position=_position(self._perps[funding.instrument]),
            realised=_NOTHING,
            fee_in_quote=_NOTHING,
        )

    def amount(self, account: AccountName, asset: Asset) -> Amount:
        """Return what an account holds of an asset."""
        found = self._accounts.get(account)
        return _NOTHING if found is None else Amount(found.get(asset, _ZERO))

    def quantity(self, instrument: InstrumentId) -> BaseAmount:
        """Return the quantity of a perp position, in base, signed."""
        perp = self._perps.get(instrument)
        return BaseAmount(_ZERO if perp is None else perp.quantity)

    def cost(self, instrument: InstrumentId) -> Amount:
        """Return the cost of a perp position, in quote, signed like its quantity."""
        perp = self._perps.get(instrument)
        return Amount(_ZERO if perp is None else perp.cost)

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
        for _, perp in sorted(self._perps.items()):
            if perp.quantity:
                yield _position(perp)

    def _balance(self, account: AccountName, asset: Asset) -> Balance:
        return Balance(account=account, asset=asset, amount=Amount(self._accounts[account][asset]))

    def _move(self, source: AccountName, target: AccountName, asset: Asset, amount: Decimal) -> None:
        self._accounts[source][asset] -= amount
        self._accounts[target][asset] += amount


def _in_quote(fill: OrderFilled | ForeignTrade, instrument: Instrument) -> Amount:
    """Return a fee in quote: one in base counts at the fill's price, one in a third asset is not counted here."""
    if fill.fee_asset == instrument.quote:
        return fill.fee
    return Amount(fill.fee * fill.price) if fill.fee_asset == instrument.base else _NOTHING


def _position(perp: _Perp) -> Position:
    return Position(
        venue=perp.instrument.venue,
        instrument=perp.instrument.instrument_id,
        quantity=BaseAmount(perp.quantity),
        cost=Amount(perp.cost),
    )
