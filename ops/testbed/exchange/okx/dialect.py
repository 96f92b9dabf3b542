"""OKX's dialect of the local exchange: what path is what, and how requests are answered."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal, TypeVar

from ops.testbed.exchange.contract import Answer, Engine, Op, Operation, Request, Session
from ops.testbed.exchange.limits import RateLimits
from ops.testbed.exchange.okx.account import Account
from ops.testbed.exchange.okx.algos import Algos
from ops.testbed.exchange.okx.asked import names
from ops.testbed.exchange.okx.door import Door, Endpoint
from ops.testbed.exchange.okx.funding import FundingAccount
from ops.testbed.exchange.okx.public import Public
from ops.testbed.exchange.okx.refusals import NoError, no_of, said
from ops.testbed.exchange.okx.streams import PATHS, Stream
from ops.testbed.exchange.okx.trading import Trading
from ops.testbed.exchange.okx.wording import decoded
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Permission

T = TypeVar("T")

HOSTS = ("www.okx.com", "openapi.okx.com", "aws.okx.com", "ws.okx.com", "wsaws.okx.com")
_ROOT = "/api/v5/"
_READ, _TRADE, _WITHDRAW = Permission.READ, Permission.TRADE, Permission.WITHDRAW
_WEEK, _QUARTER = 7, 90


class OkxDialect:
    """See ``contract.Dialect``."""

    hosts: Sequence[str] = HOSTS

    def __init__(self, engine: Engine, limits: RateLimits) -> None:
        self._engine = engine
        self._door = Door(engine, limits)
        self._account = Account(engine)
        self._public = Public(engine)
        self._endpoints: Mapping[tuple[str, str], Endpoint] = {
            **_trading(Trading(engine)),
            **_algos(Algos(engine)),
            **_account(self._account),
            **_funding(FundingAccount(engine)),
            **_public(self._public),
        }
        self._streams = 0

    def _endpoint(self, request: Request) -> Endpoint | None:
        return self._endpoints.get((request.method, request.path.removeprefix(_ROOT)))

    def operation(self, request: Request) -> Operation:
        """See the contract."""
        endpoint = self._endpoint(request)
        first = _first(request)
        return Operation(
            op=Op.OTHER if endpoint is None else endpoint.op,
            api_key=request.headers.get("ok-access-key", ""),
            symbol=_text(first, "instId"),
            client_order_id=_text(first, "clOrdId") or _text(first, "algoClOrdId"),
        )

    async def http(self, request: Request) -> Answer:
        """See the contract."""
        endpoint = self._endpoint(request)
        if endpoint is None:
            raise RejectError(Reject.UNKNOWN_ENDPOINT)
        try:
            return endpoint.do(self._door.enter(request, endpoint))
        except NoError as error:
            named = names(endpoint.op, _first(request), algo=endpoint.algo)
            return said(error.no, endpoint.op, named, now_ms=self._engine.now_ms())

    def refuse(self, request: Request, reject: Reject, detail: str = "", *, retry_after_s: int | None = None) -> Answer:
        """See the contract."""
        endpoint = self._endpoint(request)
        op, algo = (Op.OTHER, False) if endpoint is None else (endpoint.op, endpoint.algo)
        return said(
            no_of(reject, op, detail),
            op,
            names(op, _first(request), algo=algo),
            now_ms=self._engine.now_ms(),
            retry_after_s=retry_after_s,
        )

    def open(self, request: Request) -> Session | Answer:
        """See the contract."""
        kind = PATHS.get(request.path)
        if kind is None:
            return self.refuse(request, Reject.UNKNOWN_ENDPOINT)
        self._streams += 1
        return Stream(self._engine, kind, self._account, self._public, name=f"{self._streams:08x}")


def _first(request: Request) -> Mapping[str, object]:
    """Return what a request says, of a list the first thing; nothing where it can't be read."""
    if request.method == "GET":
        return request.params
    found = decoded(request.body) if request.body else None
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, dict) else {}


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


_Table = dict[tuple[str, str], Endpoint]


def _trading(trading: Trading) -> _Table:
    per: Literal["instrument"] = "instrument"
    order, orders = Endpoint, _Table()
    for path, op, do, amount in (
        ("trade/order", Op.PLACE, trading.place, 60),
        ("trade/batch-orders", Op.PLACE, trading.place_several, 300),
        ("trade/cancel-order", Op.CANCEL, trading.cancel, 60),
        ("trade/cancel-batch-orders", Op.CANCEL, trading.cancel_several, 300),
        ("trade/amend-order", Op.AMEND, trading.amend, 60),
        ("trade/amend-batch-orders", Op.AMEND, trading.amend_several, 300),
    ):
        orders["POST", path] = order(
            op=op, do=do, permission=_TRADE, per=per, amount=amount, expires=op is not Op.CANCEL
        )
    return orders | {
        ("GET", "trade/order"): order(op=Op.LOOK_UP, do=trading.order, permission=_READ, per=per, amount=60),
        ("GET", "trade/orders-pending"): order(op=Op.OPEN_ORDERS, do=trading.pending, permission=_READ, amount=60),
        ("GET", "trade/orders-history"): order(
            op=Op.HISTORY, do=partial(trading.history, days=_WEEK), permission=_READ, amount=40
        ),
        ("GET", "trade/orders-history-archive"): order(
            op=Op.HISTORY, do=partial(trading.history, days=_QUARTER), permission=_READ, amount=20
        ),
        ("GET", "trade/fills"): order(op=Op.TRADES, do=partial(trading.fills, days=3), permission=_READ, amount=60),
        ("GET", "trade/fills-history"): order(
            op=Op.TRADES, do=partial(trading.fills, days=_QUARTER), permission=_READ, amount=10
        ),
    }


def _algos(algos: Algos) -> _Table:
    per: Literal["instrument"] = "instrument"
    return {
        ("POST", "trade/order-algo"): Endpoint(
            op=Op.PLACE, do=algos.place, permission=_TRADE, per=per, amount=20, algo=True
        ),
        ("POST", "trade/cancel-algos"): Endpoint(
            op=Op.CANCEL, do=algos.cancel, permission=_TRADE, per=per, amount=20, algo=True
        ),
        ("POST", "trade/amend-algos"): Endpoint(
            op=Op.AMEND, do=algos.amend, permission=_TRADE, per=per, amount=20, algo=True
        ),
        ("GET", "trade/order-algo"): Endpoint(op=Op.LOOK_UP, do=algos.detail, permission=_READ, amount=20),
        ("GET", "trade/orders-algo-pending"): Endpoint(
            op=Op.OPEN_ORDERS, do=algos.pending, permission=_READ, amount=20
        ),
        ("GET", "trade/orders-algo-history"): Endpoint(op=Op.HISTORY, do=algos.history, permission=_READ, amount=20),
    }


def _account(account: Account) -> _Table:
    return {
        ("GET", "account/balance"): Endpoint(op=Op.BALANCES, do=account.balance, permission=_READ, amount=10),
        ("GET", "account/positions"): Endpoint(op=Op.POSITIONS, do=account.positions, permission=_READ, amount=10),
        ("GET", "account/config"): Endpoint(op=Op.ACCOUNT, do=account.config, permission=_READ, amount=5),
        ("GET", "account/leverage-info"): Endpoint(op=Op.ACCOUNT, do=account.leverage, permission=_READ, amount=20),
        ("POST", "account/set-leverage"): Endpoint(
            op=Op.LEVERAGE, do=account.set_leverage, permission=_TRADE, amount=20
        ),
        ("POST", "account/set-position-mode"): Endpoint(op=Op.MODE, do=account.set_mode, permission=_TRADE, amount=5),
        ("GET", "account/trade-fee"): Endpoint(op=Op.ACCOUNT, do=account.fees, permission=_READ, amount=5),
        ("GET", "account/bills"): Endpoint(
            op=Op.LEDGER, do=partial(account.bills, days=_WEEK), permission=_READ, amount=10
        ),
        ("GET", "account/bills-archive"): Endpoint(
            op=Op.LEDGER, do=partial(account.bills, days=_QUARTER), permission=_READ, amount=5
        ),
    }


def _funding(funding: FundingAccount) -> _Table:
    return {
        ("GET", "asset/balances"): Endpoint(op=Op.BALANCES, do=funding.balances, permission=_READ, amount=12),
        ("GET", "asset/currencies"): Endpoint(op=Op.MARKETS, do=funding.currencies, permission=_READ, amount=12),
        ("POST", "asset/transfer"): Endpoint(op=Op.TRANSFER, do=funding.transfer, permission=_TRADE, amount=4),
        ("GET", "asset/transfer-state"): Endpoint(op=Op.MOVES, do=funding.transfer_state, permission=_READ, amount=20),
        ("GET", "asset/deposit-history"): Endpoint(op=Op.MOVES, do=funding.deposits, permission=_READ, amount=12),
        ("GET", "asset/withdrawal-history"): Endpoint(op=Op.MOVES, do=funding.withdrawals, permission=_READ, amount=12),
        ("POST", "asset/withdrawal"): Endpoint(op=Op.WITHDRAW, do=funding.withdraw, permission=_WITHDRAW, amount=12),
    }


def _public(public: Public) -> _Table:
    found: _Table = {
        ("GET", "account/instruments"): Endpoint(op=Op.MARKETS, do=public.instruments, permission=_READ, amount=20)
    }
    for path, op, do, amount in (
        ("public/time", Op.TIME, public.time, 10),
        ("public/instruments", Op.MARKETS, public.instruments, 20),
        ("public/mark-price", Op.TICKER, public.mark, 10),
        ("public/price-limit", Op.TICKER, public.limits, 20),
        ("public/funding-rate", Op.TICKER, public.funding, 10),
        ("public/funding-rate-history", Op.HISTORY, public.funding_history, 10),
        ("market/ticker", Op.TICKER, public.ticker, 20),
        ("market/tickers", Op.TICKER, public.tickers, 20),
        ("market/books", Op.BOOK, public.books, 40),
        ("market/candles", Op.CANDLES, public.candles, 40),
        ("market/history-candles", Op.CANDLES, public.candles, 20),
        ("market/trades", Op.OTHER, public.trades, 100),
    ):
        found["GET", path] = Endpoint(op=op, do=do, per="address", amount=amount)
    return found
