"""The side that is tested: answers the hub's challenges, keeps its report (R014-R015).

Envelopes that come as test data are judged by the opener, the directory and the deduplication that
this process works with. None of them is acted upon, and none goes into quarantine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bus.daemon.conformance.product import PRODUCT, SPECS
from bus.daemon.work import Work
from bus.errors import RefusedError
from bus.flow.conformance.check import Said
from bus.flow.conformance.checks import BY_NUMBER, numbers_of
from bus.flow.conformance.report import run_of
from bus.flow.outcome import Send
from bus.model.audit import Event
from bus.model.probe import Probe, ProbeCase, ProbeRole, Run, RunPurpose, RunState
from bus.wire.message import Message
from signer.conformance import ReportError, read_report
from signer.envelope.chain import Arrival
from signer.envelope.format import MAX_ENVELOPE
from signer.envelope.kinds import KINDS, Kind
from signer.envelope.verdict import Accept, Hold, Refuse, Relay, Verdict
from signer.identity import HUB
from signer.uuid7 import uuid7

TEST_UNKNOWN = "TEST_UNKNOWN"
"""What is said to a challenge of a test that this product does not know."""

_MOST_PADDING = MAX_ENVELOPE + 1024
_WAIT = KINDS[Kind.PROBE].lifetime


async def request(work: Work, operator: str) -> Run:
    """Ask the hub for the pre-connection test (入网前检测).

    Raises:
        UnavailableError: As `Work.send`.
    """
    run = uuid7(work.now, work.office.entropy)
    asked = Probe(ProbeRole.REQUEST, 0, 1, 1, PRODUCT, SPECS)
    await work.send(run, Send(Kind.PROBE, HUB, asked, (HUB,)))
    made = Run(
        id=run,
        participant=work.office.me,
        purpose=RunPurpose.ADMISSION,
        state=RunState.RUNNING,
        opened=work.now,
        due=work.now + _WAIT,
        tests=numbers_of(RunPurpose.ADMISSION),
        ordered_by=operator,
    )
    work.write(lambda: work.unit.save_run(made))
    work.note(run, Event.TEST_REQUESTED, f"operator:{operator}")
    return made


async def take(work: Work, message: Message, probe: Probe) -> None:
    """Take a probe of the hub's.

    Raises:
        RefusedError: `PROBE_ROLE`, `REPORT_FOREIGN`, `REPORT_MALFORMED`, `REPORT_SIGNER`,
            `REPORT_SIGNATURE`.
    """
    match probe.role:
        case ProbeRole.CHALLENGE:
            await _answer(work, message, probe)
        case ProbeRole.REPORT:
            await _keep_report(work, message, probe)
        case _:
            raise RefusedError(
                "PROBE_ROLE",
                "部中心不应发出此种检测消息",
                "the hub makes no probe of this role",
                where=str(message.header.conversation),
            )


async def _answer(work: Work, message: Message, probe: Probe) -> None:
    verdicts = await judge(work, probe.cases)
    check = BY_NUMBER.get(probe.test)
    said = Said(b"", (TEST_UNKNOWN,))
    if check is not None:
        said = await asyncio.to_thread(check.answer, probe, verdicts)
    response = replace(
        probe,
        role=ProbeRole.RESPONSE,
        product=PRODUCT,
        specs=SPECS,
        data=said.data,
        cases=(),
        verdicts=said.verdicts,
    )
    run = message.header.conversation
    send = Send(Kind.PROBE, HUB, response, (HUB,), in_reply_to=message.digest)
    await work.send(run, send)
    known = await work.unit.run(run) or Run(
        id=run,
        participant=work.office.me,
        purpose=RunPurpose.INSPECTION,
        state=RunState.RUNNING,
        opened=work.now,
        due=work.now + _WAIT,
        tests=numbers_of(RunPurpose.INSPECTION),
    )
    if known.state is RunState.RUNNING:
        saved = replace(known, current=probe.test)
        work.write(lambda: work.unit.save_run(saved))


async def judge(work: Work, cases: Sequence[ProbeCase]) -> tuple[str, ...]:
    """Return our verdict on each envelope, in words: `ACCEPT`, `HOLD <code>`, `REFUSE <code>`."""
    office, directory, now = work.office, work.office.directory, work.now

    def open_all() -> list[Verdict]:
        return [office.opener.open(_bytes(case), directory, now, _arrival(case)) for case in cases]

    return tuple([await _words(work, v) for v in await asyncio.to_thread(open_all)])


async def _words(work: Work, verdict: Verdict) -> str:
    match verdict:
        case Refuse(code):
            return f"REFUSE {code}"
        case Hold(code):
            return f"HOLD {code}"
        case Relay():
            return "RELAY"
        case Accept(opened=opened):
            header = opened.header
            seen = await work.unit.seen(header.source, header.message_id)
            if seen is None:
                return "ACCEPT"
            return "DUPLICATE" if seen == opened.digest else "REFUSE EQUIVOCATION"


def _bytes(case: ProbeCase) -> bytes:
    if case.pad_to is None:
        return case.envelope
    return case.envelope.ljust(min(case.pad_to, _MOST_PADDING), b"\0")


def _arrival(case: ProbeCase) -> Arrival:
    return Arrival(case.me, case.peer, case.key, [(h.name, h.value) for h in case.headers])


async def _keep_report(work: Work, message: Message, probe: Probe) -> None:
    run = message.header.conversation
    try:
        report = read_report(probe.data, work.office.directory)
    except ReportError as error:
        raise RefusedError(error.code, error.zh, error.en, where=str(run)) from None
    if report.run != run or report.participant != work.office.me:
        raise RefusedError(
            "REPORT_FOREIGN",
            "检测报告属于另一次检测或另一单位",
            "the report is on another run or another participant",
            where=str(run),
        )
    known = await work.unit.run(run)
    ended = run_of(report, probe.data)
    if known is not None:
        ended = replace(ended, ordered_by=known.ordered_by)
    work.write(lambda: work.unit.save_run(ended))
    work.note(run, Event.TEST_REPORTED, HUB, passed=int(report.passed), purpose=str(ended.purpose))
