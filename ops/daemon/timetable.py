"""The strategy ``script`` of a run that goes on: its file as a timetable."""

from collections.abc import Callable, Iterator

from actors.errors import InputChangedError
from actors.strategies.contract import Strategy, StrategyContext
from actors.strategies.timetable import Line, Timetable
from config.instructions import AT_ONCE, ScriptFile
from config.problems import ScriptChangedError


def timetable(script: ScriptFile) -> Callable[[StrategyContext], Strategy]:
    """Return what makes the strategy of a script."""
    return lambda context: Timetable(_lines(script), context)


def _lines(script: ScriptFile) -> Iterator[Line]:
    """Yield the lines in order.

    Raises:
        InputChangedError: The file is not the one that was validated.
    """
    try:
        for timed in script.in_order():
            yield Line(at=None if timed.at == AT_ONCE else timed.at, instruction=timed.instruction)
    except ScriptChangedError as error:
        raise InputChangedError(str(error)) from None
