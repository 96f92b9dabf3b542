"""TLS of the local exchange: an own authority in ``DIR/ca.pem``, and one certificate for all host names."""

import datetime as dt
import ipaddress
import os
import ssl
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_FILE = "ca.pem"
_CA_KEY, _CERTIFICATE = "ca-key.pem", "server.pem"
_VALID = dt.timedelta(days=3650)
_RENEW = dt.timedelta(days=30)
_LOOPBACK = ("127.0.0.1", "::1")


def server_context(directory: Path, hosts: Sequence[str]) -> ssl.SSLContext:
    """Return what a server for these hosts needs; made at first, kept over restarts.

    The authority stays as long as its files do, so that ``ca.pem`` that somebody trusts goes on to be the right one.
    """
    ca_key, ca = _authority(directory)
    path = directory / _CERTIFICATE
    if not _is_good(path, ca, hosts):
        key = ec.generate_private_key(ec.SECP256R1())
        _write(path, _private(key) + _certificate(key, ca_key, ca, hosts).public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def _authority(directory: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key_path, path = directory / _CA_KEY, directory / CA_FILE
    if key_path.exists() and path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        ca = x509.load_pem_x509_certificate(path.read_bytes())
        if isinstance(key, ec.EllipticCurvePrivateKey) and ca.not_valid_after_utc > _now() + _RENEW:
            return key, ca
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "execd local exchange")])
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
    ca = (
        _builder(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(key_path, _private(key))
    _write(path, ca.public_bytes(serialization.Encoding.PEM))
    return key, ca


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    hosts: Sequence[str],
) -> x509.Certificate:
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _LOOPBACK]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "execd local exchange server")])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    return (
        _builder(subject, ca.subject, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - dt.timedelta(days=1))
        .not_valid_after(_now() + _VALID)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _is_good(path: Path, ca: x509.Certificate, hosts: Sequence[str]) -> bool:
    """Return whether the certificate there is of this authority, for all these hosts, and not about to end."""
    if not path.exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    own = found.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    theirs = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return (
        set(hosts) <= set(names.get_values_for_type(x509.DNSName))
        and own == theirs
        and found.not_valid_after_utc > _now() + _RENEW
    )


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
