"""Events of an account as frames of Binance's private streams."""

from collections.abc import Mapping
from typing import Any

from messages.units import MAKER, PERP, SPOT
from ops.testbed.exchange.binance.shown import algo_status, became, is_working, kind, status, tif
from ops.testbed.exchange.binance.text import ZERO, eight, plain_or_zero, stepped
from ops.testbed.exchange.contract import Engine
from ops.testbed.exchange.events import BalanceChanged, Cause, Event, OrderChanged, PositionChanged
from ops.testbed.exchange.money import Kind
from ops.testbed.exchange.values import PERP_WALLET, SPOT_WALLET, Order, Status, Uid, Why

_REASONS: Mapping[Kind, str] = {
    Kind.FUNDING: "FUNDING_FEE",
    Kind.TRANSFER: "DEPOSIT",
    Kind.LIQUIDATION: "INSURANCE_CLEAR",
}
_OUTSIDE = frozenset({Kind.DEPOSIT, Kind.WITHDRAWAL, Kind.WITHDRAWAL_FEE, Kind.TRANSFER})


def _execution(event: OrderChanged) -> str:
    """Return the type of an execution."""
    if event.cause is Cause.TRADED:
        return "TRADE"
    if event.cause is Cause.AMENDED:
        return "AMENDMENT" if event.order.market.product is PERP else "REPLACED"
    if event.cause is Cause.ENDED:
        if event.order.why is Why.SELF_TRADE:
            return "TRADE_PREVENTION"
        return status(event.order)
    return "NEW"


class SpotFrames:
    """Frames of one account's spot stream."""

    def __init__(self, engine: Engine, uid: Uid) -> None:
        self._uid = uid
        self._totals = {asset: held.total for asset, held in engine.balances(uid, SPOT_WALLET).items()}

    def of(self, event: Event) -> list[dict[str, Any]]:
        """Return the frames of an event; none of what is not of this account's spot."""
        if isinstance(event, OrderChanged):
            is_ours = event.uid == self._uid and event.order.market.product is SPOT
            return [execution_report(event)] if is_ours else []
        if isinstance(event, BalanceChanged) and event.uid == self._uid and event.wallet == SPOT_WALLET:
            return self._balance(event)
        return []

    def _balance(self, event: BalanceChanged) -> list[dict[str, Any]]:
        delta = event.balance.total - self._totals.get(event.asset, ZERO)
        self._totals[event.asset] = event.balance.total
        if event.kind in _OUTSIDE and delta:
            moved = {"e": "balanceUpdate", "E": event.at_ms, "a": event.asset, "d": eight(delta), "T": event.at_ms}
            return [moved]
        row = {"a": event.asset, "f": eight(event.balance.free), "l": eight(event.balance.held)}
        return [{"e": "outboundAccountPosition", "E": event.at_ms, "u": event.at_ms, "B": [row]}]


def execution_report(event: OrderChanged) -> dict[str, Any]:
    """Return the frame of a change of a spot order."""
    order, trade = event.order, event.trade
    execution = _execution(event)
    is_cancel = execution == "CANCELED"
    # A cancel has a client id of its own; the order's is then the original one.
    frame: dict[str, Any] = {
        "e": "executionReport",
        "E": event.at_ms,
        "s": order.market.symbol,
        "c": f"cancel{event.serial}" if is_cancel else order.client_order_id,
        "S": order.side.value,
        "o": kind(order),
        "f": tif(order),
        "q": eight(order.amount),
        "p": eight(order.price),
        "P": eight(order.trigger.price if order.trigger is not None else None),
        "F": eight(None),
        "g": -1,
        "C": order.client_order_id if is_cancel else "",
        "x": execution,
        "X": status(order),
        "r": "NONE",
        "i": int(order.order_id),
        "l": eight(trade.amount if trade else None),
        "z": eight(order.filled),
        "L": eight(trade.price if trade else None),
        "n": plain_or_zero(trade.fee if trade else None),
        "N": trade.fee_asset if trade else None,
        "T": event.at_ms,
        "t": int(trade.trade_id) if trade else -1,
        "I": event.serial,
        "w": is_working(order) and not order.ended,
        "m": trade is not None and trade.liquidity is MAKER,
        "M": False,
        "O": order.created_ms,
        "Z": eight(order.filled_quote),
        "Y": eight(trade.price * trade.amount if trade else None),
        "Q": eight(order.quote_amount),
        "V": order.self_trade.value,
    }
    if is_working(order):
        frame["W"] = order.created_ms
    if execution == "EXPIRED":
        frame["eR"] = "INSUFFICIENT_LIQUIDITY" if order.why in {Why.NO_LIQUIDITY, Why.IMMEDIATE} else "UNKNOWN"
    return frame


class PerpFrames:
    """Frames of one account's futures stream."""

    def __init__(self, engine: Engine, uid: Uid) -> None:
        self._engine = engine
        self._uid = uid
        self._totals = {asset: held.total for asset, held in engine.balances(uid, PERP_WALLET).items()}

    def of(self, event: Event) -> list[dict[str, Any]]:
        """Return the frames of an event; none of what is not of this account's futures."""
        if isinstance(event, OrderChanged) and event.uid == self._uid and event.order.market.product is PERP:
            return self._order(event)
        if isinstance(event, BalanceChanged) and event.uid == self._uid and event.wallet == PERP_WALLET:
            return self._balance(event)
        if isinstance(event, PositionChanged) and event.uid == self._uid:
            return [self._position(event)]
        return []

    def _order(self, event: OrderChanged) -> list[dict[str, Any]]:
        order = event.order
        if order.trigger is not None:
            if order.status is Status.TRIGGERED:
                child = became(self._engine, order)
                return [algo_update(event, "TRIGGERING", None), algo_update(event, "TRIGGERED", child)]
            return [algo_update(event, algo_status(order, None), None)]
        frames = [order_trade_update(event)]
        if order.parent_id and order.ended:
            parent = self._engine.find(order.uid, order.market, order_id=order.parent_id)
            if parent is not None:
                news = OrderChanged(
                    serial=event.serial, at_ms=event.at_ms, uid=event.uid, cause=Cause.ENDED, order=parent
                )
                frames.append(algo_update(news, "FINISHED", order))
        return frames

    def _balance(self, event: BalanceChanged) -> list[dict[str, Any]]:
        """Return the frame of a changed wallet balance; what is only held for orders has none."""
        delta = event.balance.total - self._totals.get(event.asset, ZERO)
        self._totals[event.asset] = event.balance.total
        if not delta:
            return []
        total = eight(event.balance.total)
        row = {"a": event.asset, "wb": total, "cw": total, "bc": eight(delta if event.kind in _OUTSIDE else None)}
        reason = _REASONS.get(event.kind, "ORDER")
        if event.kind is Kind.TRANSFER and delta < 0:
            reason = "WITHDRAW"
        return [_account_update(event.at_ms, reason, balances=[row])]

    def _position(self, event: PositionChanged) -> dict[str, Any]:
        position = event.position
        market, mark = position.market, self._engine.ticker(position.market).mark
        row = {
            "s": market.symbol,
            "pa": stepped(position.quantity, market.lot),
            "ep": plain_or_zero(position.entry_price),
            "bep": plain_or_zero(position.entry_price),
            "cr": eight(position.realised),
            "up": eight(position.quantity * (mark - position.entry_price)),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
        }
        return _account_update(event.at_ms, _REASONS.get(event.kind, "ORDER"), positions=[row])


def _account_update(
    at_ms: int,
    reason: str,
    *,
    balances: list[dict[str, Any]] | None = None,
    positions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    changed = {"m": reason, "B": balances or [], "P": positions or []}
    return {"e": "ACCOUNT_UPDATE", "E": at_ms, "T": at_ms, "a": changed}


def order_trade_update(event: OrderChanged) -> dict[str, Any]:
    """Return the frame of a change of a futures order."""
    order, trade, market = event.order, event.trade, event.order.market
    shown = {
        "s": market.symbol,
        "c": order.client_order_id,
        "S": order.side.value,
        "o": order.type.value,
        "f": tif(order),
        "q": stepped(order.amount, market.lot),
        "p": stepped(order.price, market.tick),
        "ap": stepped(order.average, market.tick / 1000),
        "sp": "0",
        "x": _execution(event),
        "X": status(order),
        "i": int(order.order_id),
        "l": stepped(trade.amount if trade else None, market.lot),
        "z": stepped(order.filled, market.lot),
        "L": stepped(trade.price if trade else None, market.tick),
        "T": event.at_ms,
        "t": int(trade.trade_id) if trade else 0,
        "b": "0",
        "a": "0",
        "m": trade is not None and trade.liquidity is MAKER,
        "R": order.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": order.type.value,
        "ps": "BOTH",
        "cp": order.close_position,
        "rp": eight(trade.realised if trade else None),
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": order.self_trade.value,
        "pm": "NONE",
        "gtd": 0,
    }
    if trade is not None:
        shown |= {"N": trade.fee_asset, "n": eight(trade.fee)}
    return {"e": "ORDER_TRADE_UPDATE", "E": event.at_ms, "T": event.at_ms, "o": shown}


def algo_update(event: OrderChanged, word: str, child: Order | None) -> dict[str, Any]:
    """Return the frame of a change of an algo order."""
    order, market, trigger = event.order, event.order.market, event.order.trigger
    shown = {
        "caid": order.client_order_id,
        "aid": int(order.order_id),
        "at": "CONDITIONAL",
        "o": kind(order),
        "s": market.symbol,
        "S": order.side.value,
        "ps": "BOTH",
        "f": tif(order),
        "q": stepped(order.amount, market.lot),
        "X": word,
        "ai": child.order_id if child is not None else "",
        "ap": stepped(child.average if child is not None else None, market.tick / 1000),
        "aq": stepped(child.filled if child is not None else None, market.lot),
        "act": child.type.value if child is not None else "0",
        "tp": plain_or_zero(trigger.price if trigger is not None else None),
        "p": plain_or_zero(order.price),
        "V": order.self_trade.value,
        "wt": "MARK_PRICE" if trigger is not None and trigger.by.value == "MARK" else "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": order.close_position,
        "pP": False,
        "R": order.reduce_only,
        "tt": order.updated_ms if order.triggered else 0,
        "gtd": 0,
        "rm": _failure(order),
    }
    return {"e": "ALGO_UPDATE", "E": event.at_ms, "T": event.at_ms, "o": shown}


def _failure(order: Order) -> str:
    """Return why an algo order was refused when it triggered."""
    if order.status is not Status.REJECTED:
        return ""
    return "Reduce Only reject" if order.why is Why.REDUCE_ONLY else "Margin is insufficient."
