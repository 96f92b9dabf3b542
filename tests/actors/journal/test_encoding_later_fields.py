"""A field that a type got later is left out where it says nothing: journals are written, and hashed, as they were."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import fields, replace

from actors.journal.encoding import LATER, decode, encode
from messages.book import EquityMarked
from messages.journal import Entry
from messages.units import Amount, Asset
from tests.actors.builders import paid

MARKED = EquityMarked(currency=Asset("USDT"), equity=Amount(Decimal(5)), unrealised=Amount(Decimal(0)))
SAMPLES: dict[str, tuple[Entry, dict[str, Any]]] = {
    "FundingPaid": (paid(), {"payment_id": "77"}),
    "EquityMarked": (MARKED, {"put_in": Amount(Decimal(3))}),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_later_field_is_written_only_where_it_says_something(name: str) -> None:
    entry, said = SAMPLES[name]
    more = replace(entry, **said)

    without, within = encode(1, 2, None, entry), encode(1, 2, None, more)

    (key,) = said
    assert key.encode() not in without
    assert key.encode() in within
    assert decode(without).entry == entry
    assert decode(within).entry == more


@pytest.mark.parametrize("kind", list(LATER), ids=lambda kind: kind.__name__)
def test_later_fields_come_last_and_have_the_default_that_is_left_out(kind: type[msgspec.Struct]) -> None:
    later = LATER[kind]

    last = fields(kind)[-len(later) :]

    assert {each.name: each.default for each in last} == later


def test_funding_of_which_the_venue_names_only_the_amount_comes_back() -> None:
    bare = replace(paid(), quantity=None, mark=None, rate=None, payment_id="9")

    assert decode(encode(1, 2, None, bare)).entry == bare
