"""Small servers that stand where a venue does: under its names, over TLS, on a port of this machine."""

import asyncio
import datetime as dt
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from actors.exchange.live.transport import Endpoint

HOSTS = (
    "api.binance.com",
    "fapi.binance.com",
    "ws-api.binance.com",
    "fstream.binance.com",
    "api.bybit.com",
    "stream.bybit.com",
    "www.okx.com",
    "ws.okx.com",
)
_DAY = dt.timedelta(days=1)


class Authority:
    """Signs one certificate for all the venues' hosts."""

    def __init__(self, folder: Path) -> None:
        self.ca_file = folder / "ca.pem"
        self._chain_file = folder / "server.pem"
        ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _certificate("an authority of tests", ca_key, "an authority of tests", ca_key, hosts=())
        server = _certificate("a server of tests", key, "an authority of tests", ca_key, hosts=HOSTS)
        self.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._chain_file.write_bytes(private + server.public_bytes(serialization.Encoding.PEM))

    def server_context(self) -> ssl.SSLContext:
        """Return what a server needs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._chain_file)
        return context


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    *,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=not hosts, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    else:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]
"""Answers a request, or does not. The connection is closed after it if `keep` did not say otherwise."""


def answering(body: str, *, status: str = "200 OK", headers: str = "Content-Type: application/json\r\n") -> Answer:
    """Answer in order, and keep the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        coded = body.encode()
        writer.write(f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(coded)}\r\n\r\n".encode() + coded)
        await writer.drain()

    return answer


async def dropping(writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""
    writer.close()


async def resetting(writer: asyncio.StreamWriter) -> None:
    """Cut the connection."""
    writer.transport.abort()


async def silent(_: asyncio.StreamWriter) -> None:
    """Say nothing."""


async def cut_off(writer: asyncio.StreamWriter) -> None:
    """Promise more than is sent."""
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"orderId":')
    await writer.drain()
    writer.close()


async def garbage(writer: asyncio.StreamWriter) -> None:
    """Say something that is no HTTP."""
    writer.write(b"\x00\x01\x02 nothing that anybody reads\r\n\r\n")
    await writer.drain()
    writer.close()


class RawVenue:
    """Answers one request after the other as it is told, and counts them.

    Attributes:
        seen: First lines of the requests, in order.
        heads: Their whole heads.
    """

    def __init__(self, context: ssl.SSLContext, *answers: Answer) -> None:
        self._context = context
        self._answers = list(answers)
        self._writers: list[asyncio.StreamWriter] = []
        self.seen: list[str] = []
        self.heads: list[str] = []
        self.port = 0

    def endpoint(self, ca_file: Path) -> Endpoint:
        """Return where it listens."""
        return Endpoint(host="127.0.0.1", port=self.port, ca_file=ca_file)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                self.seen.append(head.partition("\r\n")[0].partition("?")[0])
                length = head.lower().partition("content-length: ")[2].partition("\r\n")[0]
                await reader.readexactly(int(length or 0))
                await (self._answers.pop(0) if self._answers else dropping)(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
