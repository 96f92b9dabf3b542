"""What went wrong with a request, exactly: from a venue's answer, or from what ccxt and the network raised.

ccxt's classes don't tell whether a request reached the venue, nor are all codes known to it. So its own reading of
errors is replaced by `refusal`, and what it raises is judged by its cause.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from actors.exchange.live.scrub import MAX_TEXT
from actors.exchange.wire.contract import Failure
from messages.units import VenueName

Clean = Callable[[str], str]
Refused = tuple[str, str] | None
"""Code and text of a refusal; None where the answer is none."""

NEVER_SENT: tuple[type[BaseException], ...] = (
    aiohttp.ClientConnectorError,  # refused, no such name, TLS or certificate wrong
    aiohttp.ConnectionTimeoutError,  # raised only while a connection is being made
    aiohttp.InvalidURL,
    socket.gaierror,
)
"""What is raised before anything of a request was written."""


def answer_failure(
    venue: VenueName,
    status: int | None,
    headers: Mapping[str, str],
    body: str | None,
    answer: Any,  # noqa: ANN401 - decoded JSON
    *,
    now_ms: int,
    clean: Clean,
) -> Failure | None:
    """Return what an answer refuses; None where it is a good one, or one that its reader must look at.

    Args:
        venue: Whose answer it is.
        status: Of HTTP; None where a stream answered.
        headers: Of the answer.
        body: Its text.
        answer: The same decoded, None where that was not possible.
        now_ms: By the venue's clock.
        clean: Takes secrets out of a text.
    """
    refused = _REFUSALS[venue](answer)
    if refused is None:
        if status is not None and 200 <= status < 300:  # noqa: PLR2004 - HTTP's
            return None
        refused = "", f"HTTP {status} {(body or '')[:MAX_TEXT]}".strip()
    code, text = refused
    wait_ms = _wait_ms(headers, text, now_ms)
    return Failure(status=status, code=clean(code), text=clean(text), sent=True, retry_after_ms=wait_ms)


def raised_failure(error: BaseException, *, began: bool, clean: Clean) -> Failure:
    """Return the failure of a request that ended in an exception.

    Args:
        error: As raised by ccxt, usually from another one.
        began: The request was handed to the network.
        clean: Takes secrets out of a text.
    """
    chain = tuple(_causes(error))
    sent = began and not any(isinstance(each, NEVER_SENT) for each in chain)
    # ccxt's own error holds no more than the address; what it comes from says what happened.
    told = chain[min(1, len(chain) - 1)]
    return Failure(status=None, code="", text=clean(f"{type(told).__name__}: {told}"), sent=sent)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


# --- refusals by venue -----------------------------------------------------------------------------------------------


def _binance(answer: Any) -> Refused:  # noqa: ANN401 - decoded JSON; so below
    # A success may have a code too: 200 with a message.
    code = answer.get("code") if isinstance(answer, dict) else None
    if isinstance(code, int) and code < 0:
        return str(code), str(answer.get("msg", ""))
    return None


def _bybit(answer: Any) -> Refused:  # noqa: ANN401
    code = answer.get("retCode", answer.get("ret_code")) if isinstance(answer, dict) else None
    if code is None or code == 0:
        return None
    return str(code), str(answer.get("retMsg", answer.get("ret_msg", "")))


def _okx(answer: Any) -> Refused:  # noqa: ANN401
    code = answer.get("code") if isinstance(answer, dict) else None
    # 2: some of several succeeded; which ones their reader must tell.
    if code is None or str(code) in {"0", "2"}:
        return None
    rows = answer.get("data")
    for row in rows if isinstance(rows, list) else ():
        inner = str(row.get("sCode", "")) if isinstance(row, dict) else ""
        if inner not in {"", "0"}:
            return inner, str(row.get("sMsg", ""))
    return str(code), str(answer.get("msg", ""))


_REFUSALS: Mapping[str, Callable[[Any], Refused]] = {"binance": _binance, "bybit": _bybit, "okx": _okx}


# --- how long to stay away -------------------------------------------------------------------------------------------

_BANNED_UNTIL = "until "
_MS_DIGITS = 13
_RESET = "x-bapi-limit-reset-timestamp"


def _wait_ms(headers: Mapping[str, str], text: str, now_ms: int) -> int | None:
    """Return the longest that the venue wants to be left alone: by Retry-After, or Binance's and Bybit's own ways."""
    lower = {name.lower(): value for name, value in headers.items()}
    banned = text.partition(_BANNED_UNTIL)[2][:_MS_DIGITS]
    said = (
        _retry_after_ms(lower.get("retry-after", ""), now_ms),
        _until_ms(banned, now_ms),
        _until_ms(lower.get(_RESET, ""), now_ms),
    )
    return max((each for each in said if each is not None), default=None)


def _until_ms(value: str, now_ms: int) -> int | None:
    is_time = len(value) == _MS_DIGITS and value.isdecimal()
    return int(value) - now_ms if is_time and int(value) > now_ms else None


def _retry_after_ms(value: str, now_ms: int) -> int | None:
    if value.replace(".", "", 1).isdecimal():
        return int(float(value) * 1000)
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return max(0, int(at.timestamp() * 1000) - now_ms)
