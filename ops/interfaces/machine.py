"""A run that goes on, on a thread of its own: venues looked at, everything started, watched, and stopped in order.

The thread is no daemon thread, so a program that ends without closing its engine still has it stopped in order: the
thread sees that the main one has ended.
"""

import functools
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress

from actors.errors import BadInputError, ExecdError
from config.problems import ConfigError
from config.secrets import Credentials, read_credentials
from messages.base import Message
from messages.book import Opening
from messages.instructions import InstructionRefused, InstructionRepeated, TradeInstruction
from messages.instruments import instruments_of
from messages.market import MarketSlice
from messages.units import AccountName, Amount, Asset, Nanoseconds, VenueName
from ops.daemon.daemon import Ended, start, stop, wait
from ops.daemon.preparation import Decides, Ready, prepared
from ops.daemon.record import Opened, open_journal
from ops.daemon.running import Running
from ops.exits import one_line
from ops.interfaces.attentive import LOGGER, hearing_of
from ops.interfaces.choices import USDT, WALLET, Chosen
from ops.interfaces.listening import Caller
from ops.interfaces.mirror import Mirror
from ops.interfaces.wallet import ETH, bought, ranked
from ops.interfaces.watches import Watches
from ops.wiring import adopts, fixed_namespace, places_orders

_UNUSED = "the engine was closed before it had started"


class Machine:
    """Starts at once.

    Args:
        chosen: The config.
        changed: Called on the core's thread when the book has changed.

    Attributes:
        watches: Wait with them for what follows here.
        mirror: None until everything has started.
        began: When everything had started, in seconds of the monotonic clock.
        failure: Why it could not start, or None.
        ended: Why it ended, and how; None while it runs. After a failure to start it never runs.
    """

    def __init__(self, chosen: Chosen, changed: Callable[[], None]) -> None:
        self.watches = Watches()
        self.mirror: Mirror | None = None
        self.failure: BaseException | None = None
        self.ended: Ended | None = None
        self._chosen = chosen
        self._changed = changed
        self._running: Running | None = None
        self.began = 0.0
        self._why: str | None = None
        self._is_filled = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name="execd engine")
        self._thread.start()

    # --- by callers --------------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.failure is not None or self.ended is not None

    @property
    def is_ending(self) -> bool:
        """Whether it is on its way down: nothing that it is told will be done."""
        running = self._running
        return running is not None and running.root.stopping

    def is_here(self) -> bool:
        """Whether it runs in this process, and not in the one that this was forked from."""
        return self._pid == os.getpid()

    def tell(self, message: Message) -> None:
        """Tell the engine; never waits."""
        if (running := self._running) is not None:
            running.tell("engine", message)

    def give(self, instruction: TradeInstruction) -> InstructionRefused | None:
        """Give the engine an instruction; return the refusal if too many wait already. Never waits."""
        running = self._running
        return None if running is None else running.refs["engine"].offer(instruction)

    def stop(self, reason: str) -> None:
        """Have everything stopped in order; `ended` says when that is done. Never waits."""
        self._why = self._why or reason

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            running, mirror = self._started()
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            if not isinstance(error, ExecdError):
                LOGGER.error("the engine could not start: %s", traceback.format_exc())
            with self.watches.change():
                self.failure = _bare(error)
            return
        with self.watches.change():
            self._running, self.mirror, self.began = running, mirror, time.monotonic()
        ended = self._watched(running, mirror)
        with self.watches.change():
            self.ended, self._running = ended, None

    def _watched(self, running: Running, mirror: Mirror) -> Ended:
        try:
            reason = wait(running, stopped=self._stopped, done=lambda: self._fill_wallet(running, mirror))
        except ExecdError as error:
            running.root.fail("engine", error)
            reason = ""
        return stop(running, reason, cancel=self._chosen.settings.execution.on_stop == "cancel")

    def _stopped(self) -> str | None:
        if self._why is None and not threading.main_thread().is_alive():
            self._why = "the program ended"
        return self._why

    # --- start -------------------------------------------------------------------------------------------------------

    def _started(self) -> tuple[Running, Mirror]:
        chosen = self._chosen
        # The mirror is needed by what makes the strategy, and needs what the venues say.
        late: list[Mirror] = []

        def repeated(event: InstructionRepeated) -> None:
            late[0].repeated(event)

        build = functools.partial(Caller, repeated=repeated)
        ready = prepared(chosen.loaded, self._credentials(), strategy=lambda _models: Decides(build=build))
        for note in ready.notes:
            LOGGER.info("%s", one_line(note))
        mirror = Mirror(
            self.watches,
            instruments_of(ready.models),
            unsettled=[venue for venue in chosen.settings.venues if venue in ready.credentials],
            changed=self._changed,
        )
        late.append(mirror)
        if self._stopped() is not None:
            raise ExecdError(_UNUSED)
        return self._opened(ready, mirror), mirror

    def _credentials(self) -> Mapping[VenueName, Credentials]:
        """Return the keys of all venues: those of the config itself, and those that it names.

        Raises:
            BadInputError: What is missing.
        """
        chosen = self._chosen
        if not places_orders(chosen.settings):
            return {}
        if chosen.lacking:
            raise BadInputError(*chosen.lacking)
        try:
            named = read_credentials(chosen.loaded, but=chosen.credentials)
        except ConfigError as error:
            raise BadInputError(*error.lines) from None
        return {**chosen.credentials, **named}

    def _opened(self, ready: Ready, mirror: Mirror) -> Running:
        settings = self._chosen.settings
        # The command line is the program's own, and what stands in it nobody's business.
        opened = open_journal(
            ready.loaded.journal_path,
            mode=settings.mode.type,
            hashed=ready.hashed,
            namespace=fixed_namespace(settings),
            argv=(),
        )
        if opened.store.torn is not None:
            LOGGER.warning("%d entries were torn at the last end, and are cut off", opened.store.torn.entries)
        try:
            running = start(ready, opened, adopt=adopts(settings), hearing=hearing_of(mirror))
        except BaseException:
            with suppress(ExecdError):
                opened.store.close()
            raise
        self._open_wallet(running, opened)
        running.ask("data_provider", MarketSlice(at=Nanoseconds(time.time_ns())))  # behind all that was told
        return running

    # --- the wallet --------------------------------------------------------------------------------------------------

    def _open_wallet(self, running: Running, opened: Opened) -> None:
        """Put the wallet's part of the capital on record, in USDT, at the first start."""
        if opened.is_new and self._chosen.in_wallet:
            _open(running, WALLET, USDT, Amount(self._chosen.in_wallet))

    def _fill_wallet(self, running: Running, mirror: Mirror) -> bool:
        """Change the wallet's part into ETH at the first known price, free; return False: nothing ends a run."""
        if self._is_filled or not self._chosen.in_wallet or not (amount := mirror.amount(WALLET, USDT)):
            return False
        markets = ranked(mirror.instruments.values())
        price = next((mirror.last[key] for key in markets if key in mirror.last), None)
        if price is not None:
            _open(running, WALLET, ETH, bought(amount, price))
            _open(running, WALLET, USDT, Amount(-amount))
            self._is_filled = True
        return False


def _open(running: Running, account: AccountName, asset: Asset, amount: Amount) -> None:
    running.tell("event_logger", Opening(account=account, asset=asset, amount=amount))


def _bare(error: BaseException) -> BaseException:
    """Return an error without its traceback and what led to it: their variables are nobody's business."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
