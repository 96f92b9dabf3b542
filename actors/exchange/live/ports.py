"""What the actor of a live venue needs of the world around it, as it sees it."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from actors.exchange.wire.contract import Call, Dialect, Query
from messages.base import Message
from messages.units import Seq, VenueName, Word

T = TypeVar("T")


class Urgency(Word):
    """Who goes first where a venue's limit makes requests wait. Nothing of a lower one delays a higher one."""

    CONTROL = "CONTROL"
    """Cancels, and look-ups of orders whose outcome is unknown."""
    ORDER = "ORDER"
    READ = "READ"


class Connection(Protocol):
    """The way to one venue: signs, waits for limits, and says exactly what went wrong (`RequestFailedError`)."""

    @property
    def skew_ms(self) -> int:
        """The venue's clock less ours, as last measured."""

    @property
    def is_streaming(self) -> bool:
        """Whether all private streams are live."""

    def now_ms(self) -> int:
        """Return the time by the venue's clock."""

    async def send(self, call: Call, *, urgency: Urgency, deadline_ms: int | None = None) -> Any:  # noqa: ANN401 - decoded JSON
        """Make one attempt, and return the decoded answer.

        Raises:
            RequestFailedError: With the failure; also when the limit can't be met before the deadline (venue time).
        """

    async def send_surely_once(self, call: Call, *, urgency: Urgency, deadline_ms: int) -> Any:  # noqa: ANN401 - as above
        """As `send`, and again while the venue certainly did not take it, until the deadline."""

    async def read(
        self, query: Query[T], *, urgency: Urgency = Urgency.READ, deadline_s: float = 10.0
    ) -> tuple[T, ...]:
        """Read all pages, again where it fails, until so many seconds have passed.

        Raises:
            RequestFailedError: The last failure.
            UnreadableAnswerError: The last answer.
        """

    async def measure_skew(self) -> int:
        """Measure the venue's clock against ours, and keep the difference (ms)."""

    def watch(
        self,
        *,
        on_frame: Callable[[Any], None],
        on_gap: Callable[[str], None],
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """Keep the private streams up. `on_gap` is told at each loss and at each return: poll then."""

    async def close(self) -> None:
        """Close session and streams."""


class Tell(Protocol):
    """Where reports go, each with the journal entry that it comes from."""

    def __call__(self, message: Message, cause: Seq | None = None) -> None:
        """Send, and never wait."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How patient the actor is, in milliseconds.

    Attributes:
        validity_ms: How long a request is valid at the venue, and how long an order may wait to be sent.
        margin_ms: What is added to validity and skew before "not found" counts.
        horizon_ms: After which a person is asked.
        poll_ms: Between looks at open orders while no stream tells of them; `reconcile_ms` while one does, and between
            snapshots.
        max_clock_skew_ms: A larger one halts the venue.
        cancel_foreign: Cancel open orders that are not ours.
        most_rejects: So many identical rejections in a row, of one market, halt the venue.
        look_again_ms: First wait before an order that should move is looked at again; doubled up to `poll_ms`.
        needed_proofs: How many complete rounds of look-ups must find nothing after the window.
        overlap_ms: How far before the cursor records are read again.
    """

    venue: VenueName
    validity_ms: int = 5_000
    margin_ms: int = 5_000
    horizon_ms: int = 600_000
    poll_ms: int = 2_000
    reconcile_ms: int = 15_000
    max_clock_skew_ms: int = 1_000
    cancel_foreign: bool = False
    most_rejects: int = 20
    look_again_ms: int = 50
    needed_proofs: int = 2
    overlap_ms: int = 60_000


class Venue(NamedTuple):
    """What all parts of the actor have in common.

    Attributes:
        dialect, connection, options: Of the venue.
        engine: Hears the reports.
    """

    dialect: Dialect
    connection: Connection
    options: Options
    engine: Tell
