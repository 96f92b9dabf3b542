"""Binance's wire in front of the engine: requests by host and path, refusals, connections."""

import itertools
from collections.abc import Sequence
from urllib.parse import parse_qs

from messages.units import PERP, SPOT
from ops.testbed.exchange.binance import futures, futures_account, public, spot, wallet
from ops.testbed.exchange.binance.budgets import Budgets, Turned
from ops.testbed.exchange.binance.calls import Call, Route, Routes, Venue
from ops.testbed.exchange.binance.door import key_of, signed
from ops.testbed.exchange.binance.market_streams import MarketStreams
from ops.testbed.exchange.binance.params import Params
from ops.testbed.exchange.binance.refusals import Wording, worded
from ops.testbed.exchange.binance.sessions import ApiSession, ListenKeySession, MarketSession
from ops.testbed.exchange.contract import Answer, Engine, Op, Operation, Request, Session, json_answer
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.rejects import Reject, RejectError

REST_HOSTS = ("api.binance.com", "fapi.binance.com", "dapi.binance.com")
SPOT_STREAMS, PERP_STREAMS, WS_API = "stream.binance.com", "fstream.binance.com", "ws-api.binance.com"
_ROUTES: Routes = {**public.ROUTES, **spot.ROUTES, **futures.ROUTES, **futures_account.ROUTES, **wallet.ROUTES}
_PRICE_BANDS = {
    "BUY": Wording(-4016, "Limit price can't be higher than the mark price's band."),
    "SELL": Wording(-4024, "Limit price can't be lower than the mark price's band."),
}


class BinanceDialect:
    """See ``contract.Dialect``."""

    hosts: Sequence[str] = (*REST_HOSTS, SPOT_STREAMS, PERP_STREAMS, WS_API)

    def __init__(self, engine: Engine, limits: RateLimits, listen_keys: ListenKeys) -> None:
        self._engine = engine
        self._budgets = Budgets(limits, engine.now_ms)
        self._listen_keys = listen_keys
        self._venue = Venue(engine, self._budgets, listen_keys, itertools.count(1))

    def operation(self, request: Request) -> Operation:
        """See the contract."""
        route = _ROUTES.get((request.method, request.path))
        params = request.params
        return Operation(
            op=Op.OTHER if route is None else route.op,
            api_key=request.headers.get("x-mbx-apikey", ""),
            symbol=params.get("symbol", ""),
            client_order_id=params.get(route.client_id, "") if route is not None and route.client_id else "",
        )

    async def http(self, request: Request) -> Answer:
        """See the contract."""
        route = _ROUTES.get((request.method, request.path))
        if route is None or not _is_at(request):
            raise RejectError(Reject.UNKNOWN_ENDPOINT, f"{request.path}, Method {request.method}")
        params = Params(request.params)
        try:
            self._budgets.charge(route.pool, request.peer, route.weight(params))
        except Turned as turned:
            return self.refuse(request, turned.reject, turned.detail, retry_after_s=turned.retry_after_s)
        return self._answered(request, route, params)

    def _answered(self, request: Request, route: Route, params: Params) -> Answer:
        key = None
        if route.keyed:
            key = key_of(self._engine, request)
        elif not route.open:
            key = signed(self._engine, request, route.permission)
        call = Call(self._venue, params, key)
        if route.orders:
            self._budgets.charge_order(route.pool, call.uid)
        try:
            shown = route.handler(call)
        except RejectError:
            if route.orders:
                self._budgets.give_back(route.pool, call.uid)
            raise
        counted = call.uid if route.orders else None
        return json_answer(shown, headers=self._budgets.headers(route.pool, request.peer, counted))

    def refuse(self, request: Request, reject: Reject, detail: str = "", *, retry_after_s: int | None = None) -> Answer:
        """See the contract."""
        route = _ROUTES.get((request.method, request.path))
        op, pool = (Op.OTHER, "spot") if route is None else (route.op, route.pool)
        wording = worded(reject, op, pool, detail)
        if reject is Reject.PRICE_BAND and pool == "perp":
            wording = _PRICE_BANDS.get(request.params.get("side", ""), wording)
        headers = self._budgets.headers(pool, request.peer)
        if retry_after_s is not None:
            headers["Retry-After"] = str(retry_after_s)
        body = {"code": wording.code, "msg": wording.text.format(detail)}
        return json_answer(body, status=wording.status, headers=headers, code=str(wording.code))

    def open(self, request: Request) -> Session | Answer:
        """See the contract."""
        if request.host == WS_API:
            return ApiSession(self._engine)
        product = PERP if request.host == PERP_STREAMS else SPOT
        asked = parse_qs(request.query)
        parts = [part for part in request.path.split("/") if part]
        names = [part for part in parts if "@" in part] + [
            name for text in asked.get("streams", []) for name in text.split("/")
        ]
        listen_key = (asked.get("listenKey") or [parts[-1] if parts else ""])[0]
        if product is PERP and ("private" in parts or self._listen_keys.uid_of(listen_key) is not None):
            return ListenKeySession(self._engine, self._listen_keys, listen_key)
        streams = MarketStreams(self._engine, product, combined="stream" in parts)
        streams.subscribe(names)
        return MarketSession(streams)


def _is_at(request: Request) -> bool:
    """Say whether a path is at its host: each kind of futures has one of its own."""
    name = request.path.split("/")[1]
    return request.host.partition(".")[0] == (name if name in {"fapi", "dapi"} else "api")
