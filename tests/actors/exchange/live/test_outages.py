"""An account that can't be read for long is said, once, and its return, too: an operator learns of a withdrawn key."""

import asyncio
from collections.abc import Sequence

from messages.live import VenueTrouble
from tests.actors.exchange.live.stage import Stage, play

FAILING: dict[str, Sequence[str]] = {"read": ["fails"] * 10_000}


def test_reads_that_fail_for_long_are_said_once_and_so_is_their_return() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        stage.line.faults = FAILING
        await asyncio.sleep(600)

        (trouble,) = stage.of(VenueTrouble)
        assert (trouble.kind, trouble.detail[:29]) == ("UNREADABLE", "the account can't be read sin")
        assert "unavailable" in trouble.detail

        stage.line.faults = {}
        await stage.until(lambda: len(stage.of(VenueTrouble)) > 1)
        await asyncio.sleep(600)

        assert len(stage.of(VenueTrouble)) == 2
        assert stage.of(VenueTrouble)[1].detail.startswith("the account can be read again, after 6")

    play(scene)


def test_reads_that_fail_for_a_moment_are_no_news() -> None:
    async def scene(stage: Stage) -> None:
        await stage.settled()
        for _ in range(10):
            stage.line.faults = FAILING
            await asyncio.sleep(10)
            stage.line.faults = {}
            await asyncio.sleep(30)

        assert stage.of(VenueTrouble) == []

    play(scene)
