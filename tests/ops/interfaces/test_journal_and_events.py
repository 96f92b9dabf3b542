"""The journal of a run that is driven by calls is like any other; the event logger tells what stands in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from actors.journal.reader import JournalReader
from actors.journal.verify import verify
from messages.lifecycle import RunEnded, RunStarted
from ops.interfaces.answers import LoggedEvent
from tests.ops.interfaces.calls import engine, perp, prices, run, sample, spot

ROOT = Path(__file__).resolve().parents[3]


async def traded(journal: Path, **config: object) -> list[LoggedEvent]:
    async with engine(journal=journal, **config) as ours:
        for hour in range(1, 12, 3):
            at = {"timestamp": f"2024-01-01T{hour:02}:00:00Z"}
            await ours.execute_trade_with_interface(spot(0.5, venue="bybit"), at)
            await ours.execute_trade_with_interface(perp(0.5, "SHORT"), at)
        await ours.execute_trade_with_interface(spot(9), prices(3000))
        await ours.close()
        return ours.event_logger.events


def test_the_chain_holds_and_the_last_entry_ends_the_run(tmp_path: Path) -> None:
    journal = tmp_path / "deep" / "j.sqlite"

    run(traded(journal, data=sample(tmp_path)))

    verdict = verify(journal)
    assert (verdict.ok, verdict.ended) == (True, True)
    with JournalReader(journal) as reader:
        entries = [record.entry for record in reader.records()]
    assert isinstance(entries[0], RunStarted)
    assert isinstance(entries[-1], RunEnded)
    assert (entries[-1].outcome, entries[0].end) == ("done", None)
    assert entries[-1].market_events > 0


def test_the_same_calls_give_the_same_hash_in_another_process(tmp_path: Path) -> None:
    data = sample(tmp_path)
    run(traded(tmp_path / "one.sqlite", data=data, seed=5))
    program = f"""
import asyncio
from pathlib import Path
from tests.ops.interfaces.test_journal_and_events import traded
asyncio.run(traded(Path({str(tmp_path / "two.sqlite")!r}), data={data!r}, seed=5))
"""
    env = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "77"}
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=env, timeout=60)  # noqa: S603 - ours

    one, two = (verify(tmp_path / name).journal_hash for name in ("one.sqlite", "two.sqlite"))
    assert one == two
    run(traded(tmp_path / "three.sqlite", data=data, seed=6))
    assert verify(tmp_path / "three.sqlite").journal_hash != one


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    journal = tmp_path / "j.sqlite"
    run(traded(journal))

    with pytest.raises(ValueError, match=r"j\.sqlite: is there already"):
        run(traded(journal))


def test_what_ends_by_an_exception_is_journaled_as_interrupted(tmp_path: Path) -> None:
    async def work() -> None:
        async with engine(journal=tmp_path / "j.sqlite") as ours:
            await ours.execute_trade_with_interface(spot(), prices(3000))
            raise LookupError("something that must not be journaled")

    with pytest.raises(LookupError):
        run(work())
    with JournalReader(tmp_path / "j.sqlite") as reader:
        last = [record.entry for record in reader.records()][-1]
    assert isinstance(last, RunEnded)
    assert (last.outcome, last.reason) == ("interrupted", "LookupError")


def test_the_events_are_the_journals_entries_in_its_order(tmp_path: Path) -> None:
    events = run(traded(tmp_path / "j.sqlite", data=sample(tmp_path)))

    with JournalReader(tmp_path / "j.sqlite") as reader:
        records = list(reader.records())
    assert [(event["seq"], event["timestamp_ns"]) for event in events] == [(r.seq, r.at) for r in records]
    assert [event["event_type"] for event in events[:2]] == ["RUN_STARTED", "OPENING"]


def test_a_filled_exchange_order_is_logged_as_cex_trade_executed() -> None:
    async def work() -> None:
        async with engine() as ours:
            answer = await ours.execute_trade_with_interface(spot(id="mine"), prices(3000))
            await ours.execute_trade_with_interface(spot(9), {})

            (event,) = ours.event_logger.get_events("CEX_TRADE_EXECUTED")
            assert event["timestamp"] == "1970-01-01T00:00:00Z"
            same = answer.keys() & event["data"].keys()
            assert {"amount", "price_exact", "fee", "order_id", "instruction_id", "execution_mode"} <= same
            assert {key: event["data"][key] for key in same} == {key: answer[key] for key in same}  # type: ignore[literal-required]
            assert [each["data"]["code"] for each in ours.event_logger.get_events("INSTRUCTION_REFUSED")] == [
                "NO_PRICE"
            ]
            assert ours.event_logger.get_events("NOTHING") == []
            assert len(ours.event_logger.get_events()) == len(ours.event_logger.events)

    run(work())


def test_before_the_first_trade_there_is_nothing_to_tell() -> None:
    ours = engine()

    assert ours.event_logger.events == []
    assert ours.data_provider.timestamp is None
    assert ours.data_provider.get_price("binance", "ETH/USDT") is None
    with pytest.raises(ValueError, match=r"^pair: unknown: .*did you mean"):
        ours.data_provider.get_price("binance", "ETH-USDT")


def test_the_last_prices_can_be_asked() -> None:
    async def work() -> list[float | None]:
        async with engine() as ours:
            await ours.execute_trade_with_interface(spot(), {"binance_spot_price": 3000.5})
            return [
                ours.data_provider.get_price("binance", "ETH/USDT"),
                ours.data_provider.get_price("okx", "ETH/USDT"),
            ]

    assert run(work()) == [3000.5, None]
