"""A looped cell as a task of a loop that is not its own, beside others: for simulations in virtual time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pykka

from actors.contract import LoopedActor, Tasks
from actors.runtime.clock import Clock
from actors.runtime.crashes import Supervision
from actors.runtime.dead_letters import DeadLetters
from actors.runtime.looped import LoopedCell, Wanted
from actors.runtime.mailbox import Limits
from actors.runtime.task_context import fresh_context
from messages.lifecycle import Congested


def host_looped(  # noqa: PLR0913 - the wiring names each of them
    name: str,
    factory: Callable[[Tasks], LoopedActor[Any]],
    *,
    supervisor: Supervision,
    dead_letters: DeadLetters,
    clock: Clock,
    limits: Limits | None = None,
    congested: Callable[[Congested], None] | None = None,
    in_flight: int = 256,
    grace_s: float = 5.0,
) -> "Hosted":
    """Start a looped cell on the running loop. Arguments are those of `spawn_looped`.

    It behaves as one with a thread, with two exceptions: whoever runs the loop ends it, not the supervisor's root,
    which would wait on the thread that the cell needs; and a task of the behaviour's own making that exits the process
    ends the loop.
    """
    cell = HostedCell(Wanted(name, factory, supervisor, dead_letters, clock, in_flight, grace_s), limits, congested)
    pykka.ActorRegistry.register(cell.actor_ref)
    return Hosted(cell)


class Hosted:
    """A hosted cell, for its host.

    Attributes:
        ref: Its address.
        task: Done when the cell is gone. Cancelled, the cell closes in order and takes nothing more.
    """

    def __init__(self, cell: "HostedCell") -> None:
        self.ref = cell.ref
        self.task = asyncio.get_running_loop().create_task(cell.live(), name=cell.name, context=fresh_context(None, 0))
        self._cell = cell

    async def stop(self, timeout_s: float = 10.0) -> None:
        """Let the cell begin what was put before, then end it."""
        self._cell.ask_to_stop(timeout_s)
        await self.task


class HostedCell(LoopedCell):
    """The cell. Made by `host_looped`."""

    def _start_actor_loop(self) -> None:
        """The host has the loop."""

    async def live(self) -> None:
        """Live to the end of the cell."""
        error: BaseException | None = None
        try:
            error = await self._live()
        except BaseException as up:
            error = up
            raise
        finally:
            self._finish(error)
