"""What Binance's refusals mean.

A code of the tables is read as they say. Any other one with HTTP 4xx is a definite no: "4XX return codes are used for
malformed requests; the issue is on the sender's side" (general info). The exceptions are 408 and the codes from -1000
to -1099, which are Binance's own troubles. Everything else that was sent is unknown.

Sources: errors.md of binance-spot-api-docs (2025-01-09); developers.binance.com, futures error codes and general info
(2026-01-15).
"""

import re
from collections.abc import Mapping

from actors.exchange.wire.contract import Failure, Verdict

_CODES: Mapping[str, Verdict] = {
    # Binance's own troubles: the order may be at the matching engine. The documents call -1001 a failed operation
    # (futures) and say "please try again" (spot), which is no promise that nothing was done.
    "-1000": Verdict.UNKNOWN,
    "-1001": Verdict.UNKNOWN,
    "-1006": Verdict.UNKNOWN,  # "An unexpected response was received from the message bus. Execution status unknown."
    "-1007": Verdict.UNKNOWN,  # "Send status unknown; execution status unknown."
    # Turned away before anything was done.
    "-1003": Verdict.THROTTLED,  # too much request weight, or the IP is banned
    "-1008": Verdict.THROTTLED,  # overload protection: "100 % failure" (futures general info)
    "-1015": Verdict.THROTTLED,  # too many new orders
    "-1034": Verdict.THROTTLED,  # too many connections
    # Our clock; -5028 is the same said by the matching engine.
    "-1021": Verdict.CLOCK,
    "-5028": Verdict.CLOCK,
    # The key, its rights, or the account's state.
    "-1002": Verdict.FORBIDDEN,
    "-1011": Verdict.FORBIDDEN,
    "-1022": Verdict.FORBIDDEN,
    "-1099": Verdict.FORBIDDEN,
    "-1109": Verdict.FORBIDDEN,
    "-2014": Verdict.FORBIDDEN,
    "-2015": Verdict.FORBIDDEN,
    "-2017": Verdict.FORBIDDEN,
    "-2023": Verdict.FORBIDDEN,  # the account is being liquidated
    "-4061": Verdict.FORBIDDEN,  # the account is in hedge mode
    "-4087": Verdict.FORBIDDEN,
    "-4088": Verdict.FORBIDDEN,
    "-4109": Verdict.FORBIDDEN,
    "-4192": Verdict.FORBIDDEN,  # cooling-off period
    "-4400": Verdict.FORBIDDEN,  # trading rules violated: only reduce-only orders for a while
    "-4402": Verdict.FORBIDDEN,
    # Orders that are not there. -2011 answers a cancel (or an amendment), both of an order that never was and of one
    # that is done: a look-up tells which.
    "-2011": Verdict.ENDED,
    "-2013": Verdict.ABSENT,
    # The client id is taken by an open order.
    "-4115": Verdict.DUPLICATE,
    "-4116": Verdict.DUPLICATE,
    # Already so.
    "-4046": Verdict.UNCHANGED,  # margin type
    "-4059": Verdict.UNCHANGED,  # position mode
    "-5027": Verdict.UNCHANGED,  # amendment to what it is
}

_TEXTS: Mapping[str, tuple[tuple[str, Verdict], ...]] = {
    # What the matching engine says stands in the text only (errors.md, "Messages for -1010, -2010 and -2011").
    "-1010": (("duplicate order sent", Verdict.DUPLICATE),),
    "-2010": (
        ("duplicate order sent", Verdict.DUPLICATE),
        ("this account may not place or cancel orders", Verdict.FORBIDDEN),
        ("this action is disabled on this account", Verdict.FORBIDDEN),
        ("is not permitted for this account", Verdict.FORBIDDEN),
        ("is restricted for this account", Verdict.FORBIDDEN),
        ("trading is not enabled", Verdict.FORBIDDEN),
    ),
    "-2011": (
        ("this account may not place or cancel orders", Verdict.FORBIDDEN),
        ("this action is disabled on this account", Verdict.FORBIDDEN),
        ("trading is not enabled", Verdict.FORBIDDEN),
        ("cancel order is invalid", Verdict.REJECTED),
        ("due to cancel restrictions", Verdict.REJECTED),
    ),
    # On spot an archived order, on futures a type that can't be reduce-only.
    "-2026": (("archived", Verdict.ENDED),),
}

_TIMED_OUT = 408
_TURNED_AWAY = frozenset({403, 418, 429})
"""403 is the web application firewall in front of the venue, 418 a banned IP, 429 a broken limit."""
_OWN_TROUBLE = re.compile(r"-10[0-9]{2}")


def judge(failure: Failure) -> Verdict:
    """Say what a failure means."""
    if not failure.sent:
        return Verdict.NOT_SENT
    if failure.status in {418, 429}:
        return Verdict.THROTTLED  # of any code
    if failure.code:
        return _by_code(failure)
    return Verdict.THROTTLED if failure.status in _TURNED_AWAY else Verdict.UNKNOWN


def _by_code(failure: Failure) -> Verdict:
    said = failure.text.lower()
    for words, verdict in _TEXTS.get(failure.code, ()):
        if words in said:
            return verdict
    known = _CODES.get(failure.code)
    if known is not None:
        return known
    if not _client_error(failure.status) or (_OWN_TROUBLE.fullmatch(failure.code) and failure.code not in _REFUSALS):
        return Verdict.UNKNOWN
    # A duplicate that is taken for a refusal would lose the order that is there.
    return Verdict.DUPLICATE if "duplicated" in said else Verdict.REJECTED


def _client_error(status: int | None) -> bool:
    return status is not None and 400 <= status < 500 and status != _TIMED_OUT  # noqa: PLR2004 - HTTP's classes


_REFUSALS = frozenset({"-1004", "-1005", "-1010", "-1013", "-1014", "-1020", "-1023"})
"""Codes among Binance's own troubles that are refusals: filters (-1013), combinations, unsupported operations."""
