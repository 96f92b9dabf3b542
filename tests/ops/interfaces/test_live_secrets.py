"""Nobody sees a secret: it is in nothing that can be printed, in no journal, log, or traceback with variables."""

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from ops.interfaces import CEXExecutionInterface, EventDrivenStrategyEngine
from ops.testbed.exchange.faults import Fault
from tests.ops.interfaces.calls import PRICES, run, spot
from tests.ops.interfaces.venues import VENUES, keys, live, local, until


def of_frames(error: BaseException) -> list[tuple[str, str]]:
    """Return the variables of every frame that a traceback holds, also those of what led to it, but for this file's."""
    shown: list[tuple[str, str]] = []
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is None:
            continue
        todo += [each.__cause__, each.__context__]
        for frame, _ in traceback.walk_tb(each.__traceback__):
            if frame.f_code.co_filename not in {__file__, __file__.replace("test_live_secrets", "venues")}:
                shown += [(f"{frame.f_code.co_name}.{name}", repr(value)) for name, value in frame.f_locals.items()]
    return shown


@pytest.mark.parametrize("venue", VENUES)
def test_secrets_are_in_nothing_that_an_engine_shows_or_writes(
    tmp_path: Path, venue: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    faults = (
        Fault(kind="html_body", endpoint="place", count=1),
        Fault(kind="drop_before_accept", endpoint="balances", count=2),
    )
    seen: list[str] = []

    async def work() -> list[str]:
        async with local(tmp_path, venue, faults=faults) as exchange:
            secrets = list(keys(exchange, venue).values())
            monkeypatch.setattr("sys.argv", ["program", "--secret", *secrets])
            async with EventDrivenStrategyEngine(live(exchange, tmp_path, [venue])) as ours:
                await ours.execute_trade_with_interface(spot(0.1, venue=venue, id="one"), PRICES)
                await until(ours, "CEX_TRADE_EXECUTED")
                cex, session = ours.execution_interfaces["cex"], ours._session  # noqa: SLF001
                things: list[Any] = [ours, cex, session, ours.config, cex.config, session.chosen]
                things += [vars(thing) for thing in (ours, cex, session, session.chosen)]
                things += [ours.event_logger.events, ours.position_monitor.snapshot()]
                seen.extend(repr(thing) for thing in things)
                seen.append(json.dumps(ours.event_logger.events))
            return secrets

    secrets = run(work())
    seen += [record.getMessage() for record in caplog.records]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("live.sqlite*"))
    assert written
    for secret in secrets:
        assert [text for text in seen if secret in text] == []
        assert secret.encode() not in written


@pytest.mark.parametrize("venue", VENUES)
def test_a_start_that_a_venue_refuses_shows_no_secret(tmp_path: Path, venue: str) -> None:
    async def work() -> tuple[BaseException, list[str]]:
        async with local(tmp_path, venue) as exchange:
            wrong = {key: value[:-6] + "abcdef" for key, value in keys(exchange, venue).items()}
            ours = EventDrivenStrategyEngine(live(exchange, tmp_path, [venue], **wrong))
            with pytest.raises(
                ValueError, match=f"^config: keys of {venue}: the venue does not take the key"
            ) as raised:
                await ours.execute_trade_with_interface(spot(0.1, venue=venue), PRICES)
            await ours.close()
            return raised.value, list(wrong.values())

    error, secrets = run(work())
    shown = of_frames(error)
    assert shown
    for secret in secrets:
        assert secret not in str(error)
        assert [name for name, text in shown if secret in text] == []


def test_a_bug_at_the_start_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_words: object, **_more: object) -> None:
        raise TypeError("a bug")

    async def work() -> tuple[BaseException, list[str]]:
        async with local(tmp_path, "okx") as exchange:
            cex = CEXExecutionInterface("live", live(exchange, tmp_path, ["okx"]))
            monkeypatch.setattr("ops.daemon.daemon.live_exchange", broken)
            with pytest.raises(TypeError, match=r"^a bug$") as raised:
                await cex.get_balance("USDT")
            return raised.value, list(keys(exchange, "okx").values())

    error, secrets = run(work())
    assert "the engine could not start" in caplog.text
    assert "TypeError: a bug" in caplog.text
    shown = [text for _, text in of_frames(error)] + [caplog.text]
    assert [secret for secret in secrets if any(secret in text for text in shown)] == []
