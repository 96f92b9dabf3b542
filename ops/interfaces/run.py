"""One run behind the calls: the same core as a backtest's, driven at once and on the caller's thread.

What a handler shall hear waits in `changes`.
"""

import datetime as dt
import decimal
import functools
import os
import platform
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from actors.journal.manifest import manifest
from actors.journal.store import JournalStore
from actors.valuation import CURRENCY, mark_source
from config.load import trading_settings
from config.settings import Settings
from config.venue_rules import all_instruments, venue_models
from messages.base import Message
from messages.book import AskBook, AskPnl, BookTold, MarkBook, Opening, PnlTold
from messages.instructions import CancelAllInstruction, Code, InstructionRefused, TradeInstruction
from messages.instruments import VenueModel, instruments_of
from messages.lifecycle import EndRun, RunStarted
from messages.market import MarketSlice
from messages.orders import ExpireOrders
from messages.units import CONTEXT, AccountName, Amount, Asset, InstructionId, InstrumentId, Nanoseconds, VenueName
from ops.interfaces.choices import USDT, WALLET, Chosen
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import Caller, Change, Noted, Witness
from ops.interfaces.outside import Quotes
from ops.interfaces.recorded import Recorded, open_recorded
from ops.interfaces.slices import Slices
from ops.interfaces.wallet import ETH, WALLET_MARKET, bought, wallet_model
from ops.wiring import wire

_NOTHING = Amount(decimal.Decimal(0))


def tradable(settings: Settings) -> tuple[VenueModel, ...]:
    """Return the venues with every instrument that has rules, with data or without."""
    return venue_models(settings, all_instruments(settings))


class Run:
    """A core, its market and its trades, from the first call to the end.

    Attributes:
        trades: By instruction id.
        entries: All that was journaled.
        changes: Positions and balances that changed and that no handler has heard of.
    """

    def __init__(self, chosen: Chosen, asked: Nanoseconds | None, quotes: Quotes) -> None:
        """Begin at a time with the prices of the first call.

        Raises:
            BadInputError: Data or journal can't be used.
            ValueError: An opening balance has no price.
        """
        venues = tradable(chosen.settings)
        self.instruments = instruments_of(venues)
        recorded = open_recorded(chosen.data_dir, chosen.settings.data.resolution, self.instruments, asked)
        self.slices = Slices(
            recorded, self.instruments, chosen.settings.data.resolution_ns, wallet=bool(chosen.in_wallet)
        )
        self.trades: dict[InstructionId, FollowedTrade] = {}
        self.entries: list[Noted] = []
        self.changes: deque[Change] = deque()
        self._chosen = chosen
        self._in_wallet = Amount(chosen.in_wallet)
        self._duplicates: list[InstructionRefused] = []
        self._pid = os.getpid()
        self._ended = False
        first = self.slices.here(quotes)
        self._check_priced()
        self._models = (*venues, wallet_model()) if chosen.in_wallet else venues
        self._last_book: BookTold | None = None
        self._last_pnl: PnlTold | None = None
        store = _store(chosen, venues, recorded)
        try:
            with decimal.localcontext(CONTEXT):
                self._wired = wire(
                    chosen.settings,
                    models=self._models,
                    build=functools.partial(Caller, changed=self.changes.append),
                    store=store,
                    market=recorded.before_start,
                    witness=lambda turn: Witness(turn, self._note),
                )
            self._begin(first)
        except BaseException:
            if store is not None:
                store.close()
            raise

    @property
    def at(self) -> Nanoseconds:
        """The clock."""
        return self.slices.at

    # --- what calls want ---------------------------------------------------------------------------------------------

    def advance(self, to: Nanoseconds) -> Iterator[None]:
        """Work, one at each step, the recorded slices before a time."""
        for market in self.slices.before(to):
            self._work([market])
            yield

    def arrive(self, at: Nanoseconds, quotes: Quotes, traded: InstrumentId | None = None) -> None:
        """Set the clock, and work what is recorded there and given by the call; as `Slices.arrive`."""
        self._work(self.slices.arrive(at, quotes, traded))

    def instruct(self, instruction: TradeInstruction) -> FollowedTrade:
        """Give an instruction to the engine, and return what became of it so far.

        The same id again with equal content is the earlier one; with other content it is refused.
        """
        fresh = FollowedTrade(instruction, self.instruments[instruction.instrument])
        trade = self.trades.setdefault(instruction.instruction_id, fresh)
        self._duplicates.clear()
        self._take("engine", instruction)
        for refused in self._duplicates:
            fresh.follow(refused)
        return fresh if self._duplicates else trade

    def cancel_all(self, venues: Iterable[VenueName]) -> tuple[list[FollowedTrade], list[FollowedTrade]]:
        """Cancel every open order at some venues; return those that are cancelled now, and those that are not yet."""
        before = [trade for trade in self.trades.values() if trade.is_open]
        chosen = set(venues)
        for venue in self._chosen.settings.venues:
            if venue in chosen:
                self._take("engine", CancelAllInstruction(venue=venue))
        ours = [trade for trade in before if trade.instruction.venue in chosen]
        return [each for each in ours if not each.is_open], [each for each in ours if each.is_open]

    def book(self) -> BookTold:
        """Return all balances and positions."""
        if self._last_book is not None:
            return self._last_book
        with decimal.localcontext(CONTEXT):
            told: BookTold = self._wired.ask("position_monitor", AskBook())
        return told

    def pnl(self) -> PnlTold:
        """Return totals of fees, funding and realised P&L."""
        if self._last_pnl is not None:
            return self._last_pnl
        with decimal.localcontext(CONTEXT):
            told: PnlTold = self._wired.ask("pnl", AskPnl())
        return told

    # --- beginning and end -------------------------------------------------------------------------------------------

    def _check_priced(self) -> None:
        """Look that every opening balance has a price, as the book is marked at the first slice."""
        instruments = tuple(self.instruments.values())
        for account, asset, amount in self._chosen.openings:
            source = None if asset == CURRENCY or not amount else mark_source(account, asset, instruments)
            if asset == CURRENCY or not amount or source in self.slices.last:
                continue
            where = f"config: accounts.{account}.{asset}"
            if source is None:
                raise ValueError(f"{where}: no price: there are no rules of a market of {asset}/{CURRENCY}")
            raise ValueError(
                f"{where}: no price at the start: {source} has none, expected {asset.lower()}_usd_price in market_data"
            )

    def _begin(self, first: list[MarketSlice]) -> None:
        mode = self._chosen.settings.mode
        self._take("event_logger", RunStarted(mode=mode.type, start=self.at, end=None))
        for account, asset, amount in self._chosen.openings:
            self._open(account, asset, amount)
        if self._in_wallet and not self._fill_wallet():
            self._open(WALLET, USDT, self._in_wallet)
        self._work(first)

    def _fill_wallet(self) -> bool:
        """Put the wallet's ETH there, if there is a price; return whether there is."""
        mark = self.slices.last.get(WALLET_MARKET)
        if mark is None:
            return False
        self._open(WALLET, ETH, bought(self._in_wallet, mark.close))
        self._in_wallet = _NOTHING
        return True

    def _open(self, account: AccountName, asset: Asset, amount: Amount) -> None:
        self._take("event_logger", Opening(account=account, asset=asset, amount=amount))

    def end(self, outcome: str, reason: str = "") -> None:
        """Let open orders expire, mark the book, write the last entry and close the journal. Again does nothing."""
        if self._ended or os.getpid() != self._pid:  # a forked process has no part in it
            return
        self._ended = True
        try:
            for model in self._models:
                self._take(f"venue:{model.venue}", ExpireOrders(reason="END_OF_RUN"))
            self._take("position_monitor", MarkBook(final=True))
            book, told = self.book(), self.pnl()
            self._take(
                "engine",
                EndRun(
                    outcome=outcome,
                    reason=reason,
                    market_events=self.slices.recorded.rows,
                    currency=CURRENCY,
                    equity_start=told.equity_start,
                    equity_end=told.equity_end,
                ),
            )
            self._last_book, self._last_pnl = book, told
        finally:
            with decimal.localcontext(CONTEXT):
                self._wired.stop()

    # --- the core ----------------------------------------------------------------------------------------------------

    def _work(self, slices: Iterable[MarketSlice]) -> None:
        for market in slices:
            self._take("data_provider", market)
            if self._in_wallet and WALLET_MARKET in self.slices.last:
                self._open(WALLET, USDT, Amount(-self._in_wallet))
                self._fill_wallet()

    def _take(self, cell: str, message: Message) -> None:
        # Tasks have decimal contexts of their own, and the caller's must stay as it is.
        with decimal.localcontext(CONTEXT):
            self._wired.core.take(cell, message, self.at)

    def _note(self, noted: Noted) -> None:
        self.entries.append(noted)
        entry = noted.entry
        if isinstance(entry, InstructionRefused) and entry.code is Code.DUPLICATE_ID:
            self._duplicates.append(entry)
            return
        trade = self.trades.get(getattr(entry, "instruction_id", InstructionId("")))
        if trade is not None:
            trade.follow(entry)


def _store(chosen: Chosen, venues: tuple[VenueModel, ...], recorded: Recorded) -> JournalStore | None:
    """Make the journal; None where none is wanted."""
    if chosen.journal is None:
        return None
    settings = trading_settings(chosen.settings, venues)
    settings["mode"] = {**chosen.settings.mode.hashed, "start": recorded.start, "end": None}
    hashed: dict[str, object] = {
        "settings": settings,
        "in_wallet": chosen.in_wallet,
        "data": recorded.files,
        "strategy_file": None,
    }
    beside = {
        "execd_version": version("execd"),
        "python": platform.python_version(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "started": dt.datetime.now(dt.UTC).isoformat(),
        "data_dir": None if chosen.data_dir is None else str(chosen.data_dir.absolute()),
    }
    return JournalStore.create(chosen.journal, manifest(hashed, beside), durability="off")
