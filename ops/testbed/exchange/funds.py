"""What an account can pay for: holds of spot orders, cross margin of perps."""

from decimal import Decimal

from messages.units import OrderType, Side, TradeType
from ops.testbed.exchange.floor import Floor
from ops.testbed.exchange.positions import maintenance, worst
from ops.testbed.exchange.rejects import Reject, RejectError
from ops.testbed.exchange.store import key_of
from ops.testbed.exchange.values import ZERO, Margin, Market, Order, Status, Uid, Wallet


def margin(floor: Floor, uid: Uid, wallet: Wallet, *, quote: str = "USDT") -> Margin:
    """Return the margin of a wallet that perps settle in; of one without perps what is there and held."""
    balance = floor.purses.balance(uid, wallet, quote)
    unrealised = initial = needed = held = ZERO
    for market in (pit.market for pit in floor.pits.values() if pit.market.product is TradeType.PERP):
        if market.wallet != wallet:
            continue
        position = floor.positions.of(uid, market)
        buys, sells = open_sums(floor, uid, market)
        if not (position.quantity or buys or sells):
            continue
        mark = floor.pit(market).mark
        size = abs(position.quantity)
        unrealised += position.quantity * (mark - position.entry_price)
        initial += size * mark / position.leverage
        needed += maintenance(market, size * mark)
        held += max(worst(position, buys, sells) - size, ZERO) * mark / position.leverage
    free = balance.free + unrealised - initial - held
    return Margin(
        balance=balance.total,
        unrealised=unrealised,
        initial=initial,
        maintenance=needed,
        held=held + balance.held,
        free=free,
    )


def open_sums(floor: Floor, uid: Uid, market: Market, *, but: Order | None = None) -> tuple[Decimal, Decimal]:
    """Return what is left of open buys and sells that may enlarge a position, but for one of them."""
    buys, sells = floor.store.open_sums(uid, market)
    own = floor.store.one(uid, market, order_id=but.order_id, client_order_id="") if but is not None else None
    if own is not None and own.status is Status.OPEN and not own.reduce_only:
        return (buys - own.left, sells) if own.side is Side.BUY else (buys, sells - own.left)
    return buys, sells


def spendable(floor: Floor, uid: Uid, wallet: Wallet, asset: str) -> Decimal:
    """Return what can be spent or taken out of a wallet: what is not held, nor needed as margin."""
    free = floor.purses.balance(uid, wallet, asset).free
    has_perps = any(
        pit.market.wallet == wallet and pit.market.quote == asset and pit.market.product is TradeType.PERP
        for pit in floor.pits.values()
    )
    return min(free, margin(floor, uid, wallet).free) if has_perps else free


def wanted_hold(floor: Floor, order: Order) -> tuple[Wallet, str, Decimal] | None:
    """Return what is to be held for a spot order as it is; perps have margin instead."""
    market = order.market
    if order.ended or market.product is TradeType.PERP:
        return None
    if order.status is Status.WAITING and not floor.rules.waiting_holds[market.product]:
        return None
    if order.side is Side.SELL:
        return market.wallet, market.base, order.left
    price = order.price or (order.trigger.price if order.trigger is not None else None)
    if order.quote_amount is not None:
        return market.wallet, market.quote, order.quote_amount - order.filled_quote
    return market.wallet, market.quote, order.left * (price or ZERO)


def check_funds(floor: Floor, order: Order) -> None:
    """Raise NO_BALANCE or NO_MARGIN if an account can't pay for an order that is not there yet (or not yet so)."""
    if order.market.product is TradeType.PERP:
        _check_margin(floor, order)
        return
    market = order.market
    own = floor.holds.get(key_of(order))
    held = own[2] if own else ZERO
    if order.side is Side.SELL:
        needed = order.left if order.quote_amount is None else order.quote_amount / floor.pit(market).depth.reference
        asset = market.base
    else:
        asset = market.quote
        needed = _cost(floor, order)
    if needed > spendable(floor, order.uid, market.wallet, asset) + held:
        raise RejectError(Reject.NO_BALANCE, asset)


def _cost(floor: Floor, order: Order) -> Decimal:
    """Return what a spot buy may cost in quote."""
    if order.quote_amount is not None:
        return order.quote_amount
    if order.price is not None:
        return order.left * order.price
    if order.status is Status.WAITING and order.trigger is not None:
        return order.left * (order.trigger.price or floor.pit(order.market).last)
    left, cost = order.left, ZERO
    for price, amount in asks(floor, order.market):
        part = min(left, amount)
        cost += part * price
        left -= part
        if not left:
            break
    return cost


def asks(floor: Floor, market: Market) -> list[tuple[Decimal, Decimal]]:
    """Return prices and amounts of what is offered, best first."""
    pit = floor.pit(market)
    found = [(level.price, level.amount) for level in pit.depth.levels(Side.SELL)]
    found += [(price, floor.store.actual(key).left) for price, key in pit.resting.keys(Side.SELL)]
    return sorted(found)


def _check_margin(floor: Floor, order: Order) -> None:
    if order.reduce_only or order.close_position:
        return
    market = order.market
    position = floor.positions.of(order.uid, market)
    buys, sells = open_sums(floor, order.uid, market, but=order)
    before = worst(position, buys, sells)
    if order.side is Side.BUY:
        buys += order.left
    else:
        sells += order.left
    more = worst(position, buys, sells) - before
    if more <= 0:
        return
    mark = floor.pit(market).mark
    price = max(order.price, mark) if order.type is OrderType.LIMIT and order.price else mark
    needed = more * price / position.leverage + order.left * price * market.taker
    own = floor.store.one(order.uid, market, order_id=order.order_id, client_order_id="")
    if own is not None and own.status is Status.OPEN:  # an amendment: its own share of the margin is its own
        held = worst(position, *open_sums(floor, order.uid, market)) - before
        needed -= max(held, ZERO) * mark / position.leverage
    if needed > margin(floor, order.uid, market.wallet).free:
        raise RejectError(Reject.NO_MARGIN, market.quote)
