"""Samples with defaults, and an address that keeps what it is told."""

from decimal import Decimal
from typing import Any

from messages.book import Opening
from messages.instructions import Code, InstructionReceived, InstructionRefused, TradeInstruction
from messages.instruments import FeeRates, Instrument, SlippageModel, VenueModel, instrument_id
from messages.journal import Entry, Record
from messages.market import Candle, FundingPaid, MarketSlice
from messages.orders import (
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnknown,
    SubmitOrder,
)
from messages.units import (
    SECOND_NS,
    AccountName,
    Amount,
    Asset,
    BaseAmount,
    ClientOrderId,
    InstructionId,
    InstrumentId,
    Liquidity,
    Nanoseconds,
    OrderId,
    OrderType,
    Price,
    Rate,
    Seq,
    Side,
    TradeId,
    TradeType,
    VenueName,
)

HOUR = 3600 * SECOND_NS
SPOT_ID = instrument_id("bybit", "ETH/USDT")
PERP_ID = instrument_id("bybit", "ETHUSDT-PERP")


class Mail:
    """An address that keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def tell(self, message: Any) -> None:  # noqa: ANN401 - any message
        self.told.append(message)

    def take(self) -> list[Any]:
        """Return what was told since the last time."""
        told, self.told = self.told, []
        return told


def instrument(pair: str = "ETHUSDT-PERP", *, venue: str = "bybit", **changes: Any) -> Instrument:  # noqa: ANN401
    is_perp = pair.endswith("-PERP")
    fields: dict[str, Any] = {
        "instrument_id": instrument_id(venue, pair),
        "venue": VenueName(venue),
        "trade_type": TradeType.PERP if is_perp else TradeType.SPOT,
        "symbol": pair,
        "base": Asset("ETH"),
        "quote": Asset("USDT"),
        "account": AccountName("binance.perp" if is_perp and venue == "binance" else venue),
        "tick": Price(Decimal("0.01")),
        "lot": BaseAmount(Decimal("0.01") if is_perp else Decimal("0.00001")),
        "min_quantity": BaseAmount(Decimal("0.01") if is_perp else Decimal("0.00001")),
        "min_notional": Amount(Decimal(5)),
        "contract_size": BaseAmount(Decimal(1)),
    }
    return Instrument(**{**fields, **changes})


def venue(
    *instruments: Instrument, name: str = "bybit", base_bps: str = "0", impact_bps: str = "0", taker: str = "0.001"
) -> VenueModel:
    rates = FeeRates(maker=Decimal("0.0002"), taker=Decimal(taker))
    return VenueModel(
        venue=VenueName(name),
        instruments=instruments or (instrument("ETH/USDT", venue=name), instrument(venue=name)),
        spot_fees=rates,
        perp_fees=rates,
        slippage=SlippageModel(base_bps=Decimal(base_bps), impact_bps=Decimal(impact_bps)),
    )


def candle(close: str = "2000", *, at: int = HOUR, of: InstrumentId = PERP_ID, volume: str = "1000") -> Candle:
    price = Price(Decimal(close))
    return Candle(
        instrument=of,
        closed_at=Nanoseconds(at),
        open=price,
        high=price,
        low=price,
        close=price,
        volume=BaseAmount(Decimal(volume)),
    )


def market(*candles: Candle, at: int = HOUR) -> MarketSlice:
    return MarketSlice(at=Nanoseconds(at), candles=candles or (candle(at=at), candle(at=at, of=SPOT_ID)))


def instruction(
    amount: str = "1",
    *,
    name: str = "a1",
    pair: str = "ETHUSDT-PERP",
    side: str = "BUY",
    reduce_only: bool = False,
    **terms: Any,  # noqa: ANN401 - of any order type
) -> TradeInstruction:
    return TradeInstruction(
        instruction_id=InstructionId(name),
        venue=VenueName("bybit"),
        trade_type=TradeType.PERP if pair.endswith("-PERP") else TradeType.SPOT,
        instrument=instrument_id("bybit", pair),
        side=Side(side),
        amount=BaseAmount(Decimal(amount)),
        reduce_only=reduce_only,
        **terms,
    )


def order(
    amount: str = "1", *, name: str = "c1", of: InstrumentId = PERP_ID, side: str = "BUY", reduce_only: bool = False
) -> SubmitOrder:
    return SubmitOrder(intent=submitted(amount, client=name, of=of, side=side, reduce_only=reduce_only))


def submitted(
    amount: str = "1",
    *,
    name: str = "a1",
    client: str = "c1",
    of: InstrumentId = PERP_ID,
    side: str = "BUY",
    venue: str = "bybit",
    reduce_only: bool = False,
) -> OrderSubmitted:
    return OrderSubmitted(
        instruction_id=InstructionId(name),
        client_order_id=ClientOrderId(client),
        venue=VenueName(venue),
        instrument=of,
        side=Side(side),
        amount=BaseAmount(Decimal(amount)),
        order_type=OrderType.MARKET,
        price=None,
        reduce_only=reduce_only,
        reference_price=Price(Decimal(2000)),
        held_asset=Asset("USDT"),
        held_amount=Amount(Decimal(10)),
    )


def accepted(*, name: str = "a1", client: str = "c1", of: InstrumentId = PERP_ID) -> OrderAccepted:
    return OrderAccepted(
        venue=VenueName("bybit"),
        instrument=of,
        order_id=OrderId("o1"),
        client_order_id=ClientOrderId(client),
        instruction_id=InstructionId(name),
    )


def filled(  # noqa: PLR0913 - a fill has many parts
    amount: str = "1",
    price: str = "2000",
    *,
    side: str = "BUY",
    fee: str = "0",
    fee_asset: str = "USDT",
    of: InstrumentId = PERP_ID,
    name: str = "a1",
    client: str = "c1",
    trade: str = "t1",
) -> OrderFilled:
    return OrderFilled(
        venue=VenueName(of.partition(":")[0]),
        instrument=of,
        side=Side(side),
        amount=BaseAmount(Decimal(amount)),
        price=Price(Decimal(price)),
        fee=Amount(Decimal(fee)),
        fee_asset=Asset(fee_asset),
        liquidity=Liquidity.TAKER,
        order_id=OrderId("o1"),
        client_order_id=ClientOrderId(client),
        trade_id=TradeId(trade),
        instruction_id=InstructionId(name),
    )


def rejected(*, name: str = "a1", client: str = "c1", reason: str = "LOT", by: str = "venue") -> OrderRejected:
    return OrderRejected(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        client_order_id=ClientOrderId(client),
        instruction_id=InstructionId(name),
        by=by,
        reason=reason,
        detail="",
    )


def cancelled(*, name: str = "a1", client: str = "c1") -> OrderCancelled:
    return OrderCancelled(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        order_id=OrderId("o1"),
        client_order_id=ClientOrderId(client),
        instruction_id=InstructionId(name),
        reason="asked for",
    )


def expired(*, name: str = "a1", client: str = "c1") -> OrderExpired:
    return OrderExpired(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        order_id=OrderId("o1"),
        client_order_id=ClientOrderId(client),
        instruction_id=InstructionId(name),
        reason="END_OF_RUN",
    )


def unknown(*, name: str = "a1", client: str = "c1") -> OrderUnknown:
    return OrderUnknown(
        venue=VenueName("bybit"),
        instrument=PERP_ID,
        client_order_id=ClientOrderId(client),
        instruction_id=InstructionId(name),
        reason="time-out",
    )


def refused(*, name: str = "a1", code: Code = Code.BELOW_LOT) -> InstructionRefused:
    return InstructionRefused(instruction_id=InstructionId(name), code=code, detail="")


def received(amount: str = "1", **fields: Any) -> InstructionReceived:  # noqa: ANN401 - as of `instruction`
    wanted = instruction(amount, **fields)
    return InstructionReceived(
        venue_type="cex", **{field: getattr(wanted, field) for field in wanted.__struct_fields__}
    )


def opening(amount: str = "1000", asset: str = "USDT", *, account: str = "bybit") -> Opening:
    return Opening(account=AccountName(account), asset=Asset(asset), amount=Amount(Decimal(amount)))


def paid(amount: str = "-2", *, quantity: str = "1", mark: str = "2000", of: InstrumentId = PERP_ID) -> FundingPaid:
    return FundingPaid(
        venue=VenueName(of.partition(":")[0]),
        instrument=of,
        quantity=BaseAmount(Decimal(quantity)),
        mark=Price(Decimal(mark)),
        rate=Rate(Decimal("0.001")),
        amount=Amount(Decimal(amount)),
    )


def record(entry: Entry, *, seq: int = 1, at: int = 0) -> Record:
    return Record(seq=Seq(seq), at=Nanoseconds(at), cause=None, hash=bytes(32), entry=entry)
