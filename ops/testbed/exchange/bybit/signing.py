"""Who asks: keys, signatures and clocks, of requests and of logins to the private stream."""

import hashlib
import hmac

from ops.testbed.exchange.contract import Engine, Request
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key

RECV_WINDOW_MS = 5_000
"""Where the header is missing."""
_AHEAD_MS = 1_000
"""How far a client's clock may be ahead. Source: docs/v5/guide.mdx: timestamp < server time + 1000."""
_DIGITS = 18


def signer(engine: Engine, request: Request) -> Key:
    """Return whose request it is.

    Raises:
        RejectError: KEY_UNKNOWN, TIMESTAMP or SIGNATURE.
    """
    key = engine.key(request.headers.get("x-bapi-api-key", ""))
    if key is None:
        raise RejectError(Reject.KEY_UNKNOWN)
    stamp = request.headers.get("x-bapi-timestamp", "")
    window = request.headers.get("x-bapi-recv-window", "") or str(RECV_WINDOW_MS)
    if not _is_time(stamp) or not _is_time(window):
        raise RejectError(Reject.TIMESTAMP, _clock(stamp, request.at_ms, window))
    if not request.at_ms - int(window) <= int(stamp) < request.at_ms + _AHEAD_MS:
        raise RejectError(Reject.TIMESTAMP, _clock(stamp, request.at_ms, window))
    payload = request.body.decode("utf-8", "replace") if request.method == "POST" else request.query
    given = request.headers.get("x-bapi-api-key", "")
    sent_window = request.headers.get("x-bapi-recv-window", "")
    wanted = signature(key, f"{stamp}{given}{sent_window}{payload}")
    if not hmac.compare_digest(wanted, request.headers.get("x-bapi-sign", "")):
        raise RejectError(Reject.SIGNATURE)
    return key


def _is_time(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS


def _clock(stamp: str, now_ms: int, window: str) -> str:
    return f"req_timestamp[{stamp[:_DIGITS]}],server_timestamp[{now_ms}],recv_window[{window[:_DIGITS]}]"


def signature(key: Key, text: str) -> str:
    """Return the signature of a text in hex."""
    return hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def login(engine: Engine, args: list[object], now_ms: int) -> Key:
    """Return who logs in to the private stream with [key, expires, signature].

    Raises:
        RejectError: As `signer`.
    """
    match args:
        case [str(api_key), str() | int() as expires, str(signed)]:
            key = engine.key(api_key)
            if key is None:
                raise RejectError(Reject.KEY_UNKNOWN)
            if not _is_time(str(expires)) or int(expires) <= now_ms:
                raise RejectError(Reject.TIMESTAMP, f"expires[{str(expires)[:_DIGITS]}]")
            if not hmac.compare_digest(signature(key, f"GET/realtime{expires}"), signed):
                raise RejectError(Reject.SIGNATURE)
            return key
        case _:
            raise RejectError(Reject.MISSING_PARAMETER, "args")
