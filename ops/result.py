"""What came of a run, in the shape that others script against."""

from decimal import Decimal
from pathlib import Path

import msgspec

from actors.attribution import exact_difference
from actors.journal.store import JournalStore
from actors.rounding import entry_price
from messages.book import AskBook, AskPnl, Attribution, BookTold, PnlTold
from messages.instructions import AskRefusals, RefusalsTold
from messages.instruments import VenueModel, instruments_of
from messages.journal import AskJournal, JournalTold
from messages.units import plain
from ops.wiring import Wired


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A perp position: amount in base, signed; entry price in quote with 18 decimals."""

    amount: str
    entry_price: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The object that ``--json`` prints. Money is in USDT, as text.

    Attributes:
        instructions: That entered the engine.
        orders: That were sent.
        refusals: By execd.
        rejections: By the venue.
        cancels_refused: Cancels and amends that execd refused: the order was not there, or had ended.
        skipped: Messages that an actor was given and passed over.
        fees: Paid; base fees count at their fill's price.
        funding: Received.
        pnl: equity_end - equity_start, less what was put in from outside.
        balances: By account and asset, zeros left out.
        positions: Perps that are not flat, by venue and symbol.
        attribution: What pnl came from: price, basis, funding, fees, slippage, liquidation; the six add up to it.
        max_drawdown: Largest fall of equity from its highest mark before, as a fraction of that.
        liquidations: Positions that a venue closed by force.
        report: The page that tells all this; None where none was written.
        journal, journal_hash: None for a run without a journal.
    """

    instructions: int
    orders: int
    fills: int
    refusals: int
    rejections: int
    cancels_refused: int
    skipped: int
    refusals_by_code: dict[str, int]
    fees: str
    funding: str
    pnl: str
    equity_start: str
    equity_end: str
    balances: dict[str, dict[str, str]]
    positions: dict[str, dict[str, Held]]
    attribution: dict[str, str]
    max_drawdown: str
    liquidations: int
    market_events: int
    journal: str | None
    journal_hash: str | None
    report: str | None
    wall_seconds: float


def gather(wired: Wired, models: tuple[VenueModel, ...], market_events: int, store: JournalStore | None) -> Result:
    """Ask the actors what came of it. `report` is left out, and `wall_seconds` at 0."""
    journal: JournalTold = wired.ask("event_logger", AskJournal())
    refusals: RefusalsTold = wired.ask("engine", AskRefusals())
    pnl: PnlTold = wired.ask("pnl", AskPnl())
    book: BookTold = wired.ask("position_monitor", AskBook())
    counts = dict(journal.counts)
    start, end = pnl.equity_start or Decimal(0), pnl.equity_end or Decimal(0)
    balances: dict[str, dict[str, str]] = {}
    for balance in book.balances:
        balances.setdefault(balance.account, {})[balance.asset] = plain(balance.amount)
    return Result(
        instructions=counts.get("InstructionReceived", 0),
        orders=counts.get("OrderSubmitted", 0),
        fills=counts.get("OrderFilled", 0),
        refusals=counts.get("InstructionRefused", 0),
        rejections=counts.get("OrderRejected", 0),
        cancels_refused=counts.get("CancelRefused", 0) + counts.get("AmendRefused", 0),
        skipped=counts.get("InputSkipped", 0),
        refusals_by_code=dict(refusals.counts),
        fees=plain(pnl.fees),
        funding=plain(pnl.funding),
        pnl=plain(exact_difference(exact_difference(end, start), pnl.put_in or Decimal(0))),
        equity_start=plain(start),
        equity_end=plain(end),
        balances=balances,
        positions=_positions(book, models),
        attribution=_attribution(pnl),
        max_drawdown=plain(pnl.max_drawdown or Decimal(0)),
        liquidations=counts.get("Liquidated", 0),
        market_events=market_events,
        journal=None if store is None else str(Path(store.path)),
        journal_hash=None if journal.last_hash is None else journal.last_hash.hex(),
        report=None,
        wall_seconds=0.0,
    )


def _attribution(pnl: PnlTold) -> dict[str, str]:
    """Return what the change of equity came from, by kind."""
    kinds = Attribution.__struct_fields__
    if pnl.attribution is None:
        return dict.fromkeys(kinds, "0")
    return {kind: plain(getattr(pnl.attribution, kind)) for kind in kinds}


def _positions(book: BookTold, models: tuple[VenueModel, ...]) -> dict[str, dict[str, Held]]:
    instruments = instruments_of(models)
    positions: dict[str, dict[str, Held]] = {}
    for position in book.positions:
        entry = entry_price(position.cost, position.quantity)
        held = Held(amount=plain(position.quantity), entry_price=f"{entry:f}")
        positions.setdefault(position.venue, {})[instruments[position.instrument].symbol] = held
    return positions
