"""The actor of a live exchange: hears the engine's commands, and tells what the venue says.

Each epoch begins with nothing: it says `VenueStarted`, is told its orders (`FollowOrders`), settles each with the venue
and says `VenueSettled`. Then it does three things at once: what it is told to do (orders.py); looking at single orders
(looking.py); and reading the venue's records again and again (watching.py), at once after every loss of a stream.

An order that the journal has as sent, and that this process never sent, may have been sent by the one before: its
outcome is unknown until it is found or proven absent. In a later epoch of the same process, and after the core was
rebuilt, its command may still be on the way here, so it is waited for a moment first; it is sent then, as certainly
nobody has sent it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from actors.contract import LoopedActor, Tasks, Turn
from actors.exchange.live.desk import Desk
from actors.exchange.live.evidence import Tracked
from actors.exchange.live.looking import READ_TROUBLE, Looker
from actors.exchange.live.orders import Brake, Orders
from actors.exchange.live.ports import Connection, Options, Tell, Venue
from actors.exchange.live.records import Records
from actors.exchange.live.stages import Stage
from actors.exchange.live.watching import Watch, Work
from actors.exchange.wire.contract import Dialect, Market
from messages.lifecycle import Halt, MeasureClock, Resume
from messages.live import (
    CancelAll,
    FollowOrders,
    ForgetOrder,
    VenueHalted,
    VenueSettled,
    VenueStarted,
    VenueTrouble,
)
from messages.orders import AmendOrder, CancelOrder, OrderCommand, OrderRejected, SubmitOrder
from messages.snapshots import LookedInto, LookInto
from messages.units import InstrumentId

ExchangeMessage = OrderCommand | FollowOrders | LookInto | ForgetOrder | CancelAll | MeasureClock | Halt | Resume

_STILL_COMING_S = 2.0
"""How long a command that the journal knows may be on its way to a later epoch."""
_MS = 1_000_000


class LiveExchange(LoopedActor[ExchangeMessage]):
    """One venue, for one epoch.

    Args:
        tasks: Of the epoch.
        turn: Of whichever task looks.
        dialect, connection, options: Of the venue.
        open_connection: Makes the connection ready; sends nothing.
        markets: What is traded there.
        engine: Hears of orders and of everything that changes the book.
        monitor: Hears what the venue says of balances and positions.
        brake: The same for all epochs.
    """

    def __init__(  # noqa: PLR0913 - the wiring names each of them
        self,
        tasks: Tasks,
        *,
        turn: Turn,
        dialect: Dialect,
        connection: Connection,
        open_connection: Callable[[], Awaitable[None]],
        options: Options,
        markets: Mapping[InstrumentId, Market],
        engine: Tell,
        monitor: Tell,
        brake: Brake,
    ) -> None:
        self._open = open_connection
        self._tasks = tasks
        self._turn = turn
        self._connection = connection
        self._options = options
        self._engine = engine
        self._monitor = monitor
        self._opened, self._followed, self._settled = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._rejects: dict[InstrumentId, tuple[str, int]] = {}
        venue = Venue(dialect=dialect, connection=connection, options=options, engine=engine)
        self._looker = Looker(venue, start=self._start, recancel=self._recancel)
        self._desk = Desk(
            venue=options.venue, markets=markets, engine=engine, attend=self._looker.attend, rejected=self._rejected
        )
        self._looker.desk = self._desk
        self._brake = brake
        self._orders = Orders(venue, desk=self._desk, looker=self._looker, brake=brake)
        self._records = Records(venue, desk=self._desk, looker=self._looker)
        self._watch = Watch(
            venue,
            desk=self._desk,
            looker=self._looker,
            records=self._records,
            monitor=monitor,
            now_ns=tasks.now_ns,
        )

    async def started(self) -> None:
        """Connect, however long that takes, beside everything else."""
        self._start(self._connecting(), "connect")

    async def closing(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def receive(self, message: ExchangeMessage) -> None:
        match message:
            case SubmitOrder():
                await self._opened.wait()
                await self._orders.place(message.intent, self._turn.cause)
            case CancelOrder():
                await self._followed.wait()  # and no longer: what can't be settled can be cancelled
                await self._orders.cancel(message.intent, self._turn.cause)
            case AmendOrder():
                await self._settled.wait()
                await self._orders.amend(message.intent, self._turn.cause)
            case FollowOrders():
                self._follow(message)
            case LookInto():
                await self._look_into(message)
            case ForgetOrder():
                self._forget(message)
            case CancelAll():
                await self._orders.cancel_all()
            case MeasureClock():
                await self._settled.wait()
                await self._watch.clock_jumped()
            case Halt() | Resume():
                self._brake.reason = message.reason if isinstance(message, Halt) else None

    def failed(self, message: ExchangeMessage, error: BaseException) -> None:
        """Say what became of a request that crashed, or that the epoch's end cut off."""
        alive = not isinstance(error, asyncio.CancelledError)
        match message:
            case SubmitOrder():
                order = self._desk.orders.get(message.intent.client_order_id)
                if order is not None:
                    self._orders.crashed(order, error, alive=alive)
            case CancelOrder() | AmendOrder():
                order = self._desk.orders.get(message.intent.client_order_id)
                if order is not None and alive:
                    self._orders.await_change(order)
                    self._looker.attend(order)
            case LookInto() if alive:
                self._monitor(LookedInto(venue=self._options.venue))
            case FollowOrders() if alive:
                raise error  # nothing is known without it, so the epoch is no good
            case _:
                pass

    # --- the beginning of an epoch -----------------------------------------------------------------------------------

    async def _connecting(self) -> None:
        """Open the connection, and say that nothing is known yet."""
        await self._open()
        await self._patiently(self._measure)
        self._opened.set()
        self._engine(VenueStarted(venue=self._options.venue, epoch=self._tasks.number))

    def _follow(self, orders: FollowOrders) -> None:
        """Take over what the journal knows, and settle it, beside everything else."""
        if orders.epoch != self._tasks.number or not self._opened.is_set():
            return
        taken = []
        for unfinished in orders.orders:
            order = self._desk.recent(unfinished.intent.client_order_id)
            if order is None:
                order = Tracked.of(unfinished)
                # By our clock, which may be before the venue's, or set back since.
                now, skew = self._connection.now_ms(), self._connection.skew_ms
                order.first_ms = min(order.first_ms + min(skew, 0), now)
            elif order.is_sending:
                continue
            else:
                order.follow_again(unfinished)
            self._desk.take(order)
            if order.is_over:
                self._desk.tell(order, order.answered())
            else:
                taken.append(order)
        self._followed.set()
        self._records.know_foreign(orders.foreign_keys)
        self._records.opened_ms = orders.opened_at // _MS + self._connection.skew_ms
        self._start(self._settling(taken, orders.since // _MS), "settle")

    async def _settling(self, orders: list[Tracked], since_ms: int) -> None:
        """Ask the venue about everything unfinished, as long as it takes to get answers, then watch."""
        coming = [each for each in orders if each.stage is Stage.FOLLOWED]
        if coming and (self._tasks.number > 1 or self._settled.is_set()):
            await asyncio.sleep(_STILL_COMING_S)
        for order in coming:
            if order.stage is Stage.FOLLOWED:
                order.sent_ms = self._connection.now_ms()
                reports = order.lose("the journal does not say whether it was sent")
                self._desk.tell(order, reports)
        for order in orders:
            if order.is_unknown:
                order.sent_ms = order.sent_ms or self._connection.now_ms()
                self._looker.resolve(order)
        self._watch.begin(self._start, since_ms=since_ms)
        await self._patiently(self._watch.catch_up)
        self._settled.set()
        stages = [each.stage for each in self._desk.orders.values()]
        self._engine(
            VenueSettled(
                venue=self._options.venue,
                epoch=self._tasks.number,
                open=len(stages),
                unknown=stages.count(Stage.UNKNOWN),
                skew_ms=self._connection.skew_ms,
            )
        )
        for order in list(self._desk.orders.values()):
            if order.cancelling or order.is_changing:
                order.change_until_ms = self._connection.now_ms() + self._options.validity_ms + self._options.margin_ms
                self._looker.attend(order)

    async def _measure(self) -> None:
        await self._connection.measure_skew()

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, again and again until it succeeds; say once that it does not."""
        wait_s, told = 0.2, False
        while True:
            try:
                await work()
            except READ_TROUBLE as error:
                if not told:
                    self._engine(VenueTrouble(venue=self._options.venue, kind="UNREADABLE", detail=str(error)[:500]))
                    told = True
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
            else:
                return

    # --- in between --------------------------------------------------------------------------------------------------

    async def _look_into(self, wanted: LookInto) -> None:
        """Read everything since then that may explain a difference, and say when it is told."""
        await self._settled.wait()
        try:
            await self._watch.read_all(wanted.since // _MS - self._options.overlap_ms)
        except READ_TROUBLE as error:
            self._engine(VenueTrouble(venue=self._options.venue, kind="UNREADABLE", detail=str(error)))
        self._monitor(LookedInto(venue=self._options.venue))

    def _forget(self, wanted: ForgetOrder) -> None:
        order = self._desk.orders.get(wanted.client_order_id)
        if order is not None:
            self._desk.tell(order, order.answered())

    def _rejected(self, instrument: InstrumentId, report: OrderRejected | None) -> None:
        """Count identical rejections in a row: who sends the same again and again must be stopped."""
        if report is None:
            self._rejects.pop(instrument, None)
            return
        reason, count = self._rejects.get(instrument, ("", 0))
        count = count + 1 if reason == report.reason else 1
        self._rejects[instrument] = (report.reason, count)
        if count >= self._options.most_rejects:
            self._rejects.pop(instrument)
            text = f"{count} orders of {instrument} in a row were rejected: {report.reason} {report.detail}".strip()
            self._engine(VenueHalted(venue=self._options.venue, reason=text[:500]))

    async def _recancel(self, order: Tracked) -> None:
        """Send a cancel once more. A mistake of ours ends this request, not the epoch: the next look tries again."""
        try:
            await self._orders.cancel_now(order)
        except Exception as error:  # noqa: BLE001 - as for a message (`failed`)
            detail = f"a cancel crashed: {type(error).__name__}: {error}"
            self._engine(VenueTrouble(venue=self._options.venue, kind="CRASHED", detail=detail[:500]))

    def _start(self, work: Work, name: str) -> None:
        self._tasks.start(work, name=name)
