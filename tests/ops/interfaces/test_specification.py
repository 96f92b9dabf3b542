"""The specification's text runs as written, in a program of its own, with every warning an error."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
