"""What the venue's own records say: trades, funding, transfers, open orders, balances. Polls are the truth.

Everything is read from a cursor on, with an overlap, and told with the venue's ids: who hears it (the desk for our
orders, the engine for the rest) drops what it knows. A trade of an order that is not ours is told as `ForeignTrade`; a
venue that does not say a trade's client id is asked for the order.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from actors.exchange.live.desk import Desk
from actors.exchange.live.errors import RequestFailedError
from actors.exchange.live.looking import Looker
from actors.exchange.live.ports import Urgency, Venue
from actors.exchange.wire.contract import (
    Known,
    Market,
    NotSupportedError,
    OrderStatus,
    SeenOrder,
    SeenTrade,
    SeenTransfer,
    UnreadableAnswerError,
)
from messages.live import (
    Adjustment,
    BalanceAdjusted,
    ForeignOrderGone,
    ForeignOrderSeen,
    ForeignTrade,
    VenueTrouble,
    foreign_key,
)
from messages.market import FundingPaid
from messages.orders import OrderSubmitted
from messages.snapshots import AtVenue, HeldAtVenue, VenueSnapshot
from messages.units import (
    LIMIT,
    MARKET,
    PERP,
    STOP_LIMIT,
    STOP_MARKET,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Nanoseconds,
    OrderId,
    OrderType,
    Price,
)

_MS = 1_000_000
_STRANGERS = 10_000
_SURVIVES_S = 30.0
"""How long a venue may show as open what it showed as ended: lists lag behind."""
_ID_LENGTH = 32  # of our client order ids (actors/order_ids.py)
_KINDS = (
    ("deposit", Adjustment.DEPOSIT),
    ("withdraw", Adjustment.WITHDRAWAL),
    ("transfer", Adjustment.TRANSFER),
)


class Records:
    """Reads the venue's records and tells what is in them.

    Args:
        venue: What all parts share.
        desk, looker: Of this venue's orders.

    Attributes:
        opened_ms: Venue time at which the journal took the account over: what was before lies in its `Opening`.
    """

    def __init__(self, venue: Venue, *, desk: Desk, looker: Looker) -> None:
        self._dialect, self._connection, self._options, self._engine = venue
        self._desk = desk
        self._looker = looker
        self.opened_ms = 0
        self._markets: Sequence[Market] = tuple(desk.markets.values())
        self._strangers: OrderedDict[tuple[InstrumentId, OrderId], bool] = OrderedDict()
        self._foreign: set[tuple[InstrumentId, OrderId]] = set()  # open orders that are not ours, as told
        self._survivors: dict[ClientOrderId, float] = {}  # open, though their end was told; since when, loop's time
        self._said: set[ClientOrderId] = set()

    def know_foreign(self, keys: Collection[str]) -> None:
        """Take over the foreign orders that are journaled as open (`foreign_key`): only their end is news."""
        known = {foreign_key(market.instrument, OrderId("")): market.instrument for market in self._markets}
        for key in keys:
            for start, instrument in known.items():
                if key.startswith(start):
                    place = instrument, OrderId(key.removeprefix(start))
                    self._foreign.add(place)
                    self._remember(place, is_foreign=True)

    # --- orders ------------------------------------------------------------------------------------------------------

    async def open_orders(self) -> list[SeenOrder]:
        """Read all open orders, feed ours to the desk, and tell of foreign ones that came or went."""
        found: list[SeenOrder] = []
        for query in self._dialect.open_orders(self._markets):
            found += await self._connection.read(query)
        foreign: dict[tuple[InstrumentId, OrderId], SeenOrder] = {}
        for seen in found:
            if not self._desk.on_order(seen):
                foreign[seen.instrument, seen.order_id] = seen
        await self._tell_foreign(foreign)
        await self._end_survivors(found)
        return found

    async def _end_survivors(self, found: Sequence[SeenOrder]) -> None:
        """Cancel what is open for long after its end was told: nobody reckons with it. Its fills are told still."""
        now_s = asyncio.get_running_loop().time()
        before, self._survivors = self._survivors, {}
        for seen in found:
            order = self._desk.find(seen.instrument, seen.order_id, seen.client_order_id)
            if order is None or not order.is_over:
                continue
            name = order.intent.client_order_id
            since_s = self._survivors[name] = before.get(name, now_s)
            if now_s - since_s < _SURVIVES_S:
                continue
            if name not in self._said:
                self._said.add(name)
                detail = f"order {name} of {seen.instrument} is open, and its end was told: it is cancelled"
                self._engine(VenueTrouble(venue=self._desk.venue, kind="STILL_OPEN", detail=detail))
            await self._cancel(order.known, self._desk.markets[seen.instrument])

    async def _tell_foreign(self, now: Mapping[tuple[InstrumentId, OrderId], SeenOrder]) -> None:
        cancel = self._options.cancel_foreign
        for place, seen in now.items():
            if place not in self._foreign:
                self._foreign.add(place)
                self._remember(place, is_foreign=True)
                self._engine(
                    ForeignOrderSeen(
                        venue=self._desk.venue,
                        instrument=seen.instrument,
                        order_id=seen.order_id,
                        client_order_id=seen.client_order_id,
                        side=seen.side,
                        amount=seen.amount,
                        price=seen.price,
                        cancelled=cancel,
                    )
                )
            if cancel:
                await self._cancel_foreign(seen)
        for place in [each for each in self._foreign if each not in now]:
            self._foreign.discard(place)
            instrument, order_id = place
            self._engine(ForeignOrderGone(venue=self._desk.venue, instrument=instrument, order_id=order_id))

    async def _cancel_foreign(self, seen: SeenOrder) -> None:
        """Cancel it, as often as it is seen: a cancel that failed is tried again by the next look."""
        market = self._desk.markets[seen.instrument]
        await self._cancel(_as_known(seen, market), market)

    async def _cancel(self, order: Known, market: Market) -> None:
        with suppress(RequestFailedError, NotSupportedError, UnreadableAnswerError):
            await self._connection.send(self._dialect.cancel(order, market), urgency=Urgency.CONTROL)

    # --- trades, funding, transfers ----------------------------------------------------------------------------------

    async def trades(self, since_ms: int) -> None:
        """Read all trades since a venue time, feed ours to the desk and tell the others."""
        now = self._connection.now_ms()
        for market in self._markets:
            for query in self._dialect.trades_since(market, since_ms=since_ms, now_ms=now):
                for trade in await self._connection.read(query):
                    if self._desk.on_trade(trade) or trade.at_ms < self.opened_ms:
                        continue
                    if await self._is_foreign(trade, market):
                        self._engine(_foreign(trade, market))
                        self._desk.activity += 1

    async def _is_foreign(self, trade: SeenTrade, market: Market) -> bool:
        """Return whether an order that this process does not know is somebody else's; ours look like ours.

        One that was told as foreign is so by whatever name: another journal's of this account looks like ours, too.
        """
        place = (trade.instrument, trade.order_id)
        known = self._strangers.get(place)
        if known is not None:
            return known
        if trade.client_order_id:
            return not _looks_like_ours(trade.client_order_id)
        name = await self._looker.client_id_of(trade, market)
        if name is None:  # nobody knows whose it is yet: the next read asks again, at last a look into a difference
            return False
        return self._remember(place, is_foreign=not _looks_like_ours(name))

    def _remember(self, place: tuple[InstrumentId, OrderId], *, is_foreign: bool) -> bool:
        """Keep whether an order is somebody else's, and let the oldest such knowledge go."""
        self._strangers[place] = is_foreign
        if len(self._strangers) > _STRANGERS:
            self._strangers.popitem(last=False)
        return is_foreign

    async def funding(self, since_ms: int) -> None:
        """Read the ledger's funding payments since a venue time, and tell them."""
        perps = [each for each in self._markets if each.trade_type is PERP]
        if not perps:
            return
        now = self._connection.now_ms()
        for query in self._dialect.funding_since(perps, since_ms=since_ms, now_ms=now):
            for paid in await self._connection.read(query):
                market = self._desk.markets.get(paid.instrument)
                if market is None or paid.asset != market.quote or paid.at_ms < self.opened_ms:
                    continue
                self._engine(
                    FundingPaid(
                        venue=self._desk.venue,
                        instrument=paid.instrument,
                        quantity=None,
                        mark=None,
                        rate=None,
                        amount=Amount(paid.amount),
                        payment_id=paid.payment_id,
                    )
                )
                self._desk.activity += 1

    async def transfers(self, since_ms: int) -> None:
        """Read deposits, withdrawals and transfers since a venue time, and tell them."""
        now, assets = self._connection.now_ms(), self._assets()
        for query in self._dialect.transfers_since(self._markets, since_ms=since_ms, now_ms=now):
            for moved in await self._connection.read(query):
                if (moved.account, moved.asset) not in assets or moved.at_ms < self.opened_ms:
                    continue
                self._engine(
                    BalanceAdjusted(
                        venue=self._desk.venue,
                        account=moved.account,
                        asset=moved.asset,
                        amount=Amount(moved.amount),
                        reason=_kind(moved),
                        reference=moved.transfer_id,
                        detail=moved.kind,
                    )
                )
                self._desk.activity += 1

    # --- balances ----------------------------------------------------------------------------------------------------

    async def snapshot(self, now_ns: Nanoseconds, *, is_busy: bool) -> VenueSnapshot:
        """Read balances and positions.

        Args:
            now_ns: By our clock.
            is_busy: Something is under way already.
        """
        before = self._desk.activity
        held: dict[tuple[AccountName, Asset], Decimal] = dict.fromkeys(self._assets(), Decimal(0))
        for query in self._dialect.balances(self._markets):
            for balance in await self._connection.read(query):
                if (balance.account, balance.asset) in held:
                    held[balance.account, balance.asset] += balance.total
        perps = [each for each in self._markets if each.trade_type is PERP]
        positions = {each.instrument: (Decimal(0), Decimal(0)) for each in perps}
        for query_ in self._dialect.positions(perps) if perps else ():
            for position in await self._connection.read(query_):
                if position.instrument in positions:
                    price = position.entry_price or Decimal(0)
                    positions[position.instrument] = position.quantity, position.quantity * price
        return VenueSnapshot(
            venue=self._desk.venue,
            at=now_ns,
            quiet=not is_busy and self._desk.activity == before,
            balances=tuple(
                AtVenue(account=account, asset=asset, amount=Amount(amount))
                for (account, asset), amount in sorted(held.items())
            ),
            positions=tuple(
                HeldAtVenue(instrument=instrument, quantity=BaseAmount(quantity), cost=Amount(cost))
                for instrument, (quantity, cost) in sorted(positions.items())
            ),
        )

    def _assets(self) -> dict[tuple[AccountName, Asset], None]:
        """Return what is looked at: the coins of the configured markets, each in the account that they settle in."""
        pairs: dict[tuple[AccountName, Asset], None] = {}
        for market in self._markets:
            if market.trade_type is not PERP:
                pairs[market.account, market.base] = None
            pairs[market.account, market.quote] = None
        return pairs


def _looks_like_ours(name: ClientOrderId) -> bool:
    return len(name) == _ID_LENGTH and name.startswith("x") and name.isalnum()


def _kind(moved: SeenTransfer) -> Adjustment:
    return next((reason for word, reason in _KINDS if word in moved.kind), Adjustment.OTHER)


def _foreign(trade: SeenTrade, market: Market) -> ForeignTrade:
    return ForeignTrade(
        venue=market.venue,
        instrument=trade.instrument,
        side=trade.side,
        amount=trade.amount,
        price=trade.price,
        fee=Amount(trade.fee),
        fee_asset=trade.fee_asset,
        liquidity=trade.liquidity,
        order_id=trade.order_id,
        client_order_id=trade.client_order_id,
        trade_id=trade.trade_id,
    )


def _type_of(seen: SeenOrder) -> OrderType:
    """Return a type that is cancelled where this order is: waiting ones are another book at some venues."""
    if seen.status is OrderStatus.WAITING:
        return STOP_MARKET if seen.price is None else STOP_LIMIT
    return MARKET if seen.price is None else LIMIT


def _as_known(seen: SeenOrder, market: Market) -> Known:
    """Return a foreign order as a dialect takes it to cancel it."""
    intent = OrderSubmitted(
        instruction_id=InstructionId(""),
        client_order_id=seen.client_order_id,
        venue=market.venue,
        instrument=seen.instrument,
        side=seen.side,
        amount=seen.amount,
        order_type=_type_of(seen),
        price=seen.price,
        reduce_only=False,
        reference_price=seen.price or Price(Decimal(0)),
        held_asset=market.quote,
        held_amount=Amount(Decimal(0)),
        trigger_price=seen.trigger_price,
    )
    return Known(intent=intent, amount=seen.amount, price=seen.price, order_id=seen.order_id, child=seen.child)
