"""One small run worked out on paper: a spot buy, a perp short, one funding, a partial close, a refusal.

Bybit, 10,000 USDT, slippage 10 bps, taker fee 10 bps on spot and perp.

====== ======================================== ==========================================================
at
====== ======================================== ==========================================================
01:00  buy 1.5 ETH spot, last close 2000        2000 * 1.001 = 2002; pays 1.5 * 2002 = 3003 USDT;
                                                fee 1.5 * 0.001 = 0.0015 ETH, worth 3.003; gets 1.4985 ETH
01:00  short 1.5 ETH perp, last close 2010      2010 * 0.999 = 2007.99; notional 3011.985; fee 3.011985
01:30  sell 1.49851 ETH spot                    refused: 1.4985 ETH are there
08:00  funding 0.0001, perp's close 2100        1.5 * 2100 * 0.0001 = 0.315 received
08:00  buy 1 ETH perp, reduce-only              2100 * 1.001 = 2102.1; fee 2.1021;
                                                realised 1 * (2007.99 - 2102.1) = -94.11; left: -0.5 at 2007.99
09:00  the end, spot 2090, perp 2080            unrealised 0.5 * (2007.99 - 2080) = -36.005
====== ======================================== ==========================================================

USDT: 10000 - 3003 - 3.011985 + 0.315 - 2.1021 - 94.11 = 6898.090915.
Equity: 6898.090915 + 1.4985 * 2090 - 36.005 = 9993.950915. Fees: 3.003 + 3.011985 + 2.1021 = 8.117085.
Market events: nine closes (01:00 to 09:00) of two series and one funding.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.independent.reference import PERP, Case, Terms, nanoseconds

TAKER = Decimal(10)
CASE = Case(
    start=nanoseconds("2024-01-01T01:00:00Z"),
    end=nanoseconds("2024-01-01T09:00:00Z"),
    venues={"bybit": Terms(slippage_bps=Decimal(10), spot_taker_bps=TAKER, perp_taker_bps=TAKER)},
    accounts={"bybit": {"USDT": Decimal(10_000)}},
)
SCRIPT = """\
{"id": "a", "at": "2024-01-01T01:00:00Z", "venue_type": "cex", "venue": "bybit", "trade_type": "SPOT", \
"pair": "ETH/USDT", "side": "BUY", "amount": "1.5"}
{"id": "b", "at": "2024-01-01T01:00:00Z", "venue_type": "cex", "venue": "bybit", "trade_type": "PERP", \
"pair": "ETHUSDT-PERP", "side": "SHORT", "amount": 1.5}
{"at": "2024-01-01T01:30:00Z", "venue_type": "cex", "venue": "bybit", "trade_type": "SPOT", \
"pair": "ETH/USDT", "side": "SELL", "amount": "1.49851"}
{"id": "d", "at": "2024-01-01T08:00:00Z", "venue_type": "cex", "venue": "bybit", "trade_type": "PERP", \
"pair": "ETHUSDT-PERP", "side": "LONG", "amount": "1", "reduce_only": true}
"""
BALANCES = {"bybit": {"USDT": Decimal("6898.090915"), "ETH": Decimal("1.4985")}}
POSITIONS = {"bybit": {PERP: {"amount": Decimal("-0.5"), "entry_price": Decimal("2007.99")}}}
FEES = Decimal("8.117085")
FUNDING = Decimal("0.315")
EQUITY_START = Decimal(10_000)
EQUITY_END = Decimal("9993.950915")
MARKET_EVENTS = 19

SPOT_CLOSES = (2000.0, 2005.0, 2010.0, 2020.0, 2040.0, 2060.0, 2080.0, 2095.0, 2090.0)
PERP_CLOSES = (2010.0, 2011.0, 2015.0, 2025.0, 2050.0, 2065.0, 2085.0, 2100.0, 2080.0)


def write_data(folder: Path) -> None:
    """Write the two series of candles and the funding, laid out like a data folder of a user."""
    midnight = datetime(2024, 1, 1, tzinfo=UTC)
    (folder / "candles").mkdir()
    (folder / "funding").mkdir()
    for kind, closes in (("spot", SPOT_CLOSES), ("perp", PERP_CLOSES)):
        stamps = [midnight + timedelta(hours=hour) for hour in range(len(closes))]
        rows = {name: pa.array(closes) for name in ("open", "high", "low", "close")}
        rows["volume"] = pa.array([1000.0] * len(closes))
        _write(folder / "candles" / f"bybit-ETHUSDT-{kind}-1h.parquet", stamps, rows)
    stamps = [midnight, midnight + timedelta(hours=8)]
    _write(folder / "funding" / "bybit-ETHUSDT-perp.parquet", stamps, {"funding_rate": pa.array([0.5, 0.0001])})


def _write(path: Path, stamps: list[datetime], columns: dict[str, pa.Array]) -> None:
    at = pa.array(stamps, type=pa.timestamp("ms", tz="UTC"))
    pq.write_table(pa.table({"timestamp": at} | columns), path)
