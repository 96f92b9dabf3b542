"""Ids sent to venues, derived from the instruction so that a restart derives them again.

``x`` + the first 31 characters of base62(sha256(namespace, instruction id, leg, order number)): [A-Za-z0-9]{1,32} fits
Binance, Bybit and OKX. The digest is written as a 43-digit number in base 62, digits before letters, upper case first.
"""

import contextlib
import hashlib
import importlib

from messages.units import ClientOrderId, InstructionId

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS = tuple(high + low for high in _DIGITS for low in _DIGITS)
_TWO, _FOUR, _FIVE = 62**2, 62**4, 62**5
_sha256 = hashlib.sha256
# Python's own sha256 is sooner done with so short a text than OpenSSL, which `hashlib` prefers; the digest is the same.
for _module in ("_sha256", "_sha2"):  # until Python 3.11, and from 3.12 on
    with contextlib.suppress(ImportError):
        _sha256 = importlib.import_module(_module).sha256
_FIRST = b"\x000\x000"
"""Leg 0, order 0: what most instructions come to."""


def id_digest(namespace: bytes, instruction: InstructionId, *, leg: int = 0, number: int = 0) -> bytes:
    """Return the 32 bytes that identify one order of an instruction within an account."""
    place = b"\0%d\0%d" % (leg, number) if leg or number else _FIRST
    return _sha256(namespace + instruction.encode() + place).digest()


def client_order_id(digest: bytes) -> ClientOrderId:
    """Return the id that a venue is sent for an `id_digest`.

    The last 11 of the 43 digits are cut off, and with them one more than is needed, as digits are worked out in pairs.
    All divisors are below 2**30: dividing a long number by such a one is quickest.
    """
    number = int.from_bytes(digest, "big") // _FIVE // _FIVE // 62
    number, h = divmod(number, _FOUR)
    number, g = divmod(number, _FOUR)
    number, f = divmod(number, _FOUR)
    number, e = divmod(number, _FOUR)
    number, d = divmod(number, _FOUR)
    number, c = divmod(number, _FOUR)
    a, b = divmod(number, _FOUR)
    pairs, two = _PAIRS, _TWO
    return ClientOrderId(
        f"x{pairs[a // two]}{pairs[a % two]}{pairs[b // two]}{pairs[b % two]}{pairs[c // two]}{pairs[c % two]}"
        f"{pairs[d // two]}{pairs[d % two]}{pairs[e // two]}{pairs[e % two]}{pairs[f // two]}{pairs[f % two]}"
        f"{pairs[g // two]}{pairs[g % two]}{pairs[h // two]}{pairs[h % two][0]}"
    )
