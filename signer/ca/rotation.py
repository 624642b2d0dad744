"""Changes the authorities without a flag day: a new issuing authority, a new root.

`issuing.pem` holds every authority that is accepted, the present one first, and `root.pem` every
root. What is handed out (key directories, grants, the directory's head) lists them all, so leaves
of the old authority and of the new one are valid side by side until the old one is retired.

**A new root** certifies the keys of all accepted issuing authorities again, so that each has a path
under either root, and is itself certified by the root before it (a *link*), so that participants
take it up with their next grant (`signer.certificates.vouched_for`). When all have, the old root is
retired.

Each change is one file replaced as the last step; a change that was interrupted before it leaves
nothing but a key file nobody uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509

from signer.ca.authorities import (
    ISSUING,
    LINKS,
    CaError,
    authorities,
    later_key_file,
    links,
    open_authority,
    pem,
)
from signer.ca.files import issued
from signer.ca.issue import Authority, certify_authority, make_issuing, make_root
from signer.certificates import issued_by, key_id
from signer.keydirectory import CHAIN, ROOT, private_key_pem, read_certificates
from signer.secretfiles import replace_file, write_new

_ROOT = "root"


def rotate_issuing(
    ca: Path,
    passphrase: bytes,
    now: datetime,
    *,
    root_directory: Path | None = None,
    root_passphrase: bytes | None = None,
) -> bytes:
    """Make a new issuing authority under every accepted root; the earlier ones stay accepted.

    Args:
        ca: The CA directory.
        passphrase: Encrypts the new authority's key.
        now: The instant.
        root_directory: Where the roots' keys are, if not in `ca`.
        root_passphrase: Opens them, if not `passphrase`.

    Returns:
        DER of the new authority's certificate under the present root.

    Raises:
        CaError: `CA_MISSING`.
        IssueError: `CA_EXPIRED` when a root is not valid now.
        KeyFileError: A key cannot be read or opened, a file cannot be written.
    """
    accepted = authorities(ca, ISSUING)
    roots = _roots(root_directory or ca, root_passphrase or passphrase)
    made = make_issuing(roots[0], now)
    more = [
        certify_authority(root, made.certificate.subject, made.private_key, now, path_length=0)
        for root in roots[1:]
    ]
    name = later_key_file(ISSUING, key_id(made.der))
    write_new(ca / name, private_key_pem(made.private_key, passphrase))
    _write(ca / f"{ISSUING}.pem", (made.der, *more, *accepted))
    return made.der


def rotate_root(
    ca: Path,
    passphrase: bytes,
    now: datetime,
    years: int,
    *,
    root_directory: Path | None = None,
    root_passphrase: bytes | None = None,
) -> bytes:
    """Make a new root; the earlier one stays accepted and vouches for it.

    Args:
        ca: The CA directory.
        passphrase: Opens the keys of the accepted issuing authorities.
        now: The instant.
        years: Lifetime of the root in years.
        root_directory: Where the roots' keys are, if not in `ca`.
        root_passphrase: Opens and encrypts them, if not `passphrase`.

    Returns:
        DER of the new root.

    Raises:
        CaError: `CA_MISSING`.
        IssueError: `CA_LIFETIME`, `CA_EXPIRED`.
        KeyFileError: A key cannot be read or opened, a file cannot be written.
    """
    place = root_directory or ca
    roots = _roots(place, root_passphrase or passphrase)
    made = make_root(now, years)
    link = certify_authority(
        roots[0], made.certificate.subject, made.private_key, now, path_length=1
    )
    accepted = authorities(ca, ISSUING)
    again: list[bytes] = []
    for der in accepted:
        authority = open_authority(ca, ISSUING, der, passphrase)
        subject, key = authority.certificate.subject, authority.private_key
        if key_id(der) not in map(key_id, again):
            again.append(certify_authority(made, subject, key, now, path_length=0))
    root_key = private_key_pem(made.private_key, root_passphrase or passphrase)
    write_new(place / later_key_file(_ROOT, key_id(made.der)), root_key)
    _write(ca / LINKS, (link, *links(ca)))
    # By key, the certificate under the new root first.
    order = [key_id(der) for der in again]
    everything = sorted((*again, *accepted), key=lambda der: order.index(key_id(der)))
    _write(ca / f"{ISSUING}.pem", everything)
    for folder in {place, ca}:
        _write(folder / ROOT, (made.der, *authorities(folder, _ROOT)))
    return made.der


def retire_issuing(ca: Path, key: str, now: datetime, *, compromised: bool = False) -> None:
    """Accept an earlier issuing authority no longer: its leaves are refused from then on.

    Args:
        ca: The CA directory.
        key: The first hex digits of its key id, enough to tell it.
        now: The instant.
        compromised: Even though leaves of it are still valid.

    Raises:
        CaError: `CA_AUTHORITY` when the digits name none or several, or the present one;
            `CA_IN_USE` when leaves it issued are still valid; `CA_MISSING`.
    """
    accepted = authorities(ca, ISSUING)
    chosen = _choose(accepted, key)
    in_use = sorted(
        {
            f"{item.participant} g{item.key.generation}"
            for item in issued(ca)
            if item.key.not_after >= now and any(issued_by(item.key.certificate, c) for c in chosen)
        }
    )
    if in_use and not compromised:
        raise CaError(
            "CA_IN_USE",
            "该签发机构所签发的证书仍在有效期内",
            "certificates that this authority issued are still valid",
            remedy_zh="请先为其换发证书；若其密钥已泄露，请用 --compromised",
            remedy_en="Renew them first; if its key is stolen, say --compromised",
            where=", ".join(in_use[:10]),
        )
    _write(ca / f"{ISSUING}.pem", [der for der in accepted if der not in chosen])


def retire_root(ca: Path, key: str, *, root_directory: Path | None = None) -> None:
    """Accept an earlier root no longer, nor what it certified.

    Args:
        ca: The CA directory.
        key: The first hex digits of its key id, enough to tell it.
        root_directory: Where the roots' keys are, if not in `ca`.

    Raises:
        CaError: `CA_AUTHORITY` when the digits name none or several, or the present one;
            `CA_MISSING`.
    """
    (chosen,) = _choose(authorities(ca, _ROOT), key)

    def other(der: bytes) -> bool:
        return key_id(der) != key_id(chosen) and not issued_by(der, chosen)

    for folder in {root_directory or ca, ca}:
        _filter(folder / ROOT, authorities(folder, _ROOT), other)
    _filter(ca / f"{ISSUING}.pem", authorities(ca, ISSUING), other)
    _filter(ca / LINKS, links(ca), other)


def refresh(ca: Path, keys: Path) -> None:
    """Write the accepted authorities and roots into a key directory, of a participant or service.

    Raises:
        CaError: `CA_MISSING`.
        KeyFileError: `KEY_FILE_MISSING` when it is no key directory, `KEY_FILE_UNWRITABLE`.
    """
    read_certificates(keys / ROOT)
    if (keys / CHAIN).exists():
        _write(keys / CHAIN, authorities(ca, ISSUING))
    _write(keys / ROOT, authorities(ca, _ROOT))


def _roots(folder: Path, passphrase: bytes) -> list[Authority]:
    """The accepted roots with their keys, the present one first."""
    return [open_authority(folder, _ROOT, der, passphrase) for der in authorities(folder, _ROOT)]


def _choose(accepted: Sequence[bytes], key: str) -> list[bytes]:
    """The certificates of the one authority, not the present one, whose key id begins so."""
    found = [der for der in accepted if key_id(der).hex().startswith(key.lower())]
    if not key or len({key_id(der) for der in found}) != 1 or accepted[0] in found:
        raise CaError(
            "CA_AUTHORITY",
            "没有、不止一个，或是现行的签发机构或根",
            "it names no authority, several, or the present one",
            remedy_zh="请用 hedui ca authorities 查看密钥标识",
            remedy_en="See the key ids with `hedui ca authorities`",
            where=key[:64],
        )
    return found


def _filter(path: Path, ders: Sequence[bytes], keep: Callable[[bytes], bool]) -> None:
    kept = [der for der in ders if keep(der)]
    if kept:
        _write(path, kept)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, ders: Sequence[bytes]) -> None:
    replace_file(path, b"".join(pem(x509.load_der_x509_certificate(der)) for der in ders))
