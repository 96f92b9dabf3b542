"""The strategy ``script`` of a run that goes on: gives what a file says when it is due, and knows when all is done.

Lines are given in the order of their times, those of one time and those without (at once) in the order of the file;
each once in a process. How many were given is kept in the journal. After a restart the trades among them are given
again, which places nothing: a known id is answered with what it came to, and so the timetable learns what is still
open. Cancels and changes among them are not given again: they would act on what came later. The count is kept one slice
late, so a process that dies in between gives those lines again rather than never; a change that is made twice comes to
the same order, and a cancel of what is closed is refused. (It counts lines: a file that is changed between two starts
may only get more of them behind those that were given.)

A venue that has not settled refuses what is new for good, so lines wait, with all behind them, while theirs has not.

Of a fill nobody but the engine knows whether it was the last one, as amounts are rounded and cut: so after a fill the
instruction is given again, and the answer says whether it is still open.
"""

from collections.abc import Iterable, Mapping

import msgspec

from actors.strategies.contract import OwnEvent, StrategyContext
from messages.instructions import (
    AmendInstruction,
    AmendRefused,
    CancelAllInstruction,
    CancelRefused,
    Instruction,
    InstructionRefused,
    InstructionRepeated,
    TradeInstruction,
)
from messages.market import MarketSlice
from messages.orders import AmendRejected, OrderCancelled, OrderExpired, OrderFilled, OrderRejected
from messages.units import InstructionId, Nanoseconds, VenueName

_ENDED = frozenset({"REFUSED", "REJECTED", "FILLED", "CANCELLED", "EXPIRED"})
_GIVEN = "given"


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be given, and when: None is at once."""

    at: Nanoseconds | None
    instruction: Instruction


class Timetable:
    """See the head of this file.

    Args:
        lines: In the order of the file.
        context: Says which venues have not settled; None: all have, always.

    Attributes:
        refused: How many instructions, cancels and changes execd refused.
        rejected: How many orders and changes the venues rejected.
    """

    def __init__(self, lines: Iterable[Line], context: StrategyContext | None = None) -> None:
        self._lines = sorted(lines, key=lambda line: line.at or 0)
        self._context = context
        self._venues: dict[InstructionId, VenueName] = {
            line.instruction.instruction_id: line.instruction.venue
            for line in self._lines
            if isinstance(line.instruction, TradeInstruction)
        }
        self._open: dict[InstructionId, TradeInstruction] = {}
        self._next = 0  # line that was not given by this process yet
        self._kept = 0  # lines that the journal has as given
        self._before = 0  # the same, as of the start
        self.refused = 0
        self.rejected = 0

    @property
    def is_given(self) -> bool:
        """Whether every line was given."""
        return self._next == len(self._lines)

    @property
    def done(self) -> bool:
        """Whether every line was given and every order came to its end."""
        return self.is_given and not self._open

    @property
    def waiting(self) -> tuple[InstructionId, ...]:
        """Instructions that were given and have not come to their end, in the order in which they were given."""
        return tuple(self._open)

    def snapshot(self) -> Mapping[str, int]:
        """Return what the journal keeps: how many lines were given in earlier slices."""
        return {_GIVEN: self._kept}

    def restore(self, state: Mapping[str, int]) -> None:
        """Take back what the journal kept."""
        self._kept = self._before = state[_GIVEN]

    def on_slice(self, market: MarketSlice) -> Iterable[Instruction]:
        """Return what is due now."""
        self._kept = max(self._kept, self._next)
        wanted: list[Instruction] = []
        while self._next < len(self._lines):
            line = self._lines[self._next]
            instruction = line.instruction
            if (line.at is not None and line.at > market.at) or self._must_wait(instruction):
                break
            if isinstance(instruction, TradeInstruction):
                self._open[instruction.instruction_id] = instruction
                wanted.append(instruction)
            elif self._next >= self._before:
                wanted.append(instruction)
            self._next += 1
        return wanted

    def on_event(self, event: OwnEvent) -> Iterable[Instruction]:
        """Take note of what ended; return what must be asked for."""
        match event:
            case OrderFilled():
                asked = self._open.get(event.instruction_id)
                return () if asked is None else (asked,)
            case InstructionRepeated():
                if event.outcome in _ENDED and self._open.pop(event.instruction_id, None) is not None:
                    self.refused += event.outcome == "REFUSED"
                    self.rejected += event.outcome == "REJECTED"
            case InstructionRefused():
                self.refused += 1
                self._open.pop(event.instruction_id, None)
            case CancelRefused() | AmendRefused():
                self.refused += 1
            case OrderRejected():
                self.rejected += 1
                self._open.pop(event.instruction_id, None)
            case AmendRejected():
                self.rejected += 1
            case OrderCancelled() | OrderExpired():
                self._open.pop(event.instruction_id, None)
            case _:
                pass
        return ()

    def _must_wait(self, instruction: Instruction) -> bool:
        if self._context is None or not self._context.unsettled:
            return False
        match instruction:
            case TradeInstruction() | CancelAllInstruction():
                return instruction.venue in self._context.unsettled
            case AmendInstruction():
                return self._venues.get(instruction.instruction_id) in self._context.unsettled
            case _:
                return False  # a cancel passes
