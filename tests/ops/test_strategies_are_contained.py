"""What a user's strategy does to its process does not change the book, and its own file is vouched for."""

from pathlib import Path

from ops import backtest
from tests.ops.started import using, write_case

STRATEGY = """
import decimal

class Buyer:
    stateless = True

    def __init__(self, context):
        self.context = context
        {first}

    def on_slice(self, market):
        if market.at == self.context.start:
            yield self.context.trade("bybit", "ETHUSDT-PERP", "BUY", "1.23")

    def on_event(self, event):
        return ()
"""


def test_a_decimal_context_that_a_strategy_sets_is_its_own(tmp_path: Path) -> None:
    equities = []
    for name, first in (("plain", "pass"), ("coarse", "decimal.getcontext().prec = 6")):
        folder = tmp_path / name
        folder.mkdir()
        config = write_case(folder, config=using(f"buyer_{name}:Buyer"))
        (folder / f"buyer_{name}.py").write_text(STRATEGY.format(first=first))
        result, ended = backtest.run(backtest.prepare(config), None)
        assert ended.outcome == "done"
        assert result is not None
        equities.append(result.equity_end)

    assert equities[0] == equities[1]


def test_the_file_that_a_class_is_written_in_is_vouched_for_not_the_package_that_passes_it_on(tmp_path: Path) -> None:
    config = write_case(tmp_path, config=using("passed_on:Buyer"))
    (tmp_path / "passed_on").mkdir()
    (tmp_path / "passed_on" / "__init__.py").write_text("from passed_on.written_here import Buyer as Buyer\n")
    (tmp_path / "passed_on" / "written_here.py").write_text(STRATEGY.format(first="pass"))

    prepared = backtest.prepare(config)

    file = prepared.hashed["strategy_file"]
    assert isinstance(file, dict)
    assert file["name"] == "written_here.py"


def test_what_a_strategy_raises_is_told_on_one_line_without_control_characters(tmp_path: Path) -> None:
    config = write_case(tmp_path, config=using("rude:Buyer"))
    text = STRATEGY.format(first="pass").replace("return ()", 'raise ValueError("a\\x1b[31m\\nb")')
    (tmp_path / "rude.py").write_text(text)

    _, ended = backtest.run(backtest.prepare(config), None)

    assert ended.exit_code == 1
    assert "ValueError: a" in ended.reason
    assert ended.reason.isprintable()
