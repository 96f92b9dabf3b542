"""execd's own dialect, over the real ccxt, trades on the local Bybit: what it asks is taken, what it hears it reads."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import (
    Call,
    Failure,
    Market,
    OrderStatus,
    Query,
    SeenOrder,
    UnreadableAnswerError,
    Verdict,
)
from messages.orders import OrderSubmitted
from messages.units import (
    BUY,
    FOK,
    IOC,
    LIMIT,
    MARK,
    MARKET,
    PERP,
    SELL,
    SPOT,
    STOP_LIMIT,
    STOP_MARKET,
    TAKE_PROFIT_LIMIT,
    TAKE_PROFIT_MARKET,
    BaseAmount,
    ClientOrderId,
    OrderType,
    Price,
    Side,
)
from ops.testbed.exchange.faults import Fault
from tests.actors.exchange.wire.bybit_samples import PERP_BTC, PERP_ETH, SPOT_ETH, D, intent, known
from tests.ops.testbed.exchange.bybit.over_ccxt import ccxt, played, pro, subscribed, until
from tests.ops.testbed.exchange.started import Running

T = TypeVar("T")
MARKETS = (SPOT_ETH, PERP_ETH, PERP_BTC)
NAMES = {(market.trade_type, market.symbol): market for market in MARKETS}


class Wire:
    """execd's dialect over the real ccxt, without execd's client: one request at a time, errors as `Failure`."""

    def __init__(self, venue: Any) -> None:  # noqa: ANN401 - no types
        self._venue = venue
        venue.enableLastJsonResponse = True

    def skew(self, by_ms: int) -> None:
        """Let the client's clock go ahead."""
        clock = self._venue.milliseconds
        self._venue.milliseconds = lambda: clock() + by_ms

    async def send(self, call: Call) -> Any:  # noqa: ANN401 - decoded JSON
        return await getattr(self._venue, call.api)(dict(call.params))

    async def verdict(self, call: Call) -> Verdict:
        """Return what the dialect makes of the refusal that a call must bring."""
        with pytest.raises(ccxt.BaseError):
            await self.send(call)
        said = self._venue.last_json_response
        return BYBIT.judge(Failure(status=200, code=str(said["retCode"]), text=said["retMsg"]))

    async def read(self, queries: Sequence[Query[T]]) -> list[T]:
        found: list[T] = []
        for first in queries:
            query: Query[T] | None = first
            while query is not None:
                page = query.read(await self.send(query.call))
                found += page.items
                query = page.next
        return found

    async def place(self, submitted: OrderSubmitted, market: Market) -> str:
        answer = await self.send(BYBIT.place(submitted, market, now_ms=0, validity_ms=5000))
        return BYBIT.placed(answer, submitted, market).order_id

    async def look_up(self, submitted: OrderSubmitted, market: Market) -> SeenOrder:
        for query in BYBIT.look_up(known(submitted, order_id=None), market):
            found = await self.read([query])
            if found:
                return found[0]
        raise AssertionError("not found")


def wired(tmp_path: Path, story: Callable[[Running, Wire], Awaitable[None]], *, faults: tuple[Fault, ...] = ()) -> None:
    """Run a story of execd's dialect."""

    async def over_ccxt(running: Running, venue: Any) -> None:  # noqa: ANN401
        await story(running, Wire(venue))

    played(tmp_path, over_ccxt, faults=faults)


def made(market: Market, kind: OrderType, number: int, **changed: object) -> OrderSubmitted:
    usual = {"client_order_id": ClientOrderId(f"xClient{number}"), "amount": BaseAmount(D("0.5"))}
    return intent(market, kind, **{**usual, **changed})


def at(price: str) -> Price:
    return Price(D(price))


TERMS: list[tuple[Market, OrderType, Side, dict[str, object], OrderStatus]] = [
    (market, *terms)
    for market in (SPOT_ETH, PERP_ETH)
    for terms in (
        (LIMIT, BUY, {"price": at("2475")}, OrderStatus.OPEN),
        (LIMIT, SELL, {"price": at("2525")}, OrderStatus.OPEN),
        (LIMIT, BUY, {"price": at("2510")}, OrderStatus.FILLED),
        (LIMIT, BUY, {"price": at("2475"), "post_only": True}, OrderStatus.OPEN),
        (LIMIT, BUY, {"price": at("2510"), "post_only": True}, OrderStatus.CANCELLED),
        (LIMIT, BUY, {"price": at("2510"), "time_in_force": IOC}, OrderStatus.FILLED),
        (LIMIT, BUY, {"price": at("2475"), "time_in_force": IOC}, OrderStatus.CANCELLED),
        (LIMIT, BUY, {"price": at("2510"), "time_in_force": FOK}, OrderStatus.FILLED),
        (LIMIT, BUY, {"price": at("2475"), "time_in_force": FOK}, OrderStatus.CANCELLED),
        (MARKET, BUY, {}, OrderStatus.FILLED),
        (MARKET, SELL, {}, OrderStatus.FILLED),
        (STOP_MARKET, SELL, {"trigger_price": at("2400")}, OrderStatus.WAITING),
        (STOP_MARKET, BUY, {"trigger_price": at("2600")}, OrderStatus.WAITING),
        (STOP_LIMIT, SELL, {"trigger_price": at("2400"), "price": at("2390")}, OrderStatus.WAITING),
        (TAKE_PROFIT_MARKET, SELL, {"trigger_price": at("2600")}, OrderStatus.WAITING),
        (TAKE_PROFIT_LIMIT, BUY, {"trigger_price": at("2400"), "price": at("2410")}, OrderStatus.WAITING),
    )
] + [
    (PERP_ETH, STOP_MARKET, SELL, {"trigger_price": at("2400"), "trigger_by": MARK}, OrderStatus.WAITING),
]


def test_every_order_that_the_dialect_places_is_taken_and_seen_as_it_was_meant(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        for number, (market, kind, side, terms, status) in enumerate(TERMS):
            submitted = made(market, kind, number, side=side, **terms)
            order_id = await wire.place(submitted, market)
            seen = await wire.look_up(submitted, market)
            (same,) = await wire.read(BYBIT.look_up_by_id(seen.order_id, market)[:1])

            case = f"{number}: {market.trade_type} {kind} {side} {terms}"
            assert seen == same, case
            assert (seen.instrument, seen.order_id, seen.client_order_id) == (
                market.instrument,
                order_id,
                submitted.client_order_id,
            ), case
            assert (seen.side, seen.amount, seen.status) == (side, D("0.5"), status), case
            assert (seen.price, seen.trigger_price) == (submitted.price, submitted.trigger_price), case
            assert seen.filled == (D("0.5") if status is OrderStatus.FILLED else 0), case
            if status in {OrderStatus.OPEN, OrderStatus.WAITING}:
                BYBIT.cancelled(
                    await wire.send(BYBIT.cancel(known(submitted), market)), known(submitted, order_id=None), market
                )
                assert (await wire.look_up(submitted, market)).status is OrderStatus.CANCELLED, case
        assert await wire.read(BYBIT.open_orders(MARKETS)) == []
        assert len(running.rows("SELECT * FROM orders")) == len(TERMS)

    wired(tmp_path, story)


@pytest.mark.parametrize("market", [SPOT_ETH, PERP_ETH])
def test_a_stop_that_triggers_is_followed_filled_and_cancelled(tmp_path: Path, market: Market) -> None:
    async def story(running: Running, wire: Wire) -> None:
        quick = made(market, STOP_MARKET, 1, side=SELL, trigger_price=at("2400"))
        slow = made(market, STOP_LIMIT, 2, side=SELL, trigger_price=at("2400"), price=at("2410"))
        await wire.place(quick, market)
        await wire.place(slow, market)

        running.move("bybit", market.trade_type, "2399")
        filled, resting = await wire.look_up(quick, market), await wire.look_up(slow, market)
        order = known(slow, order_id=resting.order_id, child=resting.child)
        await wire.send(BYBIT.cancel(order, market))
        ended = await wire.look_up(slow, market)
        trades = await wire.read(BYBIT.trades_of(known(quick, order_id=filled.order_id), market))

        assert (filled.status, filled.triggered, filled.filled) == (OrderStatus.FILLED, True, D("0.5"))
        assert (resting.status, resting.triggered) == (OrderStatus.OPEN, True)
        assert (ended.status, ended.reason) == (OrderStatus.CANCELLED, "CancelByUser")
        assert sum(trade.amount for trade in trades) == D("0.5")

    wired(tmp_path, story)


def test_the_dialect_amends_and_is_told_what_came_too_late(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        del running
        for market in (SPOT_ETH, PERP_ETH):
            submitted = made(market, LIMIT, 1, price=at("2475"))
            order = known(submitted, order_id=await wire.place(submitted, market))
            change = BYBIT.amend(
                order, market, price=at("2480"), amount=BaseAmount(D("0.6")), now_ms=0, validity_ms=5000
            )
            assert BYBIT.amended(await wire.send(change), order, market) is None
            seen = await wire.look_up(submitted, market)
            assert (seen.price, seen.amount, seen.status) == (D(2480), D("0.6"), OrderStatus.OPEN)
            assert await wire.verdict(change) is Verdict.UNCHANGED
            duplicate = BYBIT.place(submitted, market, now_ms=0, validity_ms=5000)
            assert await wire.verdict(duplicate) is Verdict.DUPLICATE
            await wire.send(BYBIT.cancel(order, market))
            assert await wire.verdict(BYBIT.cancel(order, market)) is Verdict.ENDED
            never = BYBIT.cancel(known(made(market, LIMIT, 99, price=at("2475"))), market)
            assert await wire.verdict(never) is Verdict.ABSENT
            much = made(market, LIMIT, 2, price=at("2475"), amount=BaseAmount(D(2000)))
            assert await wire.verdict(BYBIT.place(much, market, now_ms=0, validity_ms=5000)) is Verdict.REJECTED

    wired(tmp_path, story)


def test_the_dialect_reads_fills_money_positions_funding_and_the_account(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        engine = running.engines["bybit"]
        start = (await wire.read([BYBIT.server_time()]))[0]
        await wire.place(made(SPOT_ETH, MARKET, 1), SPOT_ETH)
        await wire.place(made(PERP_ETH, MARKET, 2, side=SELL), PERP_ETH)
        engine.pay_funding(running.market("bybit", PERP))
        now = engine.now_ms()

        spot = await wire.read(BYBIT.trades_since(SPOT_ETH, since_ms=start, now_ms=now))
        perp = await wire.read(BYBIT.trades_since(PERP_ETH, since_ms=start, now_ms=now))
        balances = {each.asset: each for each in await wire.read(BYBIT.balances(MARKETS))}
        funding = await wire.read(BYBIT.funding_since(MARKETS, since_ms=start, now_ms=now))
        transfers = await wire.read(BYBIT.transfers_since(MARKETS, since_ms=start, now_ms=now))
        positions = await wire.read(BYBIT.positions(MARKETS))
        accounts = await wire.read(BYBIT.account(MARKETS))

        assert {trade.fee_asset for trade in spot} == {"ETH"}
        assert {trade.fee_asset for trade in perp} == {"USDT"}
        (paid,) = funding
        assert (paid.instrument, paid.amount) == (PERP_ETH.instrument, D("0.125"))
        assert transfers == []
        assert [(each.instrument, each.quantity) for each in positions] == [(PERP_ETH.instrument, D("-0.5"))]
        assert balances[SPOT_ETH.base].total == D(10) + D("0.5") - sum(trade.fee for trade in spot)
        cost = sum(trade.amount * trade.price for trade in spot)
        assert balances[SPOT_ETH.quote].total == D(200_000) - cost - sum(trade.fee for trade in perp) + paid.amount
        assert [(each.uid, each.may_trade, each.may_withdraw, each.one_way, each.problem) for each in accounts] == [
            ("24012001", True, False, None, ""),
            ("", None, None, None, ""),
            ("", None, None, True, ""),
        ]

    wired(tmp_path, story)


def test_the_dialect_sets_modes_and_leverage_and_hears_that_they_are_so_already(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        del running
        (one_way,), (cross,) = BYBIT.set_one_way(PERP_ETH), BYBIT.set_cross(PERP_ETH)
        (three,) = BYBIT.set_leverage(PERP_ETH, D(3))

        assert await wire.verdict(one_way) is Verdict.UNCHANGED
        await wire.send(cross)
        await wire.send(three)
        assert await wire.verdict(three) is Verdict.UNCHANGED
        assert dict(await wire.read(BYBIT.leverage(MARKETS))) == {PERP_ETH.instrument: D(3), PERP_BTC.instrument: D(20)}

    wired(tmp_path, story)


def test_seventy_open_orders_and_fills_are_read_to_the_last(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        start = running.engines["bybit"].now_ms()
        for number in range(70):
            await wire.place(made(PERP_ETH, LIMIT, number, price=at("2475")), PERP_ETH)
        for number in range(70, 175):
            await wire.place(made(SPOT_ETH, MARKET, number, side=SELL if number % 2 else BUY), SPOT_ETH)

        resting = await wire.read(BYBIT.open_orders(MARKETS))
        fills = await wire.read(BYBIT.trades_since(SPOT_ETH, since_ms=start, now_ms=start))

        assert {order.client_order_id for order in resting} == {f"xClient{number}" for number in range(70)}
        assert len(resting) == 70
        assert len({trade.trade_id for trade in fills}) == len(fills) >= 105
        assert {trade.client_order_id for trade in fills} == {f"xClient{number}" for number in range(70, 175)}

    wired(tmp_path, story)


def test_frames_of_the_private_stream_are_what_the_dialect_reads(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        frames: list[Any] = []
        heard = venue.handle_message

        def handle(client: Any, message: Any) -> None:  # noqa: ANN401
            frames.append(message)
            heard(client, message)

        venue.handle_message = handle
        tasks = [
            asyncio.create_task(watch()) for watch in (venue.watch_orders, venue.watch_my_trades, venue.watch_balance)
        ]
        await until(lambda: subscribed(running, "order", "execution", "wallet"))
        submitted = made(SPOT_ETH, MARKET, 1)
        await Wire(venue).place(submitted, SPOT_ETH)
        await until(lambda: any(update.balances for update in _updates(frames)))
        await asyncio.wait_for(asyncio.gather(*tasks), 10)

        updates = _updates(frames)
        trades = [trade for update in updates for trade in update.trades]
        orders = [order for update in updates for order in update.orders]
        assert orders[-1] == await Wire(venue).look_up(submitted, SPOT_ETH)
        assert trades == await Wire(venue).read(
            BYBIT.trades_of(known(submitted, order_id=orders[-1].order_id), SPOT_ETH)
        )

    def _updates(frames: list[Any]) -> list[Any]:
        return [BYBIT.frame(message, NAMES) for message in frames]

    played(tmp_path, story, pro.bybit)


@pytest.mark.parametrize("kind", ["empty_body", "html_body"])
def test_an_order_whose_answer_is_no_answer_is_unreadable_and_found_by_our_id(tmp_path: Path, kind: str) -> None:
    async def story(running: Running, wire: Wire) -> None:
        del running
        submitted = made(PERP_ETH, LIMIT, 1, price=at("2475"))
        answer = await wire.send(BYBIT.place(submitted, PERP_ETH, now_ms=0, validity_ms=5000))

        with pytest.raises(UnreadableAnswerError):
            BYBIT.placed(answer, submitted, PERP_ETH)
        assert (await wire.look_up(submitted, PERP_ETH)).status is OrderStatus.OPEN

    wired(tmp_path, story, faults=(Fault(kind=kind, endpoint="place", count=1),))


@pytest.mark.parametrize("kind", ["empty_body", "html_body"])
def test_a_read_whose_answer_is_no_answer_is_never_an_empty_list(tmp_path: Path, kind: str) -> None:
    async def story(running: Running, wire: Wire) -> None:
        del running
        queries: list[Query[Any]] = [
            *BYBIT.open_orders(MARKETS),
            *BYBIT.trades_since(SPOT_ETH, since_ms=0, now_ms=0),
            *BYBIT.balances(MARKETS),
            *BYBIT.positions(MARKETS),
            *BYBIT.account(MARKETS),
        ]
        for query in queries:
            with pytest.raises(UnreadableAnswerError):
                query.read(await wire.send(query.call))

    wired(tmp_path, story, faults=(Fault(kind=kind),))


def test_an_order_that_look_ups_see_late_is_found_in_the_end(tmp_path: Path) -> None:
    async def story(running: Running, wire: Wire) -> None:
        submitted = made(SPOT_ETH, LIMIT, 1, price=at("2475"))
        await wire.place(submitted, SPOT_ETH)
        queries = BYBIT.look_up(known(submitted, order_id=None), SPOT_ETH)
        assert await wire.read(queries) == []
        running.exchange.venue("bybit").clock.skew_ms += 60_000

        assert [seen.status for seen in await _read_later(wire, queries)] == [OrderStatus.OPEN]

    async def _read_later(wire: Wire, queries: Sequence[Query[SeenOrder]]) -> list[SeenOrder]:
        wire.skew(60_000)
        return await wire.read(queries[:1])

    wired(tmp_path, story, faults=(Fault(kind="late_order", number=30_000),))


def test_spot_and_perp_of_one_name_are_two_products() -> None:
    assert {product for product, symbol in NAMES if symbol == "ETHUSDT"} == {SPOT, PERP}
