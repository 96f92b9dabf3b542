"""The wallet (/sapi): rights of the key, deposits, withdrawals, transfers between an account's wallets."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from ops.testbed.exchange.binance.calls import Call, Route, Routes, always, span_of
from ops.testbed.exchange.binance.spot import DAY_MS
from ops.testbed.exchange.binance.text import eight, plain_or_zero
from ops.testbed.exchange.contract import Op
from ops.testbed.exchange.money import Kind, Move, MoveState, Withdrawal
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.values import FUNDING, PERP_WALLET, SPOT_WALLET, Permission, Wallet

_WALLETS: Mapping[str, Wallet] = MappingProxyType({"MAIN": SPOT_WALLET, "UMFUTURE": PERP_WALLET, "FUNDING": FUNDING})
_LONGEST_MS = 90 * DAY_MS
_STATES = {MoveState.PENDING: 4, MoveState.SENT: 4, MoveState.DONE: 6, MoveState.FAILED: 5, MoveState.CANCELLED: 1}
"""Status of a withdrawal: 1 cancelled, 4 processing, 5 failure, 6 completed."""


class Network(msgspec.Struct, frozen=True):
    """Where a coin can go: `fee` is taken, `least` is the smallest amount. Figures of ccxt's recorded currencies."""

    fee: Decimal
    least: Decimal
    confirms: int


_NETWORKS: Mapping[str, Mapping[str, Network]] = MappingProxyType(
    {
        "USDT": {
            "ETH": Network(Decimal(4), Decimal(16), 6),
            "ARBITRUM": Network(Decimal("0.1"), Decimal(5), 120),
            "TRX": Network(Decimal(1), Decimal(10), 1),
        },
        "BTC": {"BTC": Network(Decimal("0.0001"), Decimal("0.00015"), 1)},
        "ETH": {"ETH": Network(Decimal("0.001"), Decimal("0.002"), 6)},  # unverified
    }
)


def api_restrictions(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/account/apiRestrictions."""
    held = frozenset[Permission]() if call.key is None else call.key.permissions
    return {
        "ipRestrict": True,
        "createTime": 1_700_000_000_000,
        "enableReading": Permission.READ in held,
        "enableWithdrawals": Permission.WITHDRAW in held,
        "enableInternalTransfer": Permission.TRANSFER in held,
        "enableMargin": False,
        "enableFutures": Permission.TRADE in held,
        "permitsUniversalTransfer": Permission.TRANSFER in held,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": Permission.TRADE in held,
        "enablePortfolioMarginTrading": False,
    }


def coins(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/config/getall."""
    held = call.engine.balances(call.uid, SPOT_WALLET)
    return [
        {
            "coin": coin,
            "depositAllEnable": True,
            "withdrawAllEnable": True,
            "name": coin,
            "free": eight(held[coin].free if coin in held else None),
            "locked": eight(held[coin].held if coin in held else None),
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [_network(coin, name, network) for name, network in networks.items()],
        }
        for coin, networks in _NETWORKS.items()
    ]


def margin_pairs(_call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/margin/allPairs and /sapi/v1/margin/isolated/allPairs: nothing is lent here."""
    return []


def _network(coin: str, name: str, network: Network) -> dict[str, Any]:
    return {
        "network": name,
        "coin": coin,
        "name": name,
        "isDefault": name == next(iter(_NETWORKS[coin])),
        "depositEnable": True,
        "withdrawEnable": True,
        "withdrawFee": plain_or_zero(network.fee),
        "withdrawMin": plain_or_zero(network.least),
        "withdrawMax": "9999999",
        "withdrawIntegerMultiple": "0.00000001",
        "minConfirm": network.confirms,
        "unLockConfirm": network.confirms,
        "addressRegex": "",
        "memoRegex": "",
        "estimatedArrivalTime": 1,
        "busy": False,
    }


def withdraw(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v1/capital/withdraw/apply: the fee is taken out of the amount; `withdrawOrderId` is only a label."""
    coin, amount = call.params.need("coin"), call.params.need_number("amount")
    address, name = call.params.need("address"), call.params.text("network")
    networks = _NETWORKS.get(coin)
    if networks is None:
        raise RejectError(Reject.ASSET_UNKNOWN, coin)
    network = networks.get(name or next(iter(networks)))
    if network is None:
        raise RejectError(Reject.NETWORK_UNKNOWN, name)
    if amount < network.least:
        raise RejectError(Reject.MOVE_TOO_SMALL, coin)
    move = call.engine.withdraw(
        call.uid,
        Withdrawal(
            asset=coin,
            amount=amount - network.fee,
            wallet=FUNDING if call.params.text("walletType") == "1" else SPOT_WALLET,
            network=name or next(iter(networks)),
            address=address,
            tag=call.params.text("addressTag"),
            client_id=call.params.text("withdrawOrderId"),
            fee=network.fee,
        ),
    )
    return {"id": move.move_id}


def _of(call: Call, kind: Kind) -> list[Move]:
    """Return the moves of a kind, coin and time, the latest first, from an offset on."""
    since, until = span_of(call, longest_ms=_LONGEST_MS)
    since = since or call.engine.now_ms() - _LONGEST_MS
    coin = call.params.text("coin")
    found = [
        move
        for move in call.engine.moves(call.uid, kind)
        if since <= move.created_ms and (until is None or move.created_ms <= until) and coin in {"", move.asset}
    ]
    first = call.params.whole("offset") or 0
    return found[::-1][first : first + call.params.limit(1_000, 1_000)]


def deposits(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/deposit/hisrec."""
    status = call.params.whole("status")
    return [_deposit(move) for move in _of(call, Kind.DEPOSIT) if status in {None, 1}]


def _deposit(move: Move) -> dict[str, Any]:
    return {
        "id": move.move_id,
        "amount": plain_or_zero(move.amount),
        "coin": move.asset,
        "network": move.network,
        "status": 1,
        "address": move.address or "local",
        "addressTag": move.tag,
        "txId": move.tx_id,
        "insertTime": move.created_ms,
        "completeTime": move.updated_ms,
        "transferType": 0,
        "confirmTimes": "1/1",
        "unlockConfirm": 1,
        "walletType": 1 if move.target == FUNDING else 0,
    }


def withdrawals(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/withdraw/history: `withdrawOrderId` finds what was labelled so."""
    label, status = call.params.text("withdrawOrderId"), call.params.whole("status")
    return [
        _withdrawal(move)
        for move in _of(call, Kind.WITHDRAWAL)
        if label in {"", move.client_id} and status in {None, _STATES[move.state]}
    ]


def _withdrawal(move: Move) -> dict[str, Any]:
    return {
        "id": move.move_id,
        "amount": plain_or_zero(move.amount),
        "transactionFee": plain_or_zero(move.fee),
        "coin": move.asset,
        "status": _STATES[move.state],
        "address": move.address,
        "addressTag": move.tag,
        "txId": move.tx_id,
        "applyTime": _utc(move.created_ms),
        "completeTime": _utc(move.updated_ms) if move.state is MoveState.DONE else "",
        "network": move.network,
        "transferType": 0,
        "withdrawOrderId": move.client_id,
        "info": "",
        "confirmNo": 1,
        "walletType": 1 if move.source == FUNDING else 0,
        "txKey": "",
    }


def _utc(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms // 1_000, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _ends(word: str) -> tuple[Wallet, Wallet]:
    """Return source and target of a type of transfer."""
    source, _, target = word.partition("_")
    if source not in _WALLETS or target not in _WALLETS or source == target:
        raise RejectError(Reject.BAD_PARAMETER, "type")
    return _WALLETS[source], _WALLETS[target]


def transfer(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v1/asset/transfer."""
    source, target = _ends(call.params.need("type"))
    asset, amount = call.params.need("asset"), call.params.need_number("amount")
    return {"tranId": int(call.engine.transfer(call.uid, asset, amount, source=source, target=target).move_id)}


def transfers(call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/asset/transfer: of one type, the latest first, by pages."""
    word = call.params.need("type")
    source, target = _ends(word)
    since, until = span_of(call, longest_ms=_LONGEST_MS)
    since = since or call.engine.now_ms() - 7 * DAY_MS
    found = [
        move
        for move in call.engine.moves(call.uid, Kind.TRANSFER)
        if (move.source, move.target) == (source, target)
        and since <= move.created_ms
        and (until is None or move.created_ms <= until)
    ]
    size, page = min(100, call.params.whole("size") or 10), max(1, call.params.whole("current") or 1)
    rows = [
        {
            "asset": move.asset,
            "amount": plain_or_zero(move.amount),
            "type": word,
            "status": "CONFIRMED",
            "tranId": int(move.move_id),
            "timestamp": move.created_ms,
        }
        for move in found[::-1][(page - 1) * size : page * size]
    ]
    return {"total": len(found), "rows": rows} if found else {"total": 0}


def funding_assets(call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /sapi/v1/asset/get-funding-asset."""
    wanted = call.params.text("asset")
    return [
        {"asset": asset, "free": eight(held.free), "locked": eight(held.held), "freeze": "0", "withdrawing": "0"}
        for asset, held in sorted(call.engine.balances(call.uid, FUNDING).items())
        if held.total and wanted in {"", asset}
    ]


def system_status(_call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/system/status."""
    return {"status": 0, "msg": "normal"}


ROUTES: Routes = {
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(Op.ACCOUNT, "wallet", api_restrictions, always(1)),
    ("GET", "/sapi/v1/capital/config/getall"): Route(Op.ACCOUNT, "wallet", coins, always(10)),
    ("GET", "/sapi/v1/margin/allPairs"): Route(Op.MARKETS, "wallet", margin_pairs, always(1)),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(Op.MARKETS, "wallet", margin_pairs, always(10)),
    ("POST", "/sapi/v1/capital/withdraw/apply"): Route(
        Op.WITHDRAW, "wallet", withdraw, always(1), permission=Permission.WITHDRAW, client_id="withdrawOrderId"
    ),
    ("GET", "/sapi/v1/capital/withdraw/history"): Route(Op.MOVES, "wallet", withdrawals, always(1)),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): Route(Op.MOVES, "wallet", deposits, always(1)),
    ("POST", "/sapi/v1/asset/transfer"): Route(
        Op.TRANSFER, "wallet", transfer, always(1), permission=Permission.TRANSFER
    ),
    ("GET", "/sapi/v1/asset/transfer"): Route(Op.MOVES, "wallet", transfers, always(1)),
    ("POST", "/sapi/v1/asset/get-funding-asset"): Route(Op.BALANCES, "wallet", funding_assets, always(1)),
    ("GET", "/sapi/v1/system/status"): Route(Op.OTHER, "wallet", system_status, always(1), open=True),
}
