"""execd's dialect of OKX and the local exchange understand each other, through the real ccxt, on both products.

What one says of an order, a fill, a position or a payment, the other means.
"""

from pathlib import Path
from typing import Any

import pytest

from actors.exchange.wire.contract import Known, Market, OrderStatus, SeenOrder, VenueRefusalError, Verdict
from actors.exchange.wire.okx import OKX, failure_in
from messages.units import (
    FOK,
    IOC,
    MAKER,
    MARK,
    MARKET,
    PERP,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_MARKET,
    TAKER,
    TRAILING_STOP,
    BaseAmount,
    Price,
    Rate,
    Side,
)
from ops.testbed.exchange.values import FUNDING, UNIFIED
from tests.ops.testbed.exchange.okx_desk import D, Desk, intent, known, run

SELL_STOP: dict[str, Any] = {
    "order_type": STOP_MARKET,
    "price": None,
    "trigger_price": Price(D(2400)),
    "side": Side.SELL,
}


async def only(at: Desk, order: Known, its: Market) -> SeenOrder:
    (seen,) = await at.read(OKX.look_up(order, its)[:1])
    found: SeenOrder = seen
    return found


@pytest.mark.parametrize("product", [SPOT, PERP])
def test_a_limit_order_rests_is_found_amended_and_cancelled(tmp_path: Path, product: Any) -> None:  # noqa: ANN401 - a product
    async def play(at: Desk) -> None:
        its = at.spot if product is SPOT else at.perp
        order = intent(its, "a1")
        order_id = await at.place(order, its)

        by_client = await only(at, known(order), its)
        by_id = await only(at, known(order, order_id=order_id), its)
        (listed,) = await at.read(OKX.open_orders((its,)))
        change = OKX.amend(
            known(order), its, price=Price(D(2449)), amount=BaseAmount(D("0.7")), now_ms=at.now_ms, validity_ms=5000
        )
        OKX.amended(await at.call(change), known(order), its)
        amended = await only(at, known(order), its)
        OKX.cancelled(await at.call(OKX.cancel(known(order), its)), known(order), its)
        cancelled = await only(at, known(order), its)

        assert by_client == by_id == listed
        assert (by_client.order_id, by_client.client_order_id) == (order_id, "a1")
        assert (by_client.status, by_client.amount, by_client.price) == (OrderStatus.OPEN, D("0.5"), D(2450))
        assert (amended.amount, amended.price) == (D("0.7"), D(2449))
        assert (cancelled.status, cancelled.reason) == (OrderStatus.CANCELLED, "Order canceled by user")
        assert await at.read(OKX.open_orders((its,))) == []

    run(tmp_path, play)


def test_a_spot_market_buy_is_of_base_and_pays_its_fee_in_base(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = intent(at.spot, "a1", order_type=MARKET, price=None)
        order_id = await at.place(order, at.spot)

        seen = await only(at, known(order), at.spot)
        (trade,) = await at.read(OKX.trades_of(known(order, order_id=order_id), at.spot))

        assert (seen.status, seen.amount, seen.filled) == (OrderStatus.FILLED, D("0.5"), D("0.5"))
        assert (trade.order_id, trade.client_order_id, trade.amount) == (order_id, "a1", D("0.5"))
        assert (trade.fee, trade.fee_asset, trade.liquidity, trade.side) == (D("0.0005"), "ETH", TAKER, Side.BUY)
        assert at.now_ms - 5000 < trade.at_ms <= at.now_ms

    run(tmp_path, play)


def test_a_perp_sold_in_contracts_is_a_position_in_base(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = intent(at.perp, "a1", order_type=MARKET, price=None, side=Side.SELL)
        order_id = await at.place(order, at.perp)

        (trade,) = await at.read(OKX.trades_of(known(order, order_id=order_id), at.perp))
        (position,) = await at.read(OKX.positions((at.spot, at.perp)))

        assert (trade.amount, trade.fee_asset) == (D("0.5"), "USDT")
        assert (position.quantity, position.entry_price) == (D("-0.5"), trade.price)
        (record,) = at.running.rows("SELECT * FROM trades")
        assert D(str(record["amount"])) == D("0.5")

    run(tmp_path, play)


def test_a_resting_order_that_the_price_meets_is_a_makers(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = intent(at.perp, "a1")
        await at.place(order, at.perp)
        since = at.now_ms
        at.running.move("okx", PERP, "2400")

        seen = await only(at, known(order), at.perp)
        (trade,) = await at.read(OKX.trades_since(at.perp, since_ms=since - 1000, now_ms=at.now_ms))

        assert (seen.status, seen.filled) == (OrderStatus.FILLED, D("0.5"))
        assert (trade.liquidity, trade.price) == (MAKER, D(2450))

    run(tmp_path, play)


def test_what_can_not_fill_at_once_says_why_it_ended(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        ioc, fok = intent(at.spot, "a1", time_in_force=IOC), intent(at.spot, "a2", time_in_force=FOK)
        taking = intent(at.spot, "a3", post_only=True, price=Price(D(2510)))
        for order in (ioc, fok, taking):
            await at.place(order, at.spot)

        seen = [await only(at, known(order), at.spot) for order in (ioc, fok, taking)]

        assert [each.status for each in seen] == [OrderStatus.CANCELLED] * 3
        assert ["IOC" in seen[0].reason, "FOK" in seen[1].reason, "post-only" in seen[2].reason] == [True] * 3

    run(tmp_path, play)


@pytest.mark.parametrize("product", [SPOT, PERP])
def test_a_stop_waits_triggers_and_fills_as_its_child(tmp_path: Path, product: Any) -> None:  # noqa: ANN401 - a product
    async def play(at: Desk) -> None:
        its = at.spot if product is SPOT else at.perp
        if product is PERP:
            await at.place(intent(its, "a0", order_type=MARKET, price=None), its)
        order = intent(its, "a1", **SELL_STOP, reduce_only=product is PERP)
        algo_id = await at.place(order, its)

        waiting = await only(at, known(order), its)
        (listed,) = await at.read(OKX.open_orders((its,)))
        at.running.move("okx", product, "2399")
        triggered = await only(at, known(order, order_id=algo_id), its)
        became = known(order, order_id=algo_id, child=triggered.child)
        child = await only(at, became, its)
        (trade,) = await at.read(OKX.trades_of(became, its))

        assert waiting == listed
        assert (waiting.status, waiting.trigger_price, waiting.amount) == (OrderStatus.WAITING, D(2400), D("0.5"))
        assert (waiting.order_id, waiting.client_order_id) == (algo_id, "a1")
        assert (triggered.status, triggered.triggered, triggered.order_id) == (OrderStatus.OPEN, True, algo_id)
        assert (child.status, child.filled, child.order_id, child.client_order_id) == (
            OrderStatus.FILLED,
            D("0.5"),
            algo_id,
            "a1",
        )
        assert trade.order_id == triggered.child

    run(tmp_path, play)


def test_a_stop_limit_becomes_a_resting_order_that_is_cancelled_as_such(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = intent(
            at.perp,
            "a1",
            order_type=STOP_LIMIT,
            trigger_price=Price(D(2600)),
            price=Price(D("2590")),
            trigger_by=MARK,
        )
        algo_id = await at.place(order, at.perp)
        at.running.move("okx", PERP, "2601")
        triggered = await only(at, known(order, order_id=algo_id), at.perp)
        became = known(order, order_id=algo_id, child=triggered.child)

        resting = await only(at, became, at.perp)
        (listed,) = await at.read(OKX.open_orders((at.perp,)))
        OKX.cancelled(await at.call(OKX.cancel(became, at.perp)), became, at.perp)
        gone = await only(at, became, at.perp)

        assert (resting.status, resting.price, resting.order_id) == (OrderStatus.OPEN, D(2590), algo_id)
        assert (listed.order_id, listed.child) == (algo_id, triggered.child)
        assert gone.status is OrderStatus.CANCELLED

    run(tmp_path, play)


def test_a_take_profit_and_a_trailing_stop(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        profit = intent(
            at.spot, "a1", order_type=TAKE_PROFIT_MARKET, price=None, trigger_price=Price(D(2600)), side=Side.SELL
        )
        trail = intent(at.spot, "a2", order_type=TRAILING_STOP, price=None, trail_bps=Rate(D(100)), side=Side.SELL)
        for order in (profit, trail):
            await at.place(order, at.spot)
        at.running.move("okx", SPOT, "2600")
        at.running.move("okx", SPOT, "2575")
        before = await only(at, known(trail), at.spot)
        at.running.move("okx", SPOT, "2573")

        assert (await only(at, known(profit), at.spot)).triggered
        assert (before.status, before.trigger_price) == (OrderStatus.WAITING, None)
        assert (await only(at, known(trail), at.spot)).triggered

    run(tmp_path, play)


def test_a_waiting_stop_is_cancelled_by_its_client_id(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        order = intent(at.spot, "a1", **SELL_STOP)
        algo_id = await at.place(order, at.spot)

        OKX.cancelled(await at.call(OKX.cancel(known(order), at.spot)), known(order), at.spot)

        seen = await only(at, known(order), at.spot)
        found = await at.read(OKX.look_up_by_id(algo_id, at.spot)[1:])
        assert (seen.status, [each.order_id for each in found]) == (OrderStatus.CANCELLED, [algo_id])

    run(tmp_path, play)


REFUSED: list[tuple[str, dict[str, Any], str, Verdict]] = [
    ("spot", {"amount": BaseAmount(D(1000))}, "51008", Verdict.REJECTED),
    ("spot", {"amount": BaseAmount(D("0.0000001"))}, "51020", Verdict.REJECTED),
    ("spot", {"price": Price(D("2450.001"))}, "51150", Verdict.REJECTED),
    ("spot", {"price": Price(D(9000))}, "51006", Verdict.REJECTED),
    ("perp", {"amount": BaseAmount(D("0.5005"))}, "51121", Verdict.REJECTED),
    ("perp", {"reduce_only": True}, "51169", Verdict.REJECTED),
    ("perp", SELL_STOP | {"trigger_price": Price(D(2600))}, "51280", Verdict.REJECTED),
]


@pytest.mark.parametrize(("where", "changes", "code", "verdict"), REFUSED)
def test_a_refused_placement_has_okxs_code(
    tmp_path: Path, where: str, changes: dict[str, Any], code: str, verdict: Verdict
) -> None:
    async def play(at: Desk) -> None:
        its = at.spot if where == "spot" else at.perp
        order = intent(its, "a1", **changes)
        call = OKX.place(order, its, now_ms=at.now_ms, validity_ms=5000)
        body = {key: value for key, value in call.params.items() if key != "expTime"}
        _, answer = await at.ask("POST", "trade/order-algo" if "algoClOrdId" in body else "trade/order", body)

        failure = failure_in(answer)
        assert failure is not None
        assert (failure.code, OKX.judge(failure)) == (code, verdict)
        with pytest.raises(VenueRefusalError):
            OKX.placed(answer, order, its)

    run(tmp_path, play)


def test_more_than_the_position_is_refused_whole(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(intent(at.perp, "a0", order_type=MARKET, price=None), at.perp)
        order = intent(
            at.perp,
            "a1",
            order_type=MARKET,
            price=None,
            side=Side.SELL,
            reduce_only=True,
            amount=BaseAmount(D("0.6")),
        )
        body = dict(OKX.place(order, at.perp, now_ms=0, validity_ms=1).params)
        body.pop("expTime")

        assert await at.code("POST", "trade/order", body) == (200, "51112")
        (position,) = await at.read(OKX.positions((at.perp,)))
        assert position.quantity == D("0.5")

    run(tmp_path, play)


def test_an_order_that_is_not_there_is_absent(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        for path, by in (
            ("trade/order", {"instId": "ETH-USDT", "clOrdId": "nobody"}),
            ("trade/order-algo", {"algoClOrdId": "nobody"}),
        ):
            _, answer = await at.ask("GET", path, by)
            failure = failure_in(answer)
            assert failure is not None
            assert OKX.judge(failure) is Verdict.ABSENT
        _, answer = await at.ask("POST", "trade/cancel-order", {"instId": "ETH-USDT", "clOrdId": "nobody"})
        failure = failure_in(answer)
        assert failure is not None
        assert OKX.judge(failure) is Verdict.ENDED

    run(tmp_path, play)


def test_balances_are_what_the_venue_holds(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(intent(at.spot, "a1"), at.spot)

        seen = {each.asset: each for each in await at.read(OKX.balances((at.spot,)))}

        assert (seen["USDT"].total, seen["ETH"].total) == (D(200_000), D(10))
        assert seen["USDT"].free < seen["USDT"].total - D(1200)
        assert seen["ETH"].free == D(10)

    run(tmp_path, play)


def test_a_funding_payment_stands_in_the_ledger_once(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        await at.place(intent(at.perp, "a1", order_type=MARKET, price=None), at.perp)
        since = at.now_ms - 1000
        engine = at.running.engines["okx"]
        engine.pay_funding(at.running.market("okx", PERP), D("0.0001"))

        (paid,) = await at.read(OKX.funding_since((at.spot, at.perp), since_ms=since, now_ms=at.now_ms))

        mark = engine.ticker(at.running.market("okx", PERP)).mark
        assert (paid.instrument, paid.asset) == (at.perp.instrument, "USDT")
        assert paid.amount == -(D("0.5") * mark * D("0.0001"))
        assert paid.payment_id

    run(tmp_path, play)


def test_a_transfer_stands_in_the_ledger_and_trades_do_not(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        since = at.now_ms - 1000
        await at.place(intent(at.spot, "a1", order_type=MARKET, price=None), at.spot)
        await at.ask("POST", "asset/transfer", {"ccy": "USDT", "amt": "100", "from": "6", "to": "18"})

        moved = await at.read(OKX.transfers_since((at.spot,), since_ms=since, now_ms=at.now_ms))

        assert (D(100), "USDT", "transfer") in [(each.amount, each.asset, each.kind) for each in moved]
        assert len([each for each in moved if each.amount == D(100)]) == 1
        engine = at.running.engines["okx"]
        assert engine.balances(at.key.uid, FUNDING)["USDT"].total == D(9_900)
        assert engine.balances(at.key.uid, UNIFIED)["USDT"].total < D(200_100)

    run(tmp_path, play)


def test_whose_account_it_is_and_its_settings(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        (account,) = await at.read(OKX.account((at.perp,)))
        for call in (*OKX.set_one_way(at.perp), *OKX.set_leverage(at.perp, D(3))):
            await at.call(call)
        ((instrument, leverage),) = await at.read(OKX.leverage((at.perp,)))
        (now,) = await at.read((OKX.server_time(),))

        assert (account.uid, account.may_trade, account.may_withdraw) == (at.key.uid, True, False)
        assert (account.one_way, account.problem) == (True, "")
        assert (instrument, leverage) == (at.perp.instrument, D(3))
        assert abs(now - at.now_ms) < 5000

    run(tmp_path, play)


def test_a_hundred_and_thirty_orders_are_all_found(tmp_path: Path) -> None:
    async def play(at: Desk) -> None:
        engine = at.running.engines["okx"]
        names = [f"a{number}" for number in range(130)]
        for name in names:
            order = intent(at.spot, name, amount=BaseAmount(D("0.001")))
            await at.place(order, at.spot)

        seen = await at.read(OKX.open_orders((at.spot,)))

        assert sorted(each.client_order_id for each in seen) == sorted(names)
        assert len(engine.open_orders(at.key.uid, SPOT)) == 130

    run(tmp_path, play, factor=100)
