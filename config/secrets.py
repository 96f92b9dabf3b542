"""The keys of accounts: read from files or from the environment, held in a type that shows nothing.

What a file holds is never said, neither in a refusal nor in a traceback, even one that prints local variables: a
function that sees a secret as text returns what is wrong, and raises nothing.
"""

import hmac
import json
import os
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from config.load import Loaded
from config.problems import ConfigError, Problem, escaped, key_path
from config.settings import Settings
from messages.units import VenueName

ENVIRONMENT = "EXECD_SECRET_"
"""What the names of environment variables with keys begin with."""
MAX_BYTES = 2**16
"""A longer file is refused unread."""
LONGEST = 8192
"""Characters of a secret; a private key in PEM has some thousands."""

_KEYS = ("api_key", "secret", "passphrase")
_WITH_PASSPHRASE = frozenset({"okx"})
_SHAPE = '{"api_key": "...", "secret": "..."}'
_SHAPE_OF_THREE = '{"api_key": "...", "secret": "...", "passphrase": "..."}'
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A text that nobody sees unless `reveal` is called: not printed, formatted, pickled, or turned into JSON."""

    __slots__ = ("_reveal",)
    _reveal: Callable[[], str]

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_reveal", lambda: text)

    def reveal(self) -> str:
        """Return the text. For who signs with it, and for who looks for it to take it out of other texts."""
        return self._reveal()

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self.reveal().encode("utf-8", "surrogatepass"), other.reveal().encode("utf-8", "surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(Secret)  # that two are different says nothing then

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret can't be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret can't be changed")

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: object) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is never pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The keys of an account at a venue.

    Attributes:
        name: As the config has it.
        source: Where they are from: a file as the config has it, or an environment variable.
        passphrase: Of okx only.
    """

    name: str
    source: str
    api_key: Secret
    secret: Secret
    passphrase: Secret | None = None

    def texts(self) -> tuple[str, ...]:
        """Return all that must not be seen, for who takes it out of other texts."""
        return tuple(each.reveal() for each in (self.api_key, self.secret, self.passphrase) if each is not None)


class Needed(NamedTuple):
    """Keys that a config asks for: the venue, and the name it gives them."""

    venue: VenueName
    name: str


def needed_credentials(settings: Settings) -> tuple[Needed, ...]:
    """Return the keys that a config asks for, in the order of its venues."""
    return tuple(
        Needed(venue, chosen.credentials) for venue, chosen in settings.venues.items() if chosen.credentials is not None
    )


def variables_of(name: str) -> tuple[str, ...]:
    """Return the environment variables that may hold the keys of a name, the first that is set being the one."""
    return tuple(dict.fromkeys((ENVIRONMENT + name.upper().replace("-", "_"), ENVIRONMENT + name)))


def read_credentials(loaded: Loaded, *, but: Collection[VenueName] = ()) -> Mapping[VenueName, Credentials]:
    """Return the keys that a config asks for, by venue. The environment goes before the files.

    Args:
        loaded: The config.
        but: Venues whose keys are known already.

    Raises:
        ConfigError: All that is missing, may be read by others, or makes no sense. Nothing of what is there is said.
    """
    found: dict[VenueName, Credentials] = {}
    problems: list[Problem] = []
    label = loaded.path.name
    from_files: list[Needed] = []
    wanted = [needed for needed in needed_credentials(loaded.settings) if needed.venue not in but]
    for needed in wanted:
        held = _from_environment(needed)
        if held is None:
            from_files.append(needed)
        else:
            _sort(held, needed, label, found, problems)
    folder = loaded.settings.secrets.dir
    if from_files and folder:
        unsafe = _unsafe_folder(loaded.resolved(folder))
        if unsafe:
            problems.append(Problem(f"{label}: secrets.dir", f"{unsafe}: {_said(folder)}"))
            from_files = []
    for needed in from_files:
        _sort(_from_folder(loaded, folder, needed), needed, label, found, problems)
    if problems:
        raise ConfigError(problems)
    return MappingProxyType({needed.venue: found[needed.venue] for needed in wanted})


def credentials_of(fields: Mapping[str, object], *, venue: VenueName, name: str, source: str) -> Credentials:
    """Return keys that were given as plain values under ``api_key``, ``secret`` and ``passphrase``.

    Raises:
        ConfigError: What is wrong with them, without them.
    """
    made = _made(tuple(fields.items()), Needed(venue, name), source)
    del fields
    if isinstance(made, str):
        raise ConfigError([Problem(source, made)])
    return made


def _sort(
    made: Credentials | str,
    needed: Needed,
    label: str,
    found: dict[VenueName, Credentials],
    problems: list[Problem],
) -> None:
    """Put what came of reading where it belongs."""
    if isinstance(made, Credentials):
        found[needed.venue] = made
    else:
        problems.append(Problem(f"{label}: {key_path('venues', needed.venue, 'credentials')}", made))


def _from_environment(needed: Needed) -> Credentials | str | None:
    """Return keys or what is wrong with them; None where no variable is set."""
    for variable in variables_of(needed.name):
        text = os.environ.get(variable)
        if text is not None:
            return _parsed(text.encode("utf-8", errors="surrogateescape"), needed, variable)
    return None


def _from_folder(loaded: Loaded, folder: str, needed: Needed) -> Credentials | str:
    or_else = f"or {variables_of(needed.name)[0]} in the environment"
    if not folder:
        return f"no keys are known, expected [secrets] with dir, {or_else}"
    written = Path(folder, f"{needed.name}.json")
    try:
        # A pipe would wait for its writer.
        descriptor = os.open(loaded.resolved(str(written)), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return f"no such file: {_said(str(written))}, expected it with {_shape(needed)}, {or_else}"
    except OSError as error:
        return f"can't be read: {_said(str(written))}: {error.strerror}"
    try:
        return _from_descriptor(descriptor, needed, str(written))
    except OSError as error:
        return f"can't be read: {_said(str(written))}: {error.strerror}"
    finally:
        os.close(descriptor)


def _from_descriptor(descriptor: int, needed: Needed, written: str) -> Credentials | str:
    """Return the keys in an open file: what it is and who may read it is asked of what is read, not of a path."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        return f"not a regular file: {_said(written)}, expected one with {_shape(needed)}"
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        return f"open to others: {_said(written)} has mode {mode:04o}, expected 0600 or stricter (chmod 600)"
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return _parsed(file.read(MAX_BYTES + 1), needed, written)


def _unsafe_folder(folder: Path) -> str:
    """Return why nobody should trust the files of a folder; empty if one may."""
    try:
        status = folder.stat()
    except FileNotFoundError:
        return "no such folder"
    except (OSError, ValueError) as error:
        return (error.strerror if isinstance(error, OSError) else None) or "not a path"
    if not stat.S_ISDIR(status.st_mode):
        return "not a folder"
    if status.st_mode & stat.S_IWOTH:
        mode = stat.S_IMODE(status.st_mode)
        return f"everybody may write to it (mode {mode:04o}), expected only its owner to (chmod 700)"
    return ""


def _parsed(content: bytes, needed: Needed, source: str) -> Credentials | str:
    """Return the keys that a file or variable holds, or what is wrong with it, without what it holds."""
    said = _said(source)
    if len(content) > MAX_BYTES:
        return f"{said}: longer than {MAX_BYTES} bytes, expected {_shape(needed)}"
    try:
        pairs = json.loads(content, object_pairs_hook=tuple)  # an object becomes a tuple, an array a list
    except json.JSONDecodeError as error:
        return f"{said}: not JSON, see line {error.lineno}, expected {_shape(needed)}"
    except (ValueError, RecursionError):  # not UTF-8, a number of too many digits, or too deep
        return f"{said}: not JSON, expected {_shape(needed)}"
    if not isinstance(pairs, tuple):
        return f"{said}: not a JSON object, expected {_shape(needed)}"
    made = _made(pairs, needed, source)
    return f"{said}: {made}" if isinstance(made, str) else made


def _made(pairs: tuple[tuple[str, object], ...], needed: Needed, source: str) -> Credentials | str:
    """Return keys and values as credentials, or what is wrong with them. Keys that are none of ours are not said."""
    fields = dict(pairs)
    wanted = _KEYS if needed.venue in _WITH_PASSPHRASE else _KEYS[:2]
    if len(fields) < len(pairs):
        return f"a key stands there twice, expected {_shape(needed)}"
    if "passphrase" in fields and "passphrase" not in wanted:
        return f"has a passphrase, which {needed.venue} does not know, expected {_shape(needed)}"
    if not fields.keys() <= {*wanted}:
        return f"has an unknown key, expected only {', '.join(wanted)}"
    for key in wanted:
        if key not in fields:
            return f"{key} is missing, expected {_shape(needed)}"
        wrong = _wrong(fields[key], in_header=key != "secret")
        if wrong:
            return f"{key} is {wrong}"
    given = {key: Secret(str(fields[key])) for key in wanted}
    return Credentials(name=needed.name, source=source, **given)


def _wrong(value: object, *, in_header: bool) -> str:
    """Return what is wrong with a secret; the one that only signs may be a private key of many lines."""
    if not isinstance(value, str):
        return "not text, expected text"
    if not value.strip():
        return "empty, expected text"
    if len(value) > LONGEST:
        return f"longer than {LONGEST} characters, expected a key as the venue shows it"
    plain = value if in_header else value.replace("\n", "").replace("\r", "")
    if not (plain.isascii() and plain.isprintable()) or plain != plain.strip():
        return "not plain text, expected printable ASCII without a blank before or after it"
    return ""


def _shape(needed: Needed) -> str:
    return _SHAPE_OF_THREE if needed.venue in _WITH_PASSPHRASE else _SHAPE


def _said(path: str) -> str:
    return escaped(path, cut=500)
