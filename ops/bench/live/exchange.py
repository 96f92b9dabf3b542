"""The local exchange as a process of its own, on a core of its own, with two accounts a venue: ours, and the peers'."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

VENUES = ("binance", "bybit", "okx")
LIMITS = 1_000
"""The exchange's own limits are raised so many times: what is measured is never its refusal."""
_WALLETS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "binance": {"perp": {"USDT": "10000000"}},
    "bybit": {"unified": {"USDT": "10000000"}},
    "okx": {"unified": {"USDT": "10000000"}},
}
_UIDS = {"ours": "10000", "peers": "20000"}


class Place(NamedTuple):
    """Where an exchange listens, and where the keys to it lie: a folder of ours, and one of the peers'."""

    port: int
    ca_file: Path
    state: Path

    @property
    def keys(self) -> Path:
        """Ours."""
        return self.state / "ours"

    def peer(self, venue: str) -> dict[str, str]:
        """Return the key by which the peers trade."""
        key: dict[str, str] = json.loads((self.state / "peers" / f"{venue}.json").read_text(encoding="utf-8"))
        return key


def cores() -> tuple[int | None, int | None]:
    """Return a core for the exchange and one for what is measured; None and None where there is only one."""
    free = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (free[0], free[-1]) if len(free) > 1 else (None, None)


def pin(core: int | None) -> None:
    """Keep this process on a core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def exchange(state: Path) -> Iterator[Place]:
    """Run an exchange for as long as the block lasts."""
    _write_accounts(state)
    words = ["testbed", "exchange", "--port", "0", "--state", str(state), "--seed", "1", "--limits", str(LIMITS)]
    said = state / "exchange.err"
    with said.open("w") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", "from ops.cli import main; main()", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        word, _, rest = process.stdout.readline().strip().partition(" ")
        port, _, ca_file = rest.partition(" ")
        if word != "ready":
            raise SystemExit(f"the local exchange did not start: {said.read_text(encoding='utf-8').strip()}")
        core, _ = cores()
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        yield Place(int(port), Path(ca_file), state)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _write_accounts(state: Path) -> None:
    """Write the accounts and the keys to them."""
    lines: list[str] = []
    for venue, wallets in _WALLETS.items():
        for whose, uid in _UIDS.items():
            key = {"api_key": secrets.token_hex(16), "secret": secrets.token_hex(32)}
            if venue == "okx":
                key["passphrase"] = secrets.token_hex(8)
            lines += ["[[accounts]]", f'venue = "{venue}"', f'uid = "{uid}"']
            for wallet, amounts in wallets.items():
                lines += [f"[accounts.balances.{wallet}]", *_pairs(amounts)]
            lines += ["[[accounts.keys]]", *_pairs(key), 'permissions = ["read", "trade", "transfer"]']
            _write(state / whose / f"{venue}.json", json.dumps(key))
    _write(state / "accounts.toml", "\n".join(lines) + "\n")


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f'{name} = "{value}"' for name, value in values.items()]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
