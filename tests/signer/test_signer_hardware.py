"""Keys in a PKCS#11 token: signing, opening, applying and renewing with them (SoftHSM2)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from secrets import token_hex

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, ObjectClass
from softhsm import LABEL, PIN

from schemas.errors import HeduiError
from signer.admission.grant import write_grant
from signer.admission.importing import import_grant
from signer.admission.pending import make_pending, read_pending
from signer.admission.request import read_requests, request_content
from signer.ca.authorities import authorities
from signer.ca.certify_requests import certify_requests
from signer.ca.files import init_ca
from signer.certificates import key_id
from signer.directory.view import KeyUse
from signer.hardware import Token
from signer.keyfiles import FileKeyRing
from signer.keystore import TokenSettings, open_token
from signer.suites.p256_aes256gcm import P256Aes256Gcm, open_epoch, sign

CA_PASS, KEY_PASS = b"ca passphrase", b"key passphrase"
SUITE = P256Aes256Gcm()


@pytest.fixture
def token(softhsm_module):
    found = Token(softhsm_module, LABEL, PIN)
    yield found
    found.close()


@pytest.fixture
def settings(softhsm_module, tmp_path):
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    return TokenSettings(softhsm_module, LABEL, pin)


@pytest.fixture
def label():
    return f"test-{token_hex(8)}"


def refusal(run, *arguments, **options) -> HeduiError:
    with pytest.raises(HeduiError) as caught:
        run(*arguments, **options)
    return caught.value


def test_a_key_made_on_the_token_signs_as_the_suite_demands(token, label):
    key = token.generate(label, KeyUse.SIGNING)
    for n in range(20):  # half of all signatures have a high s, which is turned low
        data = b"statement %d" % n
        SUITE.verify(key.public_key(), sign(key, data), data)


def test_what_is_sealed_to_a_token_key_opens(token, label):
    key = token.generate(label, KeyUse.ENCRYPTION)
    sealed = SUITE.seal_epoch(key.public_key(), bytes(range(32)), b"info")
    assert open_epoch(key, sealed, b"info") == bytes(range(32))
    for bad, info in ((sealed, b"other"), (sealed[:-1], b"info"), (b"\x04" + bytes(80), b"info")):
        assert refusal(open_epoch, key, bad, info).code == "EPOCH_INVALID"


def test_a_shared_secret_keeps_its_leading_zeros(token, label):
    key = token.generate(label, KeyUse.ENCRYPTION)
    while True:
        peer = ec.generate_private_key(ec.SECP256R1())
        expected = peer.exchange(ec.ECDH(), key.public_key())
        if expected[0] == 0:
            break
    assert key.exchange(ec.ECDH(), peer.public_key()) == expected


def test_the_key_cannot_be_taken_out(token, label):
    key = token.generate(label, KeyUse.SIGNING)
    assert refusal(key.private_numbers).code == "KEY_UNUSABLE"
    assert refusal(key.private_bytes, None, None, None).code == "KEY_UNUSABLE"
    (held,) = token._session.get_objects(
        {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.LABEL: label}
    )
    assert held[Attribute.SENSITIVE]
    assert not held[Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.exceptions.PKCS11Error):
        held[Attribute.VALUE]
    assert not list(token._session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY}))


@pytest.mark.parametrize("use", [KeyUse.SIGNING, KeyUse.ENCRYPTION])
def test_a_key_is_found_by_what_it_does_and_not_by_its_label(softhsm_module, token, label, use):
    first, second = (token.generate(label, use) for _ in range(2))
    other = Token(softhsm_module, LABEL, PIN)
    for key in (first, second):
        found = other.find(label, use, key.public_key())
        assert found is not None
        if use is KeyUse.SIGNING:
            SUITE.verify(key.public_key(), sign(found, b"x"), b"x")
        else:
            sealed = SUITE.seal_epoch(key.public_key(), bytes(32), b"")
            assert open_epoch(found, sealed, b"") == bytes(32)
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    assert other.find(label, use, stranger) is None
    assert other.find("another label", use, first.public_key()) is None
    other.close()


def test_several_threads_use_one_token(token, label):
    signing = token.generate(label, KeyUse.SIGNING)
    opening = token.generate(f"{label}-e", KeyUse.ENCRYPTION)

    def work(n: int) -> bool:
        data = b"%d" % n
        SUITE.verify(signing.public_key(), sign(signing, data), data)
        sealed = SUITE.seal_epoch(opening.public_key(), bytes(32), data)
        return open_epoch(opening, sealed, data) == bytes(32)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(40)))


def test_a_module_that_was_restarted_is_logged_in_to_again(softhsm_module, label):
    token = Token(softhsm_module, LABEL, PIN)
    keys = [token.generate(f"{label}-{n}", KeyUse.SIGNING) for n in range(2)]
    token._session.close()
    for key in keys:
        SUITE.verify(key.public_key(), sign(key, b"x"), b"x")
    pkcs11.lib(str(softhsm_module)).reinitialize()  # every session and handle is gone
    for key in keys:
        SUITE.verify(key.public_key(), sign(key, b"x"), b"x")
    token.close()


def test_a_key_that_is_gone_is_said_to_be(token, label):
    key = token.generate(label, KeyUse.SIGNING)
    for found in list(token._session.get_objects({Attribute.LABEL: label})):
        found.destroy()
    error = refusal(sign, key, b"x")
    assert (error.code, error.where) == ("KEY_UNUSABLE", label)


def test_a_pin_that_is_refused_is_not_tried_twice(softhsm_module, label):
    pkcs11.lib(str(softhsm_module)).reinitialize()  # a login is the process's: end all others
    assert refusal(Token, softhsm_module, LABEL, "999999").code == "PKCS11_PIN"
    changed = Token(softhsm_module, LABEL, PIN)
    key = changed.generate(label, KeyUse.SIGNING)
    changed._pin = "999999"
    changed._session.close()
    assert refusal(sign, key, b"x").code == "KEY_UNUSABLE"
    assert changed._refused
    changed._pin = PIN
    assert refusal(sign, key, b"x").code == "KEY_UNUSABLE"


def test_an_unfit_module_token_or_file_is_named(settings, tmp_path):
    def opened(module=settings.module, token=LABEL, pin=settings.pin_file):
        return refusal(open_token, TokenSettings(module, token, pin)).code

    assert opened(module=tmp_path / "none.so") == "PKCS11_MODULE"
    assert opened(token="no such token") == "PKCS11_TOKEN"
    assert opened(pin=tmp_path / "none") == "KEY_FILE_MISSING"
    settings.pin_file.chmod(0o644)
    assert opened() == "KEY_FILE_READABLE"


def test_without_the_extra_it_is_said(settings, monkeypatch):
    monkeypatch.setattr("signer.keystore.find_spec", lambda _: None)
    assert refusal(open_token, settings).code == "PKCS11_NOT_INSTALLED"


def test_a_participant_joins_and_renews_with_its_keys_on_the_token(settings, tmp_path, now):
    ca, out = tmp_path / "ca", tmp_path / "keys"
    init_ca(ca, CA_PASS, now, 20)
    passphrase = tmp_path / "key.pass"
    passphrase.write_bytes(KEY_PASS)
    passphrase.chmod(0o600)
    store = open_token(settings)
    made = []
    for generation in (1, 2):
        place, at = tmp_path / f"pending-{generation}", now + timedelta(days=90 * (generation - 1))
        make_pending(place, KEY_PASS, participant="370000", generation=generation, store=store)
        assert sorted(p.name for p in place.glob("*.key")) == ["tls.key"]
        pending = read_pending(place, KEY_PASS, store)
        assert refusal(read_pending, place, KEY_PASS).code == "KEY_FILE_MISSING"
        keys = read_requests(request_content(pending.requests), "370000", generation)
        grant = certify_requests(ca, CA_PASS, keys, hosts=(), now=at)
        import_grant(
            place,
            out,
            write_grant(grant),
            KEY_PASS,
            roots=authorities(ca, "root"),
            now=at,
            store=store,
        )
        made.append(grant)
    later = now + timedelta(days=90)
    assert sorted(p.name for p in out.glob("*.key")) == ["tls.key"]
    ring = FileKeyRing.load(out, passphrase, later, open_token(settings))
    public = x509.load_der_x509_certificate(made[1].certificates[KeyUse.SIGNING]).public_key()
    SUITE.verify(public, ring.sign(b"statement"), b"statement")
    assert ring.encryption_keys == tuple(
        key_id(grant.certificates[KeyUse.ENCRYPTION]) for grant in reversed(made)
    )
    for grant in made:
        der = grant.certificates[KeyUse.ENCRYPTION]
        to = x509.load_der_x509_certificate(der).public_key()
        sealed = SUITE.seal_epoch(to, bytes(range(32)), b"info")
        assert ring.open_epoch(key_id(der), sealed, b"info") == bytes(range(32))
    assert refusal(FileKeyRing.load, out, passphrase, later).code == "KEY_FILE_MISSING"


def test_the_library_signs_with_a_token_key_what_it_signs_with_its_own(token, label):
    key = token.generate(label, KeyUse.SIGNING)
    signature = key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"data", ec.ECDSA(hashes.SHA256()))
    assert (key.curve.name, key.key_size) == ("secp256r1", 256)
