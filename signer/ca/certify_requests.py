"""Issues the leaves that verified requests ask for, and keeps the record of them.

The same requests again give the same certificates: a grant that was lost on the way is simply made
once more. A generation follows the one before, and a key is certified once, for one participant,
because a directory in which a key stands twice is refused by everybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from signer.admission.grant import Grant
from signer.admission.request import KeyRequests
from signer.ca.authorities import ISSUING, CaError, authorities, issuing_authority, links, pem
from signer.ca.files import generations, issued, issued_folder
from signer.ca.issue import Authority, certify
from signer.certificates import key_id
from signer.directory.view import KeyUse
from signer.errors import KeyFileError
from signer.keydirectory import certificate_file, read_certificates
from signer.secretfiles import place_directory


def certify_requests(
    ca: Path, passphrase: bytes, keys: KeyRequests, *, hosts: Sequence[str], now: datetime
) -> Grant:
    """Issue the certificates of one key generation from the authority on disk.

    Args:
        ca: The CA directory.
        passphrase: Opens the issuing authority's key.
        keys: The verified requests of an application or a renewal.
        hosts: Registered addresses, which the TLS certificate also names.
        now: The instant of issue.

    Returns:
        The grant; for requests that were certified before, with the certificates of then.

    Raises:
        CaError: `CA_MISSING`; `CA_GENERATION` when the generation does not follow the latest, or
            was issued for other keys; `CA_KEY_REUSED` when a key was certified before.
        IssueError: `HOST`, `CA_EXPIRED`.
        KeyFileError: The CA's files cannot be read or written.
    """
    folder = issued_folder(ca, keys.participant)
    done = _issued_before(folder, keys)
    if done is None:
        done = _issue(issuing_authority(ca, passphrase), ca, folder, keys, tuple(hosts), now)
    return Grant(
        keys.participant,
        keys.generation,
        done,
        authorities(ca, ISSUING),
        authorities(ca, "root"),
        links(ca),
    )


def _issued_before(folder: Path, keys: KeyRequests) -> dict[KeyUse, bytes] | None:
    """The certificates that these very keys have, or None when the generation is the next one."""
    latest = max(generations(folder), default=0)
    if keys.generation == latest:
        place = folder / f"g{latest}"
        found = {use: read_certificates(place / certificate_file(use))[0] for use in KeyUse}
        if all(key_id(found[use]) == keys.of(use).key_id for use in KeyUse):
            return found
    if keys.generation != latest + 1:
        raise CaError(
            "CA_GENERATION",
            f"第 {keys.generation} 代不接续已签发的第 {latest} 代，或已为其他密钥签发",
            f"generation {keys.generation} does not follow generation {latest}, the latest issued, "
            "or was issued for other keys",
            remedy_zh=f"请申请第 {latest + 1} 代",
            remedy_en=f"Apply for generation {latest + 1}",
            where=keys.participant,
        )
    return None


def _issue(
    issuing: Authority,
    ca: Path,
    folder: Path,
    keys: KeyRequests,
    hosts: tuple[str, ...],
    now: datetime,
) -> dict[KeyUse, bytes]:
    owners = {item.key.id: item.participant for item in issued(ca)}
    for request in keys.requests:
        if request.key_id in owners:
            raise CaError(
                "CA_KEY_REUSED",
                "此密钥已签发过证书",
                "this key was certified before",
                remedy_zh="每一代均须生成新密钥",
                remedy_en="Make new keys for each generation",
                where=keys.participant,
            )
    made = {
        request.use: certify(
            issuing,
            request.public_key,
            participant=keys.participant,
            generation=keys.generation,
            use=request.use,
            now=now,
            hosts=hosts if request.use is KeyUse.TLS else (),
        )
        for request in keys.requests
    }
    try:
        place_directory(
            folder / f"g{keys.generation}", {certificate_file(u): pem(c) for u, c in made.items()}
        )
    except KeyFileError as error:
        # Somebody issued the same generation just now: that one counts.
        if error.code == "KEY_FILE_EXISTS" and (found := _issued_before(folder, keys)) is not None:
            return found
        raise
    return {use: certificate.public_bytes(Encoding.DER) for use, certificate in made.items()}
