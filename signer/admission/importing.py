"""Imports a grant: pending keys and certificates become the participant's key directory.

The key directory appears whole or not at all (`signer.secretfiles.place_directory`); an earlier one
is kept beside it as `<directory>.g<N>`, and its encryption keys are taken along, so that what was
sealed to them still opens. Only then is the pending directory removed. Whoever imports the same
grant again, after a crash in between, finds it done.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from signer.admission.grant import Grant, read_grant, verify_grant
from signer.admission.pending import PendingKeys, description, read_pending
from signer.ca.files import earlier_generation, pem, retired_files
from signer.certificates import issuers_of, public_key_id
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
)
from signer.secretfiles import place_directory


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
    keys = read_pending(pending, passphrase)
    if (grant.participant, grant.generation) != (keys.participant, keys.generation):
        raise AdmissionError(
            "GRANT_OTHER",
            "签发结果与待批密钥不是同一参与方、同一代次",
            "the grant is for another participant or generation than the pending keys",
            remedy_zh="请核对 --pending 与文件",
            remedy_en="Check --pending and the file",
            where=str(pending),
        )
    trusted = verify_grant(grant, _key_ids(keys), roots, now)
    earlier = earlier_generation(out, keys.participant)
    if earlier is not None and earlier >= keys.generation:
        raise KeyFileError(
            "GRANT_OLD",
            f"密钥目录已有第 {earlier} 代密钥",
            f"the key directory holds generation {earlier} already",
            remedy_zh="较早的代次不再导入；请核对待批目录",
            remedy_en="An earlier generation is not imported any more: check the pending directory",
            where=str(out),
        )
    files = _files(keys, grant, trusted, passphrase)
    if earlier is not None:
        files |= retired_files(out, passphrase)
    place_directory(
        out, files, keep=None if earlier is None else out.with_name(f"{out.name}.g{earlier}")
    )
    shutil.rmtree(pending, ignore_errors=True)
    return Imported(
        keys.participant,
        keys.generation,
        out,
        earlier,
        tuple(der for der in trusted if der not in roots),
    )


def _key_ids(keys: PendingKeys) -> dict[KeyUse, bytes]:
    return {use: public_key_id(key.public_key()) for use, key in keys.private_keys.items()}


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
    keys: PendingKeys, grant: Grant, roots: Sequence[bytes], passphrase: bytes
) -> dict[str, bytes]:
    files = {
        CHAIN: _pem(grant.issuers),
        ROOT: _pem(roots),
        DESCRIPTION: description(keys.participant, keys.generation, keys.title, keys.hosts),
    }
    for use in KeyUse:
        files[key_file(use)] = private_key_pem(keys.private_keys[use], passphrase)
        files[certificate_file(use)] = _pem([grant.certificates[use]])
    # TLS sends its issuer along: under two roots, both certificates of it.
    tls = certificate_file(KeyUse.TLS)
    files[tls] += _pem(issuers_of(grant.certificates[KeyUse.TLS], grant.issuers))
    return files


def _pem(certificates: Sequence[bytes]) -> bytes:
    return b"".join(pem(x509.load_der_x509_certificate(der)) for der in certificates)
