"""Mutual TLS, with certificates made here."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.broker.kafka import KafkaBroker
from bus.broker.settings import BrokerSettings, TlsFiles
from bus.broker.tls import handshake_fault, tls_context
from bus.ports.broker_errors import BrokerRefused, BrokerUnavailable

PASSPHRASE = "口令 of a test"
WAIT = timedelta(milliseconds=200)


@dataclass
class Authority:
    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self):
        return self.folder / "ca.pem"

    def leaf(self, name, host):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = signed(name, key, self.certificate.subject, self.key, host=host)
        files = TlsFiles(
            ca=self.file,
            certificate=self.folder / f"{name}.pem",
            key=self.folder / f"{name}.key",
            passphrase=PASSPHRASE,
        )
        files.certificate.write_bytes(pem(certificate))
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(PASSPHRASE.encode()),
            )
        )
        return files


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def signed(name, key, issuer, issuer_key, host=None):
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
    )
    if host is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
        )
    return builder.sign(issuer_key, hashes.SHA256())


def authority(folder):
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = signed(folder.name, key, named(folder.name), key)
    made = Authority(folder, key, certificate)
    made.file.write_bytes(pem(certificate))
    return made


@pytest.fixture
def ours(tmp_path):
    return authority(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path):
    return authority(tmp_path / "theirs")


@pytest.fixture
def client(ours):
    return ours.leaf("370000.g1", "370000")


def server_context(leaf, clients_from):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf.certificate, leaf.key, PASSPHRASE.encode())
    context.load_verify_locations(clients_from)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def server(leaf, clients_from):
    """A TLS server that says nothing, as a broker does until it is asked."""
    context = server_context(leaf, clients_from)

    async def silent(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "localhost", 0, ssl=context) as listening:
        yield f"localhost:{listening.sockets[0].getsockname()[1]}"


def test_the_context_is_strict(client):
    context = tls_context(client)

    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert [dict(c["subject"][0])["commonName"] for c in context.get_ca_certs()] == ["ours"]


@pytest.mark.parametrize("passphrase", ["not it", "", "long" * 1000])
def test_a_wrong_passphrase_is_named_but_not_told(client, passphrase):
    with pytest.raises(BrokerRefused, match="BROKER_TLS") as caught:
        tls_context(replace(client, passphrase=passphrase))

    assert caught.value.where == str(client.key)
    assert caught.value.__cause__ is None
    assert not passphrase or passphrase not in str(caught.value)


def test_the_passphrase_is_not_shown(client):
    assert PASSPHRASE not in repr(client)


@pytest.mark.parametrize("missing", ["ca", "certificate", "key"])
def test_a_missing_file_is_named(client, missing):
    absent = client.ca.with_name("absent.pem")

    with pytest.raises(BrokerRefused, match="BROKER_TLS") as caught:
        tls_context(replace(client, **{missing: absent}))

    assert caught.value.where == str(absent)


@pytest.mark.parametrize("field", ["ca", "certificate", "key"])
def test_a_file_of_something_else_is_refused(client, tmp_path, field):
    other = tmp_path / "other.pem"
    other.write_text("这不是证书")

    with pytest.raises(BrokerRefused, match="BROKER_TLS"):
        tls_context(replace(client, **{field: other}))


def test_a_key_of_another_certificate_is_refused(client, ours):
    with pytest.raises(BrokerRefused, match="BROKER_TLS"):
        tls_context(replace(client, key=ours.leaf("other", "other").key))


async def test_mutual_trust_has_no_fault(client, ours):
    async with server(ours.leaf("broker", "localhost"), ours.file) as address:
        assert await handshake_fault(address, tls_context(client), WAIT) is None


@pytest.mark.requirement("R012")
async def test_a_broker_of_another_authority_is_refused(client, ours, theirs):
    async with server(theirs.leaf("broker", "localhost"), ours.file) as address:
        fault = await handshake_fault(address, tls_context(client), WAIT)

    assert (fault.code, fault.where) == ("BROKER_TLS", address)
    assert "CERTIFICATE_VERIFY_FAILED" in fault.en


async def test_a_broker_under_another_name_is_refused(client, ours):
    async with server(ours.leaf("broker", "elsewhere"), ours.file) as address:
        fault = await handshake_fault(address, tls_context(client), WAIT)

    assert "CERTIFICATE_VERIFY_FAILED" in fault.en


async def test_a_broker_that_does_not_take_our_certificate_is_told_apart(client, ours, theirs):
    # A blocking server, because asyncio's closes without the alert that a Kafka broker sends.
    context = server_context(ours.leaf("broker", "localhost"), theirs.file)
    with socket.create_server(("localhost", 0)) as listening:
        listening.settimeout(5)

        def refuse():
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(listening.accept()[0], server_side=True)

        address = f"localhost:{listening.getsockname()[1]}"
        fault, _ = await asyncio.gather(
            handshake_fault(address, tls_context(client), 10 * WAIT), asyncio.to_thread(refuse)
        )

    assert (fault.code, fault.where) == ("BROKER_TLS", address)


async def test_an_address_where_nobody_listens_is_no_fault_of_trust(client):
    addresses = "127.0.0.1:1, not-an-address, 127.0.0.1:not-a-port"

    assert await handshake_fault(addresses, tls_context(client), WAIT) is None


@pytest.mark.requirement("R012")
async def test_the_broker_tells_a_failed_handshake_from_an_absent_cluster(client, ours, theirs):
    def broker(bootstrap):
        return KafkaBroker(
            BrokerSettings(
                bootstrap=bootstrap, client_id="370000", tls=client, request_timeout=WAIT
            )
        )

    async with server(theirs.leaf("broker", "localhost"), ours.file) as address:
        with pytest.raises(BrokerRefused, match="BROKER_TLS"):
            await broker(address).start()
    with pytest.raises(BrokerUnavailable, match="BROKER_UNAVAILABLE"):
        await broker("127.0.0.1:1").start()
