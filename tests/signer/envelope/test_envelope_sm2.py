"""Suite sm2-sm4gcm/1: the standards' examples, Wycheproof, and an independent implementation."""

from __future__ import annotations

import json
import secrets

import gmalg
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from envelope_files import VECTORS, needs_gm

from schemas.errors import ConfigError
from signer.suites import SUITES, SuiteError, keys, sm2, sm2_sm4gcm
from signer.suites.sm2 import ORDER, Sm2PrivateKey, Sm2PublicKey

needs_gm()

H = SUITES[sm2_sm4gcm.NAME]
USER = b"1234567812345678"
WYCHEPROOF = VECTORS.parent / "wycheproof"

# GB/T 32918.5-2017, annex A: one key pair and one k for all its examples.
KEY = Sm2PrivateKey(
    bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"),
    Sm2PublicKey(
        bytes.fromhex(
            "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
            "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
        )
    ),
)
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
CIPHERTEXT = bytes.fromhex(
    "04"
    "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
    "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
    "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
    "21886ca989ca9c7d58087307ca93092d651efa"
)


def other(key=KEY, k=None):
    """The independent implementation, with a fixed k where one is given."""
    chosen = (lambda _: k) if k else None
    return gmalg.SM2(key.number, USER, key.public.encoded, rnd_fn=chosen)


def test_sm3_examples_of_gbt_32905():
    assert H.hash(b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert H.hash(b"abcd" * 8, b"abcd" * 8).hex() == (
        "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


def test_the_signature_example_of_gbt_32918_5():
    H.verify(KEY.public_key(), SIGNATURE, b"message digest")
    assert b"".join(other(k=K).sign(b"message digest")) == SIGNATURE


def test_the_encryption_example_of_gbt_32918_5():
    assert sm2.decrypt(KEY, CIPHERTEXT) == b"encryption standard"
    assert other(k=K).encrypt(b"encryption standard") == CIPHERTEXT


def test_the_gcm_example_of_rfc_8998():
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    aad = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    plaintext = b"".join(bytes([x]) * 8 for x in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")
    sealed = bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert sm2_sm4gcm._gcm_seal(key, nonce, plaintext, aad) == sealed
    assert sm2_sm4gcm._gcm_open(key, nonce, sealed, aad) == plaintext


def test_bodies_are_sealed_under_the_first_half_of_the_key_and_the_zero_nonce():
    key = bytes(range(32))
    sealed = H.aead_seal(key, b"plaintext", b"aad")
    assert sealed == sm2_sm4gcm._gcm_seal(key[:16], bytes(12), b"plaintext", b"aad")
    assert H.aead_open(key[:16] + bytes(16), sealed, b"aad") == b"plaintext"


def test_kdf_is_hkdf_expand_with_sm3():
    for size in (0, 1, 63, 64, 65, 300):
        secret, info = secrets.token_bytes(32), secrets.token_bytes(size)
        assert H.kdf(secret, info) == HKDFExpand(hashes.SM3(), 32, info).derive(secret)


def test_signatures_both_ways():
    for size in (0, 1, 100, 5000):
        key, data = keys.generate(keys.SM2), secrets.token_bytes(size)
        ours = keys.sign(key, data)
        assert len(ours) == 64
        H.verify(key.public, ours, data)
        assert other(key).verify(data, ours[:32], ours[32:])
        H.verify(key.public, b"".join(other(key).sign(data)), data)


def test_two_signatures_of_the_same_data_differ():
    assert keys.sign(KEY, b"data") != keys.sign(KEY, b"data")


def test_encryption_both_ways():
    for size in (1, 32, 64, 255):
        key, plaintext = keys.generate(keys.SM2), secrets.token_bytes(size)
        sealed = sm2.encrypt(key.public, plaintext)
        assert len(sealed) == 97 + size
        assert other(key).decrypt(sealed) == plaintext
        assert sm2.decrypt(key, other(key).encrypt(plaintext)) == plaintext


def test_an_epoch_holds_the_secret_and_the_hash_of_its_context():
    secret = secrets.token_bytes(32)
    sealed = H.seal_epoch(KEY.public, secret, b"info")
    assert len(sealed) == 161
    assert other().decrypt(sealed) == secret + H.hash(b"info")
    assert sm2_sm4gcm.open_epoch(KEY, sealed, b"info") == secret


def refused(sealed, info=b"info", key=KEY):
    with pytest.raises(SuiteError) as caught:
        sm2_sm4gcm.open_epoch(key, sealed, info)
    return caught.value.code


def test_an_epoch_opens_under_its_own_context_and_key_only():
    sealed = H.seal_epoch(KEY.public, bytes(32), b"info")
    assert refused(sealed, b"inf") == "EPOCH_INVALID"
    assert refused(sealed, key=keys.generate(keys.SM2)) == "EPOCH_INVALID"
    for place in range(161):
        altered = bytearray(sealed)
        altered[place] ^= 1
        assert refused(bytes(altered)) == "EPOCH_INVALID"


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"\x04",
        b"\x04" + bytes(160),
        b"\x04" + b"\xff" * 160,
        b"\x00" * 161,
        sm2.encrypt(KEY.public, bytes(32)),
        sm2.encrypt(KEY.public, bytes(65)),
        sm2.encrypt(KEY.public, bytes(64)),
        CIPHERTEXT,
    ],
    ids=[
        "empty",
        "one byte",
        "zero point",
        "point out of range",
        "infinity",
        "secret alone",
        "a byte more",
        "no context",
        "another plaintext",
    ],
)
def test_what_is_no_epoch_does_not_open(sealed):
    assert refused(sealed) == "EPOCH_INVALID"


def unverified(signature, key=KEY.public, data=b"message digest"):
    with pytest.raises(SuiteError) as caught:
        H.verify(key, signature, data)
    return caught.value.code


def test_a_signature_in_another_form_or_out_of_range_is_refused():
    r, s = SIGNATURE[:32], SIGNATURE[32:]
    n = ORDER
    out_of_range = {
        bytes(32) + s,
        r + bytes(32),
        n.to_bytes(32) + s,
        r + n.to_bytes(32),
        r + (n - int.from_bytes(r)).to_bytes(32),
        b"\xff" * 64,
    }
    for wrong in (b"", SIGNATURE[:-1], SIGNATURE + b"\x00", *out_of_range):
        assert unverified(wrong) == "SIGNATURE_FORM"


def test_a_signature_cannot_be_turned_into_another_one():
    # ECDSA has (r, n - s); here neither that nor any other change of sign verifies.
    r, s = int.from_bytes(SIGNATURE[:32]), int.from_bytes(SIGNATURE[32:])
    for a, b in ((r, ORDER - s), (ORDER - r, s), (ORDER - r, ORDER - s), (s, r)):
        assert unverified(a.to_bytes(32) + b.to_bytes(32)) == "SIGNATURE_INVALID"
    # -(r + s) - r: the value that would mirror the point, were r not bound to it.
    assert unverified(SIGNATURE[:32] + (-s - 2 * r).__mod__(ORDER).to_bytes(32)) == (
        "SIGNATURE_INVALID"
    )


def test_a_signature_is_of_its_key_and_data():
    assert unverified(SIGNATURE, data=b"another") == "SIGNATURE_INVALID"
    assert unverified(SIGNATURE, key=keys.generate(keys.SM2).public) == "SIGNATURE_INVALID"


def test_a_key_of_another_suite_is_refused():
    p256 = keys.generate(keys.P256).public_key()
    assert unverified(SIGNATURE, key=p256) == "SIGNATURE_FORM"
    with pytest.raises(SuiteError, match="EPOCH_KEY"):
        H.seal_epoch(p256, bytes(32), b"")
    for name in (keys.P256, keys.SM2):
        assert keys.suite_of(keys.generate(name)) == name


def test_a_public_key_that_is_no_point_of_the_curve_is_refused():
    point = KEY.public.point
    for wrong in (
        b"",
        point,
        b"\x02" + point[:32],
        b"\x06" + point,
        b"\x04" + bytes(64),
        b"\x04" + point[:63] + b"\x00",
        b"\x04" + b"\xff" * 64,
    ):
        with pytest.raises(SuiteError, match="KEY_FORM"):
            Sm2PublicKey.read(wrong)
    assert Sm2PublicKey.read(b"\x04" + point) == KEY.public


def test_wycheproof_sm4_gcm():
    endings = {"valid": 0, "invalid": 0}
    for group in groups("sm4_gcm_test"):
        # Ours is the nonce of 12 bytes; OpenSSL takes 1 to 128.
        for test in (t for t in group["tests"] if group["ivSize"] == 96):
            one = {name: bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "msg")}
            sealed = bytes.fromhex(test["ct"] + test["tag"])
            endings[test["result"]] += 1
            if test["result"] == "valid":
                opened = sm2_sm4gcm._gcm_open(one["key"], one["iv"], sealed, one["aad"])
                assert opened == one["msg"], test["tcId"]
                again = sm2_sm4gcm._gcm_seal(one["key"], one["iv"], one["msg"], one["aad"])
                assert again == sealed, test["tcId"]
            else:
                with pytest.raises(SuiteError, match="AEAD_TAG"):
                    sm2_sm4gcm._gcm_open(one["key"], one["iv"], sealed, one["aad"])
    assert min(endings.values()) > 20


def test_wycheproof_hmac_sm3():
    checked = 0
    for group in groups("hmac_sm3_test"):
        for test in group["tests"]:
            made = sm2_sm4gcm._hmac(bytes.fromhex(test["key"]), bytes.fromhex(test["msg"]))
            same = made[: group["tagSize"] // 8] == bytes.fromhex(test["tag"])
            assert same == (test["result"] == "valid"), test["tcId"]
            checked += 1
    assert checked > 150


def groups(file):
    return json.loads((WYCHEPROOF / f"{file}.json").read_text(encoding="utf-8"))["testGroups"]


def test_without_the_extra_the_suite_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setattr(sm2, "_library", None)
    assert not sm2.installed()
    uses = (
        sm2.generate,
        lambda: keys.sign(KEY, b""),
        lambda: sm2.verify(KEY.public, SIGNATURE, b""),
        lambda: sm2.encrypt(KEY.public, b"x"),
        lambda: sm2.decrypt(KEY, CIPHERTEXT),
        lambda: keys.require_suite(keys.SM2, "[keys] suite"),
    )
    for use in uses:
        with pytest.raises(ConfigError) as caught:
            use()
        assert caught.value.code == "GM_NOT_INSTALLED"
        assert "hedui-bus[gm]" in caught.value.remedy_en
    assert keys.require_suite(keys.P256) == keys.P256


def test_a_suite_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="SUITE_NAME"):
        keys.require_suite("sm2-sm4gcm/2")
