"""What the hub's review made of an application: under which rule, and why it waits.

No personal data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bus.model.messages import Finding


class Waits(StrEnum):
    """Why an application waits for an operator."""

    BLOCKING = "BLOCKING"
    DOUBTFUL = "DOUBTFUL"
    MANUAL = "MANUAL"
    SAMPLED = "SAMPLED"
    TOO_LARGE = "TOO_LARGE"
    EVIDENCE = "EVIDENCE"


WAITS_ZH = {
    Waits.BLOCKING: "有不得受理的情形，只能拒绝或退回",
    Waits.DOUBTFUL: "有存疑之处，须由审查员判断",
    Waits.MANUAL: "按规则须人工审查",
    Waits.SAMPLED: "被抽中人工审查",
    Waits.TOO_LARGE: "指令超出消息大小，不能自动下达",
    Waits.EVIDENCE: "须先核验证明材料，或申请方有材料逾期未交",
}


@dataclass(frozen=True, slots=True)
class Review:
    """One formal review.

    Attributes:
        rule: Number of the rule it fell under, from 1 in the configuration; 0: the default.
        mode: That rule's mode.
        rate: How many of a million it draws, where it samples.
        draw: The number the query drew, 0 to 999,999, where it samples; below `rate` it waits.
        waits: Why it waits for an operator; None where it does not.
        blocking: How many of the findings, from the first, no operator may pass over.
        warnings: What an operator should look at again, though nothing waits for it.
    """

    rule: int
    mode: str
    rate: int | None
    draw: int | None
    waits: Waits | None
    blocking: int
    warnings: tuple[Finding, ...] = ()
