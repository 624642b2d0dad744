"""The synthetic participants that all envelope tests and vectors share.

`participants_json()` writes them down; `World` is read back from that JSON alone, so a test that
passes shows that the file holds all a reader needs.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gmalg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from schemas.loader import shipped
from signer.directory.view import Directory, Key, KeyUse, Participant, Standing
from signer.identity import role_of
from signer.keyfiles import HeldKeys
from signer.suites import keys as suite_keys
from signer.suites.keys import SM2, PrivateKey, PublicKey
from signer.suites.p256_aes256gcm import NAME as SUITE
from signer.suites.sm2 import ORDER as SM2_ORDER
from signer.suites.sm2 import Sm2PrivateKey, Sm2PublicKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
OTHER_SUITE = "other-suite/1"
DIRECTORY_VERSION = 7
COUNTY_ID = "321200"
_MESSAGE_USES = (KeyUse.SIGNING, KeyUse.ENCRYPTION)

TREE = {
    "hub": None,
    "370000": "hub",
    "320000": "hub",
    "321200": "320000",
    "320000.housing-fund": "320000",
    "hub.marriage": "hub",
    "510000": "hub",
    "520000": "hub",
}
STANDINGS = {"510000": Standing.TESTED, "520000": Standing.SUSPENDED}
"""Of those that are not connected."""

# Keys that only 370000 has, each wrong in one way: (use, suite, first day, last day, revoked, held)
_ODD_KEYS = {
    "signing-ended": (KeyUse.SIGNING, SUITE, "2025-01-01", "2026-01-01", None, True),
    "signing-ends": (KeyUse.SIGNING, SUITE, "2026-01-01", "2026-03-02T01:15:00", None, True),
    "signing-revoked": (KeyUse.SIGNING, SUITE, "2026-01-01", "2027-01-01", "2026-02-01", True),
    "signing-revoked-since": (
        KeyUse.SIGNING,
        SUITE,
        "2026-01-01",
        "2027-01-01",
        "2026-03-02T01:20:00",
        True,
    ),
    "signing-other": (KeyUse.SIGNING, OTHER_SUITE, "2026-01-01", "2027-01-01", None, True),
    "encryption-not-held": (KeyUse.ENCRYPTION, SUITE, "2026-01-01", "2027-01-01", None, False),
    "encryption-other": (KeyUse.ENCRYPTION, OTHER_SUITE, "2026-01-01", "2027-01-01", None, True),
}


def instant(text: str) -> datetime:
    """Return the UTC instant of an ISO 8601 text."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def text(moment: datetime | None) -> str | None:
    """Return the ISO 8601 text of an instant."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return the fixed private key of a name such as `hub/signing`."""
    digest = hashlib.sha256(b"hedui/test-key/1" + name.encode()).digest()
    return ec.derive_private_key(int.from_bytes(digest) % (P256_ORDER - 1) + 1, ec.SECP256R1())


def sm2_private_key(name: str) -> Sm2PrivateKey:
    """Return the fixed SM2 key of a name such as `hub/sm2-signing`."""
    digest = hashlib.sha256(b"hedui/test-key/1" + name.encode()).digest()
    return sm2_from_number(int.from_bytes(digest) % (SM2_ORDER - 2) + 1)


def sm2_from_number(number: int) -> Sm2PrivateKey:
    """Return the SM2 key of a private number; its point by the independent implementation."""
    data = number.to_bytes(32)
    return Sm2PrivateKey(data, Sm2PublicKey.read(gmalg.SM2().generate_pk(data)))


def spki(key: PrivateKey) -> bytes:
    """Return the DER SubjectPublicKeyInfo of a private key's public key."""
    return suite_keys.spki(key.public_key())


def participants_json(*, gm: bool = False) -> dict[str, Any]:
    """Return `participants.json`: the directory, the private keys, the payload schemas.

    With `gm`, for the vectors of suite sm2-sm4gcm/1: everybody but the county has SM2 keys too.
    """
    usual = ("2026-01-01", "2027-01-01", None, True)
    participants = []
    for identity, parent in TREE.items():
        keys = {str(use): (use, SUITE, *usual) for use in KeyUse}
        if gm and identity != COUNTY_ID:
            keys |= {f"sm2-{use}": (use, SM2, *usual) for use in _MESSAGE_USES}
        elif not gm and identity == "370000":
            keys |= _ODD_KEYS
        entries = [_key_json(f"{identity}/{label}", *row) for label, row in keys.items()]
        participants.append(
            {
                "id": identity,
                "role": str(role_of(identity)),
                "parent": parent,
                "standing": str(STANDINGS.get(identity, Standing.CONNECTED)),
                "keys": entries,
            }
        )
    return {
        "comment": "Synthetic participants of the envelope vectors. The keys are public: never use"
        " them. `held` says whether the participant's key ring holds the key.",
        "directory": {
            "version": DIRECTORY_VERSION,
            "issued": "2026-03-01T00:00:00.000Z",
            "expires": "2026-04-01T00:00:00.000Z",
            "participants": participants,
        },
        "payload_schemas": {
            digest.hex(): schema.name
            for digest, schema in sorted(shipped().items())
            if schema.name.startswith("message/")
        },
    }


def _key_json(
    name: str, use: KeyUse, suite: str, first: str, last: str, revoked: str | None, held: bool
) -> dict[str, Any]:
    private = sm2_private_key(name) if suite == SM2 else private_key(name)
    der = spki(private)
    return {
        "name": name,
        "id": hashlib.sha256(der).hexdigest(),
        "use": str(use),
        "suite": suite,
        "generation": 1,
        "not_before": text(instant(first)),
        "not_after": text(instant(last)),
        "revoked": text(instant(revoked)) if revoked else None,
        "held": held,
        "public_key": b64encode(der).decode(),
        "private_number": _number(private),
    }


def _number(private: PrivateKey) -> str:
    if isinstance(private, Sm2PrivateKey):
        return private.number.hex()
    return f"{private.private_numbers().private_value:064x}"


@dataclass(frozen=True)
class World:
    """Directory, key rings and keys by name, as read from `participants.json`."""

    directory: Directory
    rings: dict[str, HeldKeys]
    keys: dict[str, Key]
    private: dict[str, PrivateKey]

    @classmethod
    def read(cls, source: dict[str, Any]) -> World:
        """Read a world from the content of `participants.json`."""
        described = source["directory"]
        participants, rings, keys, private = {}, {}, {}, {}
        for entry in described["participants"]:
            identity, held = entry["id"], []
            own = {k["name"]: _read_key(k) for k in entry["keys"]}
            for key in entry["keys"]:
                number = int(key["private_number"], 16)
                private[key["name"]] = (
                    sm2_from_number(number)
                    if key["suite"] == SM2
                    else ec.derive_private_key(number, ec.SECP256R1())
                )
                if key["use"] == KeyUse.ENCRYPTION and key["held"]:
                    held.append(private[key["name"]])
            participants[identity] = Participant(
                identity,
                role_of(identity),
                entry["parent"],
                identity,
                tuple(own.values()),
                standing=Standing(entry["standing"]),
            )
            sm2 = [private[name] for name in (f"{identity}/sm2-signing",) if name in private]
            rings[identity] = HeldKeys(identity, private[f"{identity}/signing"], held, sm2)
            keys |= own
        directory = Directory(
            described["version"],
            instant(described["issued"]),
            instant(described["expires"]),
            participants,
        )
        return cls(directory, rings, keys, private)

    def id(self, name: str) -> bytes:
        """Return the key id of a key's name."""
        return self.keys[name].id


def _read_key(source: dict[str, Any]) -> Key:
    return Key(
        id=bytes.fromhex(source["id"]),
        use=KeyUse(source["use"]),
        suite=source["suite"],
        generation=source["generation"],
        not_before=instant(source["not_before"]),
        not_after=instant(source["not_after"]),
        certificate=b"",
        public_key=_public_key(b64decode(source["public_key"]), source["suite"]),
        revoked=instant(source["revoked"]) if source["revoked"] else None,
    )


def _public_key(der: bytes, suite: str) -> PublicKey:
    if suite != SM2:
        return load_der_public_key(der)
    key = Sm2PublicKey.read(der[-65:])
    assert key.spki == der
    return key
