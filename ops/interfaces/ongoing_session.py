"""The session of a run that goes on by itself, live or on paper.

It is started by the first call, or by ``async with``; looking at the venues and starting happen on another thread, and
so does all the trading: a call tells the core what is wanted, and waits for what the core tells. Calls do not wait for
each other.
"""

import asyncio
import contextlib
import decimal
import secrets
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from actors.errors import BadInputError
from actors.journal.reader import JournalReader
from config.venue_rules import chosen_instruments
from messages.book import BookTold
from messages.instructions import CancelAllInstruction, InstructionReceived, TradeInstruction
from messages.instruments import Instrument
from messages.units import CONTEXT, InstrumentId, Nanoseconds, VenueName
from ops.interfaces.answers import CancelAnswer, LoggedEvent, PositionChange, TradeAnswer, position_change, trade_answer
from ops.interfaces.choices import Chosen
from ops.interfaces.events import data_of, logged, name_of
from ops.interfaces.followed_trade import FollowedTrade
from ops.interfaces.listening import instrument_of
from ops.interfaces.machine import Machine
from ops.interfaces.mirror import Changed, Claim, Mirror
from ops.interfaces.outside import mapping
from ops.interfaces.session import Session

_ID_BYTES = 10


class OngoingSession(Session):
    """See the head of this file."""

    def __init__(self, chosen: Chosen) -> None:
        super().__init__(chosen, chosen_instruments(chosen.settings), having="in instruments")
        self._machine: Machine | None = None
        self._kicked: set[asyncio.Task[None]] = set()

    # --- calls -------------------------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Look at the venues and start.

        Raises:
            ValueError: What is wrong, such as with the config or an account.
            ExecdError: Why else it could not start; it is tried again by the next call.
        """
        await self._run()

    async def trade(self, instruction: object, market_data: object) -> TradeAnswer:
        """Trade, and return the answer; see `CEXExecutionInterface.execute_trade`."""
        wanted = self.typed(instruction)
        mapping({} if market_data is None else market_data, "market_data")
        machine, mirror = await self._run()
        until = asyncio.get_running_loop().time() + self.chosen.timeout_s
        await self._wait(machine, lambda: _is_ready(mirror, wanted), until)
        with _claimed(mirror, wanted) as claim:
            if claim.is_open and (refused := machine.give(wanted)) is not None:
                mirror.refuse(claim, refused)
            await self._wait(machine, lambda: _is_answered(claim), until)
            trade = claim.trade
        if trade is None and claim.repeated:
            trade = await asyncio.to_thread(self._from_journal, mirror, wanted)
        elif trade is None and machine.is_over:
            raise RuntimeError(f"{_over(machine)} before it took the instruction: nothing was placed")
        await self._tell()
        with machine.watches.lock, decimal.localcontext(CONTEXT):
            return trade_answer(trade or claim.fresh, self.mode, mirror.at)

    async def cancel_all(self, venue: str | None) -> CancelAnswer:
        """Cancel all open orders, at one venue or everywhere, also those of earlier runs."""
        machine, mirror = await self._run()
        until = asyncio.get_running_loop().time() + self.chosen.timeout_s
        venues = [VenueName(venue)] if venue is not None else list(self.chosen.settings.venues)
        with machine.watches.lock:
            ours = [trade for trade in mirror.open.values() if trade.instruction.venue in venues]
        for each in venues:
            machine.tell(CancelAllInstruction(venue=each))
        await self._wait(machine, lambda: not any(trade.is_open for trade in ours), until)
        await self._tell()
        with machine.watches.lock:
            done = [trade for trade in ours if trade.was_cancelled]
            return {
                "cancelled": [trade.order_id for trade in done],
                "instruction_ids": [trade.instruction.instruction_id for trade in done],
                "pending": [trade.instruction.instruction_id for trade in ours if trade.is_open],
                "execution_mode": self.mode,
            }

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Start, if nothing has, and give the venues a while to tell what happened since the last run."""
        if not self.closed:
            machine, mirror = await self._run()
            until = asyncio.get_running_loop().time() + self.chosen.timeout_s - (time.monotonic() - machine.began)
            await self._wait(machine, lambda: not mirror.unsettled, until)
        yield

    async def close(self, outcome: str = "done", reason: str = "") -> None:
        """Stop everything in order. Orders that are open stay open, unless ``execution.on_stop`` says otherwise."""
        self._turnstile.adopt()
        self.closed = True
        machine = self._machine
        if machine is None or not machine.is_here():
            return
        machine.stop(reason or outcome)
        await machine.watches.until(lambda: machine.is_over, timeout_s=None)
        await self._tell()

    # --- what there is to see ----------------------------------------------------------------------------------------

    @property
    def began(self) -> bool:
        """Whether it was started."""
        return self._machine is not None

    @property
    def instruments(self) -> Mapping[InstrumentId, Instrument]:
        """What may be traded, by the venues' own rules.

        Raises:
            RuntimeError: It has not started.
        """
        return self._mirror.instruments

    @property
    def at(self) -> Nanoseconds | None:
        """The time of the last news; None before it has started."""
        mirror = None if self._machine is None else self._machine.mirror
        return None if mirror is None else mirror.at

    def book(self) -> BookTold:
        """Return the book, by our own record.

        Raises:
            RuntimeError: It has not started.
        """
        return self._mirror.book()

    def price(self, instrument: InstrumentId) -> Decimal | None:
        """Return the last price; None where there was none.

        Raises:
            RuntimeError: It has not started.
        """
        return self._mirror.last.get(instrument)

    def events(self) -> list[LoggedEvent]:
        """Return what was journaled since the start, the last 10000 of it."""
        mirror = None if self._machine is None else self._machine.mirror
        if mirror is None:
            return []
        with mirror.watches.lock:
            told = list(mirror.told)
        with decimal.localcontext(CONTEXT):
            return [logged(each.noted, each.trade, self.mode) for each in told]

    @property
    def _mirror(self) -> Mirror:
        mirror = None if self._machine is None else self._machine.mirror
        if mirror is None:
            raise RuntimeError("the engine has not started, expected `async with` or a call that is awaited before")
        return mirror

    # --- the run -----------------------------------------------------------------------------------------------------

    async def _run(self) -> tuple[Machine, Mirror]:
        """Return what runs, after starting it if nothing does.

        Raises:
            RuntimeError: It is closed, has ended by itself, or belongs to the process that this one was forked from.
            ValueError: As `begin`.
            ExecdError: As `begin`.
        """
        self._check_open()
        self._turnstile.adopt()
        machine = self._machine
        if machine is None or machine.failure is not None:
            machine = self._machine = Machine(self.chosen, _weakly(self))
            # What nobody holds any more stops in order.
            weakref.finalize(self, machine.stop, "nobody holds the engine any more")
        if not machine.is_here():
            raise RuntimeError("the engine was started by the process that this one was forked from")
        await machine.watches.until(lambda: machine.mirror is not None or machine.failure is not None, timeout_s=None)
        if isinstance(machine.failure, BadInputError):
            lines = [self._own_name(line) for line in machine.failure.problems]
            raise ValueError("; ".join(lines))  # noqa: TRY004 - bad input, as all of it
        if machine.failure is not None:
            raise machine.failure
        if machine.is_ending:
            await machine.watches.until(lambda: machine.is_over, timeout_s=None)
        if machine.mirror is None or machine.ended is not None:
            raise RuntimeError(f"{_over(machine)}; look at its log, and make a new one")
        return machine, machine.mirror

    def _own_name(self, line: str) -> str:
        """Return a problem with the keys that the user wrote instead of the name that they have inside."""
        for venue in self.chosen.credentials:
            line = line.replace(f"config: venues.{venue}.credentials:", f"config: keys of {venue}:")
        return line

    async def _wait(self, machine: Machine, reached: Callable[[], bool], until: float) -> None:
        left = max(0.0, until - asyncio.get_running_loop().time())
        await machine.watches.until(lambda: reached() or machine.is_over, timeout_s=left)

    def _from_journal(self, mirror: Mirror, wanted: TradeInstruction) -> FollowedTrade:
        """Return what an instruction came to so long ago that only the journal knows."""
        trade: FollowedTrade | None = None
        with JournalReader(self.chosen.loaded.journal_path) as reader, decimal.localcontext(CONTEXT):
            for record in reader.records():
                entry = record.entry
                if getattr(entry, "instruction_id", None) != wanted.instruction_id:
                    continue
                if trade is None and isinstance(entry, InstructionReceived):
                    trade = FollowedTrade(entry, mirror.instruments[wanted.instrument])
                elif trade is not None:
                    trade.follow(entry)
        return trade or FollowedTrade(wanted, mirror.instruments[wanted.instrument])

    def _next_id(self) -> str:
        """Return an id that no run of this journal has given: a new instruction is never taken for an old one."""
        return f"A{secrets.token_hex(_ID_BYTES)}"

    # --- changes -----------------------------------------------------------------------------------------------------

    def kick(self) -> None:
        """Have the handlers told of what changed, on the loop that uses this. For other threads."""
        loop = self._turnstile.loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has come to its end; the next call tells
                loop.call_soon_threadsafe(self._start_telling)

    def _start_telling(self) -> None:
        task = asyncio.get_running_loop().create_task(self._tell())
        self._kicked.add(task)
        task.add_done_callback(self._kicked.discard)

    async def _tell(self) -> None:
        """Call the handlers for every change that they have not heard of."""
        mirror = None if self._machine is None else self._machine.mirror
        if mirror is None:
            return
        async with self._turnstile.turn():  # also if there is no news: another task may be calling them right now
            while mirror.changes:
                with mirror.watches.lock:
                    changed = mirror.changes.popleft()
                await self._hand_on(lambda changed=changed: self._written(mirror, changed))  # type: ignore[misc]  # a default argument

    def _written(self, mirror: Mirror, changed: Changed) -> PositionChange:
        fact, noted = changed.change.fact, changed.told.noted
        traded = instrument_of(fact)
        with decimal.localcontext(CONTEXT):
            data = data_of(fact, changed.told.trade, self.mode)
            mark = Decimal(0) if traded is None else mirror.last.get(traded, Decimal(0))
            return position_change(changed.change, name_of(fact), data, noted.at, mark)


def _is_ready(mirror: Mirror, wanted: TradeInstruction) -> bool:
    """Whether the core takes an instruction: its venue has settled what was unfinished, and there is a price.

    An instruction that comes too early is refused for good, so it waits for a while outside.
    """
    return wanted.venue not in mirror.unsettled and wanted.instrument in mirror.last


def _is_answered(claim: Claim) -> bool:
    return claim.repeated or (claim.trade is not None and claim.trade.is_answered)


@contextlib.contextmanager
def _claimed(mirror: Mirror, wanted: TradeInstruction) -> Iterator[Claim]:
    claim = mirror.claim(wanted)
    try:
        yield claim
    finally:
        mirror.release(claim)


def _over(machine: Machine) -> str:
    """Return how it ended, in words."""
    ended = machine.ended
    return f"the engine has ended: {ended.reason}" if ended is not None else "the engine has ended"


def _weakly(session: OngoingSession) -> Callable[[], None]:
    """Return what kicks a session as long as somebody holds it."""
    held = weakref.WeakMethod(session.kick)

    def kick() -> None:
        if (method := held()) is not None:
            method()

    return kick
