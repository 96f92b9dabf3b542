"""How quickly a journal is folded at a start: one that the core's own actors wrote, with a venue that fills at once."""

import time
from decimal import Decimal
from pathlib import Path

from actors.contract import Actor
from actors.runtime.stepped import CellRef
from messages.journal import AskJournal
from messages.live import AskOpenQuestions, FollowOrders, VenueSettled, VenueStarted
from messages.orders import OrderAccepted, OrderFilled, SubmitOrder
from messages.units import Amount, Liquidity, Nanoseconds, OrderId, TradeId, VenueName
from ops.bench.live.cases import Figures, until_over
from ops.bench.live.exchange import Place
from ops.bench.live.rig import AMOUNT, PAIR, quote, ready_to_start
from ops.daemon.daemon import start_core, stop
from ops.daemon.preparation import Ready
from ops.daemon.record import open_journal
from ops.wiring import ongoing_context

_AT_ONCE = 200
_FEE = Amount(Decimal("0.1"))


class AtOnce(Actor[SubmitOrder | FollowOrders]):
    """Fills every order at once, at its price."""

    def __init__(self, venue: VenueName, engine: CellRef) -> None:
        self._venue = venue
        self._engine = engine
        self._count = 0

    def receive(self, message: SubmitOrder | FollowOrders) -> None:
        """Fill it; of what it is to follow there is nothing."""
        if isinstance(message, FollowOrders):
            settled = VenueSettled(venue=self._venue, epoch=message.epoch, open=0, unknown=0, skew_ms=0)
            self._engine.tell(settled)
            return
        intent = message.intent
        self._count += 1
        order_id = OrderId(str(self._count))
        self._engine.tell(
            OrderAccepted(
                venue=intent.venue,
                instrument=intent.instrument,
                order_id=order_id,
                client_order_id=intent.client_order_id,
                instruction_id=intent.instruction_id,
            )
        )
        self._engine.tell(
            OrderFilled(
                venue=intent.venue,
                instrument=intent.instrument,
                side=intent.side,
                amount=intent.amount,
                price=intent.reference_price,
                fee=_FEE,
                fee_asset=intent.held_asset,
                liquidity=Liquidity.TAKER,
                order_id=order_id,
                client_order_id=intent.client_order_id,
                trade_id=TradeId(str(self._count)),
                instruction_id=intent.instruction_id,
            )
        )


def fold(place: Place, folder: Path, venue: str, size: int) -> Figures:
    """Write a journal of so many entries, and start on it."""
    ready = ready_to_start(place, folder, venue)
    _write(ready, size)
    settings = ready.loaded.settings
    began = time.perf_counter()
    opened = open_journal(ready.loaded.journal_path, mode=settings.mode.type, hashed=ready.hashed, namespace=None)
    checked = time.perf_counter()
    entries = opened.store.last_seq
    running = start_core(ready, opened, adopt=True)
    done = time.perf_counter()
    stop(running, "done", cancel=False)
    return {
        "entries": entries,
        "per_second": entries / (done - began),
        "fold_per_second": entries / (done - checked),
        "check_per_second": entries / (checked - began),
    }


def _write(ready: Ready, size: int) -> None:
    """Have the core trade until its journal has so many entries."""
    settings, (seen,) = ready.loaded.settings, ready.seen
    opened = open_journal(ready.loaded.journal_path, mode=settings.mode.type, hashed=ready.hashed, namespace=None)
    running = start_core(ready, opened, adopt=True)
    engine = running.refs["engine"]
    running.spawn_writer(f"venue:{seen.venue}", lambda: AtOnce(seen.venue, engine))
    engine.tell(VenueStarted(venue=seen.venue, epoch=1))
    context = ongoing_context(settings, ready.models, start=Nanoseconds(0))
    instrument, number = next(iter(context.instruments)), 0
    running.tell("data_provider", quote(instrument, Nanoseconds(time.time_ns())))
    while running.ask("engine", AskOpenQuestions()).unsettled:
        time.sleep(0.005)
    while running.ask("event_logger", AskJournal()).seq < size:
        for _ in range(_AT_ONCE):
            number += 1
            side = "SELL" if number % 2 else "BUY"
            engine.offer(context.trade(seen.venue, PAIR, side, AMOUNT, instruction_id=f"f{number}"))
        until_over(_AT_ONCE)
    stop(running, "done", cancel=False)
