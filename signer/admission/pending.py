"""The pending key directory: keys of a generation that is asked for, until the grant comes.

Mode 0700, every file 0600, placed whole or not at all:

| file | holds |
|---|---|
| `tls.key`, `signing.key`, `encryption.key` | private keys, encrypted; none of a module |
| `tls.csr`, `signing.csr`, `encryption.csr` | certificate requests, PEM |
| `participant.json` | `id`, `title`, `generation`, `hosts`, as the key directory will have it |

The private keys are made here and leave this machine never: `signer.admission.importing` moves them
into the key directory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from signer.admission.request import KeyRequest, make_request, read_request
from signer.ca.profile import common_name
from signer.ca.reading import public_key_id
from signer.directory.view import KeyUse
from signer.errors import AdmissionError, KeyFileError
from signer.identity import IdentityError, role_of
from signer.keydirectory import DESCRIPTION, key_file, private_key_pem, read_p256_key
from signer.keystore import KeyStore
from signer.secretfiles import place_directory, read_public, replace_file
from signer.suites.hpke_p256 import AgreementKey


@dataclass(frozen=True, slots=True)
class PendingKeys:
    """The keys and requests of one generation; `requests` are DER."""

    path: Path
    participant: str
    generation: int
    title: str
    hosts: tuple[str, ...]
    requests: Mapping[KeyUse, bytes]
    private_keys: Mapping[KeyUse, ec.EllipticCurvePrivateKey] = field(repr=False, compare=False)


def request_file(use: KeyUse) -> str:
    """Return the name of the request file of a use."""
    return f"{use}.csr"


def make_pending(
    directory: Path,
    passphrase: bytes,
    *,
    participant: str,
    generation: int,
    title: str = "",
    hosts: tuple[str, ...] = (),
    store: KeyStore | None = None,
) -> PendingKeys:
    """Make the keys and requests of a generation in a new directory.

    Args:
        directory: Where; absent or empty.
        passphrase: Encrypts the private keys; the key directory will have the same.
        participant: Participant id.
        generation: Key generation, from 1.
        title: Chinese name of the unit.
        hosts: Registered addresses.
        store: Where signing and encryption keys are made instead; they have no file then.

    Raises:
        IdentityError: `PARTICIPANT_ID`.
        KeyFileError: `KEY_FILE_EXISTS`, `KEY_FILE_UNWRITABLE`.
        KeyRingError: `KEY_UNUSABLE` when the store cannot make a key.
    """
    role_of(participant)
    keys = {use: _make_key(common_name(participant, generation, use), use, store) for use in KeyUse}
    requests = {use: make_request(keys[use], participant, generation, use) for use in KeyUse}
    files = {DESCRIPTION: description(participant, generation, title, hosts)}
    for use in KeyUse:
        if not isinstance(keys[use], AgreementKey):
            files[key_file(use)] = private_key_pem(keys[use], passphrase)
        pem = x509.load_der_x509_csr(requests[use]).public_bytes(Encoding.PEM)
        files[request_file(use)] = pem
    place_directory(directory, files)
    return PendingKeys(directory, participant, generation, title, hosts, requests, keys)


def read_pending(directory: Path, passphrase: bytes, store: KeyStore | None = None) -> PendingKeys:
    """Read a pending directory and check that keys and requests belong together.

    Args:
        directory: The pending directory.
        passphrase: Opens its private keys.
        store: Where keys are that have no file here.

    Raises:
        KeyFileError: `KEY_FILE_MISSING`, `KEY_FILE_MALFORMED`, `KEY_PASSPHRASE` and others of
            `signer.keydirectory`; `KEY_MISMATCH`.
        AdmissionError: A request is not what it must be (`read_request`).
    """
    participant, generation, title, hosts = _described(directory / DESCRIPTION)
    keys: dict[KeyUse, ec.EllipticCurvePrivateKey] = {}
    requests: dict[KeyUse, bytes] = {}
    for use in KeyUse:
        found = _request(directory / request_file(use), participant, generation, use)
        path = directory / key_file(use)
        key: ec.EllipticCurvePrivateKey | None = None
        if store is not None and use is not KeyUse.TLS and not path.exists():
            label = common_name(participant, generation, use)
            key = store.find(label, use, found.public_key)
        key = key or read_p256_key(path, passphrase)
        if found.key_id != public_key_id(key.public_key()):
            raise KeyFileError(
                "KEY_MISMATCH",
                "私钥与证书请求不匹配",
                "the private key does not belong to its request",
                remedy_zh="请删除此待批目录，重新申请",
                remedy_en="Delete this pending directory and apply again",
                where=str(path),
            )
        keys[use], requests[use] = key, found.der
    return PendingKeys(directory, participant, generation, title, hosts, requests, keys)


def restate(keys: PendingKeys, title: str, hosts: tuple[str, ...]) -> PendingKeys:
    """Let pending keys be described otherwise, when an application is corrected.

    Raises:
        KeyFileError: `KEY_FILE_UNWRITABLE`.
    """
    replace_file(
        keys.path / DESCRIPTION, description(keys.participant, keys.generation, title, hosts)
    )
    return replace(keys, title=title, hosts=hosts)


def description(participant: str, generation: int, title: str, hosts: tuple[str, ...]) -> bytes:
    """Return the bytes of `participant.json`."""
    data = {"id": participant, "title": title, "generation": generation, "hosts": list(hosts)}
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def _make_key(label: str, use: KeyUse, store: KeyStore | None) -> ec.EllipticCurvePrivateKey:
    if store is None or use is KeyUse.TLS:
        return ec.generate_private_key(ec.SECP256R1())
    return store.generate(label, use)


def _request(path: Path, participant: str, generation: int, use: KeyUse) -> KeyRequest:
    try:
        der = x509.load_pem_x509_csr(read_public(path)).public_bytes(Encoding.DER)
    except ValueError:
        raise _malformed(path) from None
    try:
        return read_request(der, participant, generation, use)
    except AdmissionError as error:
        raise AdmissionError(
            error.code,
            error.zh,
            error.en,
            remedy_zh=error.remedy_zh,
            remedy_en=error.remedy_en,
            where=str(path),
        ) from error


def _described(path: Path) -> tuple[str, int, str, tuple[str, ...]]:
    try:
        data = json.loads(read_public(path))
        participant, generation = data["id"], data["generation"]
        role_of(participant)
        if not isinstance(generation, int) or generation < 1:
            raise _malformed(path)
        return participant, generation, str(data["title"]), tuple(map(str, data["hosts"]))
    except (ValueError, KeyError, TypeError, IdentityError):
        raise _malformed(path) from None


def _malformed(path: Path) -> KeyFileError:
    return KeyFileError(
        "KEY_FILE_MALFORMED",
        "待批密钥目录中的文件有误",
        "a file of the pending key directory is malformed",
        remedy_zh="请删除此待批目录，重新申请",
        remedy_en="Delete this pending directory and apply again",
        where=str(path),
    )
