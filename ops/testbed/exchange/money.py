"""Money that moves: the ledger, deposits, withdrawals, transfers between wallets."""

from decimal import Decimal

import msgspec

from messages.units import Word
from ops.testbed.exchange.values import ZERO, Market, Uid, Wallet


class Kind(Word):
    """What a line of the ledger is about."""

    TRADE = "TRADE"
    FEE = "FEE"
    REALISED = "REALISED"
    FUNDING = "FUNDING"
    TRANSFER = "TRANSFER"
    DEPOSIT = "DEPOSIT"
    WITHDRAWAL = "WITHDRAWAL"
    WITHDRAWAL_FEE = "WITHDRAWAL_FEE"
    OPENING = "OPENING"
    LIQUIDATION = "LIQUIDATION"


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger: a balance changed by `amount` (signed) to `balance`.

    Attributes:
        bill_id: Rises; unique within the venue.
        ref: Trade id, transfer id and the like; of funding empty.
        rate, mark, quantity: Of funding alone: the rate, the mark price, and the position it was for.
    """

    bill_id: int
    uid: Uid
    wallet: Wallet
    asset: str
    kind: Kind
    amount: Decimal
    balance: Decimal
    market: Market | None = None
    ref: str = ""
    order_id: str = ""
    rate: Decimal | None = None
    mark: Decimal | None = None
    quantity: Decimal | None = None
    at_ms: int


class MoveState(Word):
    """How far money is that moves in or out."""

    PENDING = "PENDING"
    SENT = "SENT"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit, a withdrawal or a transfer between wallets.

    Attributes:
        kind: DEPOSIT, WITHDRAWAL or TRANSFER.
        client_id: What whoever asked called it: withdrawOrderId, requestId, transferId, clientId.
        amount: What arrives; `fee` comes on top of it.
        source, target: Wallets; of a deposit only the target, of a withdrawal only the source.
    """

    kind: Kind
    move_id: str
    uid: Uid
    asset: str
    amount: Decimal
    state: MoveState
    fee: Decimal = ZERO
    client_id: str = ""
    network: str = ""
    address: str = ""
    tag: str = ""
    tx_id: str = ""
    source: Wallet | None = None
    target: Wallet | None = None
    created_ms: int
    updated_ms: int


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """Money that is to go out of a wallet: `amount` arrives, `fee` is taken on top of it."""

    asset: str
    amount: Decimal
    wallet: Wallet
    network: str
    address: str
    tag: str = ""
    client_id: str = ""
    fee: Decimal = ZERO
