"""Certificate requests: PKCS#10 (RFC 2986) with exactly what the leaf profile certifies.

A request states its participant and its use as the certificate will: common name with the key
generation, one SAN URI, key usage, extended key usage (`signer.ca.profile`). Host addresses are not
in it: they are registered at the hub, which puts them into the TLS certificate. Possession of the
private key is proved by the request's own signature, for a key-agreement key too: before it has a
certificate, ECDSA with it harms nobody.

Checks of one request, in this order:

1. the bytes are one PKCS#10 request in DER, its key in the one form that key ids are made of
2. the key is P-256 and the signature ECDSA with SHA-256
3. it asks for exactly the three extensions, and has no other attribute
4. key usage and extended key usage are those of the use it is filed under
5. common name and URI name the participant and the generation
6. its signature verifies with its own key: proof of possession
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID, SignatureAlgorithmOID

from signer.ca.profile import LEAVES, common_name
from signer.ca.reading import public_key_id
from signer.directory.view import KeyUse
from signer.errors import AdmissionError
from signer.identity import urn
from signer.suites.p256_aes256gcm import NAME as SUITE

_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_ASKED = frozenset({x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName})

# What the library raises, at once or on first use of a field, for bytes it cannot make sense of.
_PARSE_ERRORS = (
    ValueError,
    TypeError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A request that passed all checks."""

    use: KeyUse
    suite: str
    public_key: ec.EllipticCurvePublicKey
    der: bytes

    @property
    def key_id(self) -> bytes:
        """Id (32 bytes) of the key to certify."""
        return public_key_id(self.public_key)


@dataclass(frozen=True, slots=True)
class KeyRequests:
    """The verified requests of one key generation: TLS, signing, encryption, in this order."""

    participant: str
    generation: int
    requests: tuple[KeyRequest, ...]

    def of(self, use: KeyUse) -> KeyRequest:
        """Return the request of a use."""
        return next(request for request in self.requests if request.use is use)


def make_request(
    key: ec.EllipticCurvePrivateKey, participant: str, generation: int, use: KeyUse
) -> bytes:
    """Make the request (DER) for one key.

    Raises:
        IdentityError: `PARTICIPANT_ID`.
    """
    profile = LEAVES[use]
    purposes = sorted(profile.purposes, key=lambda oid: oid.dotted_string)
    name = x509.NameAttribute(NameOID.COMMON_NAME, common_name(participant, generation, use))
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([name]))
        .add_extension(profile.key_usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn(participant))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return request.public_bytes(Encoding.DER)


def request_content(requests: Mapping[KeyUse, bytes]) -> list[dict[str, Any]]:
    """Return requests (DER, by use) as data of the admission schemas."""
    return [{"use": str(u), "suite": SUITE, "request": requests[u]} for u in KeyUse]


def read_requests(
    content: Sequence[Mapping[str, Any]], participant: str, generation: int
) -> KeyRequests:
    """Verify the requests of a decoded application or renewal.

    Args:
        content: Items with `use`, `suite` and `request`.
        participant: Who they must name.
        generation: The key generation they must name.

    Raises:
        AdmissionError: `REQUEST_SET` unless there is one for each use, in the order of the uses;
            `REQUEST_KEY_SHARED` when two are for one key; `REQUEST_SUITE`, `REQUEST_MALFORMED`,
            `REQUEST_ALGORITHM`, `REQUEST_EXTENSIONS`, `REQUEST_USE`, `REQUEST_NAME`,
            `REQUEST_POSSESSION`; `where` names the use.
    """
    if [item["use"] for item in content] != [str(use) for use in KeyUse]:
        raise _refused("REQUEST_SET", "每种用途应恰有一份证书请求", "one request for each use", "")
    found: list[KeyRequest] = []
    for use, item in zip(KeyUse, content, strict=True):
        if item["suite"] != SUITE:
            raise _refused("REQUEST_SUITE", "密码套件不受支持", "the suite is not supported", use)
        found.append(read_request(item["request"], participant, generation, use))
    if len({request.key_id for request in found}) != len(found):
        raise _refused(
            "REQUEST_KEY_SHARED", "同一密钥用于多种用途", "one key stands for two uses", ""
        )
    return KeyRequests(participant, generation, tuple(found))


def read_request(der: bytes, participant: str, generation: int, use: KeyUse) -> KeyRequest:
    """Verify one request (checks 1 to 6).

    Raises:
        AdmissionError: As `read_requests`.
    """
    # 1. One request, every field we rely on readable.
    try:
        request = x509.load_der_x509_csr(der)
        extensions = list(request.extensions)
        attributes = [attribute.oid.dotted_string for attribute in request.attributes]
        algorithm = request.signature_algorithm_oid
        public_key = request.public_key()
        subject, tbs = request.subject, request.tbs_certrequest_bytes
        possessed, signature = request.is_signature_valid, request.signature
    except UnsupportedAlgorithm:
        raise _algorithm(use) from None
    except _PARSE_ERRORS:
        raise _malformed(use) from None
    # 2. Algorithms.
    if (
        not isinstance(public_key, ec.EllipticCurvePublicKey)
        or not isinstance(public_key.curve, ec.SECP256R1)
        or algorithm != SignatureAlgorithmOID.ECDSA_WITH_SHA256
    ):
        raise _algorithm(use)
    # 1, again: a compressed point would give the key a second id; unused bits in the signature,
    # which the parser passes, would give one request several forms.
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if spki not in tbs or not der.endswith(bytes([0x03, len(signature) + 1, 0]) + signature):
        raise _malformed(use)
    # 3. What is asked for.
    values = {type(e.value): e for e in extensions}
    if (
        attributes != [_EXTENSION_REQUEST]
        or len(extensions) != len(_ASKED)
        or values.keys() != (_ASKED)
    ):
        raise _refused(
            "REQUEST_EXTENSIONS",
            "证书请求应恰含密钥用法、扩展用途与名称三项扩展",
            "a request asks for key usage, extended key usage and the name, and nothing else",
            use,
        )
    # 4. Its use.
    profile = LEAVES[use]
    purposes = values[x509.ExtendedKeyUsage].value
    if (
        values[x509.KeyUsage].value != profile.key_usage
        or frozenset(purposes) != profile.purposes
        or len(list(purposes)) != len(profile.purposes)
    ):
        raise _refused("REQUEST_USE", "证书请求的用途不符", "the request is for another use", use)
    # 5. Who and which generation.
    names = values[x509.SubjectAlternativeName].value
    uri = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn(participant))])
    common = x509.NameAttribute(NameOID.COMMON_NAME, common_name(participant, generation, use))
    if names != uri or subject != x509.Name([common]):
        raise _refused(
            "REQUEST_NAME",
            "证书请求所列参与方或代次与申请不符",
            "the request names another participant or generation than the application",
            use,
        )
    # 6. Proof of possession.
    if not possessed:
        raise _refused(
            "REQUEST_POSSESSION",
            "证书请求未证明持有私钥",
            "the request does not prove possession of its private key",
            use,
        )
    return KeyRequest(use, SUITE, public_key, der)


def _refused(code: str, zh: str, en: str, use: str) -> AdmissionError:
    return AdmissionError(
        code,
        zh,
        en,
        remedy_zh="请用 hedui node apply（或 hedui adapter apply）重新生成",
        remedy_en="Make it again with `hedui node apply` or `hedui adapter apply`",
        where=f"requests.{use}" if use else "requests",
    )


def _algorithm(use: str) -> AdmissionError:
    return _refused(
        "REQUEST_ALGORITHM",
        "证书请求的算法不被接受",
        "only P-256 keys signed with ECDSA/SHA-256 are accepted",
        use,
    )


def _malformed(use: str) -> AdmissionError:
    return _refused("REQUEST_MALFORMED", "证书请求格式有误", "the request is malformed", use)
