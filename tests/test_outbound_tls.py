"""Posts to partners over TLS: the name is asked for and proven, whatever the address."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cheonggu.domain.guard import Guard
from cheonggu.providers.outbound import Reason
from tests.loopback import Sockets, Zone, answered, not_answered, outbound, partner

PUBLIC = "93.184.215.14"


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])
        self._root = self._certify(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))

    def _certify(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=1),
            not_valid_after=now + datetime.timedelta(days=1),
        )
        return builder.add_extension(extension, critical=False).sign(self._key, hashes.SHA256())

    def trusting(self) -> ssl.SSLContext:
        """A caller's context that trusts this authority alone."""
        pem = self._root.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def serving(self, host: str) -> tuple[ssl.SSLContext, list[str]]:
        """A server's context for `host`, and the names that callers ask it for."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(host)])
        leaf = self._certify(x509.Name([]), key, names)
        path = self._folder / "server.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        asked: list[str] = []
        context.sni_callback = lambda _, name, __: asked.append(name)
        return context, asked


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_the_name_is_asked_for_and_the_address_connected_to(authority: Authority) -> None:
    serving, asked = authority.serving("erp.example")
    async with partner(tls=serving) as server:
        sockets = Sockets(detour=server.port)
        zone = Zone(erp_example=[[PUBLIC]])
        async with outbound(Guard(), zone=zone, sockets=sockets, tls=authority.trusting()) as out:
            answered(await out.post("https://erp.example/callback", b"{}", {}))
            answered(await out.post("https://ERP.example./callback", b"{}", {}))
    assert asked[0] == "erp.example"
    assert sockets.connects == [(PUBLIC, 443)] * 2
    assert server.heard[0].headers["Host"] == "erp.example"


async def test_an_address_can_prove_itself(authority: Authority) -> None:
    serving, _ = authority.serving("127.0.0.1")
    async with partner(tls=serving) as server, outbound(tls=authority.trusting()) as out:
        answered(await out.post(f"https://127.0.0.1:{server.port}/", b"{}", {}))


async def test_another_name_proves_nothing(authority: Authority) -> None:
    serving, _ = authority.serving("other.example")
    zone = Zone(erp_example=[["127.0.0.1"]])
    async with partner(tls=serving) as server, outbound(zone=zone, tls=authority.trusting()) as out:
        reply = not_answered(await out.post(f"https://erp.example:{server.port}/", b"{}", {}))
    assert reply.reason is Reason.TLS
    assert "erp.example" in reply.detail
    assert server.heard == []


async def test_an_unknown_authority_proves_nothing(authority: Authority) -> None:
    serving, _ = authority.serving("127.0.0.1")
    async with partner(tls=serving) as server, outbound() as out:
        reply = not_answered(await out.post(f"https://127.0.0.1:{server.port}/", b"{}", {}))
    assert reply.reason is Reason.TLS
    assert server.heard == []


async def test_a_server_without_tls_has_its_reason(authority: Authority) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with outbound(tls=authority.trusting()) as out:
        reply = not_answered(await out.post(f"https://127.0.0.1:{port}/", b"{}", {}))
    server.close()
    assert reply.reason is Reason.TLS
