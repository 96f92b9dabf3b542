"""The gate: every check, in order, against the state after the trade."""

from decimal import Decimal
from typing import Any

import pytest

from actors.contract import Turn
from actors.gate import Gate
from messages.book import Balance, BookChanged, Fact, Opening, Position
from messages.instructions import Code, InstructionReceived, TradePassed, TradeRefused
from messages.instruments import VenueModel
from messages.journal import Entry
from messages.orders import OrderCancelled, OrderUnknown, OutcomeKnown
from messages.units import (
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    Nanoseconds,
    OrderId,
    VenueName,
)
from tests.actors.builders import (
    HOUR,
    PERP_ID,
    SPOT_ID,
    Mail,
    accepted,
    candle,
    filled,
    market,
    received,
    record,
    submitted,
    venue,
)

D = Decimal
NOTHING = Opening(account=AccountName("bybit"), asset=Asset("USDT"), amount=Amount(D(0)))


class Desk:
    """A gate with prices, balances and a mailbox."""

    def __init__(
        self,
        *,
        usdt: str = "100000",
        eth: str = "0",
        quantity: str = "0",
        model: VenueModel | None = None,
        max_order_notional: Decimal | None = None,
        **others: Any,  # noqa: ANN401 - of a gate
    ) -> None:
        self.turn = Turn()
        self.turn.at = Nanoseconds(HOUR)
        self.mail = Mail()
        self.gate = Gate(
            turn=self.turn,
            venues=(model or venue(),),
            candle_ns=HOUR,
            max_order_notional=max_order_notional,
            engine=self.mail,
            **others,
        )
        self.gate.receive(market())
        self.book(usdt=usdt, eth=eth, quantity=quantity)

    def book(self, *, usdt: str, eth: str = "0", quantity: str = "0", fact: Fact = NOTHING) -> None:
        position = Position(  # at the mark, so that nothing is unrealised
            venue=VenueName("bybit"),
            instrument=PERP_ID,
            quantity=BaseAmount(D(quantity)),
            cost=Amount(D(quantity) * 2000),
        )
        balances = tuple(
            Balance(account=AccountName("bybit"), asset=Asset(asset), amount=Amount(D(amount)))
            for asset, amount in (("USDT", usdt), ("ETH", eth))
        )
        self.gate.receive(
            BookChanged(
                fact=fact, balances=balances, position=position, realised=Amount(D(0)), fee_in_quote=Amount(D(0))
            )
        )

    def check(self, wanted: InstructionReceived) -> TradePassed | TradeRefused:
        self.gate.receive(wanted)
        (answer,) = self.mail.take()
        assert isinstance(answer, TradePassed | TradeRefused)
        return answer

    def code(self, wanted: InstructionReceived) -> Code | None:
        answer = self.check(wanted)
        return answer.code if isinstance(answer, TradeRefused) else None

    def amount(self, wanted: InstructionReceived) -> Decimal:
        answer = self.check(wanted)
        assert isinstance(answer, TradePassed), answer
        return answer.amount


def test_what_passes_is_rounded_down_to_the_lot_and_carries_its_price() -> None:
    answer = Desk().check(received("1.239"))

    assert isinstance(answer, TradePassed)
    assert answer.amount == D("1.23")
    assert answer.reference_price == D(2000)


def test_without_a_candle_there_is_no_price() -> None:
    desk = Desk()
    gate = Gate(turn=desk.turn, venues=(venue(),), candle_ns=HOUR, max_order_notional=None, engine=desk.mail)

    gate.receive(received())

    assert desk.mail.take()[0].code is Code.NO_PRICE


@pytest.mark.parametrize(
    ("age", "code"), [(HOUR - 1, None), (HOUR, Code.NO_PRICE)], ids=["just fresh", "one candle old"]
)
def test_a_close_is_a_price_for_less_than_one_candle_length(age: int, code: Code | None) -> None:
    desk = Desk()
    desk.turn.at = Nanoseconds(HOUR + age)

    assert desk.code(received()) is code


@pytest.mark.parametrize(
    ("quantity", "side", "code", "cut"),
    [
        ("0", "SELL", Code.REDUCE_ONLY, None),
        ("2", "BUY", Code.REDUCE_ONLY, None),
        ("-2", "SELL", Code.REDUCE_ONLY, None),
        ("2", "SELL", None, "2"),
        ("-2", "BUY", None, "2"),
        ("0.005", "SELL", Code.BELOW_LOT, None),
    ],
)
def test_reduce_only_is_refused_where_there_is_nothing_to_reduce_and_cut_to_the_position(
    quantity: str, side: str, code: Code | None, cut: str | None
) -> None:
    desk = Desk(quantity=quantity)
    wanted = received("5", side=side, reduce_only=True)

    if cut is None:
        assert desk.code(wanted) is code
    else:
        assert desk.amount(wanted) == D(cut)


def test_reduce_only_is_cut_to_what_is_left_when_all_in_flight_fill_the_worse_way() -> None:
    desk = Desk(quantity="3")
    desk.check(received("2", name="a1", side="SELL", reduce_only=True))

    assert desk.amount(received("2", name="a2", side="SELL", reduce_only=True)) == D(1)
    assert desk.code(received("2", name="a3", side="SELL", reduce_only=True)) is Code.REDUCE_ONLY


@pytest.mark.parametrize(("amount", "code"), [("0.0099", Code.BELOW_LOT), ("0.01", None)])
def test_an_amount_of_less_than_a_lot_is_refused(amount: str, code: Code | None) -> None:
    assert Desk().code(received(amount)) is code


@pytest.mark.parametrize(("amount", "code"), [("0.00249", Code.BELOW_NOTIONAL), ("0.0025", None)])
def test_the_minimum_notional_counts_the_rounded_amount_at_the_unslipped_price(amount: str, code: Code | None) -> None:
    assert Desk(eth="1").code(received(amount, pair="ETH/USDT", side="SELL")) is code


def test_reduce_only_orders_have_no_minimum_notional() -> None:
    desk = Desk(quantity="0.01")
    desk.gate.receive(market(candle("100"), candle("100", of=SPOT_ID)))

    assert desk.code(received("0.01")) is Code.BELOW_NOTIONAL
    assert desk.code(received("0.01", side="SELL", reduce_only=True)) is None


@pytest.mark.parametrize(("limit", "code"), [("2000", None), ("1999.99", Code.LIMIT_ORDER_NOTIONAL)])
def test_the_largest_order_is_limited_and_equality_passes(limit: str, code: Code | None) -> None:
    assert Desk(max_order_notional=D(limit)).code(received("1")) is code


@pytest.mark.parametrize(("usdt", "code"), [("2002", None), ("2001.99", Code.INSUFFICIENT_BALANCE)])
def test_a_purchase_needs_its_slipped_notional_free(usdt: str, code: Code | None) -> None:
    desk = Desk(usdt=usdt, model=venue(base_bps="10"))

    assert desk.code(received("1", pair="ETH/USDT")) is code


@pytest.mark.parametrize(("eth", "code"), [("1", None), ("0.99999", Code.INSUFFICIENT_BALANCE)])
def test_a_sale_needs_its_base_free(eth: str, code: Code | None) -> None:
    assert Desk(usdt="0", eth=eth).code(received("1", pair="ETH/USDT", side="SELL")) is code


@pytest.mark.parametrize(("usdt", "code"), [("2002", None), ("2001.99", Code.INSUFFICIENT_MARGIN)])
def test_a_perp_order_needs_its_taker_fee_and_its_margin_free(usdt: str, code: Code | None) -> None:
    assert Desk(usdt=usdt).code(received("1", side="SELL")) is code


def test_what_passed_is_held_until_the_order_ends() -> None:
    desk = Desk(usdt="3000")
    assert desk.code(received("1", name="a1", pair="ETH/USDT")) is None

    assert desk.code(received("1", name="a2", pair="ETH/USDT")) is Code.INSUFFICIENT_BALANCE
    desk.gate.receive(
        OrderCancelled(
            venue=VenueName("bybit"),
            instrument=SPOT_ID,
            order_id=OrderId("o1"),
            client_order_id=ClientOrderId("c1"),
            instruction_id=InstructionId("a1"),
            reason="",
        )
    )
    assert desk.code(received("1", name="a2", pair="ETH/USDT")) is None


def test_a_partial_fill_frees_its_share_of_the_hold() -> None:
    desk = Desk(usdt="4000")
    desk.check(received("2", name="a1", pair="ETH/USDT"))

    desk.book(usdt="2000", fact=filled("1", of=SPOT_ID, name="a1"))

    assert desk.code(received("1", name="a2", pair="ETH/USDT")) is Code.INSUFFICIENT_BALANCE
    desk.book(usdt="2000", fact=filled("1", of=SPOT_ID, name="a1", trade="t2"))
    assert desk.code(received("1", name="a2", pair="ETH/USDT")) is None


def unknown(name: str = "a1") -> OrderUnknown:
    return OrderUnknown(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        client_order_id=ClientOrderId("c1"),
        instruction_id=InstructionId(name),
        reason="time-out",
    )


def test_an_unknown_order_freezes_its_instrument_until_it_is_known_again() -> None:
    desk = Desk()
    desk.check(received("1", name="a1"))
    desk.gate.receive(unknown())

    assert desk.code(received("1", name="a2")) is Code.OUTCOME_UNKNOWN
    assert desk.code(received("1", name="a3", pair="ETH/USDT")) is None
    desk.gate.receive(OutcomeKnown(instruction_id=InstructionId("a1")))
    assert desk.code(received("1", name="a2")) is None


@pytest.mark.parametrize(
    ("quantity", "amount", "expected"),
    [("5", "3", "3"), ("5", "5", "3"), ("2", "1", None), ("1", "1", None)],
    ids=["safe", "cut to what is safe", "flat if the unknown one filled", "short if the unknown one filled"],
)
def test_while_an_outcome_is_unknown_only_reduce_only_orders_pass_and_are_cut_to_what_is_safe_in_both_worlds(
    quantity: str, amount: str, expected: str | None
) -> None:
    desk = Desk(quantity=quantity)
    desk.check(received("2", name="a1", side="SELL"))
    desk.gate.receive(unknown())

    wanted = received(amount, name="a2", side="SELL", reduce_only=True)
    if expected is None:
        assert desk.code(wanted) is Code.OUTCOME_UNKNOWN
    else:
        assert desk.amount(wanted) == D(expected)


@pytest.mark.parametrize(("usdt", "code"), [("8013", None), ("8012.99", Code.INSUFFICIENT_MARGIN)])
def test_folding_the_journal_gives_back_holds_balances_and_positions(usdt: str, code: Code | None) -> None:
    desk = Desk()
    gate = Gate(turn=desk.turn, venues=(venue(),), candle_ns=HOUR, max_order_notional=None, engine=desk.mail)
    entries: list[Entry] = [
        Opening(account=AccountName("bybit"), asset=Asset("USDT"), amount=Amount(D(usdt))),
        submitted("2", name="a0", client="c0"),
        accepted(name="a0", client="c0"),
        filled("2", name="a0", client="c0", fee="1"),
        submitted("1", name="a1"),
    ]

    for seq, entry in enumerate(entries, start=1):
        gate.apply(record(entry, seq=seq))
    gate.apply_market(market())

    desk.gate = gate
    # 8013 - 1 paid - 10 held - 4 * 2000 of margin (2 are held, 1 is under way, 1 is wanted) leaves the 2 needed.
    assert desk.code(received("1", name="a2")) is code


def test_codes_come_in_the_order_of_the_checks() -> None:
    desk = Desk(usdt="0", max_order_notional=D(1), quantity="0")
    stale, everything = received("0.001"), received("0.001", reduce_only=True)

    assert desk.code(received("1")) is Code.LIMIT_ORDER_NOTIONAL
    assert desk.code(stale) is Code.BELOW_LOT
    assert desk.code(everything) is Code.REDUCE_ONLY
    desk.turn.at = Nanoseconds(2 * HOUR)
    assert desk.code(everything) is Code.NO_PRICE
