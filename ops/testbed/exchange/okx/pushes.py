"""What the private channels say: orders, algo orders, account, positions, both at once."""

from collections.abc import Sequence

from messages.units import plain
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import BalanceChanged, Cause, Event, FundingPaid, OrderChanged, PositionChanged
from ops.testbed.exchange.money import Kind
from ops.testbed.exchange.okx import rows
from ops.testbed.exchange.okx.account import Account
from ops.testbed.exchange.okx.trading import row_of
from ops.testbed.exchange.okx.wording import INST_TYPES, Row
from ops.testbed.exchange.values import UNIFIED, Market, Uid

_EVENT_TYPES = {
    Kind.FUNDING: "funding_fee",
    Kind.TRANSFER: "transferred",
    Kind.DEPOSIT: "transferred",
    Kind.WITHDRAWAL: "transferred",
    Kind.LIQUIDATION: "liquidation",
}


def first(arg: Row, engine: Engine, account: Account, uid: Uid) -> Sequence[Row]:
    """Return what a channel says at once when it is subscribed to."""
    channel = arg["channel"]
    if channel == "account":
        return [_frame(arg, [account.balance_row(uid, _assets(arg))])]
    if channel == "positions":
        held = [each for each in engine.positions(uid) if _about(arg, each.market)]
        return [_frame(arg, [account.position(position) for position in held])]
    if channel == "balance_and_position":
        balances = [
            {"ccy": asset, "cashBal": plain(balance.total), "uTime": str(engine.now_ms())}
            for asset, balance in engine.balances(uid, UNIFIED).items()
        ]
        positions = [_short(account.position(position)) for position in engine.positions(uid)]
        return [_frame(arg, [_both(engine, "snapshot", balances, positions)])]
    return []


def of(event: Event, arg: Row, engine: Engine, account: Account) -> Sequence[Row]:
    """Return what a channel says of an event, a frame each."""
    match event:
        case OrderChanged():
            return _order(event, arg, engine)
        case BalanceChanged() if event.wallet == UNIFIED:
            return _balance(event, arg, engine, account)
        case PositionChanged():
            return _position(event, arg, engine, account)
        case FundingPaid():
            return []  # Its balance says so.
        case _:
            return []


def _order(event: OrderChanged, arg: Row, engine: Engine) -> Sequence[Row]:
    order = event.order
    if not _about(arg, order.market):
        return []
    channel = arg["channel"]
    if rows.is_algo(order):
        row = rows.pushed_algo(rows.algo_row(order))
        wanted = "algo-advance" if row["ordType"] == "move_order_stop" else "orders-algo"
        return [_frame(arg, [row])] if channel == wanted else []
    if channel != "orders":
        return []
    row = row_of(engine, order, event.trade)
    pushed = rows.pushed_order(row, order, event.trade, amended=event.cause is Cause.AMENDED)
    return [_frame(arg, [pushed])]


def _balance(event: BalanceChanged, arg: Row, engine: Engine, account: Account) -> Sequence[Row]:
    if arg["channel"] == "account":
        wanted = _assets(arg)
        if wanted and event.asset not in wanted:
            return []
        return [_frame(arg, [account.balance_row(event.uid, {event.asset})])]
    if arg["channel"] != "balance_and_position":
        return []
    balance = {"ccy": event.asset, "cashBal": plain(event.balance.total), "uTime": str(event.at_ms)}
    return [_frame(arg, [_both(engine, _EVENT_TYPES.get(event.kind, "filled"), [balance], [])])]


def _position(event: PositionChanged, arg: Row, engine: Engine, account: Account) -> Sequence[Row]:
    row = account.position(event.position)
    if arg["channel"] == "positions" and _about(arg, event.position.market):
        return [_frame(arg, [row])]
    if arg["channel"] == "balance_and_position":
        return [_frame(arg, [_both(engine, _EVENT_TYPES.get(event.kind, "filled"), [], [_short(row)])])]
    return []


def _both(engine: Engine, kind: str, balances: list[Row], positions: list[Row]) -> Row:
    return {
        "pTime": str(engine.now_ms()),
        "eventType": kind,
        "balData": balances,
        "posData": positions,
        "trades": [],
    }


def _short(position: Row) -> Row:
    names = ("posId", "instId", "instType", "mgnMode", "posSide", "pos", "ccy", "posCcy", "avgPx", "tradeId", "uTime")
    return {name: position[name] for name in names}


def _frame(arg: Row, data: list[Row]) -> Row:
    return {"arg": arg, "data": data}


def _assets(arg: Row) -> set[str]:
    asset = arg.get("ccy", "")
    return {asset} if isinstance(asset, str) and asset else set()


def _about(arg: Row, market: Market) -> bool:
    kind, symbol, family = arg.get("instType", "ANY"), arg.get("instId", ""), arg.get("instFamily", "")
    if kind not in ("ANY", INST_TYPES[market.product]):
        return False
    return symbol in ("", market.symbol) and family in ("", f"{market.base}-{market.quote}")
