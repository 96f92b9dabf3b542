"""The local OKX counts requests as OKX does, and turns away what is more than it allows, in OKX's own codes."""

import base64
import contextlib
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from ops.testbed.exchange.contract import Request
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.okx.dialect import OkxDialect
from ops.testbed.exchange.rejects import Reject, RejectError
from tests.ops.testbed.exchange.okx_desk import ORDER, STOP, Desk, run


def signed(at: Desk, path: str, said: Any) -> Request:  # noqa: ANN401 - any JSON
    """Return a request as the server hands it to the dialect."""
    body = json.dumps(said).encode()
    stamp = str(at.now_ms // 1000)
    text = f"{stamp}POST/api/v5/{path}".encode() + body
    headers = {
        "ok-access-key": at.key.api_key,
        "ok-access-passphrase": at.key.passphrase,
        "ok-access-timestamp": stamp,
        "ok-access-sign": base64.b64encode(hmac.new(at.key.secret.encode(), text, hashlib.sha256).digest()).decode(),
    }
    return Request(
        method="POST",
        host="www.okx.com",
        path=f"/api/v5/{path}",
        query="",
        params={},
        headers=headers,
        body=body,
        peer="127.0.0.1",
        at_ms=at.now_ms,
    )


LIMITS: list[tuple[str, Any, int, Reject]] = [
    ("trade/order", ORDER | {"px": "9000"}, 60, Reject.RATE_LIMITED),
    ("trade/order-algo", STOP | {"slTriggerPx": "2600"}, 20, Reject.RATE_LIMITED),
    ("trade/cancel-order", {"instId": "ETH-USDT", "ordId": "1"}, 60, Reject.RATE_LIMITED),
    ("trade/batch-orders", [ORDER | {"px": "9000"}] * 20, 15, Reject.RATE_LIMITED),
    ("account/set-position-mode", {"posMode": "net_mode"}, 5, Reject.RATE_LIMITED),
]


@pytest.mark.parametrize(("path", "said", "fit", "no"), LIMITS)
def test_what_is_more_than_two_seconds_allow_is_turned_away(
    tmp_path: Path,
    path: str,
    said: Any,  # noqa: ANN401 - any JSON
    fit: int,
    no: Reject,
) -> None:
    async def play(at: Desk) -> None:
        # Its limits' clock stands still.
        dialect = OkxDialect(at.running.engines["okx"], RateLimits(lambda: 0))
        request = signed(at, path, said)

        for _ in range(fit):
            with contextlib.suppress(RejectError):
                await dialect.http(request)
        with pytest.raises(RejectError) as caught:
            await dialect.http(request)

        assert caught.value.reject is no
        answer = dialect.refuse(request, no)
        assert (answer.status, answer.code) == (429, "50011")

    run(tmp_path, play)


def test_an_instruments_orders_are_counted_apart_and_the_sub_accounts_together(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        dialect = OkxDialect(at.running.engines["okx"], RateLimits(lambda: 0))
        codes: list[Reject] = []
        for symbol in ("ETH-USDT", "BTC-USDT", "ETH-USDT-SWAP", "BTC-USDT-SWAP"):
            order = {"instId": symbol, "tdMode": "cash" if len(symbol) == len("ETH-USDT") else "cross"}
            request = signed(at, "trade/batch-orders", [ORDER | order | {"px": "1"}] * 20)
            for _ in range(15):
                try:
                    await dialect.http(request)
                except RejectError as error:
                    codes.append(error.reject)

        assert codes == [Reject.ORDER_RATE_LIMITED] * 10
        answer = dialect.refuse(request, Reject.ORDER_RATE_LIMITED)
        assert (answer.status, answer.code) == (200, "50061")

    run(tmp_path, play)
