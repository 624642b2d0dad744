"""HPKE completed in software after somebody else's ECDH, against the library and RFC 9180."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.suites.hpke_p256 import decapsulated, open_single_shot

LIBRARY = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
KEY = ec.generate_private_key(ec.SECP256R1())


@settings(deadline=None)
@given(secret=st.binary(max_size=100), info=st.binary(max_size=300))
def test_what_the_library_seals_opens_here(secret, info):
    assert open_single_shot(KEY, LIBRARY.encrypt(secret, KEY.public_key(), info), info) == secret


@settings(deadline=None)
@given(position=st.integers(0, 200), flip=st.integers(1, 255))
def test_nothing_altered_opens(position, flip):
    sealed = bytearray(LIBRARY.encrypt(b"secret" * 6, KEY.public_key(), b"info"))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises((InvalidTag, ValueError)):
        open_single_shot(KEY, bytes(sealed), b"info")


@pytest.mark.parametrize("size", [0, 1, 64, 65, 66, 80])
def test_what_is_cut_does_not_open(size):
    sealed = LIBRARY.encrypt(b"", KEY.public_key(), b"")
    with pytest.raises((InvalidTag, ValueError)):
        open_single_shot(KEY, sealed[:size], b"")


def test_another_context_or_key_does_not_open():
    sealed = LIBRARY.encrypt(b"secret", KEY.public_key(), b"info")
    with pytest.raises(InvalidTag):
        open_single_shot(KEY, sealed, b"inf")
    with pytest.raises(InvalidTag):
        open_single_shot(ec.generate_private_key(ec.SECP256R1()), sealed, b"info")


def test_the_shared_secret_is_that_of_the_rfc():
    # RFC 9180, appendix A.3.1: base mode of DHKEM(P-256, HKDF-SHA256).
    scalar = 0xF3CE7FDAE57E1A310D87F1EBBDE6F328BE0A99CDBCADF4D6589CF29DE4B8FFD2
    enc = bytes.fromhex(
        "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac9"
        "8536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4"
    )
    shared = "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8"
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    dh = key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(key.curve, enc))
    raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert decapsulated(dh, enc, raw).hex() == shared
