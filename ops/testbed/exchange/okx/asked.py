"""A request that has passed the door, and what is done with several orders in one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from ops.testbed.exchange.contract import Answer, Engine, Op, Request
from ops.testbed.exchange.okx.refusals import NoError, no_of, row_of
from ops.testbed.exchange.okx.wording import OK, PRODUCTS, Fields, Row, answered
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import ZERO, Key, Market, Order, Permission, Uid


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request. `said` is its query or its decoded body; `key` is None where nobody had to say who he is."""

    request: Request
    op: Op
    said: Any
    key: Key | None = None

    @property
    def uid(self) -> Uid:
        """Whose request it is."""
        if self.key is None:
            raise RejectError(Reject.KEY_UNKNOWN)
        return self.key.uid

    @property
    def fields(self) -> Fields:
        """What it says, where that is one thing."""
        if not isinstance(self.said, dict):
            raise RejectError(Reject.BAD_PARAMETER, "body")
        return Fields(self.said)

    @property
    def several(self) -> list[Fields]:
        """What it says, where that is a list."""
        if not isinstance(self.said, list) or not self.said or not all(isinstance(each, dict) for each in self.said):
            raise RejectError(Reject.BAD_PARAMETER, "body")
        return [Fields(each) for each in self.said]

    def may(self, permission: Permission) -> bool:
        """Whether its key may do something."""
        return self.key is not None and permission in self.key.permissions


def names(op: Op, said: Mapping[str, Any], *, algo: bool) -> Row:
    """Return how the row of a refused request names its order."""
    fields = Fields({name: value for name, value in said.items() if isinstance(value, str)})
    if algo:
        own = {"algoId": fields.text("algoId"), "algoClOrdId": fields.text("algoClOrdId"), "clOrdId": "", "tag": ""}
        return own | ({"algoId": ""} if op is Op.PLACE else {})
    own = {"ordId": "" if op is Op.PLACE else fields.text("ordId"), "clOrdId": fields.text("clOrdId"), "tag": ""}
    return own | ({"reqId": fields.text("reqId")} if op is Op.AMEND else {})


def each_in_turn(asked: Asked, do: Callable[[Fields], Row], engine: Engine, *, algo: bool) -> Answer:
    """Do several things one after the other; some may be refused while others are done."""
    rows: list[Row] = []
    refused = 0
    for fields, said in zip(asked.several, asked.said, strict=True):
        try:
            rows.append(do(fields))
            continue
        except RejectError as error:
            no = no_of(error.reject, asked.op, error.detail)
        except NoError as error:
            no = error.no
        refused += 1
        rows.append(row_of(no, names(asked.op, said, algo=algo)))
    if not refused:
        return answered(rows, timed_ms=engine.now_ms())
    if refused == len(rows):
        return answered(rows, code="1", msg="All operations failed", timed_ms=engine.now_ms())
    return answered(rows, code="2", msg="Bulk operation partially succeeded.", timed_ms=engine.now_ms())


def done(row: Row, engine: Engine) -> Answer:
    """Return the answer to a request about one order that was taken."""
    return answered([row], code=OK, timed_ms=engine.now_ms())


def market_named(engine: Engine, symbol: str) -> Market:
    """Return the market of a symbol: here it says the product, too."""
    for product in PRODUCTS.values():
        found = engine.markets.get((product, symbol))
        if found is not None:
            return found
    raise RejectError(Reject.UNKNOWN_SYMBOL, symbol)


def markets_of(engine: Engine, fields: Fields) -> Sequence[Market]:
    """Return the markets that a list is to be about: all of them, a product's, or one."""
    symbol, kind = fields.text("instId"), fields.text("instType")
    if symbol:
        market = market_named(engine, symbol)
        return (market,) if kind in ("", _KINDS[market.product]) else ()
    return [market for market in engine.markets.values() if kind in ("", _KINDS[market.product])]


_KINDS = {product: name for name, product in PRODUCTS.items()}
_NO_FILLS_KEPT_MS = 2 * 60 * 60 * 1000
"""Cancelled orders without fills are shown for two hours. Source: docs-v5, order details and history."""


def is_kept(order: Order, now_ms: int) -> bool:
    """Whether an order that has ended is still shown."""
    return order.filled > ZERO or order.updated_ms >= now_ms - _NO_FILLS_KEPT_MS
