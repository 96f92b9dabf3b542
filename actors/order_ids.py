"""Ids sent to venues, derived from the instruction so that a restart derives them again.

``x`` + the first 31 characters of base62(sha256(namespace, instruction id, leg, order number)): [A-Za-z0-9]{1,32} fits
Binance, Bybit and OKX. The digest is written as a 43-digit number in base 62, digits before letters, upper case first.
"""

import hashlib

from messages.units import ClientOrderId, InstructionId

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_DROPPED = 62 ** (43 - 32)  # 32 digits are computed in pairs, the last is cut off
_EIGHT = 62**8
_FOUR = 62**4
_TWO = 62**2


def id_digest(namespace: bytes, instruction: InstructionId, *, leg: int = 0, number: int = 0) -> bytes:
    """Return the 32 bytes that identify one order of an instruction within an account."""
    return hashlib.sha256(b"%b%b\0%d\0%d" % (namespace, instruction.encode(), leg, number)).digest()


def client_order_id(digest: bytes) -> ClientOrderId:
    """Return the id that a venue is sent for an `id_digest`."""
    rest = int.from_bytes(digest, "big") // _DROPPED
    text = ""
    for _ in range(4):
        rest, part = divmod(rest, _EIGHT)
        high, low = divmod(part, _FOUR)
        one, two = divmod(high, _TWO)
        three, four = divmod(low, _TWO)
        text = _PAIRS[one] + _PAIRS[two] + _PAIRS[three] + _PAIRS[four] + text
    return ClientOrderId("x" + text[:31])
