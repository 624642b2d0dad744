"""Key rings: one contract for files and memory, and every file that is refused."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from bus.ports.memory_keyring import MemoryKeyRing
from schemas.errors import HeduiError
from signer.ca.files import init_ca, issue
from signer.certificates import key_id, to_key
from signer.errors import KeyRingError
from signer.keyfiles import FileKeyRing
from signer.keyring import KeyRing
from signer.suites import suite

PASSPHRASE = b"correct horse"


@pytest.fixture
def passphrase_file(tmp_path):
    path = tmp_path / "passphrase"
    path.write_bytes(PASSPHRASE + b"\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def issued(tmp_path, now):
    """Two generations of one participant's keys, and the directory that holds them."""
    init_ca(tmp_path / "ca", b"ca", now, 20)
    out = tmp_path / "keys"
    first = issue(tmp_path / "ca", b"ca", "370000", out, PASSPHRASE, now=now)
    second = issue(tmp_path / "ca", b"ca", "370000", out, PASSPHRASE, now=now)
    return first, second, out


@pytest.fixture
def directory(issued):
    return issued[2]


@pytest.fixture(params=["file", "memory"])
def ring(request, issued, passphrase_file, now) -> KeyRing:
    first, second, out = issued
    if request.param == "file":
        return FileKeyRing.load(out, passphrase_file, now)
    return MemoryKeyRing.of(second, first)


def test_a_ring_names_its_keys(ring, issued):
    first, second, _ = issued
    assert ring.participant == "370000"
    assert ring.signing_key == key_id(second.signing.der)
    assert ring.signing_suite == "p256-aes256gcm/1"
    assert ring.encryption_keys == (key_id(second.encryption.der), key_id(first.encryption.der))


def test_a_ring_signs_deterministically(ring, issued):
    signature = ring.sign(b"data")
    public = to_key(issued[1].signing.der).public_key
    suite(ring.signing_suite).verify(public, signature, b"data")
    assert ring.sign(b"data") == signature
    assert len(signature) == 64


def test_a_ring_opens_with_every_key_it_holds(ring, issued):
    for leaves in issued[:2]:
        key = to_key(leaves.encryption.der)
        sealed = suite(key.suite).seal_epoch(key.public_key, bytes(range(32)), b"info")
        assert ring.open_epoch(key.id, sealed, b"info") == bytes(range(32))


def test_a_ring_opens_nothing_else(ring, issued):
    key = to_key(issued[1].encryption.der)
    other = to_key(issued[0].encryption.der)
    seal = suite(key.suite).seal_epoch
    sealed = seal(key.public_key, bytes(32), b"info")
    attempts = {
        "KEY_NOT_HELD": [(bytes(32), sealed, b"info"), (ring.signing_key, sealed, b"info")],
        "EPOCH_INVALID": [
            (key.id, sealed, b"other info"),
            (key.id, sealed[:-1], b"info"),
            (key.id, b"", b"info"),
            (other.id, sealed, b"info"),
            (key.id, seal(key.public_key, bytes(31), b"info"), b"info"),
        ],
    }
    for code, calls in attempts.items():
        for call in calls:
            with pytest.raises(KeyRingError) as caught:
                ring.open_epoch(*call)
            assert caught.value.code == code


def test_a_generated_ring_works():
    ring = MemoryKeyRing.generate("hub")
    assert ring.participant == "hub"
    assert len(ring.sign(b"x")) == 64
    assert len(ring.encryption_keys) == 1


def test_a_ring_shows_no_key_in_its_text(ring):
    assert "PRIVATE" not in repr(ring)
    assert "correct horse" not in repr(ring)
    assert "correct horse" not in repr(getattr(ring, "_contents", ""))


def test_a_file_ring_tells_where_its_files_are(directory, passphrase_file, now):
    ring = FileKeyRing.load(directory, passphrase_file, now)
    assert ring.tls_key == directory / "tls.key"
    assert ring.tls_certificate == directory / "tls.pem"
    assert ring.root_file == directory / "root.pem"
    assert ring.passphrase == PASSPHRASE
    assert len(ring.issuers) == 1
    assert len(ring.roots) == 1
    assert ring.roots[0] != ring.issuers[0]


def refusal(directory, passphrase_file, now) -> HeduiError:
    with pytest.raises(HeduiError) as caught:
        FileKeyRing.load(directory, passphrase_file, now)
    return caught.value


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o601, 0o777])
@pytest.mark.parametrize(
    "name", ["tls.key", "signing.key", "encryption.key", "encryption-g1.key", "../passphrase"]
)
def test_a_secret_that_others_can_touch_is_refused(directory, passphrase_file, now, name, mode):
    (directory / name).chmod(mode)
    error = refusal(directory, passphrase_file, now)
    assert error.code == "KEY_FILE_READABLE"
    assert "chmod 600" in error.remedy_zh
    assert name.removeprefix("../") in error.where


@pytest.mark.parametrize(
    "name",
    [
        "tls.key",
        "signing.key",
        "encryption.key",
        "encryption-g1.key",
        "tls.pem",
        "signing.pem",
        "encryption.pem",
        "chain.pem",
        "root.pem",
    ],
)
def test_a_missing_or_broken_file_is_named(directory, passphrase_file, now, name):
    path = directory / name
    whole = path.read_bytes()
    for broken in (b"", b"-----BEGIN CERTIFICATE-----\n", b"\xff\x00", b"x" * ((1 << 20) + 1)):
        path.write_bytes(broken)
        error = refusal(directory, passphrase_file, now)
        assert (error.code, error.where) == ("KEY_FILE_MALFORMED", str(path))
        assert error.remedy_zh
        assert error.remedy_en
    path.write_bytes(whole)
    path.unlink()
    error = refusal(directory, passphrase_file, now)
    assert (error.code, error.where) == ("KEY_FILE_MISSING", str(path))
    assert error.remedy_zh
    assert error.remedy_en


def test_what_is_no_plain_file_is_refused(directory, passphrase_file, now):
    path = directory / "signing.key"
    path.unlink()
    path.mkdir()
    assert refusal(directory, passphrase_file, now).code == "KEY_FILE_UNREADABLE"
    path.rmdir()
    os.mkfifo(path, 0o600)
    assert refusal(directory, passphrase_file, now).code == "KEY_FILE_UNREADABLE"
    path.unlink()
    path.symlink_to("signing.key")
    assert refusal(directory, passphrase_file, now).code == "KEY_FILE_UNREADABLE"


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n"])
def test_an_empty_passphrase_is_refused(directory, passphrase_file, now, content):
    passphrase_file.write_bytes(content)
    assert refusal(directory, passphrase_file, now).code == "PASSPHRASE_EMPTY"


@pytest.mark.parametrize("content", [PASSPHRASE, PASSPHRASE + b"\n", PASSPHRASE + b"\r\n"])
def test_one_newline_ends_a_passphrase(directory, passphrase_file, now, content):
    passphrase_file.write_bytes(content)
    assert FileKeyRing.load(directory, passphrase_file, now).passphrase == PASSPHRASE


@pytest.mark.parametrize("content", [b"Tr0ub4dor", PASSPHRASE + b"\n\n", b" " + PASSPHRASE])
def test_a_wrong_passphrase_is_refused(directory, passphrase_file, now, content):
    passphrase_file.write_bytes(content)
    error = refusal(directory, passphrase_file, now)
    assert error.code == "KEY_PASSPHRASE"
    assert content.decode().strip() not in str(error)


@pytest.mark.parametrize("name", ["tls", "signing", "encryption", "encryption-g1"])
def test_a_key_of_another_certificate_is_refused(directory, passphrase_file, now, name):
    donor = "signing" if name != "signing" else "tls"
    shutil.copy(directory / f"{donor}.key", directory / f"{name}.key")
    error = refusal(directory, passphrase_file, now)
    assert error.code == "KEY_MISMATCH"
    assert error.where.endswith(f"{name}.key")


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)]
)
def test_another_kind_of_key_is_refused(directory, passphrase_file, now, key):
    (directory / "signing.key").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))
    )
    assert refusal(directory, passphrase_file, now).code == "KEY_CURVE"


def test_an_unencrypted_key_is_refused(directory, passphrase_file, now):
    key = ec.generate_private_key(ec.SECP256R1())
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        (directory / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
        assert refusal(directory, passphrase_file, now).code == "KEY_FILE_UNENCRYPTED"


def test_certificates_must_be_valid_now(directory, passphrase_file, now):
    late = refusal(directory, passphrase_file, now + timedelta(days=181))
    assert late.code == "CERT_EXPIRED"
    assert late.where == str(directory / "encryption.pem")
    early = refusal(directory, passphrase_file, now - timedelta(days=1))
    assert early.code == "CERT_NOT_YET_VALID"


def test_certificates_must_be_of_their_use_participant_and_root(
    directory, passphrase_file, now, tmp_path
):
    keep = (directory / "tls.pem").read_bytes()
    shutil.copy(directory / "signing.pem", directory / "tls.pem")
    assert refusal(directory, passphrase_file, now).code == "CERT_EKU"
    issue(tmp_path / "ca", b"ca", "320000", tmp_path / "other", PASSPHRASE, now=now)
    shutil.copy(tmp_path / "other" / "tls.pem", directory / "tls.pem")
    assert refusal(directory, passphrase_file, now).code == "CERT_ROLE"
    (directory / "tls.pem").write_bytes(keep)
    shutil.copy(tmp_path / "ca" / "root.pem", directory / "signing.pem")
    assert refusal(directory, passphrase_file, now).code == "CERT_SELF_SIGNED"
    shutil.copy(directory / "chain.pem", directory / "root.pem")
    assert refusal(directory, passphrase_file, now).code == "CERT_ROOT_UNFIT"
