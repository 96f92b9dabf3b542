"""The funding account: balances, transfers to and from the trading account, deposits, withdrawals."""

from collections.abc import Sequence
from decimal import Decimal

from messages.units import plain
from ops.testbed.exchange.contract import Answer, Engine
from ops.testbed.exchange.money import Kind, Move, MoveState, Withdrawal
from ops.testbed.exchange.okx.asked import Asked
from ops.testbed.exchange.okx.trading import client_id
from ops.testbed.exchange.okx.wording import Fields, Row, answered, paged
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import FUNDING, UNIFIED, ZERO, Wallet

WALLETS = {"6": FUNDING, "18": UNIFIED}
_NUMBERS = {wallet: number for number, wallet in WALLETS.items()}
_WITHDRAWN = {
    MoveState.PENDING: "0",
    MoveState.SENT: "1",
    MoveState.DONE: "2",
    MoveState.FAILED: "-1",
    MoveState.CANCELLED: "-2",
}
_DEPOSITED = {MoveState.DONE: "2"}
_ON_CHAIN = "4"
_CHAINS = ("USDT-ERC20", "USDT-Arbitrum One", "USDT-TRC20", "ETH-ERC20", "BTC-Bitcoin")


class FundingAccount:
    """What is under /api/v5/asset."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def balances(self, asked: Asked) -> Answer:
        """GET /asset/balances."""
        wanted = {each for each in asked.fields.text("ccy").split(",") if each}
        found = [
            {
                "ccy": asset,
                "bal": plain(balance.total),
                "availBal": plain(balance.free),
                "frozenBal": plain(balance.held),
            }
            for asset, balance in self._engine.balances(asked.uid, FUNDING).items()
            if not wanted or asset in wanted
        ]
        return answered(found)

    def currencies(self, asked: Asked) -> Answer:  # noqa: ARG002 - the same for all
        """GET /asset/currencies."""
        return answered([_currency(chain) for chain in _CHAINS])

    def transfer(self, asked: Asked) -> Answer:
        """POST /asset/transfer."""
        fields = asked.fields
        if fields.text("type") not in ("", "0"):
            raise RejectError(Reject.UNSUPPORTED, "type")
        source, target = self._wallet(fields, "from"), self._wallet(fields, "to")
        if source == target:
            raise RejectError(Reject.BAD_PARAMETER, "to")
        move = self._engine.transfer(
            asked.uid,
            fields.need("ccy"),
            _amount(fields),
            source=source,
            target=target,
            client_id=client_id(fields, "clientId"),
        )
        return answered([_transfer(move)])

    def transfer_state(self, asked: Asked) -> Answer:
        """GET /asset/transfer-state."""
        fields = asked.fields
        wanted, own = fields.text("transId"), fields.text("clientId")
        for move in reversed(self._engine.moves(asked.uid, Kind.TRANSFER)):
            if (wanted and move.move_id == wanted) or (not wanted and own and move.client_id == own):
                return answered([_transfer(move) | {"state": "success", "type": "0"}])
        raise RejectError(Reject.MOVE_UNKNOWN, "transId")

    def deposits(self, asked: Asked) -> Answer:
        """GET /asset/deposit-history."""
        return self._history(asked, Kind.DEPOSIT)

    def withdrawals(self, asked: Asked) -> Answer:
        """GET /asset/withdrawal-history."""
        return self._history(asked, Kind.WITHDRAWAL)

    def withdraw(self, asked: Asked) -> Answer:
        """POST /asset/withdrawal."""
        fields = asked.fields
        if fields.one_of("dest", ("3", _ON_CHAIN)) != _ON_CHAIN:
            raise RejectError(Reject.UNSUPPORTED, "dest")
        asset, chain = fields.need("ccy"), fields.need("chain")
        move = self._engine.withdraw(
            asked.uid,
            Withdrawal(
                asset=asset,
                amount=_amount(fields),
                wallet=FUNDING,
                network=chain,
                address=fields.need("toAddr"),
                client_id=client_id(fields, "clientId"),
                fee=fields.number("fee") or ZERO,
            ),
        )
        row = {"wdId": move.move_id, "ccy": asset, "amt": plain(move.amount), "clientId": move.client_id}
        return answered([row | {"chain": chain}])

    def _history(self, asked: Asked, kind: Kind) -> Answer:
        fields = asked.fields
        moves: Sequence[Move] = self._engine.moves(asked.uid, kind)
        found = [
            (move.created_ms, row)
            for move in moves
            for row in (_deposit(move) if kind is Kind.DEPOSIT else _withdrawal(move),)
            if all(
                fields.text(name) in ("", str(row.get(name, "")))
                for name in ("ccy", "state", "txId", "wdId", "depId", "clientId")
            )
        ]
        return answered(paged(found, fields))

    @staticmethod
    def _wallet(fields: Fields, name: str) -> Wallet:
        return WALLETS[fields.one_of(name, tuple(WALLETS))]


def _amount(fields: Fields) -> Decimal:
    amount = fields.number("amt")
    if amount is None:
        raise RejectError(Reject.MISSING_PARAMETER, "amt")
    if amount <= 0:
        raise RejectError(Reject.BAD_PARAMETER, "amt")
    return amount


def _transfer(move: Move) -> Row:
    return {
        "transId": move.move_id,
        "ccy": move.asset,
        "clientId": move.client_id,
        "amt": plain(move.amount),
        "from": _NUMBERS.get(move.source or FUNDING, ""),
        "to": _NUMBERS.get(move.target or UNIFIED, ""),
        "subAcct": "",
        "instId": "",
        "toInstId": "",
    }


def _deposit(move: Move) -> Row:
    return {
        "ccy": move.asset,
        "chain": move.network,
        "amt": plain(move.amount),
        "from": "",
        "areaCodeFrom": "",
        "to": move.address,
        "txId": move.tx_id,
        "ts": str(move.created_ms),
        "state": _DEPOSITED.get(move.state, "0"),
        "depId": move.move_id,
        "fromWdId": "",
        "actualDepBlkConfirm": "",
    }


def _withdrawal(move: Move) -> Row:
    return {
        "ccy": move.asset,
        "chain": move.network,
        "nonTradableAsset": False,
        "amt": plain(move.amount),
        "ts": str(move.created_ms),
        "from": "",
        "areaCodeFrom": "",
        "to": move.address,
        "areaCodeTo": "",
        "tag": move.tag,
        "pmtId": "",
        "memo": "",
        "addrEx": "",
        "txId": move.tx_id,
        "fee": plain(move.fee),
        "feeCcy": move.asset,
        "state": _WITHDRAWN[move.state],
        "clientId": move.client_id,
        "wdId": move.move_id,
        "note": "",
    }


def _currency(chain: str) -> Row:
    asset = chain.partition("-")[0]
    return {
        "ccy": asset,
        "name": asset,
        "chain": chain,
        "canDep": True,
        "canWd": True,
        "canInternal": True,
        "mainNet": True,
        "needTag": False,
        "minDep": "0.00000001",
        "minWd": "0.00000001",
        "maxWd": "1000000000",
        "fee": "0",
        "minFee": "0",
        "maxFee": "0",
        "wdTickSz": "8",
        "minDepArrivalConfirm": "1",
        "minWdUnlockConfirm": "2",
    }
