"""The parsers of what an applicant and its hub hand each other; as in `parsers`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from fuzz_parts import NOW, Parser, same

from signer.admission.application import read_application, write_application
from signer.admission.contents import Answers, Contact, Responsibility, Standard
from signer.admission.grant import Grant, read_grant, write_grant
from signer.admission.renewal import make_renewal, read_renewal
from signer.admission.request import make_request, read_request
from signer.ca.crl import read_crl
from signer.ca.issue import Authority, make_issuing, make_root
from signer.certificates import PathValidator
from signer.directory.view import KeyUse
from signer.errors import AdmissionError, CertificateError

ME = "370000"
_CONTACT = ("测试甲", "0531-00000000", "test@example.cn")
_ANSWERS = Answers(
    participant=ME,
    parent="hub",
    title="测试核对中心",
    contacts=tuple(Contact(each, *_CONTACT) for each in Responsibility),
    standards=tuple(Standard(name, "2018") for name in ("技术规范", "检测规范", "MZ/T 108-2018")),
    hosts=("10.37.0.11",),
)


class _Admission:
    """An applicant's keys and requests, and the authorities that certify them."""

    def __init__(self) -> None:
        root = make_root(NOW)
        self.issuing: Authority = make_issuing(root, NOW)
        self.validator = PathValidator(root.der)
        keys = {use: ec.generate_private_key(ec.SECP256R1()) for use in KeyUse}
        self.requests = {use: make_request(key, ME, 1, use) for use, key in keys.items()}
        self.application = write_application(_ANSWERS, 1, self.requests, keys[KeyUse.SIGNING], NOW)
        certificates = dict.fromkeys(KeyUse, self.issuing.der)
        self.grant = write_grant(Grant(ME, 1, certificates, (self.issuing.der,), (root.der,)))
        self.crl = self._list()

    def _list(self) -> bytes:
        key = self.issuing.private_key
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuing.certificate.subject)
            .last_update(NOW)
            .next_update(NOW + timedelta(days=7))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()),
                critical=False,
            )
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def application_taken(self, data: bytes) -> bool:
        """Whether an application is taken."""
        try:
            read_application(data)
        except AdmissionError:
            return False
        return True

    def renewal_taken(self, data: bytes) -> bool:
        """Whether a renewal is taken."""
        try:
            read_renewal(data, ME)
        except AdmissionError:
            return False
        return True

    def request_taken(self, data: bytes) -> bool:
        """Whether a request for a signing certificate is taken."""
        try:
            read_request(data, ME, 1, KeyUse.SIGNING)
        except AdmissionError:
            return False
        return True

    def grant_taken(self, data: bytes) -> bool:
        """Whether a grant is taken."""
        try:
            return same(data, write_grant(read_grant(data)))
        except AdmissionError:
            return False

    def list_taken(self, data: bytes) -> bool:
        """Whether a revocation list is taken."""
        try:
            read_crl(data, (self.issuing.der,), self.validator)
        except CertificateError:
            return False
        return True


_ADMISSION = _Admission()

PARSERS: Mapping[str, Parser] = {
    "application": Parser(_ADMISSION.application_taken, lambda: [_ADMISSION.application]),
    "renewal": Parser(_ADMISSION.renewal_taken, lambda: [make_renewal(ME, 1, _ADMISSION.requests)]),
    "certificate-request": Parser(
        _ADMISSION.request_taken, lambda: [_ADMISSION.requests[KeyUse.SIGNING]]
    ),
    "grant": Parser(_ADMISSION.grant_taken, lambda: [_ADMISSION.grant]),
    "revocation-list": Parser(_ADMISSION.list_taken, lambda: [_ADMISSION.crl]),
}
