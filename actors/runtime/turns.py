"""Turns: how an input is worked until nothing of it is left, and what becomes of one that crashes.

The hot path is `Turns._turn` and `_settle`, with `Core.take` and the `tell` made in `Core.address`: nothing else runs
for a message.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any, NoReturn

from actors.contract import Actor, Address, Turn
from actors.errors import LivelockError
from actors.runtime.crashes import (
    FactCrashedError,
    Supervision,
    described,
    may_be_skipped,
    skipped,
)
from actors.runtime.stepped import Handlers, Place, stopped_quietly
from actors.runtime.timers import TimerHeap
from messages.journal import Record
from messages.lifecycle import Halted, TimerFired
from messages.market import MarketSlice
from messages.units import Nanoseconds, Seq

MESSAGES_PER_TURN = 10_000
"""More are a livelock."""
GENERATIONS_PER_INPUT = 10_000
"""So many follow-ups may each cause the next at one instant; more are a livelock. Siblings are not counted."""
_FINAL = 2
"""Attempts at an input after which a crash goes straight up."""

_MORE_PER_TURN = MESSAGES_PER_TURN - 1  # after the first
_RESTLESS = f"a turn did not come to rest within {MESSAGES_PER_TURN} messages"

Release = Callable[[Any, Seq | None], None]
"""Lets out, at the end of its turn, a message with its cause."""


class Turns:
    """The part of the core that works messages. Knows no thread, no ref and no clock.

    Args:
        name: Under which the supervisor knows the core as one.
        supervisor: Says what follows a crash; without one every crash goes up.
        logger: The cell that is told `InputSkipped` and `Halted`.
        recovery: Returns every journaled record, in order.
        market_recovery: Returns the last known slice, or None.
    """

    def __init__(
        self,
        *,
        name: str,
        supervisor: Supervision | None,
        logger: str,
        recovery: Callable[[], Iterable[Record]],
        market_recovery: Callable[[], MarketSlice | None],
    ) -> None:
        self.name = name
        self.turn = Turn()
        self.supervisor = supervisor
        self.recovery = recovery
        self.market_recovery = market_recovery
        self._logger = logger
        self._fifo: deque[tuple[Handlers, Any, Seq | None]] = deque()
        self._staged: list[tuple[Release, Any, Seq | None]] = []
        self._first: deque[tuple[Place, Any, Seq | None, int]] = deque()
        self._later: deque[tuple[Place, Any, Seq | None, int]] = deque()
        # What the present turn told to follow it, of either kind; it joins the queues when the turn has ended well.
        self._told_first: list[tuple[Place, Any, Seq | None, int]] = []
        self._told_later: list[tuple[Place, Any, Seq | None, int]] = []
        self._generation = 0
        self._timers = TimerHeap(lambda: self._staged.append((self._commit_timers, None, None)))
        self._places: dict[str, Place] = {}
        self._spawned: list[Place] = []
        self._closers: list[Callable[[], None]] = []
        self._busy = False
        self._calm = threading.Event()  # not set while a crash is dealt with
        self._calm.set()
        self._barred: BaseException | None = None

    def work(self, place: Place, message: Any, cause: Seq | None, at: Nanoseconds) -> BaseException | None:  # noqa: ANN401
        """Work one input, on the core's own thread. Return the error of its turn if it crashed and was skipped."""
        if self._timers.next_due <= at:
            self.fire(at)
        if at > self.turn.at:  # noqa: PLR1730 - the hot path: `max` costs three times as much
            self.turn.at = at
        error = self._turn(place, message, cause)
        if self._first or self._later:
            self._follow_up()
        return error

    def fire(self, at: int) -> int:
        """Work the timers due at or before `at`, each a turn of its own. Return how many there were."""
        fired = 0
        while (timer := self._timers.pop(at)) is not None:
            (timer_id, name), due, generation = timer
            if due > self.turn.at:
                self.turn.at = Nanoseconds(due)
            fired += 1
            self._chained(self._place(name), TimerFired(timer_id=timer_id, due=Nanoseconds(due)), None, generation)
            if self._first or self._later:
                self._follow_up()
        return fired

    # --- the hot path ------------------------------------------------------------------------------------------------

    def _turn(self, place: Place, message: Any, cause: Seq | None, attempt: int = 0) -> BaseException | None:  # noqa: ANN401
        self.turn.cause = cause
        self._busy = True
        try:
            place.handlers[type(message)](message)
            if self._fifo or place.closer:  # else nobody was told anything, so nobody has gathered anything
                self._settle(cause)
        except BaseException as error:  # noqa: BLE001 - a cell that calls sys.exit has crashed
            return self._crashed(place, message, cause, error, attempt)
        if self._told_first or self._told_later or self._staged:
            self._release()
        self._busy = False
        return None

    def _settle(self, cause: Seq | None) -> None:
        """Work what was told within the turn until it is quiet and nobody has anything left to say at its end."""
        turn, fifo = self.turn, self._fifo
        more = repeat(None, _MORE_PER_TURN)  # one count for all rounds
        while True:
            if fifo:
                for _ in more:
                    handlers, told, turn.cause = fifo.popleft()
                    handlers[type(told)](told)
                    if not fifo:
                        break
                else:
                    raise LivelockError(_RESTLESS)
            for turn_ended in self._closers:
                turn.cause = cause
                turn_ended()
                if fifo:
                    break  # who comes later ends the turn only when all of it was told
            else:
                return

    def _follow_up(self) -> None:
        """Work follow-ups until none is left."""
        first, later = self._first, self._later
        try:
            while True:
                if first:
                    place, message, cause, generation = first.popleft()
                elif later:
                    place, message, cause, generation = later.popleft()
                else:
                    return
                self._generation = generation
                if generation > GENERATIONS_PER_INPUT:
                    self._endless(place, message, cause)
                else:
                    self._turn(place, message, cause)
        finally:
            self._generation = 0

    def _chained(self, place: Place, message: Any, cause: Seq | None, generation: int) -> None:  # noqa: ANN401
        """Work the turn of a timer, which an earlier turn may have set for this very instant."""
        self._generation = generation
        try:
            if generation > GENERATIONS_PER_INPUT:
                self._endless(place, message, cause)
            else:
                self._turn(place, message, cause)
        finally:
            self._generation = 0

    def _endless(self, place: Place, message: Any, cause: Seq | None) -> None:  # noqa: ANN401 - any message
        self._busy = True
        error = LivelockError(f"{GENERATIONS_PER_INPUT} reactions at one instant, each to the one before")
        self._crashed(place, message, cause, error, 0)

    def _release(self) -> None:
        """Let out what the turn said, in order: what shall follow it, and what is for others than this core's cells."""
        if self._told_first:
            self._first.extend(self._told_first)
            self._told_first.clear()
        if self._told_later:
            self._later.extend(self._told_later)
            self._told_later.clear()
        staged = self._staged
        for release, message, cause in staged:
            release(message, cause)
        staged.clear()

    def _stage(self, release: Callable[[Any, Seq | None], None]) -> Address[Any]:
        append, turn = self._staged.append, self.turn

        def tell(message: Any) -> None:  # noqa: ANN401 - as in `address`
            append((release, message, turn.cause))

        return StepAddress(tell)

    def _commit_timers(self, _message: object, _cause: Seq | None) -> None:
        self._timers.commit()

    # --- crash and recovery ------------------------------------------------------------------------------------------

    def _crashed(
        self,
        place: Place,
        message: Any,  # noqa: ANN401 - any message
        cause: Seq | None,
        error: BaseException,
        attempt: int,
    ) -> BaseException | None:
        """Discard a turn and go on as the supervisor says."""
        self._calm.clear()
        try:
            self._come_back(error, final=attempt >= _FINAL)
        finally:
            self._busy = False
            self._calm.set()
        if may_be_skipped(message):
            self._turn(self._place(self._logger), skipped(message, error), cause, 1)
            return error
        if attempt == 0:
            return self._turn(place, message, cause, 1)
        reason = f"{type(message).__name__} crashed {place.name} twice: {described(error)}"
        self._turn(self._place(self._logger), Halted(reason=reason), cause, _FINAL)
        return self._bar(FactCrashedError(reason), error)

    def _come_back(self, error: BaseException, *, final: bool) -> None:
        """Rebuild, as often as it takes and the supervisor allows."""
        present = error
        while True:
            try:
                self._discard()
            except Exception as worse:  # noqa: BLE001 - what was kept is unknown now, so nothing can go on
                self._bar(worse, present)
            if final or self.supervisor is None or self._is_drivers(present):
                self._bar(present)
            verdict = self.supervisor.failed(self.name, present)
            if not verdict.restart:
                self._bar(present)
            self._pause(verdict.delay_s)
            try:
                self._rebuild()
            except BaseException as again:  # noqa: BLE001 - a failing start is a crash like any other
                present = again
            else:
                return

    def _bar(self, error: BaseException, because: BaseException | None = None) -> NoReturn:
        """Take nothing more, and let the error go up."""
        self._first.clear()
        self._later.clear()
        self._barred = error
        if because is None or because is error:
            raise error
        raise error from because

    def _discard(self) -> None:
        """Forget the present turn, also where it has been written down."""
        self._say_nothing()
        for place in self._spawned:
            if place.durable:
                discard_turn = getattr(place.behaviour, "discard_turn", None)
                if discard_turn is not None:
                    discard_turn()

    def _rebuild(self) -> None:
        for place in reversed(self._spawned):
            if not place.durable and place.behaviour is not None:
                stopped_quietly(place.behaviour)
        for place in self._spawned:
            if not place.durable:
                self._build(place)
        self._find_closers()
        self.recover()

    def recover(self) -> None:
        """Fold the journal into the behaviours as they are: at a start, and after every rebuild. Says nothing."""
        behaviours = [place.behaviour for place in self._spawned if not place.durable and place.behaviour is not None]
        folding = [each.apply for each in behaviours if type(each).apply is not Actor.apply]
        for record in self.recovery():
            for apply in folding:
                apply(record)
            self.turn.at = max(self.turn.at, record.at)
        market = self.market_recovery()
        if market is not None:
            for each in behaviours:
                each.apply_market(market)
        self._say_nothing()

    def _say_nothing(self) -> None:
        """Forget what is waiting to be said, and the timers that go with it."""
        self._fifo.clear()
        self._staged.clear()
        self._told_first.clear()
        self._told_later.clear()
        self._timers.rollback()

    def _build_until_it_holds(self, place: Place) -> None:
        while True:
            try:
                self._build(place)
            except Exception as error:
                verdict = None if self.supervisor is None else self.supervisor.failed(place.name, error)
                if verdict is None or not verdict.restart:
                    raise
            else:
                return

    @staticmethod
    def _build(place: Place) -> None:
        if place.factory is not None:
            place.behaviour = place.factory()
            place.handlers.take_over(place.behaviour.receive, place.behaviour.handlers)

    def _pause(self, delay_s: float) -> None:
        """Wait out a back-off. Inline there is no clock to wait by."""

    def _is_drivers(self, error: BaseException) -> bool:
        """Tell whether an exception is about the thread, not about the actor that it hit."""
        return isinstance(error, KeyboardInterrupt)

    def _place(self, name: str) -> Place:
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = Place(name)
        return place

    def _find_closers(self) -> None:
        self._closers[:] = [
            place.behaviour.turn_ended
            for place in reversed(self._spawned)  # who was spawned first, such as the journal writer, ends a turn last
            if place.closer and place.behaviour is not None
        ]


class StepAddress:
    """An address whose `tell` is a closure: the cheapest call there is."""

    __slots__ = ("tell",)

    def __init__(self, tell: Callable[[Any], None]) -> None:
        self.tell = tell
