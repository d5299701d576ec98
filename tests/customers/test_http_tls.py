"""Certificates are verified: a company's own authority must be named, and a name must be right."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bot.domain.customer import Status
from tests.customers.conftest import Open
from tests.fake_company import FakeCompany

Patiently = Callable[[Awaitable[Any]], Awaitable[Any]]


def certificate(folder: Path, host: str) -> Path:
    """Write a certificate that vouches for itself, with its key, for an address of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example Shop")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.mark.parametrize(
    ("host", "named", "expected"),
    [
        ("127.0.0.1", True, Status.OK),
        ("127.0.0.1", False, Status.TRY_LATER),
        ("127.0.0.2", True, Status.TRY_LATER),
    ],
    ids=["trusted", "not trusted", "another's name"],
)
async def test_certificates_are_verified(
    tmp_path: Path,
    company: FakeCompany,
    connect: Open,
    patiently: Patiently,
    host: str,
    named: bool,
    expected: Status,
) -> None:
    path = certificate(tmp_path, host)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    async with FakeCompany(company.shop.directory, tls=tls) as safe:
        directory = await connect(url=safe.url, ca_file=path if named else None)
        assert (await patiently(directory.order("4521"))).status is expected
        assert bool(safe.received) == (expected is Status.OK)
        await directory.stop()
