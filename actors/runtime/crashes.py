"""What a crash of a core turn means for the input that caused it, and how it is said."""

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple, Protocol

from actors.errors import ExecdError, FatalError, StrategyError
from messages.base import MailClass, Message
from messages.lifecycle import ClockReached, InputSkipped, TimerFired

_TEXT_LIMIT = 500
_FOREIGN = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), "<frozen")


class FactCrashedError(FatalError):
    """A fact crashed the core twice. Facts are never skipped, so a person has to look."""

    exit_code = 78


class BrokenCoreError(ExecdError):
    """The core crashed for good, or was stopped, and takes nothing. `Core.rebuild` makes a crashed one whole again."""


class CoreReentryError(RuntimeError):
    """Somebody asked, or drove, the core from inside one of its own turns: it would wait for itself."""


class Verdict(NamedTuple):
    """What a supervisor says to a crash.

    Attributes:
        restart: Come back; otherwise the crash goes up.
        delay_s: How long to wait first, in seconds.
    """

    restart: bool
    delay_s: float


class Supervision(Protocol):
    """What a cell, or the core, needs of its supervisor."""

    def add(self, name: str, stop: Callable[[float], bool]) -> None:
        """Hear that somebody was started, and how to stop it within so many seconds."""

    def failed(self, name: str, error: BaseException) -> Verdict:
        """Hear of a crash and say what follows."""

    def escalate(self, name: str, error: BaseException) -> None:
        """Hear of an end that no restart can help."""

    def gone(self, name: str, error: BaseException | None) -> None:
        """Hear that somebody is gone for good; without an error it was an orderly stop."""


def may_be_skipped(message: Message) -> bool:
    """Tell whether an input that crashed its turn is left out: prices, instructions, time and telemetry are.

    Facts and control are not: they are worked again, once.
    """
    return message.mail in {MailClass.MARKET, MailClass.INSTRUCTION, MailClass.TELEMETRY} or isinstance(
        message, TimerFired | ClockReached
    )


def skipped(message: Message, error: BaseException) -> InputSkipped:
    """Return the journal entry that says so."""
    return InputSkipped(input=type(message).__name__, error=described(error), where=where(error))


def described(error: BaseException) -> str:
    """Return type and text of an error, at most 500 characters, control characters escaped."""
    text = f"{type(error).__name__}: {error}"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[:_TEXT_LIMIT]


def where(error: BaseException) -> str:
    """Return base name and line of the innermost frame outside the standard library and installed packages.

    It stands in the journal, whose hash must not depend on where or on which Python the program runs.
    """
    if isinstance(error, StrategyError):
        return error.where
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        if not frame.filename.startswith(_FOREIGN):
            return f"{PurePath(frame.filename).name}:{frame.lineno}"
    return ""
