"""Money that moves: transfers between the wallets, withdrawals, deposits."""

from collections.abc import Mapping

from messages.units import plain
from ops.testbed.exchange.bybit.asked import Asked, Result
from ops.testbed.exchange.bybit.forms import Row
from ops.testbed.exchange.bybit.paging import page
from ops.testbed.exchange.money import Kind, Move, MoveState, Withdrawal
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import FUNDING, UNIFIED, ZERO, Wallet

_WALLETS: Mapping[str, Wallet] = {"FUND": FUNDING, "UNIFIED": UNIFIED}
_NAMES: Mapping[Wallet, str] = {wallet: name for name, wallet in _WALLETS.items()}
_WITHDRAWN: Mapping[MoveState, str] = {
    MoveState.PENDING: "SecurityCheck",
    MoveState.SENT: "Pending",
    MoveState.DONE: "success",
    MoveState.FAILED: "Fail",
    MoveState.CANCELLED: "CancelByUser",
}
_DEPOSITED: Mapping[MoveState, int] = {
    MoveState.PENDING: 1,
    MoveState.SENT: 2,
    MoveState.DONE: 3,
    MoveState.FAILED: 4,
    MoveState.CANCELLED: 4,
}
_MONTH_MS = 30 * 24 * 60 * 60 * 1000
_TRANSFERS, _RECORDS = (20, 50), (50, 50)
_ID_LENGTH = 32
_CHAINS: Mapping[str, str] = {"BTC": "BTC", "SOL": "SOL"}
"""Of coins that are not tokens of Ethereum or its own."""


def transfer(asked: Asked) -> Result:
    """POST /v5/asset/transfer/inter-transfer. A transferId is taken once."""
    transfer_id, coin = asked.needed("transferId"), asked.needed("coin")
    amount = asked.number("amount")
    source, target = _WALLETS.get(asked.needed("fromAccountType")), _WALLETS.get(asked.needed("toAccountType"))
    if not amount or source is None or target is None or source == target:
        raise RejectError(Reject.BAD_PARAMETER, "amount, fromAccountType or toAccountType")
    if any(move.client_id == transfer_id for move in asked.engine.moves(asked.uid, Kind.TRANSFER)):
        raise RejectError(Reject.DUPLICATE_CLIENT_ID, "transferId")
    asked.engine.transfer(asked.uid, coin, amount, source=source, target=target, client_id=transfer_id)
    return {"transferId": transfer_id, "status": "SUCCESS"}


def transfers(asked: Asked) -> Result:
    """GET /v5/asset/transfer/query-inter-transfer-list."""
    found = [
        move
        for move in _moves(asked, Kind.TRANSFER)
        if asked.text("transferId", move.client_id) == move.client_id and asked.text("status", "SUCCESS") == "SUCCESS"
    ]
    rows, cursor = page(asked, found, _place, default=_TRANSFERS[0], most=_TRANSFERS[1])
    return {
        "list": [
            {
                "transferId": move.client_id or move.move_id,
                "coin": move.asset,
                "amount": plain(move.amount),
                "fromAccountType": "" if move.source is None else _NAMES[move.source],
                "toAccountType": "" if move.target is None else _NAMES[move.target],
                "timestamp": str(move.created_ms),
                "status": "SUCCESS",
            }
            for move in rows
        ],
        "nextPageCursor": cursor,
    }


def coins(asked: Asked) -> Result:
    """GET /v5/asset/coin/query-info: every coin goes by one chain, and at no cost."""
    markets = asked.engine.markets.values()
    known = sorted({coin for market in markets for coin in (market.base, market.quote)})
    return {
        "rows": [
            {"name": coin, "coin": coin, "remainAmount": "1000000", "chains": [_chain(coin)]}
            for coin in known
            if asked.text("coin", coin) == coin
        ]
    }


def _chain(coin: str) -> Row:
    name = _CHAINS.get(coin, "ETH")
    return {
        "chain": name,
        "chainType": name,
        "confirmation": "6",
        "safeConfirmNumber": "12",
        "withdrawFee": "0",
        "withdrawPercentageFee": "0",
        "depositMin": "0",
        "withdrawMin": "0",
        "minAccuracy": "8",
        "chainDeposit": "1",
        "chainWithdraw": "1",
        "contractAddress": "",
    }


def withdraw(asked: Asked) -> Result:
    """POST /v5/asset/withdraw/create. The same requestId again is answered with the first one's id."""
    coin, chain, address = asked.needed("coin"), asked.needed("chain"), asked.needed("address")
    request_id = asked.text("requestId")
    amount = asked.number("amount")
    if not amount or (request_id and not (request_id.isalnum() and len(request_id) <= _ID_LENGTH)):
        raise RejectError(Reject.BAD_PARAMETER, "amount or requestId")
    earlier = next(
        (
            move
            for move in asked.engine.moves(asked.uid, Kind.WITHDRAWAL)
            if request_id and move.client_id == request_id
        ),
        None,
    )
    if earlier is not None:
        return {"id": earlier.move_id}
    wallet = UNIFIED if asked.text("accountType", "FUND") == "UTA" else FUNDING
    made = asked.engine.withdraw(
        asked.uid,
        Withdrawal(
            asset=coin,
            amount=amount,
            wallet=wallet,
            network=chain,
            address=address,
            tag=asked.text("tag"),
            client_id=request_id,
        ),
    )
    return {"id": made.move_id}


def withdrawals(asked: Asked) -> Result:
    """GET /v5/asset/withdraw/query-record."""
    found = [
        move
        for move in _moves(asked, Kind.WITHDRAWAL)
        if asked.text("withdrawID", move.move_id) == move.move_id and asked.text("txID", move.tx_id) == move.tx_id
    ]
    rows, cursor = page(asked, found, _place, default=_RECORDS[0], most=_RECORDS[1])
    return {"rows": [_withdrawal_row(move) for move in rows], "nextPageCursor": cursor}


def _withdrawal_row(move: Move) -> Row:
    return {
        "withdrawId": move.move_id,
        "txID": move.tx_id,
        "withdrawType": 0,
        "coin": move.asset,
        "chain": move.network,
        "amount": plain(move.amount),
        "withdrawFee": plain(move.fee),
        "status": _WITHDRAWN[move.state],
        "toAddress": move.address,
        "tag": move.tag,
        "createTime": str(move.created_ms),
        "updateTime": str(move.updated_ms),
    }


def deposits(asked: Asked) -> Result:
    """GET /v5/asset/deposit/query-record."""
    found = [
        move
        for move in _moves(asked, Kind.DEPOSIT)
        if asked.text("id", move.move_id) == move.move_id and asked.text("txID", move.tx_id) == move.tx_id
    ]
    rows, cursor = page(asked, found, _place, default=_RECORDS[0], most=_RECORDS[1])
    return {"rows": [_deposit_row(move) for move in rows], "nextPageCursor": cursor}


def _deposit_row(move: Move) -> Row:
    return {
        "id": move.move_id,
        "coin": move.asset,
        "chain": move.network,
        "amount": plain(move.amount),
        "txID": move.tx_id,
        "status": _DEPOSITED[move.state],
        "toAddress": move.address,
        "tag": move.tag,
        "depositFee": plain(move.fee) if move.fee != ZERO else "",
        "successAt": str(move.updated_ms),
        "confirmations": "",
        "txIndex": "",
        "blockHash": "",
        "batchReleaseLimit": "-1",
        "depositType": "0",
        "fromAddress": "",
    }


def _moves(asked: Asked, kind: Kind) -> list[Move]:
    """Return moves of a time, by default the last 30 days, and of a coin where one is named."""
    until = asked.integer("endTime") or asked.now_ms
    since = asked.integer("startTime") or until - _MONTH_MS
    if until - since > _MONTH_MS:
        raise RejectError(Reject.BAD_PARAMETER, "endTime")
    return [
        move
        for move in asked.engine.moves(asked.uid, kind)
        if since <= move.created_ms <= until and asked.text("coin", move.asset) == move.asset
    ]


def _place(move: Move) -> tuple[int, str]:
    return move.created_ms, move.move_id
