"""The certificate authority on disk, and the key directories it hands out.

A CA directory, mode 0700, every file 0600:

| file | holds |
|---|---|
| `root.pem`, `root.key` | the root; its key is needed only to make an issuing authority |
| `issuing.pem`, `issuing.key` | the issuing authority |
| `root-<key id>.key`, `issuing-<key id>.key` | keys of later ones (rotation.py) |
| `links.pem` | what earlier roots certified of later roots' keys (rotation.py) |
| `issued/<id>/g<N>/tls.pem`, `signing.pem`, `encryption.pem` | what was issued to a participant |
| `sm2/` | root and issuing authority of suite sm2-sm4gcm/1, laid out as these are |
| `issued/<id>/g<N>/sm2-signing.pem`, `sm2-encryption.pem` | what that authority issued |
| `services/<name>/g<N>/tls.pem` | what was issued to a broker or to `hub-admin` (services.py) |
| `g<N>/revoked.json` below either | when and why a generation was revoked (revoking.py) |
| `crl/<key id>.crl` | the latest revocation list of each authority (revoking.py) |

While authorities change, `root.pem` and `issuing.pem` hold several certificates: all that are
accepted, the present one first. The root's key can stand in a directory of its own, with its own
passphrase, on a machine that is never on a network. Keys are encrypted PKCS#8; private keys of
participants are never kept here. The layout of a key directory stands in `signer.keydirectory`.

Every directory is made beside its place and renamed into it, so that it appears whole or not at
all, and nothing is ever overwritten: when a participant's keys are renewed into the same key
directory, the earlier one is kept as `<directory>.g<N>`, and its encryption keys go on opening.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.errors import ConfigError
from signer.ca.issue import Authority, LeafSet, issue_participant, make_issuing, make_root
from signer.ca.revocations import revoked_at
from signer.certificates import issuers_of, key_id, participant_of, to_key
from signer.directory.view import Key, KeyUse
from signer.errors import CertificateError, KeyFileError
from signer.identity import role_of
from signer.keydirectory import (
    CHAIN,
    DESCRIPTION,
    ROOT,
    certificate_file,
    file_key,
    key_file,
    private_key_pem,
    read_certificates,
    read_private_key,
    retired_stem,
    retired_stems,
    suite_file,
    suites_of,
)
from signer.secretfiles import exists, place_directory
from signer.suites.keys import NAMES, P256, SM2, require_suite

ISSUING = "issuing"
LINKS = "links.pem"
_ISSUED = "issued"
_SUITE_FOLDERS = {SM2: "sm2"}


class CaError(ConfigError):
    """The CA directory is not in a state that allows what was asked."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """One certificate in the CA's records."""

    participant: str
    key: Key


def init_ca(
    directory: Path,
    passphrase: bytes,
    now: datetime,
    years: int,
    *,
    root_directory: Path | None = None,
    root_passphrase: bytes | None = None,
    suite: str = P256,
) -> None:
    """Make a root and an issuing authority in a new CA directory.

    Args:
        directory: Where; must not exist, or be empty.
        passphrase: Encrypts the keys.
        now: The instant of issue.
        years: Lifetime of the root in years.
        root_directory: Where the root and its key go, if not there too; must not exist, or be
            empty.
        root_passphrase: Encrypts the root's key, if not `passphrase`.
        suite: The suite whose keys they certify.

    Raises:
        ConfigError: `SUITE_NAME`, `GM_NOT_INSTALLED`.
        IssueError: `CA_LIFETIME`.
        KeyFileError: `KEY_FILE_EXISTS`, `KEY_FILE_UNWRITABLE`.
    """
    root = make_root(now, years, suite)
    issuing = make_issuing(root, now)
    root_key = private_key_pem(root.private_key, root_passphrase or passphrase)
    files = {
        ROOT: pem(root.certificate),
        f"{ISSUING}.pem": pem(issuing.certificate),
        f"{ISSUING}.key": private_key_pem(issuing.private_key, passphrase),
    }
    if root_directory is None:
        files["root.key"] = root_key
    else:
        place_directory(root_directory, {ROOT: files[ROOT], "root.key": root_key})
    place_directory(directory, files)


def add_suite(
    ca: Path,
    passphrase: bytes,
    suite: str,
    now: datetime,
    years: int,
    *,
    root_directory: Path | None = None,
    root_passphrase: bytes | None = None,
) -> None:
    """Make the root and issuing authority of a further suite in a CA directory.

    Args:
        ca: The CA directory.
        passphrase: Encrypts the keys: the one that opens those there are.
        suite: The suite.
        now: The instant of issue.
        years: Lifetime of the root in years.
        root_directory: Where the roots and their keys are, if not there too.
        root_passphrase: Encrypts the root's key, if not `passphrase`.

    Raises:
        CaError: `CA_MISSING`.
        ConfigError: `SUITE_NAME`, `GM_NOT_INSTALLED`.
        IssueError: `CA_LIFETIME`.
        KeyFileError: `KEY_FILE_EXISTS` when the suite has its pair, `KEY_PASSPHRASE`.
    """
    require_suite(suite)
    issuing_authority(ca, passphrase)  # one passphrase opens all of a CA's keys
    if has_suite(ca, suite):
        raise exists(suite_folder(ca, suite))
    init_ca(
        suite_folder(ca, suite),
        passphrase,
        now,
        years,
        root_directory=None if root_directory is None else suite_folder(root_directory, suite),
        root_passphrase=root_passphrase,
        suite=suite,
    )


def suite_folder(ca: Path, suite: str) -> Path:
    """Return the folder of a suite's root and issuing authority."""
    return ca if suite == P256 else ca / _SUITE_FOLDERS[suite]


def has_suite(ca: Path, suite: str) -> bool:
    """Whether a CA directory has a root and issuing authority of a suite."""
    return (suite_folder(ca, suite) / f"{ISSUING}.pem").exists()


def issue(
    ca: Path,
    passphrase: bytes,
    participant: str,
    out: Path,
    key_passphrase: bytes,
    *,
    now: datetime,
    title: str = "",
    hosts: tuple[str, ...] = (),
    generation: int | None = None,
    suites: Sequence[str] = (P256,),
) -> LeafSet:
    """Issue the next generation of a participant's keys and write its key directory.

    Args:
        ca: The CA directory.
        passphrase: Opens the issuing authority's key.
        participant: Participant id.
        out: The key directory: absent, empty, or the participant's own of an earlier generation,
            which is then kept as `<out>.g<N>`.
        key_passphrase: Encrypts the new keys; where `out` is renewed, opens the earlier ones.
        now: The instant of issue.
        title: Chinese name of the unit.
        hosts: Addresses of the participant's machines.
        generation: Key generation; by default the one after the latest issued.
        suites: The suites it gets signing and encryption keys of; TLS keys are P-256 always.

    Returns:
        What was issued.

    Raises:
        CaError: `CA_MISSING`, `CA_GENERATION`, `CA_SUITE_MISSING`.
        ConfigError: `SUITE_NAME`, `GM_NOT_INSTALLED`.
        IssueError: `HOST`, `GENERATION`, `CA_EXPIRED`.
        IdentityError: `PARTICIPANT_ID`.
        KeyFileError: `KEY_FILE_EXISTS`, `KEY_PASSPHRASE` and others of `signer.keydirectory`.
    """
    role_of(participant)
    out = out.resolve()
    issuing = issuing_authority(ca, passphrase)
    latest = max(generations(ca / _ISSUED / participant), default=0)
    number = latest + 1 if generation is None else generation
    wanted = {require_suite(suite) for suite in suites}
    ordered = [suite for suite in NAMES if suite in wanted]
    messages = [_suite_authority(ca, passphrase, suite) for suite in ordered]
    leaves = issue_participant(issuing, participant, number, now, hosts, messages)
    if number <= latest:
        raise CaError(
            "CA_GENERATION",
            f"密钥代次 {number} 不晚于已签发的第 {latest} 代",
            f"generation {number} is not after generation {latest}, which was issued",
            remedy_zh="请省略 --generation",
            remedy_en="Leave --generation out",
            where=participant,
        )
    earlier = earlier_generation(out, participant)
    files = _key_directory(leaves, key_passphrase)
    for suite in dict.fromkeys((P256, *ordered)):
        folder = suite_folder(ca, suite)
        files[suite_file(CHAIN, suite)] = authority_pem(folder, ISSUING)
        files[suite_file(ROOT, suite)] = authority_pem(folder, "root")
    tls = leaves.tls.der
    files[certificate_file(KeyUse.TLS)] += tls_chain(tls, authorities(ca, ISSUING), links(ca))
    files[DESCRIPTION] = _description(leaves, title, hosts)
    if earlier is not None:
        files |= retired_files(out, key_passphrase)
    certificates = {
        certificate_file(leaf.use, leaf.suite): pem(leaf.certificate) for leaf in leaves.leaves
    }
    place_directory(ca / _ISSUED / participant / f"g{number}", certificates)
    place_directory(
        out, files, keep=None if earlier is None else out.with_name(f"{out.name}.g{earlier}")
    )
    return leaves


def issued(ca: Path, participant: str | None = None) -> tuple[IssuedCertificate, ...]:
    """List what a CA has issued, by participant, generation and use.

    Args:
        ca: The CA directory.
        participant: Only this participant.

    Raises:
        CaError: `CA_MISSING`; `CA_NOT_ISSUED` when nothing was issued to the participant.
        KeyFileError, CertificateError: A file in it cannot be read.
    """
    authority_pem(ca, ISSUING)
    folder = ca / _ISSUED
    known = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if participant is not None and participant not in known:
        raise CaError(
            "CA_NOT_ISSUED",
            "未向该参与方签发过证书",
            "nothing was issued to this participant",
            where=participant[:64],
        )
    return tuple(
        IssuedCertificate(name, to_key(read_certificates(file)[0], revoked_at(place)))
        for name in known
        if participant in (None, name)
        for generation in sorted(generations(folder / name))
        for place in (folder / name / f"g{generation}",)
        for file in _certificates(place)
    )


def _certificates(place: Path) -> list[Path]:
    """The certificates of one generation, by use and suite."""
    files = [place / certificate_file(use, suite) for use in KeyUse for suite in NAMES]
    return [file for file in files if file.exists()]


def _suite_authority(ca: Path, passphrase: bytes, suite: str) -> Authority:
    if not has_suite(ca, suite):
        raise CaError(
            "CA_SUITE_MISSING",
            "签发机构没有该密码套件的根与签发证书",
            "the CA has no root and issuing authority of that suite",
            remedy_zh=f"请先执行 hedui ca init --suite {suite}",
            remedy_en=f"Run `hedui ca init --suite {suite}` first",
            where=suite,
        )
    return issuing_authority(suite_folder(ca, suite), passphrase)


def issuing_authority(ca: Path, passphrase: bytes) -> Authority:
    """Return the present issuing authority of a CA directory, its key opened.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The key cannot be read or opened.
    """
    return open_authority(ca, ISSUING, authorities(ca, ISSUING)[0], passphrase)


def open_authority(folder: Path, name: str, der: bytes, passphrase: bytes) -> Authority:
    """Return an authority with its key opened.

    Args:
        folder: The directory with its key.
        name: `root` or `issuing`.
        der: Its certificate.
        passphrase: Opens its key.

    Raises:
        KeyFileError: The key cannot be read or opened, or is of another authority.
    """
    later = folder / later_key_file(name, key_id(der))
    path = later if later.exists() else folder / f"{name}.key"
    key = file_key(der, read_private_key(path, passphrase), path).private_key
    return Authority(x509.load_der_x509_certificate(der), key)


def later_key_file(name: str, key: bytes) -> str:
    """Return the name of the key file of an authority that is not the first."""
    return f"{name}-{key.hex()[:16]}.key"


def authorities(ca: Path, name: str) -> tuple[bytes, ...]:
    """Return the accepted certificates (DER) of `root` or `issuing`, the present one first.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The file cannot be read.
    """
    authority_pem(ca, name)
    return read_certificates(ca / f"{name}.pem")


def links(ca: Path) -> tuple[bytes, ...]:
    """Return what earlier roots certified of later roots' keys (DER); nothing while there is none.

    Raises:
        KeyFileError: The file cannot be read.
    """
    try:
        return read_certificates(ca / LINKS)
    except KeyFileError as error:
        if error.code != "KEY_FILE_MISSING":
            raise
        return ()


def authority_pem(ca: Path, name: str) -> bytes:
    """Return the PEM bytes of the accepted certificates of `root` or `issuing`.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: The file cannot be read.
    """
    path = ca / f"{name}.pem"
    try:
        return b"".join(pem(x509.load_der_x509_certificate(der)) for der in read_certificates(path))
    except KeyFileError as error:
        if error.code != "KEY_FILE_MISSING":
            raise
        raise CaError(
            "CA_MISSING",
            "此目录不是签发机构目录",
            "this is not a CA directory",
            remedy_zh="请先执行 hedui ca init",
            remedy_en="Run `hedui ca init` first",
            where=str(path),
        ) from None


def generations(folder: Path) -> list[int]:
    """Return the key generations that a folder of issued certificates holds."""
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir())
    return [int(n[1:]) for n in names if n.startswith("g") and n[1:].isdecimal()]


def issued_folder(ca: Path, participant: str) -> Path:
    """Return the folder with what was issued to a participant.

    Raises:
        IdentityError: `PARTICIPANT_ID`.
    """
    role_of(participant)
    return ca / _ISSUED / participant


def earlier_generation(out: Path, participant: str) -> int | None:
    """Return the generation of the participant's keys in `out`, or None when nothing is there.

    Raises:
        KeyFileError: `KEY_FILE_EXISTS` when something else stands there.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    try:
        certificate = read_certificates(out / certificate_file(KeyUse.TLS))[0]
        if participant_of(certificate) == participant:
            return to_key(certificate).generation
    except (KeyFileError, CertificateError):
        pass
    raise exists(out)


def _key_directory(leaves: LeafSet, passphrase: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for leaf in leaves.leaves:
        files[key_file(leaf.use, leaf.suite)] = private_key_pem(leaf.private_key, passphrase)
        files[certificate_file(leaf.use, leaf.suite)] = pem(leaf.certificate)
    return files


def tls_chain(leaf: bytes, issuers: Sequence[bytes], links: Sequence[bytes]) -> bytes:
    """Return what TLS sends behind a leaf, as PEM: its issuer under the present root, the links.

    A peer that trusts an earlier root only gets there by the links. Of the issuer's certificates
    one is sent, because OpenSSL tries no second one.
    """
    chain = (*issuers_of(leaf, issuers)[:1], *links)
    return b"".join(pem(x509.load_der_x509_certificate(der)) for der in chain)


def retired_files(directory: Path, passphrase: bytes) -> dict[str, bytes]:
    """Return the encryption keys of a key directory that is being renewed, under later names.

    Args:
        directory: The key directory.
        passphrase: Opens its keys, and encrypts them in what is returned.

    Raises:
        KeyFileError: A key or certificate cannot be read.
    """
    use = KeyUse.ENCRYPTION
    current = [(certificate_file(use, s), key_file(use, s)) for s in suites_of(directory)]
    earlier = [(f"{stem}.pem", f"{stem}.key") for stem in retired_stems(directory)]
    files: dict[str, bytes] = {}
    for certificate_name, key_name in (*current, *earlier):
        der = read_certificates(directory / certificate_name)[0]
        read = to_key(der)
        stem = retired_stem(read.generation, read.suite)
        files[f"{stem}.pem"] = pem(x509.load_der_x509_certificate(der))
        path = directory / key_name
        if path.exists():  # else it is in a hardware module, and stays there
            key = file_key(der, read_private_key(path, passphrase), path).private_key
            files[f"{stem}.key"] = private_key_pem(key, passphrase)
    return files


def _description(leaves: LeafSet, title: str, hosts: tuple[str, ...]) -> bytes:
    text = json.dumps(
        {
            "id": leaves.participant,
            "title": title,
            "generation": leaves.generation,
            "hosts": list(hosts),
        },
        ensure_ascii=False,
        indent=2,
    )
    return f"{text}\n".encode()


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)
