"""Where an order stands with us, and how its reports name it."""

from typing import TypedDict

from messages.units import ClientOrderId, InstructionId, InstrumentId, OrderId, VenueName, Word


class Stage(Word):
    """Where an order stands with us.

    `FOLLOWED`: the journal has its intent, and this process has not sent it (yet). `SENDING`: a request to place it is
    under way. `UNKNOWN`: it may exist. `LIVE`: it exists. `OVER`: its end was told.
    """

    FOLLOWED = "FOLLOWED"
    SENDING = "SENDING"
    UNKNOWN = "UNKNOWN"
    LIVE = "LIVE"
    OVER = "OVER"


class Names(TypedDict):
    """What every report on an order says."""

    venue: VenueName
    instrument: InstrumentId
    client_order_id: ClientOrderId
    instruction_id: InstructionId


class Named(Names):
    """The same, with the venue's id."""

    order_id: OrderId
