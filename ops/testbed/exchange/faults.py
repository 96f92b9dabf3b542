"""Faults on demand: which there are, and a file of them, a JSON object a line.

Each line has a ``kind``, and may say for which requests (``endpoint``), how likely (``probability``, 1), how often at
most (``count``, without an end) and how many matching ones are let pass first (``after``, 0). Some kinds take one more
number, see `KINDS`. An endpoint is a pattern (``*`` and ``?``) for an operation (place, cancel, lookup, ...), for
venue/operation (binance/place), for a path (/api/v3/order), or for a venue and a path (okx/api/v5/trade/*); of frames
it is for stream.order, stream.fill, stream.balance, stream.position, stream.funding, stream.move or the venue before
it; stream.market (public) is only meant where it is named. Without an endpoint, all that the kind is about.

The same seed plays the same faults on the same sequence of requests.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from actors.errors import BadInputError

Scope = Literal["request", "placing", "reading", "frame"]


class FaultKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of fault.

    Attributes:
        scope: What it can happen to: any request, one that places an order, one that reads, a frame of a stream.
        setting: The one more number that it takes; empty without one.
        default: Of that number.
    """

    meaning: str
    scope: Scope
    setting: str = ""
    default: float = 0


KINDS: Mapping[str, FaultKind] = {
    "accept_then_timeout": FaultKind(meaning="the request is done, and never answered", scope="request"),
    "accept_then_drop": FaultKind(meaning="the request is done, and the connection breaks", scope="request"),
    "drop_before_accept": FaultKind(meaning="the connection breaks before anything is done", scope="request"),
    "delay": FaultKind(meaning="the request is done only after `ms`", scope="request", setting="ms", default=1000),
    "delay_answer": FaultKind(
        meaning="the request is done at once, and answered after `ms`", scope="request", setting="ms", default=1000
    ),
    "html_body": FaultKind(
        meaning="the request is done, the answer is a page of HTML with status 200", scope="request"
    ),
    "empty_body": FaultKind(meaning="the request is done, the answer is empty with status 200", scope="request"),
    "http_429": FaultKind(
        meaning="turned away as too many, Retry-After `seconds`", scope="request", setting="seconds", default=1
    ),
    "http_418": FaultKind(
        meaning="turned away as banned, Retry-After `seconds`", scope="request", setting="seconds", default=2
    ),
    "error_before": FaultKind(
        meaning="nothing is done, the answer is a server error with `status`",
        scope="request",
        setting="status",
        default=503,
    ),
    "error_after": FaultKind(
        meaning="the request is done, the answer is a server error with `status`",
        scope="request",
        setting="status",
        default=503,
    ),
    "clock_skew": FaultKind(
        meaning="from this request on the venue's clock is `ms` off", scope="request", setting="ms", default=5000
    ),
    "stale_reads": FaultKind(meaning="the read shows what was `ms` ago", scope="reading", setting="ms", default=2000),
    "late_order": FaultKind(
        meaning="look-ups see the order only `ms` after it was placed", scope="placing", setting="ms", default=3000
    ),
    "late_fills": FaultKind(
        meaning="fills of the order are seen and told `ms` later", scope="placing", setting="ms", default=3000
    ),
    "partial_fill": FaultKind(
        meaning="at placing only `share` of the order may fill", scope="placing", setting="share", default=0.5
    ),
    "duplicate_frame": FaultKind(meaning="the frame is sent twice", scope="frame"),
    "missing_frame": FaultKind(meaning="the frame is never sent", scope="frame"),
    "late_frame": FaultKind(meaning="the frame is sent after `ms`", scope="frame", setting="ms", default=1000),
    "swapped_frames": FaultKind(meaning="the frame is sent after the one that follows it", scope="frame"),
    "stream_cut": FaultKind(meaning="instead of the frame the connection breaks", scope="frame"),
}
_COMMON = {"kind", "endpoint", "probability", "count", "after"}
PLACING = frozenset({"place", "amend"})
OPERATIONS = (
    *("place", "amend", "cancel", "cancel_all", "lookup", "open_orders", "history", "trades", "balances", "positions"),
    *("ledger", "account", "leverage", "mode", "transfer", "withdraw", "moves", "listen_key", "time", "markets"),
    *("book", "ticker", "candles", "other"),
)
"""As ``contract.Op`` has them; written out, since listing them imports nothing."""
WRITING = PLACING | {"cancel", "cancel_all", "leverage", "mode", "transfer", "withdraw", "listen_key"}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file. `number` is the value of the kind's own setting."""

    kind: str
    endpoint: str = ""
    probability: float = 1.0
    count: int | None = None
    after: int = 0
    number: float = 0

    def fits(self, names: Iterable[str], scope: Scope, *, by_name: bool = False) -> bool:
        """Return whether it is about something with these names; `by_name`: only if it names what it is about."""
        if KINDS[self.kind].scope != scope:
            return False
        if not self.endpoint:
            return not by_name
        return any(fnmatchcase(name, self.endpoint) for name in names)


def parse(text: str, source: str) -> tuple[Fault, ...]:
    """Return the faults of a file's text; blank lines and lines with # are passed over.

    Raises:
        BadInputError: With a line for each that makes no sense.
    """
    faults: list[Fault] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            faults.append(fault_of(json.loads(line)))
        except json.JSONDecodeError as error:
            problems.append(f"{source}:{number}: no JSON: {error.msg}")
        except ValueError as error:
            problems.append(f"{source}:{number}: {error}")
    if problems:
        raise BadInputError(*problems)
    return tuple(faults)


def fault_of(found: object) -> Fault:
    """Return the fault of one decoded line. Raises ValueError that says what was expected."""
    if not isinstance(found, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - bad input, as all here
    kind = KINDS.get(str(found.get("kind")))
    if kind is None:
        raise ValueError(f"kind: {found.get('kind')!r}, expected one of {', '.join(KINDS)}")
    own = {kind.setting} if kind.setting else set()
    unknown = sorted(set(found) - _COMMON - own)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}, expected {', '.join(sorted(_COMMON | own))}")
    endpoint = found.get("endpoint", "")
    if not isinstance(endpoint, str):
        raise ValueError("endpoint: expected a text")  # noqa: TRY004 - as above
    return Fault(
        kind=found["kind"],
        endpoint="" if endpoint == "*" else endpoint,
        probability=_number(found, "probability", 1, low=0, high=1),
        count=None if found.get("count") is None else _whole(found, "count", 1),
        after=_whole(found, "after", 0),
        number=_own_number(found, kind),
    )


def _own_number(found: Mapping[str, Any], kind: FaultKind) -> float:
    match kind.setting:
        case "":
            return 0
        case "share":
            return _number(found, "share", kind.default, low=0, high=1)
        case "status":
            return _number(found, "status", kind.default, low=500, high=599)
        case "seconds":
            return _number(found, "seconds", kind.default, low=0, high=3600)
        case setting:
            return _number(
                found, setting, kind.default, low=-3_600_000 if kind is KINDS["clock_skew"] else 0, high=3_600_000
            )


def _number(found: Mapping[str, Any], name: str, default: float, *, low: float, high: float) -> float:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name}: {value!r}, expected a number from {low} to {high}")
    return value


def _whole(found: Mapping[str, Any], name: str, default: int) -> int:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name}: {value!r}, expected a whole number of at least 0")
    return value


class Faults:
    """Draws what happens to each request and frame."""

    def __init__(self, faults: Sequence[Fault] = (), *, seed: str = "") -> None:
        self._seed = seed
        self._lines: list[_Line] = []
        self.add(faults)

    def add(self, faults: Sequence[Fault]) -> None:
        """Play more of them from now on."""
        for fault in faults:
            self._lines.append(_Line(fault, f"{self._seed}:{len(self._lines)}:{fault.kind}"))

    def clear(self) -> None:
        """Play none any more."""
        self._lines.clear()

    def draw(self, scopes: Mapping[Scope, Sequence[str]], *, by_name: bool = False) -> list[Fault]:
        """Return what happens to something with names, by the scopes that it belongs to."""
        return [
            line.fault
            for line in self._lines
            if any(line.fault.fits(names, scope, by_name=by_name) for scope, names in scopes.items()) and line.drawn()
        ]


class _Line:
    """A fault with how often it was met and played."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self._chance = random.Random(seed)  # noqa: S311 - faults, not keys
        self._met = self._played = 0

    def drawn(self) -> bool:
        """Return whether it happens this time."""
        self._met += 1
        if self._met <= self.fault.after or (self.fault.count is not None and self._played >= self.fault.count):
            return False
        if self._chance.random() >= self.fault.probability:
            return False
        self._played += 1
        return True
