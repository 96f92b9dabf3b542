"""A run through all the actors as they are wired: one order of entries, and each names its cause.

What is wanted at one instant is worked one after the other; reactions without an end are found out.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.errors import StrategyError
from actors.journal.encoding import encode, next_hash
from actors.strategies.contract import StrategyContext
from messages.base import Message
from messages.instructions import AskRefusals, TradeInstruction
from messages.market import MarketSlice
from messages.orders import OrderFilled
from ops.bench.data import write
from ops.cli import main
from ops.wiring import namespace
from tests.actors.builders import instruction, venue
from tests.ops.house import CONFIG, House, Silent


class PingPong(Silent):
    """Answers every fill with another order, for ever."""

    def __init__(self, context: StrategyContext) -> None:
        self.context = context
        self.side = "SELL"

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:
        if market.at == self.context.start:
            yield self.trade()

    def on_event(self, event: Message) -> Iterator[TradeInstruction]:
        if isinstance(event, OrderFilled):
            yield self.trade()

    def trade(self) -> TradeInstruction:
        self.side = "BUY" if self.side == "SELL" else "SELL"
        return self.context.trade("bybit", "ETHUSDT-PERP", self.side, "1")


class TwentyThousand(PingPong):
    """Wants very much at one instant, and answers nothing."""

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:
        if market.at == self.context.start:
            for _ in range(20_000):
                yield self.trade()

    def on_event(self, event: Message) -> Iterator[TradeInstruction]:  # noqa: ARG002 - it does not listen
        yield from ()


class Reacting(PingPong):
    """Answers the fill of the test's own instruction with one order."""

    def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:  # noqa: ARG002 - it does not look
        yield from ()

    def on_event(self, event: Message) -> Iterator[TradeInstruction]:
        if isinstance(event, OrderFilled) and event.instruction_id == "a1":
            yield self.trade()


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., House]]:
    built: list[House] = []

    def build(**words: Any) -> House:  # noqa: ANN401 - a house's own
        built.append(House(tmp_path / str(len(built)), **words))
        return built[-1]

    yield build
    for house in built:
        house.stop()


def told(house: House, *, after: int = 0) -> list[tuple[str, int | None]]:
    """Return type and cause of the entries behind a number."""
    return [(type(each.entry).__name__, each.cause) for each in house.records()[after:]]


def test_the_entries_of_a_run_come_in_one_order_and_name_their_causes(make: Callable[..., House]) -> None:
    house = make(build=Reacting)
    house.begin()
    house.slice(1, "2000")
    house.give(instruction("2", name="a1"))
    house.give(instruction("0.001", name="a2"))
    house.slice(2, "2100", rate="0.0001")
    house.end()

    assert told(house) == [
        ("RunStarted", None),  # 1
        ("Opening", None),
        ("Opening", None),
        ("EquityMarked", None),  # 4
        ("InstructionReceived", None),  # 5
        ("OrderSubmitted", 5),
        ("OrderAccepted", 6),
        ("OrderFilled", 6),  # 8
        ("InstructionReceived", 8),  # 9: the strategy's, on hearing of the fill
        ("OrderSubmitted", 9),
        ("OrderAccepted", 10),
        ("OrderFilled", 10),
        ("InstructionReceived", None),  # 13
        ("InstructionRefused", 13),
        ("FundingPaid", None),
        ("EquityMarked", None),  # of the second hour
        ("EquityMarked", None),  # of the end
        ("PnlAttributed", None),
        ("RunEnded", None),
    ]


def test_numbers_times_and_hashes_are_what_another_calculation_says(make: Callable[..., House]) -> None:
    house = make()
    house.begin()
    for hour in (1, 2, 3):
        house.slice(hour, "2000")
        house.give(instruction(name=f"a{hour}"))
    records = house.records()

    digest = house.store.manifest.hash_0
    for record in records:
        digest = next_hash(digest, encode(record.seq, record.at, record.cause, record.entry))
        assert record.hash == digest
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert [record.at for record in records] == sorted(record.at for record in records)
    assert house.store.last_hash == digest


def test_the_first_slice_marks_the_book_before_anybody_trades(make: Callable[..., House]) -> None:
    house = make(build=PingPongOnce)
    house.begin()
    house.slice(1, "2000")
    house.slice(2, "2000")

    kinds = house.kinds()
    assert kinds.count("EquityMarked") == 2
    assert kinds.index("EquityMarked") < kinds.index("InstructionReceived")


class PingPongOnce(PingPong):
    def on_event(self, event: Message) -> Iterator[TradeInstruction]:  # noqa: ARG002 - once is enough
        yield from ()


def test_instructions_of_one_instant_see_what_the_one_before_left(make: Callable[..., House]) -> None:
    class Spender(PingPong):
        def on_slice(self, market: MarketSlice) -> Iterator[TradeInstruction]:  # noqa: ARG002 - whatever it is
            yield self.context.trade("bybit", "ETH/USDT", "BUY", "1")
            yield self.context.trade("bybit", "ETH/USDT", "BUY", "1")
            yield self.context.trade("bybit", "ETH/USDT", "SELL", "1")
            yield self.context.trade("bybit", "ETH/USDT", "BUY", "0.9")

        def on_event(self, event: Message) -> Iterator[TradeInstruction]:  # noqa: ARG002 - it does not listen
            yield from ()

    house = make(build=Spender, models=(venue(base_bps="0", taker="0"),))
    house.begin(usdt="2500", eth="0.00001")
    house.slice(1, "2000")

    fills = [each.entry.instruction_id for each in house.records() if isinstance(each.entry, OrderFilled)]
    assert fills == ["S1", "S3", "S4"]
    assert house.wired.ask("engine", AskRefusals()).counts == (("INSUFFICIENT_BALANCE", 1),)


def test_funding_of_an_instant_is_paid_before_the_strategy_trades_there(make: Callable[..., House]) -> None:
    house = make(build=PingPongOnce)
    house.begin()
    house.slice(1, "2000", rate="0.0001")  # start: the strategy buys, and pays nothing for that hour
    house.slice(2, "2000", rate="0.0001")

    assert house.kinds().count("FundingPaid") == 1


def test_a_halted_config_refuses_everything(make: Callable[..., House]) -> None:
    house = make(config=f"{CONFIG}[risk]\nhalted = true\n")
    house.begin()
    house.slice(1, "2000")
    house.give(instruction())

    assert house.kinds()[-2:] == ["InstructionReceived", "InstructionRefused"]
    assert house.wired.ask("engine", AskRefusals()).counts == (("HALTED", 1),)


def test_the_limit_of_the_config_reaches_the_gate(make: Callable[..., House]) -> None:
    house = make(config=f'{CONFIG}[risk]\nmax_order_notional = "1999"\n')
    house.begin()
    house.slice(1, "2000")
    house.give(instruction())

    assert house.wired.ask("engine", AskRefusals()).counts == (("LIMIT_ORDER_NOTIONAL", 1),)


def test_a_strategys_error_is_skipped_where_the_config_says_so(make: Callable[..., House]) -> None:
    class Raising(Silent):
        def on_slice(self, market: MarketSlice) -> Iterable[TradeInstruction]:
            if market.at == house.at and not house.kinds().count("InputSkipped"):
                raise RuntimeError("no idea")
            return ()

    text = CONFIG.replace('use = "tests.ops.house:Silent"', 'use = "tests.ops.house:Silent"\non_error = "skip"')
    house = make(build=Raising, config=text)
    house.begin()
    house.slice(1, "2000")
    house.slice(2, "2000")

    assert house.kinds().count("InputSkipped") == 1
    assert house.supervisor.errors == []


def test_a_strategy_that_raises_at_a_fill_names_its_line_and_leaves_the_fill_on_record(
    make: Callable[..., House],
) -> None:
    class Raising(Silent):
        def on_event(self, event: Message) -> Iterable[TradeInstruction]:
            if isinstance(event, OrderFilled):
                raise RuntimeError("no idea")  # noqa: TRY004 - a planted fault
            return ()

    house = make(build=Raising, supervised=False)
    house.begin()
    house.slice(1, "2000")

    with pytest.raises(StrategyError, match="RuntimeError: no idea") as caught:
        house.give(instruction())

    assert caught.value.where.startswith("test_wiring.py:")
    assert house.kinds()[-1] == "OrderFilled"


def test_order_ids_follow_from_the_seed() -> None:
    assert len(namespace(7)) == 16
    assert namespace(7) == namespace(7) != namespace(8)


# --- reactions without an end, by the command line --------------------------------------------------------------------


def config(folder: Path, use: str, *, end: str = "2024-01-01T00:04:00Z") -> Path:
    """Write five minutes of data, and a config that runs a strategy on them."""
    write(folder / "data", minutes=5)
    path = folder / "c.toml"
    path.write_text(
        f'[mode]\ntype = "backtest"\nstart = 2024-01-01T00:01:00Z\nend = {end}\n'
        '[data]\ndir = "data"\nresolution = "1m"\n[accounts.bybit]\nUSDT = "1000000"\n'
        f'[venues.bybit]\nkind = "cex"\n[strategy]\nuse = "{use}"\n'
    )
    return path


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    """Run execd; return exit code, the object on stdout, and stderr."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["execd", "run", *words, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
    out, err = capsys.readouterr()
    code = ended.value.code
    assert isinstance(code, int)
    return code, json.loads(out.splitlines()[-1]), err


def test_a_strategy_that_reacts_to_itself_for_ever_ends_the_run_with_a_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, "tests.ops.test_wiring:PingPong")

    code, result, err = ran(capsys, str(path), "--out", str(tmp_path / "out"))

    assert code == 1
    assert result["exit"] == 1
    assert "LivelockError: 10000 reactions at one instant, each to the one before" in result["error"]
    assert result["error"] in err
    assert "Traceback" not in err
    assert result["fills"] == result["orders"] > 1000  # all that was finished is on record


def test_twenty_thousand_instructions_at_one_instant_are_no_livelock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = config(tmp_path, "tests.ops.test_wiring:TwentyThousand")

    code, result, _ = ran(capsys, str(path), "--out", str(tmp_path / "out"))

    assert code == 0
    assert (result["instructions"], result["fills"]) == (20_000, 20_000)
    assert result["positions"] == {}
