"""Plain orders: place, cancel, amend, look up, list; and fills."""

import re
from collections.abc import Sequence
from decimal import Decimal

from messages.units import OrderType, Side, TimeInForce, TradeType
from ops.testbed.exchange.contract import Answer, Engine
from ops.testbed.exchange.okx import rows
from ops.testbed.exchange.okx.asked import Asked, done, each_in_turn, is_kept, market_named, markets_of
from ops.testbed.exchange.okx.refusals import ABSENT, NO_REDUCE_ONLY, NoError
from ops.testbed.exchange.okx.wording import Fields, Row, answered, paged
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market, Order, Placement, SelfTrade, Trade, Uid

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_KINDS = ("market", "limit", "post_only", "fok", "ioc", "optimal_limit_ioc")
_TIFS = {"fok": TimeInForce.FOK, "ioc": TimeInForce.IOC}
_SELF_TRADE = {
    "": SelfTrade.EXPIRE_MAKER,
    "cancel_maker": SelfTrade.EXPIRE_MAKER,
    "cancel_taker": SelfTrade.EXPIRE_TAKER,
    "cancel_both": SelfTrade.EXPIRE_BOTH,
}
_DAY_MS = 86_400_000


def client_id(fields: Fields, name: str) -> str:
    """Return a client's id, checked."""
    found = fields.text(name)
    if found and _CLIENT_ID.fullmatch(found) is None:
        raise RejectError(Reject.BAD_PARAMETER, name)
    return found


def common(engine: Engine, uid: Uid, fields: Fields) -> tuple[Market, Side, dict[str, str]]:
    """Return what plain and algo orders have in common: market, side, and the words to be kept."""
    market = market_named(engine, fields.need("instId"))
    side = SIDES[fields.one_of("side", tuple(SIDES))]
    is_perp = market.product is TradeType.PERP
    mode = fields.one_of("tdMode", ("cash", "cross", "isolated"))
    if mode != ("cross" if is_perp else "cash"):
        # The account is in Futures mode; here perps are in cross margin, and spot is not borrowed.
        raise RejectError(Reject.UNSUPPORTED if mode == "isolated" else Reject.BAD_PARAMETER, "tdMode")
    if engine.setting(uid, "posMode") == "long_short_mode" and is_perp:
        raise RejectError(Reject.POSITION_SIDE)
    if fields.text("posSide") not in ("", "net"):
        raise RejectError(Reject.POSITION_SIDE)
    if fields.flag("reduceOnly") and not is_perp:
        raise NoError(NO_REDUCE_ONLY)
    return market, side, {"tag": fields.text("tag"), "tdMode": mode}


def wire_amount(fields: Fields, name: str, market: Market) -> Decimal | None:
    """Return an amount in base; None where it is missing."""
    found = fields.number(name)
    return None if found is None else found * market.contract_size


class Trading:
    """What is under /api/v5/trade about plain orders and fills."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place(self, asked: Asked) -> Answer:
        """POST /trade/order."""
        return done(self._place(asked, asked.fields), self._engine)

    def place_several(self, asked: Asked) -> Answer:
        """POST /trade/batch-orders."""
        return each_in_turn(asked, lambda fields: self._place(asked, fields), self._engine, algo=False)

    def cancel(self, asked: Asked) -> Answer:
        """POST /trade/cancel-order."""
        return done(self._cancel(asked, asked.fields), self._engine)

    def cancel_several(self, asked: Asked) -> Answer:
        """POST /trade/cancel-batch-orders."""
        return each_in_turn(asked, lambda fields: self._cancel(asked, fields), self._engine, algo=False)

    def amend(self, asked: Asked) -> Answer:
        """POST /trade/amend-order."""
        return done(self._amend(asked, asked.fields), self._engine)

    def amend_several(self, asked: Asked) -> Answer:
        """POST /trade/amend-batch-orders."""
        return each_in_turn(asked, lambda fields: self._amend(asked, fields), self._engine, algo=False)

    def order(self, asked: Asked) -> Answer:
        """GET /trade/order."""
        fields = asked.fields
        market = market_named(self._engine, fields.need("instId"))
        found = self._named(asked.uid, market, fields)
        if found is None or (found.ended and not is_kept(found, self._engine.now_ms())):
            raise NoError(ABSENT)
        return answered([self._row(found, with_fill=True)])

    def pending(self, asked: Asked) -> Answer:
        """GET /trade/orders-pending."""
        fields, found = asked.fields, list[tuple[int, Order]]()
        for market in markets_of(self._engine, fields):
            for order in self._engine.open_orders(asked.uid, market.product, market, waiting=False):
                found.append((int(order.order_id), order))
        found = [each for each in found if self._fits(each[1], fields)]
        return answered([self._row(order) for order in paged(found, fields)])

    def history(self, asked: Asked, *, days: int) -> Answer:
        """GET /trade/orders-history and orders-history-archive."""
        fields = asked.fields
        fields.need("instType")
        now = self._engine.now_ms()
        begin = max(fields.whole("begin") or 0, now - days * _DAY_MS)
        found = [
            (int(order.order_id), order)
            for market in markets_of(self._engine, fields)
            for order in self._engine.orders(
                asked.uid, market.product, market, since_ms=begin, until_ms=fields.whole("end"), trigger=False
            )
            if order.ended and is_kept(order, now) and self._fits(order, fields)
        ]
        return answered([self._row(order) for order in paged(found, fields)])

    def fills(self, asked: Asked, *, days: int) -> Answer:
        """GET /trade/fills and fills-history."""
        fields = asked.fields
        begin = max(fields.whole("begin") or 0, self._engine.now_ms() - days * _DAY_MS)
        found: list[tuple[int, Trade]] = [
            (rows.bill_id(trade), trade)
            for market in markets_of(self._engine, fields)
            for trade in self._engine.trades(
                asked.uid,
                market.product,
                market,
                order_id=fields.text("ordId"),
                since_ms=begin,
                until_ms=fields.whole("end"),
            )
        ]
        return answered([rows.fill_row(trade) for trade in paged(found, fields)])

    def _place(self, asked: Asked, fields: Fields) -> Row:
        order = self._engine.place(asked.uid, self._placement(asked.uid, fields))
        return self._ack(order, tag=fields.text("tag"))

    def _placement(self, uid: Uid, fields: Fields) -> Placement:
        market, side, words = common(self._engine, uid, fields)
        kind = fields.one_of("ordType", _KINDS)
        if fields.text("attachAlgoOrds") or fields.text("slTriggerPx") or fields.text("tpTriggerPx"):
            raise RejectError(Reject.UNSUPPORTED, "attachAlgoOrds")
        number = fields.number("sz")
        if number is None:
            raise RejectError(Reject.MISSING_PARAMETER, "sz")
        at_market = kind in ("market", "optimal_limit_ioc")
        unit = _unit(market, side, fields) if kind == "market" else ""
        in_quote = unit == "quote_ccy"
        price = None if at_market else fields.number("px")
        if price is None and not at_market:
            raise RejectError(Reject.MISSING_PARAMETER, "px")
        return Placement(
            market=market,
            side=side,
            type=OrderType.MARKET if at_market else OrderType.LIMIT,
            amount=None if in_quote else number * market.contract_size,
            quote_amount=number if in_quote else None,
            price=price,
            tif=_TIFS.get(kind, TimeInForce.GTC),
            post_only=kind == "post_only",
            reduce_only=fields.flag("reduceOnly"),
            client_order_id=client_id(fields, "clOrdId"),
            self_trade=_SELF_TRADE[fields.one_of("stpMode", tuple(_SELF_TRADE)[1:], "cancel_maker")],
            words=words | {"ordType": kind, "tgtCcy": unit},
        )

    def _cancel(self, asked: Asked, fields: Fields) -> Row:
        order = self._meant(asked.uid, fields)
        after = self._engine.cancel(asked.uid, order.market, order_id=order.order_id)
        return self._ack(after)

    def _amend(self, asked: Asked, fields: Fields) -> Row:
        order = self._meant(asked.uid, fields)
        price, amount = fields.number("newPx"), wire_amount(fields, "newSz", order.market)
        if price is None and amount is None:
            raise RejectError(Reject.UNCHANGED)
        try:
            self._engine.amend(asked.uid, order.market, order_id=order.order_id, price=price, amount=amount)
        except RejectError as error:
            if error.reject is not Reject.UNCHANGED:
                if fields.flag("cxlOnFail") and not order.ended:
                    self._engine.cancel(asked.uid, order.market, order_id=order.order_id)
                raise
        return self._ack(order) | {"reqId": fields.text("reqId"), "subCode": ""}

    def _meant(self, uid: Uid, fields: Fields) -> Order:
        market = market_named(self._engine, fields.need("instId"))
        order = self._named(uid, market, fields)
        if order is None:
            raise RejectError(Reject.ORDER_UNKNOWN)
        return order

    def _named(self, uid: Uid, market: Market, fields: Fields) -> Order | None:
        order_id, own = fields.text("ordId"), fields.text("clOrdId")
        if not order_id and not own:
            raise RejectError(Reject.MISSING_PARAMETER, "ordId")
        # The venue's id goes first where both are there.
        own = "" if order_id else own
        return self._engine.find(uid, market, order_id=order_id, client_order_id=own, trigger=False)

    def _ack(self, order: Order, *, tag: str = "") -> Row:
        return {
            "ordId": order.order_id,
            "clOrdId": order.client_order_id,
            "tag": tag,
            "ts": str(self._engine.now_ms()),
            "sCode": "0",
            "sMsg": "",
        }

    def _row(self, order: Order, *, with_fill: bool = False) -> Row:
        return row_of(self._engine, order, self._last(order) if with_fill and order.filled else None)

    def _last(self, order: Order) -> Trade | None:
        found: Sequence[Trade] = self._engine.trades(
            order.uid, order.market.product, order.market, order_id=order.order_id
        )
        return found[-1] if found else None

    @staticmethod
    def _fits(order: Order, fields: Fields) -> bool:
        kind, state = fields.text("ordType"), fields.text("state")
        if kind and rows.order_type(order) not in kind.split(","):
            return False
        return not state or rows.state(order) == state


def row_of(engine: Engine, order: Order, last: Trade | None) -> Row:
    """Return the row of a plain order, with what it was before it triggered and its leverage looked up."""
    parent = None
    if order.parent_id:
        parent = engine.find(order.uid, order.market, order_id=order.parent_id, trigger=True)
    is_perp = order.market.product is TradeType.PERP
    leverage = engine.position(order.uid, order.market).leverage if is_perp else Decimal(1)
    return rows.order_row(order, parent=parent, last=last, leverage=leverage)


def _unit(market: Market, side: Side, fields: Fields) -> str:
    """Return in what a market order is counted: without a word, a spot buy in quote."""
    if market.product is not TradeType.SPOT:
        return ""
    usual = "quote_ccy" if side is Side.BUY else "base_ccy"
    return fields.one_of("tgtCcy", ("base_ccy", "quote_ccy"), usual)
