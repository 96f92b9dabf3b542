"""The simulated exchange fills market orders at the close moved against the taker, answers twice, and pays funding."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from actors.contract import Turn
from actors.exchange.simulated import SimulatedExchange
from messages.instruments import VenueModel
from messages.market import Candle, FundingPaid, FundingRate, SettleFunding, StaleMark
from messages.orders import OrderAccepted, OrderFilled, OrderRejected
from messages.units import BaseAmount, InstrumentId, Nanoseconds, Rate, VenueName
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    SPOT_ID,
    Mail,
    accepted,
    candle,
    filled,
    instrument,
    market,
    opening,
    order,
    record,
    submitted,
    venue,
)

D = Decimal


class Desk:
    """An exchange with prices, and money and coins enough."""

    def __init__(self, model: VenueModel | None = None, *, candles: tuple[Candle, ...] = ()) -> None:
        self.turn = Turn()
        self.turn.at = Nanoseconds(HOUR)
        self.engine, self.itself, self.later = Mail(), Mail(), Mail()
        self.model = model or venue()
        self.market = market(*candles)
        self.exchange = self.new()
        self.entries: list[Any] = [opening("1000000"), opening("1000", "ETH")]
        for entry in self.entries:
            self.exchange.receive(entry)
        self.exchange.receive(self.market)

    def new(self) -> SimulatedExchange:
        return SimulatedExchange(
            turn=self.turn,
            model=self.model,
            candle_ns=HOUR,
            engine=self.engine,
            itself=self.itself,
            later=self.later,
        )

    def submit(self, *words: str, **more: Any) -> list[Any]:  # noqa: ANN401 - an order's own
        """Place an order; return the answers."""
        command = order(*words, **more)
        self.exchange.receive(command)
        answers = self.engine.take()
        self.entries.append(command.intent)
        self.entries += answers
        return answers

    def fill(self, *words: str, **more: Any) -> OrderFilled:  # noqa: ANN401 - an order's own
        accepted, fill = self.submit(*words, **more)
        assert isinstance(accepted, OrderAccepted)
        assert isinstance(fill, OrderFilled)
        assert (accepted.order_id, accepted.client_order_id) == (fill.order_id, fill.client_order_id)
        return fill

    def reason(self, *words: str, **more: Any) -> str:  # noqa: ANN401 - an order's own
        (answer,) = self.submit(*words, **more)
        assert isinstance(answer, OrderRejected)
        assert answer.by == "venue"
        return answer.reason

    def settle(self, rate: str = "0.0001", *, of: InstrumentId = PERP_ID) -> list[Any]:
        """Pay funding; return what was put on record."""
        funding = FundingRate(instrument=of, rate=Rate(D(rate)))
        self.exchange.receive(SettleFunding(venue=self.model.venue, funding=(funding,)))
        return self.engine.take()

    def fold(self) -> None:
        """Put a new exchange in the old one's place, folded from what was answered."""
        self.itself.take()
        self.exchange = self.new()
        for seq, entry in enumerate(self.entries, start=1):
            self.exchange.apply(record(entry, seq=seq))
        self.exchange.apply_market(self.market)
        assert self.engine.told == self.itself.told == []


def test_a_market_order_is_accepted_and_filled_whole_at_the_close_moved_against_it() -> None:
    fill = Desk(venue(base_bps="1")).fill("1.5", side="SELL")

    assert (fill.amount, fill.price, fill.side, fill.liquidity) == (D("1.5"), D("1999.8"), "SELL", "TAKER")
    assert (fill.venue, fill.instrument, fill.client_order_id, fill.instruction_id) == ("bybit", PERP_ID, "c1", "a1")


@pytest.mark.parametrize(
    ("size", "price"), [("1", "2000.2"), ("0.1", "2002")], ids=["counted in base", "counted in contracts"]
)
def test_volume_slippage_counts_contracts_as_base(size: str, price: str) -> None:
    perp = instrument(venue="okx", contract_size=BaseAmount(D(size)))
    desk = Desk(venue(perp, name="okx", impact_bps="1000"), candles=(candle(of=perp.instrument_id),))

    assert desk.fill("1", of=perp.instrument_id).price == D(price)


@pytest.mark.parametrize(
    ("of", "side", "fee", "asset"),
    [
        (SPOT_ID, "BUY", "0.002", "ETH"),
        (SPOT_ID, "SELL", "4", "USDT"),
        (PERP_ID, "BUY", "2", "USDT"),
        (PERP_ID, "SELL", "2", "USDT"),
    ],
    ids=["spot buy", "spot sale", "perp buy", "perp sale"],
)
def test_each_kind_of_trade_is_charged_its_own_rate_in_its_own_asset(
    of: InstrumentId, side: str, fee: str, asset: str
) -> None:
    model = venue(taker="0.001")
    perp = type(model.perp_fees)(maker=D(0), taker=D("0.0005"))
    desk = Desk(
        VenueModel(
            venue=model.venue,
            instruments=model.instruments,
            spot_fees=model.spot_fees,
            perp_fees=perp,
            slippage=model.slippage,
        )
    )

    fill = desk.fill("2", of=of, side=side)

    assert (fill.fee, fill.fee_asset) == (D(fee), asset)


@pytest.mark.parametrize("amount", ["0.015", "0.005", "0"])
def test_what_is_no_whole_number_of_lots_is_rejected(amount: str) -> None:
    assert Desk().reason(amount) == "LOT"


def test_less_than_the_minimum_quantity_is_rejected() -> None:
    desk = Desk(venue(instrument(min_quantity=BaseAmount(D("0.1")))))

    assert desk.reason("0.09") == "LOT"
    assert desk.fill("0.1", name="c2").amount == D("0.1")


@pytest.mark.parametrize(
    ("position", "side", "amount", "passes"),
    [
        (None, "SELL", "1", False),
        ("BUY", "BUY", "1", False),
        ("BUY", "SELL", "2", True),
        ("SELL", "BUY", "2", True),
        ("SELL", "SELL", "1", False),
    ],
)
def test_reduce_only_is_held_against_the_exchanges_own_position(
    position: str | None, side: str, amount: str, *, passes: bool
) -> None:
    desk = Desk()
    if position is not None:
        desk.fill("2", side=position, name="c0")
    desk.fill("5", of=SPOT_ID, side="BUY", name="c9")  # spot is no position

    if passes:
        assert desk.fill(amount, side=side, reduce_only=True).amount == D(amount)
    else:
        assert desk.reason(amount, side=side, reduce_only=True) == "REDUCE_ONLY"


@pytest.mark.parametrize(("position", "side"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_what_is_more_than_the_position_is_cut_off(position: str, side: str) -> None:
    desk = Desk()
    desk.fill("2", side=position, name="c0")

    accepted, fill, rest = desk.submit("2.01", side=side, reduce_only=True)

    assert isinstance(accepted, OrderAccepted)
    assert (fill.amount, rest.reason) == (D(2), "REDUCE_ONLY")


@pytest.mark.parametrize(
    ("side", "amount", "of", "passes"),
    [
        ("BUY", "500", SPOT_ID, True),
        ("BUY", "500.00001", SPOT_ID, False),
        ("SELL", "1000", SPOT_ID, True),
        ("SELL", "1000.00001", SPOT_ID, False),
        ("BUY", "5000", PERP_ID, True),
    ],
    ids=["all the quote", "more", "all the base", "more base", "perps are a matter of margin"],
)
def test_a_spot_order_must_be_paid_by_the_exchanges_own_record(
    side: str, amount: str, of: InstrumentId, *, passes: bool
) -> None:
    desk = Desk(venue(taker="0"))

    if passes:
        assert desk.fill(amount, side=side, of=of).amount == D(amount)
    else:
        assert desk.reason(amount, side=side, of=of) == "INSUFFICIENT_BALANCE"


def test_a_fill_says_what_it_would_have_been_without_slippage() -> None:
    assert Desk(venue(base_bps="1")).fill("1").reference_price == D(2000)


def test_without_a_candle_there_is_no_price() -> None:
    desk = Desk(candles=(candle(of=SPOT_ID),))

    assert desk.reason() == "NO_PRICE"


@pytest.mark.parametrize("age", [HOUR, 5 * HOUR])
def test_an_old_close_is_no_price(age: int) -> None:
    desk = Desk()
    desk.turn.at = Nanoseconds(HOUR + age)

    assert desk.reason() == "NO_PRICE"


def test_a_close_is_a_price_to_the_last_moment() -> None:
    desk = Desk()
    desk.turn.at = Nanoseconds(2 * HOUR - 1)

    assert desk.fill().price == D(2000)


def test_an_amount_that_nobody_trades_is_rejected() -> None:
    assert Desk(venue(impact_bps="1"), candles=(candle(volume="0"),)).reason() == "NO_PRICE"


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_the_same_client_id_is_answered_again_and_places_nothing(*, folded: bool) -> None:
    desk = Desk()
    first = desk.submit("2")
    desk.market = market(candle("3000", at=HOUR))
    desk.exchange.receive(desk.market)
    if folded:
        desk.fold()

    assert desk.submit("2") == first
    assert desk.submit("7", side="SELL") == first
    assert [paid.quantity for paid in desk.settle()] == [D(2)]
    assert desk.fill(name="c2").trade_id == "bybit-t2"


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_a_rejection_is_answered_again_also_when_it_would_pass_now(*, folded: bool) -> None:
    desk = Desk()
    desk.turn.at = Nanoseconds(2 * HOUR)
    first = desk.submit()
    desk.turn.at = Nanoseconds(HOUR)
    if folded:
        desk.fold()

    assert desk.submit() == first
    assert isinstance(first[0], OrderRejected)


def test_order_and_trade_ids_are_the_venues_own_and_never_given_twice() -> None:
    desk = Desk()

    fills = [desk.fill(name=f"c{n}") for n in range(5)]

    assert len({fill.order_id for fill in fills} | {fill.trade_id for fill in fills}) == 10
    assert all(fill.order_id.startswith("bybit-") for fill in fills)


@pytest.mark.parametrize(
    ("side", "rate", "amount"),
    [("BUY", "0.0001", "-0.4"), ("SELL", "0.0001", "0.4"), ("BUY", "-0.0001", "0.4"), ("SELL", "-0.0001", "-0.4")],
)
def test_funding_is_minus_quantity_times_mark_times_rate(side: str, rate: str, amount: str) -> None:
    desk = Desk()
    desk.fill("2", side=side)

    (paid,) = desk.settle(rate)

    assert isinstance(paid, FundingPaid)
    quantity = D(2) if side == "BUY" else D(-2)
    assert (paid.quantity, paid.mark, paid.rate, paid.amount) == (quantity, D(2000), D(rate), D(amount))
    assert (paid.venue, paid.instrument) == ("bybit", PERP_ID)


def test_flat_positions_pay_nothing_and_have_no_stale_mark() -> None:
    desk = Desk()
    desk.fill("2", side="BUY", name="c1")
    desk.fill("2", side="SELL", name="c2")
    desk.turn.at = Nanoseconds(9 * HOUR)

    assert desk.settle() == []
    assert Desk(candles=(candle(of=SPOT_ID),)).settle() == []


def test_funding_at_an_old_close_is_paid_and_said() -> None:
    desk = Desk()
    desk.fill("2")
    desk.turn.at = Nanoseconds(2 * HOUR)

    stale, paid = desk.settle()

    assert stale == StaleMark(
        venue=VenueName("bybit"), instrument=PERP_ID, mark=candle().close, closed_at=Nanoseconds(HOUR),
        used_for="funding",
    )  # fmt: skip
    assert paid.amount == D("-0.4")


def test_funding_takes_the_close_of_the_same_slice() -> None:
    desk = Desk()
    desk.fill("2")
    desk.turn.at = Nanoseconds(2 * HOUR)
    desk.exchange.receive(market(candle("3000", at=2 * HOUR), at=2 * HOUR))

    (paid,) = desk.settle()

    assert (paid.mark, paid.amount) == (D(3000), D("-0.6"))


def test_folding_gives_back_positions_and_numbering() -> None:
    ran, folded = Desk(), Desk()
    for desk in (ran, folded):
        desk.fill("3", side="SELL", name="c1")
        desk.reason("0.001", name="c2")
        desk.fill("1", side="BUY", name="c3")
        desk.fill("1", of=SPOT_ID, name="c4")

    folded.fold()

    assert folded.settle() == ran.settle()
    assert folded.submit("2", name="c5", reduce_only=True) == ran.submit("2", name="c5", reduce_only=True)
    assert folded.submit("1", name="c6", reduce_only=True) == ran.submit("1", name="c6", reduce_only=True)
    assert folded.submit("1", name="c7") == ran.submit("1", name="c7")


def test_the_fills_of_other_venues_are_folded_elsewhere() -> None:
    desk = Desk()
    other = InstrumentId("okx:ETHUSDT-PERP")
    desk.entries += [
        submitted(of=other, venue="okx"),
        replace(accepted(of=other), venue=VenueName("okx")),
        filled("9", of=other),
    ]
    desk.entries.append(opening("5", "ETH", account="okx"))

    desk.fold()

    assert desk.settle() == []
    assert desk.fill("1", name="c1").trade_id == "bybit-t1"


def test_a_price_of_another_venue_is_nobodys_here() -> None:
    desk = Desk(candles=(candle(of=SPOT_ID), candle(of=InstrumentId("okx:ETHUSDT-PERP"))))

    assert desk.reason() == "NO_PRICE"
