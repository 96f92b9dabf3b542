"""Ids sent to venues, derived from the instruction so that a restart derives them again.

``x`` + the first 31 characters of base62(sha256(namespace, instruction id, leg, order number)): [A-Za-z0-9]{1,32} fits
Binance, Bybit and OKX. The digest is written as a 43-digit number in base 62, digits before letters, upper case first.
"""

import hashlib

from messages.units import ClientOrderId, InstructionId

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_DROPPED = 62 ** (43 - 32)  # 32 digits are computed, in pairs; the last is cut off
_62_16, _62_8, _62_4, _62_2 = 62**16, 62**8, 62**4, 62**2
_FIRST = b"\x000\x000"
"""Leg 0, order 0: what most instructions come to."""


def id_digest(namespace: bytes, instruction: InstructionId, *, leg: int = 0, number: int = 0) -> bytes:
    """Return the 32 bytes that identify one order of an instruction within an account."""
    place = b"\0%d\0%d" % (leg, number) if leg or number else _FIRST
    return hashlib.sha256(namespace + instruction.encode() + place).digest()


def client_order_id(digest: bytes) -> ClientOrderId:
    """Return the id that a venue is sent for an `id_digest`."""
    high, low = divmod(int.from_bytes(digest, "big") // _DROPPED, _62_16)
    return ClientOrderId("x" + _sixteen(high) + _sixteen(low)[:15])


def _sixteen(number: int) -> str:
    """Return a number below 62**16 as 16 digits."""
    ab, cd = divmod(number, _62_8)
    a, b = divmod(ab, _62_4)
    c, d = divmod(cd, _62_4)
    pairs, two = _PAIRS, _62_2
    return (
        f"{pairs[a // two]}{pairs[a % two]}{pairs[b // two]}{pairs[b % two]}"
        f"{pairs[c // two]}{pairs[c % two]}{pairs[d // two]}{pairs[d % two]}"
    )
