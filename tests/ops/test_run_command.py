"""``execd run`` keeps the shapes that others script against, and says all that is wrong with its input, line by line.

Results and journal lines on the synthetic sample, and on recorded prices where they are; bad input of every kind.
"""

import decimal
import io
import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from actors.errors import BadInputError
from messages.orders import OrderSubmitted
from ops import backtest
from ops.result import Result
from ops.run_command import Ready, perform, refuse_file, run_command, summary
from tests.independent import reference
from tests.ops.started import CONFIG, LINE, Ended, a_line, execd, exported, using, write_case

COUNTS = ("instructions", "orders", "fills", "refusals", "rejections", "cancels_refused", "skipped", "market_events")
AMOUNTS = ("fees", "funding", "pnl", "equity_start", "equity_end", "max_drawdown")
KINDS = ["price", "basis", "funding", "fees", "slippage", "liquidation"]
KEYS = [
    "instructions", "orders", "fills", "refusals", "rejections", "cancels_refused", "skipped", "refusals_by_code",
    "fees", "funding", "pnl", "equity_start", "equity_end", "balances", "positions", "attribution", "max_drawdown",
    "liquidations", "market_events", "journal", "journal_hash", "report", "wall_seconds",
]  # fmt: skip
STAMPS = {"seq", "at", "type", "cause"}
ENTRY_KEYS = {
    "InstructionRefused": {"instruction_id", "code", "detail"},
    "OrderSubmitted": {
        "instruction_id", "client_order_id", "venue", "instrument", "side", "amount", "order_type", "price",
        "reduce_only",
    },
    "OrderFilled": {
        "venue", "instrument", "side", "amount", "price", "fee", "fee_asset", "liquidity", "order_id",
        "client_order_id", "trade_id", "instruction_id",
    },
    "FundingPaid": {"venue", "instrument", "quantity", "mark", "rate", "amount"},
}  # fmt: skip
PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
BINANCE = LINE.replace('"bybit"', '"binance"')


SCRIPT = (
    LINE
    + a_line(2, trade_type="SPOT", pair="ETH/USDT", side="BUY", amount="2")
    + a_line(3, trade_type="SPOT", pair="ETH/USDT", side="SELL", amount="3")  # more than there is
    + a_line(4, amount="0.0001")  # less than a lot
    + a_line(5, at="2024-01-03T00:00:00Z", side="LONG", amount="0.5", reduce_only=True)
)


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a function that does ``execd run`` in this process."""

    def run(config: Path, *, out: Path | None = None, journal: bool = True, force: bool = False) -> Ended:
        capsys.readouterr()
        code = run_command(config, out=out, json=True, journal=journal, force=force)
        return Ended(code, *capsys.readouterr())

    return run


def check_types(told: dict[str, Any]) -> None:
    assert list(told) == KEYS
    assert all(type(told[key]) is int for key in (*COUNTS, "liquidations"))
    assert all(PLAIN.fullmatch(told[key]) for key in AMOUNTS)
    assert type(told["wall_seconds"]) is float
    assert all(type(count) is int for count in told["refusals_by_code"].values())
    amounts = [amount for account in told["balances"].values() for amount in account.values()]
    amounts += [held["amount"] for venue in told["positions"].values() for held in venue.values()]
    assert all(PLAIN.fullmatch(amount) and Decimal(amount) for amount in amounts)  # zeros are left out
    for venue in told["positions"].values():
        assert all(re.fullmatch(r"[0-9]+\.[0-9]{18}", held["entry_price"]) for held in venue.values())
    assert Decimal(told["pnl"]) == Decimal(told["equity_end"]) - Decimal(told["equity_start"])
    assert list(told["attribution"]) == KINDS
    assert all(PLAIN.fullmatch(amount) for amount in told["attribution"].values())
    assert sum(map(Decimal, told["attribution"].values())) == Decimal(told["pnl"])
    assert told["report"] is None or Path(told["report"]).is_file()


# --- shapes ----------------------------------------------------------------------------------------------------------


def test_the_result_has_the_keys_and_types_of_the_specification(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    told = ran(write_case(tmp_path, script=SCRIPT), out=tmp_path / "out").object()

    check_types(told)
    assert [told[key] for key in COUNTS] == [5, 3, 3, 2, 0, 0, 0, 104]
    assert told["refusals_by_code"] == {"BELOW_LOT": 1, "INSUFFICIENT_BALANCE": 1}
    assert told["positions"]["bybit"]["ETHUSDT-PERP"]["amount"] == "-1"
    assert told["journal"] == str(tmp_path / "out" / "journal.sqlite")
    assert re.fullmatch("[0-9a-f]{64}", told["journal_hash"])


def test_export_has_the_stamps_and_the_promised_keys_of_each_type(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    told = ran(write_case(tmp_path, script=SCRIPT), out=tmp_path / "out").object()

    entries = exported(told["journal"])

    kinds = [entry["type"] for entry in entries]
    assert (kinds[0], kinds[-1]) == ("RunStarted", "RunEnded")
    assert {"InstructionReceived", "OrderAccepted", *ENTRY_KEYS} <= {*kinds}
    assert [entry["seq"] for entry in entries] == [*range(1, len(entries) + 1)]
    for entry in entries:
        assert list(entry)[:4] == ["seq", "at", "type", "cause"]
        assert entry.keys() - STAMPS >= ENTRY_KEYS.get(entry["type"], set())
        assert entry["cause"] is None or entry["cause"] < entry["seq"]
    assert kinds.count("InstructionReceived") == told["instructions"]
    assert kinds.count("OrderSubmitted") == told["orders"]
    assert kinds.count("InstructionRefused") == told["refusals"]
    assert ENTRY_KEYS["OrderSubmitted"] <= {*OrderSubmitted.__struct_fields__}


def test_every_fill_comes_after_one_acceptance_of_its_order(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    told = ran(write_case(tmp_path, script=SCRIPT), out=tmp_path / "out").object()
    accepted: list[str] = []

    for entry in exported(told["journal"]):
        if entry["type"] == "OrderAccepted":
            accepted.append(entry["order_id"])
        elif entry["type"] == "OrderFilled":
            assert accepted.count(entry["order_id"]) == 1


def test_perps_of_binance_stand_under_binance_and_their_money_in_its_own_account(
    tmp_path: Path, ran: Callable[..., Ended]
) -> None:
    config = write_case(tmp_path, config=CONFIG.replace(".bybit", ".binance"), script=BINANCE)
    config.write_text(config.read_text().replace("[accounts.binance]", '[accounts."binance.perp"]'))
    for file in [*(tmp_path / "data").rglob("bybit-*")]:
        file.rename(file.with_name(file.name.replace("bybit", "binance")))

    told = ran(config, out=tmp_path / "out").object()

    check_types(told)
    assert [*told["positions"]] == ["binance"]
    assert [*told["balances"]] == ["binance.perp"]


def test_without_a_journal_nothing_is_written_and_all_else_is_the_same(
    tmp_path: Path, ran: Callable[..., Ended]
) -> None:
    config = write_case(tmp_path, script=SCRIPT)
    told = ran(config, out=tmp_path / "out").object()

    without = ran(config, out=tmp_path / "other", journal=False).object()

    assert not (tmp_path / "other").exists()
    assert (without["journal"], without["journal_hash"]) == (None, None)
    varies = {"journal", "journal_hash", "report", "wall_seconds"}
    assert {key: without[key] for key in KEYS if key not in varies} == {
        key: told[key] for key in KEYS if key not in varies
    }


def test_the_default_folder_is_runs_config_name_and_start_time(
    tmp_path: Path, ran: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = write_case(tmp_path)

    journals = [ran(config).object()["journal"] for _ in range(2)]

    for journal in journals:
        assert re.fullmatch(
            r"runs/backtest-\d{8}T\d{6}Z(-2)?/journal\.sqlite", str(Path(journal).relative_to(tmp_path))
        )
    assert len({*journals}) == 2


def test_a_folder_that_holds_a_journal_is_refused_and_with_force_the_old_one_is_kept(
    tmp_path: Path, ran: Callable[..., Ended]
) -> None:
    config, out = write_case(tmp_path), tmp_path / "out"
    first = ran(config, out=out)
    before = (out / "journal.sqlite").read_bytes()

    refused = ran(config, out=out)
    assert refused.code == 2
    assert "--force" in refused.object()["error"]
    assert (out / "journal.sqlite").read_bytes() == before

    forced = [ran(config, out=out, force=True) for _ in range(2)]

    assert [first.code, *(each.code for each in forced)] == [0, 0, 0]
    kept = ["journal.sqlite", "journal.sqlite.1", "journal.sqlite.2", "report.html"]
    assert sorted(path.name for path in out.iterdir()) == kept
    assert (out / "journal.sqlite.1").read_bytes() == before


def test_an_empty_script_is_a_run_that_trades_nothing(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    ended = ran(write_case(tmp_path, script=""), out=tmp_path / "out")

    assert ended.code == 0
    assert [ended.object()[key] for key in COUNTS[:-1]] == [0] * 7
    assert ended.object()["pnl"] == "0"


@pytest.mark.skipif(not reference.SHARED.is_dir(), reason=f"no recorded prices at {reference.SHARED}")
def test_the_shapes_hold_on_recorded_prices_of_three_venues(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    config = CONFIG.replace('"data"', json.dumps(str(reference.SHARED))).replace("2024-01-0", "2024-08-1")
    config = config.replace("[strategy]", '[accounts."binance.perp"]\nUSDT = "50000"\n[accounts.okx]\nUSDT = "50000"\n'
                            '[venues.binance]\nkind = "cex"\n[venues.okx]\nkind = "cex"\n[strategy]', 1)  # fmt: skip
    script = SCRIPT + a_line(6, venue="binance") + a_line(7, venue="okx") + a_line(8, venue="okx", side="LONG")
    script = script.replace("2024-01-0", "2024-08-1")
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "instructions.jsonl").write_text(script)
    (folder / "backtest.toml").write_text(config)

    told = ran(folder / "backtest.toml", out=tmp_path / "out").object()

    check_types(told)
    assert {venue: [*held] for venue, held in told["positions"].items()} == {
        "binance": ["ETHUSDT-PERP"], "bybit": ["ETHUSDT-PERP"],
    }  # fmt: skip
    for entry in exported(told["journal"]):
        assert entry.keys() - STAMPS >= ENTRY_KEYS.get(entry["type"], set())


# --- what people read ------------------------------------------------------------------------------------------------


def test_people_get_the_result_on_stdout_and_nothing_else(tmp_path: Path) -> None:
    write_case(tmp_path, script=SCRIPT)

    ended = execd("run", "backtest.toml", "--out", "my out", cwd=tmp_path)

    assert (ended.code, ended.err) == (0, "")
    assert "BELOW_LOT 1, INSUFFICIENT_BALANCE 1" in ended.out
    assert "  journal  'my out/journal.sqlite'\n" in ended.out
    assert "  largest fall  " in ended.out
    assert all(f"\n    {kind} " in ended.out for kind in KINDS[:-1])
    assert not re.search("liquidat|not cancelled|skipped", ended.out)  # where nothing was
    assert "\x1b" not in ended.out


def test_liquidations_and_the_report_are_pointed_out(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    told = ran(write_case(tmp_path), journal=False).object()
    result = msgspec.convert(told | {"liquidations": 2, "report": str(tmp_path / "re[bold]port.html")}, Result)
    out = io.StringIO()

    summary(Console(file=out, width=160), result)

    assert "  liquidated             2   positions closed by a venue\n" in out.getvalue()
    assert f"  report   '{tmp_path}/re[bold]port.html'\n" in out.getvalue()
    assert "    liquidation " in out.getvalue()


# --- bad input -------------------------------------------------------------------------------------------------------


def _with_nan(perp: Path) -> None:
    table = pq.read_table(perp)
    rows = [float("nan") if row == 30 else value for row, value in enumerate(table["close"].to_pylist())]
    pq.write_table(table.set_column(table.column_names.index("close"), "close", pa.array(rows)), perp)


def _folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


PERP = "data/candles/bybit-ETHUSDT-perp-1h.parquet"
SPOILED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "no config": ("backtest.toml", Path.unlink),
    "a folder as config": ("backtest.toml", _folder_instead),
    "no TOML": ("backtest.toml", lambda path: path.write_text("[mode\n")),
    "wrong keys": (
        "backtest.toml",
        lambda path: path.write_text(CONFIG.replace("seed", "sed").replace('"100000"', '"-1"')),
    ),
    "no data": ("backtest.toml", lambda path: path.write_text(CONFIG.replace('dir = "data"', 'dir = "nowhere"'))),
    "unreadable data": (PERP, lambda path: path.write_bytes(b"PAR1 but no more")),
    "a folder as data": (PERP, _folder_instead),
    "NaN in the data": (PERP, _with_nan),
    "no script": ("instructions.jsonl", Path.unlink),
    "a script of everything wrong": (
        "instructions.jsonl",
        lambda path: path.write_text("{\n" + a_line(1, amount="-1", side="UP") + LINE + LINE),
    ),
    "outside the run": ("instructions.jsonl", lambda path: path.write_text(a_line(1, at="2024-02-01T00:00:00Z"))),
    "a balance without a price": (
        "backtest.toml",
        lambda path: path.write_text(CONFIG.replace("USDT =", 'DOGE = "1"\nUSDT =')),
    ),
}


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("no config", ["backtest.toml: no such file"]),
        ("a folder as config", ["backtest.toml: not a regular file"]),
        ("no TOML", ["backtest.toml: not TOML"]),
        ("wrong keys", ["backtest.toml: mode.sed: unknown key", "backtest.toml: accounts.bybit.USDT: too small"]),
        ("no data", ["backtest.toml: data.dir: no such folder: nowhere"]),
        ("unreadable data", ["bybit-ETHUSDT-perp-1h.parquet: unreadable"]),
        ("a folder as data", ["instructions.jsonl:1: pair: unknown at bybit"]),
        ("NaN in the data", ["row 31 (2024-01-02T06:00:00Z): close is nan"]),
        ("no script", ["instructions.jsonl: no such file"]),
        (
            "a script of everything wrong",
            ["jsonl:1: not JSON", "jsonl:2: side: unknown", "jsonl:2: amount: not above 0", "jsonl:4: id: duplicate"],
        ),
        ("outside the run", ["instructions.jsonl:1: at: outside the run"]),
        ("a balance without a price", ["accounts.bybit.DOGE: no price"]),
    ],
)
def test_bad_input_is_exit_2_a_line_for_each_thing_and_nothing_written(
    what: str, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_case(tmp_path)
    name, spoil = SPOILED[what]
    spoil(tmp_path / name)

    code = run_command(config, out=tmp_path / "out", json=True, journal=True, force=False)
    out, err = capsys.readouterr()

    assert code == 2
    assert json.loads(out) == {"error": err.removesuffix("\n"), "exit": 2}
    for line in said:
        assert line in err
    assert not (tmp_path / "out").exists()


def test_what_a_strategy_or_a_file_name_says_comes_out_on_one_line_and_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_case(tmp_path, config=using("bad:Bad"))
    code = "    stateless = True\n    on_event = None\n    def on_slice(self, market): raise ValueError('%s')\n"
    evil = "\\x1b[2J\\nred"
    (tmp_path / "bad.py").write_text(
        f"class Bad:\n    def __init__(self, context): pass\n{code % evil}    def on_event(self, event): return ()\n"
    )

    failed = Ended(run_command(config, out=None, json=True, journal=False, force=False), *capsys.readouterr())
    (tmp_path / "worse.py").write_text(f"raise ValueError('{evil}')\n")
    config.write_text(using("worse:Worse"))
    refused = Ended(run_command(config, out=None, json=True, journal=False, force=False), *capsys.readouterr())
    named = Ended(
        run_command(tmp_path / "\x1b[2J\nred.toml", out=None, json=True, journal=False, force=False),
        *capsys.readouterr(),
    )

    assert (failed.code, refused.code, named.code) == (1, 2, 2)
    for ended in (failed, refused, named):
        assert ended.err.count("\n") == 1
        assert "\x1b" not in ended.err
        assert "\\u001b[2J" in ended.err
        assert ended.object()["error"] in ended.err


def test_a_warning_about_a_file_comes_out_escaped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def prepare() -> Ready:
        prepared = backtest.prepare(write_case(tmp_path))
        return prepared._replace(warnings=("\x1b[2J\nname: odd",)), None

    assert perform(prepare, json=True, show=summary) == 0

    assert capsys.readouterr().err == "note: \\u001b[2J\\u000aname: odd\n"


def test_only_a_file_is_refused_as_a_folder(tmp_path: Path) -> None:
    for good in (None, tmp_path, tmp_path / "new"):
        refuse_file(good)
    (tmp_path / "new").touch()

    with pytest.raises(BadInputError, match="new: is a file, expected a folder"):
        refuse_file(tmp_path / "new")


def test_an_out_that_can_not_be_made_is_exit_2_and_one_line(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    (tmp_path / "file").touch()

    ended = ran(write_case(tmp_path), out=tmp_path / "file" / "out")

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "Not a directory" in ended.object()["error"]


def test_profit_and_loss_is_the_sum_of_its_kinds_to_the_last_digit(tmp_path: Path, ran: Callable[..., Ended]) -> None:
    told = ran(write_case(tmp_path), out=tmp_path / "out").object()

    with decimal.localcontext(prec=300):
        parts = sum((Decimal(amount) for amount in told["attribution"].values()), Decimal(0))
        assert parts == Decimal(told["pnl"]) == Decimal(told["equity_end"]) - Decimal(told["equity_start"])
    assert any(Decimal(amount) for amount in told["attribution"].values())
