"""What the engine of a local venue speaks of: markets, orders, trades, balances, positions, money that moves.

Immutable. Amounts are in base, also where the venue counts contracts (its dialect multiplies); money is `Decimal`;
times are milliseconds of the venue's clock. A change makes a new value, so whoever kept one still has what was then.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NewType

import msgspec

from messages.units import Liquidity, OrderType, Side, TimeInForce, TradeType, TriggerBy, Word

Uid = NewType("Uid", str)
"""The venue's number of an account."""
Wallet = NewType("Wallet", str)
"""Where money lies within an account: spot and perp (Binance), unified (Bybit, OKX), funding (all)."""

SPOT_WALLET, PERP_WALLET, UNIFIED, FUNDING = Wallet("spot"), Wallet("perp"), Wallet("unified"), Wallet("funding")
ZERO = Decimal(0)


class Permission(Word):
    """What a key may."""

    READ = "READ"
    TRADE = "TRADE"
    TRANSFER = "TRANSFER"
    WITHDRAW = "WITHDRAW"


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. Its repr shows no secret.

    Attributes:
        passphrase: OKX alone has one.
    """

    venue: str
    uid: Uid
    api_key: str
    secret: str
    passphrase: str = ""
    permissions: frozenset[Permission]

    def __repr__(self) -> str:
        return f"Key(venue={self.venue!r}, uid={self.uid!r}, api_key={self.api_key[:4]!r}...)"


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """Maintenance of a perp up to a notional: notional x rate - deduction, in quote."""

    up_to: Decimal
    rate: Decimal
    deduction: Decimal
    max_leverage: Decimal


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One market with the venue's own rules.

    Attributes:
        symbol: The venue's, such as ETHUSDT or ETH-USDT-SWAP.
        lot, min_amount, max_amount, max_market_amount: In base. `lot` is the step.
        min_notional: In quote; 0 where the venue has none.
        contract_size: Base units of one unit of amount on the wire; 1 where the venue counts in base.
        band_up, band_down: A limit price may be at most reference x band_up (buy), and at least reference x band_down
            (sell).
        maker, taker: Fee rates, positive when paid.
        wallet: Where it settles.
        tiers: Of a perp, by rising notional.
        funding_interval_ms: Of a perp.
    """

    venue: str
    product: TradeType
    symbol: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_amount: Decimal
    max_amount: Decimal
    max_market_amount: Decimal
    min_notional: Decimal = ZERO
    contract_size: Decimal = Decimal(1)
    band_up: Decimal
    band_down: Decimal
    maker: Decimal
    taker: Decimal
    wallet: Wallet
    max_leverage: Decimal = Decimal(1)
    tiers: tuple[Tier, ...] = ()
    funding_interval_ms: int = 0

    @property
    def key(self) -> tuple[TradeType, str]:
        """By which the engine knows it: a symbol may stand for a spot market and a perp."""
        return self.product, self.symbol


class SelfTrade(Word):
    """What happens where an account would trade with itself. The incoming order's choice counts."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """What an order waits for.

    A plain trigger is reached when the price rises to `price` (`rising`) or falls to it. A trailing one follows the
    best price since its activation and is reached when the price comes back from it by `trail_rate` (a fraction) or by
    `trail_distance` (in quote); `price` is then where that is now, None until it is active.

    Attributes:
        activation: Of a trailing stop: the price that starts it; None: at once.
        extreme: Of a trailing stop: best price so far; None until it is active.
    """

    by: TriggerBy
    rising: bool
    price: Decimal | None
    trail_rate: Decimal | None = None
    trail_distance: Decimal | None = None
    activation: Decimal | None = None
    extreme: Decimal | None = None


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """A new order as somebody asks for it.

    Attributes:
        type: LIMIT or MARKET: what it is, or becomes when `trigger` is reached.
        amount: In base; None for a market order by `quote_amount`.
        quote_amount: Spend (buy) or get (sell) that much quote; spot market orders only.
        price: Of a LIMIT.
        max_slippage: Of a market order: how far from the best price it may go, as a fraction; None: the market's band.
        words: What the dialect wants to find again in the order: never looked at by the engine.
    """

    market: Market
    side: Side
    type: OrderType
    amount: Decimal | None
    quote_amount: Decimal | None = None
    price: Decimal | None = None
    tif: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    close_position: bool = False
    client_order_id: str = ""
    trigger: Trigger | None = None
    self_trade: SelfTrade = SelfTrade.EXPIRE_MAKER
    max_slippage: Decimal | None = None
    words: Mapping[str, str] = {}


class Status(Word):
    """Where an order stands. `WAITING`: its trigger was not reached. `TRIGGERED`: it became `child_id` (see `Rules`).

    Partly filled is OPEN with `filled` above 0.
    """

    WAITING = "WAITING"
    TRIGGERED = "TRIGGERED"
    OPEN = "OPEN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


ENDED = frozenset({Status.TRIGGERED, Status.FILLED, Status.CANCELLED, Status.EXPIRED, Status.REJECTED})


class Why(Word):
    """Why an order is not open any more, where it was not filled."""

    NONE = ""
    USER = "USER"
    POST_ONLY = "POST_ONLY"
    IMMEDIATE = "IMMEDIATE"
    WHOLE = "WHOLE"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    REDUCE_ONLY = "REDUCE_ONLY"
    SELF_TRADE = "SELF_TRADE"
    NO_FUNDS = "NO_FUNDS"
    PRICE_BAND = "PRICE_BAND"
    AMENDED = "AMENDED"
    DISCONNECTED = "DISCONNECTED"
    LIQUIDATION = "LIQUIDATION"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is now, or was.

    Attributes:
        order_id: Unique within (product, symbol) alone on Binance.
        amount: The total, in base; 0 until it is known for a market order by quote.
        filled_quote: Sum of price x amount of its fills.
        fees: Paid so far, by asset.
        child_id, parent_id: Where the venue makes a new order of a trigger order: ids of the two to each other.
        priority: Place in the queue of its price: lower is earlier.
        version: Counts its changes, from 1.
    """

    uid: Uid
    market: Market
    order_id: str
    client_order_id: str
    side: Side
    type: OrderType
    amount: Decimal
    quote_amount: Decimal | None
    price: Decimal | None
    tif: TimeInForce
    post_only: bool
    reduce_only: bool
    close_position: bool
    trigger: Trigger | None
    self_trade: SelfTrade
    max_slippage: Decimal | None
    words: Mapping[str, str]
    status: Status
    why: Why = Why.NONE
    filled: Decimal = ZERO
    filled_quote: Decimal = ZERO
    fees: Mapping[str, Decimal] = {}
    triggered: bool = False
    child_id: str = ""
    parent_id: str = ""
    created_ms: int
    updated_ms: int
    priority: int
    version: int = 1

    @property
    def left(self) -> Decimal:
        """What is not filled, in base; also of an order that ended."""
        return self.amount - self.filled

    @property
    def average(self) -> Decimal | None:
        """Average price of its fills; None without any."""
        return self.filled_quote / self.filled if self.filled else None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self.status in ENDED


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """An account's side of a trade.

    Attributes:
        trade_id: Unique within (product, symbol) alone on Binance and OKX; the same for both sides.
        serial: Rises over all trades of the venue: for cursors.
        fee: Positive when paid, in `fee_asset`.
        realised: P&L that it realised, in quote; 0 for spot.
    """

    uid: Uid
    market: Market
    trade_id: str
    serial: int
    order_id: str
    client_order_id: str
    side: Side
    price: Decimal
    amount: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    realised: Decimal = ZERO
    at_ms: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of an asset in a wallet, without unrealised P&L; `held` of it is set aside for orders."""

    total: Decimal = ZERO
    held: Decimal = ZERO

    @property
    def free(self) -> Decimal:
        """What is not held."""
        return self.total - self.held


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """A net position of a perp: `quantity` in base, signed; `entry_price` 0 when flat.

    `realised` is in quote since it was opened, net of fees and with funding.
    """

    uid: Uid
    market: Market
    quantity: Decimal = ZERO
    entry_price: Decimal = ZERO
    realised: Decimal = ZERO
    leverage: Decimal = Decimal(1)
    opened_ms: int = 0
    updated_ms: int = 0


class Margin(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet's margin in USDT: equity = balance + unrealised; `free` = equity - initial - holds."""

    balance: Decimal
    unrealised: Decimal
    initial: Decimal
    maintenance: Decimal
    held: Decimal
    free: Decimal
