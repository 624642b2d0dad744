"""Project Wycheproof's vectors through our own wrappers of suite p256-aes256gcm/1."""

from __future__ import annotations

import hmac
import json
from collections import Counter

import hpke_rfc9180
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from envelope_files import VECTORS
from envelope_forge import H, fixed
from envelope_world import P256_ORDER, private_key

from signer.suites import SuiteError, p256_aes256gcm
from signer.suites.hpke_p256 import open_single_shot
from signer.suites.p256_aes256gcm import open_epoch, sign

FOLDER = VECTORS.parent / "wycheproof"
REFUSALS = {"SIGNATURE_FORM", "SIGNATURE_INVALID"}
SECRET = fixed("an epoch secret")
INFO = b"the context"
BLOCK = 64


def groups(file):
    """The groups of a file, all of whose tests must be there; a missing file fails the test."""
    content = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    found = content["testGroups"]
    assert sum(len(group["tests"]) for group in found) == content["numberOfTests"] > 0
    return found


def verified(public, signature, message):
    try:
        H.verify(public, signature, bytes.fromhex(message))
    except SuiteError as error:
        return error.code
    return "valid"


def test_ecdsa_accepts_what_is_valid_and_low_and_nothing_else():
    endings = Counter()
    for group in groups("ecdsa_secp256r1_sha256_p1363_test"):
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            high = int(test["sig"][64:] or "0", 16) > P256_ORDER // 2
            found = verified(public, bytes.fromhex(test["sig"]), test["msg"])
            endings[test["result"], high, found] += 1
            if test["result"] == "valid":
                assert found == ("SIGNATURE_FORM" if high else "valid"), test["tcId"]
            else:
                assert found in REFUSALS, test["tcId"]
    assert endings["valid", True, "SIGNATURE_FORM"] > 20
    assert endings["valid", False, "valid"] > 20


def test_the_low_twin_of_a_valid_high_signature_is_accepted():
    turned = 0
    for group in groups("ecdsa_secp256r1_sha256_p1363_test"):
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            r, s = test["sig"][:64], int(test["sig"][64:] or "0", 16)
            if test["result"] == "valid" and s > P256_ORDER // 2:
                low = bytes.fromhex(r) + (P256_ORDER - s).to_bytes(32)
                assert verified(public, low, test["msg"]) == "valid", test["tcId"]
                turned += 1
    assert turned > 20


def raw_signature(der):
    """r ‖ s of a DER signature, or None where it has no such form."""
    try:
        r, s = decode_dss_signature(der)
        return r.to_bytes(32) + s.to_bytes(32)
    except (OverflowError, ValueError):
        return None


def test_ecdsa_from_der_is_judged_by_its_values_and_der_is_no_signature():
    endings = Counter()
    for group in groups("ecdsa_secp256r1_sha256_test"):
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            der = bytes.fromhex(test["sig"])
            assert verified(public, der, test["msg"]) in REFUSALS, test["tcId"]
            raw = raw_signature(der)
            if raw is None:
                assert test["result"] == "invalid", test["tcId"]
                continue
            found = verified(public, raw, test["msg"])
            high = int.from_bytes(raw[32:]) > P256_ORDER // 2
            if test["result"] == "valid":
                assert found == ("SIGNATURE_FORM" if high else "valid"), test["tcId"]
            else:
                assert found in REFUSALS, test["tcId"]
            endings[test["result"], found] += 1
    assert endings["valid", "valid"] > 20
    assert endings["invalid", "SIGNATURE_FORM"] + endings["invalid", "SIGNATURE_INVALID"] > 20


@pytest.mark.parametrize(
    ("message", "r", "s"),
    [
        (
            b"sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            b"test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ],
)
def test_our_signatures_are_those_of_rfc_6979_with_s_made_low(message, r, s):
    # RFC 6979 §A.2.5.
    number = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    private = ec.derive_private_key(number, ec.SECP256R1())
    low = min(int(s, 16), P256_ORDER - int(s, 16))
    assert sign(private, message) == bytes.fromhex(r) + low.to_bytes(32)


def test_our_signatures_are_deterministic_and_low():
    private = private_key("a signer")
    signatures = [sign(private, bytes([i])) for i in range(64)]
    assert signatures == [sign(private, bytes([i])) for i in range(64)]
    assert all(int.from_bytes(s[32:]) <= P256_ORDER // 2 for s in signatures)
    for i, signature in enumerate(signatures):
        H.verify(private.public_key(), signature, bytes([i]))


def test_kdf_is_the_first_block_of_hkdf_expand():
    checked = 0
    for group in groups("hkdf_sha256_test"):
        for test in group["tests"]:
            if test["result"] != "valid":
                assert test["flags"] == ["SizeTooLarge"]  # ours has one size
                continue
            salt = bytes.fromhex(test["salt"]) or bytes(32)
            # HKDF-Extract is HMAC(salt, ikm); the rest is ours.
            prk = hmac.digest(salt, bytes.fromhex(test["ikm"]), "sha256")
            block = H.kdf(prk, bytes.fromhex(test["info"]))
            size = min(32, test["size"])
            assert block[:size] == bytes.fromhex(test["okm"])[:size], test["tcId"]
            checked += 1
    assert checked > 80


def hmac_of_our_hash(key, message):
    """RFC 2104 §2, on nothing but the suite's hash."""
    padded = (H.hash(key) if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = H.hash(bytes(byte ^ 0x36 for byte in padded), message)
    return H.hash(bytes(byte ^ 0x5C for byte in padded), inner)


def test_hmac_of_our_hash_gives_every_tag():
    endings = Counter()
    for group in groups("hmac_sha256_test"):
        size = group["tagSize"] // 8
        for test in group["tests"]:
            tag = hmac_of_our_hash(bytes.fromhex(test["key"]), bytes.fromhex(test["msg"]))
            right = tag[:size] == bytes.fromhex(test["tag"])
            assert right == (test["result"] == "valid"), test["tcId"]
            endings[test["result"]] += 1
    assert min(endings["valid"], endings["invalid"]) > 50


def test_aes_gcm_opens_what_is_valid_and_nothing_else(monkeypatch):
    # The nonce of the product is always zero; here the vectors' nonces stand in its place.
    endings = Counter()
    for group in groups("aes_gcm_test"):
        if (group["keySize"], group["ivSize"], group["tagSize"]) != (256, 96, 128):
            continue
        for test in group["tests"]:
            monkeypatch.setattr(p256_aes256gcm, "_ZERO_NONCE", bytes.fromhex(test["iv"]))
            key, aad = bytes.fromhex(test["key"]), bytes.fromhex(test["aad"])
            sealed = bytes.fromhex(test["ct"] + test["tag"])
            if test["result"] == "valid":
                assert H.aead_open(key, sealed, aad) == bytes.fromhex(test["msg"])
                assert H.aead_seal(key, bytes.fromhex(test["msg"]), aad) == sealed
            else:
                with pytest.raises(SuiteError, match="AEAD_TAG"):
                    H.aead_open(key, sealed, aad)
            endings[test["result"]] += 1
    assert endings == {"valid": 39, "invalid": 27}


def test_aes_gcm_with_the_zero_nonce():
    found = [
        test
        for group in groups("aes_gcm_test")
        for test in group["tests"]
        if (group["keySize"], group["tagSize"], test["iv"]) == (256, 128, "00" * 12)
    ]
    assert found
    for test in found:
        key, aad = bytes.fromhex(test["key"]), bytes.fromhex(test["aad"])
        sealed = bytes.fromhex(test["ct"] + test["tag"])
        assert H.aead_open(key, sealed, aad) == bytes.fromhex(test["msg"])
        assert H.aead_seal(key, bytes.fromhex(test["msg"]), aad) == sealed


def test_an_epoch_opens_under_every_valid_point_and_no_other():
    # The test seals from the shared secret that the vector states; the product must find the same.
    endings = Counter()
    for group in groups("ecdh_secp256r1_ecpoint_test"):
        for test in group["tests"]:
            private = ec.derive_private_key(int(test["private"], 16), ec.SECP256R1())
            enc, dh = bytes.fromhex(test["public"]), bytes.fromhex(test["shared"])
            mine = hpke_rfc9180.point(private.public_key())
            shared = hpke_rfc9180.kem_secret(dh, enc, mine)
            sealed = enc + hpke_rfc9180.schedule(shared, INFO).seal(SECRET, b"")
            if test["result"] == "valid":
                assert open_epoch(private, sealed, INFO) == SECRET, test["tcId"]
                assert open_single_shot(private, sealed, INFO) == SECRET, test["tcId"]
            else:  # a compressed point is acceptable to some, never to RFC 9180 (§7.1.1)
                with pytest.raises(SuiteError, match="EPOCH_INVALID"):
                    open_epoch(private, sealed, INFO)
                with pytest.raises((InvalidTag, ValueError)):
                    open_single_shot(private, sealed, INFO)
            endings[test["result"]] += 1
    assert endings["valid"] > 300
    assert endings["invalid"] > 20
    assert endings["acceptable"] == 1


@pytest.mark.parametrize("size", [0, 1, 64, 65, 66, 80, 81, 112, 114, 2048])
def test_sealed_bytes_of_another_size_do_not_open(size):
    with pytest.raises(SuiteError, match="EPOCH_INVALID"):
        open_epoch(private_key("a reader"), b"\x04" * size, b"")


def test_a_signature_of_a_shorter_curve_is_refused_though_the_library_would_verify_it():
    private = ec.derive_private_key(7, ec.SECP224R1())
    r, s = decode_dss_signature(private.sign(b"a head", ec.ECDSA(hashes.SHA256())))
    with pytest.raises(SuiteError, match="SIGNATURE_FORM"):
        H.verify(private.public_key(), r.to_bytes(32) + s.to_bytes(32), b"a head")


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.SECP256K1(), ec.SECP384R1()])
def test_a_key_of_another_curve_is_refused(curve):
    private = ec.derive_private_key(7, curve)
    with pytest.raises(SuiteError, match="SIGNATURE_FORM"):
        H.verify(private.public_key(), bytes(31) + b"\1" + bytes(31) + b"\1", b"")
    with pytest.raises(SuiteError, match="EPOCH_KEY"):
        H.seal_epoch(private.public_key(), SECRET, INFO)
    with pytest.raises(SuiteError, match="EPOCH_INVALID"):
        open_epoch(private, b"\x04" * 113, INFO)


def test_a_key_of_another_type_is_refused():
    with pytest.raises(SuiteError, match="SIGNATURE_FORM"):
        H.verify(object(), bytes(64), b"")
    with pytest.raises(SuiteError, match="EPOCH_KEY"):
        H.seal_epoch(object(), bytes(32), b"")
