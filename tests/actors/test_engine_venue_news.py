"""What a live venue tells twice is booked once, and its fills are measured against the price at decision.

As it ran, and as it is folded from the journal.
"""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from messages.live import (
    BalanceAdjusted,
    ForeignOrderGone,
)
from messages.orders import OrderCancelled, OrderFilled
from messages.units import (
    AccountName,
    Liquidity,
    OrderId,
    OrderType,
    Price,
    Rate,
    TradeId,
)
from tests.actors.builders import accepted, cancelled, instruction, paid
from tests.actors.builders import filled as filled_at_a_venue
from tests.actors.engine_desk import D, Desk, passed
from tests.actors.live_desk import AS_IT_RAN_OR_FOLDED, BYBIT, Live, resting
from tests.actors.venue_facts import adjusted, foreign_order, foreign_trade

# --- news -------------------------------------------------------------------------------------------------------------


def payment(number: str = "7") -> Any:  # noqa: ANN401 - funding
    return replace(paid(), payment_id=number)


SEEN: list[tuple[str, Any, list[Any]]] = [
    ("funding", payment(), [payment("8")]),
    ("transfer", adjusted(), [adjusted(reference="r2"), adjusted(asset="ETH")]),
    (
        "transfer of two accounts",
        adjusted(),
        [replace(adjusted("-500"), account=AccountName("bybit.funding"))],
    ),
    (
        "foreign trade",
        foreign_trade(),
        [foreign_trade(trade="f2"), foreign_trade(of=msgspec.convert("bybit:ETH/USDT", str))],  # type: ignore[arg-type]
    ),
    (
        "foreign order",
        foreign_order(),
        [foreign_order("10"), foreign_order(of=msgspec.convert("bybit:ETH/USDT", str))],  # type: ignore[arg-type]
    ),
]


@AS_IT_RAN_OR_FOLDED
@pytest.mark.parametrize(("first", "others"), [each[1:] for each in SEEN], ids=[each[0] for each in SEEN])
def test_what_a_venue_tells_twice_is_journaled_once_and_nothing_else_is_taken_for_it(
    first: Any,  # noqa: ANN401 - any news
    others: list[Any],
    *,
    folded: bool,
) -> None:
    desk = Live()
    assert desk.give(first) == [first]
    if folded:
        desk.fold()

    assert desk.give(first) == []
    for other in others:
        assert desk.give(other) == [other]


def test_funding_and_dust_without_an_id_are_always_news() -> None:
    desk = Live()
    dust: BalanceAdjusted = adjusted(reference="")

    for _ in range(2):
        assert desk.give(paid()) == [paid()]
        assert desk.give(dust) == [dust]


@AS_IT_RAN_OR_FOLDED
def test_a_foreign_order_may_go_once_and_come_again(*, folded: bool) -> None:
    desk = Live()
    gone = ForeignOrderGone(venue=BYBIT, instrument=foreign_order().instrument, order_id=OrderId("9"))
    desk.give(foreign_order())
    if folded:
        desk.fold()

    assert desk.give(gone) == [gone]
    assert desk.give(gone) == []
    assert desk.give(foreign_order()) == [foreign_order()]


@AS_IT_RAN_OR_FOLDED
def test_a_venue_that_starts_is_told_what_of_its_news_is_known(*, folded: bool) -> None:
    desk = Live()
    for news in (payment(), adjusted(), foreign_trade(), foreign_order()):
        desk.give(news)
    if folded:
        desk.fold()

    told = desk.start()

    assert told.payments == ("bybit:ETHUSDT-PERP 7", "bybit USDT r1")
    assert told.foreign_trades == ("bybit:ETHUSDT-PERP f1",)
    assert (told.foreign, told.foreign_keys) == (("9",), ("bybit:ETHUSDT-PERP 9",))


@AS_IT_RAN_OR_FOLDED
def test_a_fill_of_ours_is_never_booked_as_a_strangers_trade_whatever_the_venue_takes_it_for(*, folded: bool) -> None:
    desk = Live()
    desk.begin()
    name = resting(desk, "first", at=11)
    desk.give(filled_at_a_venue(name="first", client=name, trade="f1"))
    if folded:
        desk.fold()

    assert desk.give(foreign_trade(trade="f1")) == []
    assert desk.give(foreign_trade(trade="f2")) == [foreign_trade(trade="f2")]


# --- reference prices -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "liquidity", "reference"),
    [
        ({}, "TAKER", 2000),
        ({"order_type": OrderType.LIMIT, "price": Price(D(2100))}, "TAKER", 2000),
        ({"order_type": OrderType.LIMIT, "price": Price(D(1990))}, "MAKER", 1990),
        ({"order_type": OrderType.STOP_MARKET, "trigger_price": Price(D(2050))}, "TAKER", 2050),
        ({"order_type": OrderType.TRAILING_STOP, "trail_bps": Rate(D(50))}, "TAKER", 2000),
    ],
)
def test_a_fill_without_a_reference_price_gets_the_one_that_its_order_was_decided_at(
    terms: dict[str, Any], liquidity: str, reference: int
) -> None:
    desk = Desk()
    wanted = instruction(**terms)
    desk.give(wanted)
    prices = {key: terms[key] for key in ("price", "trigger_price") if key in terms}
    (intent,) = desk.give(replace(passed(wanted), **prices))
    client = intent.client_order_id  # type: ignore[union-attr]
    desk.give(accepted(client=client))
    told = replace(filled_at_a_venue("0.5", client=client), liquidity=Liquidity(liquidity))

    (first,) = desk.give(told)
    (known,) = desk.give(replace(told, trade_id=TradeId("t2"), reference_price=Price(D(7))))

    assert isinstance(first, OrderFilled)
    assert first.reference_price == reference
    assert isinstance(known, OrderFilled)
    assert known.reference_price == 7


def test_a_fill_after_the_end_has_its_reference_as_well() -> None:
    desk = Desk()
    client = desk.send()
    desk.give(accepted(client=client))
    assert isinstance(desk.give(cancelled(client=client))[0], OrderCancelled)

    (fill,) = desk.give(filled_at_a_venue("0.4", client=client))

    assert isinstance(fill, OrderFilled)
    assert fill.reference_price == 2000
