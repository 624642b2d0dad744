"""Project Wycheproof's vectors through our own wrappers of suite p256-aes256gcm/1."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from envelope_files import loud_skip
from envelope_forge import H
from envelope_world import P256_ORDER, private_key

from signer.suites import SuiteError
from signer.suites.p256_aes256gcm import open_epoch, sign

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "vectors" / "wycheproof"


def groups(file):
    path = FOLDER / f"{file}.json"
    if not path.is_file():
        loud_skip(f"{path.name} of Project Wycheproof is not beside the repository")
    return json.loads(path.read_text(encoding="utf-8"))["testGroups"]


def verified(public, test):
    try:
        H.verify(public, bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]))
    except SuiteError as error:
        return error.code
    return "valid"


def test_ecdsa_accepts_what_is_valid_and_low_and_nothing_else():
    endings = Counter()
    for group in groups("ecdsa_secp256r1_sha256_p1363_test"):
        public = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for test in group["tests"]:
            high = int(test["sig"][64:] or "0", 16) > P256_ORDER // 2
            found = verified(public, test)
            endings[test["result"], high, found] += 1
            if test["result"] == "valid":
                assert found == ("SIGNATURE_FORM" if high else "valid"), test["tcId"]
            else:
                assert found in {"SIGNATURE_FORM", "SIGNATURE_INVALID"}, test["tcId"]
    assert endings["valid", True, "SIGNATURE_FORM"] > 20
    assert endings["valid", False, "valid"] > 20


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
                continue
            salt = bytes.fromhex(test["salt"]) or bytes(32)
            # HKDF-Extract is HMAC(salt, ikm); the rest is ours.
            prk = hmac.digest(salt, bytes.fromhex(test["ikm"]), "sha256")
            block = H.kdf(prk, bytes.fromhex(test["info"]))
            size = min(32, test["size"])
            assert block[:size] == bytes.fromhex(test["okm"])[:size], test["tcId"]
            checked += 1
    assert checked > 80


def test_aes_gcm_with_the_zero_nonce():
    checked = 0
    for group in groups("aes_gcm_test"):
        for test in group["tests"]:
            ours = group["keySize"] == 256 and test["iv"] == "00" * 12
            if not ours or group["tagSize"] != 128:
                continue
            key, aad = bytes.fromhex(test["key"]), bytes.fromhex(test["aad"])
            sealed = bytes.fromhex(test["ct"] + test["tag"])
            assert test["result"] == "valid"
            assert H.aead_open(key, sealed, aad) == bytes.fromhex(test["msg"])
            assert H.aead_seal(key, bytes.fromhex(test["msg"]), aad) == sealed
            checked += 1
    assert checked >= 1


def test_an_epoch_under_an_invalid_point_does_not_open():
    refused = 0
    private = private_key("a reader")
    for group in groups("ecdh_secp256r1_ecpoint_test"):
        for test in group["tests"]:
            if test["result"] != "invalid":
                continue
            with pytest.raises(SuiteError, match="EPOCH_INVALID"):
                open_epoch(private, bytes.fromhex(test["public"]) + bytes(48), b"")
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("size", [0, 1, 64, 65, 66, 80, 81, 112, 114, 2048])
def test_sealed_bytes_of_another_size_do_not_open(size):
    with pytest.raises(SuiteError, match="EPOCH_INVALID"):
        open_epoch(private_key("a reader"), b"\x04" * size, b"")


def test_a_key_of_another_type_is_refused():
    with pytest.raises(SuiteError, match="SIGNATURE_FORM"):
        H.verify(object(), bytes(64), b"")
    with pytest.raises(SuiteError, match="EPOCH_KEY"):
        H.seal_epoch(object(), bytes(32), b"")
