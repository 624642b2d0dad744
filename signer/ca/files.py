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

from signer.ca.authorities import (
    ISSUING,
    CaError,
    authorities,
    authority_pem,
    has_suite,
    issuing_authority,
    links,
    pem,
    suite_folder,
)
from signer.ca.handover import earlier_generation, retired_files, tls_chain
from signer.ca.issue import Authority, LeafSet, issue_participant, make_issuing, make_root
from signer.ca.revocations import revoked_at
from signer.certificates import to_key
from signer.directory.view import Key, KeyUse
from signer.identity import role_of
from signer.keydirectory import (
    CHAIN,
    DESCRIPTION,
    ROOT,
    certificate_file,
    key_file,
    private_key_pem,
    read_certificates,
    suite_file,
)
from signer.secretfiles import exists, place_directory
from signer.suites.keys import NAMES, P256, require_suite

_ISSUED = "issued"


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


def _key_directory(leaves: LeafSet, passphrase: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for leaf in leaves.leaves:
        files[key_file(leaf.use, leaf.suite)] = private_key_pem(leaf.private_key, passphrase)
        files[certificate_file(leaf.use, leaf.suite)] = pem(leaf.certificate)
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
