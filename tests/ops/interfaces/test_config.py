"""A config is a plain dict, typed at once: a mistake is one ValueError that names the key, and secrets stay unseen."""

import gc
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from ops.interfaces import CEXExecutionInterface, EventDrivenStrategyEngine, ExecutionInterfaceFactory
from ops.interfaces.called_session import CalledSession
from tests.ops.interfaces.calls import PRICES, engine, run, spot, trade

SECRET = "s3cr3t-v4lu3"  # noqa: S105 - looked for everywhere
KEYS = {
    "binance_api_key": SECRET,
    "binance_secret": SECRET,
    "bybit_api_key": SECRET,
    "bybit_secret": SECRET,
    "okx_api_key": SECRET,
    "okx_secret": SECRET,
    "okx_passphrase": SECRET,
    "alchemy_api_key": SECRET,
    "wallet_private_key": SECRET,
}


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"execution_mode": "Backtest"}, 'config: execution_mode: unknown mode: "Backtest", expected "backtest"'),
        ({"initial_capitol": 1}, 'config: initial_capitol: unknown key, did you mean "initial_capital"\\?'),
        ({"kraken_api_key": SECRET}, "config: kraken_api_key: unknown key"),
        ({"initial_capital": "much"}, 'config: initial_capital: not a number: "much", expected a decimal above 0'),
        ({"initial_capital": 0}, "config: initial_capital: too small: 0"),
        ({"initial_capital": True}, "config: initial_capital: not a number: true"),
        ({"data": "data/"}, 'config: data: not a dict: "data/", expected one with data_dir'),
        ({"data": {"data_dri": "data/"}}, 'config: data.data_dri: unknown key, did you mean "data_dir"\\?'),
        ({"data": {"data_dir": 5}}, "config: data.data_dir: not a path: 5"),
        ({"data": {"data_dir": "d", "resolution": "7m"}}, "config: data.resolution: "),
        ({"venues": {"kraken": {}}}, "config: venues.kraken: unknown venue"),
        ({"venues": {"bybit": {"perp": {"leverage": 0}}}}, "config: venues.bybit.perp.leverage: too small: 0"),
        (
            {"venues": {"bybit": {"taker_bps": 1}}},
            'config: venues.bybit.taker_bps: unknown key, did you mean "taker_fee_',
        ),
        ({"venues": {"bybit": {"api_key": SECRET}}}, "config: venues.bybit.api_key: secrets never stand in a config"),
        ({"risk": {"max_order": 1}}, "config: risk.max_order: unknown key"),
        ({"accounts": {"bibit": {"USDT": 1}}}, 'config: accounts.bibit: unknown account, did you mean "bybit"\\?'),
        ({"accounts": {}, "initial_capital": 5}, "config: initial_capital: beside accounts, expected one of the two"),
        ({"seed": -1}, "config: seed: "),
        ({"timeout_s": -1}, "config: timeout_s: too small: -1"),
        ({"journal": 5}, "config: journal: not a path: 5"),
        ({5: 6}, "config: a key is 5, expected text"),
        ({"risk": {5: 6}}, "config: risk: a key is 5, expected text"),
        ({"binance_secret": 5}, "config: binance_secret: not a text, expected a secret as text"),
        ("backtest", 'config: not a dict: "backtest", expected one'),
    ],
)
def test_what_is_wrong_is_one_line_that_names_the_key(config: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}") as raised:
        EventDrivenStrategyEngine(config)

    assert "\n" not in str(raised.value)
    assert SECRET not in str(raised.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"config: unknwon: .*; config: seed: .*"):
        EventDrivenStrategyEngine({"unknwon": 1, "seed": "x"})


def test_secrets_are_taken_and_appear_nowhere(tmp_path: Path) -> None:
    journal = tmp_path / "j.sqlite"

    async def work() -> EventDrivenStrategyEngine:
        others = {"binance_sandbox": False, "wallet_address": "0x00"}
        ours = EventDrivenStrategyEngine({"execution_mode": "backtest", "journal": journal, **KEYS, **others})
        async with ours:
            await ours.execute_trade_with_interface(spot(), PRICES)
        return ours

    ours = run(work())
    cex = ours.execution_interfaces["cex"]
    seen = [repr(ours), repr(vars(ours)), repr(vars(cex)), repr(ours.config), repr(ours._session.chosen)]  # noqa: SLF001
    seen += [str(ours.event_logger.events), str(ours.position_monitor.snapshot())]
    assert [text for text in seen if SECRET in text] == []
    assert SECRET.encode() not in journal.read_bytes()
    assert not KEYS.keys() & ours.config.keys()
    assert ours._session.chosen.secrets["okx_passphrase"].reveal() == SECRET  # noqa: SLF001


@pytest.mark.parametrize(
    "make",
    [
        EventDrivenStrategyEngine,
        lambda config: CEXExecutionInterface("backtest", config),
        lambda config: ExecutionInterfaceFactory.create_interface("cex", "backtest", config),
        lambda config: ExecutionInterfaceFactory.create_all_interfaces("backtest", config),
    ],
)
def test_a_traceback_with_the_variables_of_our_frames_shows_no_secret(make: Callable[[object], object]) -> None:
    with pytest.raises(ValueError, match="unknown key") as raised:
        make({**KEYS, "unknwon": 1})

    frames = list(traceback.walk_tb(raised.value.__traceback__))
    ours = [frame for frame, _ in frames if frame.f_code.co_filename != __file__]
    shown = [(name, repr(value)) for frame in ours for name, value in frame.f_locals.items()]
    assert ours
    assert [name for name, text in shown if SECRET in text] == []


def test_what_was_given_is_not_changed_and_not_shared() -> None:
    given: dict[str, object] = {"execution_mode": "backtest", "venues": {"bybit": {"taker_fee_bps": 1}}, **KEYS}
    copy = pickle.loads(pickle.dumps(given))  # noqa: S301 - our own

    ours = EventDrivenStrategyEngine(given)

    assert given == copy
    venues = ours.config["venues"]
    assert venues == given["venues"]
    assert venues is not given["venues"]


def test_sections_of_the_toml_may_be_given_and_override_the_defaults() -> None:
    venues = {"binance": {"spot": {"taker_fee_bps": "0"}}}

    free = trade(spot(), PRICES, venues=venues)
    refused = trade(spot(), PRICES, risk={"max_order_notional": 1000})

    assert free["fee_exact"] == "0"
    assert (refused["status"], refused["reason"]) == ("REJECTED", "LIMIT_ORDER_NOTIONAL")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"amount": "much"}, 'instruction: amount: not a number: "much"'),
        ({"amount": -1.0}, "instruction: amount: not above 0"),
        ({"side": "HOLD"}, 'instruction: side: unknown: "HOLD"'),
        ({"pair": "ETHUSDT-PERP"}, 'instruction: pair: not a SPOT pair: "ETHUSDT-PERP"'),
        ({"pair": "ETC/USDT"}, 'instruction: pair: unknown at binance: "ETC/USDT", did you mean "ETH/USDT"\\?'),
        ({"venue": "kraken"}, 'instruction: venue: not configured: "kraken"'),
        ({"ammount": 1}, 'instruction: ammount: unknown key, did you mean "amount"\\?'),
        ({"order_type": "LIMIT"}, "instruction: price: missing, expected it on LIMIT"),
        ({"venue_type": "dex"}, 'instruction: venue_type: unknown: "dex", expected cex'),
    ],
)
def test_an_instruction_that_makes_no_sense_is_refused_by_its_key(change: dict[str, object], line: str) -> None:
    with pytest.raises(ValueError, match=f"^{line}") as raised:
        trade({**spot(), **change}, PRICES)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("nothing", [None, 5, "BUY", [spot()]])
def test_an_instruction_that_is_no_dict_is_refused(nothing: object) -> None:
    with pytest.raises(ValueError, match=r"^instruction: not a dict: "):
        trade(nothing, PRICES)  # type: ignore[arg-type]  # that is the point


def test_market_data_that_is_no_dict_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^market_data: not a dict: 3000.0"):
        trade(spot(), 3000.0)  # type: ignore[arg-type]  # that is the point


def test_an_engine_that_nobody_holds_any_more_ends_its_run() -> None:
    async def work() -> object:
        ours = engine()
        await ours.execute_trade_with_interface(spot(), PRICES)
        session = ours._session  # noqa: SLF001
        assert isinstance(session, CalledSession)
        return session.run

    left = run(work())
    gc.collect()

    assert left._ended  # type: ignore[attr-defined]  # noqa: SLF001
