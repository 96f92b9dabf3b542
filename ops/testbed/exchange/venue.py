"""One venue of the running exchange: engine, dialect, clock, limits, and who listens to it."""

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import cast

from aiohttp import web

from ops.testbed.exchange.circumstances import CIRCUMSTANCES
from ops.testbed.exchange.clock import VenueClock
from ops.testbed.exchange.connections import Connection
from ops.testbed.exchange.contract import Answer, Dialect, Engine, Operation, Request
from ops.testbed.exchange.engine import VenueEngine
from ops.testbed.exchange.events import Event
from ops.testbed.exchange.faults import Fault, Faults
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.listen_keys import ListenKeys
from ops.testbed.exchange.plan import Plan, plan_for
from ops.testbed.exchange.record import Record, scrubbed
from ops.testbed.exchange.rejects import Reject, RejectError

DialectMaker = Callable[[Engine, RateLimits, ListenKeys], Dialect]
_PACKAGE = "ops.testbed.exchange"
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_LONGEST_HANG_S = 120.0
_LOOK_S = 0.1
_LOG = logging.getLogger(__name__)


def dialect_of(venue: str) -> DialectMaker:
    """Return what makes a venue's dialect: its package's function ``dialect``."""
    return cast("DialectMaker", importlib.import_module(f"{_PACKAGE}.{venue}").dialect)


class Venue:
    """A venue that answers.

    Attributes:
        connections: The WebSockets that are open now.
    """

    def __init__(
        self,
        name: str,
        engine: VenueEngine,
        make: DialectMaker,
        *,
        clock: VenueClock,
        record: Record,
        faults: Faults,
        factor: int,
        seed: str,
    ) -> None:
        self.name = name
        self.engine = engine
        self.clock = clock
        self._record = record
        self._faults = faults
        limits = RateLimits(clock.now_ms, factor=factor)
        self.dialect = make(engine, limits, ListenKeys(clock.now_ms, seed=f"{seed}:{name}"))
        self.connections: set[Connection] = set()
        engine.subscribe(self._event)

    def _event(self, event: Event) -> None:
        for connection in tuple(self.connections):
            try:
                connection.event(event, self._faults)
            except Exception:  # noqa: BLE001 - a mistake in wording must not stop the matching
                _LOG.exception("%s: a session could not word an event", self.name)
                connection.cut()

    def second(self) -> None:
        """Let every connection say what it says once a second."""
        now = self.clock.now_ms()
        for connection in tuple(self.connections):
            connection.second(now)

    async def http(self, raw: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Work one request under its faults, and write it down."""
        started = time.perf_counter_ns()
        operation = self.dialect.operation(request)
        plan = plan_for(self._faults, self.name, request, operation)
        answer = await self._worked(raw, request, plan)
        if answer is not None and plan.delay_answer_ms:
            await asyncio.sleep(plan.delay_answer_ms / 1000)
        took_us = (time.perf_counter_ns() - started) // 1000
        if answer is None and plan.after is not None and plan.after.kind == "accept_then_timeout":
            self._write(request, operation, plan, None, took_us)
            await _hang(raw)
        else:
            self._write(request, operation, plan, answer, took_us)
        return _broken(raw) if answer is None else _response(answer)

    async def _worked(self, raw: web.BaseRequest, request: Request, plan: Plan) -> Answer | None:
        """Return the answer, or None where there is none to be sent."""
        if plan.skew_ms is not None:
            self.clock.skew_ms = plan.skew_ms
        if plan.delay_ms:
            await asyncio.sleep(plan.delay_ms / 1000)
        if plan.before is not None:
            return self._turned_away(request, plan.before)
        answer = await self._done(request, plan)
        del raw
        match plan.after.kind if plan.after is not None else "":
            case "accept_then_timeout" | "accept_then_drop":
                return None
            case "html_body":
                return Answer(body=_HTML, content_type="text/html")
            case "empty_body":
                return Answer(body=b"")
            case "error_after":
                return self._error(request, plan.after)
            case _:
                return answer

    async def _done(self, request: Request, plan: Plan) -> Answer:
        token = CIRCUMSTANCES.set(plan.circumstances)
        try:
            return await self.dialect.http(request)
        except RejectError as refusal:
            return self.dialect.refuse(request, refusal.reject, refusal.detail)
        except Exception:  # noqa: BLE001 - as a venue, it answers whatever happens inside
            _LOG.exception("%s: %s %s", self.name, request.method, request.path)
            return self.dialect.refuse(request, Reject.SERVER_ERROR)
        finally:
            CIRCUMSTANCES.reset(token)

    def _turned_away(self, request: Request, fault: Fault) -> Answer | None:
        match fault.kind:
            case "http_429":
                return self._limited(request, Reject.RATE_LIMITED, 429, fault)
            case "http_418":
                return self._limited(request, Reject.BANNED, 418, fault)
            case "error_before":
                return self._error(request, fault)
            case _:
                return None

    def _limited(self, request: Request, reject: Reject, status: int, fault: Fault) -> Answer:
        seconds = int(fault.number)
        answer = self.dialect.refuse(request, reject, retry_after_s=seconds)
        return _with(answer, status=status, headers={**answer.headers, "Retry-After": str(seconds)})

    def _error(self, request: Request, fault: Fault | None) -> Answer:
        status = int(fault.number) if fault is not None else 503
        return _with(self.dialect.refuse(request, Reject.SERVER_ERROR), status=status)

    def _write(self, request: Request, operation: Operation, plan: Plan, answer: Answer | None, took_us: int) -> None:
        key = self.engine.key(operation.api_key)
        self._record.add(
            "requests",
            (
                request.at_ms,
                self.name,
                request.host,
                request.method,
                request.path,
                scrubbed(request.query),
                scrubbed(request.body.decode(errors="replace")),
                operation.op,
                key.uid if key is not None else "",
                operation.symbol,
                operation.client_order_id,
                answer.status if answer is not None else None,
                answer.code if answer is not None else "",
                " ".join(plan.kinds),
                took_us,
            ),
        )

    async def socket(self, raw: web.BaseRequest, request: Request) -> web.StreamResponse:
        """Open a WebSocket, and talk until one side has enough."""
        try:
            session = self.dialect.open(request)
        except RejectError as refusal:
            session = self.dialect.refuse(request, refusal.reject, refusal.detail)
        if isinstance(session, Answer):
            return _response(session)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(raw)
        transport = raw.transport if isinstance(raw.transport, asyncio.Transport) else None
        connection = Connection(self.name, session, socket, transport)
        self.connections.add(connection)
        try:
            await connection.run()
        finally:
            self.connections.discard(connection)
        return socket


def _with(answer: Answer, *, status: int, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        body=answer.body,
        status=status,
        headers=answer.headers if headers is None else headers,
        content_type=answer.content_type,
        code=answer.code,
    )


def _response(answer: Answer) -> web.Response:
    headers = {**answer.headers, "Content-Type": answer.content_type}
    return web.Response(body=answer.body, status=answer.status, headers=headers)


def _broken(raw: web.BaseRequest) -> web.Response:
    """Break the connection; the response that is returned goes nowhere."""
    if raw.transport is not None:
        raw.transport.abort()
    return web.Response(status=499)


async def _hang(raw: web.BaseRequest) -> None:
    """Say nothing until the client leaves, or for two minutes."""
    until = time.monotonic() + _LONGEST_HANG_S
    while raw.transport is not None and not raw.transport.is_closing():
        await asyncio.sleep(_LOOK_S)
        if time.monotonic() > until:
            break
