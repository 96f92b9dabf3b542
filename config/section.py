"""What a table of a config is made of: frozen sections, keys that say what they mean, and numbers within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, TypeAlias, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainValidator
from pydantic_core import PydanticCustomError

from config.decimals import decimal_of
from config.problems import shown
from messages.units import CONTEXT, SECOND_NS, Nanoseconds

MILLISECOND_NS = 1_000_000
REFUSED = "execd"
"""Type of the pydantic errors whose message is already the whole line."""

K = TypeVar("K")
V = TypeVar("V")
Frozen: TypeAlias = Annotated[Mapping[K, V], AfterValidator(MappingProxyType)]
"""A mapping that nobody can change."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is said of a key beside its meaning (which is the field's description).

    Attributes:
        expected: What a refusal says was expected.
        unit: Of the value; empty where it has none.
        default: What the reference says of the default, where the model's own is not what holds in the end.
        entry: How the reference names the keys of a mapping that the user chooses.
    """

    expected: str
    unit: str = ""
    default: str = ""
    entry: str = ""


def refusal(line: str) -> PydanticCustomError:
    """Return the error that makes a validator's line the message as it stands."""
    return PydanticCustomError(REFUSED, "{line}", {"line": line})


class Section(BaseModel):
    """A table of the TOML file: frozen, and refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NumberWithin:
    """A validator for a decimal. `above` leaves `least` itself out, as `below` does at the other end.

    Attributes:
        words: The bounds, such as "above 0 and at most 1".
    """

    def __init__(
        self, example: str, *, least: str = "0", above: bool = False, most: str | None = None, below: str | None = None
    ) -> None:
        wanted = [f"above {least}" if above else f"of at least {least}"]
        wanted += [f"at most {most}"] if most else []
        wanted += [f"below {below}"] if below else []
        self.words = " and ".join(wanted)
        self._example = example
        self._least, self._above = Decimal(least), above
        self._most = Decimal(most) if most else None
        self._below = Decimal(below) if below else None

    def __call__(self, value: object) -> Decimal:
        """Return the number that a value stands for."""
        number = decimal_of(value)
        if number is None:
            raise refusal(f'not a number: {shown(value)}, expected a decimal such as "{self._example}"')
        expected = f'expected a decimal {self.words}, such as "{self._example}"'
        if number < self._least or (self._above and number == self._least):
            raise refusal(f"too small: {shown(value)}, {expected}")
        if (self._most is not None and number > self._most) or (self._below is not None and number >= self._below):
            raise refusal(f"too large: {shown(value)}, {expected}")
        return number


def nanoseconds_of(seconds: Decimal) -> Nanoseconds:
    """Return a length of time in seconds as nanoseconds, what is less than one cut off."""
    return Nanoseconds(int(CONTEXT.multiply(seconds, Decimal(SECOND_NS))))


def _local_path(value: str) -> str:
    if not value or not value.isprintable():
        raise refusal(f"not a path: {shown(value)}, expected a folder or file, relative to the config file")
    return value


LocalPath: TypeAlias = Annotated[str, AfterValidator(_local_path)]
"""A path as it is written, relative to the config file."""


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


Rows: TypeAlias = Annotated[tuple[V, ...], BeforeValidator(_as_tuple)]
"""An array of tables."""
Positive: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("0.01", above=True))]
"""A decimal above zero."""
NotNegative: TypeAlias = Annotated[Decimal, PlainValidator(NumberWithin("1000"))]
"""A decimal of zero or more."""
