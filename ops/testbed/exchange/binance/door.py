"""Who asks: key, rights, time and signature of a request, in the order in which Binance looks at them."""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from ops.testbed.exchange.contract import Engine, Request
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key, Permission

RECV_WINDOW_MS, MOST_RECV_WINDOW_MS = 5_000, 60_000
AHEAD_MS = 1_000


def key_of(engine: Engine, request: Request) -> Key:
    """Return the key of a request that has to have one."""
    return _key(engine, request.headers.get("x-mbx-apikey", ""))


def _key(engine: Engine, api_key: str) -> Key:
    if not api_key:
        raise RejectError(Reject.PASSPHRASE)  # Binance: "API-key format invalid."
    found = engine.key(api_key)
    if found is None:
        raise RejectError(Reject.KEY_UNKNOWN)
    return found


def signed(engine: Engine, request: Request, permission: Permission | None) -> Key:
    """Return the key of a request that has to be signed: query and form body, one after the other."""
    key = key_of(engine, request)
    body = request.body.decode("utf-8", "replace")
    _check(engine, key, request.params, _unsigned(request.query) + _unsigned(body), permission)
    return key


def signed_message(engine: Engine, params: Mapping[str, str]) -> Key:
    """Return the key of a request of the WebSocket API: the parameters in alphabetical order."""
    key = _key(engine, params.get("apiKey", ""))
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    _check(engine, key, params, payload, None)
    return key


def _unsigned(text: str) -> str:
    """Return a query or a body without its signature, wherever that stands."""
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def _check(engine: Engine, key: Key, params: Mapping[str, str], payload: str, permission: Permission | None) -> None:
    for name in ("timestamp", "signature"):
        if not params.get(name):
            raise RejectError(Reject.MISSING_PARAMETER, name)
    _check_time(engine.now_ms, params)
    expected = hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, params["signature"].lower()):
        raise RejectError(Reject.SIGNATURE)
    if permission is not None and permission not in key.permissions:
        raise RejectError(Reject.PERMISSION)


def _check_time(now_ms: Callable[[], int], params: Mapping[str, str]) -> None:
    """Hold a timestamp against the venue's clock: up to a second ahead, up to the window behind."""
    window = params.get("recvWindow") or str(RECV_WINDOW_MS)
    if not params["timestamp"].isdigit():
        raise RejectError(Reject.BAD_PARAMETER, "timestamp")
    # Decimals of a window are for microseconds: ccxt and the SDKs send whole ones.
    if not window.isdigit() or int(window) > MOST_RECV_WINDOW_MS:
        raise RejectError(Reject.BAD_PARAMETER, "recvWindow")
    now, sent = now_ms(), int(params["timestamp"])
    if sent >= now + AHEAD_MS:
        raise RejectError(Reject.TIMESTAMP, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now - sent > int(window):
        raise RejectError(Reject.TIMESTAMP, "Timestamp for this request is outside of the recvWindow.")
