"""Certificates for servers that stand where the venues do."""

import ssl
from pathlib import Path

import pytest

from tests.actors.exchange.live.servers import Authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that has signed for the venues' hosts."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the certificate of another authority, which has signed for nobody here."""
    return Authority(tmp_path_factory.mktemp("stranger")).ca_file


@pytest.fixture(scope="session")
def server_tls(authority: Authority) -> ssl.SSLContext:
    """Return what a server needs to be taken for any of the venues."""
    return authority.server_context()
