"""Every endpoint: what it does, who may ask, and how often."""

from collections.abc import Mapping

import msgspec

from ops.testbed.exchange.bybit import looking, moves, public, settings, trading, wallet
from ops.testbed.exchange.bybit.asked import Handler
from ops.testbed.exchange.bybit.budgets import each_second
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.limits import Budget
from ops.testbed.exchange.values import Permission


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint.

    Attributes:
        right: What the key must have; None: no key is needed.
        budget, spot_budget: Of an account. Spot has its own where it differs.
    """

    op: Op
    handler: Handler
    right: Permission | None = None
    budget: Budget | None = None
    spot_budget: Budget | None = None

    def budget_of(self, params: Mapping[str, object]) -> Budget | None:
        """Return the budget that a request counts against."""
        return self.spot_budget if self.spot_budget is not None and params.get("category") == "spot" else self.budget


def _open(op: Op, handler: Handler) -> Route:
    return Route(op=op, handler=handler)


def _private(
    path: str, op: Op, handler: Handler, amount: int, *, spot: int | None = None, right: Permission = Permission.READ
) -> tuple[str, Route]:
    """Return a private endpoint with so many requests a second, and on spot maybe others."""
    return path, Route(
        op=op,
        handler=handler,
        right=right,
        budget=each_second(path, amount),
        spot_budget=None if spot is None else each_second(f"{path} spot", spot),
    )


_TRADE, _MOVE, _TAKE_OUT = Permission.TRADE, Permission.TRANSFER, Permission.WITHDRAW
_POSTS: Mapping[str, Route] = dict(
    (
        _private("/v5/order/create", Op.PLACE, trading.create, 10, spot=20, right=_TRADE),
        _private("/v5/order/amend", Op.AMEND, trading.amend, 10, spot=10, right=_TRADE),
        _private("/v5/order/cancel", Op.CANCEL, trading.cancel, 10, spot=20, right=_TRADE),
        _private("/v5/order/cancel-all", Op.CANCEL_ALL, trading.cancel_all, 10, spot=20, right=_TRADE),
        _private("/v5/position/set-leverage", Op.LEVERAGE, settings.set_leverage, 10, right=_TRADE),
        _private("/v5/position/switch-mode", Op.MODE, settings.switch_mode, 10, right=_TRADE),
        _private("/v5/account/set-margin-mode", Op.MODE, settings.set_margin_mode, 5, right=_TRADE),
        _private("/v5/asset/transfer/inter-transfer", Op.TRANSFER, moves.transfer, 1, right=_MOVE),
        _private("/v5/asset/withdraw/create", Op.WITHDRAW, moves.withdraw, 5, right=_TAKE_OUT),
    )
)
_GETS: Mapping[str, Route] = dict(
    (
        _private("/v5/order/realtime", Op.OPEN_ORDERS, looking.realtime, 50),
        _private("/v5/order/history", Op.HISTORY, looking.history, 50),
        _private("/v5/execution/list", Op.TRADES, looking.executions, 50),
        _private("/v5/account/wallet-balance", Op.BALANCES, wallet.balances, 50),
        _private("/v5/position/list", Op.POSITIONS, wallet.positions, 50),
        _private("/v5/account/transaction-log", Op.LEDGER, wallet.transaction_log, 25),
        _private("/v5/account/info", Op.ACCOUNT, wallet.account_info, 50),
        _private("/v5/account/fee-rate", Op.ACCOUNT, wallet.fee_rates, 5),
        _private("/v5/user/query-api", Op.ACCOUNT, wallet.key_info, 10),
        _private("/v5/asset/transfer/query-account-coins-balance", Op.BALANCES, wallet.funding_balances, 5),
        _private("/v5/asset/transfer/query-inter-transfer-list", Op.MOVES, moves.transfers, 5),
        _private("/v5/asset/coin/query-info", Op.ACCOUNT, moves.coins, 5),
        _private("/v5/asset/withdraw/query-record", Op.MOVES, moves.withdrawals, 5),
        _private("/v5/asset/deposit/query-record", Op.MOVES, moves.deposits, 5),
        ("/v5/market/time", _open(Op.TIME, public.time)),
        ("/v5/market/instruments-info", _open(Op.MARKETS, public.instruments)),
        ("/v5/market/tickers", _open(Op.TICKER, public.tickers)),
        ("/v5/market/orderbook", _open(Op.BOOK, public.orderbook)),
        ("/v5/market/kline", _open(Op.CANDLES, public.candles)),
        ("/v5/market/funding/history", _open(Op.OTHER, public.funding_history)),
        ("/v5/market/recent-trade", _open(Op.OTHER, public.trades)),
        ("/v5/market/risk-limit", _open(Op.OTHER, public.risk_limits)),
    )
)
ROUTES: Mapping[tuple[str, str], Route] = {
    **{("POST", path): route for path, route in _POSTS.items()},
    **{("GET", path): route for path, route in _GETS.items()},
}
