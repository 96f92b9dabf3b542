"""The keys of accounts are read from files that only their owner may read, or from the environment, and never shown."""

import copy
import dataclasses
import json
import logging
import os
import pickle
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from config.load import load
from config.problems import ConfigError
from config.secrets import Credentials, Secret, credentials_of, needed_credentials, read_credentials, variables_of
from messages.units import VenueName
from tests.config.samples import LIVE, write

KEY, SIGNER, PHRASE = "k3y-Zq81", "s1gn3r-Zq82", "phr4s3 Zq83"
BINANCE = VenueName("binance")
OKX = VenueName("okx")
GOOD: dict[str, object] = {"api_key": KEY, "secret": SIGNER}
GOOD_OKX: dict[str, object] = {**GOOD, "passphrase": PHRASE}
OKX_TOO = '[venues.okx]\nkind = "cex"\ncredentials = "okx-main"\ninstruments = ["ETH/USDT"]\n'


@pytest.fixture(autouse=True)
def _no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BINANCE", "binance", "OKX_MAIN", "okx-main"):
        monkeypatch.delenv(f"EXECD_SECRET_{name}", raising=False)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    return folder


def put(folder: Path, name: str, content: object, *, mode: int = 0o600) -> Path:
    """Write a file of keys; text as it stands, anything else as JSON."""
    path = folder / f"{name}.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path.chmod(mode)
    return path


def read(tmp_path: Path, text: str = LIVE) -> Mapping[VenueName, Credentials]:
    return read_credentials(load(write(tmp_path / "live.toml", text)))


def refused(tmp_path: Path, text: str = LIVE) -> tuple[str, ...]:
    """Return the lines of a refusal, after looking for secrets in all that could be printed of it."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert not [each for each in (KEY, SIGNER, PHRASE, "Zq8") if each in shown]
    assert (caught.value.__context__, caught.value.__cause__) == (None, None)
    return caught.value.lines


def test_keys_are_read_from_the_file_of_their_name(tmp_path: Path, keys: Path) -> None:
    put(keys, "binance", GOOD)
    put(keys, "okx-main", GOOD_OKX, mode=0o400)

    found = read(tmp_path, LIVE + OKX_TOO)

    assert [*found] == ["binance", "okx"]
    assert found[BINANCE].api_key.reveal() == KEY
    assert found[BINANCE].passphrase is None
    assert found[OKX].texts() == (KEY, SIGNER, PHRASE)
    assert found[OKX].source == "keys/okx-main.json"


def test_what_a_config_needs_is_known_without_reading_it(tmp_path: Path) -> None:
    settings = load(write(tmp_path / "live.toml", LIVE + OKX_TOO)).settings

    assert needed_credentials(settings) == (("binance", "binance"), ("okx", "okx-main"))
    assert variables_of("okx-main") == ("EXECD_SECRET_OKX_MAIN", "EXECD_SECRET_okx-main")
    assert variables_of("OKX") == ("EXECD_SECRET_OKX",)


@pytest.mark.parametrize("variable", ["EXECD_SECRET_BINANCE", "EXECD_SECRET_binance"])
def test_the_environment_goes_before_the_file(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    put(keys, "binance", GOOD, mode=0o644)
    monkeypatch.setenv(variable, json.dumps({"api_key": "other", "secret": "another"}))

    found = read(tmp_path)

    assert found[BINANCE].texts() == ("other", "another")
    assert found[BINANCE].source == variable


def test_with_the_environment_no_folder_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXECD_SECRET_BINANCE", json.dumps(GOOD))
    text = LIVE.replace('[secrets]\ndir = "keys"\n', "")
    assert text != LIVE

    assert read(tmp_path, text)[BINANCE].secret.reveal() == SIGNER


def test_without_folder_and_environment_it_is_said_where_keys_are_looked_for(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, LIVE.replace('[secrets]\ndir = "keys"\n', ""))

    assert line == (
        "live.toml: venues.binance.credentials: no keys are known, expected [secrets] with dir, "
        "or EXECD_SECRET_BINANCE in the environment"
    )


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_may_open_is_refused_by_name_and_mode(tmp_path: Path, keys: Path, mode: int) -> None:
    put(keys, "binance", GOOD, mode=mode)

    (line,) = refused(tmp_path)

    assert line.startswith("live.toml: venues.binance.credentials: open to others: keys/binance.json has mode ")
    assert f"{mode:04o}, expected 0600 or stricter" in line


def test_a_folder_that_everybody_may_write_to_is_refused(tmp_path: Path, keys: Path) -> None:
    put(keys, "binance", GOOD)
    keys.chmod(0o1777)

    (line,) = refused(tmp_path)

    assert line.startswith("live.toml: secrets.dir: everybody may write to it (mode 1777)")


def test_what_is_missing_or_no_file_is_said_at_once(tmp_path: Path, keys: Path) -> None:
    (keys / "binance.json").mkdir(mode=0o700)

    binance, okx = refused(tmp_path, LIVE + OKX_TOO)

    assert binance == (
        "live.toml: venues.binance.credentials: not a regular file: keys/binance.json, "
        'expected one with {"api_key": "...", "secret": "..."}'
    )
    assert okx == (
        "live.toml: venues.okx.credentials: no such file: keys/okx-main.json, "
        'expected it with {"api_key": "...", "secret": "...", "passphrase": "..."}, '
        "or EXECD_SECRET_OKX_MAIN in the environment"
    )


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, keys: Path) -> None:
    os.mkfifo(keys / "binance.json", mode=0o600)

    assert "not a regular file" in refused(tmp_path)[0]


@pytest.mark.parametrize(
    ("folder", "expected"), [("nowhere", "no such folder: nowhere"), ("live.toml", "not a folder")]
)
def test_a_folder_that_is_none_is_one_line(tmp_path: Path, folder: str, expected: str) -> None:
    (line,) = refused(tmp_path, LIVE.replace('dir = "keys"', f'dir = "{folder}"'))

    assert line.startswith(f"live.toml: secrets.dir: {expected}")


WRONG = [
    (f'{{"api_key": "{KEY}", "secret": "{SIGNER}"', "not JSON, see line 1"),
    (f'\n"{KEY}', "not JSON, see line 2"),
    (f'["{KEY}"]', "not a JSON object"),
    (f'"{KEY}"', "not a JSON object"),
    (f'{{"api_key": "{KEY}", "api_key": "{KEY}", "secret": "{SIGNER}"}}', "a key stands there twice"),
    ({"api_key": KEY}, "secret is missing"),
    ({"secret": SIGNER}, "api_key is missing"),
    ({**GOOD, SIGNER: 1}, "has an unknown key, expected only api_key, secret"),
    (GOOD_OKX, "has a passphrase, which binance does not know"),
    ({**GOOD, "secret": ""}, "secret is empty"),
    ({**GOOD, "secret": {"x": SIGNER}}, "secret is not text"),
    ({**GOOD, "api_key": 5}, "api_key is not text"),
    ({**GOOD, "api_key": KEY + "\n"}, "api_key is not plain text"),
    ({**GOOD, "api_key": KEY + "\u00e9"}, "api_key is not plain text"),
    ({**GOOD, "secret": " " + SIGNER}, "secret is not plain text"),
    ({**GOOD, "secret": SIGNER * 2000}, "secret is longer than 8192 characters"),
    ({**GOOD, "secret": SIGNER * 9000}, "longer than 65536 bytes"),
    ("[" * 60_000, "not JSON"),
    (f'{{"api_key": "{KEY}", "secret": ' + "1" * 5000 + "}", "not JSON"),
]


@pytest.mark.parametrize(("content", "expected"), WRONG, ids=[case[1] for case in WRONG])
@pytest.mark.parametrize("place", ["file", "environment"])
def test_what_is_wrong_with_keys_is_one_line_without_what_they_are(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, content: object, expected: str, place: str
) -> None:
    if place == "file":
        put(keys, "binance", content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        monkeypatch.setenv("EXECD_SECRET_BINANCE", text)

    (line,) = refused(tmp_path)

    source = "keys/binance.json" if place == "file" else "EXECD_SECRET_BINANCE"
    assert line.startswith(f"live.toml: venues.binance.credentials: {source}: {expected}")
    assert "expected" in line


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path, keys: Path) -> None:
    path = put(keys, "binance", "")
    path.write_bytes(b'{"api_key": "\xff\xfe"}')

    assert "not JSON" in refused(tmp_path)[0]


def test_okx_needs_a_passphrase(tmp_path: Path, keys: Path) -> None:
    put(keys, "binance", GOOD)
    put(keys, "okx-main", GOOD)

    (line,) = refused(tmp_path, LIVE + OKX_TOO)

    assert line.startswith("live.toml: venues.okx.credentials: keys/okx-main.json: passphrase is missing")


def test_a_private_key_of_many_lines_is_a_secret(tmp_path: Path, keys: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"
    put(keys, "binance", {**GOOD, "secret": pem})

    assert read(tmp_path)[BINANCE].secret.reveal() == pem


CREDENTIALS = Credentials(
    name="okx", source="keys/okx.json", api_key=Secret(KEY), secret=Secret(SIGNER), passphrase=Secret(PHRASE)
)
SHOWN: list[Callable[[], object]] = [
    lambda: repr(CREDENTIALS),
    lambda: str(CREDENTIALS),
    lambda: f"{CREDENTIALS} {CREDENTIALS.secret} {CREDENTIALS.secret!r} {CREDENTIALS.secret:>40}",
    lambda: "{} {!s} {!r}".format(*[CREDENTIALS.secret] * 3),
    lambda: "%s %r" % (CREDENTIALS.secret, CREDENTIALS.secret),  # noqa: UP031 - as a log does it
    lambda: dataclasses.asdict(CREDENTIALS),
    lambda: copy.deepcopy(CREDENTIALS),
    lambda: copy.copy(CREDENTIALS.secret),
    lambda: [CREDENTIALS, {"secret": CREDENTIALS.secret}],
    lambda: dir(CREDENTIALS.secret),
    lambda: hash(CREDENTIALS.secret) - hash(Secret("another")) or "nothing",
    lambda: logging.makeLogRecord({"msg": "keys %s", "args": (CREDENTIALS,)}).getMessage(),
    lambda: json.dumps({"x": CREDENTIALS.secret}),
    lambda: json.dumps({"x": CREDENTIALS.secret}, default=str),
    lambda: msgspec.json.encode(CREDENTIALS),
    lambda: msgspec.json.encode(CREDENTIALS.secret),
    lambda: msgspec.to_builtins(CREDENTIALS),
    lambda: pickle.dumps(CREDENTIALS),
    lambda: pickle.dumps(CREDENTIALS.secret, protocol=0),
    lambda: vars(CREDENTIALS.secret),
    lambda: setattr(CREDENTIALS.secret, "text", KEY),
    lambda: CREDENTIALS.secret < Secret("a"),  # type: ignore[operator]
]


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_no_way_of_printing_keys_shows_them(number: int) -> None:
    try:
        shown = repr(SHOWN[number]())
    except (TypeError, AttributeError) as error:
        shown = "".join(traceback.format_exception(error)) + repr(error.args)

    assert "Zq8" not in shown


def test_equal_secrets_are_equal_and_others_are_not() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_keys_may_be_given_as_plain_values() -> None:
    found = credentials_of(GOOD_OKX, venue=OKX, name="okx", source="config")

    assert found == dataclasses.replace(CREDENTIALS, source="config")


def test_plain_values_that_make_no_sense_are_one_line_without_them() -> None:
    with pytest.raises(ConfigError) as caught:
        credentials_of({"api_key": KEY, "secret": SIGNER + "\n\x00"}, venue=BINANCE, name="binance", source="config")

    assert caught.value.lines == (
        "config: secret is not plain text, expected printable ASCII without a blank before or after it",
    )
