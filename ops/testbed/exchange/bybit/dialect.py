"""Bybit's wire in front of its engine."""

from collections.abc import Mapping, Sequence

from ops.testbed.exchange.bybit.asked import Asked
from ops.testbed.exchange.bybit.budgets import check_address, headers
from ops.testbed.exchange.bybit.errors import envelope, params_of, refusal
from ops.testbed.exchange.bybit.private_stream import PrivateStream
from ops.testbed.exchange.bybit.public_stream import PublicStream
from ops.testbed.exchange.bybit.routes import ROUTES, Route
from ops.testbed.exchange.bybit.signing import signer
from ops.testbed.exchange.contract import Answer, Engine, Op, Operation, Request, Session, json_answer
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Key

_NOWHERE = Operation(op=Op.OTHER)
_STREAMS = frozenset({"spot", "linear"})


class BybitDialect:
    """See ``contract.Dialect``."""

    hosts: Sequence[str] = (
        "api.bybit.com",
        "api.bytick.com",
        "api-testnet.bybit.com",
        "stream.bybit.com",
        "stream-testnet.bybit.com",
    )

    def __init__(self, engine: Engine, limits: RateLimits) -> None:
        self._engine = engine
        self._limits = limits

    def operation(self, request: Request) -> Operation:
        """See the contract."""
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return _NOWHERE
        params = params_of(request)
        named = str(params.get("orderLinkId") or "")
        by_id = bool(named or params.get("orderId"))
        return Operation(
            op=Op.LOOK_UP if route.op in {Op.OPEN_ORDERS, Op.HISTORY} and by_id else route.op,
            api_key=request.headers.get("x-bapi-api-key", ""),
            symbol=str(params.get("symbol") or ""),
            client_order_id=named,
        )

    async def http(self, request: Request) -> Answer:
        """See the contract."""
        check_address(self._limits, request.peer)
        route = ROUTES.get((request.method, request.path))
        if route is None:
            raise RejectError(Reject.UNKNOWN_ENDPOINT, request.path)
        said: Mapping[str, str] = {}
        try:
            key = None if route.right is None else signer(self._engine, request)
            params = params_of(request)
            if key is not None:
                said = self._charged(route, key, params)
            result = route.handler(
                Asked(engine=self._engine, params=params, now_ms=request.at_ms, path=request.path, key=key)
            )
        except RejectError as error:
            return refusal(request, error.reject, error.detail, headers=said)
        return json_answer(envelope(0, "OK", result, self._engine.now_ms()), headers=said)

    def _charged(self, route: Route, key: Key, params: Mapping[str, object]) -> Mapping[str, str]:
        """Charge the account, and return what the headers say of it. Raises RATE_LIMITED, PERMISSION."""
        budget = route.budget_of(params)
        said: Mapping[str, str] = {}
        if budget is not None:
            usage = self._limits.charge(budget, key.uid, count_over=False)
            said = headers(usage)
            if usage.over:
                raise RejectError(Reject.RATE_LIMITED, str(usage.resets_ms))
        if route.right is not None and route.right not in key.permissions:
            raise RejectError(Reject.PERMISSION)
        return said

    def refuse(self, request: Request, reject: Reject, detail: str = "", *, retry_after_s: int | None = None) -> Answer:
        """See the contract."""
        return refusal(request, reject, detail, retry_after_s=retry_after_s)

    def open(self, request: Request) -> Session | Answer:
        """See the contract."""
        if request.path == "/v5/private":
            return PrivateStream(self._engine)
        product = request.path.removeprefix("/v5/public/")
        if product in _STREAMS:
            return PublicStream(self._engine, product)
        return refusal(request, Reject.UNKNOWN_ENDPOINT, request.path)
