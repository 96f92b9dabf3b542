"""``execd testbed``: the local exchange, and its faults."""

import asyncio
import signal
from pathlib import Path

from rich.console import Console

from actors.errors import BadInputError
from ops.exits import say
from ops.testbed.exchange.faults import KINDS, OPERATIONS, Fault, parse


def exchange_command(
    state: Path, *, port: int, data: Path | None, speed: float, faults: Path | None, seed: int, limits: int | None
) -> int:
    """Run the exchange until SIGTERM or Ctrl-C. Prints one line ``ready PORT CA_FILE`` when it listens.

    Raises:
        BadInputError: The folder is in use, or something that it was given makes no sense.
    """
    if data is None and speed != 1:
        raise BadInputError("--speed is for recorded data: give --data DIR too")
    from ops.testbed.exchange.running import LocalExchange, Settings  # noqa: PLC0415 - brings aiohttp

    settings = Settings(
        state=state, port=port, data=data, speed=speed, faults=_faults(faults), seed=seed, factor=limits
    )
    exchange = LocalExchange(settings)
    for line in exchange.said:
        say(line)

    async def run() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        listening = await exchange.start()
        try:
            print(f"ready {listening} {exchange.ca_file.resolve()}", flush=True)  # noqa: T201 - for who waits for it
            await stopped.wait()
        finally:
            await exchange.stop()

    try:
        asyncio.run(run())
    finally:
        exchange.close()
    return 0


def _faults(path: Path | None) -> tuple[Fault, ...]:
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return parse(text, str(path))


def faults_command(console: Console) -> int:
    """List the kinds of faults, a line each, and what a line of a file of faults looks like."""
    width = max(len(name) for name in KINDS)
    for name, kind in KINDS.items():
        setting = f" ({kind.setting}: {kind.default:g})" if kind.setting else ""
        console.print(f"{name:<{width}}  {kind.meaning}{setting}", markup=False, soft_wrap=True)
    operations = ", ".join(op for op in OPERATIONS)
    console.print(
        f"An endpoint is a pattern for an operation ({operations}), for a path (/api/v3/*), or for a stream's frames "
        "(stream.order, stream.fill, stream.balance, stream.position, stream.funding, stream.move); binance/ before it "
        "means that venue alone.",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        'A line of a file: {"kind": "accept_then_drop", "endpoint": "binance/place", "probability": 0.1, "count": 3, '
        '"after": 5}',
        markup=False,
        soft_wrap=True,
    )
    return 0
