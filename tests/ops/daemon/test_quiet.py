"""No secret leaves the daemon: not to a log, the journal, a report, an answer, or a traceback, whatever goes wrong.

Recognisable keys are planted, in files and in the environment. The daemon trades with them at a venue whose errors
quote everything that they were asked with (talkative.py), and crashes; then every byte that was written is searched for
keys, passphrases, signatures and listen keys, in all forms in which a text may hold them.
"""

import base64
import json
import re
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from messages.orders import OrderUnknown
from ops.daemon.control import socket_path
from ops.testbed.exchange import accounts
from tests.ops.daemon.rehearsal import Desk, Exchange, exchange
from tests.ops.daemon.watched import Daemon, execd, limit, order

VENUES = ("binance", "bybit", "okx")
TALKATIVE = (sys.executable, "-m", "tests.ops.daemon.talkative")
USED = {
    "api_key": "planted0api0key0of0the0environment",
    "secret": "Planted+secret/of=the environment&%41",
    "passphrase": "Planted pass/phrase+of?the=environment",
}
IN_FILES = {
    "api_key": "planted0api0key0of0a0file",
    "secret": "Planted+secret/of=a file&%42",
    "passphrase": "Planted pass/phrase+of?a=file",
}
WRONG = "Planted pass/phrase+that?is=wrong"


def forms(secret: str) -> set[bytes]:
    """Return a secret as it may stand in bytes: plain, in addresses, in JSON, in hexadecimals and in base64."""
    texts = {secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    texts |= {quote(each, safe="") for each in set(texts)}
    raw = secret.encode()
    texts |= {raw.hex(), raw.hex().upper(), base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    if re.fullmatch("[0-9a-f]{32,}", secret):
        texts |= {secret.upper(), base64.b64encode(bytes.fromhex(secret)).decode()}
    if re.fullmatch("[A-Za-z0-9+/]{43}=", secret):
        texts.add(base64.b64decode(secret).hex())
    return {text.encode() for text in texts}


def leaks(secrets: Iterable[str], written: Mapping[str, bytes]) -> list[str]:
    """Return where which secret stands."""
    needles = {form: secret for secret in secrets for form in forms(secret)}
    return [
        f"{secret!r} in {where}: ...{text[max(0, at - 200) : at + 60]!r}"
        for where, text in written.items()
        for form, secret in needles.items()
        if (at := text.find(form)) >= 0
    ]


class Written:
    """Everything that was written, as it was at any time.

    Attributes:
        texts: By where it stands.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.texts: dict[str, bytes] = {}

    def add(self, name: str, *texts: str) -> None:
        """Keep what was said."""
        self.texts[f"{name} ({len(self.texts)})"] = "\n".join(texts).encode()

    def files(self, when: str) -> None:
        """Keep what lies in the desk's folder now, but for the keys themselves."""
        for path in sorted(self._desk.folder.rglob("*")):
            if path.is_file() and "keys" not in path.parts:
                self.texts[f"{path.relative_to(self._desk.folder)} {when}"] = path.read_bytes()

    def run(self, *words: str, **variables: str) -> int:
        """Run another command, and keep what it says."""
        ended = execd(self._desk, *words, **variables)
        self.add(" ".join(words), ended.stdout, ended.stderr)
        return ended.returncode


def keys_of(venue: str, texts: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name != "passphrase" or venue == "okx"}


def planted_exchange(folder: Path, venue: str) -> Iterator[Exchange]:
    """Run an exchange whose account of a venue is opened by the planted keys."""
    state = folder / "exchange"
    state.mkdir(parents=True)
    accounts.read(state)
    made = json.loads((state / "keys" / f"{venue}.json").read_text())
    path = state / accounts.FILE
    text = path.read_text()
    for name, value in made.items():
        text = text.replace(json.dumps(value), json.dumps(USED[name]))
    path.write_text(text)
    with exchange(folder, seed=1) as running:
        yield running


@pytest.fixture(params=VENUES)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, dict[str, str]]]:
    """A desk at one venue, and the environment that holds its keys; other keys lie in its folder."""
    venue = str(request.param)
    for running in planted_exchange(tmp_path, venue):
        lines = [order("a", venue), limit("far", venue, "2300"), {"cancel": "far"}, limit("other", venue, "2310")]
        desk = Desk(
            tmp_path / "desk",
            running,
            venues=[venue],
            lines=[*lines, order("s", venue, "SELL", trade_type="SPOT", pair="ETH/USDT")],
            words=TALKATIVE,
            exit_when_done=False,
        )
        (desk.folder / "keys" / f"{venue}.json").write_text(json.dumps(keys_of(venue, IN_FILES)))
        yield (
            desk,
            {
                f"EXECD_SECRET_{venue.upper()}": json.dumps(keys_of(venue, USED)),
                "TALKATIVE_SECRETS": str(tmp_path / "secrets"),
            },
        )


def answer_of(desk: Desk, line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Send a line to the control socket, and return what it answers."""
    monkeypatch.chdir(desk.journal.parent)  # its name is short then, as a socket's must be
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(60)
        connection.connect(socket_path(desk.journal).name)
        connection.sendall(line.encode() + b"\n")
        with connection.makefile() as answers:
            return answers.readline()


def test_what_is_searched_for_is_found_in_every_form() -> None:
    signature = "0123456789abcdef" * 4
    secrets = [USED["secret"], signature]

    for secret in secrets:
        for form in forms(secret):
            assert leaks([secret], {"a file": b"\0before " + form + b"after"}), form
    assert leaks(secrets, {"a file": b"nothing of it"}) == []


def test_no_secret_is_written_anywhere(
    desk: tuple[Desk, dict[str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at, variables = desk
    written = Written(at)
    config, journal = str(at.config), str(at.journal)

    codes = [
        written.run("check", config, **variables),
        written.run("check", config, "--online", "--json", **variables),
    ]
    with Daemon(at, **variables) as daemon:
        daemon.until_settled()
        daemon.until_told(OrderUnknown)
        written.files("while it ran")
        for line in ('{"command": "status"}', '{"command": "resolve", "order": "a", "outcome": "maybe"}', "{", "[]"):
            written.add(line, answer_of(at, line, monkeypatch))
        written.run("resolve", "nobody", "absent", "--json", **variables)
        daemon.kill()
        written.add("run, killed", daemon.out, daemon.err)
    for crash in ("epoch", "process") if "EXECD_SECRET_OKX" in variables else ("process",):
        with Daemon(at, **variables, TALKATIVE_CRASH=crash) as daemon:
            code = daemon.ended()
            written.add(f"run, crash of the {crash}", daemon.out, daemon.err)
            assert code == 1, daemon.err
            assert "planted" in daemon.err
    readers = ("journal show", "journal export", "journal verify", "report")
    codes += [written.run(*words.split(), journal, **variables) for words in readers]
    written.files("at the end")

    secrets = {*USED.values(), *IN_FILES.values(), *(tmp_path / "secrets").read_text().split()}
    assert codes == [0, 0, 0, 0, 1, 0]  # a run that crashed has no last entry, which is said
    assert len(secrets) > 20
    assert leaks(secrets, written.texts) == []
    assert any(b"***" in text for text in written.texts.values())  # something was taken out


def test_a_key_that_the_venue_does_not_take_is_not_shown(desk: tuple[Desk, dict[str, str]], tmp_path: Path) -> None:
    at, variables = desk
    written = Written(at)
    name = next(iter(variables))
    keys = json.loads(variables[name])
    wrong = "passphrase" if "passphrase" in keys else "secret"
    variables |= {name: json.dumps(keys | {wrong: WRONG})}
    garbled = variables | {name: variables[name][:-1]}

    codes = [
        written.run(*words, str(at.config), "--json", **environment)
        for environment in (variables, garbled)
        for words in (["check"], ["check", "--online"], ["run"])
    ]
    written.files("at the end")

    secrets = {WRONG, *USED.values(), *IN_FILES.values(), *(tmp_path / "secrets").read_text().split()}
    assert codes == [0, 2, 2, 2, 2, 2]
    assert leaks(secrets, written.texts) == []
