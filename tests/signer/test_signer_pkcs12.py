"""Keys and certificates that come as PKCS#12 files."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemas.errors import HeduiError
from signer.admission.importing import KeyPlace
from signer.ca.issue import issue_participant, make_issuing, make_root
from signer.certificates import key_id
from signer.commands.keys import app
from signer.keyfiles import FileKeyRing
from signer.pkcs12 import import_p12

P12_PASS, KEY_PASS = b"p12 passphrase", b"key passphrase"


class Site:
    """An authority, and what it hands out as PKCS#12."""

    def __init__(self, folder, now) -> None:
        self.folder, self.now = folder, now
        self.root = make_root(now)
        self.issuing = make_issuing(self.root, now)
        self.out = folder / "keys"

    def put(self, name, key, certificate, cas=None, passphrase=P12_PASS):
        cas = [self.issuing.certificate, self.root.certificate] if cas is None else cas
        encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        path = self.folder / f"{name}.p12"
        path.write_bytes(serialize_key_and_certificates(b"x", key, certificate, cas, encryption))
        path.chmod(0o600)
        return path

    def files(self, generation=1, participant="370000", **options):
        leaves = issue_participant(self.issuing, participant, generation, self.now)
        return [
            self.put(f"{leaf.use}-{generation}", leaf.private_key, leaf.certificate, **options)
            for leaf in leaves.leaves
        ]

    def take(self, files, passphrase=P12_PASS, now=None):
        place = KeyPlace(self.out, "山东省核对中心", ("10.37.0.11",), KEY_PASS)
        return import_p12(files, passphrase, place, roots=[self.root.der], now=now or self.now)


@pytest.fixture
def site(tmp_path, now):
    return Site(tmp_path, now)


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "key.pass"
    path.write_bytes(KEY_PASS)
    path.chmod(0o600)
    return path


def refusal(run, *arguments, **options) -> str:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value.code


def test_three_files_become_a_key_directory_that_loads(site, passphrase_file, now):
    made = site.take(site.files()[::-1])
    assert (made.participant, made.generation, made.earlier) == ("370000", 1, None)
    ring = FileKeyRing.load(site.out, passphrase_file, now)
    assert ring.issuers == (site.issuing.der,)
    assert ring.roots == (site.root.der,)


def test_a_later_generation_takes_the_earlier_encryption_key_along(site, passphrase_file, now):
    site.take(site.files())
    first = FileKeyRing.load(site.out, passphrase_file, now).encryption_keys
    assert site.take(site.files(2)).earlier == 1
    ring = FileKeyRing.load(site.out, passphrase_file, now)
    assert ring.encryption_keys[1:] == first
    assert refusal(site.take, site.files(1)) == "GRANT_OLD"
    assert refusal(site.take, site.files(2)) == "GRANT_OLD"


def test_a_set_must_be_whole_of_one_participant_and_generation(site, now):
    one, two = site.files(1), site.files(2)
    other = site.files(1, "320000")
    assert refusal(site.take, one[:2]) == "P12_SET"
    assert refusal(site.take, []) == "P12_SET"
    assert refusal(site.take, [*one, two[0]]) == "P12_SET"
    one = site.files(1)
    assert refusal(site.take, [*one[:2], two[2]]) == "GRANT_GENERATION"
    one = site.files(1)
    kept = [path.rename(path.with_suffix(".kept")) for path in one]
    other = site.files(1, "320000")
    assert refusal(site.take, [*kept[:2], other[2]]) == "CERT_ROLE"
    assert not site.out.exists()


def test_a_certificate_needs_a_path_to_the_given_root(site, tmp_path, now):
    (tmp_path / "stranger").mkdir()
    stranger = Site(tmp_path / "stranger", now)
    assert refusal(site.take, stranger.files()) == "CERT_ROOT_UNKNOWN"
    assert refusal(site.take, site.files(cas=[])) == "CERT_ISSUER_UNKNOWN"
    assert refusal(site.take, site.files(), now=now + timedelta(days=400)) == "CERT_EXPIRED"


def test_what_is_no_such_file_is_named(site, now):
    files = site.files()
    good = files[0].read_bytes()
    assert refusal(site.take, files, b"wrong") == "KEY_PASSPHRASE"
    files[0].write_bytes(b"x")
    assert refusal(site.take, files) == "P12_MALFORMED"
    files[0].write_bytes(good)
    files[0].chmod(0o644)
    assert refusal(site.take, files) == "KEY_FILE_READABLE"
    leaves = issue_participant(site.issuing, "370000", 1, now)
    tls = leaves.tls.certificate
    assert refusal(site.take, [site.put("none", None, tls)]) == "P12_MALFORMED"
    authority = site.put("ca", site.issuing.private_key, site.issuing.certificate)
    assert refusal(site.take, [authority]) == "CERT_CA_AS_LEAF"


@pytest.mark.parametrize(
    "key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())]
)
def test_a_key_of_another_kind_is_refused(site, now, key):
    name = x509.Name.from_rfc4514_string("CN=370000.g1")
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    certificate = (
        builder.public_key(key.public_key())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    assert refusal(site.take, [site.put("other", key, certificate)]) == "KEY_CURVE"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_with_a_code(site, data):
    path = site.folder / "any.p12"
    path.write_bytes(data)
    path.chmod(0o600)
    assert refusal(site.take, [path]) in {"P12_MALFORMED", "KEY_PASSPHRASE"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl command")
def test_files_that_openssl_made_are_read_by_the_command(tmp_path):
    now = datetime.now(UTC)
    site = Site(tmp_path, now)
    (tmp_path / "root.pem").write_bytes(site.root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "issuing.pem").write_bytes(site.issuing.certificate.public_bytes(Encoding.PEM))
    files = []
    for leaf in issue_participant(site.issuing, "370000", 1, now).leaves:
        key, cert, p12 = (tmp_path / f"{leaf.use}.{end}" for end in ("key", "crt", "pfx"))
        key.write_bytes(
            leaf.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        cert.write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
        subprocess.run(  # noqa: S603 - our own arguments
            [
                *("openssl", "pkcs12", "-export", "-inkey", str(key), "-in", str(cert)),
                *("-certfile", str(tmp_path / "issuing.pem"), "-out", str(p12)),
                *("-passout", f"pass:{P12_PASS.decode()}"),
            ],
            check=True,
            capture_output=True,
        )
        p12.chmod(0o600)
        files.append(str(p12))
    for name, passphrase in (("p12.pass", P12_PASS), ("key.pass", KEY_PASS)):
        (tmp_path / name).write_bytes(passphrase)
        (tmp_path / name).chmod(0o600)
    result = CliRunner().invoke(
        app,
        [
            *("import-p12", *files, "--passphrase-file", str(tmp_path / "p12.pass")),
            *("--out", str(tmp_path / "keys"), "--root", str(tmp_path / "root.pem")),
            *("--key-passphrase-file", str(tmp_path / "key.pass"), "--title", "山东"),
        ],
    )
    assert result.exit_code == 0, result.output
    ring = FileKeyRing.load(tmp_path / "keys", tmp_path / "key.pass", now)
    assert ring.certificates[0]
    assert ring.signing_key == key_id(ring.certificates[1])
