"""Where a venue's traffic goes instead of to the venue: an address of this machine, unless another is allowed."""

import ipaddress
import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, model_validator

from config.problems import shown
from config.section import Key, LocalPath, Section, refusal

ADDRESS_EXPECTED = 'a host and a port such as "127.0.0.1:8443"'
_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})))[:]([0-9]{1,5})")
_LAST_PORT = 65_535


class HostPort(NamedTuple):
    """Where to connect to. `host` is a name or an address, an IPv6 one without its brackets."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: 127.0.0.0/8, ::1 or the name localhost."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, which may mean anything
            return False


def host_port_of(text: str) -> HostPort | None:
    """Return the address that text such as ``127.0.0.1:8443`` or ``[::1]:8443`` means; None if it means none."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match[3]) <= _LAST_PORT:
        return None
    if match[1] is not None:
        try:
            ipaddress.IPv6Address(match[1])
        except ValueError:
            return None
    return HostPort(match[1] or match[2], int(match[3]))


def _address(value: str) -> str:
    if host_port_of(value) is None:
        raise refusal(f"not an address: {shown(value)}, expected {ADDRESS_EXPECTED}")
    return value


class Endpoint(Section):
    """Where the venue's traffic goes instead, such as a local exchange. Host names and TLS stay the venue's own."""

    connect_to: Annotated[str, AfterValidator(_address), Key(expected=ADDRESS_EXPECTED)] = Field(
        description="Host and port; of this machine (127.0.0.0/8, ::1, localhost), unless `allow_remote` is set."
    )
    ca_file: Annotated[
        LocalPath | None, Key(expected="a file, relative to the config file", default="those of the system")
    ] = Field(
        default=None,
        description="Certificate authorities in PEM that the venue's certificate is checked against there.",
    )
    allow_remote: Annotated[bool, Key(expected="true or false")] = Field(
        default=False,
        description="Let the traffic, and the signatures in it, go to another machine; refused with keys that may "
        "withdraw.",
    )

    @model_validator(mode="after")
    def _stays_here(self) -> "Endpoint":
        if not self.address.is_loopback and not self.allow_remote:
            raise refusal(
                f"connect_to is {shown(self.connect_to)}, expected an address of this machine (127.0.0.0/8, ::1 or "
                "localhost), or allow_remote = true"
            )
        return self

    @property
    def address(self) -> HostPort:
        """Where to connect to."""
        found = host_port_of(self.connect_to)
        if found is None:  # the validator above has seen to it
            raise ValueError(ADDRESS_EXPECTED)
        return found
