"""An applicant and the hub it applies to, for the tests of admission."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from signer.admission.contents import Answers, Contact, Responsibility, Standard
from signer.admission.grant import write_grant
from signer.admission.pending import PendingKeys, make_pending
from signer.admission.request import KeyRequests, read_requests, request_content
from signer.ca.certify_requests import certify_requests
from signer.ca.files import init_ca
from signer.directory.view import Offer
from signer.keydirectory import read_certificates

CA_PASS = b"ca passphrase"
KEY_PASS = b"key passphrase"
SECRETS = ("王安全", "0531-86000001", "security@example.cn")

NODE = Answers(
    participant="370000",
    parent="hub",
    title="山东省核对中心",
    contacts=(
        Contact(Responsibility.SECURITY, *SECRETS),
        Contact(Responsibility.TECHNICAL, "李技术", "13900000002", "technical@example.cn"),
        Contact(Responsibility.MAINTENANCE, "赵运维", "+86 531 86000003", "maintain@example.cn"),
    ),
    standards=(
        Standard("技术规范", "2018"),
        Standard("检测规范", "2018"),
        Standard("MZ/T 108-2018", "2018"),
    ),
    hosts=("10.37.0.11", "2001:db8::11"),
)
ADAPTER = replace(
    NODE,
    participant="320000.housing-fund",
    parent="320000",
    title="江苏省住房公积金管理中心",
    offers=(Offer("housing-fund-account", ("name", "id_type", "id_number", "balance"), 5),),
)


def requests_of(pending: PendingKeys) -> KeyRequests:
    """The verified requests of pending keys."""
    content = request_content(pending.requests)
    return read_requests(content, pending.participant, pending.generation)


class Hub:
    """A CA on disk, and what it issues for requests."""

    def __init__(self, folder: Path, now) -> None:
        self.ca = folder / "ca"
        self.now = now
        init_ca(self.ca, CA_PASS, now, 20)

    @property
    def roots(self) -> tuple[bytes, ...]:
        return read_certificates(self.ca / "root.pem")

    def grant(self, pending: PendingKeys, now=None):
        """The grant for pending keys."""
        hosts = pending.hosts
        at = now or self.now
        return certify_requests(self.ca, CA_PASS, requests_of(pending), hosts=hosts, now=at)

    def issue(self, pending: PendingKeys, now=None) -> bytes:
        """The grant's bytes."""
        return write_grant(self.grant(pending, now))


def pending_keys(folder: Path, generation: int = 1, answers: Answers = NODE) -> PendingKeys:
    """Fresh pending keys of an applicant."""
    return make_pending(
        folder,
        KEY_PASS,
        participant=answers.participant,
        generation=generation,
        title=answers.title,
        hosts=answers.hosts,
    )
