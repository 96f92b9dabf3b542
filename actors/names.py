"""What the ids of instructions come to: digests that order ids are made of, and keys of the table of ids. Pure."""

import msgspec

from actors.intents import content_of
from actors.order_ids import id_digest
from messages.instructions import InstructionReceived
from messages.units import InstructionId

_64_BITS = (1 << 64) - 1


class Named(msgspec.Struct):
    """What the id of an instruction comes to.

    Attributes:
        digest: 32 bytes that order ids are made of.
        key: 64 bits of it, under which the table of ids knows it.
        slot, slot_of: Where the table keeps it, as long as the table's `growth` is `slot_of`.
    """

    instruction: InstructionId
    digest: bytes
    key: int
    slot: int = -1
    slot_of: int = -1


class Names:
    """Works out digests within the namespace of an account (16 bytes); the same one is asked for several times."""

    def __init__(self, namespace: bytes) -> None:
        self._namespace = namespace
        self._latest = Named(InstructionId(""), b"", 0)

    def of(self, instruction: InstructionId) -> Named:
        """Return what an instruction's id comes to."""
        latest = self._latest
        if latest.instruction != instruction:
            digest = id_digest(self._namespace, instruction)
            self._latest = latest = Named(instruction, digest, int.from_bytes(digest[24:], "big"))
        return latest


def content_digest(entry: InstructionReceived) -> int:
    """Return 64 bits that stand for an instruction's content.

    They are Python's own hash of texts, another in every process: it is compared within one process alone.
    """
    return hash(content_of(entry)) & _64_BITS
