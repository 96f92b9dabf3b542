"""Asking a cell from the outside world, with an error of ours where no answer comes."""

from typing import Any

import pykka

from actors.errors import ExecdError


class NoAnswerError(ExecdError):
    """A cell did not answer in time, or is gone."""


def asked(ref: pykka.ActorRef[Any], message: object, *, timeout_s: float) -> Any:  # noqa: ANN401 - the answer's type goes with the question's
    """Ask a cell, and wait for the answer. Never on a cell's own thread, and never on a loop.

    Raises:
        NoAnswerError: None came within so many seconds.
    """
    try:
        return ref.ask(message, timeout=timeout_s)
    except (pykka.Timeout, pykka.ActorDeadError) as error:
        raise NoAnswerError(f"no answer to {type(message).__name__}: {str(error) or 'too late'}") from error
