"""Who asks, whether he may, and how often: what OKX looks at before it looks at a request.

Sources: docs-v5, REST authentication, transaction timeouts, rate limits of the endpoints, sub-account rate limit.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from ops.testbed.exchange.contract import Answer, Engine, Op, Request
from ops.testbed.exchange.limits import Budget, RateLimits
from ops.testbed.exchange.okx.asked import Asked
from ops.testbed.exchange.okx.refusals import EXPIRED_LATER, No, NoError
from ops.testbed.exchange.okx.wording import decoded
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key, Permission

WINDOW_MS = 2_000
_VALID_MS = 30_000
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SUB_ACCOUNT = Budget(name="sub-account", amount=1_000, window_ms=WINDOW_MS, window="fixed")
_HEADERS = (
    ("ok-access-key", No("50103", 'Request header "OK-ACCESS-KEY" can not be empty.', 401)),
    ("ok-access-passphrase", No("50104", 'Request header "OK-ACCESS-PASSPHRASE" can not be empty.', 401)),
    ("ok-access-sign", No("50106", 'Request header "OK-ACCESS-SIGN" can not be empty.', 401)),
    ("ok-access-timestamp", No("50107", 'Request header "OK-ACCESS-TIMESTAMP" can not be empty.', 401)),
)
_NO_TIME = No("50112", "Invalid OK-ACCESS-TIMESTAMP", 401)
_NO_JSON = No("50002", "JSON syntax error", 400)
_NO_BODY = No("50000", "Body for POST request cannot be empty.", 400)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint.

    Attributes:
        permission: What a key needs for it; None: anybody may.
        per: What its limit is counted by: the account, the account and the instrument, or the address.
        amount: Requests (of lists: things) in two seconds.
        expires: It obeys ``expTime``.
        algo: It is about algo orders.
    """

    op: Op
    do: Callable[[Asked], Answer]
    permission: Permission | None = None
    per: Literal["account", "instrument", "address"] = "account"
    amount: int
    expires: bool = False
    algo: bool = False


class Door:
    """Lets requests in."""

    def __init__(self, engine: Engine, limits: RateLimits) -> None:
        self._engine = engine
        self._limits = limits

    def enter(self, request: Request, endpoint: Endpoint) -> Asked:
        """Return the request of somebody who may make it. Raises `RejectError` or `NoError`."""
        key = None if endpoint.permission is None else self._key(request, endpoint.permission)
        said = _said(request)
        if endpoint.expires:
            self._check_deadline(request)
        self._charge(request, endpoint, key, said)
        return Asked(request=request, op=endpoint.op, said=said, key=key)

    def _key(self, request: Request, permission: Permission) -> Key:
        headers = request.headers
        for name, no in _HEADERS:
            if not headers.get(name):
                raise NoError(no)
        key = self._engine.key(headers["ok-access-key"])
        if key is None:
            raise RejectError(Reject.KEY_UNKNOWN)
        at_ms = time_of(headers["ok-access-timestamp"])
        if at_ms is None:
            raise NoError(_NO_TIME)
        if abs(self._engine.now_ms() - at_ms) > _VALID_MS:
            raise RejectError(Reject.TIMESTAMP)
        if not hmac.compare_digest(headers["ok-access-passphrase"].encode(), key.passphrase.encode()):
            raise RejectError(Reject.PASSPHRASE)
        query = f"?{request.query}" if request.query else ""
        text = headers["ok-access-timestamp"] + request.method + request.path + query
        if not signs(key, text.encode() + request.body, headers["ok-access-sign"]):
            raise RejectError(Reject.SIGNATURE)
        if permission not in key.permissions:
            raise RejectError(Reject.PERMISSION)
        return key

    def _check_deadline(self, request: Request) -> None:
        deadline = request.headers.get("exptime", "")
        if not deadline:
            return
        if not (deadline.isascii() and deadline.isdigit()):
            raise RejectError(Reject.BAD_PARAMETER, "expTime")
        if int(deadline) < request.at_ms:
            raise RejectError(Reject.REQUEST_EXPIRED)
        if int(deadline) < self._engine.now_ms():
            raise NoError(EXPIRED_LATER)

    def _charge(self, request: Request, endpoint: Endpoint, key: Key | None, said: Any) -> None:  # noqa: ANN401 - JSON
        things = said if isinstance(said, list) else [said]
        who = request.peer if endpoint.per == "address" or key is None else key.uid
        budget = Budget(
            name=f"{request.method} {request.path}", amount=endpoint.amount, window_ms=WINDOW_MS, window="fixed"
        )
        counts: dict[str, int] = {}
        for thing in things:
            named = str(thing.get("instId", "")) if endpoint.per == "instrument" and isinstance(thing, dict) else ""
            counts[named] = counts.get(named, 0) + 1
        for named, count in counts.items():
            if self._limits.charge(budget, f"{who} {named}", count, count_over=False).over:
                raise RejectError(Reject.RATE_LIMITED)
        if endpoint.op in (Op.PLACE, Op.AMEND) and key is not None:
            used = self._limits.charge(_SUB_ACCOUNT, key.uid, len(things), count_over=False)
            if used.over:
                raise RejectError(Reject.ORDER_RATE_LIMITED)


def _said(request: Request) -> Any:  # noqa: ANN401 - any JSON
    if request.method == "GET":
        return dict(request.params)
    if not request.body:
        raise NoError(_NO_BODY)
    said = decoded(request.body)
    if said is None:
        raise NoError(_NO_JSON)
    return said


def time_of(text: str) -> int | None:
    """Return a timestamp in ms: ISO with a Z, or seconds since 1970 with or without a fraction; None if it is none."""
    if _ISO.fullmatch(text):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (found - _EPOCH) // timedelta(milliseconds=1)
    whole, _, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit()) or (rest and not rest.isdigit()):
        return None
    return int(whole) * 1000 + int((rest + "000")[:3])


def signs(key: Key, text: bytes, signature: str) -> bool:
    """Whether a signature is that of a key over a text."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(given, hmac.new(key.secret.encode(), text, hashlib.sha256).digest())
