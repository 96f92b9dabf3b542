"""Our dialect and the local exchange agree on every operation, through the real ccxt at its real URLs."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt
import pytest

from actors.exchange.wire.binance import BINANCE
from actors.exchange.wire.contract import Market, OrderStatus, UnreadableAnswerError, Verdict
from messages.units import (
    BUY,
    FOK,
    IOC,
    LIMIT,
    MAKER,
    MARK,
    MARKET,
    PERP,
    SELL,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    TAKER,
    TRAILING_STOP,
    OrderId,
    OrderType,
    Price,
    Rate,
    Side,
)
from ops.testbed.exchange.faults import Fault
from ops.testbed.exchange.values import FUNDING, PERP_WALLET, SPOT_WALLET
from tests.actors.exchange.wire.binance_samples import PERP_ETH, SPOT_ETH, known
from tests.ops.testbed.exchange.binance.desk import D, Desk, RefusedError, child_of, desk

BOTH = [SPOT_ETH, PERP_ETH]
EACH = pytest.mark.parametrize("market", BOTH, ids=["spot", "perp"])


def played(state: Path, play: Callable[[Desk], Awaitable[None]], **settings: Any) -> None:  # noqa: ANN401
    async def run() -> None:
        async with desk(state, **settings) as made:
            await play(made)

    asyncio.run(run())


async def refused(asked: Awaitable[Any]) -> Verdict:
    """Return what a refusal means."""
    with pytest.raises(RefusedError) as info:
        await asked
    return BINANCE.judge(info.value.failure)


@EACH
def test_a_market_order_fills_and_its_trades_add_up(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        order, placed = await at.place(market, side=BUY, kind=MARKET)
        seen, trades = await at.look_up(order, market), await at.trades(order, market)

        assert placed.seen is not None
        assert (placed.seen.status, placed.seen.filled) == (OrderStatus.FILLED, D("0.25"))
        assert (seen.status, seen.filled, seen.client_order_id) == (
            OrderStatus.FILLED,
            D("0.25"),
            order.intent.client_order_id,
        )
        assert sum(trade.amount for trade in trades) == D("0.25")
        assert {trade.liquidity for trade in trades} == {TAKER}
        assert {trade.fee_asset for trade in trades} == ({"ETH"} if market is SPOT_ETH else {"USDT"})
        if market is SPOT_ETH:
            assert [(t.trade_id, t.amount, t.price, t.fee) for t in placed.trades] == [
                (t.trade_id, t.amount, t.price, t.fee) for t in trades
            ]

    played(tmp_path, play)


@EACH
def test_a_limit_order_rests_is_seen_and_is_cancelled(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(market, side=BUY, price="2400")
        [open_one] = await at.read(BINANCE.open_orders(BOTH))
        by_id = await at.read(BINANCE.look_up_by_id(OrderId(str(order.order_id)), market))
        await at.cancel(order, market)
        seen, again = await at.look_up(order, market), await refused(at.cancel(order, market))

        assert (open_one.order_id, open_one.status, open_one.price) == (order.order_id, OrderStatus.OPEN, D(2400))
        assert [each.client_order_id for each in by_id] == [order.intent.client_order_id]
        assert (seen.status, seen.filled, again) == (OrderStatus.CANCELLED, D(0), Verdict.ENDED)
        assert await at.read(BINANCE.open_orders(BOTH)) == []

    played(tmp_path, play)


@EACH
def test_a_resting_order_fills_as_a_maker_when_the_price_comes(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(market, side=BUY, price="2490", post_only=True)
        at.running.move("binance", market.trade_type, "2480")
        seen, trades = await at.look_up(order, market), await at.trades(order, market)

        assert (seen.status, seen.filled) == (OrderStatus.FILLED, D("0.25"))
        assert {(trade.price, trade.liquidity) for trade in trades} == {(D(2490), MAKER)}

    played(tmp_path, play)


@EACH
def test_an_order_that_must_not_wait_expires(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        for tif in (IOC, FOK):
            order, _ = await at.place(market, side=BUY, price="2400", time_in_force=tif)

            assert (await at.look_up(order, market)).status is OrderStatus.EXPIRED

    played(tmp_path, play)


@EACH
def test_refusals_mean_what_they_are(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        first, _ = await at.place(market, side=BUY, price="2400")
        unknown = at.intent(market, side=BUY)

        assert await refused(at.place_intent(first.intent, market)) is Verdict.DUPLICATE
        assert await refused(at.place(market, side=BUY, price="2600", post_only=True)) is Verdict.REJECTED
        assert await refused(at.place(market, side=BUY, price="2400.001")) is Verdict.REJECTED
        assert await refused(at.place(market, side=BUY, kind=MARKET, amount=D("0.001"))) is Verdict.REJECTED
        assert await refused(at.place(market, side=BUY, kind=MARKET, amount=D(1900))) is Verdict.REJECTED
        assert await at.read(BINANCE.look_up(known(unknown), market)) == []

    played(tmp_path, play)


@EACH
def test_a_client_id_is_free_again_once_its_order_is_done(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(market, side=BUY, price="2400")
        await at.cancel(order, market)

        again = await at.place_intent(order.intent, market)

        assert again.order_id != order.order_id
        assert (await at.look_up(known(order.intent), market)).order_id == again.order_id

    played(tmp_path, play)


STOPS = [
    (STOP_MARKET, SELL, "2400", {}, "2390"),
    (STOP_LIMIT, SELL, "2400", {"price": "2380"}, "2390"),
    (TAKE_PROFIT_MARKET, SELL, "2600", {}, "2610"),
    (TAKE_PROFIT_LIMIT, SELL, "2600", {"price": "2590"}, "2610"),
    (STOP_MARKET, BUY, "2600", {}, "2610"),
    (TAKE_PROFIT_MARKET, BUY, "2400", {}, "2390"),
]


@EACH
@pytest.mark.parametrize(("kind", "side", "trigger", "terms", "reached"), STOPS)
def test_a_trigger_order_waits_and_becomes_an_order_when_it_is_reached(
    tmp_path: Path, market: Market, kind: OrderType, side: Side, trigger: str, terms: dict[str, Any], reached: str
) -> None:
    async def play(at: Desk) -> None:
        order, placed = await at.place(market, side=side, kind=kind, trigger_price=Price(D(trigger)), **terms)
        waiting, listed = await at.look_up(order, market), await at.read(BINANCE.open_orders([market]))
        at.running.move("binance", market.trade_type, reached)
        seen = await at.look_up(order, market)

        assert placed.seen is not None
        assert (placed.seen.status, waiting.status, waiting.triggered) == (
            OrderStatus.WAITING,
            OrderStatus.WAITING,
            False,
        )
        assert (waiting.trigger_price, [each.status for each in listed]) == (D(trigger), [OrderStatus.WAITING])
        assert (seen.status, seen.triggered, seen.filled) == (OrderStatus.FILLED, True, D("0.25"))
        assert (seen.order_id, seen.child is not None) == (order.order_id, market is PERP_ETH)
        traded = child_of(order, seen) if market is PERP_ETH else order
        assert sum(trade.amount for trade in await at.trades(traded, market)) == D("0.25")

    played(tmp_path, play)


@EACH
def test_a_trailing_stop_follows_the_price(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(market, side=SELL, kind=TRAILING_STOP, trail_bps=Rate(D(100)))
        at.running.move("binance", market.trade_type, "2600")
        at.running.move("binance", market.trade_type, "2580")
        waiting = await at.look_up(order, market)
        at.running.move("binance", market.trade_type, "2570")
        seen = await at.look_up(order, market)

        assert (waiting.status, seen.status) == (OrderStatus.WAITING, OrderStatus.FILLED)

    played(tmp_path, play)


def test_a_stop_by_the_mark_price_waits_for_it(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order, placed = await at.place(PERP_ETH, side=SELL, kind=STOP_MARKET, trigger_by=MARK)
        await at.cancel(order, PERP_ETH)

        assert placed.seen is not None
        assert (await at.look_up(order, PERP_ETH)).status is OrderStatus.CANCELLED

    played(tmp_path, play)


def test_a_triggered_order_of_futures_that_rests_is_cancelled_by_its_own_id(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(PERP_ETH, side=BUY, kind=TAKE_PROFIT_LIMIT, price="2300")
        at.running.move("binance", PERP, "2395")
        seen = await at.look_up(order, PERP_ETH)
        too_late = await refused(at.cancel(order, PERP_ETH))
        became = child_of(order, seen)
        await at.cancel(became, PERP_ETH)

        assert (seen.status, seen.triggered, too_late) == (OrderStatus.OPEN, True, Verdict.ENDED)
        assert (await at.look_up(order, PERP_ETH)).status is OrderStatus.CANCELLED

    played(tmp_path, play)


def test_a_perp_order_is_changed(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order, _ = await at.place(PERP_ETH, side=BUY, price="2400")
        changed = await at.amend(order, PERP_ETH, price="2410.5", amount="0.3")
        same = await refused(at.amend(order, PERP_ETH, price="2410.5", amount="0.3"))
        crossing = await refused(at.amend(order, PERP_ETH, price="2410.501", amount="0.3"))

        assert changed is not None
        assert (changed.price, changed.amount) == (D("2410.5"), D("0.3"))
        assert (same, crossing) == (Verdict.UNCHANGED, Verdict.REJECTED)

    played(tmp_path, play)


def test_reduce_only_is_kept(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        flat = await refused(at.place(PERP_ETH, side=SELL, kind=MARKET, reduce_only=True))
        await at.place(PERP_ETH, side=BUY, kind=MARKET)
        await at.place(PERP_ETH, side=SELL, kind=MARKET, reduce_only=True)

        assert flat is Verdict.REJECTED
        assert (await at.read(BINANCE.positions(BOTH)))[0].quantity == 0

    played(tmp_path, play)


def test_balances_positions_and_the_account_are_read(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(PERP_ETH, side=SELL, kind=MARKET)
        await at.place(SPOT_ETH, side=BUY, price="2400")
        held = {(str(each.account), str(each.asset)): each for each in await at.read(BINANCE.balances(BOTH))}
        [position] = await at.read(BINANCE.positions(BOTH))
        owner, rights, modes = await at.read(BINANCE.account(BOTH))
        engine, uid = at.running.engines["binance"], at.running.key("binance").uid

        spot = held["binance", "USDT"]
        assert spot.total - spot.free == D("0.25") * 2400
        assert held["binance.perp", "USDT"].total == engine.balances(uid, PERP_WALLET)["USDT"].total
        assert (position.quantity, position.instrument) == (D("-0.25"), PERP_ETH.instrument)
        assert position.entry_price is not None
        assert (owner.uid, rights.may_trade, rights.may_withdraw) == (uid, True, False)
        assert (modes.one_way, modes.problem) == (True, "")

    played(tmp_path, play)


def test_modes_and_leverage_are_set(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        one_way = await refused(at.send(BINANCE.set_one_way(PERP_ETH)[0]))
        cross = await refused(at.send(BINANCE.set_cross(PERP_ETH)[0]))
        await at.send(BINANCE.set_leverage(PERP_ETH, D(7))[0])
        await at.send(BINANCE.set_leverage(PERP_ETH, D(7))[0])

        assert (one_way, cross) == (Verdict.UNCHANGED, Verdict.UNCHANGED)
        assert await at.read(BINANCE.leverage(BOTH)) == [(PERP_ETH.instrument, D(7))]
        assert await refused(at.send(BINANCE.set_leverage(PERP_ETH, D(500))[0])) is Verdict.REJECTED

    played(tmp_path, play)


def test_funding_is_in_the_ledger(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["binance"]
        since = engine.now_ms()
        await at.place(PERP_ETH, side=BUY, kind=MARKET)
        paid = engine.pay_funding(at.running.market("binance", PERP), D("0.0001"))
        [seen] = await at.read(BINANCE.funding_since(BOTH, since_ms=since, now_ms=engine.now_ms()))

        assert (seen.instrument, seen.asset) == (PERP_ETH.instrument, "USDT")
        assert seen.amount == -D("0.25") * paid.mark * D("0.0001")

    played(tmp_path, play)


def test_what_came_and_went_is_seen(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine, uid = at.running.engines["binance"], at.running.key("binance").uid
        since = engine.now_ms()
        engine.deposit(uid, "ETH", D("0.5"))
        engine.transfer(uid, "USDT", D(100), source=SPOT_WALLET, target=PERP_WALLET)
        engine.transfer(uid, "USDT", D(7), source=FUNDING, target=SPOT_WALLET)
        found = await at.read(BINANCE.transfers_since(BOTH, since_ms=since, now_ms=engine.now_ms()))

        assert sorted((move.account, move.kind, move.asset, move.amount) for move in found) == [
            ("binance", "deposit", "ETH", D("0.5")),
            ("binance", "funding_main", "USDT", D(7)),
            ("binance", "main_umfuture", "USDT", D(-100)),
            ("binance.perp", "transfer", "USDT", D(100)),
        ]

    played(tmp_path, play)


@EACH
def test_all_trades_since_a_time_are_read(tmp_path: Path, market: Market) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["binance"]
        since = engine.now_ms()
        orders = [(await at.place(market, side=side, kind=MARKET))[0] for side in (BUY, SELL, BUY)]
        found = await at.read(BINANCE.trades_since(market, since_ms=since, now_ms=engine.now_ms()))
        later = await at.read(BINANCE.trades_since(market, since_ms=engine.now_ms() + 10, now_ms=engine.now_ms() + 10))

        assert {trade.order_id for trade in found} == {order.order_id for order in orders}
        assert sum(trade.amount for trade in found) == D("0.75")
        assert later == []

    played(tmp_path, play)


def test_the_clock_is_the_venues(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        before = at.running.engines["binance"].now_ms()
        [now] = await at.read([BINANCE.server_time()])

        assert before <= now <= at.running.engines["binance"].now_ms()

    played(tmp_path, play)


def test_a_clock_that_is_off_is_said_so(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        for skew in (-20_000, 20_000):
            at.running.exchange.venue("binance").clock.skew_ms = skew
            assert await refused(at.place(SPOT_ETH, side=BUY, kind=LIMIT)) is Verdict.CLOCK

    played(tmp_path, play)


def test_products_have_their_own_order_ids(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        spot, perp = await at.place(SPOT_ETH, side=BUY), await at.place(PERP_ETH, side=BUY)

        assert spot[0].order_id == perp[0].order_id
        assert at.running.market("binance", SPOT).symbol == at.running.market("binance", PERP).symbol

    played(tmp_path, play)


@EACH
@pytest.mark.parametrize("kind", ["accept_then_drop", "error_after", "html_body", "empty_body"])
def test_an_order_whose_answer_is_lost_is_found_by_our_id(tmp_path: Path, market: Market, kind: str) -> None:
    async def play(at: Desk) -> None:
        wanted = at.intent(market, side=BUY, price="2400")
        call = BINANCE.place(wanted, market, now_ms=0, validity_ms=5_000)
        with pytest.raises((ccxt.BaseError, UnreadableAnswerError)):
            BINANCE.placed(await getattr(at.ccxt, call.api)(dict(call.params)), wanted, market)
        seen = await at.look_up(known(wanted), market)

        assert (seen.status, seen.client_order_id) == (OrderStatus.OPEN, wanted.client_order_id)
        assert len(await at.read(BINANCE.open_orders(BOTH))) == 1

    played(tmp_path, play, faults=(Fault(kind=kind, endpoint="binance/place", count=1, number=503),))
