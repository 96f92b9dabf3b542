"""Where the engine of a venue writes down what happens, so that it can be read afterwards and gone on with."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from ops.testbed.exchange.money import Bill, Move
from ops.testbed.exchange.quotes import PaidFunding
from ops.testbed.exchange.values import Balance, Order, Position, Trade, Uid, Wallet


class Sink(Protocol):
    """Takes what is new and what changed. Never refuses."""

    def order(self, order: Order) -> None:
        """Write down an order as it is now."""

    def trade(self, trade: Trade) -> None:
        """Write down an account's side of a trade."""

    def balance(self, uid: Uid, wallet: Wallet, asset: str, balance: Balance) -> None:
        """Write down a balance as it is now."""

    def position(self, position: Position) -> None:
        """Write down a position as it is now."""

    def bill(self, bill: Bill) -> None:
        """Write down a line of the ledger."""

    def move(self, move: Move) -> None:
        """Write down a deposit, withdrawal or transfer as it is now."""

    def funding(self, paid: PaidFunding) -> None:
        """Write down a funding settlement."""

    def setting(self, uid: Uid, name: str, value: str) -> None:
        """Write down a setting of an account."""

    def counter(self, name: str, value: int) -> None:
        """Write down how far a counter is."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier run of the same venue left."""

    orders: Sequence[Order] = ()
    trades: Sequence[Trade] = ()
    balances: Mapping[tuple[Uid, Wallet, str], Balance] = {}
    positions: Sequence[Position] = ()
    bills: Sequence[Bill] = ()
    moves: Sequence[Move] = ()
    funding: Sequence[PaidFunding] = ()
    settings: Mapping[tuple[Uid, str], str] = {}
    counters: Mapping[str, int] = {}


class NoSink:
    """Writes nothing down."""

    def order(self, order: Order) -> None:
        """Pass it over."""

    def trade(self, trade: Trade) -> None:
        """Pass it over."""

    def balance(self, uid: Uid, wallet: Wallet, asset: str, balance: Balance) -> None:
        """Pass it over."""

    def position(self, position: Position) -> None:
        """Pass it over."""

    def bill(self, bill: Bill) -> None:
        """Pass it over."""

    def move(self, move: Move) -> None:
        """Pass it over."""

    def funding(self, paid: PaidFunding) -> None:
        """Pass it over."""

    def setting(self, uid: Uid, name: str, value: str) -> None:
        """Pass it over."""

    def counter(self, name: str, value: int) -> None:
        """Pass it over."""
