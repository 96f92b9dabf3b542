"""The specification's text runs as written, in a program of its own, with every warning an error."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.daemon.rehearsal import Exchange, exchange

ROOT = Path(__file__).resolve().parents[3]
SPECIFICATION = ROOT.parent / "shared" / "SPECIFICATION.md"

SPOT = """
cex_instruction = {
    'venue_type': 'cex',
    'venue': 'binance',
    'trade_type': 'SPOT',
    'pair': 'ETH/USDT',
    'side': 'BUY',
    'amount': 1.0
}

result = await engine.execute_trade_with_interface(cex_instruction, market_data)
"""
PERP = """
perp_instruction = {
    'venue_type': 'cex',
    'venue': 'bybit',
    'trade_type': 'PERP',
    'pair': 'ETHUSDT-PERP',
    'side': 'LONG',
    'amount': 1.0
}

result = await engine.execute_trade_with_interface(perp_instruction, market_data)
"""
BACKTEST_CONFIG = """
# No API keys needed for backtest mode
config = {
    'execution_mode': 'backtest',
    'data': {'data_dir': 'data/'},
    'initial_capital': 100000
}
"""
MARKET_DATA = "market_data = {'eth_usd_price': 3000.0, 'binance_spot_price': 3000.0}\n"
HEAD = """
import asyncio
from typing import Any, Dict
from ops.interfaces import (
    BaseExecutionInterface, CEXExecutionInterface, EventDrivenStrategyEngine, ExecutionInterfaceFactory,
    OnChainExecutionInterface, TransferExecutionInterface,
)
"""


def indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def printed(program: str, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_spot_and_perp_trades_through_the_engine_run_as_written_and_a_program_that_never_closes_exits(
    tmp_path: Path,
) -> None:
    body = BACKTEST_CONFIG + "engine = EventDrivenStrategyEngine(config)\n" + MARKET_DATA
    body += SPOT + "print(result['status'], result['amount'], result['price'], result['execution_mode'])\n"
    body += PERP + "print(result['status'], result['amount'], result['price'], result['execution_mode'])\n"

    out = printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path)

    assert out == "FILLED 1.0 3000.0 backtest\nFILLED 1.0 3000.0 backtest\n"


def test_an_interface_of_the_factory_trades_as_written(tmp_path: Path) -> None:
    body = BACKTEST_CONFIG + MARKET_DATA
    body += """
cex = ExecutionInterfaceFactory.create_interface('cex', 'backtest', config)
interfaces = {'cex': cex}
position_monitor = event_logger = data_provider = None
ExecutionInterfaceFactory.set_interface_dependencies(interfaces, position_monitor, event_logger, data_provider)
instruction = {'venue_type': 'cex', 'venue': 'binance', 'trade_type': 'SPOT', 'pair': 'ETH/USDT', 'side': 'BUY',
               'amount': 1.0}
interface = cex
result = await interface.execute_trade(instruction, market_data)
print(result['status'], await interface.get_balance('ETH', 'binance'))
"""

    out = printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path)

    assert out == "FILLED 0.999\n"


def test_a_journal_that_was_never_closed_ends_in_order_when_the_program_exits(tmp_path: Path) -> None:
    body = "engine = EventDrivenStrategyEngine({'execution_mode': 'backtest', 'journal': 'j.sqlite'})\n"
    body += MARKET_DATA + SPOT
    check = """
from pathlib import Path
from actors.journal.verify import verify
found = verify(Path('j.sqlite'))
print(found.ok, found.ended)
"""

    assert printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path) == ""
    out = printed(check, tmp_path)

    assert out == "True True\n"
    assert not list(tmp_path.glob("j.sqlite-*"))


def test_the_program_texts_here_are_the_specifications() -> None:
    if not SPECIFICATION.is_file():
        pytest.skip("the specification is not beside the repository")
    text = SPECIFICATION.read_text()

    blocks = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))

    for said in (
        *SPOT.strip().split("\n\n"),
        *PERP.strip().split("\n\n"),
        BACKTEST_CONFIG.strip(),
        MARKET_DATA.strip(),
    ):
        assert said.strip() in blocks


@pytest.fixture(scope="module")
def local_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with exchange(tmp_path_factory.mktemp("exchange"), seed=1) as running:
        yield running


def keys_of(running: Exchange) -> dict[str, str]:
    """Return the specification's keys of all three venues, as the exchange has them."""
    found: dict[str, str] = {}
    for venue in ("binance", "bybit", "okx"):
        stored = json.loads((running.state / "keys" / f"{venue}.json").read_text())
        found |= {f"{venue}_{name}": value for name, value in stored.items()}
    return found


def live_config(running: Exchange) -> str:
    """Return the specification's live config with the exchange's keys for the placeholders, and the way there."""
    lines = [f"    '{name}': '{value}'," for name, value in keys_of(running).items()]
    lines += [f"    '{venue}_sandbox': False," for venue in ("binance", "bybit", "okx")]
    lines += ["    'alchemy_api_key': 'your_alchemy_api_key',", "    'wallet_private_key': 'your_wallet_private_key',"]
    endpoint = {"connect_to": f"127.0.0.1:{running.port}", "ca_file": running.ca_file}
    venues = {venue: {"endpoint": endpoint} for venue in ("binance", "bybit", "okx")}
    body = "\n".join([*lines, "    'wallet_address': 'your_wallet_address',", f"    'venues': {venues!r},"])
    return f"config = {{\n    'execution_mode': 'live',\n{body}\n}}\n"


def test_spot_and_perp_trades_run_as_written_in_live_mode_and_a_program_that_never_closes_exits_in_order(
    tmp_path: Path, local_exchange: Exchange
) -> None:
    body = live_config(local_exchange) + "engine = EventDrivenStrategyEngine(config)\n" + MARKET_DATA
    body += SPOT + "print(result['status'], result['amount'], result['execution_mode'])\n"
    body += PERP + "print(result['status'], result['amount'], result['execution_mode'])\n"
    check = """
from pathlib import Path
from actors.journal.verify import verify
found = verify(Path('state/live/journal.sqlite'))
print(found.ok, found.ended)
"""

    out = printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path)

    assert out == "FILLED 1.0 live\nFILLED 1.0 live\n"
    assert printed(check, tmp_path) == "True True\n"
    assert [path.name for path in (tmp_path / "state" / "live").glob("journal*")] == ["journal.sqlite"]


def test_the_same_program_runs_in_each_mode(tmp_path: Path, local_exchange: Exchange) -> None:
    body = live_config(local_exchange) + "config['initial_capital'], config['data'] = 100000, {'data_dir': 'data/'}\n"
    body += """
async with EventDrivenStrategyEngine({**config, 'execution_mode': 'MODE'}) as engine:
    market_data = {'eth_usd_price': 2500.0}
    for venue in ('binance', 'bybit', 'okx'):
        instruction = {'venue_type': 'cex', 'venue': venue, 'trade_type': 'SPOT', 'pair': 'ETH/USDT', 'side': 'BUY',
                       'amount': 0.1}
        result = await engine.execute_trade_with_interface(instruction, market_data)
        print(result['status'], result['amount'], result['venue'])
"""
    outs = {
        mode: printed(
            f"{HEAD}\nasync def main():\n{indented(body.replace('MODE', mode))}\nasyncio.run(main())\n", tmp_path
        )
        for mode in ("live", "paper")
    }

    assert outs["live"] == outs["paper"] == "FILLED 0.1 binance\nFILLED 0.1 bybit\nFILLED 0.1 okx\n"


def test_the_engine_of_the_interface_tests_is_made_as_written_and_says_what_its_config_lacks(tmp_path: Path) -> None:
    body = """
config_live = {'execution_mode': 'live', 'binance_api_key': '...'}
engine_live = EventDrivenStrategyEngine(config_live)
try:
    await engine_live.execution_interfaces['cex'].get_balance('USDT')
except Exception as e:
    print(e)
"""

    out = printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path)

    assert out == "config: binance_secret: missing, expected it as binance shows it\n"


def test_a_backtest_does_not_pay_for_what_talks_to_venues(tmp_path: Path) -> None:
    body = BACKTEST_CONFIG + "engine = EventDrivenStrategyEngine(config)\n" + MARKET_DATA + SPOT
    body += "import sys\nprint([name for name in sys.modules if name.partition('.')[0] in {'ccxt', 'aiohttp'}])\n"

    assert printed(f"{HEAD}\nasync def main():\n{indented(body)}\nasyncio.run(main())\n", tmp_path) == "[]\n"
