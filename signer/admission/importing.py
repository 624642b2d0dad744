"""Imports a grant: pending keys and certificates become the participant's key directory.

The key directory appears whole or not at all (`signer.secretfiles.place_directory`); an earlier one
is kept beside it as `<directory>.g<N>`, and its encryption keys are taken along, so that what was
sealed to them still opens. Only then is the pending directory removed. Whoever imports the same
grant again, after a crash in between, finds it done.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from signer.admission.grant import Grant, read_grant, verify_grant
from signer.admission.pending import description, read_pending
from signer.ca.authorities import pem
from signer.ca.handover import earlier_generation, retired_files, tls_chain
from signer.certificates import public_key_id
from signer.directory.view import KeyUse
from signer.errors import AdmissionError, KeyFileError
from signer.keydirectory import (
    CHAIN,
    DESCRIPTION,
    ROOT,
    certificate_file,
    key_file,
    private_key_pem,
    read_certificates,
    suites_of,
)
from signer.keystore import KeyStore
from signer.secretfiles import place_directory
from signer.suites.hpke_p256 import AgreementKey
from signer.suites.keys import P256, PrivateKey


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: `earlier` is the generation that was replaced, None for the first."""

    participant: str
    generation: int
    directory: Path
    earlier: int | None
    new_roots: tuple[bytes, ...]


def import_grant(
    pending: Path,
    out: Path,
    data: bytes,
    passphrase: bytes,
    *,
    roots: Sequence[bytes],
    now: datetime,
    store: KeyStore | None = None,
) -> Imported:
    """Make the key directory of a granted generation.

    Args:
        pending: The pending directory; removed when all is done.
        out: The key directory: absent, empty, or the participant's own of an earlier generation,
            which is then kept as `<out>.g<N>`.
        data: The grant's bytes.
        passphrase: Opens the pending keys and, where `out` is renewed, the earlier ones.
        roots: DER of the roots trusted so far.
        now: The instant at which the certificates must be valid.
        store: Where keys are that have no file in the pending directory.

    Raises:
        AdmissionError: `GRANT_MALFORMED`, `GRANT_OTHER` when it is for another participant or
            generation than the pending keys, and the codes of `verify_grant`.
        CertificateError: A certificate is not acceptable.
        KeyFileError: `KEY_FILE_EXISTS` when something else stands at `out`, `GRANT_OLD` when its
            keys are of a later generation; and those of `read_pending`.
    """
    grant = read_grant(data)
    out = out.resolve()
    if _is_imported(out, grant):
        shutil.rmtree(pending, ignore_errors=True)
        return Imported(grant.participant, grant.generation, out, None, ())
    keys = read_pending(pending, passphrase, store)
    if (grant.participant, grant.generation) != (keys.participant, keys.generation):
        raise AdmissionError(
            "GRANT_OTHER",
            "签发结果与待批密钥不是同一参与方、同一代次",
            "the grant is for another participant or generation than the pending keys",
            remedy_zh="请核对 --pending 与文件",
            remedy_en="Check --pending and the file",
            where=str(pending),
        )
    trusted = verify_grant(grant, key_ids(keys.private_keys), roots, now)
    place = KeyPlace(out, keys.title, keys.hosts, passphrase)
    earlier = place_keys(place, grant, keys.private_keys, trusted)
    shutil.rmtree(pending, ignore_errors=True)
    return Imported(
        keys.participant,
        keys.generation,
        out,
        earlier,
        tuple(der for der in trusted if der not in roots),
    )


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A key directory to be made: where, for which unit and addresses, under which passphrase."""

    directory: Path
    title: str
    hosts: tuple[str, ...]
    passphrase: bytes = field(repr=False)


def place_keys(
    place: KeyPlace,
    grant: Grant,
    keys: Mapping[KeyUse, PrivateKey],
    roots: Sequence[bytes],
) -> int | None:
    """Write the key directory of verified certificates and their keys, whole or not at all.

    Args:
        place: Where and how.
        grant: The certificates, verified.
        keys: Their private keys.
        roots: DER of the roots to trust.

    Returns:
        The earlier generation whose directory was kept beside, None for the first.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS` when something else stands there, `GRANT_OLD` when its keys
            are of this or a later generation, `GRANT_SUITES` when it has keys of another suite,
            which would be lost; files cannot be read or written.
    """
    out = place.directory.resolve()
    earlier = earlier_generation(out, grant.participant)
    if earlier is not None and earlier >= grant.generation:
        raise KeyFileError(
            "GRANT_OLD",
            f"密钥目录已有第 {earlier} 代密钥",
            f"the key directory holds generation {earlier} already",
            remedy_zh="同一代或较早的代次不再导入；请核对文件",
            remedy_en="That or an earlier generation is not imported any more: check the files",
            where=str(out),
        )
    if earlier is not None and suites_of(out) != (P256,):
        raise KeyFileError(
            "GRANT_SUITES",
            "密钥目录还有其他密码套件的密钥，此签发结果不含",
            "the key directory holds keys of another suite, which these certificates do not renew",
            remedy_zh="请由部中心以 hedui ca issue --suite 换发",
            remedy_en="Have them renewed with `hedui ca issue --suite`",
            where=str(out),
        )
    files = _files(place, grant, keys, roots)
    if earlier is not None:
        files |= retired_files(out, place.passphrase)
    place_directory(
        out, files, keep=None if earlier is None else out.with_name(f"{out.name}.g{earlier}")
    )
    return earlier


def key_ids(keys: Mapping[KeyUse, PrivateKey]) -> dict[KeyUse, bytes]:
    """Return the ids of private keys' public halves."""
    return {use: public_key_id(key.public_key()) for use, key in keys.items()}


def _is_imported(out: Path, grant: Grant) -> bool:
    """Whether the key directory already holds exactly the grant's certificates."""
    try:
        return all(
            read_certificates(out / certificate_file(use))[0] == grant.certificates[use]
            for use in KeyUse
        )
    except KeyFileError:
        return False


def _files(
    place: KeyPlace,
    grant: Grant,
    keys: Mapping[KeyUse, PrivateKey],
    roots: Sequence[bytes],
) -> dict[str, bytes]:
    files = {
        CHAIN: _pem(grant.issuers),
        ROOT: _pem(roots),
        DESCRIPTION: description(grant.participant, grant.generation, place.title, place.hosts),
    }
    for use in KeyUse:
        if not isinstance(keys[use], AgreementKey):
            files[key_file(use)] = private_key_pem(keys[use], place.passphrase)
        files[certificate_file(use)] = _pem([grant.certificates[use]])
    tls = certificate_file(KeyUse.TLS)
    files[tls] += tls_chain(grant.certificates[KeyUse.TLS], grant.issuers, grant.links)
    return files


def _pem(certificates: Sequence[bytes]) -> bytes:
    return b"".join(pem(x509.load_der_x509_certificate(der)) for der in certificates)
