"""What every task of a looped cell carries along: the cause of what it says, its time, and the decimal context."""

import decimal
from contextvars import Context, ContextVar

from actors.contract import Turn
from messages.units import CONTEXT, Nanoseconds, Seq

_AT: ContextVar[Nanoseconds] = ContextVar("at")
_CAUSE: ContextVar[Seq | None] = ContextVar("cause", default=None)


class TaskTurn(Turn):
    """The turn of whichever task looks, for the `Door`s of a looped cell: many of its messages are worked at once.

    Tasks that a message's own task starts inherit it. In the epoch's own tasks there is no cause.
    """

    __slots__ = ()

    def __init__(self) -> None:
        """Leave alone what the present task has; all instances are alike."""

    @property
    def at(self) -> Nanoseconds:
        """When the message was taken, or the task started, in nanoseconds."""
        return _AT.get(Nanoseconds(0))

    @at.setter
    def at(self, at: Nanoseconds) -> None:
        _AT.set(at)

    @property
    def cause(self) -> Seq | None:
        """Sequence number of the entry that the message came from."""
        return _CAUSE.get()

    @cause.setter
    def cause(self, cause: Seq | None) -> None:
        _CAUSE.set(cause)


def fresh_context(cause: Seq | None, at: int) -> Context:
    """Return a context for one task, with nothing of any other's in it and a decimal context of its own."""
    context = Context()
    context.run(_fill, cause, Nanoseconds(at))
    return context


def _fill(cause: Seq | None, at: Nanoseconds) -> None:
    decimal.setcontext(CONTEXT.copy())
    _CAUSE.set(cause)
    _AT.set(at)
