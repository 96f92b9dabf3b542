"""The core: one FIFO for all stepped cells, one thread, one order of events.

An input is worked until nothing of it is left: its **turn**, then one turn for each follow-up that was told in it. What
a turn says to the outside leaves when the turn ends; a turn that crashes says nothing (turns.py).
"""

import decimal
from collections.abc import Callable, Iterable
from threading import get_ident
from typing import Any, NoReturn

import pykka
from pykka import ActorDeadError

from actors.contract import Actor, Address, Timers
from actors.runtime.clock import Clock
from actors.runtime.core_thread import CoreThread
from actors.runtime.crashes import (
    BrokenCoreError,
    CoreReentryError,
    Supervision,
    described,
)
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.mailbox import Letter, Limits, Offer, Stop
from actors.runtime.stepped import CellRef, Place, SteppedCell
from actors.runtime.timers import CellTimers
from actors.runtime.turns import StepAddress, Turns
from messages.base import Message, Question
from messages.journal import Record
from messages.market import MarketSlice
from messages.units import CONTEXT, Nanoseconds, Seq


class Core(Turns):
    """Works messages to stepped cells, in one order, on one thread.

    Inline, whoever calls `take` is the thread, and only one thread may call at a time. After `start` the core has a
    thread of its own, and inputs come by the cells' refs (`ActorRef.tell`, `ask`, `CellRef.offer`).

    Args:
        supervisor: Says what follows a crash. Without one every crash goes up to the driver.
        dead_letters: Where goes what can't be delivered.
        clock: Needed by a core with a thread (default: the machine's); inline, times are those given to `take`.
        name: Under which the supervisor knows the core as one.
        logger: The cell that is told `InputSkipped` and `Halted`, each in a turn of its own.
        clock_to: The cell that is told `ClockReached` after timers fired without another input; None for nobody.
        jumps_to: The cell that is told `ClockJumped`; None for nobody.
        congestion_to: The cell that is told `Congested` about the core's own mailbox; None for nobody.
        limits: Of the core's own mailbox.
        recovery: Returns every journaled record, in order.
        market_recovery: Returns the last known slice, or None.

    Attributes:
        turn: What the actors may know of the input being worked.
        recovery: As above; may be set until the first crash, since wiring goes in circles.
        market_recovery: As above.
    """

    def __init__(  # noqa: PLR0913 - the wiring names each of them
        self,
        *,
        supervisor: Supervision | None = None,
        dead_letters: DeadLetters | None = None,
        clock: Clock | None = None,
        name: str = "core",
        logger: str = "event_logger",
        clock_to: str | None = None,
        jumps_to: str | None = None,
        congestion_to: str | None = None,
        limits: Limits | None = None,
        recovery: Callable[[], Iterable[Record]] = tuple,
        market_recovery: Callable[[], MarketSlice | None] = lambda: None,
    ) -> None:
        super().__init__(
            name=name, supervisor=supervisor, logger=logger, recovery=recovery, market_recovery=market_recovery
        )
        self.dead_letters = dead_letters if dead_letters is not None else DeadLetters()
        self.clock = clock
        self.clock_to = clock_to
        self.jumps_to = jumps_to
        self.congestion_to = congestion_to
        self.limits = limits
        self._stopped = False
        self._owner = 0
        self._thread: CoreThread | None = None
        self._adopt()

    # --- wiring ------------------------------------------------------------------------------------------------------

    def spawn(
        self, name: str, factory: Callable[[], Actor[Any]], *, closer: bool = False, durable: bool = False
    ) -> CellRef:
        """Start a stepped cell.

        Args:
            name: Unique in this core.
            factory: Builds the behaviour, now and at every rebuild. One that raises is tried again while the supervisor
                says so.
            closer: `turn_ended` is called when the FIFO is quiet, and again until it leaves the FIFO quiet.
            durable: The behaviour survives a rebuild; instead its method ``discard_turn()``, if it has one, is called
                when a turn is discarded, before `recovery` is read.

        Raises:
            ValueError: There is one of that name.
            BrokenCoreError: The core has a thread of its own already, or was stopped.
        """
        if self._thread is not None or self._stopped:
            self._refuse()
        place = self._place(name)
        if place.cell is not None:
            raise ValueError(f"there is a cell named {name} already")
        place.factory, place.closer, place.durable = factory, closer, durable
        self._build_until_it_holds(place)
        ref = SteppedCell.start(place, self.post, self.dead_letters)
        self._spawned.append(place)
        self._find_closers()
        return ref  # type: ignore[return-value]  # SteppedCell makes CellRefs

    def address(self, name: str) -> Address[Any]:
        """Return where cells of this core tell a cell of this core; it may be spawned later. Not for other threads."""
        handlers, append, turn = self._place(name).handlers, self._fifo.append, self.turn

        def tell(message: Any) -> None:  # noqa: ANN401 - the typed address is the wiring's promise
            append((handlers, message, turn.cause))

        return StepAddress(tell)

    def follow(self, name: str, *, first: bool = False) -> Address[Any]:
        """Return where cells of this core tell what shall be a turn of its own, after the present one.

        It is worked at the same `at`, with the cause of its telling, before any other input or timer, in the order of
        telling; those told with `first` before all others. Those of a crashed turn are never worked.
        """
        place, append, turn = self._place(name), (self._told_first if first else self._told_later).append, self.turn

        def tell(message: Any) -> None:  # noqa: ANN401 - as in `address`
            append((place, message, turn.cause, self._generation + 1))

        return StepAddress(tell)

    def outside(self, ref: pykka.ActorRef[Any]) -> Address[Any]:
        """Return where cells of this core tell a cell outside it: it leaves, in order, when the turn ends."""
        if isinstance(ref, CellRef):
            return self._stage(ref.tell)

        def release(message: Any, _cause: Seq | None) -> None:  # noqa: ANN401 - as in `address`
            try:
                ref.tell(message)
            except ActorDeadError:
                self.dead_letters.add(str(ref), message, "closed")

        return self._stage(release)

    def timers(self, name: str) -> Timers:
        """Return the timers of a cell: each comes back to it as `TimerFired`, in a turn of its own."""

        def set_timer(timer_id: str, due: int) -> None:
            self._timers.set((timer_id, name), due, self._generation + 1 if due <= self.turn.at else 0)

        return CellTimers(set_timer, lambda timer_id: self._timers.cancel((timer_id, name)))

    def behaviour(self, name: str) -> Actor[Any]:
        """Return the present behaviour of a cell, for tests and for what ops reads after a run."""
        behaviour = self._place(name).behaviour
        if behaviour is None:
            raise LookupError(f"{name} was never spawned")
        return behaviour

    # --- driving, inline ---------------------------------------------------------------------------------------------

    def take(self, name: str, message: Message, at: Nanoseconds) -> None:
        """Work one input until nothing of it is left, after the timers that are due by then.

        Args:
            name: The cell that it is for.
            message: What it is told.
            at: Its time in nanoseconds; an earlier one than the last input's counts as the last's.

        Raises:
            BaseException: What crashed the turn, where the supervisor did not order a restart.
            FactCrashedError: The input is a fact and crashed its turn twice.
            BrokenCoreError: An earlier error went up, or the core was stopped.
            CoreReentryError: Called from inside a turn.
        """
        if self._busy or self._barred is not None or self._thread is not None:
            self._refuse()
        if get_ident() != self._owner:
            self._adopt()
        self.work(self._places[name], message, None, at)

    @property
    def next_due(self) -> int:
        """When the first timer is due, in nanoseconds; `timers.NEVER` without one."""
        return self._timers.first()

    # --- what comes by refs ------------------------------------------------------------------------------------------

    def post(self, letter: Letter) -> Offer:
        """Take what was put into the ref of a stepped cell."""
        thread = self._thread
        if self._busy and get_ident() == self._owner:
            if letter.reply_to is not None:
                raise CoreReentryError(f"{letter.target} was asked from inside a turn, which would wait for itself")
            self._staged.append((lambda _message, _cause: self._later_input(letter), None, None))
            return Offer.TAKEN
        if thread is not None:
            return thread.inbox.offer(letter)
        if self._stopped or self._place(letter.target).cell is None:
            letter.reject(self.dead_letters)
            return Offer.CLOSED
        if self._busy or self._barred is not None:
            self._refuse()
        if get_ident() != self._owner:
            self._adopt()
        try:
            self.handle(letter, Nanoseconds(self.clock.wall_ns() if self.clock is not None else 0))
        except BaseException:
            if letter.reply_to is None:
                raise
        return Offer.TAKEN

    def _later_input(self, letter: Letter) -> None:
        """What a turn told to one of its own core's refs is an input behind all others; inline a follow-up."""
        if self._thread is not None:
            self._thread.inbox.put(letter)
        else:
            self._later.append((self._place(letter.target), letter.message, letter.cause, self._generation + 1))

    def handle(self, letter: Letter, at: Nanoseconds) -> None:
        """Work a letter, on the core's own thread, and answer whoever asked. What goes up was answered as well."""
        message, place = letter.message, self._place(letter.target)
        try:
            if isinstance(message, Stop):
                trouble = self._retire(place, None)
                letter.answer(None) if trouble is None else letter.fail(trouble)
            elif place.cell is None or place.behaviour is None:
                letter.reject(self.dead_letters)
            elif isinstance(message, Question):
                self._answer(place.behaviour, letter)
            elif isinstance(message, Message):
                error = self.work(place, message, letter.cause, at)
                letter.answer(None) if error is None else letter.fail(error)
            elif letter.reply_to is not None:
                letter.fail(TypeError(f"{place.name} takes messages, not {type(message).__name__}"))
            else:
                self.dead_letters.add(place.name, message, "not a message")
        except BaseException as error:
            letter.fail(error)
            raise

    def _answer(self, behaviour: Actor[Any], letter: Letter) -> None:
        try:
            value = behaviour.answer(letter.message)
        except Exception as error:  # noqa: BLE001 - a question changes nothing, so only the asker hears of it
            letter.fail(error)
        else:
            letter.answer(value)

    def place(self, name: str) -> Place:
        """Return where a cell stands, for the core's own thread."""
        return self._place(name)

    def rebuild(self) -> None:
        """Build every behaviour anew and fold the journal, so that a core whose crash went up takes inputs again."""
        if self._busy or self._stopped:
            self._refuse()
        self._rebuild()
        self._barred = None

    # --- a thread of its own, and the end ----------------------------------------------------------------------------

    def start(self) -> None:
        """Give the core its own thread: from now on inputs come by the cells' refs only.

        Raises:
            BrokenCoreError: An error went up, or the core was stopped or started before.
        """
        if self._busy or self._barred is not None or self._thread is not None:
            self._refuse()
        self._thread = CoreThread(self)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Work what was put before, then end: `stopping` of every behaviour, the last spawned first.

        Inline it is the driver who stops; another thread may when no turn is being worked.

        Returns:
            Whether it ended within `timeout_s` seconds.
        """
        if self._thread is not None:
            return self._thread.stop(timeout_s)
        if get_ident() != self._owner:
            self._calm.wait(timeout_s)  # an escalation stops everything while its crash is still on its way up
        if self._busy:
            return False
        self.finish(None if isinstance(self._barred, BrokenCoreError) else self._barred)
        return True

    def wake(self) -> None:
        """Let a core with a thread look at the clock now."""
        if self._thread is not None:
            self._thread.inbox.wake()

    def finish(self, error: BaseException | None) -> None:
        """End every cell, on the core's own thread; the second call does nothing.

        Raises:
            BaseException: The first that a behaviour's `stopping` raised, after an end that was orderly so far.
        """
        if self._stopped:
            return
        self._stopped = True
        if self._barred is None:
            self._barred = error if error is not None else BrokenCoreError(f"{self.name} was stopped")
        trouble = [self._retire(place, error) for place in reversed(self._spawned[:])]
        worse = next((each for each in trouble if each is not None), None)
        if self.supervisor is not None:
            self.supervisor.gone(self.name, error or worse)
        if worse is not None and error is None:
            raise worse

    def _pause(self, delay_s: float) -> None:
        if self._thread is not None:
            self._thread.pause(delay_s)

    def _is_drivers(self, error: BaseException) -> bool:
        # A signal hits the driver's thread wherever it is; in the core's own thread it can only be an actor's doing.
        return self._thread is None and isinstance(error, KeyboardInterrupt)

    def own(self) -> None:
        """Make the calling thread the core's own."""
        self._adopt()

    def _retire(self, place: Place, error: BaseException | None) -> BaseException | None:
        """End one cell for good; return what its `stopping` raised."""
        if place.cell is None:
            return None
        trouble: BaseException | None = None
        cell, place.cell = place.cell, None
        pykka.ActorRegistry.unregister(cell.actor_ref)
        cell.actor_stopped.set()
        if place.behaviour is not None:
            try:
                place.behaviour.stopping()
            except Exception as raised:  # noqa: BLE001 - the others must be stopped all the same
                trouble = raised
        place.handlers.take_over(lambda message: self.dead_letters.add(place.name, message, "closed"))
        place.behaviour = place.factory = None
        self._spawned.remove(place)
        self._find_closers()
        if self.supervisor is not None:
            self.supervisor.gone(place.name, error or trouble)
        return trouble

    def _adopt(self) -> None:
        self._owner = get_ident()
        decimal.setcontext(CONTEXT.copy())

    def _refuse(self) -> NoReturn:
        if self._busy:
            raise CoreReentryError(f"{self.name} was driven from inside one of its turns, or by two threads at once")
        if self._barred is not None:
            raise BrokenCoreError(f"{self.name} takes nothing more: {described(self._barred)}") from self._barred
        raise BrokenCoreError(f"{self.name} has a thread of its own: tell it by the refs of its cells")
