"""Algo orders: stops and take-profits (conditional), trigger orders, trailing stops."""

from decimal import Decimal

from messages.units import OrderType, Side, TimeInForce, TradeType, TriggerBy
from ops.testbed.exchange.contract import Answer, Engine
from ops.testbed.exchange.okx import rows
from ops.testbed.exchange.okx.asked import Asked, done, each_in_turn, market_named, markets_of
from ops.testbed.exchange.okx.refusals import ABSENT, ALGO_ID_TAKEN, PASSED, SPOT_BY_LAST, TRIGGERED, NoError
from ops.testbed.exchange.okx.trading import client_id, common, wire_amount
from ops.testbed.exchange.okx.wording import Fields, Row, answered, paged
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import Market, Order, Placement, Status, Trigger, Uid

_KINDS = ("conditional", "trigger", "move_order_stop")
_LISTED = (*_KINDS, "oco", "chase", "iceberg", "twap", "smart_iceberg")
_BY = {"last": TriggerBy.LAST, "mark": TriggerBy.MARK}
_AT_MARKET = Decimal(-1)
_STATES = ("effective", "canceled", "order_failed")
_TIFS = {"gtc": TimeInForce.GTC, "fok": TimeInForce.FOK, "ioc": TimeInForce.IOC}


class Algos:
    """What is under /api/v5/trade about algo orders."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def place(self, asked: Asked) -> Answer:
        """POST /trade/order-algo."""
        fields = asked.fields
        placement, kind = self._placement(asked.uid, fields)
        try:
            order = self._engine.place(asked.uid, placement)
        except RejectError as error:
            if error.reject is Reject.DUPLICATE_CLIENT_ID:
                raise NoError(ALGO_ID_TAKEN) from error
            if error.reject is Reject.WOULD_TRIGGER and placement.trigger is not None and kind in ("sl", "tp"):
                raise NoError(PASSED[kind, placement.trigger.rising]) from error
            raise
        return done(_ack(order) | {"tag": fields.text("tag")}, self._engine)

    def cancel(self, asked: Asked) -> Answer:
        """POST /trade/cancel-algos."""

        def cancel(fields: Fields) -> Row:
            order = self._meant(asked.uid, fields)
            if order.status in (Status.TRIGGERED, Status.REJECTED):
                raise NoError(TRIGGERED)
            self._engine.cancel(asked.uid, order.market, order_id=order.order_id)
            return _ack(order)

        return each_in_turn(asked, cancel, self._engine, algo=True)

    def amend(self, asked: Asked) -> Answer:
        """POST /trade/amend-algos."""
        fields = asked.fields
        order = self._meant(asked.uid, fields)
        kind = order.words.get(rows.ALGO, "")
        if kind == "move_order_stop":
            raise RejectError(Reject.NOT_AMENDABLE)
        if order.status is not Status.WAITING:
            raise RejectError(Reject.ORDER_ENDED)
        name = "new" if kind == "trigger" else f"new{kind.capitalize()}"
        price = fields.number(f"{name}OrdPx")
        try:
            self._engine.amend(
                asked.uid,
                order.market,
                order_id=order.order_id,
                price=None if price == _AT_MARKET else price,
                amount=wire_amount(fields, "newSz", order.market),
                trigger_price=fields.number(f"{name}TriggerPx"),
            )
        except RejectError as error:
            if error.reject is not Reject.UNCHANGED:
                raise
        row = {"algoId": order.order_id, "algoClOrdId": order.client_order_id, "reqId": fields.text("reqId")}
        return done(row | {"sCode": "0", "sMsg": ""}, self._engine)

    def detail(self, asked: Asked) -> Answer:
        """GET /trade/order-algo."""
        order = self._named(asked.uid, None, asked.fields)
        if order is None:
            raise NoError(ABSENT)
        return answered([rows.algo_row(order)])

    def pending(self, asked: Asked) -> Answer:
        """GET /trade/orders-algo-pending."""
        fields = asked.fields
        kinds = _listed(fields)
        found = [
            (int(order.order_id), row)
            for market in markets_of(self._engine, fields)
            for order in self._engine.open_orders(asked.uid, market.product, market, waiting=True)
            if (row := rows.algo_row(order))["ordType"] in kinds and fields.text("algoId") in ("", order.order_id)
        ]
        return answered(paged(found, fields))

    def history(self, asked: Asked) -> Answer:
        """GET /trade/orders-algo-history."""
        fields = asked.fields
        kinds, one = _listed(fields), fields.text("algoId")
        state = "" if one else fields.one_of("state", _STATES)
        found = [
            (int(order.order_id), row)
            for market in markets_of(self._engine, fields)
            for order in self._engine.orders(asked.uid, market.product, market, trigger=True)
            if order.status is not Status.WAITING
            and (row := rows.algo_row(order))["ordType"] in kinds
            and one in ("", order.order_id)
            and state in ("", row["state"])
        ]
        return answered(paged(found, fields))

    def _placement(self, uid: Uid, fields: Fields) -> tuple[Placement, str]:
        market, side, words = common(self._engine, uid, fields)
        ordered = fields.one_of("ordType", _KINDS)
        kind, price, trigger = ordered, None, None
        if ordered == "conditional":
            kind, price, trigger = self._conditional(market, side, fields)
        elif ordered == "trigger":
            price, trigger = self._trigger(market, fields)
        else:
            trigger = _trailing(side, fields)
        closes = fields.text("closeFraction") == "1"
        unit = self._unit(market, side, fields, at_market=price is None) if ordered == "conditional" else ""
        placement = Placement(
            market=market,
            side=side,
            type=OrderType.MARKET if price is None else OrderType.LIMIT,
            amount=None if closes else self._amount(fields, market),
            price=price,
            tif=_TIFS[fields.one_of("advanceOrdType", tuple(_TIFS), "gtc")],
            reduce_only=fields.flag("reduceOnly"),
            close_position=closes,
            client_order_id=client_id(fields, "algoClOrdId"),
            trigger=trigger,
            words=words | {rows.ALGO: kind, "ordType": ordered, "tgtCcy": unit},
        )
        return placement, kind

    @staticmethod
    def _amount(fields: Fields, market: Market) -> Decimal:
        amount = wire_amount(fields, "sz", market)
        if amount is None:
            raise RejectError(Reject.MISSING_PARAMETER, "sz")
        return amount

    @staticmethod
    def _unit(market: Market, side: Side, fields: Fields, *, at_market: bool) -> str:
        """Return in what it is counted. One in quote can't be kept here."""
        if market.product is not TradeType.SPOT or not at_market:
            return ""
        unit = fields.one_of("tgtCcy", ("base_ccy", "quote_ccy"), "quote_ccy" if side is Side.BUY else "base_ccy")
        if unit == "quote_ccy":
            raise RejectError(Reject.UNSUPPORTED, "tgtCcy")
        return unit

    def _conditional(self, market: Market, side: Side, fields: Fields) -> tuple[str, Decimal | None, Trigger]:
        # With both, only the stop-loss counts in net mode.
        kind = "sl" if fields.text("slTriggerPx") else "tp"
        at, to = fields.number(f"{kind}TriggerPx"), fields.number(f"{kind}OrdPx")
        if at is None or to is None:
            raise RejectError(Reject.MISSING_PARAMETER, f"{kind}TriggerPx" if at is None else f"{kind}OrdPx")
        by = self._by(market, fields, f"{kind}TriggerPxType")
        rising = (side is Side.BUY) == (kind == "sl")
        return kind, None if to == _AT_MARKET else to, Trigger(by=by, rising=rising, price=at)

    def _trigger(self, market: Market, fields: Fields) -> tuple[Decimal | None, Trigger]:
        at, to = fields.number("triggerPx"), fields.number("orderPx")
        if at is None or to is None:
            raise RejectError(Reject.MISSING_PARAMETER, "triggerPx" if at is None else "orderPx")
        by = self._by(market, fields, "triggerPxType")
        ticker = self._engine.ticker(market)
        now = ticker.mark if by is TriggerBy.MARK else ticker.last
        return None if to == _AT_MARKET else to, Trigger(by=by, rising=at > now, price=at)

    @staticmethod
    def _by(market: Market, fields: Fields, name: str) -> TriggerBy:
        by = _BY[fields.one_of(name, tuple(_BY), "last")]
        if market.product is TradeType.SPOT and by is not TriggerBy.LAST:
            raise NoError(SPOT_BY_LAST)
        return by

    def _meant(self, uid: Uid, fields: Fields) -> Order:
        market = market_named(self._engine, fields.need("instId"))
        order = self._named(uid, market, fields)
        if order is None:
            raise RejectError(Reject.ORDER_UNKNOWN)
        return order

    def _named(self, uid: Uid, market: Market | None, fields: Fields) -> Order | None:
        algo_id, own = fields.text("algoId"), fields.text("algoClOrdId")
        if not algo_id and not own:
            raise RejectError(Reject.MISSING_PARAMETER, "algoId")
        own = "" if algo_id else own
        return self._engine.find(uid, market, order_id=algo_id, client_order_id=own, trigger=True)


def _ack(order: Order) -> Row:
    return {
        "algoId": order.order_id,
        "algoClOrdId": order.client_order_id,
        "clOrdId": "",
        "sCode": "0",
        "sMsg": "",
        "tag": "",
    }


def _trailing(side: Side, fields: Fields) -> Trigger:
    rate, distance = fields.number("callbackRatio"), fields.number("callbackSpread")
    if (rate is None) == (distance is None):
        raise RejectError(Reject.BAD_PARAMETER, "callbackRatio")
    return Trigger(
        by=TriggerBy.LAST,
        rising=side is Side.BUY,
        price=None,
        trail_rate=rate,
        trail_distance=distance,
        activation=fields.number("activePx"),
    )


def _listed(fields: Fields) -> tuple[str, ...]:
    kinds = tuple(fields.need("ordType").split(","))
    if not set(kinds) <= set(_LISTED) or (len(kinds) > 1 and set(kinds) != {"conditional", "oco"}):
        raise RejectError(Reject.BAD_PARAMETER, "ordType")
    return kinds
