"""What the hub keeps of a participant's admission (民办发〔2018〕32号 art. 4 to 6).

R007 to R010, R013 to R016. Contacts are persons, so they stand in the sealed application file only
(`StoredFiling`), not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signer.directory.view import Offer


class AdmissionState(StrEnum):
    """How far a participant has come. From CERTIFIED on the directory lists it."""

    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    APPROVED = "APPROVED"
    CERTIFIED = "CERTIFIED"
    TESTED = "TESTED"
    CONNECTED = "CONNECTED"
    SUSPENDED = "SUSPENDED"
    WITHDRAWN = "WITHDRAWN"


ADMISSION_ZH = {
    AdmissionState.APPLIED: "已申请",
    AdmissionState.REFUSED: "未准入",
    AdmissionState.APPROVED: "已批准",
    AdmissionState.CERTIFIED: "已发证",
    AdmissionState.TESTED: "检测合格",
    AdmissionState.CONNECTED: "已接入",
    AdmissionState.SUSPENDED: "已暂停",
    AdmissionState.WITHDRAWN: "已退出",
}
"""What operators read."""


class Act(StrEnum):
    """What happens to an admission: an operator's act, except `TEST`, which a report is."""

    APPLY = "apply"
    APPROVE = "approve"
    REFUSE = "refuse"
    CERTIFY = "certify"
    TEST = "test"
    CONNECT = "connect"
    AMEND = "amend"
    RENEW = "renew"
    REVOKE = "revoke"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETEST = "retest"
    WITHDRAW = "withdraw"


ACT_ZH = {
    Act.APPLY: "提出申请",
    Act.APPROVE: "批准",
    Act.REFUSE: "不予批准",
    Act.CERTIFY: "发证",
    Act.TEST: "检测合格",
    Act.CONNECT: "接入",
    Act.AMEND: "变更备案",
    Act.RENEW: "换证",
    Act.REVOKE: "吊销证书",
    Act.SUSPEND: "暂停",
    Act.RESUME: "恢复",
    Act.RETEST: "重新检测",
    Act.WITHDRAW: "退出",
}
"""What operators read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the filing record (备案): what was done, where it led, when, by whom, why."""

    act: Act
    to: AdmissionState
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class FiledStandard:
    """A standard the participant says it conforms to, with its version (R010)."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Filing:
    """What one application file states, but for its contacts and requests.

    `digest` is the SHA-256 of the file, `at` when the hub filed it, `accepted` when an operator
    accepted it, None while nobody has. The last accepted one is in force; the earlier ones are the
    history, of the registered addresses too (R013).
    """

    digest: bytes
    at: datetime
    parent: str
    title: str
    generation: int
    standards: tuple[FiledStandard, ...]
    hosts: tuple[str, ...]
    offers: tuple[Offer, ...]
    accepted: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedGeneration:
    """The certificates of one key generation, and the authorities they stand under; all DER."""

    generation: int
    certificates: tuple[bytes, ...]
    issuers: tuple[bytes, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """One participant's admission with its whole history, oldest first in each list."""

    participant: str
    state: AdmissionState
    opened: datetime
    updated: datetime
    filings: tuple[Filing, ...]
    issued: tuple[IssuedGeneration, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def filing(self) -> Filing:
        """The latest filing, accepted or not."""
        return self.filings[-1]

    @property
    def in_force(self) -> Filing | None:
        """The latest accepted filing, None before the first was."""
        return next((f for f in reversed(self.filings) if f.accepted is not None), None)


@dataclass(frozen=True, slots=True)
class StoredFiling:
    """An application file at rest, sealed under the store key: it names persons."""

    digest: bytes
    participant: str
    at: datetime
    sealed: bytes


@dataclass(frozen=True, slots=True)
class QueuedRenewal:
    """A participant's latest request for its next key generation, until certificates are made.

    `request` is what its message carried: certificate requests, nothing personal.
    """

    participant: str
    generation: int
    at: datetime
    request: bytes


@dataclass(frozen=True, slots=True)
class Revocation:
    """From `at` on nothing made with the keys of one generation of a participant is accepted."""

    participant: str
    generation: int
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """The latest report of a participant's test or inspection (R014, R015); `report` is signed.

    Until `expires` it counts; a later report takes its place, also one that did not pass.
    """

    participant: str
    made: datetime
    expires: datetime
    passed: bool
    report: bytes
