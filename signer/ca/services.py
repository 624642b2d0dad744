"""Keys of the cluster's services, brokers and `hub-admin`, from the CA on disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from signer.ca.authorities import ISSUING, authorities, authority_pem, issuing_authority, links, pem
from signer.ca.files import generations
from signer.ca.handover import tls_chain
from signer.ca.issue import issue_service
from signer.directory.view import KeyUse
from signer.identity import service_urn
from signer.keydirectory import ROOT, certificate_file, key_file, private_key_pem
from signer.secretfiles import place_directory

_SERVICES = "services"


def issue_service_keys(
    ca: Path,
    passphrase: bytes,
    service: str,
    out: Path,
    key_passphrase: bytes,
    *,
    now: datetime,
    hosts: tuple[str, ...] = (),
) -> int:
    """Issue the next generation of a service's TLS key and write it into a new directory.

    The directory holds `tls.key`, `tls.pem` with the issuing authority behind the leaf, and
    `root.pem`, as a participant's does; and `tls.p12`, key and certificates in the one form that
    Java opens.

    Args:
        ca: The CA directory.
        passphrase: Opens the issuing authority's key.
        service: Name of the service: a broker (`broker-1`) or `hub-admin`.
        out: The directory, absent or empty.
        key_passphrase: Encrypts the key.
        now: The instant of issue.
        hosts: Addresses its peers call it by.

    Returns:
        The generation that was issued.

    Raises:
        CaError: `CA_MISSING`.
        IssueError: `HOST`, `CA_EXPIRED`.
        IdentityError: `SERVICE_NAME`.
        KeyFileError: `KEY_FILE_EXISTS` and others of `signer.keydirectory`.
    """
    issuing = issuing_authority(ca, passphrase)
    root = authority_pem(ca, "root")
    records = service_folder(ca, service)
    number = max(generations(records), default=0) + 1
    leaf = issue_service(issuing, service, number, now, hosts)
    chain = tls_chain(leaf.der, authorities(ca, ISSUING), links(ca))
    certificate = pem(leaf.certificate)
    place_directory(records / f"g{number}", {certificate_file(KeyUse.TLS): certificate})
    place_directory(
        out,
        {
            key_file(KeyUse.TLS): private_key_pem(leaf.private_key, key_passphrase),
            certificate_file(KeyUse.TLS): certificate + chain,
            "tls.p12": serialize_key_and_certificates(
                service.encode(),
                leaf.private_key,
                leaf.certificate,
                x509.load_pem_x509_certificates(chain),
                BestAvailableEncryption(key_passphrase),
            ),
            ROOT: root,
        },
    )
    return number


def service_folder(ca: Path, service: str) -> Path:
    """Return the folder with what was issued to a service.

    Raises:
        IdentityError: `SERVICE_NAME`.
    """
    service_urn(service)
    return ca / _SERVICES / service
