"""The engine takes every instruction once, and says the same of it ever after, also when it was folded anew."""

import re
from collections.abc import Callable

import pytest

from messages.instructions import (
    Code,
    InstructionReceived,
    InstructionRefused,
    TradeInstruction,
)
from messages.journal import RefuseAtOnce
from messages.lifecycle import ClockJumped, Congested, EndRun, Halt, Halted, Resume, Resumed, RunEnded
from messages.orders import (
    OrderAccepted,
    OrderEvent,
    OrderFilled,
    SubmitOrder,
)
from messages.units import Amount, Asset
from tests.actors import builders
from tests.actors.builders import accepted, cancelled, expired, filled, instruction, rejected, unknown
from tests.actors.engine_desk import D, Desk, no, passed

CODES = (Code.HALTED, Code.BUSY, Code.DUPLICATE_ID)


def test_an_instruction_is_put_on_record_and_nothing_else_is_done_before_the_gate_answers() -> None:
    desk = Desk()

    desk.engine.receive(instruction("1.5", side="SELL"))

    assert desk.log.take() == [builders.received("1.5", side="SELL")]
    assert desk.gate.told == desk.strategy.told == []


def test_what_the_gate_passed_becomes_one_command_with_its_intent() -> None:
    desk = Desk()
    wanted = instruction("1.239", side="SELL", reduce_only=True)
    desk.give(wanted)

    desk.engine.receive(passed(wanted, "1.23"))

    (told,) = desk.log.take()
    assert isinstance(told, SubmitOrder)
    intent = told.intent
    assert (intent.instruction_id, intent.venue, intent.instrument) == ("a1", "bybit", wanted.instrument)
    assert (intent.side, intent.amount, intent.order_type, intent.price) == ("SELL", D("1.23"), "MARKET", None)
    assert intent.reduce_only
    assert (intent.reference_price, intent.held_asset, intent.held_amount) == (D(2000), "USDT", D(2))


def test_a_refusal_at_once_is_told_together_with_what_was_refused() -> None:
    desk = Desk(halted="why")

    desk.engine.receive(instruction())

    (told,) = desk.log.take()
    assert isinstance(told, RefuseAtOnce)
    assert (told.received, told.refused.code) == (builders.received(), Code.HALTED)


def test_the_gates_refusal_is_put_on_record_with_its_price_and_counted() -> None:
    desk = Desk()
    desk.give(instruction())

    (entry,) = desk.give(no(instruction(), Code.BELOW_LOT))

    assert isinstance(entry, InstructionRefused)
    assert (entry.code, entry.detail, entry.price) == (Code.BELOW_LOT, "why", D(2000))
    assert desk.refusals() == {"BELOW_LOT": 1}


def test_order_ids_fit_every_venue_and_differ_by_instruction_and_account() -> None:
    desk, other = Desk(), Desk(namespace=bytes(16))

    ids = [desk.send(instruction(name=name)) for name in ("a1", "a2", "a" * 200, "ä 1")] + [other.send()]

    assert len(set(ids)) == 5
    assert all(re.fullmatch("[A-Za-z0-9]{1,32}", each) for each in ids)
    assert Desk().send() == ids[0] == "xdJ7x8Wzb0KZtNlbeTB4OLzvqPxxncCc"  # as tests/actors/test_order_ids.py has it


def closed_by(*events: Callable[..., OrderEvent]) -> Callable[[Desk], None]:
    def tell(desk: Desk) -> None:
        client = desk.send()
        for event in events:
            desk.give(event(client=client))

    return tell


def refused_by_the_gate(desk: Desk) -> None:
    desk.give(instruction())
    desk.give(no(instruction(), Code.BELOW_LOT))


LIVES: dict[str, Callable[[Desk], None]] = {
    "REFUSED": refused_by_the_gate,
    "OPEN": closed_by(accepted),
    "REJECTED": closed_by(rejected),
    "FILLED": closed_by(accepted, filled),
    "CANCELLED": closed_by(accepted, cancelled),
    "EXPIRED": closed_by(accepted, expired),
    "UNKNOWN": closed_by(unknown),
}


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
@pytest.mark.parametrize("outcome", LIVES)
def test_the_same_instruction_again_is_answered_with_its_outcome_and_nothing_is_journaled(
    outcome: str, *, folded: bool
) -> None:
    desk = Desk()
    LIVES[outcome](desk)
    if folded:
        desk.fold()

    assert desk.outcome() == outcome
    assert desk.outcome() == outcome


def test_the_answer_to_a_repeated_instruction_names_its_order() -> None:
    desk = Desk()
    client = desk.send()

    desk.give(instruction())

    (answer,) = desk.strategy.take()
    assert (answer.instruction_id, answer.client_order_id, answer.outcome) == ("a1", client, "OPEN")


@pytest.mark.parametrize("amount", ["1.0", "1.000", "1"])
def test_equal_content_is_equal_however_its_amount_is_written(amount: str) -> None:
    desk = Desk()
    desk.send(instruction("1.00"))

    assert desk.outcome(instruction(amount)) == "OPEN"


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
@pytest.mark.parametrize(
    "other",
    [
        instruction("2"),
        instruction(side="SELL"),
        instruction(pair="ETH/USDT"),
        instruction(reduce_only=True),
        instruction(str(2**61)),
    ],
    ids=["amount", "side", "instrument", "reduce-only", "an amount whose number hashes alike"],
)
def test_other_content_under_a_known_id_is_refused_and_leaves_the_first_outcome_alone(
    other: TradeInstruction, *, folded: bool
) -> None:
    desk = Desk()
    client = desk.send()
    desk.give(filled(client=client))
    if folded:
        desk.fold()

    assert desk.code(other) is Code.DUPLICATE_ID
    assert desk.outcome() == "FILLED"
    desk.fold()
    assert desk.outcome() == "FILLED"
    assert desk.code(other) is Code.DUPLICATE_ID
    assert desk.refusals() == {"DUPLICATE_ID": 2}


def test_a_refusal_of_other_content_does_not_hide_the_open_order() -> None:
    desk = Desk()
    client = desk.send()
    desk.code(instruction("2"))

    assert desk.outcome() == "OPEN"
    desk.give(filled(client=client))
    assert desk.outcome() == "FILLED"


def test_halted_comes_before_busy_and_busy_before_duplicate() -> None:
    desk = Desk()
    desk.send()
    other = instruction("2")
    found = []

    found.append(desk.code(other))
    desk.give(Congested(on=True, waiting=9))
    found.append(desk.code(other))
    desk.give(Halt(reason="enough"))
    found.append(desk.code(other))

    assert tuple(reversed(found)) == CODES


def test_while_halted_every_instruction_is_refused_with_the_reason() -> None:
    desk = Desk(halted="[risk] halted is set")

    entries = desk.give(instruction(reduce_only=True))

    assert [type(entry) for entry in entries] == [InstructionReceived, InstructionRefused]
    assert isinstance(entries[1], InstructionRefused)
    assert (entries[1].code, entries[1].detail) == (Code.HALTED, "[risk] halted is set")


def test_while_congested_new_risk_is_refused_and_reduce_only_passes() -> None:
    desk = Desk()
    desk.give(Congested(on=True, waiting=9))

    assert desk.code(instruction(name="a1")) is Code.BUSY
    assert desk.code(instruction(name="a2", reduce_only=True)) is None
    desk.give(Congested(on=False, waiting=0))
    assert desk.code(instruction(name="a3")) is None


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_a_halt_is_put_on_record_once_and_stays(*, folded: bool) -> None:
    desk = Desk()

    assert desk.give(Halt(reason="enough")) == [Halted(reason="enough")]
    if folded:
        desk.fold()
    assert desk.give(Halt(reason="again")) == []
    assert desk.code(instruction()) is Code.HALTED


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_an_operator_ends_a_halt_once(*, folded: bool) -> None:
    desk = Desk()
    desk.give(Halt(reason="enough"))

    assert desk.give(Resume()) == [Resumed(reason="enough")]
    if folded:
        desk.fold()
    assert desk.give(Resume()) == []
    assert desk.code(instruction()) is None


@pytest.mark.parametrize("folded", [False, True], ids=["as it ran", "folded"])
def test_what_the_config_halts_no_operator_ends(*, folded: bool) -> None:
    desk = Desk(halted="[risk] halted is set")

    assert desk.give(Resume()) == []
    if folded:
        desk.fold()
    assert desk.code(instruction()) is Code.HALTED


def test_orders_on_their_way_are_followed_while_halted() -> None:
    desk = Desk()
    client = desk.send()
    desk.give(Halt(reason="enough"))

    assert [type(entry) for entry in desk.give(filled(client=client))] == [OrderAccepted, OrderFilled]
    assert desk.outcome() == "FILLED"


def test_a_clock_that_jumped_is_put_on_record_and_halts_nothing_where_no_venue_has_a_clock_of_its_own() -> None:
    desk = Desk()

    entries = desk.give(ClockJumped(by_ns=6_000_000_000))

    assert entries == [ClockJumped(by_ns=6_000_000_000)]
    assert desk.code(instruction()) is not Code.HALTED


def test_the_end_of_a_run_is_told_as_it_came() -> None:
    desk = Desk()
    end = EndRun(
        outcome="failed", reason="why", market_events=3, currency=Asset("USDT"), equity_start=None,
        equity_end=Amount(D(7)),
    )  # fmt: skip

    (entry,) = desk.give(end)

    assert isinstance(entry, RunEnded)
    assert all(getattr(entry, field) == getattr(end, field) for field in entry.__struct_fields__)
