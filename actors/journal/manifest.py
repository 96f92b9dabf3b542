"""What a journal says about its run before the first entry.

The hashed part decides what the run does (format, mode, seed, effective settings, contents of data and script): its
digest starts the chain, so two runs with equal entries and unequal beginnings have unequal hashes. Beside it stands
what may differ between two equal runs (versions, host, paths), guarded by a digest of its own that enters no chain.
"""

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from messages.journal import FORMAT_VERSION
from messages.units import plain


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The two parts, as bytes that are stored as they are.

    Attributes:
        hashed: UTF-8 JSON object: what decides the run.
        beside: UTF-8 JSON object: what doesn't.
    """

    hashed: bytes
    beside: bytes

    @property
    def hash_0(self) -> bytes:
        """The digest that the hash of the first entry builds on, 32 bytes."""
        return hashlib.sha256(self.hashed).digest()

    @property
    def beside_hash(self) -> bytes:
        """The digest that tells whether the part beside was changed, 32 bytes."""
        return hashlib.sha256(self.beside).digest()

    @property
    def format_version(self) -> int:
        """Of the journal, as the hashed part says it.

        Raises:
            ValueError: the hashed part is not as `manifest` makes it.
        """
        version = self.described().get("format_version")
        if not isinstance(version, int):
            raise ValueError("the manifest names no format version")  # noqa: TRY004 (bad content, not a bad argument)
        return version

    def described(self) -> dict[str, object]:
        """Return the hashed part as a dictionary.

        Raises:
            ValueError: it is not a JSON object.
        """
        found = json.loads(self.hashed)
        if not isinstance(found, dict):
            raise ValueError("the manifest is not a JSON object")  # noqa: TRY004 (as above)
        return found


class StoredManifest(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest and the two digests beside it, as they were found in a file; `fault` compares them."""

    manifest: Manifest
    hash_0: bytes
    beside_hash: bytes

    def fault(self) -> str | None:
        """Return what disagrees, in words, or None."""
        if self.hash_0 != self.manifest.hash_0:
            return "the hashed part of the manifest is not what was written"
        if self.beside_hash != self.manifest.beside_hash:
            return "the part beside the hashed manifest is not what was written"
        return None


def manifest(hashed: Mapping[str, object], beside: Mapping[str, object]) -> Manifest:
    """Return a manifest of two dictionaries. The format version is added to the hashed one.

    Args:
        hashed: Mode, seed, effective trading settings, sha256 of files by base name. JSON values and decimals.
        beside: Versions, host, pid, wall clock, paths. Likewise.

    Raises:
        TypeError: a value that JSON has no form for.
        ValueError: NaN or an infinity.
    """
    return Manifest(hashed=_compact({**hashed, "format_version": FORMAT_VERSION}), beside=_compact(beside))


def _compact(values: Mapping[str, object]) -> bytes:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False, default=_value)
    return text.encode("ascii")


def _value(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return plain(value)
    raise TypeError(f"{value!r}: a manifest holds JSON values and finite decimals")
