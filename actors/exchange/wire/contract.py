"""What a dialect is: how one venue is asked, and what its answers mean. Pure.

A request is a `Call` of one of ccxt's implicit methods, so that ccxt signs it and knows its host, while every field on
the wire is ours. A read is a `Query`: a call with the function that reads its answer, page by page. Answers become the
`Seen...` values, the same for all venues: amounts in base (also where the venue counts contracts), times in
milliseconds of the venue's clock. An answer that is not exactly what was expected raises `UnreadableAnswerError`: it is
never taken for an empty one.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from actors.exchange.wire.buckets import Bucket
from messages.orders import OrderSubmitted
from messages.units import (
    AccountName,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstrumentId,
    Liquidity,
    OrderId,
    Price,
    Side,
    TradeId,
    TradeType,
    VenueName,
    Word,
)

T = TypeVar("T")


class UnreadableAnswerError(Exception):
    """The venue's answer is not of the form that it promises: an empty body, a page of HTML, a missing field.

    Of a request that changes something the outcome is unknown then.
    """


class NotSupportedError(Exception):
    """The venue has no such operation for this product. Its text says which; execd refuses it as `NOT_SUPPORTED`."""


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One market as the wire has it.

    Attributes:
        symbol: The venue's own, such as ETHUSDT or ETH-USDT-SWAP.
        unified: ccxt's, such as ETH/USDT or ETH/USDT:USDT.
        contract_size: Base units of one unit of amount on the wire; 1 where the venue counts in base.
    """

    instrument: InstrumentId
    venue: VenueName
    trade_type: TradeType
    account: AccountName
    symbol: str
    unified: str
    base: Asset
    quote: Asset
    tick: Price
    lot: BaseAmount
    contract_size: BaseAmount


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request.

    Attributes:
        api: ccxt's implicit method, such as ``privatePostV5OrderCreate``.
        params: As they go on the wire.
        group: Endpoint group whose limit it counts against; see the venue's ``limits.py``.
        weight: What it costs of that limit.
    """

    api: str
    params: Mapping[str, Any]
    group: str
    weight: int = 1


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What one answer to a `Query` held, and how to go on; None where it was the last."""

    items: tuple[T, ...]
    next: "Query[T] | None" = None


class Query(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A read that may be repeated.

    Attributes:
        read: Takes the decoded JSON of the answer. Raises `UnreadableAnswerError`.
        absent: Error codes that mean "there is no such thing": an empty page instead of an error.
    """

    call: Call
    read: Callable[[Any], Page[T]]
    absent: frozenset[str] = frozenset()


class OrderStatus(Word):
    """Where an order stands at the venue. `WAITING` is a trigger order that has not triggered."""

    WAITING = "WAITING"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


ENDED = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED})
"""Nothing more comes of an order in such a state, but late news of its fills."""


class SeenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the venue shows it.

    Attributes:
        order_id: The venue's; of a trigger order that became another one, still the first one's.
        client_order_id: Ours or a stranger's; empty where it has none.
        amount, filled: In base. `amount` is the total.
        price: Its limit; None for a market order.
        reason: The venue's word for why it ended, where it says one.
        triggered: A trigger order whose trigger was reached.
        trigger_price: Of a trigger order; of a trailing stop None.
        child: Venue id of the order that a trigger order became, where that is another one; its trades are asked for
            under that id.
        updated_ms: By the venue's clock; 0 where it does not say.
    """

    instrument: InstrumentId
    order_id: OrderId
    client_order_id: ClientOrderId
    side: Side
    status: OrderStatus
    amount: BaseAmount
    filled: BaseAmount
    price: Price | None = None
    reason: str = ""
    triggered: bool = False
    trigger_price: Price | None = None
    child: OrderId | None = None
    updated_ms: int = 0


class SeenTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A fill as the venue shows it. `trade_id` is unique within its instrument, not beyond.

    Attributes:
        client_order_id: Empty where the venue does not say it here.
        fee: Positive when charged, negative for a rebate.
    """

    instrument: InstrumentId
    trade_id: TradeId
    order_id: OrderId
    client_order_id: ClientOrderId
    side: Side
    amount: BaseAmount
    price: Price
    fee: Decimal
    fee_asset: Asset
    liquidity: Liquidity
    at_ms: int


class SeenBalance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account holds of an asset: `total` without unrealised P&L, of which `free` is not set aside."""

    account: AccountName
    asset: Asset
    total: Decimal
    free: Decimal


class SeenPosition(msgspec.Struct, frozen=True, kw_only=True):
    """A net perp position: `quantity` in base, signed; `entry_price` None when flat."""

    instrument: InstrumentId
    quantity: BaseAmount
    entry_price: Price | None


class SeenFunding(msgspec.Struct, frozen=True, kw_only=True):
    """A funding payment from the venue's own ledger: `amount` of `asset`, positive when received."""

    instrument: InstrumentId
    payment_id: str
    asset: Asset
    amount: Decimal
    at_ms: int


class SeenTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """Something that came into an account or left it other than by trades: `kind` is the venue's word, lower case."""

    account: AccountName
    transfer_id: str
    kind: str
    asset: Asset
    amount: Decimal
    at_ms: int


class SeenAccount(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account a key opens, and what it may.

    Attributes:
        uid: The venue's number of the account.
        may_trade, may_withdraw: None where the venue does not say.
        one_way: Position mode of perps; None where it was not asked.
        problem: Why the account can't be used as it is (such as a wrong account mode); empty if it can.
    """

    uid: str
    may_trade: bool | None
    may_withdraw: bool | None
    one_way: bool | None = None
    problem: str = ""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """The venue took an order: its id, and what else it said at once (Binance spot tells its fills)."""

    order_id: OrderId
    seen: SeenOrder | None = None
    trades: tuple[SeenTrade, ...] = ()


class Update(msgspec.Struct, frozen=True, kw_only=True):
    """What one frame of a private stream said. Frames about nothing of ours are an empty one.

    Attributes:
        touched: Client or venue order ids that the frame is about without saying all of it: look them up.
        funding: There was a funding payment: read the ledger.
        balances: Some balance or position changed: a hint, as frames show parts only.
    """

    orders: tuple[SeenOrder, ...] = ()
    trades: tuple[SeenTrade, ...] = ()
    touched: tuple[str, ...] = ()
    funding: bool = False
    balances: bool = False


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An order of ours as far as we know it, with the latest amendment; `child` as in `SeenOrder`."""

    intent: OrderSubmitted
    amount: BaseAmount
    price: Price | None
    order_id: OrderId | None = None
    child: OrderId | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A request that brought no good answer.

    Attributes:
        status: Of HTTP; None where there was no answer.
        code: The venue's error code as text; empty where there was none (of OKX the inner sCode where there is one).
        text: The venue's words, without secrets, signatures or addresses; at most 500 characters.
        sent: False: certainly nothing reached the venue. True: it may have.
        retry_after_ms: As the venue said; None where it did not.
    """

    status: int | None
    code: str
    text: str
    sent: bool = True
    retry_after_ms: int | None = None


class Verdict(Word):
    """What a failure means.

    `REJECTED`: definitely no. `UNKNOWN`: it may have been done. `NOT_SENT`: the venue never had it, so it may be sent
    again. `THROTTLED`: turned away before it was looked at; again after a while. `CLOCK`: our time was off; again after
    the skew is measured. `ABSENT`: there is no such order. `ENDED`: the order is not open any more (filled, cancelled).
    `DUPLICATE`: the venue has an order of this client id. `UNCHANGED`: it is already as it was asked to be.
    `FORBIDDEN`: the key, its rights, or the account's state is the matter.
    """

    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT_SENT"
    THROTTLED = "THROTTLED"
    CLOCK = "CLOCK"
    ABSENT = "ABSENT"
    ENDED = "ENDED"
    DUPLICATE = "DUPLICATE"
    UNCHANGED = "UNCHANGED"
    FORBIDDEN = "FORBIDDEN"


class Dialect(Protocol):
    """One venue's dialect. Every method is pure; those that build requests raise `NotSupportedError`.

    Parameters named ``market`` are those of the order; ``markets`` are all that are configured, by venue symbol and
    product.
    """

    venue: VenueName
    buckets: Mapping[str, tuple[Bucket, ...]]
    """Limits by endpoint group; every `Call.group` is a key."""

    def place(self, intent: OrderSubmitted, market: Market, *, now_ms: int, validity_ms: int) -> Call:
        """Place the order with our client id; valid at the venue for `validity_ms` only, where it has that."""

    def placed(self, answer: Any, intent: OrderSubmitted, market: Market) -> Placed:  # noqa: ANN401 - decoded JSON
        """Read the answer to `place`. Raises `UnreadableAnswerError`, or `VenueRefusalError` for an inner refusal."""

    def cancel(self, order: Known, market: Market) -> Call:
        """Cancel it by client id; by the venue's id where ours is empty (a foreign order)."""

    def cancelled(self, answer: Any, order: Known, market: Market) -> None:  # noqa: ANN401 - as above
        """Hold the answer to `cancel` against what is promised. Raises as `placed`."""

    def amend(
        self, order: Known, market: Market, *, price: Price, amount: BaseAmount, now_ms: int, validity_ms: int
    ) -> Call:
        """Change price and total amount."""

    def amended(self, answer: Any, order: Known, market: Market) -> SeenOrder | None:  # noqa: ANN401 - as above
        """Hold the answer to `amend` against what is promised; what it shows, or None where it is only taken."""

    def look_up(self, order: Known, market: Market) -> Sequence[Query[SeenOrder]]:
        """Find it by client id; queries to be asked in turn until one finds it."""

    def look_up_by_id(self, order_id: OrderId, market: Market) -> Sequence[Query[SeenOrder]]:
        """Find any order by the venue's own id, ours or not; queries to be asked in turn until one finds it."""

    def open_orders(self, markets: Sequence[Market]) -> Sequence[Query[SeenOrder]]:
        """All open and waiting orders of these markets, foreign ones too."""

    def trades_of(self, order: Known, market: Market) -> Sequence[Query[SeenTrade]]:
        """All fills of one order (its venue id, or its child's, is known)."""

    def trades_since(self, market: Market, *, since_ms: int, now_ms: int) -> Sequence[Query[SeenTrade]]:
        """All own trades of a market from a time on, foreign ones too."""

    def balances(self, markets: Sequence[Market]) -> Sequence[Query[SeenBalance]]:
        """All balances that are not zero, of the accounts that these markets settle in."""

    def positions(self, markets: Sequence[Market]) -> Sequence[Query[SeenPosition]]:
        """Positions of the perps among these markets."""

    def funding_since(self, markets: Sequence[Market], *, since_ms: int, now_ms: int) -> Sequence[Query[SeenFunding]]:
        """Funding payments from the venue's ledger."""

    def transfers_since(
        self, markets: Sequence[Market], *, since_ms: int, now_ms: int
    ) -> Sequence[Query[SeenTransfer]]:
        """Deposits, withdrawals and transfers between own accounts."""

    def account(self, markets: Sequence[Market]) -> Sequence[Query[SeenAccount]]:
        """Whose account it is and what the key may; several answers are merged, later ones filling what is None."""

    def set_one_way(self, market: Market) -> Sequence[Call]:
        """Net position mode; a venue that answers that it is so already says UNCHANGED."""

    def set_cross(self, market: Market) -> Sequence[Call]:
        """Cross margin for a perp."""

    def set_leverage(self, market: Market, leverage: Decimal) -> Sequence[Call]:
        """Leverage of a perp."""

    def leverage(self, markets: Sequence[Market]) -> Sequence[Query[tuple[InstrumentId, Decimal]]]:
        """Leverage that is set now, of the perps among these markets."""

    def lasts_ms(self, intent: OrderSubmitted, validity_ms: int) -> int:
        """How long after it was signed a request to place this order may still arrive and be taken."""

    def server_time(self) -> Query[int]:
        """The venue's clock in ms."""

    def judge(self, failure: Failure) -> Verdict:
        """Say what a failure means. What it does not know definitely is UNKNOWN if it was sent."""

    def frame(self, message: Any, markets: Mapping[tuple[TradeType, str], Market]) -> Update:  # noqa: ANN401 - as above
        """Read one decoded frame of a private stream. One that can't be read raises `UnreadableAnswerError`."""


class VenueRefusalError(Exception):
    """The venue said no inside an answer whose envelope was good (OKX: sCode of one order).

    Attributes:
        failure: To be judged like any other.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure
