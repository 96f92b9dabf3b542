"""Errors of requests to a live venue."""

from actors.exchange.wire.contract import Failure


class RequestFailedError(Exception):
    """A request brought no good answer.

    Attributes:
        failure: What is known of it; its text is scrubbed. A dialect judges what it means.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure
