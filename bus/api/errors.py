"""What every face says when something is wrong: coded, in two languages, with all the places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from bus.api.body import Answered
from bus.errors import HeduiError, InputError
from bus.model.messages import Finding
from bus.workbook.faults import Fault, faults_en


class FindingBody(Answered):
    """One finding of the rules (形式审查意见)."""

    code: str
    zh: str
    en: str
    where: str

    @classmethod
    def of(cls, finding: Finding) -> FindingBody:
        """Return the body of a finding."""
        return cls(code=finding.code, zh=finding.zh, en=finding.en, where=finding.where)


class FaultBody(Answered):
    """One thing to mend in a workbook, or in a draft given as JSON.

    In a draft, `sheet` names the part (申请, 附表, 名单), `row` counts its elements from 1 and
    `column` is the field's name.
    """

    sheet: str
    row: int | None
    column: str | None
    code: str
    zh: str
    en: str
    allowed: Annotated[str, Field(description="允许填写的内容 / What may stand there")] = ""

    @classmethod
    def of(cls, fault: Fault) -> FaultBody:
        """Return the body of a fault."""
        return cls(
            sheet=fault.sheet,
            row=fault.row,
            column=fault.column,
            code=fault.code,
            zh=fault.zh,
            en=fault.en,
            allowed=fault.allowed,
        )


class ErrorBody(Answered):
    """An error (错误). It repeats nothing of what stands at the place at fault."""

    code: Annotated[str, Field(description="稳定代码 / Stable code")]
    zh: str
    en: str
    remedy_zh: str = ""
    remedy_en: str = ""
    where: str = ""
    findings: tuple[FindingBody, ...] = ()
    faults: tuple[FaultBody, ...] = ()


class RequestInvalidError(InputError):
    """What was asked does not have the form the API takes; `findings` are all its faults."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            "REQUEST_INVALID",
            f"请求有 {len(self.findings)} 处不合格式",
            f"the request has {faults_en(len(self.findings))} of form",
            remedy_zh="格式见 /api/v1/openapi.json",
            remedy_en="For its form see /api/v1/openapi.json",
            where=self.findings[0].where if self.findings else "",
        )


class DraftFaultsError(InputError):
    """A draft given as JSON breaks rules; `faults` are all of them. Nothing was submitted."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "DRAFT_FAULTS",
            f"申请有 {len(self.faults)} 处错误，未提交任何内容",
            f"the draft has {faults_en(len(self.faults))}; nothing was submitted",
            remedy_zh="请逐项更正后重新提交",
            remedy_en="Mend each, then submit again",
            where=_place(self.faults[0]) if self.faults else "",
        )


def _place(fault: Fault) -> str:
    return " ".join(str(step) for step in (fault.sheet, fault.row, fault.column) if step)


def error_body(error: HeduiError) -> ErrorBody:
    """Return the body of an error, with the findings or faults it carries."""
    return ErrorBody(
        code=error.code,
        zh=error.zh,
        en=error.en,
        remedy_zh=error.remedy_zh,
        remedy_en=error.remedy_en,
        where=error.where,
        findings=tuple(FindingBody.of(finding) for finding in getattr(error, "findings", ())),
        faults=tuple(FaultBody.of(fault) for fault in getattr(error, "faults", ())),
    )
