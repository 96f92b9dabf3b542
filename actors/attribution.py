"""What a change of equity came from: price, basis, funding, fees, slippage, liquidation. Pure.

For every perp, with change the signed amount of a fill, P the perp's mark and S the mark of its base asset (the price
that values the asset itself, actors/valuation.py):

    slippage     sum of -change * (price - reference price); the reference is price(tau), a limit, or a trigger
    fees         what fills were charged, base fees counted at the fill's price; negative when paid
    funding      as paid, positive when received
    liquidation  liquidation fees (negative), and what insurance paid
    basis        quantity times the change of P - S; a trade counts from the closes that were known when it was booked
    price        the rest: quantity times the change of S, and what a limit order gained or lost against the mark

For spot, and for every asset that lies in an account, there is no basis: price is the amount held times the change of
its mark. What comes in from outside (deposits, positions that were there) comes in at its mark and brings nothing by
itself: what was put in is kept apart. The six add up to the change of equity since the first mark less that, exactly:
in total, price is that difference less the other five, and rounding in the fortieth digit between the total and its
parts is put on the largest part. What was booked before the first mark counts as having lain there. A trade that is not
ours has no reference, so no slippage; an asset without any market counts nothing (actors/valuation.py).

Everything here comes from journaled facts and from the closes that `EquityMarked` and `BasisMarked` carry, so a fold
gives it back.
"""

import bisect
import decimal
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import msgspec

from actors.valuation import CURRENCY, mark_source, venue_of
from messages.book import Attributed, Attribution, BasisMarked, BookChanged, InsurancePaid, Liquidated, Mark, Opening
from messages.instruments import Instrument
from messages.live import BalanceAdjusted, ForeignTrade, OpeningPosition
from messages.market import Candle, FundingPaid
from messages.orders import OrderFilled
from messages.units import BUY, PERP, AccountName, Amount, Asset, InstrumentId, Price, Seq, VenueName

_ZERO = Decimal(0)
_MANY = 1_000
_MOST_IN_A_TURN = 10_000
"""A `BasisMarked` stands in the journal behind at most so many trades that count at it: those of its own turn."""
_WIDE = decimal.Context(prec=200, rounding=decimal.ROUND_HALF_EVEN)  # sums that must be exact, whatever their digits


def exact_difference(later: Decimal, earlier: Decimal) -> Decimal:
    """Return a change that adds up with its parts, however many digits it needs."""
    return _WIDE.subtract(later, earlier)


class _Source(msgspec.Struct):
    """One instrument, or one asset that lies somewhere.

    Attributes:
        marked_by: Whose close values the quantity; None for what is counted in itself.
        against: Whose close is taken off it for the basis; None where there is no basis.
        flow: What was paid for the quantity, at reference prices: flow + quantity * mark is price and basis together.
        basis_flow: The same at P - S.
        slippage: Of spot; that of a perp is what it realised less its cost (which is what was paid for it, at the
            prices of its fills) less the flow.
        closes, spread: The P and S that trades count at, and P - S; None where there is no basis, and as long as one
            of the two is not known: the basis counts from where both are.
        realised, cost: Of a perp, as the ledger has them.
    """

    venue: VenueName
    marked_by: InstrumentId | None
    against: InstrumentId | None = None
    quantity: Decimal = _ZERO
    flow: Decimal = _ZERO
    basis_flow: Decimal = _ZERO
    closes: tuple[Price, Price] | None = None
    spread: Decimal | None = None
    is_perp: bool = False
    funding: Decimal = _ZERO
    fees: Decimal = _ZERO
    slippage: Decimal = _ZERO
    realised: Decimal = _ZERO
    cost: Decimal = _ZERO
    liquidation: Decimal = _ZERO


class Attributor:
    """Follows every booked fact, and says at any mark what brought the change since the first one."""

    def __init__(self, instruments: Mapping[InstrumentId, Instrument]) -> None:
        self._instruments = instruments
        self._all = tuple(instruments.values())
        self._sources: dict[str, _Source] = {}
        self._perps: dict[InstrumentId, _Source] = {}
        self._marks: dict[InstrumentId, Price] | None = None
        self._outside = _ZERO
        self._new: list[BookChanged] = []
        self._folded: list[Seq] = []  # sequence numbers of the new ones, where they come from a journal
        for each in self._all:
            if each.trade_type is PERP:
                base = mark_source(each.account, each.base, self._all)
                against = None if base == each.instrument_id else base
                self._perps[each.instrument_id] = _Source(each.venue, each.instrument_id, against, is_perp=True)
        self._sources |= dict(self._perps.items())

    def book(self, change: BookChanged) -> None:
        """Take in a booked fact.

        It is counted later, before the marks change, many at a time: so the way of an order stays short.
        """
        self._new.append(change)
        if len(self._new) >= _MANY:
            self._catch_up()

    def fold(self, change: BookChanged, seq: Seq) -> None:
        """Take in a fact of the journal."""
        self._new.append(change)
        self._folded.append(seq)
        if len(self._new) >= 2 * _MOST_IN_A_TURN:
            self._catch_up(_MOST_IN_A_TURN)

    def fold_basis(self, marked: BasisMarked, cause: Seq | None) -> None:
        """Take over a spread of the journal: for the facts from its cause on, of which some may be here already."""
        self._catch_up(None if cause is None else bisect.bisect_left(self._folded, cause))
        self._spread(self._perps[marked.instrument], marked.price, marked.base_price)

    def moved(self, instrument: InstrumentId, candles: Mapping[InstrumentId, Candle]) -> BasisMarked | None:
        """Have trades of a perp count at the present closes from now on. Return what to put on record, if anything."""
        source = self._perps.get(instrument)
        if source is None or source.against is None or self._marks is None:
            return None
        own, other = candles.get(instrument), candles.get(source.against)
        if not (own and other) or source.closes == (own.close, other.close):
            return None
        self._catch_up()
        self._spread(source, own.close, other.close)
        return BasisMarked(venue=source.venue, instrument=instrument, price=own.close, base_price=other.close)

    @staticmethod
    def _spread(source: _Source, own: Price, other: Price) -> None:
        known, source.closes, source.spread = source.spread is not None, (own, other), own - other
        if not known:
            source.basis_flow = -source.quantity * source.spread

    def _catch_up(self, count: int | None = None) -> None:
        """Count the facts that are new: so many, by default all."""
        for change in self._new[:count]:
            self._count(change)
        del self._new[:count], self._folded[:count]

    def _count(self, change: BookChanged) -> None:
        fact = change.fact
        if type(fact) is OrderFilled or type(fact) is ForeignTrade:
            reference = fact.reference_price if type(fact) is OrderFilled else None
            instrument = self._instruments[fact.instrument]
            if instrument.trade_type is not PERP:
                self._spot(fact, instrument, change, reference)
                return
            source = self._perps[fact.instrument]
            self._traded(source, change, fact.amount if fact.side is BUY else -fact.amount, reference)
            if fact.fee_asset == instrument.quote:
                source.fees -= change.fee_in_quote
            else:
                source.fees -= fact.fee * self._put(instrument.account, fact.fee_asset, -fact.fee)
            return
        match fact:
            case FundingPaid():
                self._sources[fact.instrument].funding += fact.amount
            case Liquidated():
                source = self._sources[fact.instrument]
                self._traded(source, change, fact.amount if fact.side is BUY else -fact.amount, fact.mark)
                source.fees -= fact.fee
                source.liquidation -= fact.liquidation_fee
            case InsurancePaid():
                self._sources[fact.instrument].liquidation += fact.amount
            case Opening() | BalanceAdjusted():
                self._outside += fact.amount * self._put(fact.account, fact.asset, fact.amount)
            case OpeningPosition():
                self._opened(self._perps[fact.instrument], fact)

    def _opened(self, source: _Source, opening: OpeningPosition) -> None:
        """Take in a position at its mark: what it has gained or lost till then came in with it."""
        mark, quantity = self._price(source.marked_by), opening.quantity
        cost = quantity * opening.entry_price
        source.quantity += quantity
        source.cost += cost
        source.realised += cost - quantity * mark
        source.flow -= quantity * mark
        if source.spread:
            source.basis_flow -= quantity * source.spread
        self._outside += quantity * mark - cost

    @staticmethod
    def _traded(source: _Source, change: BookChanged, bought: Decimal, reference: Decimal | None) -> None:
        """Take in a trade of a perp; the ledger knows what was paid: what it realised, less what it keeps as cost."""
        source.quantity += bought
        source.realised += change.realised
        if change.position is not None:
            source.cost = change.position.cost
        source.flow -= bought * (change.fact.price if reference is None else reference)  # type: ignore[union-attr]
        if source.spread:
            source.basis_flow -= bought * source.spread

    def _spot(
        self,
        fill: OrderFilled | ForeignTrade,
        instrument: Instrument,
        change: BookChanged,
        reference: Price | None,
    ) -> None:
        """Everything is counted at the mark of the quote asset, which is one for the currency itself."""
        source = self._source(instrument.account, instrument.base)
        bought = fill.amount if fill.side is BUY else -fill.amount
        reference = fill.price if reference is None else reference
        worth = self._put(instrument.account, instrument.quote, -bought * fill.price)
        slippage = -bought * (fill.price - reference) * worth
        source.slippage += slippage
        source.quantity += bought
        source.flow -= bought * reference * worth
        fee = change.fee_in_quote * worth
        if fill.fee_asset == instrument.base:
            source.quantity -= fill.fee
            source.flow += fee
        elif fill.fee_asset == instrument.quote:
            self._put(instrument.account, instrument.quote, -fill.fee)
        else:
            fee = fill.fee * self._put(instrument.account, fill.fee_asset, -fill.fee)
        source.fees -= fee

    def _put(self, account: AccountName, asset: Asset, amount: Decimal) -> Decimal:
        """Move an asset at its mark, which brings nothing by itself. Return the mark."""
        if asset == CURRENCY:
            return Decimal(1)
        source = self._source(account, asset)
        mark = self._price(source.marked_by)
        source.quantity += amount
        source.flow -= amount * mark
        return mark

    def _source(self, account: AccountName, asset: Asset) -> _Source:
        """Return where an asset in an account is counted: under the spot market of its venue that values it, if any."""
        marked_by = mark_source(account, asset, self._all)
        venue = venue_of(account)
        market = None if marked_by is None else self._instruments[marked_by]
        own = market is not None and market.account == account and market.trade_type is not PERP
        name = str(marked_by) if own else f"{account} {asset}"
        if name not in self._sources:
            self._sources[name] = _Source(venue, marked_by)
        return self._sources[name]

    def mark(self, marks: Iterable[Mark]) -> None:
        """Take over the present marks. Counting starts at the first ones, with what lies in the accounts then."""
        self._catch_up()
        first, self._marks = self._marks is None, {each.instrument: each.price for each in marks}
        for source in self._perps.values():
            own, other = self._known(source.marked_by), self._known(source.against)
            if own is not None and other is not None:
                self._spread(source, own, other)
        if first:
            self._begin()

    def _begin(self) -> None:
        self._outside = _ZERO
        for source in self._sources.values():
            source.flow = -source.quantity * self._price(source.marked_by)
            source.funding = source.fees = source.slippage = source.liquidation = _ZERO
            if source.is_perp:
                source.realised = source.cost + source.flow  # no slippage so far

    @property
    def put_in(self) -> Amount | None:
        """What came in from outside since the first mark, less what went out, at the marks of then; None: nothing."""
        self._catch_up()
        return Amount(self._outside) if self._outside else None

    def total(self, change: Decimal) -> Attribution:
        """Return what the change of equity since the first mark came from, but for what was put in.

        Args:
            change: Equity at the present mark less equity at the first.
        """
        self._catch_up()
        basis = funding = fees = slippage = liquidation = _ZERO
        for source in self._sources.values():
            basis += _basis(source)
            funding += source.funding
            fees += source.fees
            slippage += _slippage(source)
            liquidation += source.liquidation
        price = change
        for other in (self._outside, basis, funding, fees, slippage, liquidation):
            price = _WIDE.subtract(price, other)
        return Attribution(
            price=Amount(price),
            basis=Amount(basis),
            funding=Amount(funding),
            fees=Amount(fees),
            slippage=Amount(slippage),
            liquidation=Amount(liquidation),
        )

    def parts(self, total: Attribution) -> tuple[Attributed, ...]:
        """Return the attribution of each source that has one, by name; their sum is the total."""
        self._catch_up()
        found = dict(self._parts())
        if not found:
            return ()
        for kind in Attribution.__struct_fields__:
            rest = getattr(total, kind)
            for each in found.values():
                rest = _WIDE.subtract(rest, getattr(each.attribution, kind))
            if rest:
                name = max(found, key=lambda each: abs(getattr(found[each].attribution, kind)))
                part = found[name]
                adjusted = msgspec.structs.replace(
                    part.attribution, **{kind: _WIDE.add(getattr(part.attribution, kind), rest)}
                )
                found[name] = msgspec.structs.replace(part, attribution=adjusted)
        return tuple(found[name] for name in sorted(found))

    def _parts(self) -> Iterator[tuple[str, Attributed]]:
        for name, source in self._sources.items():
            basis = _basis(source)
            moved = source.flow + source.quantity * self._price(source.marked_by)
            attribution = Attribution(
                price=Amount(moved - basis),
                basis=Amount(basis),
                funding=Amount(source.funding),
                fees=Amount(source.fees),
                slippage=Amount(_slippage(source)),
                liquidation=Amount(source.liquidation),
            )
            if any(getattr(attribution, kind) for kind in Attribution.__struct_fields__):
                yield name, Attributed(venue=source.venue, source=name, attribution=attribution)

    def _known(self, instrument: InstrumentId | None) -> Price | None:
        return None if instrument is None or self._marks is None else self._marks.get(instrument)

    def _price(self, instrument: InstrumentId | None) -> Decimal:
        return _ZERO if instrument is None or self._marks is None else self._marks.get(instrument, _ZERO)


def _basis(source: _Source) -> Decimal:
    return _ZERO if source.spread is None else source.basis_flow + source.quantity * source.spread


def _slippage(source: _Source) -> Decimal:
    return source.realised - source.cost - source.flow if source.is_perp else source.slippage
