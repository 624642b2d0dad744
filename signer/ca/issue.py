"""Makes keys and certificates: the root, the issuing authority, the leaves below it.

A participant has three leaves; a service of the cluster (a broker, `hub-admin`) has one, for TLS.

Nothing is read or written here and the instant enters by argument; only the randomness of keys and
serial numbers comes from the operating system.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from schemas.errors import InputError
from signer.ca.profile import AUTHORITY_USAGE, LEAVES, common_name
from signer.directory.view import KeyUse
from signer.identity import service_principal, service_urn, urn

ROOT_YEARS = 20
ISSUING_YEARS = 5

BACKDATE = timedelta(minutes=10)
"""How far `not_before` lies before the issue, for machines whose clocks run behind."""

_YEAR = timedelta(days=365)
_MAX_ROOT_YEARS = 50
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_HOST = 253


class IssueError(InputError):
    """What was asked of the certificate authority cannot be issued."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority: its certificate and the key that signs with it."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A participant's certificate of one use and its private key."""

    use: KeyUse
    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True, slots=True)
class LeafSet:
    """The three leaves of one key generation of a participant."""

    participant: str
    generation: int
    tls: Leaf
    signing: Leaf
    encryption: Leaf

    @property
    def leaves(self) -> tuple[Leaf, Leaf, Leaf]:
        """TLS, signing, encryption."""
        return self.tls, self.signing, self.encryption


def make_root(now: datetime, years: int = ROOT_YEARS) -> Authority:
    """Make a self-signed root.

    Args:
        now: The instant of issue, aware.
        years: Lifetime in years of 365 days, 1 to 50.

    Raises:
        IssueError: `CA_LIFETIME` when `years` is out of range.
    """
    if not 1 <= years <= _MAX_ROOT_YEARS:
        raise IssueError(
            "CA_LIFETIME",
            f"根证书有效期应为 1 至 {_MAX_ROOT_YEARS} 年",
            f"a root lives 1 to {_MAX_ROOT_YEARS} years",
        )
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Hedui Root CA")
    builder = _authority_builder(name, name, key, key, path_length=1)
    return Authority(_sign(_period(builder, now, now + years * _YEAR), key), key)


def make_issuing(root: Authority, now: datetime, years: int = ISSUING_YEARS) -> Authority:
    """Make the issuing authority under a root; it issues leaves only and never outlives the root.

    Raises:
        IssueError: `CA_EXPIRED` when the root is not valid now.
    """
    end = _end_under(root, now, years * _YEAR)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _authority_builder(
        _name("Hedui Issuing CA"), root.certificate.subject, key, root.private_key, path_length=0
    )
    return Authority(_sign(_period(builder, now, end), root.private_key), key)


def certify_authority(
    root: Authority,
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    path_length: int,
) -> bytes:
    """Certify an authority's key under a further root, while roots change.

    Args:
        root: The root that certifies.
        subject: The authority's name.
        key: Its key.
        now: The instant of issue, aware.
        path_length: How many authorities may stand below it: 1 for a later root, else 0.

    Returns:
        The certificate's DER; it never outlives the root.

    Raises:
        IssueError: `CA_EXPIRED` when the root is not valid now.
    """
    years = ROOT_YEARS if path_length else ISSUING_YEARS
    end = _end_under(root, now, years * _YEAR)
    builder = _authority_builder(
        subject, root.certificate.subject, key, root.private_key, path_length=path_length
    )
    certificate = _sign(_period(builder, now, end), root.private_key)
    return certificate.public_bytes(Encoding.DER)


def issue_participant(
    issuing: Authority,
    participant: str,
    generation: int,
    now: datetime,
    hosts: tuple[str, ...] = (),
) -> LeafSet:
    """Make a participant's keys and certificates of one generation.

    Args:
        issuing: The issuing authority.
        participant: Participant id.
        generation: Key generation, from 1.
        now: The instant of issue, aware.
        hosts: IP addresses and DNS names that the TLS certificate also names.

    Raises:
        IdentityError: `PARTICIPANT_ID` when the id has no prescribed form.
        IssueError: `GENERATION` below 1, `HOST` for what is neither address nor DNS name,
            `CA_EXPIRED` when the issuing authority is not valid now.
    """

    def leaf(use: KeyUse) -> Leaf:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = certify(
            issuing,
            key.public_key(),
            participant=participant,
            generation=generation,
            use=use,
            now=now,
            hosts=hosts if use is KeyUse.TLS else (),
        )
        return Leaf(use, certificate, key)

    return LeafSet(
        participant, generation, leaf(KeyUse.TLS), leaf(KeyUse.SIGNING), leaf(KeyUse.ENCRYPTION)
    )


def certify(
    issuing: Authority,
    public_key: ec.EllipticCurvePublicKey,
    *,
    participant: str,
    generation: int,
    use: KeyUse,
    now: datetime,
    hosts: tuple[str, ...] = (),
) -> x509.Certificate:
    """Certify one public key of a participant; arguments and errors as `issue_participant`."""
    uri = urn(participant)
    _check_generation(generation)
    subject = common_name(participant, generation, use)
    return _leaf(issuing, public_key, subject=subject, uri=uri, use=use, now=now, hosts=hosts)


def issue_service(
    issuing: Authority, service: str, generation: int, now: datetime, hosts: tuple[str, ...] = ()
) -> Leaf:
    """Make the TLS key and certificate of a service of the cluster: a broker, or `hub-admin`.

    Its URI is `urn:hedui:service:<name>`, which is no participant's: nothing that a participant
    may do or sign is open to it.

    Args:
        issuing: The issuing authority.
        service: Name of the service, e.g. `broker-1`.
        generation: Key generation, from 1.
        now: The instant of issue, aware.
        hosts: IP addresses and DNS names its peers call it by.

    Raises:
        IdentityError: `SERVICE_NAME` when the name has not the prescribed form.
        IssueError: As `issue_participant`.
    """
    uri = service_urn(service)
    _check_generation(generation)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _leaf(
        issuing,
        key.public_key(),
        subject=service_principal(service, generation),
        uri=uri,
        use=KeyUse.TLS,
        now=now,
        hosts=hosts,
    )
    return Leaf(KeyUse.TLS, certificate, key)


def _check_generation(generation: int) -> None:
    if generation < 1:
        raise IssueError("GENERATION", "密钥代次自 1 起", "key generations count from 1")


def _leaf(
    issuing: Authority,
    public_key: ec.EllipticCurvePublicKey,
    *,
    subject: str,
    uri: str,
    use: KeyUse,
    now: datetime,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    profile = LEAVES[use]
    names = [x509.UniformResourceIdentifier(uri), *(_host(host) for host in hosts)]
    builder = (
        _builder(
            _name(subject),
            issuing.certificate.subject,
            public_key,
            issuing.private_key.public_key(),
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(profile.key_usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(sorted(profile.purposes, key=lambda oid: oid.dotted_string)),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    end = _end_under(issuing, now, profile.lifetime)
    return _sign(_period(builder, now, end), issuing.private_key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _authority_builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    path_length: int,
) -> x509.CertificateBuilder:
    return (
        _builder(subject, issuer, key.public_key(), issuer_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(AUTHORITY_USAGE, critical=True)
    )


def _period(
    builder: x509.CertificateBuilder, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return builder.not_valid_before(now - BACKDATE).not_valid_after(end)


def _sign(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())


def _end_under(authority: Authority, now: datetime, lifetime: timedelta) -> datetime:
    """The end of a lifetime that starts now, no later than the authority's own."""
    certificate = authority.certificate
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise IssueError(
            "CA_EXPIRED",
            "签发机构证书不在有效期内",
            "the issuing authority's certificate is not valid now",
            remedy_zh="请更换签发机构证书，或核对本机时间",
            remedy_en="Renew the authority, or check this machine's clock",
        )
    return min(now + lifetime, certificate.not_valid_after_utc)


def _host(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(value))
    except ValueError:
        labels = value.split(".")
        if (
            len(value) <= _MAX_HOST
            and all(_HOST_LABEL.fullmatch(label) for label in labels)
            and not labels[-1].isdigit()
        ):
            return x509.DNSName(value)
    raise IssueError(
        "HOST",
        "主机地址不合规",
        "not a host address",
        remedy_zh="请写单个 IP 地址或小写域名，不可用网段或通配符",
        remedy_en="Give one IP address or a lower-case DNS name, no range and no wildcard",
        where=repr(value[:64]),
    )
