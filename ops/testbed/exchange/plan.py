"""What is to be done with one request under the faults that were drawn for it."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from ops.testbed.exchange.circumstances import Circumstances
from ops.testbed.exchange.contract import Op, Operation, Request
from ops.testbed.exchange.faults import PLACING, WRITING, Fault, Faults, Scope

READING = frozenset(Op) - WRITING - {Op.TIME, Op.OTHER}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a request is worked.

    Attributes:
        kinds: Of the faults in it, for the record.
        before: The one thing that happens instead of doing the request: a drop, an error, a refusal; None: it is done.
        after: The one thing that happens in the place of its answer; None: it is answered.
        skew_ms: What the venue's clock is off from now on; None: as before.
    """

    kinds: tuple[str, ...] = ()
    before: Fault | None = None
    after: Fault | None = None
    delay_ms: float = 0
    delay_answer_ms: float = 0
    skew_ms: int | None = None
    circumstances: Circumstances = Circumstances()


_BEFORE = frozenset({"drop_before_accept", "http_429", "http_418", "error_before"})
_AFTER = frozenset({"accept_then_timeout", "accept_then_drop", "html_body", "empty_body", "error_after"})
NOTHING = Plan()


def plan_for(faults: Faults, venue: str, request: Request, operation: Operation) -> Plan:
    """Draw a request's faults. Of several that exclude each other the first line of the file counts."""
    op = operation.op
    names = (op, f"{venue}/{op}", request.path, f"{venue}{request.path}", venue)
    scopes: dict[Scope, tuple[str, ...]] = {"request": names}
    if op in PLACING:
        scopes["placing"] = names
    if op in READING:
        scopes["reading"] = names
    drawn = faults.draw(scopes)
    return _planned(drawn) if drawn else NOTHING


def _planned(drawn: Sequence[Fault]) -> Plan:
    numbers = {fault.kind: fault.number for fault in reversed(drawn)}
    share = numbers.get("partial_fill")
    return Plan(
        kinds=tuple(fault.kind for fault in drawn),
        before=next((fault for fault in drawn if fault.kind in _BEFORE), None),
        after=next((fault for fault in drawn if fault.kind in _AFTER), None),
        delay_ms=numbers.get("delay", 0),
        delay_answer_ms=numbers.get("delay_answer", 0),
        skew_ms=int(numbers["clock_skew"]) if "clock_skew" in numbers else None,
        circumstances=Circumstances(
            stale_ms=int(numbers.get("stale_reads", 0)),
            hide_ms=int(numbers.get("late_order", 0)),
            late_ms=int(numbers.get("late_fills", 0)),
            share=None if share is None else Decimal(repr(share)),
        ),
    )
