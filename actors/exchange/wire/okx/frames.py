"""What OKX's private streams say. Pure.

The channels are ``orders``, ``orders-algo`` and ``algo-advance`` (trailing stops), ``account``, ``positions`` and
``balance_and_position``, which alone says that there was a funding payment.
"""

from actors.exchange.wire.contract import SeenOrder, SeenTrade, UnreadableAnswerError, Update
from actors.exchange.wire.okx import answers
from actors.exchange.wire.okx.values import Markets, Row, market_of, number_or, optional

_ALGO_CHANNELS = frozenset({"orders-algo", "algo-advance"})
_BALANCE_CHANNELS = frozenset({"account", "positions"})
_NOTHING = Update()
_FAILED = "-1"


def frame(message: object, markets: Markets) -> Update:
    """Return what a decoded frame says."""
    if message == "pong":
        return _NOTHING
    if not isinstance(message, dict):
        raise UnreadableAnswerError(f"okx: a frame that is {type(message).__name__}")
    if "event" in message:
        return _event(message)
    arg, data = message.get("arg"), message.get("data")
    if not isinstance(arg, dict) or not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        # What answers requests over the stream has id and op instead.
        if "op" in message:
            return _NOTHING
        raise UnreadableAnswerError("okx: a frame without arg or data")
    channel = str(arg.get("channel"))
    if channel == "orders":
        return _orders(data, markets)
    if channel in _ALGO_CHANNELS:
        return _algos(data, markets)
    if channel in _BALANCE_CHANNELS:
        return Update(balances=True)
    if channel == "balance_and_position":
        return Update(balances=True, funding=any(row.get("eventType") == "funding_fee" for row in data))
    return _NOTHING


def _event(message: Row) -> Update:
    if message["event"] == "error":
        raise UnreadableAnswerError(f"okx: the stream says error {message.get('code')}")
    return _NOTHING


def _orders(data: list[Row], markets: Markets) -> Update:
    orders: list[SeenOrder] = []
    trades: list[SeenTrade] = []
    touched: list[str] = []
    for row in data:
        market = market_of(row, markets)
        if market is None:
            continue
        seen = answers.order(row, market)
        orders.append(seen)
        trade = answers.pushed_trade(row, market)
        if trade is not None:
            trades.append(trade)
        # A fill that is not told in full, or an amendment that came to nothing.
        if (trade is None and number_or(row, "fillSz", answers.ZERO)) or optional(row, "amendResult") == _FAILED:
            touched.append(seen.client_order_id or seen.order_id)
    return Update(orders=tuple(orders), trades=tuple(trades), touched=tuple(touched))


def _algos(data: list[Row], markets: Markets) -> Update:
    seen = tuple(
        answers.algo(row, market) for row in data if (market := market_of(row, markets)) is not None and _ours(row)
    )
    # What became of a triggered one is told by its child's own frames, which may have come before this one.
    touched = tuple(order.client_order_id or order.order_id for order in seen if order.child is not None)
    return Update(orders=seen, touched=touched)


def _ours(row: Row) -> bool:
    """Whether it is of a kind that execd sends; others have no price or size that could be said here."""
    return optional(row, "ordType") in ("conditional", "oco", "trigger", "move_order_stop")
