"""How the process ends, whatever happens: with an exit code, a line on stderr, and with ``--json`` one object.

Exit codes: 0 done; 1 failed while running; 2 bad input, nothing was run; 78 needs a person; 130 and 143 stopped by
Ctrl-C or SIGTERM. A closed pipe (`| head`) ends a command quietly, with 0.

Nothing heavy is imported here: `execd --help` comes by.
"""

import json as json_format
import os
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from actors.errors import BadInputError, ExecdError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_ONE_PRESS_S = 0.3
"""A signal that comes again within this is the same one, sent twice."""

Handler = Callable[[int, types.FrameType | None], None]


class Signalled(BaseException):
    """Ctrl-C or SIGTERM. No `Exception`, so that nobody takes it for a failure of what it interrupted.

    Attributes:
        exit_code: 128 and the signal's number, as a shell has it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {'Ctrl-C' if number == signal.SIGINT else signal.Signals(number).name}")
        self.exit_code = 128 + number


class UsageError(ExecdError):
    """The command line is wrong, and that was said already."""

    exit_code = 2


def ended(call: Callable[[], int], *, json: bool) -> int:
    """Return the exit code of the call, or of what it raised, which is said.

    Args:
        call: The whole of the process.
        json: Also print an object on stdout about what was raised.
    """
    code = 0
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    try:
        with _handled(_raise_signalled):
            code = call()
            sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - nothing is above this
        if _has_enough(error):
            _close_stdout()
            return code
        line, code = _judged(error)
        if line:
            say(line)
        if json:
            with suppress(OSError):
                print_json({"error": line or str(error), "exit": code})
    return code


def _has_enough(error: BaseException) -> bool:
    """Return whether whoever reads stdout has closed it (`| head`), which rich takes for the end of the process."""
    return isinstance(error, BrokenPipeError) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError)
    )


def _close_stdout() -> None:
    """Lead stdout nowhere: the interpreter flushes it once more when it ends, which must not fail again."""
    with _nowhere() as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _nowhere() -> TextIO:
    """Return what stands for a stream that the caller closed."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for as long as the process lasts


def _judged(error: BaseException) -> tuple[str, int]:
    """Return what to say, nothing where it was said already, and the exit code."""
    match error:
        case UsageError():
            return "", error.exit_code
        case BadInputError():
            return "\n".join(one_line(problem) for problem in error.problems), error.exit_code
        case ExecdError() | Signalled():
            return one_line(str(error)), error.exit_code
        case SystemExit():
            if error.code is None or isinstance(error.code, int):
                return "", error.code or 0
            return one_line(str(error.code)), 1
        case KeyboardInterrupt():
            return "stopped by Ctrl-C", 128 + signal.SIGINT
        case OSError():
            return one_line(f"{error.filename or 'execd'}: {error.strerror or error}"), 1
        case MemoryError():
            return "execd: out of memory", 1
        case _:
            _say_where(error)
            what = one_line(f"{type(error).__name__}: {error}")
            return f"execd crashed, which is a mistake of execd, not yours: {what}", 1


def _say_where(error: BaseException) -> None:
    """Print a traceback, with what the error itself says escaped line by line."""
    import traceback  # noqa: PLC0415 - seldom wanted

    for line in "".join(traceback.format_exception(error)).splitlines():
        say(one_line(line))


def one_line(text: str) -> str:
    """Return text from elsewhere as a terminal may show it: one line, escaped, cut to 500 characters."""
    from config.problems import escaped  # noqa: PLC0415 - not wanted where all goes well

    return escaped(text, cut=500)


def say(line: str) -> None:
    """Print a line on stderr as it is: no markup, no wrapping. A stderr that is gone is no trouble."""
    with suppress(OSError):
        print(line, file=sys.stderr)  # noqa: T201 - for people


def print_json(value: object) -> None:
    """Print one object as the last line of stdout. A pipe that is closed changes nothing about how the process ends."""
    try:
        print(json_format.dumps(value, ensure_ascii=False), flush=True)  # noqa: T201 - for machines
    except BrokenPipeError:
        _close_stdout()


@contextmanager
def orderly() -> Iterator[Callable[[], Signalled | None]]:
    """Only note the first Ctrl-C or SIGTERM, for what can stop by itself; a second one is not waited for.

    The same signal at once again is no second one: `timeout` and others send one to the process and to its group.

    Yields:
        Tells what came, or None.
    """
    caught: list[Signalled] = []
    first: list[tuple[int, float]] = []

    def catch(number: int, _frame: types.FrameType | None) -> None:
        if not first:
            first.append((number, time.monotonic()))
            caught.append(Signalled(number))
        elif number != first[0][0] or time.monotonic() - first[0][1] > _ONE_PRESS_S:
            raise caught[0]

    with _handled(catch):
        yield lambda: caught[0] if caught else None


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    """Handle the signals; one that the caller of the process switched off stays off."""
    wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in wanted}
    hook = sys.unraisablehook

    def quiet(lost: "sys.UnraisableHookArgs") -> None:
        # A signal that comes while Python frees something can't be raised there. What it was to end ends at the next.
        if not isinstance(lost.exc_value, Signalled):
            hook(lost)

    sys.unraisablehook = quiet
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _raise_signalled(number: int, _frame: types.FrameType | None) -> None:
    raise Signalled(number)
