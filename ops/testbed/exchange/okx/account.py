"""The trading account: balances, positions, settings, leverage, bills."""

from decimal import Decimal

from messages.units import TradeType, plain
from ops.testbed.exchange.contract import Answer, Engine
from ops.testbed.exchange.money import Bill, Kind
from ops.testbed.exchange.okx.asked import Asked, market_named, markets_of
from ops.testbed.exchange.okx.rows import position_row
from ops.testbed.exchange.okx.wording import INST_TYPES, Row, answered, paged, size
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import UNIFIED, ZERO, Balance, Market, Permission, Position, Uid

MODES = ("net_mode", "long_short_mode")
_PERMISSIONS = ((Permission.READ, "read_only"), (Permission.TRADE, "trade"), (Permission.WITHDRAW, "withdraw"))
_TYPES = {
    Kind.TRADE: "2",
    Kind.FEE: "2",
    Kind.REALISED: "2",
    Kind.FUNDING: "8",
    Kind.TRANSFER: "1",
    Kind.DEPOSIT: "1",
    Kind.WITHDRAWAL: "1",
    Kind.WITHDRAWAL_FEE: "1",
    Kind.OPENING: "1",
    Kind.LIQUIDATION: "5",
}
_DAY_MS = 86_400_000
_STABLE = "USDT"
_STEP = Decimal("1e-12")


class Account:
    """What is under /api/v5/account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def balance(self, asked: Asked) -> Answer:
        """GET /account/balance."""
        wanted = {each for each in asked.fields.text("ccy").split(",") if each}
        return answered([self.balance_row(asked.uid, wanted)])

    def balance_row(self, uid: Uid, wanted: set[str]) -> Row:
        """Return the account, with the details of some assets or of all that are not zero."""
        margin = self._engine.margin(uid, UNIFIED)
        details: list[Row] = []
        total = ZERO
        for asset, balance in self._engine.balances(uid, UNIFIED).items():
            price = self._price(asset)
            upl = margin.unrealised if asset == _STABLE else ZERO
            total += (balance.total + upl) * price
            if asset in wanted if wanted else balance.total or balance.held:
                details.append(self._detail(uid, asset, balance, upl, price))
        return {
            "adjEq": "",
            "availEq": "",
            "borrowFroz": "",
            "details": details,
            "imr": "",
            "isoEq": "0",
            "mgnRatio": "",
            "mmr": "",
            "notionalUsd": "",
            "ordFroz": "",
            "totalEq": _money(total),
            "uTime": str(self._engine.now_ms()),
            "upl": "",
        }

    def _detail(self, uid: Uid, asset: str, balance: Balance, upl: Decimal, price: Decimal) -> Row:
        equity = balance.total + upl
        available = max(ZERO, self._engine.spendable(uid, UNIFIED, asset))
        return {
            "accAvgPx": "",
            "availBal": plain(available),
            "availEq": plain(available),
            "borrowFroz": "",
            "cashBal": plain(balance.total),
            "ccy": asset,
            "crossLiab": "",
            "disEq": _money(equity * price),
            "eq": _money(equity),
            "eqUsd": _money(equity * price),
            "fixedBal": "0",
            "frozenBal": _money(equity - available),
            "imr": "0",
            "interest": "",
            "isoEq": "0",
            "isoLiab": "",
            "isoUpl": "0",
            "liab": "",
            "maxLoan": "",
            "mgnRatio": "",
            "mmr": "0",
            "notionalLever": "0",
            "ordFrozen": plain(balance.held),
            "rewardBal": "0",
            "spotBal": "",
            "spotInUseAmt": "",
            "spotIsoBal": "0",
            "stgyEq": "0",
            "twap": "0",
            "uTime": str(self._engine.now_ms()),
            "upl": _money(upl),
            "uplLiab": "",
        }

    def _price(self, asset: str) -> Decimal:
        market = next(
            (each for each in self._engine.markets.values() if each.product is TradeType.SPOT and each.base == asset),
            None,
        )
        return Decimal(1) if market is None else self._engine.ticker(market).last

    def positions(self, asked: Asked) -> Answer:
        """GET /account/positions."""
        wanted = {market.key for market in markets_of(self._engine, asked.fields)}
        held = [position for position in self._engine.positions(asked.uid) if position.market.key in wanted]
        return answered([self.position(position) for position in held])

    def position(self, position: Position) -> Row:
        """Return the row of a position, at the prices of now."""
        ticker = self._engine.ticker(position.market)
        return position_row(position, mark=ticker.mark, last=ticker.last, at_ms=self._engine.now_ms())

    def config(self, asked: Asked) -> Answer:
        """GET /account/config."""
        uid = asked.uid
        return answered(
            [
                {
                    "acctLv": "2",
                    "acctStpMode": "cancel_maker",
                    "autoLoan": False,
                    "ctIsoMode": "automatic",
                    "enableSpotBorrow": False,
                    "feeType": "0",
                    "greeksType": "PA",
                    "ip": "",
                    "kycLv": "3",
                    "label": "local exchange",
                    "level": "Lv1",
                    "levelTmp": "",
                    "liquidationGear": "-1",
                    "mainUid": uid,
                    "mgnIsoMode": "automatic",
                    "opAuth": "0",
                    "perm": ",".join(word for permission, word in _PERMISSIONS if asked.may(permission)),
                    "posMode": self._engine.setting(uid, "posMode") or "net_mode",
                    "roleType": "0",
                    "settleCcy": "USDT",
                    "settleCcyList": ["USDT"],
                    "spotBorrowAutoRepay": False,
                    "spotOffsetType": "",
                    "spotRoleType": "0",
                    "spotTraderInsts": [],
                    "stgyType": "0",
                    "traderInsts": [],
                    "type": "0",
                    "uid": uid,
                }
            ]
        )

    def set_mode(self, asked: Asked) -> Answer:
        """POST /account/set-position-mode."""
        uid, mode = asked.uid, asked.fields.one_of("posMode", MODES)
        if mode != (self._engine.setting(uid, "posMode") or "net_mode"):
            if self._engine.positions(uid) or self._engine.open_orders(uid, TradeType.PERP):
                raise RejectError(Reject.POSITION_OPEN)
            self._engine.set_setting(uid, "posMode", mode)
        return answered([{"posMode": mode}])

    def leverage(self, asked: Asked) -> Answer:
        """GET /account/leverage-info."""
        fields = asked.fields
        mode = fields.one_of("mgnMode", ("cross", "isolated"))
        markets = [market_named(self._engine, symbol) for symbol in fields.need("instId").split(",")]
        return answered([self._leverage(asked.uid, market, mode) for market in markets])

    def set_leverage(self, asked: Asked) -> Answer:
        """POST /account/set-leverage."""
        fields = asked.fields
        mode = fields.one_of("mgnMode", ("cross", "isolated"))
        market = self._perp(fields.need("instId"))
        lever = fields.number("lever")
        if lever is None:
            raise RejectError(Reject.MISSING_PARAMETER, "lever")
        if mode != "cross":
            raise RejectError(Reject.UNSUPPORTED, "mgnMode")
        try:
            self._engine.set_leverage(asked.uid, market, lever)
        except RejectError as error:
            if error.reject is not Reject.UNCHANGED:
                raise
        return answered([self._leverage(asked.uid, market, mode)])

    def _perp(self, symbol: str) -> Market:
        market = market_named(self._engine, symbol)
        if market.product is not TradeType.PERP:
            raise RejectError(Reject.UNSUPPORTED, symbol)
        return market

    def _leverage(self, uid: Uid, market: Market, mode: str) -> Row:
        lever = self._engine.position(uid, market).leverage if market.product is TradeType.PERP else Decimal(1)
        return {"instId": market.symbol, "lever": plain(lever), "mgnMode": mode, "posSide": "net", "ccy": ""}

    def fees(self, asked: Asked) -> Answer:
        """GET /account/trade-fee."""
        fields = asked.fields
        kind = fields.one_of("instType", ("SPOT", "SWAP"))
        market = next(each for each in self._engine.markets.values() if INST_TYPES[each.product] == kind)
        maker, taker = self._engine.commission(asked.uid, market)
        own = {"maker": plain(-maker), "taker": plain(-taker)}
        usd = {"makerU": own["maker"], "takerU": own["taker"]} if kind == "SWAP" else {"makerU": "", "takerU": ""}
        return answered([{"instType": kind, "level": "Lv1", "ts": str(self._engine.now_ms()), **own, **usd}])

    def bills(self, asked: Asked, *, days: int) -> Answer:
        """GET /account/bills and bills-archive."""
        fields = asked.fields
        begin = max(fields.whole("begin") or 0, self._engine.now_ms() - days * _DAY_MS)
        found = [
            (bill.bill_id, row)
            for bill in self._engine.bills(asked.uid, wallet=UNIFIED, since_ms=begin, until_ms=fields.whole("end"))
            if all(
                fields.text(name) in ("", row[name])
                for row in (_bill(bill),)
                for name in ("type", "subType", "instType", "instId", "ccy", "mgnMode")
            )
            for row in (_bill(bill),)
        ]
        return answered(paged(found, fields))


def _bill(bill: Bill) -> Row:
    market = bill.market
    out = bill.amount < 0
    subs = {Kind.FUNDING: ("173", "174"), Kind.TRANSFER: ("12", "11")}
    sub = subs.get(bill.kind, ("2", "1"))
    is_transfer = _TYPES[bill.kind] == "1"
    pnl = bill.amount if bill.kind in (Kind.FUNDING, Kind.REALISED) else ZERO
    quantity = abs(bill.quantity) if bill.quantity is not None else abs(bill.amount)
    counted = market is not None and bill.quantity is not None
    return {
        "bal": plain(bill.balance),
        "balChg": plain(bill.amount),
        "billId": str(bill.bill_id),
        "ccy": bill.asset,
        "clOrdId": "",
        "execType": "",
        "fee": plain(bill.amount) if bill.kind is Kind.FEE else "0",
        "fillTime": "",
        "from": ("18" if out else "6") if is_transfer else "",
        "instId": market.symbol if market else "",
        "instType": INST_TYPES[market.product] if market else "",
        "interest": "0",
        "mgnMode": "" if market is None else ("cross" if market.product is TradeType.PERP else "cash"),
        "notes": "",
        "ordId": bill.order_id,
        "pnl": plain(pnl),
        "posBal": "0",
        "posBalChg": "0",
        "px": "" if bill.mark is None else plain(bill.mark),
        "subType": sub[0] if out else sub[1],
        "sz": size(quantity, market) if counted and market else plain(quantity),
        "tag": "",
        "to": ("6" if out else "18") if is_transfer else "",
        "tradeId": bill.ref if bill.order_id else "",
        "ts": str(bill.at_ms),
        "type": _TYPES[bill.kind],
    }


def _money(value: Decimal) -> str:
    return plain(value.quantize(_STEP))
