"""The real ccxt and ccxt.pro, unpatched and with the real URLs, trade on the local Bybit; as does execd's dialect."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from actors.exchange.wire.bybit import BYBIT
from actors.exchange.wire.contract import Call, Failure, Market, OrderStatus, Query, SeenOrder, Verdict
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
from tests.actors.exchange.wire.bybit_samples import PERP_BTC, PERP_ETH, SPOT_ETH, D, intent, known
from tests.ops.testbed.exchange.started import Running, exchange

T = TypeVar("T")
ccxt: Any = importlib.import_module("ccxt.async_support")
pro: Any = importlib.import_module("ccxt.pro")
MARKETS = (SPOT_ETH, PERP_ETH, PERP_BTC)
NAMES = {(market.trade_type, market.symbol): market for market in MARKETS}


@asynccontextmanager
async def client(running: Running, kind: Any = None, **more: object) -> AsyncIterator[Any]:  # noqa: ANN401 - no types
    """Yield a Bybit of ccxt that finds the local exchange, with as few requests of its own as it can make."""
    key = running.key("bybit")
    async with running.session() as session:
        venue = (kind or ccxt.bybit)(
            {
                "apiKey": key.api_key,
                "secret": key.secret,
                "session": session,
                "enableRateLimit": False,
                "options": {
                    "fetchMarkets": {"types": ["spot", "linear"]},
                    "enableUnifiedMargin": False,
                    "enableUnifiedAccount": True,
                },
                **more,
            }
        )
        venue.has["fetchCurrencies"] = False
        try:
            yield venue
        finally:
            await venue.close()


def played(tmp_path: Path, story: Callable[[Running, Any], Awaitable[None]], kind: Any = None) -> None:  # noqa: ANN401
    """Run a story of a client at an exchange whose prices stand still."""

    async def play() -> None:
        async with exchange(tmp_path, venues=("bybit",), factor=100) as running, client(running, kind) as venue:
            await story(running, venue)

    asyncio.run(play())


def test_markets_are_loaded_with_three_requests(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()

        spot, perp = venue.market("ETH/USDT"), venue.market("ETH/USDT:USDT")
        assert (spot["precision"]["amount"], spot["precision"]["price"]) == (0.00001, 0.01)
        assert spot["limits"]["cost"]["min"] == 5
        assert (perp["precision"]["amount"], perp["linear"], perp["contractSize"]) == (0.01, True, 1)
        assert [row["path"] for row in running.rows("SELECT path FROM requests")] == ["/v5/market/instruments-info"] * 3

    played(tmp_path, story)


def test_ccxts_own_calls_trade_and_see_what_became_of_it(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        limit = await venue.create_order("ETH/USDT", "limit", "buy", 0.5, 2475, {"clientOrderId": "c1"})
        market = await venue.create_order("ETH/USDT:USDT", "market", "sell", 0.5, None, {"clientOrderId": "c2"})
        stop = await venue.create_order(
            "ETH/USDT:USDT", "market", "buy", 0.5, None, {"triggerPrice": 2600, "triggerDirection": "ascending"}
        )
        open_spot = await venue.fetch_open_orders("ETH/USDT")
        open_perp = await venue.fetch_open_orders("ETH/USDT:USDT")
        await venue.edit_order(limit["id"], "ETH/USDT", "limit", "buy", 0.6, 2480)
        (edited,) = await venue.fetch_open_orders("ETH/USDT")
        await venue.cancel_order(limit["id"], "ETH/USDT")
        await venue.cancel_all_orders("ETH/USDT:USDT")
        (trade,) = await venue.fetch_my_trades("ETH/USDT:USDT")
        (position,) = await venue.fetch_positions(["ETH/USDT:USDT"])
        balance = await venue.fetch_balance()
        (cancelled,) = await venue.fetch_canceled_orders("ETH/USDT")

        assert [order["clientOrderId"] for order in open_spot] == ["c1"]
        assert [(order["id"], order["triggerPrice"]) for order in open_perp] == [(stop["id"], 2600)]
        assert (edited["price"], edited["amount"]) == (2480, 0.6)
        assert (trade["order"], trade["amount"], trade["fee"]["currency"]) == (market["id"], 0.5, "USDT")
        assert (position["side"], position["contracts"]) == ("short", 0.5)
        assert balance["ETH"]["total"] == 10
        assert cancelled["status"] == "canceled"
        assert len(running.rows("SELECT * FROM orders")) == 3

    played(tmp_path, story)


def test_ccxt_reads_markets_money_and_settings(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        assert (await venue.fetch_ticker("ETH/USDT:USDT"))["last"] == 2500
        assert (await venue.fetch_ticker("ETH/USDT"))["last"] == 2500
        assert len((await venue.fetch_order_book("ETH/USDT", 5))["bids"]) == 5
        assert (await venue.fetch_funding_rate("ETH/USDT:USDT"))["fundingRate"] == 0.0001
        assert (await venue.fetch_ohlcv("ETH/USDT", "1m", limit=2))[-1][4] == 2500
        assert abs(await venue.fetch_time() - running.engines["bybit"].now_ms()) < 5_000
        await venue.set_leverage(5, "ETH/USDT:USDT")
        with pytest.raises(ccxt.BadRequest, match="110043"):
            await venue.set_leverage(5, "ETH/USDT:USDT")
        with pytest.raises(ccxt.NoChange):
            await venue.set_position_mode(False, "ETH/USDT:USDT")  # noqa: FBT003 - ccxt's own
        moved = await venue.transfer("USDT", 10, "funding", "unified")
        assert moved["status"] == "ok"
        running.engines["bybit"].deposit(running.key("bybit").uid, "USDT", D(7))
        assert [each["amount"] for each in await venue.fetch_deposits("USDT")] == [7]
        assert await venue.fetch_withdrawals("USDT") == []
        await venue.create_order("ETH/USDT:USDT", "market", "buy", 1)
        running.engines["bybit"].pay_funding(running.market("bybit", PERP))
        assert [each["amount"] for each in await venue.fetch_funding_history("ETH/USDT:USDT")] == [0.25]
        ledger = await venue.fetch_ledger("USDT")
        assert {each["info"]["type"] for each in ledger} == {"TRADE", "SETTLEMENT", "TRANSFER_IN"}

    played(tmp_path, story)


def test_ccxt_raises_what_it_raises_at_the_venue(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        with pytest.raises(ccxt.InsufficientFunds):
            await venue.create_order("ETH/USDT", "limit", "buy", 1000, 2475)
        with pytest.raises(ccxt.InvalidOrder, match="170140"):
            await venue.create_order("ETH/USDT", "limit", "buy", 0.001, 2475)
        with pytest.raises(ccxt.OrderNotFound):
            await venue.cancel_order("00000000-0000-4000-8000-000000000000", "ETH/USDT:USDT")
        venue.secret = "wrong"  # noqa: S105 - it is
        with pytest.raises(ccxt.AuthenticationError, match="10004"):
            await venue.fetch_balance()
        venue.secret = running.key("bybit").secret
        venue.milliseconds = lambda: 1
        with pytest.raises(ccxt.InvalidNonce):
            await venue.fetch_balance()

    played(tmp_path, story)


def test_ccxt_pro_watches_orders_fills_balances_and_positions(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        orders, trades = asyncio.create_task(venue.watch_orders()), asyncio.create_task(venue.watch_my_trades())
        balances = asyncio.create_task(venue.watch_balance())
        await until(lambda: _subscribed(running, "wallet", "order", "execution"))

        made = await venue.create_order("ETH/USDT:USDT", "market", "buy", 0.5, None, {"clientOrderId": "c1"})

        seen, fills, balance = await asyncio.wait_for(asyncio.gather(orders, trades, balances), 10)
        while seen[-1]["status"] != "closed":
            seen = await asyncio.wait_for(venue.watch_orders(), 10)
        assert (seen[-1]["id"], seen[-1]["clientOrderId"], seen[-1]["filled"]) == (made["id"], "c1", 0.5)
        assert (fills[-1]["order"], fills[-1]["amount"]) == (made["id"], 0.5)
        assert balance["USDT"]["total"] < 200_000

    played(tmp_path, story, pro.bybit)


def _subscribed(running: Running, *topics: str) -> bool:
    wanted = set(topics)
    for connection in running.exchange.venue("bybit").connections:
        wanted -= set(getattr(connection._session, "_topics", ()))  # noqa: SLF001 - there is no event for it
    return not wanted


async def until(there: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


def test_ccxt_pro_watches_tickers_books_and_candles(tmp_path: Path) -> None:
    async def story(running: Running, venue: Any) -> None:  # noqa: ANN401
        await venue.load_markets()
        for name, last in (("ETH/USDT", 2500), ("ETH/USDT:USDT", 2500)):
            ticker = await asyncio.wait_for(venue.watch_ticker(name), 10)
            book = await asyncio.wait_for(venue.watch_order_book(name), 10)
            assert (ticker["symbol"], ticker["last"]) == (name, last)
            assert book["bids"][0][0] < last < book["asks"][0][0]
        watching = [
            asyncio.create_task(watch)
            for watch in (
                venue.watch_ticker("ETH/USDT:USDT"),
                venue.watch_order_book("ETH/USDT:USDT"),
                venue.watch_ohlcv("ETH/USDT:USDT", "1m"),
            )
        ]
        await until(lambda: _subscribed(running, "kline.1.ETHUSDT"))
        running.move("bybit", PERP, "2550")
        ticker, book, candles = await asyncio.wait_for(asyncio.gather(*watching), 10)
        assert ticker["last"] == 2550
        assert book["bids"][0][0] > 2540
        while candles[-1][4] != 2550:
            candles = await asyncio.wait_for(venue.watch_ohlcv("ETH/USDT:USDT", "1m"), 10)

    played(tmp_path, story, pro.bybit)


class Wire:
    """execd's dialect over the real ccxt, without execd's client: one request at a time, errors as `Failure`."""

    def __init__(self, venue: Any) -> None:  # noqa: ANN401 - no types
        self._venue = venue
        venue.enableLastJsonResponse = True

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


def wired(tmp_path: Path, story: Callable[[Running, Wire], Awaitable[None]]) -> None:
    """Run a story of execd's dialect."""

    async def over_ccxt(running: Running, venue: Any) -> None:  # noqa: ANN401
        await story(running, Wire(venue))

    played(tmp_path, over_ccxt)


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
        await until(lambda: _subscribed(running, "order", "execution", "wallet"))
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


def test_spot_and_perp_of_one_name_are_two_products() -> None:
    assert {product for product, symbol in NAMES if symbol == "ETHUSDT"} == {SPOT, PERP}
