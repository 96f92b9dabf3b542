"""Money that moves: deposits, withdrawals with their states, transfers between wallets, funding."""

import hashlib
from decimal import Decimal

import msgspec

from ops.testbed.exchange.events import FundingPaid, Moved
from ops.testbed.exchange.floor import Floor
from ops.testbed.exchange.funds import spendable
from ops.testbed.exchange.money import Kind, Move, MoveState, Withdrawal
from ops.testbed.exchange.quotes import PaidFunding
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.sink import Kept, Sink
from ops.testbed.exchange.values import Market, Uid, Wallet

SENT_AFTER_MS = 3_000
DONE_AFTER_MS = 10_000
"""From asking for a withdrawal to its transaction, and to its end: short, so that rehearsals don't wait."""


class Vault:
    """A venue's money that comes, goes and changes places."""

    def __init__(self, floor: Floor, sink: Sink, kept: Kept) -> None:
        self._floor = floor
        self._sink = sink
        self._moves: dict[tuple[Uid, Kind], list[Move]] = {}
        for move in kept.moves:
            self._moves.setdefault((move.uid, move.kind), []).append(move)

    def moves(self, uid: Uid, kind: Kind) -> list[Move]:
        """Return deposits, withdrawals or transfers, oldest first."""
        return list(self._moves.get((uid, kind), ()))

    def deposit(self, uid: Uid, asset: str, amount: Decimal, *, network: str, wallet: Wallet) -> Move:
        """Let money come from outside."""
        if amount <= 0:
            raise RejectError(Reject.MOVE_TOO_SMALL, asset)
        move = self._move(Kind.DEPOSIT, uid, asset, amount, MoveState.DONE, network=network, target=wallet)
        self._floor.purses.add(uid, wallet, asset, amount, Kind.DEPOSIT, ref=move.move_id)
        return self._take(move)

    def withdraw(self, uid: Uid, withdrawal: Withdrawal) -> Move:
        """Let money go out."""
        asset, wallet = withdrawal.asset, withdrawal.wallet
        if withdrawal.amount <= 0:
            raise RejectError(Reject.MOVE_TOO_SMALL, asset)
        if withdrawal.amount + withdrawal.fee > spendable(self._floor, uid, wallet, asset):
            raise RejectError(Reject.NO_BALANCE, asset)
        move = self._move(
            Kind.WITHDRAWAL, uid, asset, withdrawal.amount, MoveState.PENDING, network=withdrawal.network, source=wallet
        )
        move = msgspec.structs.replace(
            move, fee=withdrawal.fee, client_id=withdrawal.client_id, address=withdrawal.address, tag=withdrawal.tag
        )
        self._floor.purses.add(uid, wallet, asset, -withdrawal.amount, Kind.WITHDRAWAL, ref=move.move_id)
        if withdrawal.fee:
            self._floor.purses.add(uid, wallet, asset, -withdrawal.fee, Kind.WITHDRAWAL_FEE, ref=move.move_id)
        return self._take(move)

    def transfer(
        self, uid: Uid, asset: str, amount: Decimal, *, source: Wallet, target: Wallet, client_id: str
    ) -> Move:
        """Move money between two wallets of an account."""
        wallets = self._floor.rules.wallets
        if source not in wallets or target not in wallets or source == target:
            raise RejectError(Reject.BAD_PARAMETER, "wallet")
        if amount <= 0:
            raise RejectError(Reject.MOVE_TOO_SMALL, asset)
        if amount > spendable(self._floor, uid, source, asset):
            raise RejectError(Reject.NO_BALANCE, asset)
        move = self._move(Kind.TRANSFER, uid, asset, amount, MoveState.DONE, source=source, target=target)
        move = msgspec.structs.replace(move, client_id=client_id)
        self._floor.purses.add(uid, source, asset, -amount, Kind.TRANSFER, ref=move.move_id)
        self._floor.purses.add(uid, target, asset, amount, Kind.TRANSFER, ref=move.move_id)
        return self._take(move)

    def tick(self) -> None:
        """Let withdrawals get further."""
        now = self._floor.now_ms()
        for moves in self._moves.values():
            for index, move in enumerate(moves):
                if move.kind is Kind.WITHDRAWAL:
                    after = _further(move, now)
                    if after is not move:
                        moves[index] = after
                        self._tell(after)

    def pay_funding(self, market: Market, rate: Decimal) -> PaidFunding:
        """Settle funding for every position: the long side pays the short where the rate is positive."""
        floor = self._floor
        mark = floor.pit(market).mark
        paid = PaidFunding(market=market, rate=rate, mark=mark, at_ms=floor.now_ms())
        floor.pit(market).tape.funding.append(paid)
        self._sink.funding(paid)
        for position in floor.positions.holders(market):
            amount = -position.quantity * mark * rate
            bill = floor.purses.add_funding(
                position.uid, amount, market=market, rate=rate, mark=mark, quantity=position.quantity
            )
            after = floor.positions.realise(position.uid, market, amount, Kind.FUNDING)
            floor.bus.add(
                FundingPaid(
                    serial=floor.bus.serial(), at_ms=floor.now_ms(), uid=position.uid, bill=bill, position=after
                )
            )
        return paid

    def _move(
        self,
        kind: Kind,
        uid: Uid,
        asset: str,
        amount: Decimal,
        state: MoveState,
        *,
        network: str = "",
        source: Wallet | None = None,
        target: Wallet | None = None,
    ) -> Move:
        now = self._floor.now_ms()
        number = self._floor.ids.next("move")
        is_outside = kind is Kind.DEPOSIT
        return Move(
            kind=kind,
            move_id=str(10_000_000 + number),
            uid=uid,
            asset=asset,
            amount=amount,
            state=state,
            network=network,
            tx_id=_tx_id(number) if is_outside else "",
            source=source,
            target=target,
            created_ms=now,
            updated_ms=now,
        )

    def _take(self, move: Move) -> Move:
        self._moves.setdefault((move.uid, move.kind), []).append(move)
        self._tell(move)
        return move

    def _tell(self, move: Move) -> None:
        floor = self._floor
        self._sink.move(move)
        floor.bus.add(Moved(serial=floor.bus.serial(), at_ms=floor.now_ms(), uid=move.uid, move=move))


def _further(move: Move, now_ms: int) -> Move:
    age = now_ms - move.created_ms
    if move.state is MoveState.PENDING and age >= SENT_AFTER_MS:
        return msgspec.structs.replace(move, state=MoveState.SENT, tx_id=_tx_id(int(move.move_id)), updated_ms=now_ms)
    if move.state is MoveState.SENT and age >= DONE_AFTER_MS:
        return msgspec.structs.replace(move, state=MoveState.DONE, updated_ms=now_ms)
    return move


def _tx_id(number: int) -> str:
    return "0x" + hashlib.sha256(f"tx:{number}".encode()).hexdigest()
