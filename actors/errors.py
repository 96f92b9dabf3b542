"""Exceptions that reach a supervisor. A refusal or an unknown outcome is a message, never one of these."""

from typing import ClassVar


class ExecdError(Exception):
    """Something that the process can't go on with as it stands.

    Attributes:
        exit_code: What the process ends with when this one ends it: 1 failed while running, 2 bad input, 78 needs a
            person.
    """

    exit_code: ClassVar[int] = 1


class FatalError(ExecdError):
    """Halts and never restarts: going on would make it worse."""


class InvariantError(FatalError):
    """Two records of one thing disagree, so at least one of them is wrong."""

    exit_code: ClassVar[int] = 78


class LivelockError(ExecdError):
    """A turn did not come to rest, or reactions at one instant followed each other without an end."""


class InputChangedError(ExecdError):
    """A file that decides the outcome is not the one that was checked: it was changed while the run read from it."""


class StrategyError(ExecdError):
    """A strategy raised.

    Attributes:
        where: File and line in the user's code.
    """

    def __init__(self, message: str, *, where: str) -> None:
        super().__init__(message)
        self.where = where


class BadInputError(ExecdError):
    """Config, data, script or strategy can't be used; nothing was run.

    Attributes:
        problems: One line each: the thing, what was wrong, what was expected.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
