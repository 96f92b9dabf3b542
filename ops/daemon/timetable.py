"""The strategy ``script`` of a run that goes on: its file as a timetable."""

from collections.abc import Callable, Iterator

from actors.strategies.timetable import Line, Timetable

from actors.errors import InputChangedError
from actors.strategies.contract import Strategy, StrategyContext
from config.instructions import ScriptFile
from config.problems import ScriptChangedError


def timetable(script: ScriptFile) -> Callable[[StrategyContext], Strategy]:
    """Return what makes the strategy of a script."""
    return lambda _context: Timetable(_lines(script))


def _lines(script: ScriptFile) -> Iterator[Line]:
    """Yield the lines in order.

    Raises:
        InputChangedError: The file is not the one that was validated.
    """
    try:
        for timed in script.in_order():
            yield Line(at=timed.at, instruction=timed.instruction)
    except ScriptChangedError as error:
        raise InputChangedError(str(error)) from None
