"""Opens a vector from docs/spec/envelope.md and the released .avsc files alone.

Nothing of the product is imported: what this file needs and the page does not say would be a fault
of the page. Numbers in comments are the page's sections.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gmalg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

_ROOT = Path(__file__).resolve().parents[3]
_SCHEMAS = _ROOT / "schemas" / "envelope"
_P256 = ec.SECP256R1()


class Avro:
    """Just enough of Avro's binary decoding, accepting the one encoding of §4 only."""

    def __init__(self, schema: str, data: bytes) -> None:
        self._data, self._at = data, 0
        source = json.loads((_SCHEMAS / f"{schema}.v1.avsc").read_text(encoding="utf-8"))
        self._named = dict(self._names(source))
        self.value = self._read(source)
        assert self._at == len(data), "bytes after the end"

    def _names(self, schema: Any) -> Iterator[tuple[str, Any]]:
        """Every named type, also in a union's branch that is not taken."""
        if isinstance(schema, list):
            for branch in schema:
                yield from self._names(branch)
        elif isinstance(schema, dict):
            if schema["type"] in {"record", "fixed"}:
                yield schema["name"], schema
            inner = [field["type"] for field in schema.get("fields", [])]
            yield from self._names([*inner, schema.get("items"), schema["type"]])

    def _take(self, size: int) -> bytes:
        assert 0 <= size <= len(self._data) - self._at, "cut short"
        self._at += size
        return self._data[self._at - size : self._at]

    def _long(self) -> int:
        zigzag = shift = 0
        while True:
            byte = self._take(1)[0]
            zigzag |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                assert byte or shift == 7, "not the shortest varint"
                return zigzag >> 1 ^ -(zigzag & 1)

    def _read(self, schema: Any) -> Any:
        if isinstance(schema, list):
            return self._read(schema[self._long()])
        if isinstance(schema, str):
            schema = self._named.get(schema, {"type": schema})
        primitives: dict[str, Callable[[], Any]] = {
            "null": lambda: None,
            "boolean": lambda: {b"\0": False, b"\1": True}[self._take(1)],
            "int": self._long,
            "long": self._long,
            "bytes": lambda: self._take(self._long()),
            "string": lambda: self._take(self._long()).decode(),
            "fixed": lambda: self._take(schema["size"]),
            "array": lambda: self._array(schema["items"]),
        }
        if schema["type"] == "record":
            return {field["name"]: self._read(field["type"]) for field in schema["fields"]}
        if isinstance(schema["type"], str) and schema["type"] in primitives:
            return primitives[schema["type"]]()
        return self._read(schema["type"])

    def _array(self, items: Any) -> list[Any]:
        found = [self._read(items) for _ in range(self._long())]
        assert not found or self._long() == 0, "more than one block"
        return found


class P256:
    """Suite p256-aes256gcm/1 (§3)."""

    @staticmethod
    def h(*parts: bytes) -> bytes:
        return hashlib.sha256(b"".join(parts)).digest()

    @staticmethod
    def kdf(key: bytes, info: bytes) -> bytes:
        return hmac.digest(key, info + b"\x01", "sha256")

    @staticmethod
    def aead_open(key: bytes, data: bytes, aad: bytes) -> bytes:
        """With its zero nonce (§1)."""
        return AESGCM(key).decrypt(bytes(12), data, aad)

    @staticmethod
    def open_epoch(key: dict[str, Any], sealed: bytes, info: bytes) -> bytes:
        private = ec.derive_private_key(int(key["private_number"], 16), _P256)
        return hpke_open(private, sealed, info)

    @staticmethod
    def verify(key: dict[str, Any], value: bytes, head: bytes) -> None:
        r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        public = load_der_public_key(b64decode(key["public_key"]))
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(encode_dss_signature(r, s), head, ec.ECDSA(hashes.SHA256()))


class Sm2:
    """Suite sm2-sm4gcm/1 (§3, §3.1)."""

    @staticmethod
    def h(*parts: bytes) -> bytes:
        digest = hashes.Hash(hashes.SM3())
        digest.update(b"".join(parts))
        return digest.finalize()

    @staticmethod
    def kdf(key: bytes, info: bytes) -> bytes:
        block = HMAC(key, hashes.SM3())
        block.update(info + b"\x01")
        return block.finalize()

    @staticmethod
    def aead_open(key: bytes, data: bytes, aad: bytes) -> bytes:
        """Under the first 16 bytes of the key."""
        cipher = Cipher(algorithms.SM4(key[:16]), modes.GCM(bytes(12), data[-16:])).decryptor()
        cipher.authenticate_additional_data(aad)
        return cipher.update(data[:-16]) + cipher.finalize()

    @staticmethod
    def open_epoch(key: dict[str, Any], sealed: bytes, info: bytes) -> bytes:
        assert len(sealed) == 161
        plaintext = gmalg.SM2(bytes.fromhex(key["private_number"])).decrypt(sealed)
        assert plaintext[32:] == Sm2.h(info), "another context"
        return bytes(plaintext[:32])

    @staticmethod
    def verify(key: dict[str, Any], value: bytes, head: bytes) -> None:
        point = b64decode(key["public_key"])[-65:]
        verifier = gmalg.SM2(uid=b"1234567812345678", pk=point)
        assert verifier.verify(head, value[:32], value[32:]), "the signature is invalid"


SUITES = {"p256-aes256gcm/1": P256, "sm2-sm4gcm/1": Sm2}


def lp(text: str) -> bytes:
    """Length-prefixed text (§1)."""
    return len(text).to_bytes(2, "big") + text.encode()


def hpke_open(private: ec.EllipticCurvePrivateKey, sealed: bytes, info: bytes) -> bytes:
    """HPKE base mode, single shot (RFC 9180 §5.1, §4.1)."""

    def extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(suite: bytes, prk: bytes, label: bytes, context: bytes, size: int) -> bytes:
        labelled = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return P256.kdf(prk, labelled)[:size]

    kem, suite = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"
    enc, ciphertext = sealed[:65], sealed[65:]
    mine = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(_P256, enc)
    prk = extract(kem, b"", b"eae_prk", private.exchange(ec.ECDH(), theirs))
    shared = expand(kem, prk, b"shared_secret", enc + mine, 32)
    ids = extract(suite, b"", b"psk_id_hash", b""), extract(suite, b"", b"info_hash", info)
    context = b"\0" + b"".join(ids)
    secret = extract(suite, shared, b"secret", b"")
    key = expand(suite, secret, b"key", context, 32)
    return AESGCM(key).decrypt(expand(suite, secret, b"base_nonce", context, 12), ciphertext, b"")


def merkle_root(suite: Any, leaf: bytes, proof: dict[str, Any] | None) -> tuple[int, bytes]:
    """Size and root that a leaf's proof leads to (§6, RFC 9162 §2.1.3.2)."""
    if proof is None:
        return 1, leaf
    fn, sn, root = proof["index"], proof["size"] - 1, leaf
    for sibling in proof["path"]:
        if fn & 1 or fn == sn:
            root = suite.h(b"\x01", sibling, root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = suite.h(b"\x01", root, sibling)
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0, "a path of the wrong length"
    return proof["size"], root


def open_vector(vector: dict[str, Any], participants: dict[str, Any]) -> bytes:
    """Verify and open a vector that its reader can open; returns the payload (§13, steps 1-6)."""
    listed = participants["directory"]["participants"]
    keys = {bytes.fromhex(key["id"]): (p["id"], key) for p in listed for key in p["keys"]}
    # 1
    envelope = Avro("envelope", b64decode(vector["envelope"])).value
    assert envelope["magic"] == b"HDX1"
    protected, ciphertext = envelope["protected"], envelope["ciphertext"]
    header = Avro("header", protected).value
    statements = [Avro("statement", seal["statement"]).value for seal in envelope["seals"]]
    # 2 and 3
    body = SUITES[header["suite"]]
    h = body.h
    prev = h(b"hedui/body/1", h(protected), h(ciphertext))
    for seal, statement in zip(envelope["seals"], statements, strict=True):
        assert statement["prev"] == prev, "the chain is broken"
        prev = h(b"hedui/chain/1", prev, h(seal["statement"]))
        _verify(seal, statement, keys)
    # 4
    mine = [(s, r) for s in statements for r in s["recipients"] if _is_mine(vector, keys, r)]
    statement, reader = mine[0]
    name, wrap = lp(reader["suite"]), SUITES[reader["suite"]]
    info = b"hedui/epoch/1" + name + statement["signer"] + reader["key"]
    info += reader["epoch_start"].to_bytes(8, "big")
    epoch_secret = wrap.open_epoch(keys[reader["key"]][1], reader["epoch"], info)
    context = name + statement["signer"] + reader["key"]
    context += wrap.h(reader["epoch"]) + wrap.h(protected)
    kek = wrap.kdf(epoch_secret, b"hedui/kek/1" + context)
    secret = wrap.aead_open(kek, reader["wrapped"], b"")
    # 5
    commitment = body.kdf(secret, b"hedui/commit/1" + header["message_id"])
    assert commitment == header["commitment"], "not the committed secret"
    body_key = body.kdf(secret, b"hedui/body-key/1" + h(protected))
    plaintext = body.aead_open(body_key, ciphertext, h(protected))
    # 6
    data = plaintext[4 : 4 + int.from_bytes(plaintext[:4], "big")]
    return zlib.decompress(data, wbits=-15) if header["compression"] == "deflate" else data


def _verify(seal: dict[str, Any], statement: dict[str, Any], keys: dict[bytes, Any]) -> None:
    owner, key = keys[statement["signer"]]
    assert (owner, key["use"]) == (statement["from"], "signing"), "another's key"
    signature = seal["signature"]
    suite = SUITES[signature["suite"]]
    leaf = suite.h(b"\0hedui/stmt/1", seal["statement"])
    size, root = merkle_root(suite, leaf, signature["proof"])
    head = b"hedui/head/1" + lp(signature["suite"]) + statement["signer"]
    head += size.to_bytes(4, "big") + root
    suite.verify(key, signature["value"], head)


def _is_mine(vector: dict[str, Any], keys: dict[bytes, Any], reader: dict[str, Any]) -> bool:
    owner, key = keys[reader["key"]]
    return owner == vector["me"] and key["held"]
