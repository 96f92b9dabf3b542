"""Ids sent to venues derive from namespace, instruction, leg and number alone, and fit every venue."""

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from actors.order_ids import client_order_id, id_digest
from messages.units import InstructionId

NAMESPACE = bytes(range(16))
A1 = InstructionId("a1")


def independent(namespace: bytes, instruction: str, leg: int, number: int) -> str:
    """Base 62 one digit at a time: ``x`` and the first 31 of 43 digits."""
    alphabet = "".join(map(chr, [*range(48, 58), *range(65, 91), *range(97, 123)]))
    text = b"\x00".join([namespace + instruction.encode(), str(leg).encode(), str(number).encode()])
    left = int(hashlib.sha256(text).hexdigest(), 16)
    digits = ""
    for _ in range(43):
        left, digit = divmod(left, 62)
        digits = alphabet[digit] + digits
    return "x" + digits[:31]


def test_a_golden_id_never_changes() -> None:
    # Worked out with `independent` once; a journal of last year must lead to the same id.
    assert client_order_id(id_digest(NAMESPACE, A1)) == "xdJ7x8Wzb0KZtNlbeTB4OLzvqPxxncCc"


@given(st.binary(min_size=16, max_size=16), st.text(max_size=70), st.integers(0, 300), st.integers(0, 300))
def test_an_id_is_what_another_calculation_says_and_fits_every_venue(
    namespace: bytes, instruction: str, leg: int, number: int
) -> None:
    found = client_order_id(id_digest(namespace, InstructionId(instruction), leg=leg, number=number))

    assert found == independent(namespace, instruction, leg, number)
    assert re.fullmatch("[A-Za-z0-9]{1,32}", found)


def test_the_smallest_and_the_largest_digest_are_written_in_full() -> None:
    assert client_order_id(bytes(32)) == "x" + "0" * 31
    assert len(client_order_id(b"\xff" * 32)) == 32


def test_namespace_instruction_leg_and_number_each_make_another_id() -> None:
    digests = [
        id_digest(NAMESPACE, A1),
        id_digest(NAMESPACE[::-1], A1),
        id_digest(NAMESPACE, InstructionId("a2")),
        id_digest(NAMESPACE, A1, leg=1),
        id_digest(NAMESPACE, A1, number=1),
        id_digest(NAMESPACE, A1, leg=1, number=1),
        id_digest(NAMESPACE, A1, leg=11),
        id_digest(NAMESPACE, A1, number=11),
    ]

    assert len({client_order_id(digest) for digest in digests}) == len(digests)


def test_the_same_order_gets_the_same_id_again() -> None:
    first = client_order_id(id_digest(NAMESPACE, A1, leg=2, number=3))

    assert client_order_id(id_digest(bytes(NAMESPACE), InstructionId("a1"), leg=2, number=3)) == first
