"""May this be done to an admission now (R007, R014)? One table of movements, nothing else moves.

An illegal act raises and changes nothing. The page docs/spec/admission.md shows the table; a test
keeps both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bus.errors import InputError
from bus.model.admission import (
    ACT_ZH,
    ADMISSION_ZH,
    Act,
    Admission,
    AdmissionState,
    ConformanceReport,
    Filing,
    IssuedGeneration,
    Step,
)
from signer.directory.view import Standing

_S = AdmissionState

TRANSITIONS: Mapping[AdmissionState, Mapping[Act, AdmissionState]] = {
    _S.APPLIED: {Act.APPROVE: _S.APPROVED, Act.REFUSE: _S.REFUSED, Act.WITHDRAW: _S.WITHDRAWN},
    _S.REFUSED: {Act.APPLY: _S.APPLIED},
    _S.APPROVED: {Act.CERTIFY: _S.CERTIFIED, Act.WITHDRAW: _S.WITHDRAWN},
    _S.CERTIFIED: {
        Act.TEST: _S.TESTED,
        Act.AMEND: _S.CERTIFIED,
        Act.RENEW: _S.CERTIFIED,
        Act.REVOKE: _S.CERTIFIED,
        Act.WITHDRAW: _S.WITHDRAWN,
    },
    _S.TESTED: {
        Act.CONNECT: _S.CONNECTED,
        Act.RETEST: _S.CERTIFIED,
        Act.AMEND: _S.TESTED,
        Act.RENEW: _S.TESTED,
        Act.REVOKE: _S.TESTED,
        Act.WITHDRAW: _S.WITHDRAWN,
    },
    _S.CONNECTED: {
        Act.SUSPEND: _S.SUSPENDED,
        Act.AMEND: _S.CONNECTED,
        Act.RENEW: _S.CONNECTED,
        Act.REVOKE: _S.CONNECTED,
        Act.WITHDRAW: _S.WITHDRAWN,
    },
    _S.SUSPENDED: {
        Act.RESUME: _S.CONNECTED,
        # A report that has run out meanwhile can only be renewed by who may probe.
        Act.RETEST: _S.CERTIFIED,
        Act.AMEND: _S.SUSPENDED,
        Act.RENEW: _S.SUSPENDED,
        Act.REVOKE: _S.SUSPENDED,
        Act.WITHDRAW: _S.WITHDRAWN,
    },
    # Ids are those of regions and cannot be given anew, so whoever left may come back.
    _S.WITHDRAWN: {Act.APPLY: _S.APPLIED, Act.REVOKE: _S.WITHDRAWN},
}

_STANDINGS = {
    _S.CERTIFIED: Standing.CERTIFIED,
    _S.TESTED: Standing.TESTED,
    _S.CONNECTED: Standing.CONNECTED,
    _S.SUSPENDED: Standing.SUSPENDED,
}


def move(admission: Admission, act: Act, by: str, reason: str, now: datetime) -> Admission:
    """Return the admission after an act, with the step in its record.

    Args:
        admission: As it stands.
        act: What is done.
        by: Who does it: an operator's name, or a participant's id for a report.
        reason: Why; no personal data.
        now: The present instant.

    Raises:
        InputError: `ADMISSION_ILLEGAL` when the table has no such movement.
    """
    possible = TRANSITIONS[admission.state]
    to = possible.get(act)
    if to is None:
        zh = "、".join(ACT_ZH[a] for a in possible)
        raise InputError(
            "ADMISSION_ILLEGAL",
            f"该参与方{ADMISSION_ZH[admission.state]}，不能{ACT_ZH[act]}",
            f"the admission is {admission.state}; {act} is not possible",
            remedy_zh=f"此时可以：{zh}",
            remedy_en=f"Possible now: {', '.join(possible)}",
            where=admission.participant,
        )
    step = Step(act, to, now, by, reason)
    moved = replace(admission, state=to, updated=now, steps=(*admission.steps, step))
    if act is Act.APPROVE:
        accepted = replace(admission.filing, accepted=now)
        moved = replace(moved, filings=(*admission.filings[:-1], accepted))
    return moved


def apply(
    known: Admission | None, participant: str, filing: Filing, by: str, reason: str
) -> Admission:
    """Return the admission that a written application opens, or opens anew (R007).

    Raises:
        InputError: `ADMISSION_ILLEGAL` while an earlier application goes on.
    """
    if known is None:
        step = Step(Act.APPLY, _S.APPLIED, filing.at, by, reason)
        return Admission(
            participant, _S.APPLIED, filing.at, filing.at, filings=(filing,), steps=(step,)
        )
    return replace(move(known, Act.APPLY, by, reason, filing.at), filings=(*known.filings, filing))


def amend(known: Admission, filing: Filing, by: str, reason: str) -> Admission:
    """Return the admission with another filing in force: contacts, standards, addresses, offers.

    The act accepts it.

    Raises:
        InputError: `ADMISSION_ILLEGAL`; `AMENDMENT_PARENT`: the place in the tree does not change.
    """
    if filing.parent != known.filing.parent:
        raise InputError(
            "AMENDMENT_PARENT",
            "变更备案不能改变上级",
            "an amendment does not change the parent",
            remedy_zh="请先退出，再以新的上级重新申请",
            remedy_en="Withdraw, then apply anew under the other parent",
            where=known.participant,
        )
    moved = move(known, Act.AMEND, by, reason, filing.at)
    return replace(moved, filings=(*known.filings, replace(filing, accepted=filing.at)))


def issue(known: Admission, issued: IssuedGeneration, by: str, reason: str) -> Admission:
    """Return the admission with the certificates of a generation: its first ones, or a renewal's.

    Raises:
        InputError: `ADMISSION_ILLEGAL`; `GENERATION_TAKEN` when it is not above all earlier ones.
    """
    latest = max((earlier.generation for earlier in known.issued), default=0)
    if issued.generation <= latest:
        raise InputError(
            "GENERATION_TAKEN",
            f"密钥代次 {issued.generation} 已用过，最近一代为 {latest}",
            f"key generation {issued.generation} is taken; the latest is {latest}",
            remedy_zh=f"请以第 {latest + 1} 代或更高代次重新申请",
            remedy_en=f"Apply again with generation {latest + 1} or higher",
            where=known.participant,
        )
    act = Act.CERTIFY if known.state in {_S.APPLIED, _S.REFUSED, _S.APPROVED} else Act.RENEW
    return replace(move(known, act, by, reason, issued.at), issued=(*known.issued, issued))


def check_report(report: ConformanceReport | None, participant: str, now: datetime) -> None:
    """Check that a valid report of the pre-connection test (入网前检测) lets one connect (R014).

    Raises:
        InputError: `REPORT_MISSING`, `REPORT_FAILED`, `REPORT_EXPIRED`.
    """
    if report is None:
        fault = ("REPORT_MISSING", "没有入网前检测报告", "there is no conformance report")
    elif not report.passed:
        fault = ("REPORT_FAILED", "最近一次检测不合格", "the latest conformance run did not pass")
    elif report.expires <= now:
        fault = ("REPORT_EXPIRED", "检测报告已过有效期", "the conformance report has expired")
    else:
        return
    raise InputError(
        *fault,
        remedy_zh="请该参与方运行 hedui conformance run，合格后再接入（R014）",
        remedy_en="Let the participant run `hedui conformance run`, and connect it once it passes",
        where=participant,
    )


def standing_of(admission: Admission) -> Standing | None:
    """Return how the directory lists a participant; None while it does not.

    Who was listed once stays: its certificates are needed to verify what it signed. So whoever left
    and applies again is WITHDRAWN until it is certified anew.
    """
    if not admission.issued:
        return None
    return _STANDINGS.get(admission.state, Standing.WITHDRAWN)
