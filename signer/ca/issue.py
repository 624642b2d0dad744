"""Makes keys and certificates: the root, the issuing authority, the leaves below it.

A participant has a TLS leaf, and for each suite of its messages one to sign and one to encrypt; a
service of the cluster (a broker, `hub-admin`) has one leaf, for TLS. Each suite has a root and an
issuing authority of its own.

Nothing is read or written here and the instant enters by argument; only the randomness of keys and
serial numbers comes from the operating system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from schemas.errors import InputError
from signer.ca.profile import AUTHORITY_USAGE, common_name, leaf_profile
from signer.ca.signing import sign_certificate
from signer.ca.sm2_form import Draft
from signer.directory.view import KeyUse
from signer.identity import service_principal, service_urn, urn
from signer.suites.keys import P256, SM2, PrivateKey, PublicKey, generate, suite_of

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
    """A certificate authority of one suite: its certificate and the key that signs with it."""

    certificate: x509.Certificate
    private_key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def suite(self) -> str:
        """The suite whose keys it certifies."""
        return suite_of(self.private_key)

    @property
    def p256_key(self) -> ec.EllipticCurvePrivateKey:
        """The key of a P-256 authority.

        Raises:
            IssueError: `CA_SUITE` for an authority of another suite.
        """
        if isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            return self.private_key
        raise IssueError(
            "CA_SUITE", "此签发机构不是 P-256 的", "this is no P-256 authority", where=self.suite
        )


@dataclass(frozen=True, slots=True)
class Leaf:
    """A participant's certificate of one use and its private key."""

    use: KeyUse
    certificate: x509.Certificate
    private_key: PrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def suite(self) -> str:
        """The suite its key is of."""
        return suite_of(self.private_key)


@dataclass(frozen=True, slots=True)
class TlsLeaf(Leaf):
    """A TLS certificate and its private key, which are P-256."""

    private_key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class LeafSet:
    """The leaves of one key generation of a participant.

    `signing` and `encryption` are of its first suite, `others` of a second one.
    """

    participant: str
    generation: int
    tls: Leaf
    signing: Leaf
    encryption: Leaf
    others: tuple[Leaf, ...] = ()

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """TLS, signing, encryption, and then those of a second suite."""
        return self.tls, self.signing, self.encryption, *self.others


def make_root(now: datetime, years: int = ROOT_YEARS, suite: str = P256) -> Authority:
    """Make a self-signed root.

    Args:
        now: The instant of issue, aware.
        years: Lifetime in years of 365 days, 1 to 50.
        suite: The suite whose keys it is for.

    Raises:
        IssueError: `CA_LIFETIME` when `years` is out of range.
        ConfigError: `SUITE_NAME`, `GM_NOT_INSTALLED`.
    """
    if not 1 <= years <= _MAX_ROOT_YEARS:
        raise IssueError(
            "CA_LIFETIME",
            f"根证书有效期应为 1 至 {_MAX_ROOT_YEARS} 年",
            f"a root lives 1 to {_MAX_ROOT_YEARS} years",
        )
    key = generate(suite)
    name = _authority_name("Root", suite)
    draft = Draft(name, name, now - BACKDATE, now + years * _YEAR, _authority(1))
    return Authority(sign_certificate(draft, key.public_key(), key), key)


def make_issuing(root: Authority, now: datetime, years: int = ISSUING_YEARS) -> Authority:
    """Make the issuing authority under a root, of its suite.

    It issues leaves only and never outlives the root.

    Raises:
        IssueError: `CA_EXPIRED` when the root is not valid now.
        ConfigError: `GM_NOT_INSTALLED`.
    """
    end = _end_under(root, now, years * _YEAR)
    key = generate(root.suite)
    name = _authority_name("Issuing", root.suite)
    issuer = root.certificate.subject
    draft = Draft(name, issuer, now - BACKDATE, end, _authority(0))
    return Authority(sign_certificate(draft, key.public_key(), root.private_key), key)


def certify_authority(
    root: Authority,
    subject: x509.Name,
    key: PrivateKey,
    now: datetime,
    *,
    path_length: int,
) -> bytes:
    """Certify an authority's key under a further root of its suite, while roots change.

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
    issuer = root.certificate.subject
    draft = Draft(subject, issuer, now - BACKDATE, end, _authority(path_length))
    certificate = sign_certificate(draft, key.public_key(), root.private_key)
    return certificate.public_bytes(Encoding.DER)


def issue_participant(
    issuing: Authority,
    participant: str,
    generation: int,
    now: datetime,
    hosts: tuple[str, ...] = (),
    messages: Sequence[Authority] | None = None,
) -> LeafSet:
    """Make a participant's keys and certificates of one generation.

    Args:
        issuing: The issuing authority of the TLS certificate, P-256.
        participant: Participant id.
        generation: Key generation, from 1.
        now: The instant of issue, aware.
        hosts: IP addresses and DNS names that the TLS certificate also names.
        messages: The issuing authorities of the suites it gets signing and encryption keys of, the
            first suite first; by default `issuing` alone.

    Raises:
        IdentityError: `PARTICIPANT_ID` when the id has no prescribed form.
        IssueError: `GENERATION` below 1, `HOST` for what is neither address nor DNS name,
            `CA_EXPIRED` when the issuing authority is not valid now.
        ConfigError: `GM_NOT_INSTALLED`.
    """

    def leaf(use: KeyUse, authority: Authority = issuing) -> Leaf:
        key = generate(authority.suite)
        certificate = certify(
            authority,
            key.public_key(),
            participant=participant,
            generation=generation,
            use=use,
            now=now,
            hosts=hosts if use is KeyUse.TLS else (),
        )
        return Leaf(use, certificate, key)

    signing, encryption, *others = (
        leaf(use, authority)
        for authority in messages or (issuing,)
        for use in (KeyUse.SIGNING, KeyUse.ENCRYPTION)
    )
    return LeafSet(participant, generation, leaf(KeyUse.TLS), signing, encryption, tuple(others))


def certify(
    issuing: Authority,
    public_key: PublicKey,
    *,
    participant: str,
    generation: int,
    use: KeyUse,
    now: datetime,
    hosts: tuple[str, ...] = (),
) -> x509.Certificate:
    """Certify one public key of a participant; arguments and errors as `issue_participant`.

    Raises:
        IssueError: Also `CA_SUITE` when the authority is not of the key's suite, or that suite has
            no certificates of that use.
    """
    uri = urn(participant)
    _check_generation(generation)
    subject = common_name(participant, generation, use)
    return _leaf(issuing, public_key, subject=subject, uri=uri, use=use, now=now, hosts=hosts)


def issue_service(
    issuing: Authority, service: str, generation: int, now: datetime, hosts: tuple[str, ...] = ()
) -> TlsLeaf:
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
    return TlsLeaf(KeyUse.TLS, certificate, key)


def _check_generation(generation: int) -> None:
    if generation < 1:
        raise IssueError("GENERATION", "密钥代次自 1 起", "key generations count from 1")


def _leaf(
    issuing: Authority,
    public_key: PublicKey,
    *,
    subject: str,
    uri: str,
    use: KeyUse,
    now: datetime,
    hosts: tuple[str, ...],
) -> x509.Certificate:
    suite = suite_of(public_key)
    profile = leaf_profile(use, suite)
    if suite != issuing.suite or profile is None:
        raise IssueError(
            "CA_SUITE",
            "签发机构与密钥的密码套件或用途不符",
            "the authority is not one for keys of that suite and use",
            where=f"{suite} {use}",
        )
    names = [x509.UniformResourceIdentifier(uri), *(_host(host) for host in hosts)]
    purposes = sorted(profile.purposes, key=lambda oid: oid.dotted_string)
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (profile.key_usage, True),
        (x509.ExtendedKeyUsage(purposes), False),
        (x509.SubjectAlternativeName(names), False),
    )
    end = _end_under(issuing, now, profile.lifetime)
    issuer = issuing.certificate.subject
    draft = Draft(_name(subject), issuer, now - BACKDATE, end, extensions)
    return sign_certificate(draft, public_key, issuing.private_key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _authority_name(level: str, suite: str) -> x509.Name:
    return _name(f"Hedui SM2 {level} CA" if suite == SM2 else f"Hedui {level} CA")


def _authority(below: int) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """The extensions of an authority with so many levels of authorities below it."""
    return (x509.BasicConstraints(ca=True, path_length=below), True), (AUTHORITY_USAGE, True)


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
