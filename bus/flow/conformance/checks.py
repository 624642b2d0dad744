"""Every test there is, in the order in which they are made (docs/spec/conformance.md).

To add one, write its file and its entry. A number is never given to another test.
"""

from __future__ import annotations

from types import MappingProxyType

from bus.flow.conformance import clock, envelope, known_query, refusals, throughput
from bus.flow.conformance.check import Check, echo
from bus.model.probe import RunPurpose

CHECKS: tuple[Check, ...] = (
    Check(
        number=1,
        name="envelope",
        zh="信封双向收发",
        about=(
            "1 KiB、64 KiB 和 512 KiB 的数据加密发出，对方拆封后原样加密发回，摘要一致",
            "Data of 1 KiB, 64 KiB and 512 KiB goes out sealed and comes back sealed, unchanged",
        ),
        requirement="R014",
        inspected=True,
        needs_cases=False,
        ask=envelope.ask,
        answer=echo,
        judge=envelope.judge,
    ),
    Check(
        number=2,
        name="refusals",
        zh="应拒收的信封",
        about=(
            "对下列每种信封的判定与规定的代码一致",
            "Each envelope of the list below gets the verdict and the code that is listed",
        ),
        requirement="R014",
        inspected=True,
        needs_cases=True,
        ask=refusals.ask,
        answer=refusals.answer,
        judge=refusals.judge,
    ),
    Check(
        number=3,
        name="clock",
        zh="时钟偏差",
        about=(
            "由双方签名的时间推算，与部中心时钟相差不超过 2 分钟",
            "By the times both have signed, the clock is within 2 minutes of the hub's",
        ),
        requirement="R014",
        inspected=True,
        needs_cases=False,
        ask=clock.ask,
        answer=echo,
        judge=clock.judge,
    ),
    Check(
        number=4,
        name="query",
        zh="已知结果的查询",
        about=(
            "以虚拟人员编制申请、名单和授权并审查，解读一份已知反馈，摘要、人数、意见和结果行与已知值一致",
            "An application of synthetic people and a known answer come to the known result",
        ),
        requirement="R014",
        inspected=False,
        needs_cases=False,
        ask=known_query.ask,
        answer=known_query.answer,
        judge=known_query.judge,
    ),
    Check(
        number=5,
        name="throughput",
        zh="吞吐量",
        about=(
            "一批加密消息全部发回，每秒条数不低于部中心设定的下限",
            "A batch of sealed messages comes back, no slower than the floor the hub has set",
        ),
        requirement="R014",
        inspected=False,
        needs_cases=False,
        ask=throughput.ask,
        answer=echo,
        judge=throughput.judge,
    ),
)

BY_NUMBER = MappingProxyType({check.number: check for check in CHECKS})


def numbers_of(purpose: RunPurpose) -> tuple[int, ...]:
    """Return the tests of a run: all before admission, a subset at an inspection (R015)."""
    whole = purpose is RunPurpose.ADMISSION
    return tuple(check.number for check in CHECKS if whole or check.inspected)
