"""The first start at an account, and that every later one is at the same.

Money that nobody spoke of is never taken for the book's: it is adopted because somebody said so, or a person must look.
"""

from pathlib import Path

import msgspec
import pytest

from actors.errors import BadInputError
from actors.exchange.wire.contract import SeenAccount
from actors.intents import received
from config.instructions import read_open_script
from messages.book import Opening
from messages.instructions import InstructionReceived
from messages.journal import Entry, Record
from messages.live import AccountOpened, OpeningPosition
from messages.orders import OrderFilled
from messages.units import AccountName, Nanoseconds, Seq, VenueName
from ops.daemon.first_start import FundedAccountError, openings, refuse_dropped_instruments, refuse_renamed_lines
from tests.actors.builders import PERP_ID, SPOT_ID, filled
from tests.actors.builders import instruction as an_instruction
from tests.actors.venue_facts import opening_position
from tests.config.samples import line
from tests.ops.daemon.house import UID, balance, desk, position, seen
from tests.ops.daemon.small_venue import market

BYBIT = VenueName("bybit")
EMPTY = {"balances": ()}


def test_an_empty_account_is_opened_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.seen = seen(balances=(balance("0"),), positions=(position("0"),))
        own.start(adopt=False)
        own.stop()

        assert own.kinds()[:2] == ["RunStarted", "AccountOpened"]
        assert own.of(AccountOpened) == [AccountOpened(venue=BYBIT, uid=UID)]
        assert own.of(Opening) == []


def test_what_lies_there_needs_a_person_where_nobody_said_that_it_is_adopted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.seen = seen(balances=(balance("100000"), balance("2.50", "ETH")), positions=(position("-1.5"),))
        with pytest.raises(FundedAccountError) as refused:
            own.start(adopt=False)
        entries, changed = own.kinds(), own.times_set_up
        own.start(adopt=True)
        own.stop()

        assert refused.value.exit_code == 78
        assert str(refused.value) == (
            f"venues.bybit: account {UID} holds 2.5 ETH, 100000 USDT, -1.5 bybit:ETHUSDT-PERP; "
            "with --adopt a start records it as the opening balance"
        )
        assert (entries, changed) == ([], 0)
        assert own.times_set_up == 1
        assert own.kinds()[:5] == ["RunStarted", "Opening", "Opening", "OpeningPosition", "AccountOpened"]


def test_what_lies_in_an_account_beside_the_venues_first_is_said_with_its_name() -> None:
    beside = msgspec.structs.replace(balance("5"), account=AccountName("bybit.perp"))
    perp = msgspec.structs.replace(market(PERP_ID), account=AccountName("bybit.perp"))

    with pytest.raises(FundedAccountError, match=r"holds 7 USDT, 5 USDT in bybit\.perp;"):
        openings(
            [seen(balances=(balance("7"), beside), wire={SPOT_ID: market(SPOT_ID), PERP_ID: perp})], {}, adopt=False
        )


def test_what_is_adopted_can_be_traded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.seen = seen(balances=(balance("1000"),), positions=(position("2", "1900"),))
        own.start(adopt=True)
        own.told.wait_for("VenueSettled")
        own.give("a1", "5", side="SELL", reduce_only=True)
        own.told.wait_for("OrderFilled")
        own.stop()

        assert own.of(OpeningPosition) == [
            OpeningPosition(
                venue=BYBIT,
                instrument=PERP_ID,
                quantity=position("2").quantity,
                entry_price=position("2", "1900").entry_price,  # type: ignore[arg-type]  # it has one
            )
        ]
        assert [str(each.amount) for each in own.of(OrderFilled)] == ["2"]


def test_a_later_start_adopts_nothing_more_and_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start(adopt=True)
        own.stop()
        own.seen = seen(balances=(balance("250000"),))
        own.start(adopt=False)
        own.stop()

        assert [str(each.amount) for each in own.of(Opening)] == ["100000"]
        assert len(own.of(AccountOpened)) == 1


def test_another_account_is_refused_and_nothing_is_put_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.start(adopt=True)
        own.stop()
        before = own.kinds()
        own.seen = seen(account=SeenAccount(uid="uid-2", may_trade=True, may_withdraw=False))
        with pytest.raises(BadInputError) as refused:
            own.start(adopt=True)

        assert refused.value.exit_code == 2
        assert str(refused.value) == (
            f"venues.bybit: the key opens account uid-2, and the journal is about account {UID}: expected its key, or "
            "another journal"
        )
        assert (own.kinds(), own.times_set_up) == (before, 1)


def test_a_start_is_on_record_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(tmp_path, monkeypatch) as own:
        own.seen = seen(balances=(balance("100000"), balance("2", "ETH")), positions=(position("1"),))
        own.start(adopt=True)
        own.told.wait_for("VenueSettled")
        own.stop()

        start = own.records()[:5]
        assert [type(each.entry).__name__ for each in start] == [
            *("RunStarted", "Opening", "Opening", "OpeningPosition", "AccountOpened"),
        ]
        assert len({each.at for each in start}) == 1


def test_coins_of_no_configured_market_are_left_alone_but_not_passed_over() -> None:
    held = seen(balances=(balance("5", "DOGE"),))

    with pytest.raises(FundedAccountError, match="holds coins of no configured market"):
        openings([held], {}, adopt=False)

    assert openings([held], {}, adopt=True) == [AccountOpened(venue=BYBIT, uid=UID)]


def test_all_funded_accounts_are_named_at_once() -> None:
    other = seen(venue=VenueName("okx"), account=SeenAccount(uid="b", may_trade=True, may_withdraw=False))

    with pytest.raises(FundedAccountError) as refused:
        openings([seen(), other], {}, adopt=False)

    assert "venues.bybit: account uid-1 holds 100000 USDT; venues.okx: account b holds" in str(refused.value)


def test_a_venue_that_joins_later_is_opened_then() -> None:
    other = seen(venue=VenueName("okx"), account=SeenAccount(uid="b", may_trade=True, may_withdraw=False), **EMPTY)

    assert openings([seen(), other], {BYBIT: UID}, adopt=False) == [AccountOpened(venue=VenueName("okx"), uid="b")]


def test_an_instrument_of_the_journal_that_the_config_has_no_more_is_named_before_anything_starts() -> None:
    entries: tuple[Entry, ...] = (AccountOpened(venue=BYBIT, uid=UID), filled(), opening_position("1", "2000"))
    journal = [
        Record(seq=Seq(number), at=Nanoseconds(0), cause=None, hash=b"", entry=entry)
        for number, entry in enumerate(entries, 1)
    ]
    refuse_dropped_instruments({PERP_ID, SPOT_ID}, journal)

    with pytest.raises(BadInputError) as refused:
        refuse_dropped_instruments({SPOT_ID}, journal)

    assert str(refused.value) == (
        "venues.bybit.instruments: ETHUSDT-PERP stands in the journal, expected it here, too, or another journal"
    )


class TestLinesWithoutAnId:
    """Such a line is called by its number, so what stood there when it was placed must stand there still."""

    def records(self, *entries: InstructionReceived) -> list[Record]:
        return [
            Record(seq=Seq(number), at=Nanoseconds(0), cause=None, hash=b"", entry=entry)
            for number, entry in enumerate(entries, 1)
        ]

    def placed(self, name: str, **changes: object) -> InstructionReceived:
        return received(an_instruction(name=name, **changes))  # type: ignore[arg-type]  # as the builder takes them

    def refuse(self, folder: Path, lines: list[str], *placed: InstructionReceived) -> None:
        path = folder / "script.jsonl"
        path.write_text("".join(f"{each}\n" for each in lines))
        script = read_open_script(path, venues=(BYBIT,), known={SPOT_ID, PERP_ID})
        try:
            refuse_renamed_lines(script, self.records(*placed))
        finally:
            script.close()

    def plain(self, amount: str) -> str:
        return line(id=None, at=None, side="LONG", amount=amount)

    def test_a_line_that_was_put_before_one_that_was_placed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInputError) as refused:
            self.refuse(tmp_path, [self.plain("9"), self.plain("1")], self.placed("L1"))

        assert str(refused.value) == (
            "script.jsonl:1: another instruction was placed as line 1 before, expected the file as it was, or an "
            '"id" in every line'
        )

    def test_lines_behind_those_that_were_placed_are_welcome(self, tmp_path: Path) -> None:
        self.refuse(tmp_path, [self.plain("1"), self.plain("9")], self.placed("L1"))

    def test_a_file_as_it_was_is_welcome(self, tmp_path: Path) -> None:
        self.refuse(tmp_path, [self.plain("1"), self.plain("2")], self.placed("L1"), self.placed("L2", amount="2"))

    def test_lines_with_an_id_may_stand_anywhere(self, tmp_path: Path) -> None:
        named = line(id="b7", at=None, side="LONG", amount="9")

        self.refuse(tmp_path, [named], self.placed("L1"), self.placed("b8"))

    def test_of_another_use_of_a_number_the_first_counts(self, tmp_path: Path) -> None:
        self.refuse(tmp_path, [self.plain("1")], self.placed("L1"), self.placed("L1", amount="7"))
