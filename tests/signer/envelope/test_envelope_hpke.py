"""RFC 9180's known answers for the one way in which the product uses HPKE.

The library seals and opens whole messages without associated data, while the RFC's ciphertexts all
carry some. So the values go through an implementation read from the RFC (`hpke_rfc9180`), which is
first shown to give every one of them, and then seals to and opens from the product's wrappers.
"""

from __future__ import annotations

import json
from importlib.metadata import version

import cryptography_vectors
import hpke_rfc9180
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from envelope_forge import H, fixed
from envelope_world import private_key

from signer.suites import SuiteError
from signer.suites.p256_aes256gcm import open_epoch

BASE_P256_SHA256_AES256 = {"mode": 0, "kem_id": 16, "kdf_id": 1, "aead_id": 2}
SECRET = fixed("an epoch secret")
INFO = b"the context"


def scalar(number):
    return ec.derive_private_key(int(number, 16), ec.SECP256R1())


@pytest.fixture(scope="module")
def answers():
    """The RFC's values for the suite, all in hex."""
    with cryptography_vectors.open_vector_file("HPKE/test-vectors.json", "r") as file:
        every = json.load(file)
    wanted = BASE_P256_SHA256_AES256.items()
    found = [one for one in every if wanted <= one.items()]
    assert len(found) == 1
    return found[0]


def test_the_vectors_are_those_of_the_library_in_use():
    assert version("cryptography-vectors") == version("cryptography")


def test_the_key_schedule_is_the_one_of_the_rfc(answers):
    ephemeral, recipient = scalar(answers["skEm"]), scalar(answers["skRm"])
    enc = hpke_rfc9180.point(ephemeral.public_key())
    assert enc.hex() == answers["enc"]
    assert hpke_rfc9180.point(recipient.public_key()).hex() == answers["pkRm"]
    shared = hpke_rfc9180.encap(ephemeral, recipient.public_key())
    assert shared == hpke_rfc9180.decap(enc, recipient)
    assert shared.hex() == answers["shared_secret"]
    context = hpke_rfc9180.schedule(shared, bytes.fromhex(answers["info"]))
    assert context.key.hex() == answers["key"]
    assert context.base_nonce.hex() == answers["base_nonce"]
    assert context.exporter_secret.hex() == answers["exporter_secret"]


def test_every_ciphertext_of_the_rfc_comes_out(answers):
    shared = bytes.fromhex(answers["shared_secret"])
    context = hpke_rfc9180.schedule(shared, bytes.fromhex(answers["info"]))
    assert len(answers["encryptions"]) > 250
    for sequence, one in enumerate(answers["encryptions"]):
        plaintext, aad = bytes.fromhex(one["pt"]), bytes.fromhex(one["aad"])
        assert context.seal(plaintext, aad, sequence).hex() == one["ct"]


def test_the_product_opens_what_is_sealed_under_the_keys_of_the_rfc(answers):
    info, recipient = bytes.fromhex(answers["info"]), scalar(answers["skRm"])
    context = hpke_rfc9180.schedule(bytes.fromhex(answers["shared_secret"]), info)
    for one in answers["encryptions"][:3]:
        plaintext = bytes.fromhex(one["pt"])
        sealed = bytes.fromhex(answers["enc"]) + context.seal(plaintext, b"")
        assert open_epoch(recipient, sealed, info) == plaintext


def test_a_ciphertext_of_the_rfc_itself_does_not_open_without_its_associated_data(answers):
    sealed = bytes.fromhex(answers["enc"] + answers["encryptions"][0]["ct"])
    with pytest.raises(SuiteError, match="EPOCH_INVALID"):
        open_epoch(scalar(answers["skRm"]), sealed, bytes.fromhex(answers["info"]))


def test_the_rfc_opens_what_the_product_seals(answers):
    recipient = scalar(answers["skRm"])
    sealed = H.seal_epoch(recipient.public_key(), SECRET, INFO)
    enc, ciphertext = sealed[: hpke_rfc9180.POINT], sealed[hpke_rfc9180.POINT :]
    context = hpke_rfc9180.schedule(hpke_rfc9180.decap(enc, recipient), INFO)
    assert context.open(ciphertext, b"") == SECRET
    with pytest.raises(InvalidTag):
        context.open(ciphertext, b"some associated data")
    other = hpke_rfc9180.schedule(hpke_rfc9180.decap(enc, recipient), b"another context")
    with pytest.raises(InvalidTag):
        other.open(ciphertext, b"")


def test_only_the_right_key_and_context_open():
    mine, other = private_key("a reader"), private_key("another reader")
    sealed = H.seal_epoch(mine.public_key(), SECRET, INFO)
    assert open_epoch(mine, sealed, INFO) == SECRET
    for key, info in ((other, INFO), (mine, b""), (mine, INFO + b"\0")):
        with pytest.raises(SuiteError, match="EPOCH_INVALID"):
            open_epoch(key, sealed, info)


def test_nothing_is_sealed_twice_alike():
    public = private_key("a reader").public_key()
    sealed = {H.seal_epoch(public, SECRET, INFO) for _ in range(16)}
    assert len({one[: hpke_rfc9180.POINT] for one in sealed}) == 16
